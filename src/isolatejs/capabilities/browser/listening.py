"""The one way in which Playwright calls anything of ours: what fails ends here.

Playwright keeps what a listener or a handler raises, and raises it in the next call on its connection, which may be
another tenant's. So every listener and handler that it gets passes through `contained` or `listen`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from isolatejs.web.program_log import program_logger

_logger = program_logger("isolatejs.browser")


def contained(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, plain or async, as one that raises nothing: its errors are logged."""

    async def finish(result: Awaitable[Any]) -> Any:
        try:
            return await result
        except Exception as error:
            _report(error)
            return None

    def call(*args: Any) -> Any:
        try:
            result = function(*args)
        except Exception as error:
            _report(error)
            return None
        return finish(result) if inspect.isawaitable(result) else result

    return call


def listen(target: Any, event: str, listener: Callable[..., Any]) -> Callable[[], None]:
    """`target.on(event, listener)`, contained. Returns a function that stops it."""
    function = contained(listener)
    target.on(event, function)

    def off() -> None:
        target.remove_listener(event, function)

    return off


async def settle(settling: Awaitable[Any]) -> None:
    """End what a handler left open. It may have been settled, or its page be gone: then nothing is left."""
    from playwright.async_api import Error as PlaywrightError

    try:
        await settling
    except PlaywrightError as error:
        _logger.debug("nothing to settle: %s", error)


def _report(error: Exception) -> None:
    _logger.warning("a listener of the browser failed: %s: %.300s", type(error).__name__, error)
    _logger.debug("a listener of the browser failed", exc_info=error)
