"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MATH = """\
import { double } from "./double";

describe("math", () => {
  test("doubles", () => {
    console.log("a note");
    expect(double(2)).toBe(4);
  });

  test("fails", () => {
    const n: number = double(3);
    expect(n).toBe(7);
  });
  test.skip("later", () => {});
  test.todo("much later");
});
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "double.ts").write_text("export const double = (n: number): number => n * 2;\n")
    (tmp_path / "math.test.ts").write_text(MATH)
    (tmp_path / "test_python.py").write_text("def test_python(): pass\n")
    return tmp_path


def run(project: Path, *arguments: str) -> str:
    # By name and not by its entry point, so that nothing else that is installed takes part.
    plugin = ["-p", "isolatejs.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, f"--rootdir={project}", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr


def test_one_item_a_test(project: Path) -> None:
    text = run(project, "-v")
    assert "math.test.ts::math > doubles PASSED" in text
    assert "math.test.ts::math > fails FAILED" in text
    assert "math.test.ts::math > later SKIPPED" in text
    assert "math.test.ts::math > much later SKIPPED" in text
    assert "test_python.py::test_python PASSED" in text
    assert "1 failed, 2 passed, 2 skipped" in text


def test_failure_shows_the_typescript_line(project: Path) -> None:
    text = run(project)
    assert ">       expect(n).toBe(7);" in text
    assert "E   Expected: 7\nE   Received: 6" in text
    assert "math.test.ts:11: Error" in text


def test_selection_runs_only_what_was_chosen(project: Path) -> None:
    assert "1 passed" in run(project, "math.test.ts::math > doubles")
    assert "1 passed, 4 deselected" in run(project, "-k", "doubles")


def test_collect_only_names_the_tests(project: Path) -> None:
    text = run(project, "--collect-only", "-q")
    assert "math.test.ts::math > fails" in text


def test_file_that_does_not_load_is_a_collection_error(project: Path) -> None:
    (project / "broken.test.js").write_text("test('a', () => {});\nconst = 5;\n")
    text = run(project)
    assert "ERROR collecting broken.test.js" in text
    assert "/broken.test.js:2" in text
    assert "Traceback" not in text


def test_console_is_shown_with_the_failure(project: Path) -> None:
    (project / "noise.test.js").write_text(
        'test("noisy", () => { console.log("said this"); throw new Error("x") });\n'
    )
    text = run(project, "noise.test.js")
    assert "Captured console call" in text
    assert "said this" in text


def test_patterns_can_be_changed_and_turned_off(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\nisolatejs_test_files =\n")
    assert "1 passed" in run(project)


def test_inert_without_such_files(tmp_path: Path) -> None:
    """Nothing of the library is loaded, and no thread is started."""
    (tmp_path / "test_a.py").write_text(
        "import sys, threading\n\n"
        "def test_inert():\n"
        "    loaded = [name for name in sys.modules if name.startswith('isolatejs.')]\n"
        "    assert loaded == ['isolatejs.pytest_plugin']\n"
        "    assert not [thread for thread in threading.enumerate() if 'isolatejs' in thread.name]\n"
    )
    assert "1 passed" in run(tmp_path)


def test_nothing_is_written_where_ci_is_set(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "snap.test.js").write_text("test('a', () => { expect(1).toMatchSnapshot() });")
    monkeypatch.setenv("CI", "true")
    assert "1 failed" in run(project, "snap.test.js")
    assert not (project / "__snapshots__").exists()
    monkeypatch.setenv("CI", "false")
    assert "1 passed" in run(project, "snap.test.js")
    assert (project / "__snapshots__").exists()


def test_errors_do_not_have_other_files_printed(project: Path) -> None:
    """An error may say that it comes from any file of the project."""
    (project / ".env").write_text("SECRET=1")
    (project / "keys.txt").write_text("SECRET=2")
    (project / "liar.test.js").write_text(
        "for (const name of ['.env', 'keys.txt']) test(name, () => {"
        "  const error = new Error('lie'); error.stack = `Error: lie\\n    at f (/${name}:1:1)`; throw error });"
    )
    text = run(project, "liar.test.js")
    assert "2 failed" in text
    assert "SECRET" not in text
