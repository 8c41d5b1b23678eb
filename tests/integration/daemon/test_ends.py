"""How daemons and clients end, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

import isolatejs
from fakes.daemon_process import (
    DaemonProcess,
    children_of,
    is_alive,
    open_descriptors,
    running_daemon,
    wait_until,
)
from isolatejs import DaemonError, RuntimeDisposedError
from isolatejs.daemon.operator import operate

CLIENT = """
import asyncio, sys, isolatejs
async def main():
    async with isolatejs.create_isolate_host(daemon={"socket_path": sys.argv[1], "auto_start": False}) as host:
        session = await host.get_namespaced_runtime("held by the dead")
        runtime = await host.create_runtime()
        await session.eval("1"), await runtime.eval("1")
        print("ready", flush=True)
        await runtime.eval("for (;;) {}")
asyncio.run(main())
"""


async def wait_statistics(socket_path: str, **expected: int) -> None:
    """Wait until the daemon's counts are these."""
    async with operate(socket_path) as operator:
        async with asyncio.timeout(30):
            while True:
                statistics = await operator.statistics()
                if all(statistics[name] == count for name, count in expected.items()):
                    return
                await asyncio.sleep(0.01)


async def test_a_killed_client_leaves_nothing(daemon: DaemonProcess, first: isolatejs.IsolateHost) -> None:
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, daemon.socket_path, stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    assert await client.stdout.readline() == b"ready\n"
    async with operate(daemon.socket_path) as operator:
        rows = [row for row in (await operator.list())["sandboxes"] if row["client"] == client.pid]
    assert len(rows) == 2
    with pytest.raises(isolatejs.NamespaceBusyError, match=f"process {client.pid}"):
        await first.get_namespaced_runtime("held by the dead")
    client.kill()
    await client.communicate()
    await wait_statistics(daemon.socket_path, leases=0, namespaces=0)
    for row in rows:
        await asyncio.to_thread(wait_until, lambda row=row: not is_alive(row["pid"]), "its sandbox is gone")
    async with first.get_namespaced_runtime("held by the dead") as session:
        assert await session.eval("2") == 2
    await first.dispose_namespace("held by the dead")


async def test_a_killed_daemon_takes_its_sandboxes_along() -> None:
    with running_daemon("--pool-size", "1") as daemon:
        options = {**daemon.options, "auto_start": True}
        async with isolatejs.create_isolate_host(daemon=options) as host:
            runtime = await host.create_runtime()
            session = await host.get_namespaced_runtime("lost")
            idle = await host.create_runtime()
            await session.eval("1"), await idle.eval("1")
            below = children_of(daemon.process.pid)
            assert len(below) >= 4
            waiting = asyncio.create_task(runtime.eval("await new Promise(() => {})"))
            await runtime.eval("0")
            daemon.kill()
            with pytest.raises(DaemonError, match="went away"):
                await waiting
            with pytest.raises((DaemonError, RuntimeDisposedError), match="went away"):
                await session.eval("1")
            for pid in below:
                await asyncio.to_thread(wait_until, lambda pid=pid: not is_alive(pid), "the sandbox is gone")
            # The next call starts another daemon, and names are free there.
            async with host.get_namespaced_runtime("lost") as again, host.create_runtime() as other:
                assert await again.eval("typeof kept") == "undefined"
                assert await other.eval("7") == 7
            pid = (await host.diagnostics())["daemon"]["pid"]
            assert pid != daemon.process.pid
            await idle.dispose()
        os.kill(pid, signal.SIGINT)
        await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the second daemon is gone")


async def test_without_auto_start_a_lost_daemon_stays_lost() -> None:
    with running_daemon("--pool-size", "0") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            daemon.kill()
            with pytest.raises(DaemonError, match="auto_start is off"):
                await host.create_runtime()
            with pytest.raises(DaemonError, match="auto_start is off"):
                await host.dispose_namespace("any")


async def test_sigterm_lets_an_open_lease_finish() -> None:
    with running_daemon("--pool-size", "0") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            runtime = await host.create_runtime(bindings={"tools": {"double": lambda x: 2 * x}})
            assert await runtime.eval("await double(2)") == 4
            daemon.terminate()
            await asyncio.to_thread(
                wait_until, lambda: not os.path.exists(daemon.socket_path), "it no longer listens"
            )
            assert await runtime.eval("await double(3)") == 6
            with pytest.raises(DaemonError, match="auto_start is off"):
                await host.create_runtime()
            assert await runtime.eval("await double(4)") == 8
            await runtime.dispose()
            assert await asyncio.to_thread(daemon.wait) == 0


async def test_a_draining_daemon_makes_room_for_the_next() -> None:
    with running_daemon("--pool-size", "0") as daemon:
        options = {**daemon.options, "auto_start": True}
        async with isolatejs.create_isolate_host(daemon=options) as host:
            runtime = await host.create_runtime()
            assert await runtime.eval("1") == 1
            daemon.terminate()
            await asyncio.to_thread(
                wait_until, lambda: not os.path.exists(daemon.socket_path), "it no longer listens"
            )
            async with host.create_runtime() as other:
                assert await other.eval("2") == 2
                assert (await host.diagnostics())["daemon"]["pid"] != daemon.process.pid
                assert await runtime.eval("3") == 3
            await runtime.dispose()
            assert await asyncio.to_thread(daemon.wait) == 0
            pid = (await host.diagnostics())["daemon"]["pid"]
        os.kill(pid, signal.SIGINT)
        await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the second daemon is gone")


async def test_a_second_sigterm_ends_at_once() -> None:
    with running_daemon("--pool-size", "0") as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            runtime = await host.create_runtime()
            assert await runtime.eval("1") == 1
            daemon.terminate()
            await asyncio.to_thread(
                wait_until, lambda: not os.path.exists(daemon.socket_path), "it no longer listens"
            )
            daemon.terminate()
            assert await asyncio.to_thread(daemon.wait) == 0
            with pytest.raises((DaemonError, RuntimeDisposedError)):
                await runtime.eval("2")


async def test_idle_exit_waits_for_clients_and_sessions() -> None:
    with running_daemon("--pool-size", "0", "--idle-exit-ms", "100", "--session-idle-ms", "600") as daemon:
        host = await isolatejs.create_isolate_host(daemon=daemon.options)
        async with host.get_namespaced_runtime("parked") as session:
            await session.eval("1")
        await host.close()
        # Nobody is connected, but a session is kept until its time is over.
        async with operate(daemon.socket_path) as operator:
            assert (await operator.statistics())["namespaces_parked"] == 1
        assert await asyncio.to_thread(daemon.wait) == 0


async def test_nothing_leaks(daemon: DaemonProcess) -> None:
    async def work(host: isolatejs.IsolateHost, rounds: int) -> None:
        for number in range(rounds):
            async with host.create_runtime(bindings={"tools": {"f": lambda: 1}}) as runtime:
                await runtime.eval("await f()")
            async with host.get_namespaced_runtime("leak") as session:
                await session.eval(f"globalThis.n = {number}")
            cancelled = asyncio.create_task(open_session(host, "leak"))
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            lease = asyncio.create_task(open_runtime(host))
            await asyncio.sleep(0)
            lease.cancel()
            await asyncio.gather(lease, return_exceptions=True)
        async with host.get_namespaced_runtime("leak") as session:
            assert await session.eval("n") == rounds - 1
        await host.dispose_namespace("leak")

    async def open_session(host: isolatejs.IsolateHost, key: str) -> Any:
        return await host.get_namespaced_runtime(key)

    async def open_runtime(host: isolatejs.IsolateHost) -> Any:
        return await host.create_runtime()

    async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
        await work(host, 2)
        await wait_statistics(daemon.socket_path, leases=0, namespaces=0, pool_warm=1, pool_alive=1)
        ours, theirs = open_descriptors(), open_descriptors(daemon.process.pid)
        await work(host, 8)
        await wait_statistics(daemon.socket_path, leases=0, namespaces=0, pool_warm=1, pool_alive=1)
        assert open_descriptors() <= ours
        pid = daemon.process.pid  # it may not have noticed yet that the operator is gone
        await asyncio.to_thread(wait_until, lambda: open_descriptors(pid) <= theirs, "no more descriptors")
