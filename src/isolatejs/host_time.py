"""How much processor time of the host each runtime costs, and what follows from it.

Every piece of work for a runtime on the event loop (frames decoded, handlers, values validated) is charged to its
HostTimeBudget. Beyond a burst, the loop stands for one runtime at most HOST_TIME_SHARE of the time while others want
some: it is not read from until it has made up for the rest. One whose debt grows all the same, past
HOST_TIME_DEBT_LIMIT_MS, is ended; for that, what a long piece spent waiting for a processor does not count. A runtime
that is alone is never slowed.

A child of a nested host has its parent's budget above its own: `HostTimeBudget(parent=parent_budget)`. What it costs
counts for the whole tree, and the tree has one share. `budget.root` is the owner in fair queues (`fair_queue.py`).
"""

from __future__ import annotations

import asyncio
import time
import types
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from isolatejs.limits import (
    HOST_TIME_BURST_MS,
    HOST_TIME_CONTENTION_MS,
    HOST_TIME_DEBT_LIMIT_MS,
    HOST_TIME_SHARE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

_BURST_S = HOST_TIME_BURST_MS / 1000
_DEBT_S = HOST_TIME_DEBT_LIMIT_MS / 1000
_CONTENTION_S = HOST_TIME_CONTENTION_MS / 1000
_SMALL_S = 0.001
"""Pieces are charged together until they make up this much: to charge one costs more than most of them."""
_SMALL_FOR_S = 0.1
_SAMPLE_S = 0.01
"""A thread's processor time costs a system call; one in so long is enough to tell work from waiting in long pieces."""


class HostLoad:
    """Which runtimes cost an event loop time lately: enough to know whether somebody else does."""

    __slots__ = ("__weakref__", "_last", "_last_at", "_other", "_other_at", "_sample_s", "sampled_at")
    _of_loops: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, HostLoad]] = WeakKeyDictionary()

    @classmethod
    def here(cls) -> HostLoad:
        """The one of the running event loop."""
        loop = asyncio.get_running_loop()
        load = cls._of_loops.get(loop)
        if load is None:
            load = cls._of_loops[loop] = cls()
        return load

    def __init__(self) -> None:
        self._sample_s = 0.0
        self.sampled_at = -_SAMPLE_S
        self._last: HostTimeBudget | None = None
        self._last_at = 0.0
        self._other: HostTimeBudget | None = None
        self._other_at = 0.0

    def note(self, root: HostTimeBudget, now: float) -> None:
        """This one has just cost time."""
        if root is not self._last:
            self._other, self._other_at = self._last, self._last_at
            self._last = root
        self._last_at = now

    def sample(self, now: float) -> None:
        """Look at the thread's processor time: a piece begins, and the last look is old."""
        self.sampled_at = now
        self._sample_s = time.thread_time()

    def worked_s(self, took_s: float) -> float:
        """How much of a piece that took so long was work and not waiting for a processor."""
        if took_s < 2 * _SAMPLE_S:
            return took_s
        return min(took_s, time.thread_time() - self._sample_s)

    def contended(self, root: HostTimeBudget, since: float) -> bool:
        """Whether another one has cost time since then."""
        if self._last is not root:
            return self._last is not None and self._last_at >= since
        return self._other is not None and self._other_at >= since


class HostTimeBudget:
    """The account of one runtime, within its parent's. Belongs to one event loop."""

    __slots__ = (
        "_clock",
        "_credit_s",
        "_filled_at",
        "_load",
        "_small_s",
        "_worked_credit_s",
        "exceeded",
        "measuring",
        "parent",
        "root",
        "spent_s",
    )

    def __init__(
        self,
        parent: HostTimeBudget | None = None,
        load: HostLoad | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.parent = parent
        self.root: HostTimeBudget = self if parent is None else parent.root
        self.spent_s = 0.0
        """All that it and its children have cost, in seconds."""
        if parent is not None:
            load = parent._load
        self._load: HostLoad = load or HostLoad.here()
        self._clock = clock
        self._credit_s = _BURST_S
        """By the time that the loop stood for it."""
        self._worked_credit_s = _BURST_S
        """By the processor time that it cost."""
        self._filled_at = clock()
        self._small_s = 0.0
        self.measuring = False
        """Whether a piece is under way."""
        self.exceeded: Callable[[], None] | None = None
        """Called when a handler's step took the account beyond its share."""

    # --- measuring ---------------------------------------------------------------------------------
    def begin(self) -> float:
        """A piece of work for this runtime begins; give the result to `end`. Negative within another piece."""
        if self.measuring:
            return -1.0
        self.measuring = True
        now = self._clock()
        if now - self._load.sampled_at >= _SAMPLE_S:
            self._load.sample(now)
        return now

    def end(self, began: float) -> None:
        """The piece is done: charge it, unless that is done further out."""
        if began >= 0.0:
            self.measuring = False
            now = self._clock()
            if self.add(now - began, now) and self.exceeded is not None and self.pause_s > 0.0:
                self.exceeded()

    def add(self, took_s: float, now: float) -> bool:
        """A piece took so long. Whether this was the time to charge it, with those before it."""
        self._small_s += took_s
        if self._small_s < _SMALL_S and now - self._filled_at < _SMALL_FOR_S:
            return False
        took_s, self._small_s = self._small_s, 0.0
        self.charge(took_s, self._load.worked_s(took_s))
        return True

    @types.coroutine
    def metered(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Await a coroutine and charge each of its steps."""
        failure: BaseException | None = None
        while True:
            began = self.begin()
            try:
                waited_for = coroutine.send(None) if failure is None else coroutine.throw(failure)
            except StopIteration as done:
                return done.value
            finally:
                self.end(began)
            failure = None
            try:
                yield waited_for
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:
                failure = error

    def charge(self, took_s: float, worked_s: float | None = None) -> None:
        """Count a piece: how long the loop stood for it, and how much of that was work. Its ancestors pay, too."""
        if worked_s is None:
            worked_s = took_s
        now = self._clock()
        root = self.root
        contended = self._load.contended(root, now - took_s - _CONTENTION_S)
        account: HostTimeBudget | None = self
        while account is not None:
            account._charge(took_s, worked_s, now, contended=contended)
            account = account.parent
        self._load.note(root, now)

    def _charge(self, took_s: float, worked_s: float, now: float, *, contended: bool) -> None:
        self.spent_s += worked_s
        gained = (now - self._filled_at) * HOST_TIME_SHARE
        self._filled_at = now
        self._credit_s = _account(self._credit_s, gained, took_s, contended=contended)
        self._worked_credit_s = _account(self._worked_credit_s, gained, worked_s, contended=contended)

    # --- what follows ------------------------------------------------------------------------------
    @property
    def pause_s(self) -> float:
        """How long the runtime has to be left alone now, so that it and its ancestors stay within their share."""
        account: HostTimeBudget | None = self
        pause = 0.0
        while account is not None:
            if account._credit_s < 0.0:
                waited = self._clock() - account._filled_at
                pause = max(pause, -account._credit_s / HOST_TIME_SHARE - waited)
            account = account.parent
        return pause

    @property
    def overdrawn(self) -> bool:
        """Whether its debt, or that of one of its ancestors, is so large that it has to end."""
        account: HostTimeBudget | None = self
        while account is not None:
            if account._worked_credit_s < -_DEBT_S:
                return True
            account = account.parent
        return False


def _account(credit_s: float, gained_s: float, used_s: float, *, contended: bool) -> float:
    """What is left of a credit; who is alone makes no debts."""
    left = min(_BURST_S, credit_s + gained_s) - used_s
    return left if contended or left > 0.0 else min(0.0, credit_s)
