"""Who holds which sandbox."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isolatejs.errors import DaemonError, QuotaExceededError
from isolatejs.sandbox.parked import resident_memory_bytes

if TYPE_CHECKING:
    from isolatejs.daemon.server import Client
    from isolatejs.sandbox.sandbox import Sandbox


@dataclass(eq=False)
class Lease:
    """One sandbox that was leased. `client` is None while its session is put aside.

    `numbers` belong to the client's channel. `reason` says why somebody else ended it.
    """

    id: str
    sandbox: Sandbox
    client: Client | None
    key: str | None = None
    numbers: tuple[int, int] = (0, 0)
    since: float = field(default_factory=time.monotonic)
    reason: str | None = None
    ended: bool = False
    _channel: tuple[int, int] = (0, 0)

    def hand_over(self) -> tuple[int, ...]:
        """Descriptors for the owner: channel, pidfd and, where there is one, the sync FIFO."""
        status = os.fstat(self.sandbox.channel_socket.fileno())
        self._channel = (status.st_dev, status.st_ino)
        channel, pidfd, sync = self.sandbox.hand_over()
        return (channel, pidfd) if sync is None else (channel, pidfd, sync)

    def is_channel(self, descriptor: int) -> bool:
        """Whether a descriptor is the channel that was handed over."""
        status = os.fstat(descriptor)
        return (status.st_dev, status.st_ino) == self._channel


class LeaseTable:
    """All leases by id. One sandbox, one owner."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._leases: dict[str, Lease] = {}
        self._reserved = 0
        self.total = 0

    def __len__(self) -> int:
        return len(self._leases)

    def reserve(self) -> None:
        """Make sure of room for one that is being made. Raises QuotaExceededError when there is none."""
        if len(self._leases) + self._reserved >= self._limit:
            raise QuotaExceededError(
                f"the daemon leases {self._limit} sandboxes already", limit="leases", value=self._limit
            )
        self._reserved += 1

    def unreserve(self) -> None:
        """It has been made, or not."""
        self._reserved -= 1

    def add(self, client: Client, sandbox: Sandbox) -> Lease:
        self.total += 1
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

    @property
    def held(self) -> int:
        """Leases that a client holds now."""
        return sum(lease.client is not None for lease in self._leases.values())

    def remove(self, lease: Lease) -> None:
        lease.ended = True
        self._leases.pop(lease.id, None)

    def memory_bytes(self) -> int:
        """Private memory of all leased sandboxes."""
        return sum(resident_memory_bytes(lease.sandbox.pid) for lease in self._leases.values())

    def rows(self) -> list[dict[str, Any]]:
        """One row a lease, for operators."""
        now = time.monotonic()
        return [
            {
                "sandbox": lease.id,
                "pid": lease.sandbox.pid,
                "client": None if lease.client is None else lease.client.pid,
                "namespace": lease.key,
                "state": "parked" if lease.client is None else "leased",
                "memory_bytes": resident_memory_bytes(lease.sandbox.pid),
                "seconds": round(now - lease.since, 1),
            }
            for lease in self._leases.values()
        ]
