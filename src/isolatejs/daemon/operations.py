"""What clients may ask of the daemon.

    hello                         protocol, version and role both ways, the confinement report
    lease, return                 a sandbox: its channel socket, pidfd and sync FIFO go to the client
    lease_engine                  the same for an engine with a command line of the client's
    deadline                      where the client writes the deadlines of a leased sandbox
    look, check                   wake and ask the memory watchdog of a leased sandbox
    join                          count a leased sandbox in the tree of another one
    acquire, hold, put_aside, release, dispose     sessions by name
    run_engine                    one run of the engine behind the wall
    statistics, list, kill, drain for operators, who may be of another version

A client names only what it holds itself; operators may end anything, being the same user.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from isolatejs.daemon import packets
from isolatejs.daemon.connection import DaemonDrainingError
from isolatejs.errors import ConfigurationError, DaemonError, IsolateError
from isolatejs.limits import (
    DEADLINE_BOARD_LIMIT_BYTES,
    ENGINE_ARGUMENTS_LIMIT_CHARACTERS,
    ENGINE_FILES_LIMIT,
    ENGINE_FILES_LIMIT_BYTES,
    MEMORY_LIMIT_MAXIMUM_MB,
    MIB,
    NAMESPACE_KEY_LIMIT_CHARACTERS,
)

if TYPE_CHECKING:
    from isolatejs.daemon.lease_table import Lease
    from isolatejs.daemon.server import Client, DaemonServer
    from isolatejs.daemon.settings import DaemonSettings
    from isolatejs.sandbox.sandbox import Sandbox

Result = tuple[packets.Message, tuple[int, ...]]
"""Fields of the answer, and descriptors that go with it."""
Handler = Callable[["Client", packets.Message, list[int]], Awaitable[Result]]


class Operations:
    """One method an operation. They raise IsolateError for the client to hear."""

    def __init__(self, server: DaemonServer, settings: DaemonSettings) -> None:
        self._server = server
        self._settings = settings
        self._for_operators: dict[str, Handler] = {
            "hello": self._hello,
            "dispose": self._dispose,
            "statistics": self._statistics,
            "list": self._list,
            "kill": self._kill,
            "drain": self._drain,
        }
        self._for_hosts: dict[str, Handler] = self._for_operators | {
            "lease": self._lease,
            "lease_engine": self._lease_engine,
            "return": self._return,
            "join": self._join,
            "look": self._look,
            "deadline": self._deadline,
            "check": self._check,
            "acquire": self._acquire,
            "hold": self._hold,
            "put_aside": self._put_aside,
            "release": self._release,
            "run_engine": self._run_engine,
        }

    def handler(self, client: Client, operation: object) -> Handler | None:
        """What serves an operation, or None when this client may not ask for it."""
        if not isinstance(operation, str) or (client.role is None and operation != "hello"):
            return None
        table = self._for_hosts if client.role == "host" else self._for_operators
        return table.get(operation)

    async def _hello(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        if not message.get("operator"):
            if message["protocol"] != packets.PROTOCOL or message["version"] != packets.version():
                raise IsolateError(
                    f"the daemon has version {packets.version()} and protocol {packets.PROTOCOL}, the client "
                    f"{message['version']!r:.40} and {message['protocol']!r:.10}; "
                    "`isolatejs drain` lets the daemon end"
                )
            client.role = "host"
        else:
            client.role = "operator"
        return {
            "protocol": packets.PROTOCOL,
            "version": packets.version(),
            "pid": os.getpid(),
            "confinement": asdict(self._server.pool.confinement),
        }, ()

    # --- sandboxes ---------------------------------------------------------------------------------
    async def _lease(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        limit = self._memory_limit(message)
        return await self._give(client, lambda: self._server.pool.lease(memory_limit_bytes=limit))

    async def _lease_engine(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        limit = self._memory_limit(message, of_engine=True)
        argv = _command_line(message)
        pool = self._server.pool
        return await self._give(client, lambda: pool.lease_engine(argv, memory_limit_bytes=limit))

    async def _give(self, client: Client, start: Callable[[], Awaitable[Sandbox]]) -> Result:
        """Start a sandbox for a client and hand it over."""
        self._refuse_when_draining()
        server = self._server
        server.leases.reserve()
        try:
            sandbox = await start()
        finally:
            server.leases.unreserve()
        if not server.connected(client):
            await sandbox.aclose()
            raise IsolateError("the client is gone")
        lease = server.leases.add(client, sandbox)
        server.watch(lease)
        return {"sandbox": lease.id, "pid": sandbox.pid}, self._hand_over(lease)

    def _hand_over(self, lease: Lease) -> tuple[int, ...]:
        """What the owner gets. A sandbox that cannot be handed over is nobody's, and ends."""
        try:
            return lease.hand_over()
        except BaseException:
            self._server.sessions.forget(lease)
            self._server.end(lease)
            raise

    def _memory_limit(self, message: packets.Message, *, of_engine: bool = False) -> int | None:
        """What a client asks for. A tool of ours (checker, transpiler) makes do with what there is."""
        most = self._settings.memory_limit_mb
        asked = message["memory_limit_bytes"]
        if asked is None:
            return None if most is None else most * MIB
        if not isinstance(asked, int) or not MIB <= asked <= MEMORY_LIMIT_MAXIMUM_MB * MIB:
            raise ConfigurationError(f"memory_limit_bytes: {asked!r:.40} is no number of bytes of a sandbox")
        if most is not None and asked > most * MIB and of_engine:
            return most * MIB
        if most is not None and asked > most * MIB:
            raise ConfigurationError(
                f"memory_limit_mb={asked // MIB}: this daemon gives a sandbox at most {most} MB"
            )
        return asked

    def _refuse_when_draining(self) -> None:
        if self._server.draining:
            raise DaemonDrainingError("the daemon is draining")

    def _own(self, client: Client, message: packets.Message) -> Lease:
        return self._server.leases.get(str(message["sandbox"]), client)

    async def _return(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        lease = self._own(client, message)
        self._server.sessions.forget(lease)
        self._server.end(lease)
        return {}, ()

    async def _join(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        lease = self._own(client, message)
        parent = self._server.leases.get(str(message["parent"]), client)
        limit = message["tree_limit_bytes"]
        if not isinstance(limit, int) or not 0 < limit <= MEMORY_LIMIT_MAXIMUM_MB * MIB:
            raise ConfigurationError(f"tree_limit_bytes: {limit!r:.40} is no number of bytes of a tree")
        lease.sandbox.join_tree(parent.sandbox, limit)
        return {}, ()

    async def _look(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        self._own(client, message).sandbox.wake_watchdog()
        return {}, ()

    async def _deadline(self, client: Client, message: packets.Message, descriptors: list[int]) -> Result:
        lease = self._own(client, message)
        offset = message["offset"]
        if not isinstance(offset, int) or not 0 <= offset < DEADLINE_BOARD_LIMIT_BYTES:
            raise DaemonError("offset: a place on a board of deadlines")
        if len(descriptors) != 1 or not packets.is_memfd(descriptors[0]):
            raise DaemonError("a board of deadlines: one anonymous file")  # to read it must never wait
        lease.sandbox.watch_deadline(descriptors.pop(0), offset)
        return {}, ()

    async def _check(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        return {"over": await self._own(client, message).sandbox.check_memory()}, ()

    async def _run_engine(self, client: Client, message: packets.Message, descriptors: list[int]) -> Result:
        sizes: dict[str, int] = {str(name): int(size) for name, size in message["files"].items()}
        files = _cut(sizes, descriptors.pop(0)) if sizes else {}
        argv = _command_line(message)
        if len(sizes) > ENGINE_FILES_LIMIT:
            raise DaemonError(f"input files: more than {ENGINE_FILES_LIMIT}")
        limit = self._memory_limit(message, of_engine=True)
        timeout_s = float(message["timeout_s"])
        if not self._server.connected(client):
            raise DaemonError("the client is gone")
        run = asyncio.create_task(self._server.pool.run_engine(argv, files, timeout_s, limit))
        client.runs.add(run)
        try:
            done = await run
        except asyncio.CancelledError:
            if self._server.connected(client):
                raise
            raise DaemonError("the client is gone") from None
        finally:
            client.runs.discard(run)
        output = packets.memfd_of("isolatejs-output", done.stdout)
        return {"exit_code": done.exit_code, "stderr": done.stderr[-16_000:]}, (output,)

    # --- sessions ----------------------------------------------------------------------------------
    async def _acquire(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        self._refuse_when_draining()
        session, before = self._server.sessions.acquire(_key(message), client)
        self._server.tell_moved(before, client)
        self._server.settle()
        if session.lease is None:
            return {"sandbox": None, "session": session.number}, ()
        lease = session.lease
        return {
            "sandbox": lease.id,
            "pid": lease.sandbox.pid,
            "session": session.number,
            "numbers": lease.numbers,
        }, self._hand_over(lease)

    async def _hold(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        lease = self._own(client, message)
        runtime_id = str(message["runtime"])[:100]
        self._server.sessions.hold(_key(message), int(message["session"]), lease, runtime_id)
        return {}, ()

    async def _put_aside(self, client: Client, message: packets.Message, descriptors: list[int]) -> Result:
        lease = self._own(client, message)
        first, second = message["numbers"]
        numbers = (int(first), int(second))
        if not lease.is_channel(descriptors[0]):
            raise DaemonError("the descriptor is not the sandbox's channel")
        surplus = self._server.sessions.put_aside(
            _key(message), int(message["session"]), lease, private=message.get("private") is True
        )
        lease.numbers = numbers
        connection = socket.socket(fileno=descriptors.pop(0))
        connection.setblocking(False)
        lease.sandbox.channel_socket = connection
        lease.sandbox.watch_deadline(None)
        lease.sandbox.pause()
        self._server.evict(surplus)
        return {}, ()

    async def _release(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        self._server.sessions.release(_key(message), int(message["session"]), client)
        self._server.settle()
        return {}, ()

    async def _dispose(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        key = _key(message)
        session = self._server.sessions.dispose(key)
        if session is None:
            return {"existed": False}, ()
        self._server.tell_moved(session, None)
        if session.lease is not None:
            reason = message.get("reason")
            because = f": {reason}" if isinstance(reason, str) else ""
            await self._server.kill(session.lease, f"the namespace {key!r} has been disposed{because}")
        self._server.settle()
        return {"existed": True}, ()

    # --- operators ---------------------------------------------------------------------------------
    async def _statistics(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        return {"statistics": self._server.statistics()}, ()

    async def _list(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        listing = {"sandboxes": self._server.leases.rows(), "namespaces": self._server.sessions.rows()}
        return {}, (packets.memfd_of("isolatejs-list", json.dumps(listing).encode()),)

    async def _kill(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        lease = self._server.leases.find(str(message["sandbox"]))
        if lease is None:
            return {"existed": False}, ()
        await self._server.kill(lease, "ended by an operator")
        return {"existed": True}, ()

    async def _drain(self, client: Client, message: packets.Message, _: list[int]) -> Result:
        self._server.drain(max(0.0, float(message["timeout_ms"])))
        return {}, ()


def _key(message: packets.Message) -> str:
    key = message["key"]
    if not isinstance(key, str) or not 0 < len(key) <= NAMESPACE_KEY_LIMIT_CHARACTERS:
        raise ConfigurationError(f"key: a str of 1 to {NAMESPACE_KEY_LIMIT_CHARACTERS} characters")
    return key


def _command_line(message: packets.Message) -> list[str]:
    argv = [str(argument) for argument in message["argv"]]
    if sum(map(len, argv)) > ENGINE_ARGUMENTS_LIMIT_CHARACTERS or any("\0" in argument for argument in argv):
        raise DaemonError("argv: too long, or with a NUL")
    return argv


def _cut(sizes: dict[str, int], descriptor: int) -> dict[str, bytes]:
    """Files from one open file that has them one after another. The descriptor is closed."""
    with os.fdopen(descriptor, "rb") as archive:
        status = os.fstat(archive.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > ENGINE_FILES_LIMIT_BYTES:
            raise DaemonError("input files: an ordinary file of a bearable size")
        if min(sizes.values()) < 0 or sum(sizes.values()) != status.st_size:
            raise DaemonError("input files: their sizes are not the size of the whole")
        for name in sizes:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
                raise DaemonError(f"input files: {name!r:.80} is no path below the working directory")
        archive.seek(0)
        return {name: archive.read(size) for name, size in sizes.items()}
