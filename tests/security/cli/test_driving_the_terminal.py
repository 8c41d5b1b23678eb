"""A program writes escape sequences wherever a command or a reporter will show its words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b]0;title\x1b\\\x1b[2J\x9b2J\x9d0;c1\x9c\r\x08\x7f\x1b[31mred\u2028\u202e"
SUITE = f"""
const hostile = {json.dumps(HOSTILE)};
console.log("log" + hostile); console.error("error" + hostile); console.group(hostile);
describe("suite" + hostile, () => {{
  test("passes" + hostile, () => {{ console.warn(hostile) }});
  test("fails" + hostile, () => {{ throw Object.assign(new Error(hostile), {{ name: "N" + hostile }}) }});
  test("compares", () => {{ expect({{ a: hostile }}).toEqual({{ b: hostile }}) }});
  test("causes", () => {{ throw new Error("x", {{ cause: new TypeError(hostile) }}) }});
  test("stack", () => {{ const e = new Error("x"); e.stack = `Error: x\\n    at ${{hostile}} (/a.test.js:1:1)`; throw e }});
  test("late", async () => {{
    setTimeout(() => {{ throw new Error("late" + hostile) }}, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }});
  test.skip("skipped" + hostile, () => {{}});
  test.todo("todo" + hostile);
  test("skips itself", (context) => {{ context.skip(hostile) }});
  afterAll(() => {{ throw new Error("afterAll" + hostile) }});
}});
"""
PYTEST = [
    "-m",
    "pytest",
    "-p",
    "isolatejs.pytest_plugin",
    "-p",
    "no:cacheprovider",
    "--continue-on-collection-errors",
    "-rA",
    "-v",
    "--rootdir=.",
]


def seen(project: Path, *arguments: str, color: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        capture_output=True,
        timeout=120,
        env={
            **{
                key: value
                for key, value in os.environ.items()
                if key not in ("NO_COLOR", "FORCE_COLOR", "CI")
            },
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **({"FORCE_COLOR": "1"} if color else {}),
        },
    )
    return (done.stdout + done.stderr).decode()


def controls(text: str, *, colors: bool = False) -> set[str]:
    """Characters that drive a terminal; colours are none where they are expected."""
    rest = text
    if colors:
        parts = rest.split("\x1b[")
        rest = parts[0] + "".join(part.lstrip("0123456789;").removeprefix("m") for part in parts[1:])
    return {character for character in rest if ord(character) < 32 or 127 <= ord(character) < 160} - {
        "\n",
        "\t",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.test.js").write_text(SUITE)
    (tmp_path / "b.test.js").write_text(f"throw new Error('does not load' + {json.dumps(HOSTILE)})")
    return tmp_path


@pytest.mark.parametrize("reporter", ["pretty", "tap", "json", "junit"])
def test_reporters(project: Path, reporter: str) -> None:
    command = ("-m", "isolatejs.cli.main", "test", "--reporter", reporter)
    # A reporter's console goes to standard error, which is a pipe here and gets it as it is.
    silent = project / "a.test.js"
    silent.write_text("const console = { log() {}, error() {}, warn() {}, group() {} };" + SUITE)
    text = seen(project, *command)
    assert "fails" in text
    assert "does not load" in text
    assert controls(text) == set()
    assert controls(seen(project, *command, color=True), colors=True) == set()


def test_reports_in_files(project: Path) -> None:
    for reporter in ("tap", "json", "junit"):
        seen(
            project, "-m", "isolatejs.cli.main", "test", "--reporter", reporter, "--output", f"out.{reporter}"
        )
        text = (project / f"out.{reporter}").read_text()
        assert "fails" in text
        assert controls(text) == set(), reporter
    assert json.loads((project / "out.json").read_text())["failed"] == 5


def test_pytest(project: Path) -> None:
    text = seen(project, *PYTEST)
    assert "fails" in text
    assert "does not load" in text
    assert "log" in text
    assert controls(text) == set()


def test_pytest_collects_and_names_what_can_be_chosen(project: Path) -> None:
    text = seen(project, *PYTEST, "--collect-only", "-q", "a.test.js")
    assert controls(text) == set()
    assert r"suite\x1b]52;c;cm0gLXJm\x07" in text


def test_json_of_run() -> None:
    code = f"({{ text: {json.dumps(HOSTILE)}, lone: '\\ud800' }})"
    for program in (code, f"throw new Error({json.dumps(HOSTILE)})"):
        done = subprocess.run(
            [sys.executable, "-m", "isolatejs.cli.main", "run", "--json", "-e", program],
            capture_output=True,
            timeout=60,
        )
        text = done.stdout.decode()
        assert controls(text) == set()
        assert any(HOSTILE in found for found in _texts(json.loads(text)))


def _texts(document: object) -> list[str]:
    if isinstance(document, dict):
        return [text for value in document.values() for text in _texts(value)]
    return [document] if isinstance(document, str) else []
