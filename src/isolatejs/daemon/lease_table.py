"""Who holds which sandbox, and which sessions are held or put aside."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isolatejs.errors import DaemonError, NamespaceBusyError, QuotaExceededError
from isolatejs.limits import DAEMON_LEASES_LIMIT, NAMESPACE_IDLE_LIMIT_MS, NAMESPACES_LIMIT

if TYPE_CHECKING:
    from isolatejs.daemon.server import Client
    from isolatejs.sandbox.sandbox import Sandbox


@dataclass(eq=False)
class Lease:
    """One sandbox that was leased. `client` is None while its session is put aside."""

    id: str
    sandbox: Sandbox
    client: Client | None
    key: str | None = None
    numbers: tuple[int, int] = (0, 0)
    since: float = field(default_factory=time.monotonic)
    killed: bool = False
    ended: bool = False


class LeaseTable:
    """All leases by id. One sandbox, one owner."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    def __len__(self) -> int:
        return len(self._leases)

    def check_room(self) -> None:
        """Raise QuotaExceededError when no more may be leased."""
        if len(self._leases) >= DAEMON_LEASES_LIMIT:
            raise QuotaExceededError(
                f"the daemon leases {DAEMON_LEASES_LIMIT} sandboxes already",
                limit="leases",
                value=DAEMON_LEASES_LIMIT,
            )

    def add(self, client: Client, sandbox: Sandbox) -> Lease:
        lease = self._leases[sandbox.id] = Lease(sandbox.id, sandbox, client)
        return lease

    def get(self, id: str, client: Client) -> Lease:
        """A lease of this client. Raises DaemonError for one that it does not hold."""
        lease = self._leases.get(id)
        if lease is None or lease.client is not client:
            raise DaemonError(f"sandbox {id!r:.40} is not leased to this client")
        return lease

    def find(self, id: str) -> Lease | None:
        return self._leases.get(id)

    def of(self, client: Client) -> list[Lease]:
        return [lease for lease in self._leases.values() if lease.client is client]

    def remove(self, lease: Lease) -> None:
        lease.ended = True
        self._leases.pop(lease.id, None)

    def rows(self) -> list[dict[str, Any]]:
        """One row a lease, for operators."""
        now = time.monotonic()
        return [
            {
                "sandbox": lease.id,
                "pid": lease.sandbox.pid,
                "client": None if lease.client is None else lease.client.pid,
                "namespace": lease.key,
                "seconds": round(now - lease.since, 1),
            }
            for lease in self._leases.values()
        ]


@dataclass
class _Session:
    holder: Client | None
    lease: Lease | None
    since: float = field(default_factory=time.monotonic)

    @property
    def aside(self) -> bool:
        return self.holder is None


class SessionTable:
    """Sessions by name: held by a client, or put aside."""

    def __init__(self, leases: LeaseTable) -> None:
        self._leases = leases
        self._sessions: dict[str, _Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def acquire(self, key: str, client: Client) -> Lease | None:
        """Take a session for a client; None for a new one. Raises NamespaceBusyError."""
        session = self._sessions.get(key)
        if session is not None and not session.aside:
            assert session.holder is not None
            holder = f"process {session.holder.pid}"
            raise NamespaceBusyError(f"the namespace {key!r} is in use by {holder}", key=key, holder=holder)
        lease = session.lease if session is not None else None
        self._sessions[key] = _Session(client, lease)
        if lease is not None:
            lease.client = client
        return lease

    def hold(self, key: str, lease: Lease) -> None:
        """The client has made the session's sandbox."""
        session = self._sessions.get(key)
        if session is None or session.holder is not lease.client:
            raise DaemonError(f"the namespace {key!r} is not held by this client")
        session.lease = lease
        lease.key = key

    def put_aside(self, key: str, lease: Lease) -> list[Lease]:
        """Keep a session. Gives the leases of the sessions that have to make room."""
        session = self._sessions.get(key)
        if session is None or session.holder is not lease.client or session.lease is not lease:
            raise DaemonError(f"the namespace {key!r} is not held by this client")
        lease.client = None
        self._sessions[key] = _Session(None, lease)
        now = time.monotonic()
        aside = sorted((s.since, k) for k, s in self._sessions.items() if s.aside)
        expired = [k for since, k in aside if now - since > NAMESPACE_IDLE_LIMIT_MS / 1000]
        surplus = [k for _, k in aside[: max(0, len(aside) - NAMESPACES_LIMIT)]]
        ended: list[Lease] = []
        for name in dict.fromkeys([*expired, *surplus]):
            old = self._sessions.pop(name).lease
            if old is not None:
                ended.append(old)
        return ended

    def release(self, key: str, client: Client) -> None:
        session = self._sessions.get(key)
        if session is not None and session.holder is client:
            del self._sessions[key]

    def forget(self, lease: Lease) -> None:
        """The sandbox of a session is gone, or its client is."""
        for key, session in list(self._sessions.items()):
            if session.lease is lease:
                del self._sessions[key]

    def forget_client(self, client: Client) -> None:
        """Names that a client held without a sandbox yet."""
        for key, session in list(self._sessions.items()):
            if session.holder is client:
                del self._sessions[key]

    def dispose(self, key: str) -> tuple[Lease | None, bool]:
        session = self._sessions.pop(key, None)
        return (session.lease, True) if session is not None else (None, False)

    async def close(self) -> None:
        """End what is put aside."""
        for session in self._sessions.values():
            if session.lease is not None:
                self._leases.remove(session.lease)
                await session.lease.sandbox.aclose()
        self._sessions.clear()

    def rows(self) -> list[dict[str, Any]]:
        """One row a session, for operators."""
        now = time.monotonic()
        return [
            {
                "key": key,
                "state": "parked" if session.aside else "held",
                "holder": None if session.holder is None else session.holder.pid,
                "sandbox": None if session.lease is None else session.lease.id,
                "seconds": round(now - session.since, 1),
            }
            for key, session in self._sessions.items()
        ]
