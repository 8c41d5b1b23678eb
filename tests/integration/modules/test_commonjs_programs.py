"""Programs and test files that are CommonJS, or use `require` beside imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, IsolateHost, create_module_resolver

if TYPE_CHECKING:
    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = {
    "/app/twice.cjs": "exports.twice = (n) => n * 2; exports.main = () => require.main.filename;",
    "/app/sum.js": "module.exports = (a, b) => a + b;",
    "/app/both.mjs": "export const both = 'module';",
}


def resolver() -> Any:
    modules = create_module_resolver()
    for path, source in FILES.items():
        modules.virtual(path, source)
    return modules


PROGRAMS: dict[str, tuple[str, Any]] = {
    "module.exports": ("module.exports = { value: require('./twice.cjs').twice(2) }", {"value": 4}),
    "exports": ("exports.a = 1; exports.b = require('node:path').join('a', 'b')", {"a": 1, "b": "a/b"}),
    "nothing exported": ("const unused = 1;", None),
    "its own names": (
        "module.exports = [__filename, __dirname, typeof module.id]",
        ["/app/main.cjs", "/app", "string"],
    ),
    "require.main": (
        "module.exports = [require.main === module, require('./twice.cjs').main()]",
        [True, "/app/main.cjs"],
    ),
    "return at the top": ("exports.early = true; return; exports.late = true", {"early": True}),
    "sloppy mode": ("with ({ inner: 3 }) { module.exports = inner }", 3),
    "an ECMAScript module": ("module.exports = require('./both.mjs').both", "module"),
    "import()": ("module.exports = import('./both.mjs').then(({ both }) => both)", "module"),
}


@pytest.mark.parametrize(("program", "value"), PROGRAMS.values(), ids=PROGRAMS.keys())
async def test_a_program_named_cjs_is_commonjs(evaluate: Evaluate, program: str, value: Any) -> None:
    assert await evaluate(program, resolver(), filename="/app/main.cjs") == value


async def test_types_of_a_cts_program_are_erased(evaluate: Evaluate) -> None:
    program = "import path = require('node:path');\nconst a: string = path.sep;\nexport = a;"
    assert await evaluate(program, resolver(), filename="/app/main.cts") == "/"


async def test_errors_of_a_commonjs_program_have_their_line(evaluate: Evaluate) -> None:
    with pytest.raises(GuestError, match="lost") as raised:
        await evaluate("const a = 1;\n\nthrow new Error('lost')", resolver(), filename="/app/main.cjs")
    assert (raised.value.filename, raised.value.line) == ("/app/main.cjs", 3)


@pytest.mark.parametrize("name", ["require", "module", "exports", "__filename", "__dirname"])
async def test_a_module_that_uses_commonjs_is_told_what_to_do(evaluate: Evaluate, name: str) -> None:
    with pytest.raises(GuestError, match=rf"{name} is not defined.*import.*\.cjs"):
        await evaluate(f"{name};", resolver(), filename="/app/main.js")


TESTS = {
    "require alone": "const sum = require('./sum'); test('t', () => { expect(sum(1, 2)).toBe(3) })",
    "beside imports": (
        "import { both } from './both.mjs';\nconst sum = require('./sum');\n"
        "test('t', () => { expect([both, sum(1, 2)]).toEqual(['module', 3]) })"
    ),
    "a require of its own": (
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);\n"
        "test('t', () => { expect(require('./sum')(1, 2)).toBe(3) })"
    ),
    "names of its own": "const module = 5; function exports() {} test('t', () => { expect([module, typeof exports]).toEqual([5, 'function']) })",
    "the file's place": "test('t', () => { expect([__filename, __dirname]).toEqual(['/app/a.test.js', '/app']) })",
}


@pytest.mark.parametrize("code", TESTS.values(), ids=TESTS.keys())
async def test_test_files_may_require(host: IsolateHost, code: str) -> None:
    async with host.create_test_runtime(bindings={"modules": resolver()}) as runtime:
        result = await runtime.run(code, filename="/app/a.test.js")
    assert [(test.status, test.error) for test in result.tests] == [("pass", None)], result.errors
