"""What becomes of TypeScript's types: a program means what the TypeScript compiler's output of it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, create_module_resolver

if TYPE_CHECKING:
    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDS = {
    "a type with its own semicolon": "let x = 1\ntype T = number\n;[2].forEach(n => { x = n })\nx",
    "a declaration with its own semicolon": "let x = 1\ndeclare const T: string\n;[2].forEach(n => { x = n })\nx",
    "a declared function": "let x = 1\ndeclare function f(): void\n;[2].forEach(n => { x = n })\nx",
    "an imported type": "let x = 1\nimport type { T } from 'nothing'\n;[2].forEach(n => { x = n })\nx",
    "an import that is only a type": "let x = 1\nimport { T } from 'nothing'\n;[2].forEach(n => { x = n })\nx",
    "an import without a semicolon": "let x = 2\nlet y: any = x\nimport { T } from 'nothing'\n(0, 1) as T\ny",
    "a call that nobody wrote": (
        "let calls = 2\nconst f = () => { calls++ }\nlet g: any = f\ntype T = string\n;(() => {})()\ncalls"
    ),
    "a template after `as`": "let x: any = String.raw as any\n`a${1}`\ntypeof x === 'function' ? 2 : 0",
    "a template after an interface": "let x: any = String.raw\ninterface T {}\n`a`\ntypeof x === 'function' ? 2 : 0",
    "a declared field before a generator": "class A { a = 2\ndeclare b: string\n*gen() {} }\nnew A().a",
    "a declared field before `in`": "class A { a = 2\ndeclare b: string\nin() {} }\nnew A().a",
    "a private field with a computed name": "class A { a = 2\nprivate ['b'] = 1 }\nnew A().a",
    "a member of an index signature": "class A { a = 2;\n[key: string]: any\n['b']() {} }\nnew A().a",
    "a field called get": "class A { get: any\nfoo() { return 2 } }\nnew A().foo()",
    "an overload": "class A { a = 2\nfoo(x: 1): void\n['foo'](x: any) {} }\nnew A().a",
    "`satisfies` before a bracket": "let x = 2 satisfies number\n[5].length\nx",
}


@pytest.mark.parametrize("program", ENDS.values(), ids=ENDS.keys())
async def test_statements_around_a_type_stay_apart(evaluate: Evaluate, program: str) -> None:
    assert await evaluate(program, filename="/program.ts") == 2


CONTINUED = {
    "a call after type arguments": "const f = <T,>(x: T) => x; f<number>\n(2)",
    "a call after `!`": "const f: any = () => 2; f!\n()",
    "an operator after `as`": "1 as number\n+ 1",
    "a pattern after `this`": "(function (this: any, [a]: number[]) { return a }).call(null, [2])",
    "type arguments over several lines": "const f = <T,>(x: number) => x; f<\n  { readonly a: 1 }\n>(2)",
    "a static override with a computed name": (
        "class A { static ['x']() { return 1 } } class B extends A { static override ['x']() { return 2 } } B.x()"
    ),
}


@pytest.mark.parametrize("program", CONTINUED.values(), ids=CONTINUED.keys())
async def test_what_goes_on_after_a_type_goes_on(evaluate: Evaluate, program: str) -> None:
    assert await evaluate(program, filename="/program.ts") == 2


MODULES = {
    "/types.ts": (
        "export interface T { a: 1 }\nexport type U = string\nexport const value = 5\nexport default class Named {}\n"
    ),
    "/barrel.ts": (
        "export * from './types'\nexport { T as X } from './types'\nimport { U, value } from './types'\n"
        "export { U, value as renamed }\n"
    ),
    "/first.ts": "export { B } from './second'\nexport type A = 1\nexport const first = 1\nexport {} from 'nothing'\n",
    "/second.ts": "export { A, first } from './first'\nexport type B = 1\nexport const second = 2\n",
    "/effect.ts": "globalThis.effects = (globalThis.effects ?? 0) + 1\n",
    "/only_types.ts": (
        "import { T } from 'nothing'\nimport Default, { type Z } from 'nothing-else'\nimport * as N from 'third'\n"
        "import { Used, T as Unused, value } from '/values.ts'\n"
        "export const a: T | Default | N.x | Unused = new Used().n + value as any\n"
    ),
    "/values.ts": "export class Used { n = 1 }\nexport type T = 1\nexport const value = 1\n",
    "/enum.ts": "import { T, value } from './types'\nexport enum E { A = value }\nexport const t: T = 1 as any\n",
    "/shadowed.ts": (
        "import { T } from 'nothing'\n"
        "export function f(T: number) { const o = { T: 1 }; { let T = 3 } return T + o.T }\n"
    ),
    "/common.cts": (
        "import path = require('node:path');\nimport T = require('nothing');\nenum E { A = 3 }\n"
        "export = { joined: path.join('a', 'b'), e: E.A, t: null as T };\n"
    ),
    "/equals.ts": "import path = require('node:path');\nexport const separator: string = path.sep;\n",
    "/jsx.tsx": "import { T } from 'nothing'\nimport type R from 'nothing'\nexport const x: T = 7 as any\n",
}

PROGRAMS: dict[str, tuple[str, Any]] = {
    "re-exported types": (
        "import { X, value, renamed } from '/barrel.ts'; let x: X; [value, renamed]",
        [5, 5],
    ),
    "all names of an import": ("import { a } from '/only_types.ts'; a", 2),
    "beside an enum": ("import { E } from '/enum.ts'; E.A", 5),
    "a name that something nearer has": ("import { f } from '/shadowed.ts'; f(3)", 4),
    "types through a cycle": (
        "import { first } from '/second.ts'; import { B } from '/first.ts'; let b: B; first",
        1,
    ),
    "a default export of a class": ("import Named from '/types.ts'; export { Named }; Named.name", "Named"),
    "a program's own import": ("import { T } from 'nothing'; interface Q { t: T } 7", 7),
    "a program's own re-export": ("import { T } from '/types.ts'; export { T }; 9", 9),
    "an import for its effect": ("import '/effect.ts'; globalThis.effects", 1),
    "an import of nothing is no import": ("import {} from '/effect.ts'; globalThis.effects", None),
    "import and export with =": (
        "import common from '/common.cts'; common",
        {"joined": "a/b", "e": 3, "t": None},
    ),
    "import with = in a module": ("import { separator } from '/equals.ts'; separator", "/"),
    "beside JSX": ("import { x } from '/jsx.tsx'; x", 7),
}


@pytest.mark.parametrize(("program", "value"), PROGRAMS.values(), ids=PROGRAMS.keys())
async def test_imports_that_are_only_types_are_dropped(evaluate: Evaluate, program: str, value: Any) -> None:
    modules = create_module_resolver()
    for path, source in MODULES.items():
        modules.virtual(path, source)
    assert await evaluate(program, modules, filename="/program.ts") == value


async def test_a_name_that_is_used_and_missing_is_an_error(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("/types.ts", MODULES["/types.ts"])
    with pytest.raises(GuestError, match="has no export named 'absent'") as raised:
        await evaluate("1;\nimport { absent } from '/types.ts'; absent()", modules, filename="/program.ts")
    assert raised.value.line == 2


async def test_verbatim_module_syntax_keeps_every_import(evaluate: Evaluate, tmp_path: Any) -> None:
    config = tmp_path / "tsconfig.json"
    config.write_text('{"compilerOptions": {"verbatimModuleSyntax": true}}')
    modules = create_module_resolver().tsconfig(config).virtual("/effect.ts", MODULES["/effect.ts"])
    program = "import { type T } from '/effect.ts'; globalThis.effects"
    assert await evaluate(program, modules, filename="/program.ts") == 1


async def test_javascript_keeps_every_import(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("/effect.js", MODULES["/effect.ts"])
    program = "import * as unused from '/effect.js'; globalThis.effects"
    assert await evaluate(program, modules, filename="/program.js") == 1
