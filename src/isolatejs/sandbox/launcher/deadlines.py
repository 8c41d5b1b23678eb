"""Time limits: kills a sandbox that is over its time, whatever its host does meanwhile.

A host writes the deadline of each sandbox into a board: a memfd of its own, which came here as a descriptor with the
place of the sandbox in it. An execution then costs the host two stores into mapped memory (0.4 us each) and this
process nothing; two packets would cost the host 14 us of an `eval` of 130, and this process a wake-up each. It reads
the boards every 50 ms while programs run, and at the deadlines that it has seen; the packet that wakes the memory
watchdog (at most one in 100 ms) says that a program runs.

A deadline that has passed kills, with one exception: while the host does not read, an answer that waits for it may
have come in time. Then a process that rests is left to the host; one that is busy is not.

Between executions a program may use processor time of its own accord: timers, what follows an answer. One that keeps
a processor busy without a pause for as long as its limit is killed, too.
Standard library only.
"""

from __future__ import annotations

import fcntl
import heapq
import math
import os
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import linux
from .control import DEADLINE_PLACE

if TYPE_CHECKING:
    from .processes import Process

TICK_S: Final = 0.05
"""Between two looks while programs run: how late a deadline may be that was set just after a look."""
REST_TICK_S: Final = 0.5
"""Between two looks at processes that should rest."""
AWAKE_S: Final = 0.25
"""For so long after a host has said that a program runs; it says so again after 0.1 s."""
BUSY_PART: Final = 0.9
"""Of a tick: a process that used as much was busy throughout."""
REST_PART: Final = 0.1
"""A process that used less was not."""


@dataclass(eq=False, slots=True)
class _Watched:
    """What is known of one sandbox that has a place on a board."""

    process: Process
    board: int
    offset: int
    awake_until: float
    used_s: float
    looked_at: float
    waited_s: float = 0.0
    busy_since: float | None = None
    """Since when it has been busy without a pause, outside of executions."""
    plan: int = 0
    """The number of its next look; what was planned before is void."""


class Deadlines:
    """The sandboxes that have a place on a board, in the order in which they are looked at."""

    def __init__(self) -> None:
        self._proc = -1
        self._watched: dict[str, _Watched] = {}
        self._channels: dict[str, int] = {}
        self._due: list[tuple[float, int, _Watched]] = []
        self._plans = 0

    def begin(self, proc: int) -> None:
        """`proc` is the open /proc."""
        self._proc = proc

    def keep_channel(self, process: Process, channel: int) -> None:
        """Keep a copy of the host's end of the channel: it tells whether an answer waits there."""
        self._channels[process.id] = os.dup(channel)

    def watch(self, process: Process, board: int | None, offset: int) -> None:
        """The process has this place on this board from now on; None for no place. Keeps a copy."""
        self._drop_board(process.id)
        if board is not None and process.id in self._channels:
            now = time.monotonic()
            watched = _Watched(process, os.dup(board), offset, now + AWAKE_S, _used_s(process), now)
            self._watched[process.id] = watched
            self._look_and_plan(watched, now)

    def wake(self, process: Process) -> None:
        """A program runs in it now."""
        watched = self._watched.get(process.id)
        if watched is not None:
            now = time.monotonic()
            watched.awake_until = now + AWAKE_S
            self._look_and_plan(watched, now)

    def forget(self, process: Process) -> None:
        """The process is gone."""
        self._drop_board(process.id)
        channel = self._channels.pop(process.id, None)
        if channel is not None:
            os.close(channel)

    def _drop_board(self, id: str) -> None:
        watched = self._watched.pop(id, None)
        if watched is not None:
            watched.plan = 0
            os.close(watched.board)

    def next_timeout(self) -> float | None:
        """Seconds until the next look, None when nobody is watched."""
        while self._due and self._due[0][2].plan != self._due[0][1]:
            heapq.heappop(self._due)
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def look(self) -> None:
        """Read the boards that are due, and kill who is over its time."""
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, plan, watched = heapq.heappop(self._due)
            if watched.plan == plan:
                self._look_and_plan(watched, now)

    def _look_and_plan(self, watched: _Watched, now: float) -> None:
        due = self._look_at(watched, now)
        if watched.process.late:
            watched.plan = 0
            return
        self._plans += 1
        watched.plan = self._plans
        heapq.heappush(self._due, (due, self._plans, watched))

    def _look_at(self, watched: _Watched, now: float) -> float:
        """Kill this one if it is over its time; gives when to look again."""
        deadline, busy_limit = _read(watched)
        if deadline:
            watched.busy_since = None
            watched.awake_until = max(watched.awake_until, now + TICK_S)
            if deadline > now:
                return min(deadline, _next_tick(now, TICK_S))
            if self._answer_waits(watched.process) and not self._was_busy(watched, now):
                return now + TICK_S
            watched.process.end_late("deadline")
        elif busy_limit and now - watched.looked_at >= TICK_S:
            since = watched.looked_at
            if not self._was_busy(watched, now):
                watched.busy_since = None
            elif watched.busy_since is None:
                watched.busy_since = since
            if watched.busy_since is not None and now - watched.busy_since >= busy_limit:
                watched.process.end_late("busy")
        rests = now >= watched.awake_until and watched.busy_since is None
        return _next_tick(now, REST_TICK_S if rests else TICK_S)

    def _answer_waits(self, process: Process) -> bool:
        waiting = bytearray(4)
        fcntl.ioctl(self._channels[process.id], termios.FIONREAD, waiting)
        return int.from_bytes(waiting, "little") > 0

    def _was_busy(self, watched: _Watched, now: float) -> bool:
        """Whether it ran, or waited for a processor, all the time since it was last looked at."""
        used, took = _used_s(watched.process), now - watched.looked_at
        part = (used - watched.used_s) / took if took > 0 else 0.0
        watched.used_s, watched.looked_at = used, now
        waited, watched.waited_s = watched.waited_s, 0.0
        if REST_PART < part < BUSY_PART:  # busy, and others are, too?
            watched.waited_s = self._waited_s(watched.process)
            return waited > 0 and part + (watched.waited_s - waited) / took >= BUSY_PART
        return part >= BUSY_PART

    def _waited_s(self, process: Process) -> float:
        """How long its first thread, which runs programs, was ready and had no processor."""
        try:
            file = os.open(f"{process.pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return 0.0
        try:
            return int(os.read(file, 128).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0
        finally:
            os.close(file)


def _read(watched: _Watched) -> tuple[float, float]:
    """Deadline and busy limit in seconds, 0 for none. A host that takes its board away has neither."""
    try:
        data = os.pread(watched.board, DEADLINE_PLACE.size, watched.offset)
    except OSError:
        return 0.0, 0.0
    if len(data) < DEADLINE_PLACE.size:
        return 0.0, 0.0
    deadline, _, busy_limit, _ = DEADLINE_PLACE.unpack(data)
    return deadline / 1e9, busy_limit / 1e9


def _used_s(process: Process) -> float:
    """Processor time of all its threads."""
    try:
        return time.clock_gettime(linux.processor_clock(process.pid))
    except OSError:
        return 0.0


def _next_tick(now: float, after_s: float) -> float:
    """Some time after that, together with others: to wake up costs as much as many looks."""
    return math.ceil((now + after_s) / TICK_S) * TICK_S
