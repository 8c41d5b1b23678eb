"""Finding test files, and putting inline snapshots into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.capabilities.testing.contract import InlineSnapshot
from isolatejs.errors import ConfigurationError
from isolatejs.host.test_project import TEST_FILE, TestFile, TestProject, insert_snapshots

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


def inserted(tmp_path: Path, code: str, *snapshots: tuple[int, int, str]) -> str:
    path = tmp_path / "a.test.ts"
    path.write_text(code)
    file = TestFile(path, "/a.test.ts")
    insert_snapshots(file, code, tuple(InlineSnapshot("/a.test.ts", *snapshot) for snapshot in snapshots))
    return path.read_text()


def test_one_line(tmp_path: Path) -> None:
    code = "  expect(1).toMatchInlineSnapshot();\n"
    assert inserted(tmp_path, code, (1, 13, "1")) == "  expect(1).toMatchInlineSnapshot(`1`);\n"


def test_several_lines_are_indented(tmp_path: Path) -> None:
    code = "  expect(x).toMatchInlineSnapshot();"
    assert inserted(tmp_path, code, (1, 13, "{\n  a\n}")) == (
        "  expect(x).toMatchInlineSnapshot(`\n    {\n      a\n    }\n  `);"
    )


def test_replaced(tmp_path: Path) -> None:
    code = "expect(x).toMatchInlineSnapshot(`\n  old \\` one\n`);\nnext();"
    assert inserted(tmp_path, code, (1, 11, "new")) == "expect(x).toMatchInlineSnapshot(`new`);\nnext();"


def test_two_in_one_file(tmp_path: Path) -> None:
    code = "expect(1).toMatchInlineSnapshot();\nexpect(2).toMatchInlineSnapshot();\n"
    assert inserted(tmp_path, code, (1, 11, "a\nb"), (2, 11, "2")) == (
        "expect(1).toMatchInlineSnapshot(`\n  a\n  b\n`);\nexpect(2).toMatchInlineSnapshot(`2`);\n"
    )


def test_text_of_the_guest_stays_text(tmp_path: Path) -> None:
    """A hostile program cannot leave the template literal."""
    code = "expect(1).toMatchInlineSnapshot();"
    text = inserted(tmp_path, code, (1, 11, "`; process.exit(); ${evil()} \\` "))
    assert text == "expect(1).toMatchInlineSnapshot(`\\`; process.exit(); \\${evil()} \\\\\\` `);"


def test_places_without_a_matcher_are_left_alone(tmp_path: Path) -> None:
    code = "const x = 1;\n"
    assert inserted(tmp_path, code, (1, 1, "1"), (99, 1, "1"), (0, 0, "1")) == code


def test_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.test.ts"
    path.write_text("changed")
    insert_snapshots(TestFile(path, "/a.test.ts"), "before", (InlineSnapshot("/a.test.ts", 1, 1, "1"),))
    assert path.read_text() == "changed"


def test_line_ends_and_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.test.ts"
    path.write_bytes(b"\xef\xbb\xbfexpect(1).toMatchInlineSnapshot();\r\nnext();\r\n")
    code = "expect(1).toMatchInlineSnapshot();\nnext();\n"
    insert_snapshots(TestFile(path, "/a.test.ts"), code, (InlineSnapshot("/a.test.ts", 1, 11, "1"),))
    assert path.read_bytes() == b"\xef\xbb\xbfexpect(1).toMatchInlineSnapshot(`1`);\r\nnext();\r\n"


def test_other_files_are_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.test.ts"
    code = "expect(1).toMatchInlineSnapshot();"
    path.write_text(code)
    insert_snapshots(TestFile(path, "/a.test.ts"), code, (InlineSnapshot("/other.ts", 1, 11, "1"),))
    assert path.read_text() == code
