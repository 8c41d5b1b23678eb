"""Finding test files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.errors import ConfigurationError
from isolatejs.host.test_project import TEST_FILE, TestProject

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name", ["a.test.ts", "a.spec.js", "a.b.test.tsx", "test.mjs", "x.test.cts", "y.spec.jsx"]
)
def test_names_of_test_files(name: str) -> None:
    assert TEST_FILE.search(name)


@pytest.mark.parametrize("name", ["a.ts", "test.py", "contest.ts", "a.test.ts.snap", "a.tests.ts", "test"])
def test_names_of_other_files(name: str) -> None:
    assert not TEST_FILE.search(name)


def test_found_in_order_without_packages_and_hidden_directories(tmp_path: Path) -> None:
    for name in (
        "b/z.test.ts",
        "b/a.test.ts",
        "a.test.js",
        "node_modules/p/x.test.js",
        ".git/y.test.js",
        "b/no.ts",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    project = TestProject(tmp_path)
    assert [file.filename for file in project.find()] == ["/a.test.js", "/b/a.test.ts", "/b/z.test.ts"]
    assert [file.filename for file in project.find([tmp_path / "b"])] == ["/b/a.test.ts", "/b/z.test.ts"]
    assert [file.filename for file in project.find([tmp_path / "b/no.ts"])] == ["/b/no.ts"]


def test_paths_that_are_not_there_or_outside(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "out.test.js").write_text("")
    project = TestProject(tmp_path / "inside")
    with pytest.raises(ConfigurationError, match="no such file"):
        project.find([tmp_path / "inside/nope"])
    with pytest.raises(ConfigurationError, match="outside"):
        project.find([tmp_path / "out.test.js"])
