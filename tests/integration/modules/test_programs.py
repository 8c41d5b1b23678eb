"""Programs: their value, their language, where their errors are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, IsolateHost, ModuleResolutionError, create_module_resolver

if TYPE_CHECKING:
    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The import keeps the program on the way through the linker.
MODULE = "import 'node:path';"

VALUES: list[tuple[str, Any]] = [
    ("1 + 1", 2),
    ("const a = 3; a * 2", 6),
    ("{a: 1}", {"a": 1}),
    ("{}", {}),
    ("let x = 5", None),
    ("5; let x = 1", 5),
    ("5; function f() {}", 5),
    ("5;;;", 5),
    ("export default 42", 42),
    ("1 + 1; export default 5", 2),
    ("undefined; export default 5", 5),
    ("export const named = 1", None),
    ("if (true) { 7 } else { 8 }", 7),
    ("if (false) { 7 } else 8", 8),
    ("1; if (false) { 7 }", None),
    ("try { throw 1 } catch (e) { e + 1 }", 2),
    ("try { 1 } finally { 2 }", 1),
    ("try { 'lost'; throw 1 } catch { let nothing }", None),
    ("for (let i = 0; i < 3; i++) if (i === 1) 'x'", None),
    ("for (const x of ['a', 'b']) { if (x === 'a') 'A'; else x }", "b"),
    ("for (let i = 0; i < 3; i++) i * 10", 20),
    ("let n = 0; while (true) { n; if (n++ > 2) break }", None),
    ("while (true) { 5; break }", 5),
    ("switch (2) { case 1: 'a'; break; case 2: 'b'; break }", "b"),
    ("out: { 9; break out }", 9),
    ("'use strict'", "use strict"),
    ("await Promise.resolve(11)", 11),
    ("[1, 2].map(x => x * 2)", [2, 4]),
    ("`t${1}`", "t1"),
    ("1, 2, 3", 3),
    ("(1, 2)", 2),
    ("let a = 1\n;[a]", [1]),
    ("const f = () => 1\nf()", 1),
    ("/re/.test('re') // comment", True),
    ("", None),
    ("// only a comment", None),
    ("#!/usr/bin/env node\n4", 4),
    ("for await (const x of [1, 2]) x", 2),
    ("class A { static x = 4 }\nA.x", 4),
    ("typeof this", "undefined"),
    ("(function () { return this === undefined })()", True),
    ("'a\\u2028b'", "a\u2028b"),
]


@pytest.mark.parametrize(("program", "expected"), VALUES)
async def test_value(program: str, expected: Any, evaluate: Evaluate) -> None:
    assert await evaluate(program) == expected


@pytest.mark.parametrize(
    ("program", "expected"), [pair for pair in VALUES if not pair[0].lstrip().startswith(("{", "#", "'use"))]
)
async def test_value_through_the_linker(program: str, expected: Any, evaluate: Evaluate) -> None:
    assert await evaluate(f"{MODULE}\n{program}") == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("let v: number = 3; v + 1", 4),
        ("interface A { a: string }; ({ a: 'x' } as A).a", "x"),
        ("enum E { A = 3, B }; [E.B, E[3]]", [4, "A"]),
        ("const enum E { A = 3 }; E.A", 3),
        (
            "class P { constructor(public q: number, private r = 2) {} sum() { return this.q + this.r } }"
            "\nnew P(4).sum()",
            6,
        ),
        ("namespace N { export const x = 5 } N.x", 5),
        ("abstract class B { abstract y(): number }; class C extends B { y() { return 1 } }; new C().y()", 1),
        ("function f<T>(x: T): T { return x } f<string>('s')", "s"),
        ("const x = [1] satisfies number[]; x!.length", 1),
        (
            "const tag = (v: any, c: any) => { c.addInitializer(function () { this.t = 1 }) }"
            "\n@tag class D {}\nD.t",
            1,
        ),
    ],
)
async def test_typescript_under_the_default_name(program: str, expected: Any, evaluate: Evaluate) -> None:
    assert await evaluate(program) == expected
    assert await evaluate(program, filename="/app/x.ts") == expected


async def test_jsx_in_a_program(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual(
        "preact/jsx-runtime",
        "export const jsx = (type, props) => ({ type, ...props }); export const jsxs = jsx;",
    )
    modules.compiler_options(jsx_import_source="preact")
    program = "const name: string = 'x';\n<p id={name}>hi {1 + 1}</p>"
    expected = {"type": "p", "id": "x", "children": ["hi ", 2]}
    assert await evaluate(program, modules, filename="/view.tsx") == expected
    assert await evaluate("<p>{1}</p>", modules, filename="/view.jsx") == {"type": "p", "children": 1}


@pytest.mark.parametrize(
    ("program", "filename", "line", "column", "source_line"),
    [
        ("let a = 1;\nlet b = ;", "/app/x.js", 2, 9, "let b = ;"),
        ("let a: number = 1;\nlet b: = 2;", "/app/x.ts", 2, 8, "let b: = 2;"),
        ("let a: number = 1;\nlet b: = 2;", "/index.js", 2, 8, "let b: = 2;"),
        ("let a = 1;\nlet a = 2;", "/app/x.js", 2, 5, "let a = 2;"),
        ("const x = 1;\n\nconst y = <b>x</i>;", "/app/x.tsx", 3, 17, "const y = <b>x</i>;"),
        ("'unfinished", "/index.js", 1, 1, "'unfinished"),
        ("enum E { A }\nlet x = = 1", "/x.ts", 2, 9, "let x = = 1"),
        ("let x: number = 'a", "/x.ts", 1, 17, "let x: number = 'a"),
        ("let x: string = `a\n", "/x.ts", 1, 17, "let x: string = `a"),
        ("function f(a: number) {\n  if (a) {", "/x.ts", 2, 11, "  if (a) {"),
        ("interface A {\n", "/x.ts", 2, 1, ""),
    ],
)
async def test_syntax_errors_say_where(
    program: str, filename: str, line: int, column: int, source_line: str, evaluate: Evaluate
) -> None:
    with pytest.raises(GuestError) as caught:
        await evaluate(program, filename=filename)
    error = caught.value
    assert error.name == "SyntaxError"
    assert (error.filename, error.line, error.column) == (filename, line, column)
    assert error.source_line == source_line


@pytest.mark.parametrize(
    ("program", "filename", "line", "column"),
    [
        ("import 'node:path';\nconst a = 1; (() => { throw new Error('x') })()", "/app/x.js", 2, 29),
        ("import 'node:path'; null.x", "/app/x.js", 1, 26),
        ("import 'node:path';\nenum E { A }\n\nthrow new Error(`${E.A}`)", "/app/x.ts", 4, 7),
        ("import 'node:path';\nlet v: number = 3; if (v) { v; missing() }", "/app/x.ts", 2, 32),
        ("import { jsx } from '/jsx';\nconst a = <p/>;\nthrow new Error('x')", "/app/x.tsx", 3, 7),
    ],
)
async def test_stacks_show_the_text_as_written(
    program: str, filename: str, line: int, column: int, evaluate: Evaluate
) -> None:
    modules = create_module_resolver().virtual("react/jsx-runtime", "export const jsx = () => 1")
    modules.virtual("/jsx", "export const jsx = 1")
    with pytest.raises(GuestError) as caught:
        await evaluate(program, modules, filename=filename)
    error = caught.value
    assert (error.filename, error.line, error.column) == (filename, line, column)
    assert error.source_line == program.split("\n")[line - 1]
    assert "ext:" not in error.stack
    assert "isolatejs/" not in error.stack
    assert f"{filename}#" not in error.stack


async def test_programs_of_one_name_keep_their_own_lines(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(
            "import 'node:path'; globalThis.first = () => { throw new Error('first') }; 1", "/p.js"
        )
        await runtime.eval("import 'node:path';\n\n[1].map((x) => x); globalThis.second = 2", "/p.js")
        with pytest.raises(GuestError) as caught:
            await runtime.eval("first()")
        assert (caught.value.filename, caught.value.line, caught.value.column) == ("/p.js", 1, 54)


async def test_missing_export_says_who_and_what_to_do(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("/app/types.ts", "export interface User { name: string }")
        .virtual("/app/main.ts", "\nimport { User } from './types.ts';\nexport const u: User = new User();")
    )
    with pytest.raises(GuestError) as caught:
        await evaluate("import '/app/main.ts'", modules)
    error = caught.value
    assert error.name == "SyntaxError"
    assert "has no export named 'User'\n  imported by /app/main.ts" in error.message
    assert (error.filename, error.line, error.column) == ("/app/main.ts", 2, 10)


@pytest.mark.parametrize(
    "source", ["let a: number = 1;\nlet b: = 2;", "enum E { A }\nlet b: = 2", "let b: = 2; <p/>"]
)
async def test_syntax_errors_of_modules_name_the_chain(source: str, evaluate: Evaluate) -> None:
    name = "/app/broken.tsx" if "<p/>" in source else "/app/broken.ts"
    modules = create_module_resolver().virtual(name, source).virtual("/app/a.ts", f"import '{name}'")
    with pytest.raises(GuestError) as caught:
        await evaluate("import '/app/a.ts'", modules, filename="/app/entry.ts")
    assert caught.value.name == "SyntaxError"
    assert caught.value.filename == name
    assert caught.value.message.endswith("\n  imported by /app/a.ts\n  imported by /app/entry.ts")


async def test_import_meta(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual(
        "/app/sub dir/m.ts",
        """const { url, filename, dirname, main } = import.meta;
        export default [url, filename, dirname, main, import.meta.resolve("./x.js"),
          import.meta.resolve("other"), Object.keys(import.meta)]""",
    )
    modules.virtual("other", "export default 1", filename="o.js", resolve_dir="/lib")
    program = """
        import x from "./sub dir/m.ts";
        [x, import.meta.main, import.meta.filename, Object.keys(import.meta)]"""
    keys = ["url", "filename", "dirname", "main", "resolve"]
    found, main, filename, own = await evaluate(program, modules, filename="/app/entry.ts")
    assert found == [
        "file:///app/sub%20dir/m.ts",
        "/app/sub dir/m.ts",
        "/app/sub dir",
        False,
        "file:///app/sub%20dir/x.js",
        "file:///lib/o.js",
        keys,
    ]
    assert (main, filename, own) == (True, "/app/entry.ts", keys)


async def test_evals_share_modules_and_overlap(host: IsolateHost) -> None:
    modules = create_module_resolver().virtual("counter", "let n = 0; export const next = () => ++n")
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        program = "import { next } from 'counter'; next()"
        assert [await runtime.eval(program), await runtime.eval(program)] == [1, 2]
        together = await asyncio.gather(*(runtime.eval(program) for _ in range(10)))
        assert sorted(together) == list(range(3, 13))
        with pytest.raises(ModuleResolutionError):
            await runtime.eval("import 'absent'")
        assert await runtime.eval(program) == 13
