"""What an operator asks of a running daemon, of any version. Never starts one."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from isolatejs.daemon import packets
from isolatejs.daemon.connection import DaemonConnection
from isolatejs.errors import DaemonError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANSWER_TIMEOUT_S = 5.0


class Operator:
    """A connection with an operator's rights."""

    def __init__(self, connection: DaemonConnection) -> None:
        self._connection = connection

    async def statistics(self) -> dict[str, Any]:
        """The daemon's counts."""
        answer, _ = await self._connection.request("statistics")
        statistics: dict[str, Any] = answer["statistics"]
        return statistics

    async def list(self) -> dict[str, Any]:
        """`sandboxes` and `namespaces`, one dict each."""
        _, received = await self._connection.request("list")
        listing: dict[str, Any] = json.loads(packets.read_memfd(received[0]))
        return listing

    async def kill_sandbox(self, sandbox: str) -> bool:
        """End a sandbox. Whether there was one."""
        answer, _ = await self._connection.request("kill", sandbox=sandbox)
        return bool(answer["existed"])

    async def dispose_namespace(self, key: str) -> bool:
        """End a session, held or parked. Whether there was one."""
        answer, _ = await self._connection.request("dispose", key=key, reason="ended by an operator")
        return bool(answer["existed"])

    async def drain(self, timeout_ms: float) -> None:
        """Let it take nothing new, and end when its clients are done or after `timeout_ms`."""
        await self._connection.request("drain", timeout_ms=timeout_ms)

    async def wait_ended(self) -> None:
        """Wait until the daemon has gone."""
        await self._connection.lost


@contextlib.asynccontextmanager
async def operate(socket_path: str | None = None) -> AsyncIterator[Operator]:
    """An operator of the daemon at a path, by default this user's. Raises DaemonError when there is none."""
    packets.require_linux()
    path = socket_path or packets.default_socket_path()
    try:
        connection = await DaemonConnection.open(path, ANSWER_TIMEOUT_S, operator=True)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise DaemonError(f"no daemon listens at {path}") from error
    try:
        yield Operator(connection)
    finally:
        connection.close()
