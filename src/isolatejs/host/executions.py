"""The time limits of one runtime: of every entry into its program, by whatever door.

An execution has a deadline: the runtime's `execution_timeout_ms` or what its call names. It is kept twice, by the
launcher (`Sandbox.set_deadline`), which kills in time even while this event loop stands, and here, where there may
be no launcher. An entry that is made while a longer execution is under way may last as long as that one: it is part
of it, mostly.

Whatever else is sent to the guest (notes, answers, bytes of streams) may set its program going, too. Where the
runtime has a limit, it is asked afterwards whether it still gives control back; one that does not, ends.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isolatejs.errors import AbortError, ExecutionTimeoutError, IsolateError, RuntimeDisposedError
from isolatejs.limits import CANCEL_GRACE_MS, CONTROL_GRACE_MS
from isolatejs.wire.message import Door

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime

_EARLY_S = 0.001
"""Timers of an event loop may come a little early."""
_HELD_UP_S = 0.05
"""A timer that comes so late shows that the loop stood; it then gets as much time to read what has arrived."""


@dataclass(eq=False, slots=True)
class Execution:
    """An entry into the program, under way until `finish`."""

    deadline: float
    """Of the monotonic clock, in seconds."""
    limit: str
    value: float
    waits: bool
    """Whether it is a wait for what has begun already."""
    _executions: Executions
    over: bool = False

    def finish(self) -> None:
        """The program has answered, or nobody waits any more."""
        self.over = True
        self._executions.finished(self)


class Executions:
    """Which are under way in one runtime, and which of them is late."""

    def __init__(self, live: LiveRuntime, default_ms: float | None) -> None:
        self._live = live
        self._serves = False
        self._default_ms = default_ms
        self._loop = asyncio.get_running_loop()
        self._due: list[tuple[float, int, Execution]] = []
        """By deadline; the number tells apart what has the same."""
        self._number = 0
        self.running = 0
        """How many are under way that are not just waits. Whoever starts one without a limit counts it."""
        self._longest: Execution | None = None
        """The managed execution that may last longest."""
        self._armed = math.inf
        """The deadline that the launcher has."""
        self._last: Execution | None = None
        """The execution that it belongs to, or did last."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._look: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._touched = False
        self._cancelled = False
        self._closed = False
        self._held = False

    def serves(self) -> None:
        """The program is an app server."""
        self._serves = True

    # --- executions --------------------------------------------------------------------------------
    def begin_managed(self, timeout_ms: float, limit: str) -> Execution:
        """One whose sender names its limit."""
        execution = self._begin(timeout_ms, limit)
        if self._longest is None or self._longest.over or execution.deadline > self._longest.deadline:
            self._longest = execution
        return execution

    def begin(self, door: Door) -> Execution | None:
        """A call goes to the guest by this door. None when it is no execution of its own."""
        if door is not Door.EXECUTION and door is not Door.WAIT:
            return None
        default = self._default_ms
        longest = self._longest
        if (
            default is not None
            and longest is not None
            and not longest.over
            and longest.deadline > time.monotonic() + default / 1000
        ):
            return self._open(longest.deadline, longest.limit, longest.value, waits=door is Door.WAIT)
        return self._begin(default, "execution_timeout_ms", waits=door is Door.WAIT)

    def begin_read(self) -> Execution | None:
        """The next bytes of a stream of the program are waited for. What a server streams may take its time."""
        return None if self._serves else self.begin(Door.WAIT)

    def _begin(self, timeout_ms: float | None, limit: str, *, waits: bool = False) -> Execution:
        if timeout_ms is None:
            return self._open(math.inf, limit, 0.0, waits=waits)
        return self._open(time.monotonic() + timeout_ms / 1000, limit, timeout_ms, waits=waits)

    def _open(self, deadline: float, limit: str, value: float, *, waits: bool) -> Execution:
        execution = Execution(deadline, limit, value, waits, self)
        if not waits:
            self.running += 1
        if deadline < math.inf:
            self._number += 1
            heapq.heappush(self._due, (deadline, self._number, execution))
            if deadline < self._armed:
                self._arm()
        self._live.sandbox.wake_watchdog()
        return execution

    def finished(self, execution: Execution) -> None:
        """It has finished."""
        if not execution.waits:
            self.running -= 1
        if self._due and self._due[0][2].over:
            self._arm()

    def _arm(self) -> None:
        """Let the launcher and this loop know the first deadline."""
        due = self._due
        while due and due[0][2].over:
            heapq.heappop(due)
        first = due[0][0] if due and not self._closed else math.inf
        if first != self._armed:
            if due and first < math.inf:
                self._last = due[0][2]
            self._armed = first
            self._live.sandbox.set_deadline(first)
        # The timer stays when the first deadline has become later: executions come and go.
        if first < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = first
            self._timer = self._loop.call_later(first - time.monotonic(), self._check)

    def _check(self) -> None:
        held_up = time.monotonic() - self._timer_at > _HELD_UP_S
        self._timer = None
        self._timer_at = math.inf
        late = self.late()
        if late is not None and held_up:  # this loop stood: what waits to be read may be the answer
            self._timer = self._loop.call_later(_HELD_UP_S, self._check)
        elif late is not None:
            self._live.end_now(self.timeout_error(late))
        else:
            self._arm()

    def late(self) -> Execution | None:
        """The one whose deadline has passed first, if any has."""
        now = time.monotonic() + _EARLY_S
        late = [due for due in self._due if due[0] <= now and not due[2].over]
        return min(late)[2] if late else None

    def timeout_error(self, late: Execution) -> ExecutionTimeoutError:
        """The error for an execution that was late."""
        return self._error(f"the program ran longer than {late.limit}={late.value:g}", late.limit, late.value)

    def error_of_the_launcher(self, *, busy: bool) -> ExecutionTimeoutError:
        """The error when the launcher has killed the process for its time."""
        if not busy and self._last is not None:
            return self.timeout_error(self.late() or self._last)
        value = self._default_ms or 0.0
        what = f"the program kept a processor busy by itself for longer than execution_timeout_ms={value:g}"
        return self._error(what, "execution_timeout_ms", value)

    def _error(self, what: str, limit: str, value: float) -> ExecutionTimeoutError:
        runtime_id = self._live.runtime_id
        return ExecutionTimeoutError(
            f"{what} in runtime {runtime_id}", limit=limit, value=value, runtime_id=runtime_id
        )

    # --- giving control back -----------------------------------------------------------------------
    def touch(self) -> None:
        """Something was sent that may set the program going: see later whether it gives control back."""
        self._touched = True
        if self._held:
            return
        if self._look is None and self._default_ms is not None and not self._closed:
            self._look = self._loop.call_later(self._default_ms / 1000, self._ask)

    def cancelled(self, door: Door, *, by_guest: bool) -> None:
        """Nobody waits for the answer to a call any more."""
        if self._closed:
            return
        if door is Door.EXECUTION and not by_guest:
            self._live.end_now(AbortError("The operation was cancelled"))
        elif door is not Door.CONTROL and door is not Door.MANAGED:
            self._cancelled = True
            self._ask()

    def _ask(self) -> None:
        """Have the kernel confirm that its event loop turns."""
        if self._asking is None and not self._closed:
            self._asking = self._live.channel.start(self._confirm())

    async def _confirm(self) -> None:
        try:
            while self._cancelled or self._look is not None:
                cancelled, self._cancelled = self._cancelled, False
                self._touched = False
                answered = await self.gives_control_back(self._grace_ms)
                if not answered and self.running == 0:  # else it is that execution's time, and its limit
                    self._live.end_now(self._unresponsive(cancelled=cancelled))
                    return
                self._look = None
        except RuntimeDisposedError:
            return
        finally:
            self._asking = None
        if self._touched:
            self.touch()

    async def gives_control_back(self, grace_ms: float) -> bool:
        """Whether the program lets the kernel answer in time. Raises RuntimeDisposedError when it is gone."""
        while True:
            until = self._loop.time() + grace_ms / 1000
            try:
                async with asyncio.timeout_at(until):
                    await self._live.channel.confirm_alive()
            except TimeoutError:
                if self._loop.time() - until > _HELD_UP_S:  # this loop stood, and has not read the answer yet
                    continue
                return False
            return True

    @property
    def _grace_ms(self) -> float:
        return CANCEL_GRACE_MS if self._default_ms is None else max(self._default_ms, CONTROL_GRACE_MS)

    def _unresponsive(self, *, cancelled: bool) -> IsolateError:
        if self._default_ms is not None:
            value = self._default_ms
            what = f"the program gave no control back within execution_timeout_ms={value:g}"
            return self._error(what, "execution_timeout_ms", value)
        assert cancelled
        return AbortError(
            f"The operation was cancelled, and the program gave no control back within {self._grace_ms:g} ms"
        )

    def hold(self) -> None:
        """The sandbox is stopped for now: it cannot show that it gives control back."""
        self._held = True
        if self._look is not None:
            self._look.cancel()
            self._look = None
        if self._asking is not None:
            self._asking.cancel()

    def go_on(self) -> None:
        """It runs again."""
        self._held = False
        self.touch()

    # --- the end -----------------------------------------------------------------------------------
    async def how_it_ended(self) -> IsolateError:
        """The error for calls that were open when the runtime ended."""
        return await self._live.wait_ended()

    def close(self) -> None:
        """The runtime has ended, or its session is put aside: nothing is watched any more."""
        self._closed = True
        for handle in (self._timer, self._look):
            if handle is not None:
                handle.cancel()
        self._arm()
