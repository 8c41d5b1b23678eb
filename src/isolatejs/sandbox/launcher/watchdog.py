"""Memory: arms the limit of a sandbox, looks at it while it runs, kills it when it is over.

Three things together, since none is enough alone (each was tried against bombs):
- RLIMIT_DATA, somewhat above the limit, stops a fast bomb between two looks. V8 then dies of a failed heap
  allocation; but a failed ArrayBuffer is only a RangeError, which a program can catch and go on.
- A look at anonymous resident memory finds what stays below that: the limit itself.
- A look at the size of writable mappings finds memory that was allocated and not yet touched.

Looks are frequent while a sandbox grows and rare while it does not. To wake up costs the launcher as much as
five looks, so it looks at many at once, at some a little early: 1,000 idle ones cost 2% of a core.
Standard library only.
"""

from __future__ import annotations

import heapq
import os
import resource
import time
from typing import TYPE_CHECKING, Final

from . import linux

if TYPE_CHECKING:
    from .processes import Process

MIB: Final = 1024 * 1024
SHORTEST_INTERVAL_S: Final = 0.005
LONGEST_INTERVAL_S: Final = 0.8
EARLY_PART: Final = 0.25
"""By this part of its interval a look may come early, when the launcher is awake for another."""
EARLY_LOOKS_LIMIT: Final = 64
"""So many early looks at once, which take 0.6 ms: who is due next does not wait longer for them."""
GROWTH_BYTES: Final = 1 * MIB
"""Growing by this since the last look means: look again soon."""
ENGINE_ANONYMOUS_BYTES: Final = 18 * MIB
"""What an engine with our kernel uses itself."""
ENGINE_DATA_BYTES: Final = 552 * MIB
"""Writable mappings of an engine that has just started; 512 MB of it are V8's reserved code range."""
MAPPED_SLACK_BYTES: Final = 40 * MIB
"""Mapped but unused memory that is nobody's fault: heap pages not yet filled, stacks of new threads, and buffers
that wait for the collector (a program that streams has up to 100 MB mapped, of which it has touched 60)."""
RLIMIT_SLACK_BYTES: Final = 44 * MIB
"""Above the limit, so that the looks decide where they can; with the engine's part below limit + 64 MB."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Watchdog:
    """The processes that have a limit, in the order in which they are looked at."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, int, Process]] = []
        self._sequence = 0

    def arm(self, process: Process, limit_bytes: int) -> None:
        """Limit a process to `limit_bytes` on top of what its engine uses."""
        anonymous, data = read_usage(process)
        anonymous = max(anonymous, ENGINE_ANONYMOUS_BYTES)  # it may still be starting
        data = max(data, ENGINE_DATA_BYTES)
        first = process.limit_bytes == 0
        process.limit_bytes = limit_bytes
        process.anonymous_limit = anonymous + limit_bytes
        process.mapped_limit = data + limit_bytes + MAPPED_SLACK_BYTES
        process.interval = SHORTEST_INTERVAL_S
        hard = data + limit_bytes + RLIMIT_SLACK_BYTES
        try:
            linux.set_limit(process.pid, resource.RLIMIT_DATA, hard, hard)
        except ProcessLookupError:
            return  # dead already; its end is reported as such
        except PermissionError:  # root without CAP_SYS_RESOURCE and without user namespaces: the looks remain
            pass
        if first:
            self._schedule(process)

    def disarm(self, process: Process) -> None:
        """Look at this one no more."""
        process.generation += 1  # what is planned is void

    def wake(self, process: Process) -> None:
        """Look at this one soon and often: its program starts to run."""
        if process.limit_bytes and process.interval > SHORTEST_INTERVAL_S:
            process.interval = SHORTEST_INTERVAL_S
            process.generation += 1  # the old entry is void
            self._schedule(process)

    def next_timeout(self) -> float | None:
        """Seconds until somebody is due, None when nobody is watched."""
        if not self._due:
            return None
        return max(0.0, self._due[0][0] - time.monotonic())

    def look(self) -> None:
        """Look at everybody who is due, and at some who will be soon."""
        now = time.monotonic()
        early = 0
        while self._due and early < EARLY_LOOKS_LIMIT:
            due, _, generation, process = self._due[0]
            planned = process.alive and process.generation == generation
            if planned and due > now:
                if due - process.interval * EARLY_PART > now:
                    break
                early += 1
            heapq.heappop(self._due)
            if planned and not self.check(process):
                self._schedule(process)

    def check(self, process: Process) -> bool:
        """Kill the process if it is over its limit."""
        anonymous, data = read_usage(process)
        growth = anonymous - process.last_anonymous
        process.last_anonymous = anonymous
        process.peak_bytes = max(process.peak_bytes, anonymous)
        if anonymous > process.anonymous_limit or data > process.mapped_limit:
            process.over_limit = True
            process.kill()
            return True
        if growth > GROWTH_BYTES:
            process.interval = SHORTEST_INTERVAL_S
        else:
            process.interval = min(process.interval * 2, LONGEST_INTERVAL_S)
        return False

    def _schedule(self, process: Process) -> None:
        self._sequence += 1  # processes cannot be compared
        heapq.heappush(
            self._due, (time.monotonic() + process.interval, self._sequence, process.generation, process)
        )


def read_usage(process: Process) -> tuple[int, int]:
    """Anonymous resident memory and the size of writable mappings, in bytes. Zeros once it is dead."""
    try:
        fields = os.pread(process.statm, 128, 0).split()
    except ProcessLookupError:
        return 0, 0
    resident, shared, data = int(fields[1]), int(fields[2]), int(fields[5])
    return (resident - shared) * _PAGE, data * _PAGE
