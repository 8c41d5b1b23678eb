"""The daemon as a provider of sandboxes.

When the daemon goes away, what was leased from it is lost (its sandboxes die with it) and the next call
connects anew, starting a daemon when that is allowed. When it drains, what was leased stays and new things
come from the next daemon.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from isolatejs.daemon import packets
from isolatejs.daemon.autostart import DaemonAddress, connect
from isolatejs.daemon.connection import DaemonConnection, DaemonDrainingError
from isolatejs.errors import DaemonError, IsolateError
from isolatejs.sandbox.confinement import ConfinementReport, Layer
from isolatejs.sandbox.provider import CompletedEngineRun
from isolatejs.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.sandbox.deadlines import DeadlinePlace


class Answered(NamedTuple):
    """What the daemon answered, and on which connection: ids mean something only there."""

    connection: DaemonConnection
    answer: packets.Message
    descriptors: list[int]


class DaemonClient:
    """Leases sandboxes from the daemon. `DaemonNamespaces` shares its connection."""

    def __init__(self, address: DaemonAddress) -> None:
        self._address = address
        self._connection: DaemonConnection | None = None
        self._draining: set[DaemonConnection] = set()
        self._connecting = asyncio.Lock()
        self._closed = False
        self._leased = 0
        self.on_event: Callable[[DaemonConnection, packets.Message], None] = lambda connection, event: None
        self.confinement = ConfinementReport("require")

    async def connection(self) -> DaemonConnection:
        """The live connection, made anew when the last one was lost or its daemon drains."""
        if self._closed:
            raise IsolateError("the host is closed")
        async with self._connecting:
            if self._connection is None or self._connection.lost.done():
                connection = await connect(self._address)
                if self._closed:
                    connection.close()
                    raise IsolateError("the host is closed")
                connection.on_event = lambda event: self.on_event(connection, event)
                report = connection.greeting["confinement"]
                self.confinement = ConfinementReport(
                    report["mode"], tuple(Layer(**layer) for layer in report["layers"])
                )
                self._connection = connection
        return self._connection

    async def ask(self, operation: str, archive: bytes | None = None, **fields: Any) -> Answered:
        """Ask the daemon; once more when it turns out to have gone or to be draining.

        For operations that do nothing when they fail. `archive` travels as an open file.
        """
        for last in (False, True):
            connection = await self.connection()
            descriptors = () if archive is None else (packets.memfd_of("isolatejs-files", archive),)
            try:
                answer, received = await connection.request(operation, descriptors, **fields)
            except DaemonDrainingError:
                self._retire(connection)
                if last:
                    raise
            except DaemonError:
                if last or not connection.lost.done():
                    raise
            else:
                return Answered(connection, answer, received)
        raise AssertionError("unreachable")

    def _retire(self, connection: DaemonConnection) -> None:
        """Keep a draining daemon for what it still owns, and ask the next one from now on."""
        self._draining.add(connection)
        connection.lost.add_done_callback(lambda _: self._draining.discard(connection))
        if self._connection is connection:
            self._connection = None

    # --- provider ----------------------------------------------------------------------------------
    async def lease(self, *, memory_limit_bytes: int | None) -> Sandbox:
        """A fresh sandbox from the daemon's pool. When cancelled, it goes back."""
        return await self._leased_by("lease", memory_limit_bytes=memory_limit_bytes)

    async def lease_engine(self, argv: list[str], *, memory_limit_bytes: int | None) -> Sandbox:
        """An engine behind the daemon's wall. When cancelled, it goes back."""
        return await self._leased_by("lease_engine", argv=argv, memory_limit_bytes=memory_limit_bytes)

    async def _leased_by(self, operation: str, **fields: Any) -> Sandbox:
        asking = asyncio.get_running_loop().create_task(self.ask(operation, **fields))
        try:
            sandbox = receive_sandbox(await asyncio.shield(asking))
        except asyncio.CancelledError:
            asking.add_done_callback(_give_back)
            raise
        self._leased += 1
        return sandbox

    async def run_engine(
        self, argv: list[str], files: dict[str, bytes], timeout_s: float, memory_limit_bytes: int | None
    ) -> CompletedEngineRun:
        """One run of the engine behind the daemon's wall. Raises TimeoutError, OutputLimitError."""
        _, answer, received = await self.ask(
            "run_engine",
            b"".join(files.values()) if files else None,
            argv=argv,
            files={name: len(content) for name, content in files.items()},
            timeout_s=timeout_s,
            memory_limit_bytes=memory_limit_bytes,
        )
        return CompletedEngineRun(answer["exit_code"], packets.read_memfd(received[0]), answer["stderr"])

    def statistics(self) -> dict[str, int]:
        """What this client has leased; the daemon's own counts are in `daemon_statistics`."""
        return {"leased": self._leased}

    async def daemon_statistics(self) -> dict[str, Any]:
        """The daemon's counts: pool, leases, sessions, memory, connections."""
        _, answer, _ = await self.ask("statistics")
        statistics: dict[str, Any] = answer["statistics"]
        return statistics

    async def close(self) -> None:
        """Disconnect; the daemon ends what was leased and keeps what was put aside."""
        self._closed = True
        for connection in [self._connection, *self._draining]:
            if connection is not None:
                connection.close()


class LeasedSandbox(Sandbox):
    """A sandbox of the daemon, and the connection that it was leased on: ids mean something only there."""

    def __init__(self, connection: DaemonConnection, **parts: Any) -> None:
        super().__init__(**parts, watcher=_RemoteWatcher(connection))
        self.connection = connection

    def join_tree(self, parent: Sandbox, tree_limit_bytes: int) -> None:
        if not isinstance(parent, LeasedSandbox) or parent.connection is not self.connection:
            raise DaemonError("a nested sandbox has to come from the daemon of its parent, which is draining")
        super().join_tree(parent, tree_limit_bytes)

    def let_go(self) -> None:
        """Close this side's descriptors and leave the process alone: the daemon keeps it."""
        self._closed = True
        if self._place is not None:
            self._place.abandon()
            self._place = None
        self.connection.forget_exit(self.id)
        self.channel_socket.close()
        for descriptor in (self.sync_fd, self._pidfd):
            if descriptor is not None:
                os.close(descriptor)
        self.sync_fd = self._pidfd = None


def receive_sandbox(answered: Answered) -> LeasedSandbox:
    """The sandbox that an answer hands over."""
    connection, answer, descriptors = answered
    channel = socket.socket(fileno=descriptors[0])
    channel.setblocking(False)
    return LeasedSandbox(
        connection,
        id=answer["sandbox"],
        pid=answer["pid"],
        channel_socket=channel,
        sync_fd=descriptors[2] if len(descriptors) > 2 else None,
        pidfd=descriptors[1],
        exited=answer["exited"],
    )


def _give_back(asking: asyncio.Task[Answered]) -> None:
    """A lease that comes when nobody waits for it any more."""
    if asking.cancelled() or asking.exception() is not None:
        return
    connection, answer, descriptors = asking.result()
    packets.close_all(descriptors)
    connection.forget_exit(answer["sandbox"])
    connection.tell("return", sandbox=answer["sandbox"])


class _RemoteWatcher:
    """The daemon's memory watchdog."""

    def __init__(self, connection: DaemonConnection) -> None:
        self._connection = connection

    def join_tree(self, id: str, parent_id: str, tree_limit_bytes: int) -> None:
        self._connection.tell("join", sandbox=id, parent=parent_id, tree_limit_bytes=tree_limit_bytes)

    def claim_deadline(self, id: str) -> DeadlinePlace:
        return self._connection.deadlines.claim(lambda board, offset: self.watch_deadline(id, board, offset))

    def watch_deadline(self, id: str, board: int | None, offset: int = 0) -> None:
        self._connection.tell("deadline", () if board is None else (board,), sandbox=id, offset=offset)

    def look_soon(self, id: str) -> None:
        self._connection.tell("look", sandbox=id)

    async def check(self, id: str) -> bool:
        try:
            answer, _ = await self._connection.request("check", sandbox=id)
        except DaemonError:
            return False  # its end is known, or told otherwise
        return bool(answer["over"])
