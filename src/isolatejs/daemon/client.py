"""The daemon as a provider of sandboxes and a keeper of sessions.

When the daemon goes away, what was leased from it is lost (its sandboxes die with it) and the next call
connects anew, starting a daemon when that is allowed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from isolatejs.daemon.autostart import DaemonAddress, connect
from isolatejs.daemon.connection import DaemonConnection
from isolatejs.errors import DaemonError, IsolateError, NamespaceBusyError
from isolatejs.sandbox.confinement import ConfinementReport, Layer
from isolatejs.sandbox.parked import ParkedSandbox
from isolatejs.sandbox.provider import CompletedEngineRun
from isolatejs.sandbox.sandbox import Sandbox


class DaemonClient:
    """Both halves share one connection: `provider` leases, `namespaces` keeps sessions."""

    def __init__(self, address: DaemonAddress) -> None:
        self._address = address
        self._connection: DaemonConnection | None = None
        self._connecting = asyncio.Lock()
        self._closed = False
        self.confinement = ConfinementReport("require")
        self._counts: dict[str, int] = {"leased": 0}

    async def connection(self) -> DaemonConnection:
        """The live connection, made anew when the last one was lost."""
        if self._closed:
            raise IsolateError("the host is closed")
        if self._connection is not None and not self._connection.lost.done():
            return self._connection
        async with self._connecting:
            if self._connection is None or self._connection.lost.done():
                self._connection = await connect(self._address)
                report = self._connection.greeting["confinement"]
                self.confinement = ConfinementReport(
                    report["mode"], tuple(Layer(**layer) for layer in report["layers"])
                )
        return self._connection

    # --- provider ----------------------------------------------------------------------------------
    async def lease(self, *, memory_limit_bytes: int | None) -> Sandbox:
        """A fresh sandbox from the daemon's pool."""
        connection = await self.connection()
        answer, descriptors = await connection.request("lease", memory_limit_bytes=memory_limit_bytes)
        self._counts["leased"] += 1
        return self._receive(connection, answer, descriptors)

    def _receive(
        self, connection: DaemonConnection, answer: dict[str, Any], descriptors: list[int]
    ) -> Sandbox:
        channel = socket.socket(fileno=descriptors[0])
        channel.setblocking(False)
        return _LeasedSandbox(
            id=answer["sandbox"],
            pid=answer["pid"],
            channel_socket=channel,
            sync_fd=descriptors[2] if len(descriptors) > 2 else None,
            pidfd=descriptors[1],
            exited=connection.expect_exit(answer["sandbox"]),
            watcher=_RemoteWatcher(connection),
        )

    async def run_engine(
        self, argv: list[str], files: dict[str, bytes], timeout_s: float, memory_limit_bytes: int | None
    ) -> CompletedEngineRun:
        """One run of the engine behind the daemon's wall. Raises TimeoutError."""
        connection = await self.connection()
        descriptors: tuple[int, ...] = ()
        if files:
            archive = os.memfd_create("isolatejs-files")
            with os.fdopen(os.dup(archive), "wb") as file:
                for content in files.values():
                    file.write(content)
            descriptors = (archive,)
        answer, received = await connection.request(
            "run_engine",
            descriptors,
            argv=argv,
            files={name: len(content) for name, content in files.items()},
            timeout_s=timeout_s,
            memory_limit_bytes=memory_limit_bytes,
        )
        with os.fdopen(received[0], "rb") as output:
            output.seek(0)
            return CompletedEngineRun(answer["exit_code"], output.read(), answer["stderr"])

    def statistics(self) -> dict[str, int]:
        """What this client has leased; the daemon's own counts are in `daemon_statistics`."""
        return dict(self._counts)

    async def daemon_statistics(self) -> dict[str, Any]:
        """The daemon's counts."""
        answer, _ = await (await self.connection()).request("statistics")
        statistics: dict[str, Any] = answer["statistics"]
        return statistics

    async def close(self) -> None:
        """Disconnect; the daemon ends what was leased and keeps what was put aside."""
        self._closed = True
        if self._connection is not None:
            self._connection.close()


class DaemonNamespaces:
    """The sessions that the daemon keeps for all its clients."""

    def __init__(self, client: DaemonClient) -> None:
        self._client = client
        self._held: dict[str, Any] = {}

    async def acquire(self, key: str) -> ParkedSandbox | None:
        connection = await self._client.connection()
        try:
            answer, descriptors = await connection.request("acquire", key=key)
        except NamespaceBusyError as error:
            error.key = key
            raise
        self._held[key] = None
        if answer["sandbox"] is None:
            return None
        first, second = answer["numbers"]
        return ParkedSandbox(self._client._receive(connection, answer, descriptors), (first, second))

    def hold(self, key: str, live: Any) -> None:
        self._held[key] = live
        live.channel.start(self._tell_held(key, live.sandbox.id))

    async def _tell_held(self, key: str, sandbox: str) -> None:
        connection = await self._client.connection()
        await connection.request("hold", key=key, sandbox=sandbox)

    async def put_aside(self, key: str, parked: ParkedSandbox) -> None:
        self._held.pop(key, None)
        for kept in parked.kept.values():  # another process may be the next to acquire: it cannot have these
            await kept.aclose()
        sandbox = parked.sandbox
        channel = os.dup(sandbox.channel_socket.fileno())
        try:
            connection = await self._client.connection()
            await connection.request(
                "put_aside", (channel,), key=key, sandbox=sandbox.id, numbers=parked.numbers
            )
        except IsolateError:
            await sandbox.aclose()
            raise
        assert isinstance(sandbox, _LeasedSandbox)
        sandbox.let_go()

    async def release(self, key: str, live: Any) -> None:
        if self._held.get(key) is not live and live is not None:
            return
        self._held.pop(key, None)
        try:
            await (await self._client.connection()).request("release", key=key)
        except DaemonError:
            return  # a daemon that went away holds no names

    async def dispose(self, key: str, reason: str | None) -> bool:
        answer, _ = await (await self._client.connection()).request("dispose", key=key)
        return bool(answer["existed"])

    async def close(self) -> None:
        self._held.clear()

    def list(self) -> list[dict[str, Any]]:
        return [
            {"key": key, "state": "held", "seconds": 0.0, "runtime_id": getattr(live, "runtime_id", None)}
            for key, live in self._held.items()
        ]


class _RemoteWatcher:
    """The daemon's memory watchdog."""

    def __init__(self, connection: DaemonConnection) -> None:
        self._connection = connection

    def look_soon(self, id: str) -> None:
        self._connection.tell("look", sandbox=id)

    async def check(self, id: str) -> bool:
        answer, _ = await self._connection.request("check", sandbox=id)
        return bool(answer["over"])


class _LeasedSandbox(Sandbox):
    """A sandbox of the daemon; closing it gives it back, and the daemon reaps it."""

    def let_go(self) -> None:
        """Close this side's descriptors and leave the process alone: the daemon keeps it."""
        self._closed = True
        self.channel_socket.close()
        for descriptor in (self.sync_fd, self._pidfd):
            if descriptor is not None:
                os.close(descriptor)
        self.sync_fd = self._pidfd = None


__all__ = ["DaemonClient", "DaemonNamespaces"]
