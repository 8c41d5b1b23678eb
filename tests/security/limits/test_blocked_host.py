"""Time limits hold while the host's event loop stands: the launcher keeps them. And what runs by itself has one."""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

import isolatejs
from fakes.daemon_process import running_daemon
from isolatejs import ExecutionTimeoutError

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime

BLOCKED_S = 10
LIMIT_MS = 500
LOOP = "for (;;);"


@pytest.fixture(scope="module", params=["embedded", "daemon"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[isolatejs.IsolateHost]:
    if request.param == "embedded":
        async with isolatejs.create_isolate_host(pool_size=1) as host:
            yield host
        return
    with running_daemon() as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            yield host


class Watch:
    """Sees a process end from a thread that needs no event loop."""

    def __init__(self, live: LiveRuntime) -> None:
        self._pidfd = os.pidfd_open(live.sandbox.pid)
        self._gone_at: float | None = None
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        gone = select.poll()
        gone.register(self._pidfd, select.POLLIN)
        if gone.poll((BLOCKED_S + 5) * 1000):
            self._gone_at = time.monotonic()
        os.close(self._pidfd)

    def gone_at(self) -> float:
        """When it ended; infinity when it did not."""
        self._thread.join()
        return float("inf") if self._gone_at is None else self._gone_at


@pytest.mark.parametrize("code", [LOOP, "await new Promise(() => {})"])
async def test_a_neighbours_limit_is_kept_while_the_loop_stands(
    host: isolatejs.IsolateHost, code: str
) -> None:
    async with host.create_runtime() as neighbour:
        await neighbour.eval("1")
        running = asyncio.create_task(neighbour.eval(code, execution_timeout_ms=LIMIT_MS))
        await asyncio.sleep(0)
        began = time.monotonic()
        watch = Watch(neighbour._live)
        await asyncio.sleep(0.02)  # poll: what was sent has left this process
        time.sleep(BLOCKED_S)  # noqa: ASYNC251 - the loop stands
        freed = time.monotonic()
        with pytest.raises(ExecutionTimeoutError, match=f"execution_timeout_ms={LIMIT_MS}"):
            await running
        assert watch.gone_at() < freed - BLOCKED_S / 2
        assert watch.gone_at() > began + LIMIT_MS / 1000 - 0.05


async def test_a_function_of_the_program_too(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(execution_timeout_ms=LIMIT_MS) as neighbour:
        called = await neighbour.eval(f"(() => {{ {LOOP} }})", execution_timeout_ms=30_000)
        running = asyncio.create_task(called())
        await asyncio.sleep(0)
        watch = Watch(neighbour._live)
        await asyncio.sleep(0.02)  # poll: what was sent has left this process
        time.sleep(BLOCKED_S)  # noqa: ASYNC251 - the loop stands
        freed = time.monotonic()
        with pytest.raises(ExecutionTimeoutError, match=f"execution_timeout_ms={LIMIT_MS}"):
            await running
        assert watch.gone_at() < freed - BLOCKED_S / 2


async def test_an_answer_that_came_in_time_counts(host: isolatejs.IsolateHost) -> None:
    """The host reads it late; that is not the program's doing."""
    async with host.create_runtime() as neighbour:
        await neighbour.eval("1")
        running = asyncio.create_task(neighbour.eval("6 * 7", execution_timeout_ms=2_000))
        await asyncio.sleep(0)
        time.sleep(4)  # noqa: ASYNC251 - the loop stands
        assert await running == 42
        assert await neighbour.eval("1 + 1") == 2


async def test_an_answer_that_waits_excuses_no_loop(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as neighbour:
        await neighbour.eval("1")
        code = f"setTimeout(() => {{ {LOOP} }}, 1); 5"
        running = asyncio.create_task(neighbour.eval(code, execution_timeout_ms=LIMIT_MS))
        await asyncio.sleep(0)
        watch = Watch(neighbour._live)
        time.sleep(BLOCKED_S)  # noqa: ASYNC251 - the loop stands
        freed = time.monotonic()
        await asyncio.gather(running, return_exceptions=True)
        assert watch.gone_at() < freed - BLOCKED_S / 4


async def test_a_run_of_the_engine_is_limited_by_the_launcher(host: isolatejs.IsolateHost) -> None:
    with pytest.raises(TimeoutError):
        await host._provider.run_engine(["eval", LOOP], {}, 0.5, None)


@pytest.mark.parametrize(
    "code",
    [
        f"setTimeout(() => {{ {LOOP} }}, 50); 1",
        "const again = () => { const end = Date.now() + 20; while (Date.now() < end); setTimeout(again, 0) }; again(); 1",
    ],
)
async def test_a_program_that_is_busy_by_itself_has_the_limit_too(
    host: isolatejs.IsolateHost, code: str
) -> None:
    """Nobody waits for it: timers that never end, or that leave no pause."""
    async with host.create_runtime(execution_timeout_ms=1_000) as runtime:
        await runtime.eval(code, execution_timeout_ms=30_000)
        async with asyncio.timeout(60):
            await asyncio.wait([runtime._live.sandbox.exited])
        with pytest.raises(isolatejs.RuntimeDisposedError, match="execution_timeout_ms=1000"):
            await runtime.eval("1")


async def test_a_program_that_rests_between_its_timers_lives(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(execution_timeout_ms=300) as runtime:
        code = "globalThis.n = 0; setInterval(() => { const end = Date.now() + 5; while (Date.now() < end); n++ }, 50); 1"
        await runtime.eval(code, execution_timeout_ms=30_000)
        await asyncio.sleep(4)  # poll: many times its limit
        assert await runtime.eval("n", execution_timeout_ms=30_000) > 5


async def test_a_session_that_is_put_aside_keeps_no_deadline(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime(key="aside", execution_timeout_ms=LIMIT_MS)
    await session.eval("globalThis.kept = 5", execution_timeout_ms=30_000)
    await session.dispose()
    async with host.create_runtime() as other:  # its deadlines may get the same place on the board
        with pytest.raises(ExecutionTimeoutError):
            await other.eval(LOOP, execution_timeout_ms=LIMIT_MS)
    session = await host.get_namespaced_runtime(key="aside")
    assert await session.eval("kept") == 5
    await session.dispose(hard=True)
