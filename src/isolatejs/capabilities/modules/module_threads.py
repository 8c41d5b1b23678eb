"""Threads in which modules are looked for: those of one host process, which runtimes share fairly."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from isolatejs.channel.current_call import current_owner
from isolatejs.fair_queue import FairThreads
from isolatejs.limits import MODULE_THREADS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


@functools.cache
def _threads() -> FairThreads:
    return FairThreads(MODULE_THREADS_LIMIT, "isolatejs-modules")


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs it in a thread. Cancelling the task does not stop work that has begun."""
    return await _threads().run(current_owner(), function, *args, **kwargs)
