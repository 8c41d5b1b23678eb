"""Turns at something of which there is a fixed number: threads, processes, connections.

Owners (runtimes, mostly) take turns round robin, so that one who asks a thousand times does not delay one who asks
once. And nobody takes all there is: an owner that has some already gets another only while `share` times as many
places are free as it has, so that one place is always left for whoever comes next. With `share=1` a lone owner
gets half of the places, with `share=3` three quarters; several greedy ones leave less and less to each other.

    queue = FairQueue(8)
    async with queue.turn(owner): ...

The owner is any hashable; `isolatejs.channel.current_call.current_owner()` gives the one for whom the host works now.
Thread-safe, and not bound to an event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import OrderedDict, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from isolatejs.errors import QuotaExceededError
from isolatejs.limits import FAIR_QUEUE_WAITING_LIMIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Turn:
    """One turn, waiting, under way or over. `begin` is called once when it comes."""

    owner: Hashable
    begin: Callable[[], None]
    state: Literal["waiting", "begun", "over"] = "waiting"


class FairQueue:
    """Who may use one of `places`, and who waits. See the top of this file."""

    def __init__(
        self,
        places: int,
        *,
        share: float = 1.0,
        waiting_limit: int = FAIR_QUEUE_WAITING_LIMIT,
        name: str = "queue",
    ) -> None:
        self._places = places
        self._share = share
        self._waiting_limit = waiting_limit
        self._name = name
        self._free = places
        self._held: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, deque[Turn]] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, turn: Turn) -> None:
        """Ask for a turn. Its `begin` is called when it comes, at once or later, from any thread; then `leave` it.

        Raises QuotaExceededError when too many turns of its owner wait.
        """
        with self._lock:
            waiting = self._waiting.get(turn.owner)
            if waiting is None:
                waiting = self._waiting[turn.owner] = deque()
            elif len(waiting) >= self._waiting_limit:
                raise QuotaExceededError(
                    f"{self._name}: more than {self._waiting_limit} requests of one runtime wait",
                    limit="fair_queue_waiting",
                    value=self._waiting_limit,
                )
            waiting.append(turn)
            ready = self._take_ready()
        _begin_all(ready)

    def leave(self, turn: Turn) -> None:
        """The turn is over, or not wanted any more. May be called more than once."""
        with self._lock:
            if turn.state == "over":
                return
            if turn.state == "waiting":
                waiting = self._waiting[turn.owner]
                waiting.remove(turn)
                if not waiting:
                    del self._waiting[turn.owner]
            else:
                self._free += 1
                held = self._held.pop(turn.owner) - 1
                if held:
                    self._held[turn.owner] = held
            turn.state = "over"
            ready = self._take_ready()
        _begin_all(ready)

    def _take_ready(self) -> list[Turn]:
        ready: list[Turn] = []
        while self._free:
            owner = next((owner for owner in self._waiting if self._may_take(owner)), None)
            if owner is None:
                break
            waiting = self._waiting[owner]
            turn = waiting.popleft()
            turn.state = "begun"
            self._free -= 1
            self._held[owner] = self._held.get(owner, 0) + 1
            if waiting:
                self._waiting.move_to_end(owner)
            else:
                del self._waiting[owner]
            ready.append(turn)
        return ready

    def _may_take(self, owner: Hashable) -> bool:
        held = self._held.get(owner, 0)
        return held == 0 or held < self._share * self._free

    @contextlib.asynccontextmanager
    async def turn(self, owner: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and have it for as long as the block runs."""
        turn = await self.take(owner)
        try:
            yield
        finally:
            self.leave(turn)

    async def take(self, owner: Hashable) -> Turn:
        """Wait for a turn; whoever gets it has to `leave` it."""
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()
        here = threading.get_ident()

        def begin() -> None:
            if threading.get_ident() == here:
                _settle(begun)
            elif not loop.is_closed():
                loop.call_soon_threadsafe(_settle, begun)

        turn = Turn(owner, begin)
        self.enter(turn)
        try:
            await begun
        except BaseException:
            self.leave(turn)
            raise
        return turn


class FairThreads:
    """Threads that owners share as a FairQueue's places. A place is taken until its work has really ended."""

    def __init__(self, threads: int, name: str, *, share: float = 1.0) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._queue = FairQueue(threads, share=share, name=name)

    def submit(
        self, owner: Hashable, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """The work as a future whose done-callbacks run even if it is cancelled before it starts."""
        result: Future[T] = Future()

        def work() -> None:
            try:
                if not result.set_running_or_notify_cancel():
                    return
                try:
                    value = function(*args, **kwargs)
                except BaseException as error:
                    result.set_exception(error)
                else:
                    result.set_result(value)
            finally:
                self._queue.leave(turn)

        turn = Turn(owner, lambda: _ignore(self._pool.submit(work)))
        self._queue.enter(turn)
        result.add_done_callback(lambda done: self._queue.leave(turn) if done.cancelled() else None)
        return result

    async def run(self, owner: Hashable, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it in a thread. Cancelling the task does not stop work that has begun."""
        return await asyncio.wrap_future(self.submit(owner, function, *args, **kwargs))


def _ignore(work: Future[None]) -> None:
    """What comes of the work is told by another future."""


def _begin_all(turns: list[Turn]) -> None:
    for turn in turns:
        turn.begin()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
