"""Which sessions are held by whom, and which are put aside."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isolatejs.errors import DaemonError, NamespaceBusyError
from isolatejs.sandbox.parked import ParkingLimits, Waiting, resident_memory_bytes

if TYPE_CHECKING:
    from isolatejs.daemon.lease_table import Lease
    from isolatejs.daemon.server import Client


@dataclass(eq=False)
class Session:
    """`number` names one acquisition. `lease` is None while its first holder is making the sandbox.

    `keeper` is the client that put it aside, and may keep things for it. `memory_bytes` is what it takes
    while it is aside: stopped, it cannot grow. A `private` one ends with its keeper.
    """

    key: str
    number: int
    holder: Client | None
    lease: Lease | None = None
    runtime_id: str | None = None
    keeper: Client | None = None
    private: bool = False
    memory_bytes: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def aside(self) -> bool:
        return self.holder is None


class SessionTable:
    """Sessions by name."""

    def __init__(self, limits: ParkingLimits) -> None:
        self._limits = limits
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self.put_aside_total = 0
        self.taken_up_total = 0
        self.evicted_total = 0

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def aside(self) -> list[Session]:
        return [session for session in self._sessions.values() if session.aside]

    def acquire(self, key: str, client: Client) -> tuple[Session, Session | None]:
        """Take a session for a client: the new acquisition, and what was aside. Raises NamespaceBusyError."""
        before = self._sessions.get(key)
        if before is not None and before.holder is not None:
            holder = f"process {before.holder.pid}"
            if before.runtime_id is not None:
                holder = f"{before.runtime_id} of {holder}"
            raise NamespaceBusyError(f"the namespace {key!r} is in use by {holder}", key=key, holder=holder)
        session = self._sessions[key] = Session(key, next(self._numbers), client)
        if before is not None and before.lease is not None:
            session.lease = before.lease
            session.lease.client = client
            self.taken_up_total += 1
        return session, before

    def _held(self, key: str, number: int, client: Client) -> Session:
        session = self._sessions.get(key)
        if session is None or session.holder is not client or session.number != number:
            raise DaemonError(f"the namespace {key!r} is not held by this client")
        return session

    def hold(self, key: str, number: int, lease: Lease, runtime_id: str) -> None:
        """The client says which sandbox the session has. Raises DaemonError when it does not hold it."""
        assert lease.client is not None
        session = self._held(key, number, lease.client)
        if lease.key not in (None, key) or session.lease not in (None, lease):
            raise DaemonError(f"sandbox {lease.id} is not the one of the namespace {key!r}")
        session.lease = lease
        session.runtime_id = runtime_id
        lease.key = key

    def put_aside(self, key: str, number: int, lease: Lease, *, private: bool = False) -> list[Session]:
        """Keep a session. Gives those that have to make room; they are forgotten here."""
        assert lease.client is not None
        session = self._held(key, number, lease.client)
        if lease.key not in (None, key) or session.lease not in (None, lease):
            raise DaemonError(f"sandbox {lease.id} is not the one of the namespace {key!r}")
        self._sessions[key] = Session(
            key,
            number,
            None,
            lease,
            keeper=lease.client,
            private=private,
            memory_bytes=resident_memory_bytes(lease.sandbox.pid),
        )
        lease.client = None
        lease.key = key
        self.put_aside_total += 1
        return self.sweep()

    def sweep(self) -> list[Session]:
        """The sessions that are beyond a limit, the oldest first; they are forgotten here."""
        waiting = [Waiting(one.since, one.key, one.memory_bytes) for one in self.aside if not one.private]
        ended = [self._sessions.pop(key) for key in self._limits.surplus(waiting, time.monotonic())]
        self.evicted_total += len(ended)
        return ended

    def delay_s(self) -> float | None:
        """Seconds until the next sweep finds something; None when nothing is aside."""
        waiting = [Waiting(one.since, one.key, one.memory_bytes) for one in self.aside if not one.private]
        return self._limits.delay_s(waiting, time.monotonic())

    def release(self, key: str, number: int, client: Client) -> None:
        """The client gives up an acquisition; an older one than the present is no matter."""
        session = self._sessions.get(key)
        if session is not None and session.holder is client and session.number == number:
            del self._sessions[key]

    def forget(self, lease: Lease) -> Session | None:
        """The sandbox of a session is gone. Gives the session."""
        session = self._sessions.get(lease.key) if lease.key is not None else None
        if session is None or session.lease is not lease:
            return None
        return self._sessions.pop(session.key)

    def forget_client(self, client: Client) -> list[Session]:
        """Names that a client held go free, and it keeps nothing any more. Gives what was private to it."""
        ended = []
        for key, session in list(self._sessions.items()):
            if session.holder is client:
                del self._sessions[key]
            elif session.keeper is client:
                session.keeper = None
                if session.private:
                    ended.append(self._sessions.pop(key))
        return ended

    def dispose(self, key: str) -> Session | None:
        return self._sessions.pop(key, None)

    def rows(self) -> list[dict[str, Any]]:
        """One row a session, for operators."""
        now = time.monotonic()
        return [
            {
                "key": session.key,
                "state": "parked" if session.aside else "held",
                "holder": None if session.holder is None else session.holder.pid,
                "runtime_id": session.runtime_id,
                "sandbox": None if session.lease is None else session.lease.id,
                "seconds": round(now - session.since, 1),
            }
            for session in self._sessions.values()
        ]
