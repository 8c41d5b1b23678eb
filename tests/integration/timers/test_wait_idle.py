"""`runtime.wait_idle()`: until a program has nothing left to wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from isolatejs import AbortController, AbortError, ExecutionTimeoutError

if TYPE_CHECKING:
    from isolatejs import IsolateHost, ScriptRuntime


async def test_waits_for_timers_and_for_what_they_start(runtime: ScriptRuntime) -> None:
    await runtime.eval("globalThis.n = 0; setTimeout(() => { n++; setTimeout(() => n++, 10) }, 10); 0")
    await runtime.wait_idle()
    assert await runtime.eval("n") == 2


async def test_returns_at_once_when_nothing_is_left(runtime: ScriptRuntime) -> None:
    await runtime.eval("clearTimeout(setTimeout(() => {}, 1e6)); setTimeout(() => {}, 1e6).unref(); 0")
    await runtime.eval("clearInterval(Number(setInterval(() => {}, 1e6))); 0")
    await asyncio.wait_for(runtime.wait_idle(), 10)


async def test_waits_for_calls_of_the_host(host: IsolateHost) -> None:
    release = asyncio.Event()

    async def slow() -> str:
        await release.wait()
        return "done"

    async with host.create_runtime(bindings={"tools": {"slow": slow}}) as runtime:
        await runtime.eval("slow().then((value) => { globalThis.got = value }); 0")
        waiting = asyncio.create_task(runtime.wait_idle())
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        release.set()
        await waiting
        assert await runtime.eval("got") == "done"


async def test_has_a_time_limit_and_a_signal(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval("setInterval(() => {}, 5); 0")
        with pytest.raises(ExecutionTimeoutError, match="timeout_ms"):
            await runtime.wait_idle(timeout_ms=100)
        assert runtime.disposed
    controller = AbortController()
    async with host.create_runtime() as runtime:
        await runtime.eval("setInterval(() => {}, 5); 0")
        asyncio.get_running_loop().call_later(0.05, controller.abort)
        with pytest.raises(AbortError):
            await runtime.wait_idle(signal=controller.signal)
