"""A host without a wall as on Windows: engines on pipes instead of sockets, no FIFO, nothing that Unix has."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest

import isolatejs
from fakes.other_system import OtherSystem
from fakes.raw_guest import end_of, evaluate, raw_pool
from isolatejs.capabilities.files import bindings as files_bindings
from isolatejs.daemon import packets
from isolatejs.errors import (
    ConfigurationError,
    ConfinementError,
    DaemonError,
    GuestError,
    RuntimeDisposedError,
)
from isolatejs.host import namespaces
from isolatejs.sandbox import direct_client, pipe_relay
from isolatejs.sandbox import pool as pool_module

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs.sandbox.confinement import Confinement

BIG = bytes(range(256)) * (12 << 10)
"""3 MB: far more than pipes and sockets hold."""
WAIT_S = 20


@pytest.fixture(autouse=True, params=["unix sockets", "loopback TCP"])
def windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's name, and its only kind of socket pair."""
    for module in (pool_module, direct_client, files_bindings, namespaces, packets):
        monkeypatch.setattr(module, "sys", OtherSystem("win32"))
    if request.param == "loopback TCP":
        monkeypatch.setattr(pipe_relay, "socketpair", loopback_pair)


def loopback_pair() -> tuple[socket.socket, socket.socket]:
    """What socket.socketpair() gives on Windows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    return one, other


def relay_threads() -> list[str]:
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith(("isolatejs-in-", "isolatejs-out-", "isolatejs-watch-"))
    ]


async def wait_nothing_left(pid: int) -> None:
    """Wait until neither the process nor a thread of a relay is there."""
    async with asyncio.timeout(WAIT_S):
        while relay_threads() or os.path.exists(f"/proc/{pid}"):
            await asyncio.sleep(0.01)  # poll


async def test_a_program_runs_calls_tools_and_moves_big_bytes_both_ways() -> None:
    async with isolatejs.create_isolate_host(confinement="off", pool_size=1) as host:
        assert host.confinement["seccomp"].reason == "confinement is off"
        assert not host.confinement["memory watchdog"].held
        tools = {"double": lambda n: 2 * n, "echo": lambda data: bytes(data)}
        async with host.create_runtime(bindings={"tools": tools}) as runtime:
            assert await runtime.eval("await double(21)") == 42
            code = "const back = await echo(new Uint8Array(n).map((_, i) => i)); back"
            assert bytes(await runtime.eval(f"const n = {len(BIG)}; {code}")) == BIG
            with pytest.raises(GuestError, match="no more"):
                await runtime.eval("throw new Error('no more')")


async def test_disposing_and_closing_leave_nothing() -> None:
    host = await isolatejs.create_isolate_host(confinement="off", pool_size=0)
    directory = os.path.dirname(host._provider._client.place["image"])  # type: ignore[attr-defined]
    one = await host.create_runtime()
    other = await host.create_runtime()
    pids = [runtime._live.sandbox.pid for runtime in (one, other)]
    assert await one.eval("1") == 1
    await one.dispose()
    async with asyncio.timeout(WAIT_S):
        while os.path.exists(f"/proc/{pids[0]}"):
            await asyncio.sleep(0.01)  # poll
    running = asyncio.ensure_future(other.eval("for (;;);"))
    await asyncio.sleep(0)
    await host.close()
    with pytest.raises(RuntimeDisposedError):
        await running
    await wait_nothing_left(pids[1])
    assert not os.path.exists(directory)


async def test_a_time_limit_kills_the_process() -> None:
    async with isolatejs.create_isolate_host(confinement="off", pool_size=0) as host:
        runtime = await host.create_runtime(execution_timeout_ms=300)
        pid = runtime._live.sandbox.pid
        with pytest.raises(isolatejs.ExecutionTimeoutError):
            await runtime.eval("for (;;);")
        await wait_nothing_left(pid)
        await runtime.dispose()


async def test_a_kill_an_exit_and_a_crash_are_told_apart() -> None:
    async with raw_pool(confinement="off") as pool:
        for code, expected in (
            ("console.error('bye'); Deno.exit(4)", ("exited", 4, "bye\n")),
            ("Deno.exit(1)", ("exited", 1, "")),
        ):
            sandbox = await pool.lease(memory_limit_bytes=None)
            await evaluate(sandbox, code)
            report = await end_of(sandbox)
            assert (report.reason, report.exit_code, report.stderr_tail) == expected
            await sandbox.aclose()
        sandbox = await pool.lease(memory_limit_bytes=None)
        os.kill(sandbox.pid, signal.SIGABRT)
        assert (await end_of(sandbox)).reason == "crashed"
        await sandbox.aclose()
        sandbox = await pool.lease(memory_limit_bytes=None)
        assert await evaluate(sandbox, "6 * 7") == "42"
        sandbox.kill()
        assert (await end_of(sandbox)).reason == "killed"
        sandbox.kill()
        await sandbox.aclose()
        await wait_nothing_left(sandbox.pid)


async def test_closing_the_socket_ends_a_busy_process() -> None:
    async with raw_pool(confinement="off") as pool:
        sandbox = await pool.lease(memory_limit_bytes=None)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sandbox.channel_socket, b"for (;;);")
        sandbox.channel_socket.close()
        assert (await end_of(sandbox)).reason == "killed"
        await sandbox.aclose()
        await wait_nothing_left(sandbox.pid)


async def test_a_process_that_writes_into_a_full_socket_can_be_ended() -> None:
    async with raw_pool(confinement="off") as pool:
        sandbox = await pool.lease(memory_limit_bytes=None)
        loop = asyncio.get_running_loop()
        flood = "const b = new Uint8Array(1 << 20); for (;;) Deno.stdout.writeSync(b)"
        await loop.sock_sendall(sandbox.channel_socket, flood.encode())
        assert await loop.sock_recv(sandbox.channel_socket, 1)
        await sandbox.aclose()
        await wait_nothing_left(sandbox.pid)


async def test_a_one_shot_run_has_its_files_and_its_output() -> None:
    async with raw_pool(confinement="off") as pool:
        code = b"await Deno.stdout.write(new Uint8Array(3e6)); console.error('done')"
        run = await pool.run_engine(["run", "--no-config", "-q", "/work/a.js"], {"a.js": code}, WAIT_S, None)
        assert (len(run.stdout), run.stderr, run.exit_code) == (3_000_000, "done\n", 0)


async def test_an_engine_that_does_not_start_is_a_configuration_error(tmp_path: Path) -> None:
    engine = tmp_path / "deno"
    engine.write_text("no binary")
    async with raw_pool(confinement="off", engine=str(engine)) as pool:
        with pytest.raises(ConfigurationError, match="a sandbox cannot be started"):
            await pool.lease(memory_limit_bytes=None)


async def test_synchronous_calls_are_refused_and_asynchronous_ones_work() -> None:
    files = isolatejs.create_file_bindings(roots={"/": (isolatejs.MemoryFiles({"/a.txt": b"text"}), "rw")})
    async with (
        isolatejs.create_isolate_host(confinement="off", pool_size=0) as host,
        host.create_runtime(bindings={"files": files}) as runtime,
    ):
        read = "(await import('node:fs')).readFileSync('/a.txt', 'utf8')"
        with pytest.raises(GuestError, match="synchronous calls to the host need a FIFO") as caught:
            await runtime.eval(read)
        assert caught.value.name == "NotSupportedError"
        assert (
            await runtime.eval("await (await import('node:fs/promises')).readFile('/a.txt', 'utf8')")
            == "text"
        )


async def test_sessions_directories_and_the_daemon_say_what_they_need() -> None:
    async with isolatejs.create_isolate_host(confinement="off", pool_size=0) as host:
        with pytest.raises(ConfigurationError, match="Linux or macOS"):
            await host.get_namespaced_runtime("one")
    with pytest.raises(ConfigurationError, match="Linux or macOS"):
        isolatejs.create_file_bindings("/tmp")
    with pytest.raises(DaemonError, match="Linux"):
        await isolatejs.create_isolate_host(daemon={})


@pytest.mark.parametrize("mode", ["require", "best_effort"])
async def test_what_would_need_a_wall_is_refused(mode: Confinement) -> None:
    with pytest.raises(ConfinementError, match=r'(?s)WSL 2.*confinement="off"'):
        await isolatejs.create_isolate_host(confinement=mode)
