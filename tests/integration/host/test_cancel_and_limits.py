"""Aborts, time and memory limits, crashes: each ends one runtime, says why, and leaves the others alone."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

import isolatejs
from isolatejs import (
    AbortController,
    AbortError,
    AbortSignal,
    ExecutionTimeoutError,
    MemoryLimitError,
    RuntimeDisposedError,
    SandboxCrashedError,
)


async def test_abort_kills_a_busy_loop_and_only_that(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as sibling, host.create_runtime() as runtime:
        controller = AbortController()
        asyncio.get_running_loop().call_later(0.05, controller.abort)
        with pytest.raises(AbortError):
            await runtime.eval("while (true) {}", signal=controller.signal)
        assert runtime.disposed
        with pytest.raises(RuntimeDisposedError, match="aborted"):
            await runtime.eval("1 + 1")
        assert await sibling.eval("1 + 1") == 2


async def test_pre_aborted_starts_nothing(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(AbortError):
            await runtime.eval("globalThis.ran = true", signal=AbortSignal.abort())
        assert await runtime.eval("typeof ran") == "undefined"


async def test_signal_timeout_and_any(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        signal = AbortSignal.any([AbortController().signal, AbortSignal.timeout(50)])
        with pytest.raises(AbortError):
            await runtime.eval("await new Promise(() => {})", signal=signal)


async def test_cancellation_of_the_task_kills(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runtime.eval("for (;;) {}"), 0.05)
        with pytest.raises(RuntimeDisposedError):
            await runtime.eval("1")


@pytest.mark.parametrize(
    "code",
    [
        "while (true) {}",
        "await new Promise(() => {})",
        "(function again() { Promise.resolve().then(again) })(); await new Promise(() => {})",
        "/(a+)+$/.test('a'.repeat(60) + 'b')",
        "(2n ** 100000000n).toString()",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        "[3, 1, 2].sort(() => { while (true) {} })",
        "import crypto from 'node:crypto'; crypto.pbkdf2Sync('a', 'b', 1e9, 64, 'sha512')",
    ],
)
async def test_execution_timeout_holds_for(host: isolatejs.IsolateHost, code: str) -> None:
    async with host.create_runtime(memory_limit_mb=512) as runtime:
        started = time.monotonic()
        with pytest.raises(ExecutionTimeoutError, match="execution_timeout_ms=300") as caught:
            await runtime.eval(code, execution_timeout_ms=300)
        assert time.monotonic() - started < 3
        assert (caught.value.limit, caught.value.value, caught.value.runtime_id) == (
            "execution_timeout_ms",
            300,
            runtime.id,
        )


async def test_runtime_wide_timeout(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(execution_timeout_ms=100) as runtime:
        with pytest.raises(ExecutionTimeoutError):
            await runtime.eval("for (;;) {}")


@pytest.mark.parametrize(
    "code",
    [
        "const a = []; while (true) a.push(new Array(1000).fill(1.5))",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, {})",
        "const a = []; while (true) a.push(new Uint8Array(1 << 20).fill(1))",
        "const a = []; while (true) a.push(new Blob([new Uint8Array(1 << 20).fill(1)]))",
        "const a = []; while (true) a.push('x'.repeat(1 << 20) + a.length + Math.random()), JSON.stringify(a.at(-1))",
        "const m = new WebAssembly.Memory({initial: 1}); for (;;) { m.grow(16); new Uint8Array(m.buffer).fill(1) }",
        "const a = []; for (;;) { const b = new SharedArrayBuffer(1 << 20); new Uint8Array(b).fill(1); a.push(b) }",
    ],
)
async def test_memory_limit_holds_for(host: isolatejs.IsolateHost, code: str) -> None:
    async with host.create_runtime() as sibling, host.create_runtime(memory_limit_mb=64) as runtime:
        with pytest.raises(MemoryLimitError, match="memory_limit_mb=64"):
            await runtime.eval(code, execution_timeout_ms=20_000)
        assert await sibling.eval("1 + 1") == 2


async def test_crash_of_the_engine_is_a_typed_error(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as sibling, host.create_runtime() as runtime:
        waiting = asyncio.create_task(runtime.eval("await new Promise(() => {})"))
        await runtime.eval("1")
        # A sandbox is process 1 of its namespace: no other signal from outside ends it.
        os.kill(runtime._live.sandbox.pid, signal.SIGKILL)
        with pytest.raises(SandboxCrashedError) as caught:
            await waiting
        assert caught.value.signal == signal.SIGKILL
        assert await sibling.eval("2 + 2") == 4


async def test_dispose_says_why_and_can_be_repeated(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    await runtime.dispose(reason="lunch")
    await runtime.dispose()
    with pytest.raises(RuntimeDisposedError, match="lunch"):
        await runtime.eval("1")


async def test_dispose_fails_what_is_open(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    waiting = asyncio.create_task(runtime.eval("await new Promise(() => {})"))
    await asyncio.sleep(0)
    await runtime.dispose()
    with pytest.raises(RuntimeDisposedError):
        await waiting


async def test_closed_host_refuses() -> None:
    host = await isolatejs.create_isolate_host(pool_size=0)
    runtime = await host.create_runtime()
    await host.close()
    with pytest.raises(RuntimeDisposedError):
        await runtime.eval("1")
    with pytest.raises(RuntimeDisposedError, match="closed"):
        await host.create_runtime()
