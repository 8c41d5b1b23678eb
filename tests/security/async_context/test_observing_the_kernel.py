"""Attacks with async hooks: they must show the program nothing that is not its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from isolatejs import IsolateHost


async def test_hooks_see_no_promise_of_the_kernel(host: IsolateHost) -> None:
    """The kernel's promises would give a program its frames, and with them the values of others' calls."""

    async def secret() -> str:
        return "s3cret"

    spy = """
    import { createHook } from "node:async_hooks";
    globalThis.seen = [];
    createHook({ init(id, type, trigger, resource) { seen.push([type, resource]) } }).enable();
    0
    """
    async with host.create_runtime(bindings={"tools": {"secret": secret}}) as runtime:
        await runtime.eval(spy)
        before = await runtime.eval("seen.length")
        for _ in range(20):
            await runtime.eval("1 + 1")
        assert await runtime.eval("seen.length") == before
        await runtime.eval("secret().then(() => 0)")
        values = await runtime.eval(
            "const settled = await Promise.race([Promise.allSettled(seen.map(([, r]) => r)),"
            "new Promise((r) => setTimeout(() => r([]), 100))]);"
            "settled.filter((s) => typeof s.value === 'object' && s.value !== null && "
            "('attachments' in s.value || 'decode' in s.value)).length"
        )
        assert values == 0


async def test_context_of_one_eval_is_not_seen_by_another(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(
            "globalThis.v = new AsyncContext.Variable();"
            "v.run('secret', () => { globalThis.s = new AsyncContext.Snapshot() }); 0"
        )
        assert await runtime.eval("v.get() === undefined") is True
        assert await runtime.eval("s.run(() => v.get())") == "secret"


@pytest.mark.parametrize(
    "patch",
    [
        "WeakMap.prototype.get = () => ({ id: 0 })",
        "WeakMap.prototype.set = () => { throw 1 }",
        "Reflect.apply = () => { throw 1 }",
        "Function.prototype.apply = () => { throw 1 }",
        "Promise.prototype.then = () => { throw 1 }",
        "Array.prototype[Symbol.iterator] = () => { throw 1 }",
    ],
)
async def test_patched_builtins_do_not_break_the_kernel(host: IsolateHost, patch: str) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(
            'import { createHook } from "node:async_hooks";'
            "createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable(); 0"
        )
        await runtime.eval(f"{patch}; 0")
        assert await runtime.eval("1 + 1") == 2


async def test_hooks_that_never_end_are_stopped_by_the_time_limit(host: IsolateHost) -> None:
    from isolatejs import ExecutionTimeoutError

    code = """
    import { createHook } from "node:async_hooks";
    createHook({ init() { while (true); } }).enable();
    await null;
    """
    async with host.create_runtime() as runtime:
        with pytest.raises(ExecutionTimeoutError):
            await runtime.eval(code, execution_timeout_ms=300)


async def test_million_timers_hurt_only_their_runtime(host: IsolateHost) -> None:
    from isolatejs.errors import IsolateError

    async with host.create_runtime() as neighbour, host.create_runtime(memory_limit_mb=64) as runtime:
        try:
            await runtime.eval(
                "for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6); 0", execution_timeout_ms=20_000
            )
        except IsolateError:
            assert runtime.disposed
        assert await neighbour.eval("await new Promise((r) => setTimeout(() => r(1), 1))") == 1
