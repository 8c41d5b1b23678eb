"""Sources of bytes without end, and what a runtime and its host hold open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import ScriptRuntime

CHUNK = bytes(range(256)) * 256
"""64 KiB."""


def resident_mb(pid: int | str) -> float:
    """Anonymous resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no RssAnon")


class Growth:
    """By how much this process and a sandbox have grown at most, as far as `sample()` saw them."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = resident_mb("self"), resident_mb(pid)
        self.host_mb = self.guest_mb = 0.0

    def sample(self) -> None:
        self.host_mb = max(self.host_mb, resident_mb("self") - self._before[0])
        self.guest_mb = max(self.guest_mb, resident_mb(self._pid) - self._before[1])


class Source:
    """An endless or long source of bytes that notes how far it was read and whether it was closed."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size
        self.given = 0
        self.closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            while self.size is None or self.given < self.size:
                self.given += len(CHUNK)
                yield CHUNK
        finally:
            self.closed = True


def statistics(runtime: ScriptRuntime) -> dict[str, int]:
    """What the host's end of the runtime's channel holds open."""
    counts: dict[str, Any] = runtime._live.channel.statistics()
    return counts


async def nothing_open(runtime: ScriptRuntime) -> None:
    """Wait until the channel holds nothing open; the test's time limit ends a wait for ever."""
    while (found := statistics(runtime))["stream_count"] or found["active_calls"] or found["incoming_calls"]:
        await runtime.eval("0")


def pid_of(runtime: ScriptRuntime) -> int:
    return runtime._live.sandbox.pid
