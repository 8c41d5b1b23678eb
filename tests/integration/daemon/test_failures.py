"""What fails in the daemon is told, logged, and leaves nothing; what nobody waits for any more ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from fakes.daemon_process import DaemonProcess, children_of, open_descriptors, running_daemon, wait_until
from isolatejs.daemon.connection import DaemonConnection
from isolatejs.daemon.operator import operate
from isolatejs.daemon.server import DaemonServer
from isolatejs.daemon.settings import DaemonSettings
from isolatejs.errors import DaemonError
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from isolatejs.sandbox.sandbox import Sandbox


async def wait_statistics(socket_path: str, **expected: int) -> None:
    """Wait until the daemon's counts are these."""
    async with operate(socket_path) as operator, asyncio.timeout(30):
        while not expected.items() <= (await operator.statistics()).items():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def connected(socket_path: str) -> AsyncIterator[DaemonConnection]:
    connection = await DaemonConnection.open(socket_path, 20)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def own_daemon() -> Iterator[DaemonProcess]:
    with running_daemon("--pool-size", "1") as daemon:
        yield daemon


async def test_a_sandbox_that_cannot_be_handed_over_ends(own_daemon: DaemonProcess) -> None:
    pid = own_daemon.process.pid
    async with connected(own_daemon.socket_path) as client:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        for more in range(2):  # it gives three descriptors away; the operator above may have one
            await wait_statistics(own_daemon.socket_path, pool_warm=1, connections=2)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_descriptors(pid) + more, hard))
            with pytest.raises(DaemonError, match="Too many open files"):
                await client.request("lease", memory_limit_bytes=None)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
            await wait_statistics(own_daemon.socket_path, leases=0, pool_alive=1, pool_warm=1)


def wait_for_a_warm_one(daemon: DaemonProcess) -> None:
    wait_until(lambda: sandboxes_of(daemon) == 1, "a sandbox is warm, and no other is there")


def sandboxes_of(daemon: DaemonProcess) -> int:
    return len(children_of(daemon.process.pid)) - 1  # the launcher


async def start_endless_run(client: DaemonConnection, daemon: DaemonProcess) -> asyncio.Task[object]:
    """An engine that runs for an hour, for a client that waits for it."""
    await asyncio.to_thread(wait_for_a_warm_one, daemon)
    run = asyncio.create_task(
        client.request(
            "run_engine", argv=["eval", "for(;;);"], files={}, timeout_s=3600, memory_limit_bytes=None
        )
    )
    await asyncio.to_thread(wait_until, lambda: sandboxes_of(daemon) == 2, "the engine runs")
    return run


async def test_a_run_of_the_engine_ends_with_its_client(own_daemon: DaemonProcess) -> None:
    async with connected(own_daemon.socket_path) as client:
        run = await start_endless_run(client, own_daemon)
    with pytest.raises(DaemonError):
        await run
    await asyncio.to_thread(wait_for_a_warm_one, own_daemon)


async def test_a_daemon_that_stops_waits_for_no_run_of_the_engine(own_daemon: DaemonProcess) -> None:
    async with connected(own_daemon.socket_path) as client:
        run = await start_endless_run(client, own_daemon)
        own_daemon.terminate()
        await asyncio.wait([client.lost], timeout=0.2)
        own_daemon.terminate()
        with pytest.raises(DaemonError, match="went away"):
            await run
    assert await asyncio.to_thread(own_daemon.wait) == 0


class BrokenPool(EmbeddedPool):
    """Has a mistake in it."""

    async def lease(self, *, memory_limit_bytes: int | None) -> Sandbox:
        raise ZeroDivisionError("internal detail")


async def test_a_mistake_in_the_daemon_is_answered_and_logged(
    socket_path: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(socket_path)
    listener.listen()
    server = DaemonServer(listener, BrokenPool(pool_size=0), DaemonSettings(socket_path=socket_path))
    serving = asyncio.create_task(server.run())
    with caplog.at_level(logging.ERROR, "isolatejs.daemon"):
        async with connected(socket_path) as client, asyncio.timeout(20):
            with pytest.raises(DaemonError, match="the daemon failed: ZeroDivisionError"):
                await client.request("lease", memory_limit_bytes=None)
            await client.request("statistics")
    assert "internal detail" in caplog.text
    server.stop()
    await serving
