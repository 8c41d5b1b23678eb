"""Attacks on the daemon by somebody who may connect to it, on its other clients, and by a program."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import isolatejs
from fakes.daemon_process import DaemonProcess, children_of, open_descriptors, running_daemon, wait_until
from isolatejs.daemon import packets
from isolatejs.daemon.connection import DaemonConnection
from isolatejs.errors import DaemonError, IsolateError


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with running_daemon("--pool-size", "1") as daemon:
        yield daemon


@contextlib.asynccontextmanager
async def client(daemon: DaemonProcess) -> AsyncIterator[DaemonConnection]:
    connection = await DaemonConnection.open(daemon.socket_path, 10)
    try:
        yield connection
    finally:
        connection.close()


def raw(daemon: DaemonProcess) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    connection.settimeout(20)
    connection.connect(daemon.socket_path)
    return connection


@pytest.fixture
async def bystander(daemon: DaemonProcess) -> AsyncIterator[isolatejs.ScriptRuntime]:
    """An honest client, whom no attack may touch."""
    async with isolatejs.create_isolate_host(daemon=daemon.options) as host, host.create_runtime() as runtime:
        await runtime.eval("globalThis.secret = 'mine'; 0")
        yield runtime
        assert await runtime.eval("secret") == "mine"


@pytest.fixture(autouse=True)
def nothing_leaks(daemon: DaemonProcess) -> Iterator[None]:
    """After an attack the daemon lives, with as many descriptors as before."""
    before = open_descriptors(daemon.process.pid)
    yield
    assert daemon.process.poll() is None
    wait_until(lambda: open_descriptors(daemon.process.pid) <= before + 3, "no more descriptors")


HELLO = {"op": "hello", "id": 1, "protocol": packets.PROTOCOL, "version": packets.version()}


@pytest.mark.parametrize(
    "packet",
    [
        b"\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"[" * 150_000,
        b"{}" + b" " * 300_000,
        b"[]",
        b'{"op": "lease", "id": 1, "memory_limit_bytes": null}',
        b'{"op": "__class__", "id": 1}',
        b'{"op": ["hello"], "id": 1}',
        b'{"op": "hello", "id": "1"}',
        b'{"op": "hello"}',
    ],
)
async def test_garbage_ends_only_its_sender(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime, packet: bytes
) -> None:
    with raw(daemon) as connection:
        packets.send(connection, packet, (0, 1, 2))
        assert connection.recv(100) == b""


async def test_random_packets_never_reach_anybody_else(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    chance = random.Random(5)
    operations = [
        "hello", "lease", "return", "look", "check", "acquire", "hold", "put_aside", "release", "run_engine",
        "list", "statistics", "nonsense",
    ]  # fmt: skip
    values: list[Any] = [None, True, -1, 0, 1, 1e308, "1", "", "x" * 5000, [], [1, 2], {}, {"a": -5}, [[[]]]]
    for _ in range(60):
        with raw(daemon) as connection:
            packets.send(connection, packets.encode(HELLO))
            assert b"protocol" in connection.recv(packets.PACKET_LIMIT_BYTES)
            with contextlib.suppress(OSError):
                for number in range(12):
                    message: dict[str, Any] = {"op": chance.choice(operations), "id": number}
                    for name in ("sandbox", "key", "session", "numbers", "memory_limit_bytes", "files", "argv",
                                 "timeout_s", "runtime", "protocol", "version"):  # fmt: skip
                        if chance.random() < 0.7:
                            message[name] = chance.choice(values)
                    if message["op"] == "run_engine":
                        message["argv"] = ["--version"]
                        message["timeout_s"] = 0.001
                    packets.send(connection, packets.encode(message), (0,) * chance.randrange(4))


async def test_forged_ids_reach_no_other_clients_sandbox(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    theirs = bystander._live.sandbox.id
    async with client(daemon) as attacker:
        own, descriptors = await attacker.request("lease", memory_limit_bytes=None)
        taken, _ = await attacker.request("acquire", key="attacker")
        for sandbox in (theirs, "0", "-1", str(int(own["sandbox"]) + 1), "../1", ""):
            for operation in ("return", "look", "check"):
                with pytest.raises(DaemonError, match="not leased to this client"):
                    await attacker.request(operation, sandbox=sandbox)
            with pytest.raises(DaemonError, match="not leased to this client"):
                await attacker.request(
                    "hold", key="attacker", session=taken["session"], sandbox=sandbox, runtime="rt"
                )
            with pytest.raises(DaemonError, match="not leased to this client"):
                await attacker.request(
                    "put_aside",
                    (os.dup(descriptors[0]),),
                    key="attacker",
                    session=taken["session"],
                    sandbox=sandbox,
                    numbers=[0, 0],
                )
        packets.close_all(descriptors)


async def test_a_sandbox_cannot_be_smuggled_under_another_name(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    async with client(daemon) as victim, client(daemon) as attacker:
        held, _ = await victim.request("acquire", key="victim")
        own, descriptors = await attacker.request("lease", memory_limit_bytes=None)
        for session in (held["session"], held["session"] + 1, -1):
            with pytest.raises(DaemonError, match="not held by this client"):
                await attacker.request(
                    "hold", key="victim", session=session, sandbox=own["sandbox"], runtime="rt"
                )
            with pytest.raises(DaemonError, match="not held by this client"):
                await attacker.request(
                    "put_aside",
                    (os.dup(descriptors[0]),),
                    key="victim",
                    session=session,
                    sandbox=own["sandbox"],
                    numbers=[0, 0],
                )
            await attacker.request("release", key="victim", session=session)
        with pytest.raises(isolatejs.NamespaceBusyError):
            await attacker.request("acquire", key="victim")
        packets.close_all(descriptors)


@pytest.mark.parametrize("limit", [-1, 0, 1, 1.5, 1e308, 1 << 63, 1 << 64, "1", [], True])
async def test_a_memory_limit_that_would_break_the_launcher(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime, limit: Any
) -> None:
    async with client(daemon) as attacker:
        with pytest.raises(IsolateError):
            await attacker.request("lease", memory_limit_bytes=limit)
        with pytest.raises(IsolateError):
            await attacker.request(
                "run_engine", argv=["--version"], files={}, timeout_s=5, memory_limit_bytes=limit
            )


async def test_missing_and_wrong_descriptors(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    async with client(daemon) as attacker:
        own, descriptors = await attacker.request("lease", memory_limit_bytes=None)
        taken, _ = await attacker.request("acquire", key="wrong")
        fields = {
            "key": "wrong",
            "session": taken["session"],
            "sandbox": own["sandbox"],
            "numbers": [0, 0],
        }
        with pytest.raises(DaemonError, match="malformed request"):
            await attacker.request("put_aside", **fields)
        ours, other = socket.socketpair()
        with ours, other:
            for descriptor in (ours.fileno(), descriptors[1], 0):
                with pytest.raises(DaemonError, match="not the sandbox's channel"):
                    await attacker.request("put_aside", (os.dup(descriptor),), **fields)
        for numbers in ([], [1], ["a", "b"], None, [1, 2, 3]):
            with pytest.raises(DaemonError, match="malformed request"):
                await attacker.request(
                    "put_aside", (os.dup(descriptors[0]),), **{**fields, "numbers": numbers}
                )
        run = {"argv": ["--version"], "timeout_s": 5, "memory_limit_bytes": None}
        with pytest.raises(DaemonError, match="malformed request"):
            await attacker.request("run_engine", files={"a": 1}, **run)
        reader, writer = os.pipe()
        os.close(writer)
        with pytest.raises(DaemonError, match="an ordinary file"):
            await attacker.request("run_engine", (reader,), files={"a": 1}, **run)
        with pytest.raises(DaemonError, match=r"an ordinary file|sizes"):
            await attacker.request("run_engine", (os.open("/dev/zero", os.O_RDONLY),), files={"a": 1}, **run)
        for name in ("../a", "/etc/a", "a/../../b"):
            with pytest.raises(DaemonError, match="no path below"):
                await attacker.request("run_engine", (packets.memfd_of("x", b"1"),), files={name: 1}, **run)
        for size in (-1, 2, 1 << 62):
            with pytest.raises(DaemonError, match="sizes"):
                await attacker.request("run_engine", (packets.memfd_of("x", b"1"),), files={"a": size}, **run)
        packets.close_all(descriptors)


async def test_a_client_that_does_not_read_is_given_up(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    with raw(daemon) as connection:
        packets.send(connection, packets.encode(HELLO))
        ask = packets.encode({"op": "statistics", "id": 2})
        with pytest.raises(OSError):  # noqa: PT011 - broken pipe or reset, as it happens
            for _ in range(200_000):
                packets.send(connection, ask)


async def test_a_flood_leaves_the_others_their_turn(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    packet = packets.encode({"op": "statistics", "id": 2})
    running = True

    def flood() -> None:
        while running:
            with raw(daemon) as connection, contextlib.suppress(OSError):
                packets.send(connection, packets.encode(HELLO))
                while running:
                    packets.send(connection, packet)

    floods = [asyncio.create_task(asyncio.to_thread(flood)) for _ in range(2)]
    try:
        async with client(daemon) as other:
            for _ in range(20):
                async with asyncio.timeout(10):
                    assert "statistics" in (await other.request("statistics"))[0]
    finally:
        running = False
        await asyncio.gather(*floods)


async def test_an_operator_leases_nothing(daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime) -> None:
    operator = await DaemonConnection.open(daemon.socket_path, 10, operator=True)
    with pytest.raises(IsolateError, match="went away"):
        await operator.request("lease", memory_limit_bytes=None)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused(daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime) -> None:
    folder = os.path.dirname(daemon.socket_path)
    status = os.stat(daemon.socket_path)
    assert status.st_mode & 0o777 == 0o600
    os.chmod(folder, 0o755)
    os.chmod(daemon.socket_path, 0o666)  # even when the file lets them
    try:
        program = (
            "import os, socket, sys; os.setgid(65534); os.setuid(65534)\n"
            "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); s.settimeout(20)\n"
            "try: s.send(sys.argv[2].encode())\n"
            "except BrokenPipeError: pass\n"
            "try: data = s.recv(1000)\n"
            "except ConnectionResetError: data = b''\n"
            "print(len(data))"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, daemon.socket_path, json.dumps(HELLO), stdout=-1
        )
        output, _ = await process.communicate()
        assert output == b"0\n"
    finally:
        os.chmod(daemon.socket_path, 0o600)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_a_socket_of_another_user_is_not_believed(daemon: DaemonProcess) -> None:
    path = os.path.join(os.path.dirname(daemon.socket_path), "trap.sock")
    os.chmod(os.path.dirname(path), 0o777)
    program = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind(sys.argv[1]); s.listen(5)\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    trap = await asyncio.create_subprocess_exec(sys.executable, "-c", program, path, stdin=-1, stdout=-1)
    assert trap.stdout is not None
    assert trap.stdin is not None
    await trap.stdout.readline()
    with pytest.raises(DaemonError, match=r"belongs to another user \(uid 65534\)"):
        await isolatejs.create_isolate_host(daemon={"socket_path": path})
    trap.stdin.close()
    await trap.communicate()


async def test_a_program_cannot_reach_the_daemon(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    path = json.dumps(daemon.socket_path)
    for attempt in (
        f"import net from 'node:net'; await new Promise((ok, no) => net.connect({path}).on('connect', ok).on('error', no))",
        f"import fs from 'node:fs'; fs.readFileSync({path})",
        f"await Deno.connect({{transport: 'unix', path: {path}}})",
        f"import fs from 'node:fs'; fs.existsSync({path}) || (() => {{ throw new Error('not there') }})()",
    ):
        with pytest.raises(isolatejs.IsolateError):
            await bystander.eval(attempt)


async def test_sandboxes_hold_no_descriptor_of_the_daemon(
    daemon: DaemonProcess, bystander: isolatejs.ScriptRuntime
) -> None:
    """What a sandbox has open: its channel, its stderr, and what the engine makes itself."""
    listening = socket_inodes_of(daemon.process.pid)
    engine = bystander._live.sandbox.pid
    assert engine in children_of(daemon.process.pid)
    assert not listening & socket_inodes_of(engine)


def socket_inodes_of(pid: int) -> set[str]:
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if target.startswith("socket:"):
                found.add(target)
    return found


def test_peer_credentials_are_the_kernels() -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        assert packets.peer(one) == (os.getpid(), os.getuid())
    assert not packets.is_trusted(os.getuid() + 1)
