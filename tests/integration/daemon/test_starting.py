"""Who starts a daemon, when, and what happens when that cannot be done."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import isolatejs
from fakes.daemon_process import DaemonProcess, is_alive, wait_until
from isolatejs import DaemonError
from isolatejs.daemon import packets
from isolatejs.daemon.operator import operate


async def stop(socket_path: str) -> None:
    """End what was started by itself."""
    async with operate(socket_path) as operator:
        pid = (await operator.statistics())["pid"]
        os.kill(pid, signal.SIGINT)
        await operator.wait_ended()
    await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the daemon is gone")


def exists(path: str) -> bool:
    return Path(path).exists()


def read(path: str) -> str:
    return Path(path).read_text()


def write(path: str, text: str) -> None:
    Path(path).write_text(text)


RACER = """
import asyncio, sys, isolatejs
async def one():
    async with isolatejs.create_isolate_host(daemon={"socket_path": sys.argv[1]}) as host:
        return (await host.diagnostics())["daemon"]["pid"]
async def main():
    print(*await asyncio.gather(*(one() for _ in range(7))))
asyncio.run(main())
"""


async def test_twenty_racing_clients_start_one_daemon(socket_path: str) -> None:
    racers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", RACER, socket_path, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    outputs = [(await racer.communicate())[0] for racer in racers]
    pids = [pid for output in outputs for pid in output.split()]
    assert len(pids) == 21
    assert len(set(pids)) == 1
    assert os.stat(socket_path).st_mode & 0o777 == 0o600
    await stop(socket_path)
    assert not exists(socket_path)


async def test_a_live_daemon_is_never_replaced(daemon: DaemonProcess) -> None:
    before = os.stat(daemon.socket_path)
    command = [sys.executable, "-m", "isolatejs.cli.daemon_command", "--socket", daemon.socket_path]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "another daemon serves at" in done.stderr
    after = os.stat(daemon.socket_path)
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)
    async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
        assert (await host.diagnostics())["daemon"]["pid"] == daemon.process.pid


async def test_a_stale_socket_is_cleared(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(socket_path)
    options = {"socket_path": socket_path}
    async with isolatejs.create_isolate_host(daemon=options) as host, host.create_runtime() as runtime:
        assert await runtime.eval("6 * 7") == 42
    await stop(socket_path)


async def test_a_file_in_the_sockets_place_stays(socket_path: str) -> None:
    write(socket_path, "mine")
    with pytest.raises(DaemonError, match="is no socket"):
        await isolatejs.create_isolate_host(daemon={"socket_path": socket_path})
    assert read(socket_path) == "mine"


async def test_without_auto_start_nothing_is_started(socket_path: str) -> None:
    with pytest.raises(DaemonError, match="auto_start is off"):
        await isolatejs.create_isolate_host(daemon={"socket_path": socket_path, "auto_start": False})
    assert os.listdir(os.path.dirname(socket_path)) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"entrypoint": "isolate-daemon-that-is-not-there"},
            "isolate-daemon-that-is-not-there: No such file",
        ),
        ({"entrypoint": ["false"]}, "ended with status 1"),
        ({"cwd": "/there/is/no/such/place"}, "/there/is/no/such/place: No such file"),
        (
            {"entrypoint": [sys.executable, "-c", "import time; time.sleep(60)"], "timeout_ms": 200},
            "within 0.2 s",
        ),
    ],
)
async def test_a_daemon_that_does_not_come_is_a_clear_error(
    socket_path: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DaemonError, match=message):
        await isolatejs.create_isolate_host(daemon={"socket_path": socket_path, **options})


async def test_entrypoint_and_cwd(socket_path: str) -> None:
    directory = socket_path.rpartition("/")[0]
    program = (
        "import os, sys; open('here', 'w').write(os.getcwd());"
        "from isolatejs.daemon.__main__ import main; sys.exit(main())"
    )
    options = {"socket_path": socket_path, "entrypoint": [sys.executable, "-c", program], "cwd": directory}
    async with isolatejs.create_isolate_host(daemon=options) as host, host.create_runtime() as runtime:
        assert await runtime.eval("1") == 1
    assert read(f"{directory}/here") == directory
    await stop(socket_path)


async def test_bad_options() -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="did you mean 'socket_path'"):
        await isolatejs.create_isolate_host(daemon={"socketpath": "/x"})
    with pytest.raises(isolatejs.ConfigurationError, match="timeout_ms"):
        await isolatejs.create_isolate_host(daemon={"timeout_ms": -1})
    with pytest.raises(DaemonError, match="longer than 107 bytes"):
        await isolatejs.create_isolate_host(daemon={"socket_path": "/tmp/" + "x" * 120})


async def test_somebody_who_never_answers(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
        silent.bind(socket_path)
        silent.listen(1)
        began = time.monotonic()
        with pytest.raises(DaemonError, match=r"no answer within 0\.1 s"):
            await isolatejs.create_isolate_host(daemon={"socket_path": socket_path, "timeout_ms": 100})
        assert time.monotonic() - began < 5


async def test_somebody_else_listens(socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(socket_path)
        other.listen(1)
        with pytest.raises(DaemonError, match="no daemon of ours"):
            await isolatejs.create_isolate_host(daemon={"socket_path": socket_path})
    assert exists(socket_path)


async def test_another_version_is_refused_but_operators_are_not(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets, "version", lambda: "0.0.0")
    with pytest.raises(DaemonError, match=r"no daemon for this version: .*isolatejs drain"):
        await isolatejs.create_isolate_host(daemon=daemon.options)
    async with operate(daemon.socket_path) as operator:
        assert (await operator.statistics())["pid"] == daemon.process.pid


async def test_the_environment_names_the_daemon(
    daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOLATEJS_DAEMON_SOCKET", daemon.socket_path)
    async with isolatejs.create_isolate_host() as host:
        assert (await host.diagnostics())["daemon"]["pid"] == daemon.process.pid
    async with isolatejs.create_isolate_host(daemon=False, pool_size=0) as host:
        assert "daemon" not in await host.diagnostics()
