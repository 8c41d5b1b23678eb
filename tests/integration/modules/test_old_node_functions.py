"""Functions of Node that are deprecated work and warn, as in Node; the engine's own layer looks for nothing late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import create_module_resolver

if TYPE_CHECKING:
    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN = "\n;await new Promise((done) => setTimeout(done, 10)); out"

PROGRAMS: dict[str, tuple[str, Any]] = {
    "util.deprecate": (
        'import util from "node:util"; const out = util.deprecate((x) => x + 1, "old", "D")(1);',
        2,
    ),
    "Buffer without new": ('const out = Buffer("hi").toString("hex");', "6869"),
    "new Buffer of a size": ("const out = new Buffer(3).length;", 3),
    "an alias that is made when it is read": (
        'import c from "node:crypto"; const out = typeof c.prng;',
        "function",
    ),
    "the event of a warning": (
        'import util from "node:util"; const out = [];'
        'process.on("warning", (warning) => out.push(warning.name, warning.message, warning.code));'
        'util.deprecate(() => 1, "old", "D1")(); process.emitWarning("mine", "OwnWarning", "D2");',
        ["DeprecationWarning", "old", "D1", "OwnWarning", "mine", "D2"],
    ),
    "too many listeners": (
        'import { EventEmitter } from "node:events"; const out = [];'
        'process.on("warning", (warning) => out.push(warning.name));'
        'const emitter = new EventEmitter(); for (let i = 0; i < 12; i++) emitter.on("x", () => {});',
        ["MaxListenersExceededWarning"],
    ),
    "noDeprecation": (
        'import util from "node:util"; const out = []; process.noDeprecation = true;'
        'process.on("warning", (warning) => out.push(warning.name)); process.emitWarning("x", "DeprecationWarning");',
        [],
    ),
    "every property of every built-in": (
        'import module from "node:module"; const out = []; for (const name of module.builtinModules) {'
        "const found = process.getBuiltinModule(name);"
        "for (const key of Object.getOwnPropertyNames(found)) try { found[key] } catch (error) {"
        'if (!(error instanceof TypeError)) out.push(name + "." + key + ": " + error.message) } }',
        [],
    ),
    "__proto__": (
        "function Old() {} Old.prototype.__proto__ = Array.prototype; const out = "
        "[({}).__proto__ === Object.prototype, new Old() instanceof Array, { __proto__: null }.__proto__ === undefined];",
        [True, True, True],
    ),
}


@pytest.mark.parametrize(("program", "value"), PROGRAMS.values(), ids=PROGRAMS.keys())
async def test_old_functions_work(evaluate: Evaluate, program: str, value: Any) -> None:

    assert await evaluate(program + TURN, create_module_resolver()) == value


async def test_a_key_called_proto_is_data(evaluate: Evaluate) -> None:
    found = await evaluate('JSON.parse(\'{"__proto__": {"a": 1}, "b": 2}\')')
    assert found == {"__proto__": {"a": 1}, "b": 2}
