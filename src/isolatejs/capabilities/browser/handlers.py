"""Functions of programs that Playwright calls: exposed functions, and handlers of locators.

They run in the sandbox. What they throw never reaches Playwright as an error of ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.browser.arguments import bind_arguments, convert
from isolatejs.capabilities.browser.evaluation import exposed_function
from isolatejs.capabilities.browser.listening import settle
from isolatejs.capabilities.browser.messages import error_for_page
from isolatejs.errors import GuestError, IsolateError
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.session import BrowserSession


async def expose_function(session: BrowserSession, target: Any, args: list[Any]) -> Any:
    """Playwright exposes a hidden name, and a script in the page the program's, which sends bounded text."""
    name: Any = args[0] if args else None
    function: Any = args[1] if len(args) > 1 else None
    _check_function("exposeFunction", function)
    if not isinstance(name, str):
        raise GuestVisibleError("TypeError", "exposeFunction: the name is text")
    names = session.exposed.setdefault(target, set())
    if name in names or (hasattr(target, "context") and name in session.exposed.get(target.context, ())):
        raise GuestVisibleError("Error", f'Function "{name[:200]}" has been already registered')

    async def run(text: Any) -> Any:
        if not isinstance(text, str):
            raise error_for_page("TypeError", "the function was not called by its own name")
        try:
            return convert(await function(text))
        except GuestError as error:
            raise error_for_page(error.name, error.message) from None
        except IsolateError:
            raise error_for_page("Error", "the program is gone") from None

    hidden = f"__exposed_{secrets.token_hex(8)}"
    exposed = await target.expose_function(hidden, run)
    names.add(name)
    script = exposed_function(name, hidden)
    await target.add_init_script(script)
    pages = [target] if hasattr(target, "frames") else target.pages
    for frame in [frame for page in pages for frame in page.frames]:
        await settle(frame.evaluate(script))
    return exposed


async def add_locator_handler(session: BrowserSession, target: Any, args: list[Any]) -> None:
    locator, handler, *rest = args
    _check_function("addLocatorHandler", handler)
    options = rest[0] if rest and isinstance(rest[0], dict) else {}

    _, keywords = bind_arguments(type(target), "add_locator_handler", [None, None, options])
    await target.add_locator_handler(locator, handler.as_listener(), **keywords)


def _check_function(method: str, given: Any) -> None:
    if not callable(given):
        raise GuestVisibleError("TypeError", f"{method}: the handler is not a function")


HANDLER_METHODS: Final[dict[str, Callable[[BrowserSession, Any, list[Any]], Awaitable[Any]]]] = {
    "route": lambda session, target, args: session.routes.add(target, args),
    "unroute": lambda session, target, args: session.routes.remove(target, args),
    "route_web_socket": lambda session, target, args: session.routes.add_web_socket(target, args),
    "expose_function": expose_function,
    "add_locator_handler": add_locator_handler,
}
"""Methods of pages and contexts that take functions, by their names in Python."""
