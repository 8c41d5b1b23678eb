"""Memory: arms the limit of a sandbox, looks at it while it runs, kills it when it is over.

Three things together, since none is enough alone (each was tried against bombs):
- RLIMIT_DATA, somewhat above the limit, stops a fast bomb between two looks. V8 then dies of a failed heap
  allocation; but a failed ArrayBuffer is only a RangeError, which a program can catch and go on.
- A look at anonymous resident memory finds what stays below that: the limit itself.
- A look at the size of writable mappings finds memory that was allocated and not yet touched.

Processes that one runtime's program started through nested hosts are a tree. Its limit bounds what all of them use
together, as far as looks go: when it is passed, the one that has just grown is killed, then the largest ones below
the root, until the rest fits.

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
        if (process.parent is not None or process.children) and self._tree_is_over(process):
            return True
        if growth > GROWTH_BYTES:
            process.interval = SHORTEST_INTERVAL_S
        else:
            process.interval = min(process.interval * 2, LONGEST_INTERVAL_S)
        return False

    # --- trees -------------------------------------------------------------------------------------
    def join(self, process: Process, parent: Process, tree_limit_bytes: int) -> bool:
        """Count a process in its parent's tree from now on. False when it cannot be this one's child."""
        above: Process | None = parent
        while above is not None:
            if above is process:
                return False
            above = above.parent
        if process.parent is not None or not parent.alive:
            return process.parent is parent
        process.parent = parent
        parent.children.append(process)
        parent.tree_limit = tree_limit_bytes
        _add(parent, process.tree_used)
        for member in (parent, process):
            self._count(member)
        return True

    def leave(self, process: Process) -> None:
        """A process has ended: what it used counts no more, and what it started ends too."""
        _add(process, -process.used)
        process.used = 0
        for child in process.children:
            child.kill()
        if process.parent is not None:
            process.parent.children.remove(process)

    def _tree_is_over(self, process: Process) -> bool:
        """End processes of a tree that uses too much; whether this one, at which we look, is one of them."""
        before = process.used
        self._count(process, process.last_anonymous)
        grown = process if process.used > before else None
        above: Process | None = process
        while above is not None:
            if above.tree_limit and above.tree_used > above.tree_limit:
                self._shrink(above, grown)
            above = above.parent
        return process.over_limit

    def _shrink(self, root: Process, grown: Process | None) -> None:
        """End the one that has just grown, then the largest ones, until the rest fits; never the root itself."""
        below = [member for member in _below(root) if member.alive and not member.over_limit]
        for member in (root, *below):  # what the others used is only known from their last looks
            self._count(member)
        below.sort(key=lambda member: (member is grown, member.used))
        while below and root.tree_used > root.tree_limit:
            ending = below.pop()
            _add(ending, -ending.used)
            ending.used = 0
            ending.over_limit = ending.over_tree_limit = True
            ending.kill()

    def _count(self, process: Process, anonymous: int | None = None) -> None:
        """Bring up to date what a process uses without its engine's own part."""
        if process.over_limit:
            return  # it is dying
        if anonymous is None:
            anonymous, _ = read_usage(process)
        engine = process.anonymous_limit - process.limit_bytes
        used = max(0, anonymous - engine)
        _add(process, used - process.used)
        process.used = used

    def _schedule(self, process: Process) -> None:
        self._sequence += 1  # processes cannot be compared
        heapq.heappush(
            self._due, (time.monotonic() + process.interval, self._sequence, process.generation, process)
        )


def _add(process: Process, change: int) -> None:
    """Count a change of what a process uses in its own tree and in all that it is part of."""
    part: Process | None = process
    while part is not None:
        part.tree_used += change
        part = part.parent


def _below(process: Process) -> list[Process]:
    """All processes of the tree but its root."""
    found = list(process.children)
    for member in found:  # which grows meanwhile
        found.extend(member.children)
    return found


def read_usage(process: Process) -> tuple[int, int]:
    """Anonymous resident memory and the size of writable mappings, in bytes. Zeros once it is dead."""
    try:
        fields = os.pread(process.statm, 128, 0).split()
    except ProcessLookupError:
        return 0, 0
    resident, shared, data = int(fields[1]), int(fields[2]), int(fields[5])
    return (resident - shared) * _PAGE, data * _PAGE
