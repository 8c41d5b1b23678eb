"""Inline snapshots, written into the test file."""

# ruff: noqa: ASYNC240  (small files)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.capabilities.testing.contract import InlineSnapshot
from isolatejs.host.inline_snapshots import insert_snapshots
from isolatejs.host.test_project import TestOptions, TestProject

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost


async def inserted(
    host: IsolateHost, path: Path, code: str, *snapshots: tuple[int, int, str], mode: Any = "new"
) -> str:
    path.write_bytes(code.encode())
    given = [InlineSnapshot("/a.test.ts", *snapshot) for snapshot in snapshots]
    ran = code.removeprefix("\ufeff").replace("\r\n", "\n")
    await insert_snapshots(host, path, "/a.test.ts", ran, given, mode)
    return path.read_bytes().decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.test.ts"


async def test_one_line(host: IsolateHost, path: Path) -> None:
    code = "  expect(1).toMatchInlineSnapshot();\n"
    assert await inserted(host, path, code, (1, 13, "1")) == "  expect(1).toMatchInlineSnapshot(`1`);\n"


async def test_several_lines_are_indented(host: IsolateHost, path: Path) -> None:
    code = "  expect(x).toMatchInlineSnapshot( );"
    assert await inserted(host, path, code, (1, 13, "{\n  a\n}")) == (
        "  expect(x).toMatchInlineSnapshot(`\n    {\n      a\n    }\n  `);"
    )


async def test_replaced_in_the_mode_that_replaces(host: IsolateHost, path: Path) -> None:
    code = "expect(x).toMatchInlineSnapshot(`\n  old \\` one\n`);\nnext();"
    assert await inserted(host, path, code, (1, 11, "new")) == code
    assert await inserted(host, path, code, (1, 11, "new"), mode="all") == (
        "expect(x).toMatchInlineSnapshot(`new`);\nnext();"
    )
    assert await inserted(host, path, code, (1, 11, "new"), mode="none") == code


async def test_two_in_one_file(host: IsolateHost, path: Path) -> None:
    code = "expect(1).toMatchInlineSnapshot();\nexpect(2).toThrowErrorMatchingInlineSnapshot();\n"
    assert await inserted(host, path, code, (2, 11, "2"), (1, 11, "a\nb")) == (
        "expect(1).toMatchInlineSnapshot(`\n  a\n  b\n`);\nexpect(2).toThrowErrorMatchingInlineSnapshot(`2`);\n"
    )


async def test_columns_count_as_the_engine_counts(host: IsolateHost, path: Path) -> None:
    code = "expect('\U0001f600\U0001f600').toMatchInlineSnapshot();"
    assert await inserted(host, path, code, (1, code.index("toMatch") + 3, "x")) == code.replace(
        "()", "(`x`)"
    )


async def test_file_that_was_changed_meanwhile_is_left_alone(host: IsolateHost, path: Path) -> None:
    code = "expect(1).toMatchInlineSnapshot();"
    path.write_text(code + "// edited")
    await insert_snapshots(host, path, "/a.test.ts", code, [InlineSnapshot("/a.test.ts", 1, 11, "1")], "new")
    assert path.read_text() == code + "// edited"


async def test_line_ends_and_byte_order_mark_stay(host: IsolateHost, path: Path) -> None:
    code = "\ufeffa();\r\nexpect(1).toMatchInlineSnapshot();\r\nb(`\n`);\r\n"
    assert await inserted(host, path, code, (2, 11, "1\n2")) == (
        "\ufeffa();\r\nexpect(1).toMatchInlineSnapshot(`\r\n  1\r\n  2\r\n`);\r\nb(`\n`);\r\n"
    )


@pytest.mark.parametrize("ending", ["js", "ts", "tsx", "jsx"])
async def test_written_by_a_run_and_matched_by_the_next(
    host: IsolateHost, tmp_path: Path, ending: str
) -> None:
    """JSX moves what follows: places come from the source map."""
    path = tmp_path / f"a.test.{ending}"
    typed = "const n: number = 1;" if "ts" in ending else "const n = 1;"
    shown = "const e = <b/>;" if "x" in ending else ""
    react = tmp_path / "node_modules" / "react"
    react.mkdir(parents=True)
    (react / "jsx-runtime.js").write_text("exports.jsx = (name) => ({ name });")
    path.write_text(
        f"// toMatchInlineSnapshot()\n{typed} {shown}\ntest('a', () => {{\n"
        "  expect({ a: [n] }).toMatchInlineSnapshot();\n"
        "  expect(() => { throw new Error('`${x}`') }).toThrowErrorMatchingInlineSnapshot();\n"
        "  /* toMatchInlineSnapshot() */ expect('b').toMatchInlineSnapshot();\n});\n"
        "test('later', async () => {\n"
        "  await expect(Promise.resolve('c')).resolves.toMatchInlineSnapshot();\n"
        "  await expect(Promise.reject(new Error('d')))\n    .rejects.toThrowErrorMatchingInlineSnapshot();\n});\n"
    )
    project = TestProject(tmp_path)
    first = await project.run(host, project.file(path))
    assert first.success, first
    assert path.read_text().count("`") == 14
    second = await TestProject(tmp_path, TestOptions(update_snapshots="none")).run(host, project.file(path))
    assert second.success, second
    assert second.snapshots.matched == 5


async def test_nothing_is_written_in_ci(host: IsolateHost, tmp_path: Path) -> None:
    path = tmp_path / "a.test.js"
    path.write_text("test('a', () => { expect(1).toMatchInlineSnapshot() });")
    before = path.read_text()
    project = TestProject(tmp_path, TestOptions(update_snapshots="none"))
    assert not (await project.run(host, project.file(path))).success
    assert path.read_text() == before
