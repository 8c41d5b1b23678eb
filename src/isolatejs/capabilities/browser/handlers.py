"""Functions of programs that Playwright calls: routes, exposed functions, handlers of locators and WebSockets.

They run in the sandbox. What they throw never reaches Playwright: a request is aborted, a socket closed.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.browser.arguments import bind_arguments, convert
from isolatejs.capabilities.browser.messages import error_for_page
from isolatejs.errors import GuestError, IsolateError
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.session import BrowserSession

_logger = logging.getLogger("isolatejs.browser")


async def route(session: BrowserSession, target: Any, args: list[Any]) -> Any:
    pattern, handler, *rest = args
    _check_function("route", handler)
    options = rest[0] if rest and isinstance(rest[0], dict) else {}

    async def run(route: Any) -> None:
        try:
            await handler(route, route.request)
        except GuestError as error:
            _logger.warning("a route handler of the program failed: %s", error.message)
            await _settle(route.abort())
        except IsolateError:  # the program is gone, the page is not
            await _settle(route.fallback())

    session.routes.append((target, pattern, handler, run))
    times = {"times": int(options["times"])} if options.get("times") else {}
    return await target.route(convert(pattern), run, **times)


async def unroute(session: BrowserSession, target: Any, args: list[Any]) -> None:
    pattern = args[0] if args else "**/*"
    handler = args[1] if len(args) > 1 else None
    routes = session.routes
    for entry in list(routes):
        owner, own_pattern, own_handler, run = entry
        if owner == target and own_pattern == pattern and handler in (None, own_handler):
            routes.remove(entry)
            await target.unroute(convert(own_pattern), run)


async def unroute_all(session: BrowserSession, target: Any, args: list[Any]) -> None:
    routes = session.routes
    for entry in list(routes):
        owner, pattern, _, run = entry
        if owner == target:
            routes.remove(entry)
            await target.unroute(convert(pattern), run)


async def expose_function(session: BrowserSession, target: Any, args: list[Any]) -> Any:
    name, function = args
    _check_function("exposeFunction", function)

    async def run(*given: Any) -> Any:
        try:
            return convert(await function(*given))
        except GuestError as error:
            raise error_for_page(error.name, error.message) from None
        except IsolateError:
            raise error_for_page("Error", "the program is gone") from None

    return await target.expose_function(name, run)


async def add_locator_handler(session: BrowserSession, target: Any, args: list[Any]) -> None:
    locator, handler, *rest = args
    _check_function("addLocatorHandler", handler)
    options = rest[0] if rest and isinstance(rest[0], dict) else {}

    async def run(found: Any) -> None:
        try:
            await handler(found)
        except IsolateError as error:
            _logger.warning("a locator handler of the program failed: %s", error)

    _, keywords = bind_arguments(type(target), "add_locator_handler", [None, None, options])
    await target.add_locator_handler(locator, run, **keywords)


async def route_web_socket(session: BrowserSession, target: Any, args: list[Any]) -> None:
    pattern, handler = args
    _check_function("routeWebSocket", handler)

    async def run(route: Any) -> None:
        try:
            await handler(route)
        except IsolateError as error:
            _logger.warning("a WebSocket handler of the program failed: %s", error)
            await _settle(route.close())

    await target.route_web_socket(convert(pattern), run)


def _check_function(method: str, given: Any) -> None:
    if not callable(given):
        raise GuestVisibleError("TypeError", f"{method}: the handler is no function")


async def _settle(settling: Awaitable[None]) -> None:
    """End what a handler left open. It may have been settled, or its page be gone: then nothing is left."""
    from playwright.async_api import Error as PlaywrightError

    try:
        await settling
    except PlaywrightError as error:
        _logger.debug("nothing to settle: %s", error)


HANDLER_METHODS: Final[dict[str, Callable[[BrowserSession, Any, list[Any]], Awaitable[Any]]]] = {
    "route": route,
    "unroute": unroute,
    "unroute_all": unroute_all,
    "expose_function": expose_function,
    "add_locator_handler": add_locator_handler,
    "route_web_socket": route_web_socket,
}
"""Methods of pages and contexts that take functions, by their names in Python."""
