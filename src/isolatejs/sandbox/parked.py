"""A session that was put aside: a paused sandbox that waits for its next owner, and how many may wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from isolatejs.limits import MIB, NAMESPACE_IDLE_LIMIT_MS, NAMESPACES_LIMIT, NAMESPACES_MEMORY_LIMIT_MB

from .launcher.usage import parse_usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .sandbox import Sandbox

NESTED_PREFIX = "nested:"
"""Begins the names that nested hosts make. Those sessions end with their program's runtime, count in its limits, and
never take the place of an embedder's."""


@dataclass(slots=True)
class ParkedSandbox:
    """`numbers` belong to the owner's channel (the last call id and reference); nobody here reads them.

    `kept` is what host halves keep alive for the next acquire in the same process (browser contexts, say).
    """

    sandbox: Sandbox
    numbers: tuple[int, int] = (0, 0)
    kept: dict[str, Any] = field(default_factory=dict)

    async def aclose(self) -> None:
        """End the session and what is kept for it."""
        try:
            for kept in self.kept.values():
                await kept.aclose()
        finally:
            await self.sandbox.aclose()


class Waiting(NamedTuple):
    """A session that is aside: since when (monotonic seconds), and the memory that it holds meanwhile."""

    since: float
    key: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class ParkingLimits:
    """How many sessions may be kept aside, how long, and with how much memory together."""

    count: int = NAMESPACES_LIMIT
    idle_ms: float = NAMESPACE_IDLE_LIMIT_MS
    memory_bytes: int = NAMESPACES_MEMORY_LIMIT_MB * MIB

    def surplus(self, waiting: Iterable[Waiting], now: float) -> list[str]:
        """Keys of the sessions that have to end, the oldest first."""
        kept = sorted(waiting)
        memory = sum(one.memory_bytes for one in kept)
        ended: list[str] = []
        for one in kept:
            expired = now - one.since >= self.idle_ms / 1000
            if not expired and len(kept) - len(ended) <= self.count and memory <= self.memory_bytes:
                break
            ended.append(one.key)
            memory -= one.memory_bytes
        return ended

    def delay_s(self, waiting: Iterable[Waiting], now: float) -> float | None:
        """Seconds until the session that has waited longest reaches its time; None when none waits."""
        oldest = min((one.since for one in waiting), default=None)
        return None if oldest is None else max(0.0, oldest + self.idle_ms / 1000 - now)


def resident_memory_bytes(pid: int) -> int:
    """Memory that only this process has, as its launcher counts it; 0 when it is gone or cannot be asked."""
    try:
        usage = parse_usage((Path("/proc") / str(pid) / "status").read_bytes())
    except OSError:
        return 0
    return 0 if usage is None else usage.anonymous
