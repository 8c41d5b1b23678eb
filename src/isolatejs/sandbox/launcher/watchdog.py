"""Memory and threads: arms the limits of a sandbox, looks at it while it runs, kills it when it is over.

Three things together hold the memory, since none is enough alone (each was tried against bombs):
- RLIMIT_DATA, somewhat above the limit, stops a fast bomb between two looks. V8 then dies of a failed heap
  allocation; but a failed ArrayBuffer is only a RangeError, which a program can catch and go on. Machine code can
  leave it: pages that are no longer writable do not count.
- A look at anonymous memory (resident, swapped out, and its page tables) finds what stays below that: the limit
  itself.
- A look at the size of writable mappings finds memory that was allocated and not yet touched.

Every sandbox is asked every 20-50 ms how much processor time it has used, which costs 0.5 us. Memory cannot grow
without: only who has used some is looked at, and who grows is looked at again after 5 ms. 1,000 idle sandboxes cost
2% of a core. Standard library only.
"""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Final

from . import linux, trees
from .settings import THREADS_LIMIT
from .usage import Usage, read_usage

if TYPE_CHECKING:
    from .processes import Process

MIB: Final = 1024 * 1024
ROUND_INTERVALS_S: Final = (0.02, 0.05)
"""Between two rounds through all sandboxes, with few and with many of them."""
ROUND_COST_S: Final = 0.00005
"""A round may cost so much time for each sandbox: 2% of a core, as long as it does not become too rare."""
GROWING_INTERVAL_S: Final = 0.005
PROCESSOR_NS: Final = 500_000
"""Who has used less since the last look was not looked at: in this time machine code fills 1 MB."""
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


class Watchdog:
    """The processes that are looked at, all in rounds, and some in between."""

    def __init__(self) -> None:
        self._watched: dict[str, Process] = {}
        self._next_round = 0.0
        self._growing: dict[str, Process] = {}
        self._next_of_growing = 0.0

    def watch(self, process: Process) -> None:
        """Begin to look at a process: at the number of its threads, and its memory once it is armed."""
        if not self._watched:
            self._next_round = time.monotonic() + ROUND_INTERVALS_S[0]
        self._watched[process.id] = process

    def forget(self, process: Process) -> None:
        """Look at this one no more."""
        self._watched.pop(process.id, None)
        self._growing.pop(process.id, None)

    def arm(self, process: Process, limit_bytes: int) -> None:
        """Limit a process to `limit_bytes` on top of what its engine uses."""
        usage = read_usage(process) or Usage(0, 0, 0)
        anonymous = max(usage.anonymous, ENGINE_ANONYMOUS_BYTES)  # it may still be starting
        data = max(usage.data, ENGINE_DATA_BYTES)
        process.limit_bytes = limit_bytes
        process.anonymous_limit = anonymous + limit_bytes
        process.mapped_limit = data + limit_bytes + MAPPED_SLACK_BYTES
        hard = data + limit_bytes + RLIMIT_SLACK_BYTES
        try:
            linux.set_limit(process.pid, resource.RLIMIT_DATA, hard, hard)
        except ProcessLookupError:
            return  # dead already; its end is reported as such
        except PermissionError:  # root without CAP_SYS_RESOURCE and without user namespaces: the looks remain
            pass
        self.wake(process)

    def wake(self, process: Process) -> None:
        """Look at a process soon."""
        if not self._growing:
            self._next_of_growing = time.monotonic() + GROWING_INTERVAL_S
        self._growing[process.id] = process

    def next_timeout(self) -> float | None:
        """Seconds until somebody is due, None when nobody is watched."""
        if not self._watched:
            return None
        due = min(self._next_round, self._next_of_growing) if self._growing else self._next_round
        return max(0.0, due - time.monotonic())

    def look(self) -> None:
        """Look at everybody who is due."""
        now = time.monotonic()
        if self._growing and now >= self._next_of_growing:
            growing, self._growing = self._growing, {}
            for process in growing.values():
                self.check(process)
            self._next_of_growing = time.monotonic() + GROWING_INTERVAL_S
        if self._watched and now >= self._next_round:
            for process in list(self._watched.values()):
                if _has_run(process):
                    self.check(process)
            shortest, longest = ROUND_INTERVALS_S
            interval = min(max(shortest, len(self._watched) * ROUND_COST_S), longest)
            self._next_round = time.monotonic() + interval

    def check(self, process: Process) -> bool:
        """Kill the process if it is over a limit; True when that was its memory."""
        usage = read_usage(process)
        if usage is None:
            # Either it is about to end, or its main thread alone has ended and hides what the others use.
            if process.headless:
                process.kill()
            process.headless = True
            self.wake(process)
            return False
        growth = usage.anonymous - process.last_anonymous
        process.last_anonymous = usage.anonymous
        process.peak_bytes = max(process.peak_bytes, usage.anonymous)
        if process.limit_bytes and (
            usage.anonymous > process.anonymous_limit or usage.data > process.mapped_limit
        ):
            process.over_limit = True
            process.kill()
            return True
        if (process.parent is not None or process.children) and trees.is_over(process):
            return True
        if usage.threads > THREADS_LIMIT:
            process.fail(f"it has {usage.threads} threads, limit {THREADS_LIMIT}")
        elif growth > GROWTH_BYTES:
            self.wake(process)
        return False


def _has_run(process: Process) -> bool:
    """Whether a process has used enough processor time since the last time that this was true."""
    try:
        used = time.clock_gettime_ns(linux.processor_clock(process.pid))
    except OSError:  # gone
        return False
    if used - process.processor_ns < PROCESSOR_NS:
        return False
    process.processor_ns = used
    return True
