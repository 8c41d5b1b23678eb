"""Sessions that the daemon keeps for all its clients, as one client sees them.

What host halves keep alive for a session (browser contexts, say) cannot leave the process: it stays here
until this client takes the session up again, and is closed when anybody else does.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isolatejs.daemon import packets
from isolatejs.daemon.client import LeasedSandbox, receive_sandbox
from isolatejs.errors import DaemonError, NamespaceBusyError, RuntimeDisposedError
from isolatejs.sandbox.parked import NESTED_PREFIX, ParkedSandbox

if TYPE_CHECKING:
    from isolatejs.daemon.client import DaemonClient
    from isolatejs.daemon.connection import DaemonConnection


@dataclass(eq=False)
class _Held:
    """A session of this client. `live` (a LiveRuntime) is None while it is being opened.

    `number` is the daemon's for this acquisition, so that a late release never hits the next one.
    """

    connection: DaemonConnection
    number: int
    live: Any = None
    since: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class _Kept:
    connection: DaemonConnection
    things: dict[str, Any]

    async def aclose(self) -> None:
        for thing in self.things.values():
            await thing.aclose()


class DaemonNamespaces:
    """The NamespaceStore of a host that uses a daemon."""

    def __init__(self, client: DaemonClient) -> None:
        self._client = client
        self._held: dict[str, _Held] = {}
        self._kept: dict[str, _Kept] = {}
        self._closing: set[asyncio.Task[None]] = set()
        client.on_event = self._on_event

    async def acquire(self, key: str) -> ParkedSandbox | None:
        held = self._held.get(key)
        if (
            held is not None and held.live is not None and held.live.ended and not held.live.parked
        ):  # its own release may come later
            del self._held[key]
            held.connection.tell("release", key=key, session=held.number)
        elif held is not None and held.live is not None:
            holder = held.live.runtime_id
            raise NamespaceBusyError(f"the namespace {key!r} is in use by {holder}", key=key, holder=holder)
        answered = await self._client.ask("acquire", key=key)
        connection, answer, _ = answered
        self._held[key] = _Held(connection, answer["session"])
        kept = self._kept.pop(key, None)
        if answer["sandbox"] is None or (kept is not None and kept.connection is not connection):
            self._discard(kept)
            kept = None
        if answer["sandbox"] is None:
            return None
        first, second = answer["numbers"]
        sandbox = receive_sandbox(answered)
        return ParkedSandbox(sandbox, (first, second), kept.things if kept is not None else {})

    def hold(self, key: str, live: Any) -> None:
        held = self._held[key]
        held.live = live
        live.channel.start(self._tell_held(key, held))

    async def _tell_held(self, key: str, held: _Held) -> None:
        live = held.live
        try:
            await held.connection.request(
                "hold", key=key, session=held.number, sandbox=live.sandbox.id, runtime=live.runtime_id
            )
        except DaemonError as error:  # disposed by another client while it was opened
            live.end_now(RuntimeDisposedError(f"the namespace {key!r} has been disposed: {error}"))

    async def put_aside(self, key: str, parked: ParkedSandbox) -> None:
        held = self._held.pop(key, None)
        sandbox = parked.sandbox
        assert isinstance(sandbox, LeasedSandbox)
        if held is None:  # the host has closed meanwhile
            await parked.aclose()
            return
        if parked.kept:
            self._kept[key] = _Kept(sandbox.connection, parked.kept)
        channel = os.dup(sandbox.channel_socket.fileno())
        try:
            await sandbox.connection.request(
                "put_aside",
                (channel,),
                key=key,
                session=held.number,
                sandbox=sandbox.id,
                numbers=parked.numbers,
                private=key.startswith(NESTED_PREFIX),
            )
        except BaseException:
            self._discard(self._kept.pop(key, None))
            await sandbox.aclose()
            raise
        sandbox.let_go()

    async def release(self, key: str, live: Any) -> None:
        held = self._held.get(key)
        if held is None or held.live is not live:
            return
        del self._held[key]
        try:
            await held.connection.request("release", key=key, session=held.number)
        except DaemonError:
            return  # a daemon that went away holds no names

    async def dispose(self, key: str, reason: str | None) -> bool:
        held = self._held.get(key)
        existed = held is not None and held.live is not None and not held.live.ended
        if held is not None and existed:
            message = f"the namespace {key!r} has been disposed" + (f": {reason}" if reason else "")
            held.live.end_now(RuntimeDisposedError(message))
        _, answer, _ = await self._client.ask("dispose", key=key, reason=reason)
        return existed or bool(answer["existed"])

    async def close(self) -> None:
        self._held.clear()
        for kept in self._kept.values():
            self._discard(kept)
        self._kept.clear()
        await asyncio.gather(*self._closing)

    def list(self) -> list[dict[str, Any]]:
        now = time.monotonic()
        return [
            {
                "key": key,
                "state": "held",
                "seconds": round(now - held.since, 3),
                "runtime_id": getattr(held.live, "runtime_id", None),
            }
            for key, held in self._held.items()
        ]

    def _on_event(self, connection: DaemonConnection, event: packets.Message) -> None:
        """A session that this client put aside has another holder, or has ended."""
        kept = self._kept.get(event.get("key", ""))
        if event.get("event") == "moved" and kept is not None and kept.connection is connection:
            self._discard(self._kept.pop(event["key"]))

    def _discard(self, kept: _Kept | None) -> None:
        if kept is not None:
            task = asyncio.get_running_loop().create_task(kept.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
