"""Test files that attack the framework, its host half, and what the host makes of their results."""
# ruff: noqa: ASYNC240  (programs in strings; small files)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import IsolateError, create_file_bindings
from isolatejs.limits import TESTS_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs import IsolateHost

PATCHES = {
    "JSON": "JSON.stringify = () => '{}'; JSON.parse = () => ({});",
    "array methods": "for (const name of ['push', 'map', 'some', 'every', 'filter', 'shift', 'slice', 'join']) Array.prototype[name] = () => { throw new Error('patched') };",
    "iteration": "Array.prototype[Symbol.iterator] = function* () {}; Map.prototype.get = () => undefined; Set.prototype.has = () => true;",
    "promises": "Promise.prototype.then = () => { throw new Error('patched') }; globalThis.Promise = class {};",
    "objects": "Object.keys = () => []; Object.defineProperty = () => {}; Reflect.ownKeys = () => [];",
    "errors": "Error.captureStackTrace = () => { throw new Error('patched') }; Error.prepareStackTrace = () => { throw new Error('patched') }; Error.stackTraceLimit = 0;",
    "timers": "globalThis.setTimeout = globalThis.setImmediate = () => { throw new Error('patched') };",
    "strings": "String.prototype.split = () => []; String.prototype.replaceAll = () => ''; RegExp.prototype.exec = () => null;",
    "getters on Object.prototype": "Object.defineProperty(Object.prototype, 'status', { get() { return 'pass' }, set() {}, configurable: true });",
    "then on Object.prototype": "Object.prototype.then = function (resolve) { resolve?.(1) };",
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES.keys())
async def test_patched_builtins_end_in_a_result_or_a_documented_error(patch: str, host: IsolateHost) -> None:
    """A program may break its own framework; it must not pass a failing test off as passed."""
    code = f"{patch}\ntest('fails', () => {{ throw new Error('real failure') }});"
    async with host.create_test_runtime() as runtime:
        try:
            result = await runtime.run(code, timeout_ms=300)
        except IsolateError:
            return
    assert not result.success
    assert result.passed == 0


HOSTILE_ERRORS = {
    "message getter throws": "throw { get message() { throw new Error('no') } }",
    "stack getter throws": "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { throw e } }); throw e",
    "name is an object": "const e = new Error('x'); e.name = { toString() { throw 1 } }; throw e",
    "proxy": "throw new Proxy(new Error('x'), { get() { throw new Error('trap') }, getPrototypeOf() { throw new Error('trap') } })",
    "cause cycle": "const e = new Error('x'); e.cause = e; throw e",
    "deep causes": "let e = new Error('0'); for (let i = 0; i < 10000; i++) e = new Error('n', { cause: e }); throw e",
    "huge message": "throw new Error('x'.repeat(20_000_000))",
    "huge values": "expect('a'.repeat(5_000_000)).toBe('b'.repeat(5_000_000))",
    "wide values": "expect(Array.from({ length: 300_000 }, (_, i) => i)).toEqual([])",
    "undefined": "throw undefined",
    "symbol": "throw Symbol('s')",
    "function": "throw () => {}",
    "null prototype": "throw Object.create(null)",
    "many errors": "for (let i = 0; i < 10_000; i++) expect.soft(i).toBe(-1)",
    "hostile toJSON": "expect({ toJSON() { throw new Error('json') } }).toBe(1)",
    "hostile matcher": "expect.extend({ odd: () => ({ pass: false, message() { throw new Error('message') } }) }); expect(1).odd()",
}


@pytest.mark.parametrize("body", HOSTILE_ERRORS.values(), ids=HOSTILE_ERRORS.keys())
async def test_hostile_errors_are_reported_within_bounds(body: str, host: IsolateHost) -> None:
    async with host.create_test_runtime(memory_limit_mb=512) as runtime:
        result = await runtime.run(f"test('hostile', () => {{ {body} }}); test('after', () => {{}});")
    hostile, after = result.tests
    assert (hostile.status, after.status) == ("fail", "pass")
    assert 1 <= len(hostile.errors) <= 50
    for error in hostile.errors:
        assert len(error.message) + len(error.stack) < 300_000


async def test_loop_while_a_failure_is_described(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            "test('a', () => { throw { get message() { for (;;) {} } } }); test('b', () => {})",
            timeout_ms=200,
        )
    assert [test.status for test in result.tests] == ["fail", "skip"]


async def test_loop_that_starts_after_its_test_has_ended(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            "test('a', () => { setTimeout(() => { for (;;) {} }, 30) }); test('b', () => new Promise(r => setTimeout(r, 100)))",
            timeout_ms=300,
        )
    assert [test.status for test in result.tests] == ["pass", "fail"]


async def test_bomb_of_tests_is_refused(host: IsolateHost) -> None:
    """The host keeps something for each test, so their number has a limit."""
    code = f"for (let i = 0; i <= {TESTS_LIMIT}; i++) test('', () => {{}})"
    async with host.create_test_runtime(memory_limit_mb=512) as runtime:
        try:
            result = await runtime.run(code)
        except IsolateError:
            return
    assert not result.success


TRAVERSALS = [
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "__snapshots__/../../outside.txt",
    "./../package.json",
    "%2e%2e/outside.txt",
    "__snapshots__/a\\u0000b",
    "__snapshots__/../../__snapshots__/../outside.txt",
]


@pytest.mark.parametrize("path", TRAVERSALS)
async def test_snapshot_paths_stay_inside(path: str, host: IsolateHost, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("untouched")
    (root / "package.json").write_text("untouched")
    async with host.create_test_runtime(snapshots=create_file_bindings(root, allow_write=True)) as runtime:
        await runtime.run(
            f"test('write', async () => {{ await expect('evil').toMatchFileSnapshot('{path}') }})",
            filename="/src/a.test.js",
            update_snapshots="all",
        )
    assert (tmp_path / "outside.txt").read_text() == "untouched"
    assert (root / "package.json").read_text() == "untouched"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name not in ("root", "outside.txt")] == []
    written = [entry for entry in root.rglob("*") if entry.is_file() and entry.name != "package.json"]
    assert all("__snapshots__" in entry.parts for entry in written)


async def test_stacks_tell_nothing_of_the_host(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            "test('stack', async () => { await null; throw new Error(new Error('inner').stack) })",
            filename="/s.test.js",
        )
    error = result.tests[0].error
    assert error is not None
    for text in (error.message, error.stack):
        assert "isolatejs" not in text
        assert "file://" not in text
        assert "ext:" not in text


async def test_test_files_of_one_runtime_cannot_reach_another(host: IsolateHost) -> None:
    async with host.create_test_runtime() as first, host.create_test_runtime() as second:
        await first.run("globalThis.expect = () => ({ toBe() {} }); test('a', () => {})")
        result = await second.run("test('b', () => { expect(1).toBe(2) })")
    assert result.failed == 1


PLANS = {
    "chain of suites": "let f = () => {}; for (let i = 0; i < 300; i++) { const g = f; f = () => describe('s', g); } f();",
    "long names": "describe('x'.repeat(1e6), () => { for (let i = 0; i < 1000; i++) test('t', () => {}); });",
    "many tests": "for (let i = 0; i < 100_001; i++) test('t', () => {});",
}


@pytest.mark.parametrize("code", PLANS.values(), ids=PLANS.keys())
async def test_plans_that_are_larger_than_their_file(code: str, host: IsolateHost) -> None:
    """It is an error of the file, and the runtime goes on."""
    async with host.create_test_runtime(memory_limit_mb=512) as runtime:
        result = await runtime.run(code)
        assert not result.success
        assert any(word in result.errors[0].message for word in ("more than", "too long")), result.errors
        assert (await runtime.run("test('a', () => {})")).success
