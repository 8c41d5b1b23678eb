"""Named sessions that outlive their handles: who holds which, and which are put aside.

A session that is put aside keeps its sandbox, stopped: its program's state is as it was, its timers that
come due meanwhile fire when it is taken up again, and it uses no processor time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from isolatejs.errors import ConfigurationError, NamespaceBusyError, RuntimeDisposedError
from isolatejs.limits import NAMESPACE_KEY_LIMIT_CHARACTERS
from isolatejs.sandbox.parked import NESTED_PREFIX, ParkingLimits, Waiting, resident_memory_bytes
from isolatejs.wire.unicode import is_well_formed

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.sandbox.parked import ParkedSandbox


class NamespaceStore(Protocol):
    """Keeps sessions between handles. Embedded hosts keep their own; a daemon keeps them for all its clients."""

    async def acquire(self, key: str) -> ParkedSandbox | None:
        """Take the session, or None for a new one; from now on it is held. Raises NamespaceBusyError."""
        ...

    def hold(self, key: str, live: LiveRuntime) -> None:
        """Say who holds the session that was acquired."""
        ...

    async def put_aside(self, key: str, parked: ParkedSandbox) -> None:
        """Keep the session for the next acquire."""
        ...

    async def release(self, key: str, live: LiveRuntime | None) -> None:
        """The session that `live` held (None: that was being opened) is gone: the name is free."""
        ...

    async def dispose(self, key: str, reason: str | None) -> bool:
        """End the session, held or put aside. Whether there was one."""
        ...

    async def close(self) -> None:
        """End what is put aside here."""
        ...

    def list(self) -> list[dict[str, Any]]:
        """One entry a session: key, state, seconds in that state, runtime id."""
        ...


@dataclass(slots=True)
class _Session:
    since: float
    live: LiveRuntime | None = None
    parked: ParkedSandbox | None = None
    memory_bytes: int = 0
    disposed: str | None = None
    """Why it has to end as soon as whoever is opening it has it."""


class EmbeddedNamespaces:
    """The sessions of one host, kept in this process."""

    def __init__(self, limits: ParkingLimits | None = None) -> None:
        self._limits = limits or ParkingLimits()
        self._sessions: dict[str, _Session] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = False

    async def acquire(self, key: str) -> ParkedSandbox | None:
        if sys.platform == "win32":  # nothing there stops a process while its session is aside
            raise ConfigurationError(f"the namespace {key!r}: sessions need Linux or macOS")
        session = self._sessions.get(key)
        if (
            session is not None
            and session.parked is None
            and (session.live is None or not session.live.ended or session.live.parked)
        ):
            holder = session.live.runtime_id if session.live is not None else "a handle that is being opened"
            raise NamespaceBusyError(f"the namespace {key!r} is in use by {holder}", key=key, holder=holder)
        parked = session.parked if session is not None else None
        self._sessions[key] = _Session(time.monotonic())
        if parked is not None and parked.sandbox.exited.done():
            await parked.sandbox.aclose()
            return None
        return parked

    def hold(self, key: str, live: LiveRuntime) -> None:
        opening = self._sessions.get(key)
        self._sessions[key] = _Session(time.monotonic(), live=live)
        if opening is not None and opening.disposed is not None:
            live.end_now(RuntimeDisposedError(opening.disposed))

    async def put_aside(self, key: str, parked: ParkedSandbox) -> None:
        if self._closed:
            await parked.aclose()
            return
        memory_bytes = resident_memory_bytes(parked.sandbox.pid)
        self._sessions[key] = _Session(time.monotonic(), parked=parked, memory_bytes=memory_bytes)
        parked.sandbox.exited.add_done_callback(lambda _: self._forget(key, parked))
        self._sweep()

    def _forget(self, key: str, parked: ParkedSandbox) -> None:
        """A session that was put aside has died."""
        session = self._sessions.get(key)
        if session is not None and session.parked is parked:
            del self._sessions[key]
            self._end(parked)

    async def release(self, key: str, live: LiveRuntime | None) -> None:
        session = self._sessions.get(key)
        if session is not None and session.parked is None and session.live is live:
            del self._sessions[key]

    async def dispose(self, key: str, reason: str | None) -> bool:
        session = self._sessions.get(key)
        if session is None:
            return False
        message = f"the namespace {key!r} has been disposed" + (f": {reason}" if reason else "")
        if session.live is None and session.parked is None:  # it is being opened
            session.disposed = message
            return True
        del self._sessions[key]
        if session.live is not None:
            await session.live.aclose(RuntimeDisposedError(message))
        if session.parked is not None:
            await session.parked.aclose()
        return True

    def _waiting(self) -> list[Waiting]:
        return [
            Waiting(session.since, key, session.memory_bytes)
            for key, session in self._sessions.items()
            if session.parked is not None and not key.startswith(NESTED_PREFIX)
        ]

    def _sweep(self) -> None:
        """End what is beyond a limit, and look again when the next session reaches its time."""
        for key in self._limits.surplus(self._waiting(), time.monotonic()):
            parked = self._sessions.pop(key).parked
            assert parked is not None
            self._end(parked)
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        delay = self._limits.delay_s(self._waiting(), time.monotonic())
        if delay is not None:
            self._sweeper = asyncio.get_running_loop().call_later(delay, self._sweep)

    def _end(self, parked: ParkedSandbox) -> None:
        task = asyncio.get_running_loop().create_task(parked.aclose())
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        parked = [session.parked for session in self._sessions.values() if session.parked is not None]
        self._sessions.clear()
        await asyncio.gather(*(one.aclose() for one in parked), *self._endings)

    def list(self) -> list[dict[str, Any]]:
        now = time.monotonic()
        return [
            {
                "key": key,
                "state": "parked" if session.parked is not None else "held",
                "seconds": round(now - session.since, 3),
                "runtime_id": session.live.runtime_id if session.live is not None else None,
            }
            for key, session in self._sessions.items()
        ]


def check_key(key: Any) -> str:
    """A namespace's name: a str that is not empty and not absurdly long."""
    if (
        not isinstance(key, str)
        or not 0 < len(key) <= NAMESPACE_KEY_LIMIT_CHARACTERS
        or "\0" in key
        or not is_well_formed(key)
    ):
        raise ConfigurationError(
            f"key: a str of 1 to {NAMESPACE_KEY_LIMIT_CHARACTERS} characters without NUL, not {key!r:.80}"
        )
    return key
