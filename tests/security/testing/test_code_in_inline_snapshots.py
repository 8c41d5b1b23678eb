"""A dependency must not write code into an honest test file by way of inline snapshots."""

# ruff: noqa: ASYNC240  (small files)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.capabilities.testing.contract import InlineSnapshot
from isolatejs.host.inline_snapshots import insert_snapshots
from isolatejs.host.test_project import TestProject

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost

NAME = "toMatchInlineSnapshot"
ELSEWHERE = {
    "line comment": "// expect(x).toMatchInlineSnapshot()\n",
    "block comment": "/* .toMatchInlineSnapshot() */ f();",
    "string": "const a = '.toMatchInlineSnapshot()';",
    "template": "const a = `.toMatchInlineSnapshot()`;",
    "substitution that is text": "const a = `\\${ x.toMatchInlineSnapshot() }`;",
    "regular expression": "const a = /.toMatchInlineSnapshot()/;",
    "class in a regular expression": "const a = /[/.toMatchInlineSnapshot()]/;",
    "division that looks like one": "const a = 1 / b; // 2 / .toMatchInlineSnapshot()",
    "jsx-like text of a type": "type T = { toMatchInlineSnapshot(): void };",
    "method of a class": "class A { toMatchInlineSnapshot() {} }",
    "method of an object": "const a = { toMatchInlineSnapshot() {} };",
    "plain function": "toMatchInlineSnapshot();",
    "longer name": "x.toMatchInlineSnapshot2();",
    "shorter place": "x.nottoMatchInlineSnapshot();",
    "has arguments": "x.toMatchInlineSnapshot(1);",
    "has a comment": "x.toMatchInlineSnapshot(/* ` */);",
    "has a substitution": "x.toMatchInlineSnapshot(`${`)}`);",
    "does not parse": "x.toMatchInlineSnapshot(); const = ;",
    "directive in the same line": "'use strict .toMatchInlineSnapshot()'; f();",
    "hashbang": "#!/usr/bin/env node .toMatchInlineSnapshot()\nf();",
    "html comment": "x; <!-- .toMatchInlineSnapshot()\n",
}


async def inserted(host: IsolateHost, path: Path, code: str, *places: tuple[int, int, str], mode: Any) -> str:
    path.write_text(code)
    given = [InlineSnapshot("/a.test.ts", *place) for place in places]
    await insert_snapshots(host, path, "/a.test.ts", code, given, mode)
    return path.read_text()


@pytest.mark.parametrize("code", ELSEWHERE.values(), ids=ELSEWHERE.keys())
async def test_places_that_only_look_like_a_call(host: IsolateHost, tmp_path: Path, code: str) -> None:
    column = code.split("\n")[0].index(NAME) + 1
    for mode in ("new", "all"):
        text = "x\nevil();\n"
        assert await inserted(host, tmp_path / "a.test.ts", code, (1, column, text), mode=mode) == code


async def test_honest_places_keep_their_snapshots_beside_lies(host: IsolateHost, tmp_path: Path) -> None:
    code = "// .toMatchInlineSnapshot()\nexpect(1).toMatchInlineSnapshot();\n'.toMatchInlineSnapshot()';\n"
    places = [
        (1, 5, "\nevil()"),
        (2, 11, "1"),
        (2, 12, "2"),
        (2, 1, "3"),
        (3, 3, "'; evil()"),
        (99, 1, "x"),
        (0, 0, "x"),
    ]
    assert await inserted(host, tmp_path / "a.test.ts", code, *places, mode="all") == code.replace(
        "expect(1).toMatchInlineSnapshot()", "expect(1).toMatchInlineSnapshot(`1`)"
    )


@pytest.mark.parametrize(
    "text",
    ["`; evil(); `", "${evil()}", "\\`; evil()", "\\", "\\${", "`)\u2028evil()", "\r\nevil()", "$\\{evil()}"],
)
async def test_text_of_the_guest_stays_text(host: IsolateHost, tmp_path: Path, text: str) -> None:
    code = "globalThis.x = { toMatchInlineSnapshot: (text) => globalThis.got = text }; x.toMatchInlineSnapshot(); got"
    written = await inserted(host, tmp_path / "a.test.ts", code, (1, code.index(".to") + 2, text), mode="new")
    assert written != code
    async with host.create_runtime() as runtime:
        got = await runtime.eval(f"globalThis.evil = () => {{ throw new Error('executed') }};{written}")
    assert " ".join(got.split()) == " ".join(text.replace("\u2028", " \u2028").replace("\r", "").split())


async def test_environment_that_vitest_reads_anywhere_in_a_file(host: IsolateHost, tmp_path: Path) -> None:
    code = "expect(1).toMatchInlineSnapshot();"
    written = await inserted(
        host, tmp_path / "a.test.ts", code, (1, 11, "@vitest-environment ./evil"), mode="new"
    )
    assert "@vitest-environment" not in written.replace("\\@", "")


async def test_other_files_are_never_touched(host: IsolateHost, tmp_path: Path) -> None:
    path = tmp_path / "a.test.ts"
    code = "expect(1).toMatchInlineSnapshot();"
    path.write_text(code)
    for name in ("/other.ts", "/../a.test.ts", "/a.test.ts?", "file:///a.test.ts"):
        await insert_snapshots(host, path, "/a.test.ts", code, [InlineSnapshot(name, 1, 11, "1")], "all")
    assert path.read_text() == code


async def test_a_dependency_that_calls_itself_the_test_file(host: IsolateHost, tmp_path: Path) -> None:
    """It reaches calls that are there, and only with a text."""
    honest = (
        'import { help } from "./dependency.js";\n'
        "// expect(help()).toMatchInlineSnapshot()\n"
        "test('a', () => { help(expect) });\n"
    )
    (tmp_path / "honest.test.js").write_text(honest)
    (tmp_path / "dependency.js").write_text(
        "export const help = (expect) => eval("
        "'\\n                   expect(`x\\\\nevil();\\\\n`).toMatchInlineSnapshot()\\n//# sourceURL=/honest.test.js'"
        ");"
    )
    project = TestProject(tmp_path)
    result = await project.run(host, project.file(tmp_path / "honest.test.js"))
    assert result.inline_snapshots, "the attack reaches the host"
    assert (tmp_path / "honest.test.js").read_text() == honest
    assert "evil" not in (tmp_path / "honest.test.js").read_text()
