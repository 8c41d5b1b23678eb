"""The one way in which event callbacks of the embedder are called: synchronous and best effort."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from isolatejs.web.program_log import ProgramLogger


def call_event_handler(
    handler: Callable[..., Any], *args: Any, logger: logging.Logger | ProgramLogger
) -> None:
    """Call `handler(*args)`. Its exception is logged and goes no further.

    An awaitable that it returns is not awaited: it is closed or cancelled, and logged. `BaseException`s
    that are not errors (KeyboardInterrupt, SystemExit) pass.
    """
    try:
        result = handler(*args)
    except Exception:
        logger.exception("event callback %s failed", _name(handler))
        return
    if inspect.isawaitable(result):
        _discard(result)
        logger.error(
            "event callback %s returned an awaitable, which was closed: event callbacks are synchronous, "
            "start the work from inside the callback (asyncio.create_task)",
            _name(handler),
        )


def _discard(awaitable: Any) -> None:
    """End an awaitable that nobody will await, so that it neither runs nor warns."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()
    elif callable(cancel := getattr(awaitable, "cancel", None)):
        cancel()


def _name(handler: Callable[..., Any]) -> str:
    return getattr(handler, "__qualname__", None) or type(handler).__qualname__
