"""Sessions that go from one client of a daemon to another, and the limits of what waits there."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import pytest

import isolatejs
from fakes.daemon_process import DaemonProcess, running_daemon
from isolatejs import DaemonError, GuestError, NamespaceBusyError, RuntimeDisposedError
from isolatejs.daemon.operator import operate

NEIGHBOUR = """
import asyncio, sys, isolatejs
async def main():
    async with isolatejs.create_isolate_host(daemon={"socket_path": sys.argv[1], "auto_start": False}) as host:
        async with host.get_namespaced_runtime("shared", bindings={"tools": {"theirs": lambda: "b"}}) as session:
            print(await session.eval("count += 1; [count, typeof ours, await theirs()].join()"))
asyncio.run(main())
"""


async def test_state_goes_to_another_process_and_back(
    daemon: DaemonProcess, first: isolatejs.IsolateHost
) -> None:
    async with first.get_namespaced_runtime("shared", bindings={"tools": {"ours": lambda: "a"}}) as session:
        await session.eval("globalThis.count = 1; globalThis.stale = ours; 0")
    neighbour = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NEIGHBOUR, daemon.socket_path, stdout=subprocess.PIPE
    )
    output, _ = await neighbour.communicate()
    assert output == b"2,undefined,b\n"
    async with first.get_namespaced_runtime("shared", bindings={"tools": {"ours": lambda: "c"}}) as session:
        assert await session.eval("[count, typeof theirs, await ours()].join()") == "2,undefined,c"
    assert await first.dispose_namespace("shared")


async def test_busy_names_key_and_holder(first: isolatejs.IsolateHost, second: isolatejs.IsolateHost) -> None:
    async with first.get_namespaced_runtime("mine") as held:
        await held.eval("0")
        with pytest.raises(NamespaceBusyError, match=r"'mine' is in use by .*process \d+") as caught:
            await second.get_namespaced_runtime("mine")
        assert caught.value.key == "mine"
        assert caught.value.holder is not None
        assert re.fullmatch(r"(rt_\w+ of )?process \d+", caught.value.holder)
    async with second.get_namespaced_runtime("mine"):
        pass
    assert await second.dispose_namespace("mine")
    assert not await first.dispose_namespace("mine")


async def test_dispose_from_another_client(
    first: isolatejs.IsolateHost, second: isolatejs.IsolateHost
) -> None:
    session = await first.get_namespaced_runtime("theirs")
    running = asyncio.create_task(session.eval("await new Promise(() => {})"))
    await session.eval("0")
    assert await second.dispose_namespace("theirs", reason="spring cleaning")
    with pytest.raises(RuntimeDisposedError, match="'theirs' has been disposed: spring cleaning"):
        await running
    async with second.get_namespaced_runtime("theirs") as fresh:
        assert await fresh.eval("1") == 1
    await session.dispose()
    assert await second.dispose_namespace("theirs")


async def test_a_parked_session_that_is_killed_is_new_next_time(
    daemon: DaemonProcess, first: isolatejs.IsolateHost
) -> None:
    async with first.get_namespaced_runtime("victim") as session:
        await session.eval("globalThis.kept = 1; 0")
    async with operate(daemon.socket_path) as operator:
        (row,) = [row for row in (await operator.list())["namespaces"] if row["key"] == "victim"]
        assert row["state"] == "parked"
        assert await operator.kill_sandbox(row["sandbox"])
        assert not await operator.kill_sandbox(row["sandbox"])
    async with first.get_namespaced_runtime("victim") as session:
        assert await session.eval("typeof kept") == "undefined"
    await first.dispose_namespace("victim")


async def test_a_program_that_kills_itself_frees_its_name(
    first: isolatejs.IsolateHost, second: isolatejs.IsolateHost
) -> None:
    session = await first.get_namespaced_runtime("dies", execution_timeout_ms=50)
    with pytest.raises(isolatejs.ExecutionTimeoutError):
        await session.eval("for (;;) {}")
    async with first.get_namespaced_runtime("dies") as fresh:
        assert await fresh.eval("1") == 1
    async with second.get_namespaced_runtime("dies") as again:
        assert await again.eval("2") == 2
    await second.dispose_namespace("dies")


async def test_nested_sessions_do_not_outlive_their_host(daemon: DaemonProcess) -> None:
    host = await isolatejs.create_isolate_host(daemon=daemon.options)
    async with host.get_namespaced_runtime("nested:rt_1:key") as session, host.get_namespaced_runtime("own"):
        await session.eval("1")
    assert sorted(await parked(daemon)) == ["nested:rt_1:key", "own"]
    await host.close()
    async with asyncio.timeout(20):
        while await parked(daemon) != ["own"]:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    async with isolatejs.create_isolate_host(daemon=daemon.options) as other:
        assert await other.dispose_namespace("own")


async def test_many_clients_want_one_name(daemon: DaemonProcess) -> None:
    async def want(host: isolatejs.IsolateHost) -> int:
        try:
            async with host.get_namespaced_runtime("wanted") as session:
                return int(await session.eval("globalThis.n = (globalThis.n ?? 0) + 1; n"))
        except NamespaceBusyError:
            return 0

    hosts = [await isolatejs.create_isolate_host(daemon=daemon.options) for _ in range(6)]
    counts = [n for _ in range(3) for n in await asyncio.gather(*(want(host) for host in hosts))]
    won = sorted(n for n in counts if n)
    assert won == list(range(1, len(won) + 1))
    assert len(won) >= 3
    await hosts[0].dispose_namespace("wanted")
    for host in hosts:
        await host.close()


async def keep(host: isolatejs.IsolateHost, key: str, code: str = "0") -> None:
    async with host.get_namespaced_runtime(key) as session:
        await session.eval(f"globalThis.name_ = '{key}'; {code}")


async def parked(daemon: DaemonProcess) -> list[str]:
    async with operate(daemon.socket_path) as operator:
        return [row["key"] for row in (await operator.list())["namespaces"]]


async def test_count_of_parked_sessions_is_limited() -> None:
    with running_daemon("--pool-size", "0", "--max-sessions", "2") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            for key in "abc":
                await keep(host, key)
            assert await parked(daemon) == ["b", "c"]
            assert (await host.diagnostics())["daemon"]["namespaces_evicted_total"] == 1


async def test_memory_of_parked_sessions_is_limited() -> None:
    with running_daemon("--pool-size", "0", "--session-memory", "110") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            fill = "globalThis.bytes = new Uint8Array(40 << 20).fill(1); 0"
            await keep(host, "oldest", fill)
            await keep(host, "small")
            await keep(host, "big", fill)
            assert await parked(daemon) == ["small", "big"]


async def test_time_of_parked_sessions_is_limited_though_nobody_comes() -> None:
    with running_daemon("--pool-size", "0", "--session-idle-ms", "300") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            await keep(host, "a")
            async with asyncio.timeout(20):
                while await parked(daemon):  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.02)
            assert (await host.diagnostics())["daemon"]["leases"] == 0


async def test_leases_and_memory_are_limited() -> None:
    with running_daemon("--pool-size", "0", "--max-isolates", "2", "--memory-limit", "64") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            with pytest.raises(isolatejs.ConfigurationError, match="at most 64 MB"):
                await host.create_runtime(memory_limit_mb=65)
            async with (
                host.create_runtime(memory_limit_mb=64),
                host.create_runtime(memory_limit_mb=64) as two,
            ):
                with pytest.raises(isolatejs.QuotaExceededError, match="leases 2 sandboxes already"):
                    await host.create_runtime(memory_limit_mb=64)
                assert await two.eval("1") == 1
            with pytest.raises(isolatejs.MemoryLimitError):
                async with host.create_runtime(memory_limit_mb=64) as runtime:
                    await runtime.eval("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))")


async def test_typechecks_make_do_with_the_memory_that_a_daemon_gives() -> None:
    with running_daemon("--pool-size", "0", "--memory-limit", "400") as daemon:
        async with (
            isolatejs.create_isolate_host(daemon=daemon.options) as host,
            host.create_runtime(typecheck=True) as runtime,
        ):
            assert await runtime.eval("const n: number = 3; n") == 3
            with pytest.raises(isolatejs.TypecheckError, match="not assignable"):
                await runtime.eval("const n: string = 3;")


async def test_typechecks_run_in_the_daemon(first: isolatejs.IsolateHost) -> None:
    async with first.create_runtime(typecheck=True) as runtime:
        assert await runtime.eval("const n: number = 1; n") == 1
        with pytest.raises((isolatejs.TypecheckError, GuestError, DaemonError), match="number"):
            await runtime.eval("const n: number = 'a'; n")
