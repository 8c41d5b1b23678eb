"""The one way in which event callbacks of the embedder are called: best effort, and never waited for."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeAlias

from isolatejs.capabilities.call_context import call_with_context, embedder_context
from isolatejs.limits import EVENT_TASKS_LIMIT

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from isolatejs.capabilities.call_context import ContextPlace, HostCallContext
    from isolatejs.web.program_log import ProgramLogger

    Logger: TypeAlias = logging.Logger | ProgramLogger

_running: dict[int, set[asyncio.Future[Any]]] = {}
"""What handlers have set going and not ended, by the id of the handler: a task that nobody holds may vanish."""


def call_event_handler(
    handler: Callable[..., Any],
    *args: Any,
    logger: Logger,
    context_place: ContextPlace = None,
    context: Callable[[], HostCallContext] | None = None,
) -> None:
    """Call `handler(*args)`, with the call's context where it wants one. Its exception is logged and goes no further.

    What it returns is not waited for: an awaitable (of an `async def`, or a task) runs on, and its failure is
    logged. Beyond EVENT_TASKS_LIMIT of one handler, more of them are closed. `BaseException`s that are not errors
    (KeyboardInterrupt, SystemExit) pass.
    """
    try:
        place = None if context is None else context_place
        result = call_with_context(handler, place, context or embedder_context, *args)
    except Exception:
        logger.exception("event callback %s failed", _name(handler))
        return
    if inspect.isawaitable(result):
        _let_run(handler, result, logger)


def _let_run(handler: Callable[..., Any], awaitable: Any, logger: Logger) -> None:
    running = _running.setdefault(id(handler), set())
    if len(running) >= EVENT_TASKS_LIMIT:
        _discard(awaitable)
        logger.error(
            "event callback %s: %d of its tasks run already, and one more was closed",
            _name(handler),
            EVENT_TASKS_LIMIT,
        )
        return
    try:
        task: asyncio.Future[Any] = asyncio.ensure_future(awaitable)
    except (RuntimeError, TypeError) as error:  # no loop in this thread, or nothing that a loop can run
        _discard(awaitable)
        logger.error("event callback %s: what it returned cannot run: %s", _name(handler), error)
        return

    def over(done: asyncio.Future[Any]) -> None:
        running.discard(done)
        if not running:
            _running.pop(id(handler), None)
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.error("event callback %s failed", _name(handler), exc_info=error)

    running.add(task)
    task.add_done_callback(over)


def _discard(awaitable: Any) -> None:
    """End an awaitable that nobody will await, so that it neither runs nor warns."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()
    elif callable(cancel := getattr(awaitable, "cancel", None)):
        cancel()


def _name(handler: Callable[..., Any]) -> str:
    return getattr(handler, "__qualname__", None) or type(handler).__qualname__
