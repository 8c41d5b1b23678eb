"""Sessions that survive their handles: state, bindings, who may hold them, and how they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import isolatejs
from isolatejs import GuestError, NamespaceBusyError, RuntimeDisposedError
from isolatejs.sandbox.parked import ParkingLimits


async def test_state_survives_and_bindings_change(host: isolatejs.IsolateHost) -> None:
    first = await host.get_namespaced_runtime(
        "state", bindings={"tools": {"old": lambda: 1, "both": lambda: "a"}}
    )
    await first.eval("globalThis.count = 1; globalThis.kept = new Map([['x', 1]]); globalThis.oldOne = old;")
    await first.dispose()
    second = await host.get_namespaced_runtime(
        "state", bindings={"tools": {"new_one": lambda: 2, "both": lambda: "b"}}
    )
    try:
        assert await second.eval("[count, kept.get('x'), typeof old, await new_one(), await both()]") == [
            1,
            1,
            "undefined",
            2,
            "b",
        ]
        with pytest.raises(GuestError, match="no tool old"):
            await second.eval("await oldOne()")
    finally:
        await second.dispose(hard=True)


async def test_paths_start_at_the_working_directory_of_each_acquire(host: isolatejs.IsolateHost) -> None:
    for cwd in ("/a", "/b", "/"):
        session = await host.get_namespaced_runtime("moving", cwd=cwd)
        assert await session.eval("path.resolve('x')") == f"{cwd.rstrip('/')}/x"
        await session.dispose(hard=cwd == "/")


async def test_handles_that_are_given_up_at_once_leave_no_trace(host: isolatejs.IsolateHost) -> None:
    """A handle may be disposed before its grants are installed; the next one's are, before its first program."""
    for number in range(25):
        async with host.get_namespaced_runtime("hasty"):
            pass
        name = f"tool_{number}"
        tools = {name: lambda number=number: number}
        async with host.get_namespaced_runtime("hasty", bindings={"tools": tools}) as session:
            told = await session.eval(f"[await {name}(), typeof tool_{number - 1 if number else 99}]")
            assert told == [number, "undefined"]
    await host.dispose_namespace("hasty")


async def test_one_live_handle_per_key(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("busy") as held:
        with pytest.raises(NamespaceBusyError, match="'busy' is in use by") as caught:
            await host.get_namespaced_runtime("busy")
        assert caught.value.key == "busy"
        assert caught.value.holder == held.id
    async with host.get_namespaced_runtime("busy"):
        pass
    assert await host.dispose_namespace("busy")
    assert not await host.dispose_namespace("busy")


async def test_the_disposed_handle_is_unusable(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime("handle")
    await session.dispose()
    await session.dispose()
    with pytest.raises(RuntimeDisposedError):
        await session.eval("1")
    await host.dispose_namespace("handle")


async def test_timers_wait_while_the_session_is_aside(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("timers") as session:
        await session.eval("globalThis.ticks = 0; setInterval(() => ticks++, 5); 0")
    await asyncio.sleep(0.2)  # the session must have had time to tick, had it run
    async with host.get_namespaced_runtime("timers") as session:
        # Stopped for 200 ms: had it run on, it would have ticked some 40 times.
        assert await session.eval("ticks") < 20
        before = await session.eval("ticks")
        await session.eval("await new Promise((resolve) => setTimeout(resolve, 50))")
        assert await session.eval("ticks") > before
    await host.dispose_namespace("timers")


async def test_calls_open_at_dispose_fail_in_the_program(host: isolatejs.IsolateHost) -> None:
    entered = asyncio.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.Event().wait()

    async with host.get_namespaced_runtime("calls", bindings={"tools": {"wait": wait}}) as session:
        await session.eval("globalThis.outcome = 'open'; wait().catch((e) => { outcome = e.name }); 0")
        await entered.wait()
    async with host.get_namespaced_runtime("calls") as session:
        assert await session.eval("outcome") == "AbortError"
    await host.dispose_namespace("calls")


async def test_cancelled_opening_and_disposing_lose_nothing(host: isolatejs.IsolateHost) -> None:
    async def work() -> None:
        async with host.get_namespaced_runtime("cancelled"):
            pass

    async with host.get_namespaced_runtime("cancelled") as session:
        await session.eval("globalThis.kept = 1")
    for steps in range(24):
        working = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        async with asyncio.timeout(30):  # a dispose that was cancelled goes on for a moment
            while True:
                try:
                    async with host.get_namespaced_runtime("cancelled") as session:
                        assert await session.eval("kept") == 1
                    break
                except NamespaceBusyError:
                    await asyncio.sleep(0.001)
    assert await host.dispose_namespace("cancelled")


async def test_dispose_while_executing_ends_the_session(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime("executing")
    running = asyncio.create_task(session.eval("globalThis.here = 1; await new Promise(() => {})"))
    await session.eval("0")
    await session.dispose()
    with pytest.raises(RuntimeDisposedError):
        await running
    async with host.get_namespaced_runtime("executing") as fresh:
        assert await fresh.eval("typeof here") == "undefined"
    await host.dispose_namespace("executing")


async def test_a_session_that_dies_frees_its_name(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime("dies", execution_timeout_ms=50)
    with pytest.raises(isolatejs.ExecutionTimeoutError):
        await session.eval("for (;;) {}")
    async with host.get_namespaced_runtime("dies") as fresh:
        assert await fresh.eval("1") == 1
    await host.dispose_namespace("dies")


async def test_dispose_namespace_ends_a_held_session(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime("held")
    assert await host.dispose_namespace("held", reason="cleaning")
    with pytest.raises(RuntimeDisposedError, match="cleaning"):
        await session.eval("1")


async def test_run_tests_resets_registration(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("tests") as session:
        await session.eval("globalThis.value = 3")
        events: list[str] = []
        off = session.test.on_event(lambda event: events.append(event.type))
        first = await session.run_tests("test('one', () => expect(value).toBe(3))")
        second = await session.run_tests("test('two', () => expect(value).toBe(4))")
        off()
        assert (first.success, [t.name for t in first.tests]) == (True, ["one"])
        assert (second.success, [t.name for t in second.tests]) == (False, ["two"])
        assert events[0] == "runStart"
        assert events[-1] == "runEnd"
    await host.dispose_namespace("tests")


@pytest.mark.parametrize("key", ["", "x" * 300, "a\0b", 5])
async def test_bad_keys_are_refused(host: isolatejs.IsolateHost, key: object) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="key"):
        await host.get_namespaced_runtime(key)  # type: ignore[arg-type]


async def test_oldest_session_makes_room() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as own:
        own._namespaces._limits = ParkingLimits(count=2)  # type: ignore[attr-defined]
        for key in ("a", "b", "c"):
            async with own.get_namespaced_runtime(key) as session:
                await session.eval(f"globalThis.name_ = '{key}'")
        assert [entry["key"] for entry in (await own.diagnostics())["namespaces"]] == ["b", "c"]
        async with own.get_namespaced_runtime("a") as session:
            assert await session.eval("typeof name_") == "undefined"


async def test_sessions_end_when_their_time_is_over_though_nobody_comes() -> None:
    async with isolatejs.create_isolate_host(pool_size=0, daemon=False) as own:
        own._namespaces._limits = ParkingLimits(idle_ms=200)  # type: ignore[attr-defined]
        async with own.get_namespaced_runtime("a") as session:
            await session.eval("1")
        async with asyncio.timeout(20):
            while (await own.diagnostics())["namespaces"]:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)


async def test_the_oldest_end_when_memory_runs_out() -> None:
    async with isolatejs.create_isolate_host(pool_size=0, daemon=False) as own:
        own._namespaces._limits = ParkingLimits(memory_bytes=110 << 20)  # type: ignore[attr-defined]
        for key, megabytes in (("oldest", 40), ("small", 0), ("big", 40)):
            async with own.get_namespaced_runtime(key) as session:
                await session.eval(f"globalThis.bytes = new Uint8Array({megabytes} << 20).fill(1); 0")
        assert [entry["key"] for entry in (await own.diagnostics())["namespaces"]] == ["small", "big"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cwd": "relative"},
        {"memory_limit_mb": 1},
        {"execution_timeout_ms": -1},
        {"bindings": {"tools": {"a": 3}}},
        {"bindings": {"fetch": 3}},
    ],
)
async def test_wrong_options_leave_the_session_as_it_was(
    host: isolatejs.IsolateHost, wrong: dict[str, Any]
) -> None:
    async with host.get_namespaced_runtime("wrong options") as session:
        await session.eval("globalThis.kept = 7")
    with pytest.raises(isolatejs.ConfigurationError):
        await host.get_namespaced_runtime("wrong options", **wrong)
    async with host.get_namespaced_runtime("wrong options") as session:
        assert await session.eval("kept") == 7
    assert await host.dispose_namespace("wrong options")


async def test_a_session_disposed_while_it_is_opened_does_not_stay() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        opening = asyncio.create_task(host.get_namespaced_runtime("doomed").__aenter__())
        while not (await host.diagnostics())["namespaces"]:
            await asyncio.sleep(0)  # poll
        assert await host.dispose_namespace("doomed", reason="not wanted")
        session = await opening
        with pytest.raises(RuntimeDisposedError, match="not wanted"):
            await session.eval("1")
        await session.dispose()
        assert (await host.diagnostics())["namespaces"] == []
        async with host.get_namespaced_runtime("doomed") as again:
            assert await again.eval("1") == 1
