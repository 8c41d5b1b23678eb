"""Threads for file operations that are too large for the event loop, apart from the embedder's own pool.

Runtimes share them fairly: one has half of them at most, and they take turns. Walks of whole trees, which take long and
keep the interpreter busy, have threads of their own: one for each runtime at most.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from isolatejs.channel.current_call import current_owner
from isolatejs.fair_queue import FairThreads
from isolatejs.limits import FILE_THREADS_LIMIT, FILE_WALKS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


@functools.cache
def _threads() -> FairThreads:
    return FairThreads(2 * FILE_THREADS_LIMIT, "isolatejs-files")


@functools.cache
def _walking_threads() -> FairThreads:
    return FairThreads(FILE_WALKS_LIMIT, "isolatejs-walks", share=0.3)


def start_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """The work as a future whose done-callbacks run even if it is cancelled before it starts."""
    return _threads().submit(current_owner(), function, *args, **kwargs)


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs it in a thread. Cancelling the task does not stop work that has begun."""
    return await asyncio.wrap_future(start_in_thread(function, *args, **kwargs))


async def walk_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for what may walk a whole tree."""
    return await _walking_threads().run(current_owner(), function, *args, **kwargs)


async def open_in_thread(
    discard: Callable[[T], None], function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Like `in_thread`, for what has to be given back: a result that nobody waits for goes to `discard`."""
    work = start_in_thread(function, *args, **kwargs)
    try:
        return await asyncio.wrap_future(work)
    except asyncio.CancelledError:
        work.add_done_callback(lambda done: _discard(discard, done))
        raise


def _discard(discard: Callable[[T], None], work: Future[T]) -> None:
    if not work.cancelled() and work.exception() is None:
        discard(work.result())
