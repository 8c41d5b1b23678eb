"""CommonJS modules: require, cycles, JSON, and both directions between them and ECMAScript modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import ModuleResolver

    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")


def packages(root: Path, files: dict[str, str]) -> ModuleResolver:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return create_module_resolver().mount_node_modules("/node_modules", root)


async def test_what_a_module_finds(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "p/index.js": """
                exports.facts = [__filename, __dirname, typeof require, module.exports === exports,
                  this === exports, module.id, module.loaded, typeof arguments.length,
                  require.resolve("./other")];
                exports.other = require("./other").children;
                exports.data = require("./data.json");
                exports.loaded = () => module.loaded;""",
            "p/other.js": "module.exports = { children: module.paths, parent: module.parent.id };",
            "p/data.json": '{"a": 1}',
        },
    )
    facts, other, data, loaded = await evaluate(
        "import p from 'p'; [p.facts, p.other, p.data, p.loaded()]", modules
    )
    assert facts == [
        "/node_modules/p/index.js", "/node_modules/p", "function", True, True,
        "/node_modules/p/index.js", False, "number", "/node_modules/p/other.js",
    ]  # fmt: skip
    assert other[0] == "/node_modules/p/node_modules"
    assert (data, loaded) == ({"a": 1}, True)


async def test_cycles_see_what_is_there(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "p/a.js": "exports.early = 1; const b = require('./b'); exports.late = b.sawLate;",
            "p/b.js": """
                const a = require("./a");
                exports.sawEarly = a.early;
                exports.sawLate = a.late === undefined;""",
        },
    )
    program = "import a from 'p/a.js'; import b from 'p/b.js'; [a.late, b.sawEarly]"
    assert await evaluate(program, modules) == [True, 1]


@pytest.mark.parametrize(
    ("source", "program", "expected"),
    [
        ("exports.a = 1; exports.b = 2", "import { a, b } from 'p'; [a, b]", [1, 2]),
        ("module.exports = { a: 1, b }; function b() {}", "import { a } from 'p'; a", 1),
        (
            "Object.defineProperty(exports, 'a', { enumerable: true, value: 1 })",
            "import { a } from 'p'; a",
            1,
        ),
        ("module.exports = require('./other')", "import { o } from 'p'; o", "other"),
        ("Object.assign(exports, { hidden: 5 })", "import { hidden } from 'p'; hidden", 5),
        ("module.exports = class { static x = 1 }", "import P from 'p'; P.x", 1),
        ("module.exports = 5", "import p, * as all from 'p'; [p, all.default]", [5, 5]),
        ("module.exports = null", "import p from 'p'; p", None),
        (
            "exports.__esModule = true; exports.default = 1; exports.x = 2",
            "import d, { x } from 'p'; [d, x]",
            [1, 2],
        ),
        ("exports.__esModule = true; exports.x = 2", "import d from 'p'; d.x", 2),
        ("#!/usr/bin/env node\nexports.a = 1", "import { a } from 'p'; a", 1),
        ("exports.a = new.target === undefined; return; exports.a = 0", "import { a } from 'p'; a", True),
        ("with ({ loose: 1 }) { exports.a = loose }", "import { a } from 'p'; a", 1),
    ],
)
async def test_named_exports(
    source: str, program: str, expected: Any, evaluate: Evaluate, tmp_path: Path
) -> None:
    modules = packages(tmp_path, {"p/index.js": source, "p/other.js": "exports.o = 'other'"})
    assert await evaluate(program, modules) == expected


async def test_default_as_node_gives_it_to_node_s_modules(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "old/index.js": "exports.__esModule = true; exports.default = 1;",
            "new/index.mjs": "import old from 'old'; export default old.default;",
            "new/package.json": '{"exports": "./index.mjs"}',
        },
    )
    assert await evaluate("import a from 'old'; import b from 'new'; [a, b]", modules) == [1, 1]


async def test_require_of_a_module(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "old/index.js": """
                const esm = require("esm");
                exports.found = [esm.a, esm.default, esm.__esModule, require("esm") === esm || "view"];
                exports.own = require("own");""",
            "esm/package.json": '{"type": "module", "exports": "./index.js"}',
            "esm/index.js": "import { sub } from './sub.js'; export const a = sub; export default 'd';",
            "esm/sub.js": "export const sub = 1;",
            "own/package.json": '{"type": "module", "exports": "./index.js"}',
            "own/index.js": "export default 0; export { f as 'module.exports' }; const f = 'mine';",
        },
    )
    found, own = await evaluate("import old from 'old'; [old.found, old.own]", modules)
    assert found[:3] == [1, "d", True]
    assert own == "mine"


async def test_require_of_what_waits_is_refused(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "old/index.js": "try { require('esm') } catch (e) { module.exports = e.code }",
            "esm/package.json": '{"type": "module", "exports": "./index.js"}',
            "esm/index.js": "await new Promise(() => {})",
        },
    )
    assert await evaluate("import old from 'old'; old", modules) == "ERR_REQUIRE_ASYNC_MODULE"


async def test_require_without_prefetch_waits_for_the_host(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "p/index.js": "const name = './x'; module.exports = [1, 2].map((n) => require(name + n))",
            "p/x1.js": "module.exports = 'one'",
            "p/x2/index.js": "module.exports = require('../x' + 1) + ' two'",
        },
    )
    assert await evaluate("import p from 'p'; p", modules) == ["one", "one two"]


async def test_errors_of_require(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "p/index.js": """
                const codes = [];
                for (const name of ["absent", "./absent", "child_process", "", 5]) {
                  try { require(name) } catch (e) { codes.push(e.code) }
                }
                module.exports = codes;""",
            "q/index.js": "\n\nthrow new Error('in q')",
            "r/index.js": "let a = 1;\nlet b = ;",
        },
    )
    codes = await evaluate("import p from 'p'; p", modules)
    not_found = "ERR_MODULE_NOT_FOUND"
    assert codes == [
        not_found,
        not_found,
        "ERR_UNKNOWN_BUILTIN_MODULE",
        "ERR_INVALID_ARG_VALUE",
        "ERR_INVALID_ARG_TYPE",
    ]
    with pytest.raises(GuestError) as thrown:
        await evaluate("import 'q'", modules)
    assert (thrown.value.filename, thrown.value.line, thrown.value.column) == (
        "/node_modules/q/index.js",
        3,
        7,
    )
    with pytest.raises(GuestError) as broken:
        await evaluate("import 'r'", modules)
    assert (broken.value.name, broken.value.filename, broken.value.line) == (
        "SyntaxError",
        "/node_modules/r/index.js",
        2,
    )


async def test_module_syntax_without_a_type_is_found_out(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path, {"p/index.js": "import { x } from './x.js'; export { x }", "p/x.js": "export const x = 1"}
    )
    assert await evaluate("import { x } from 'p'; x", modules) == 1
    assert await evaluate("import m from 'node:module'; m.createRequire('/')('p').x", modules) == 1


async def test_a_deleted_cache_entry_runs_again(evaluate: Evaluate, tmp_path: Path) -> None:
    modules = packages(
        tmp_path,
        {
            "p/index.js": """
                const first = require("./n");
                delete require.cache[require.resolve("./n")];
                module.exports = [first, require("./n"), require("./n")];""",
            "p/n.js": "module.exports = globalThis.n = (globalThis.n ?? 0) + 1;",
        },
    )
    assert await evaluate("import p from 'p'; p", modules) == [1, 2, 2]


async def test_common_js_in_virtual_modules(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("/a.cjs", "exports.a = require('./b').b")
    modules.virtual("/b.js", "module.exports = { b: 2 }")
    assert await evaluate("import { a } from '/a.cjs'; a", modules) == 2
