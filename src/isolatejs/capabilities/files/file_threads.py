"""Threads for file operations that are too large for the event loop, apart from the embedder's own pool."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from isolatejs.limits import FILE_THREADS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2 * FILE_THREADS_LIMIT, thread_name_prefix="isolatejs-files")


def start_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """The work as a future whose done-callbacks run even if it is cancelled before it starts."""
    return _pool().submit(function, *args, **kwargs)


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs it in a thread. Cancelling the task does not stop work that has begun."""
    return await asyncio.wrap_future(start_in_thread(function, *args, **kwargs))


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
