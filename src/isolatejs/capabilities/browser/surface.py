"""Which of Playwright's classes and methods programs have, read from the installed Playwright itself.

The table says for each class what its members are in JavaScript: `call` (asynchronous), `ask` (synchronous,
answered by the host), `step` (makes a locator or names a part, without asking anybody), `fact` (sent along with
the object). What is not there is in REFUSED with its reason; a test holds the table against Playwright's types.
"""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any, Final

CLASSES: Final = (
    "BrowserContext", "Page", "Frame", "Locator", "FrameLocator", "Request", "Response", "Route", "Dialog",
    "Download", "FileChooser", "ConsoleMessage", "WebSocket", "WebSocketRoute", "ElementHandle", "JSHandle",
    "Worker", "Keyboard", "Mouse", "Touchscreen", "CDPSession", "APIRequestContext", "APIResponse", "Clock",
    "WebError", "WebStorage", "Disposable",
)  # fmt: skip
"""Classes whose objects reach programs; one that extends another stands before it."""

EMITTERS: Final = frozenset({"BrowserContext", "Page", "WebSocket", "Worker", "CDPSession"})
"""Classes whose objects have events."""

REFUSED: Final[dict[str, str]] = {
    "BrowserContext.browser": "browsers belong to the host",
    "BrowserContext.route_from_har": "reads an archive of the host; route with a handler instead",
    "BrowserContext.expose_binding": "exposeFunction does it without handing the page's objects out",
    "BrowserContext.set_storage_state": "storage state is given when a context is made",
    "BrowserContext.debugger": "opens the host's inspector",
    "BrowserContext.credentials": "reaches the host's authenticators",
    "BrowserContext.tracing": "traces are written by the host; see `isolatejs test --trace`",
    "APIRequestContext.tracing": "traces are written by the host",
    "APIRequestContext.dispose": "it belongs to its context",
    "Page.pause": "opens the host's inspector",
    "Page.route_from_har": "reads an archive of the host; route with a handler instead",
    "Page.expose_binding": "exposeFunction does it without handing the page's objects out",
    "Page.screencast": "writes videos on the host",
    "Page.video": "videos are written by the host",
    "Page.pick_locator": "needs a person at the host's screen",
    "Page.cancel_pick_locator": "needs a person at the host's screen",
    "Download.path": "a path of the host; saveAs writes into the files binding",
    "Download.create_read_stream": "a stream of Node; saveAs writes into the files binding",
    "Page.webmcp": "tools of a page for agents",
    "Frame.webmcp": "tools of a page for agents",
    "Page.coverage": "not in Playwright for Python; `newCDPSession` has the Profiler domain",
    "Page.aria_snapshot_json": "not in Playwright for Python; ariaSnapshot is there",
    "Locator.aria_snapshot_json": "not in Playwright for Python; ariaSnapshot is there",
    "BrowserContext.set_http_credentials": "not in Playwright for Python; newContext takes httpCredentials",
}
"""Members that programs do not have, and why."""
HIDDEN_MEMBERS: Final = frozenset({"on", "once", "remove_listener"})
"""The event methods: the guest has its own."""
PYTHON_ONLY: Final = re.compile(r"expect_.*|wait_for_event")
"""Context managers of Playwright for Python: in JavaScript they are waitForEvent and friends."""

STEPS: Final = frozenset({
    "locator", "get_by_role", "get_by_text", "get_by_label", "get_by_placeholder", "get_by_alt_text",
    "get_by_title", "get_by_test_id", "get_by_ref", "frame_locator", "filter", "nth", "first", "last", "and_",
    "or_", "content_frame", "owner", "describe", "visible", "within",
})  # fmt: skip
"""Members that make a locator from another."""
PART_KINDS: Final = {
    "keyboard": "Keyboard", "mouse": "Mouse", "touchscreen": "Touchscreen", "request": "APIRequestContext",
    "clock": "Clock", "local_storage": "WebStorage", "session_storage": "WebStorage",
}  # fmt: skip
"""Properties that name a part of a page or context, and the class of the part."""
FACT_CLASSES: Final = frozenset({
    "Request", "Response", "ConsoleMessage", "Dialog", "Download", "FileChooser", "WebSocket", "WebError",
    "APIResponse", "Worker", "WebSocketRoute",
})  # fmt: skip
OBJECT_PROPERTIES: Final = frozenset({
    "frame", "request", "page", "args", "redirected_from", "redirected_to", "service_worker", "element",
    "worker", "existing_response", "error", "response",
})  # fmt: skip
"""Properties that are objects themselves: asked for, not sent along."""
SPECIAL_NAMES: Final = {
    "query_selector": "$", "query_selector_all": "$$", "eval_on_selector": "$eval",
    "eval_on_selector_all": "$$eval", "continue_": "continue", "and_": "and", "or_": "or",
    "request_gc": "requestGC", "post_data_json": "postDataJSON", "inner_html": "innerHTML",
    "new_cdp_session": "newCDPSession", "set_extra_http_headers": "setExtraHTTPHeaders",
    "wait_for_url": "waitForURL", "route_from_har": "routeFromHAR",
    "set_http_credentials": "setHTTPCredentials", "aria_snapshot_json": "ariaSnapshotJSON",
    "route_web_socket": "routeWebSocket",
}  # fmt: skip


OPTION_NAMES: Final = {
    "extra_http_headers": "extraHTTPHeaders", "ignore_https_errors": "ignoreHTTPSErrors", "base_url": "baseURL",
    "bypass_csp": "bypassCSP", "indexed_db": "indexedDB", "prefer_css_page_size": "preferCSSPageSize",
}  # fmt: skip
"""Options whose names are not just in camel case."""


_CLASS_NAMES: Final = {"Disposable.close": "dispose"}


def javascript_name(name: str) -> str:
    """`get_by_role` is `getByRole`."""
    special = SPECIAL_NAMES.get(name)
    if special is not None:
        return special
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def python_name(name: str) -> str:
    """`extraHTTPHeaders` is `extra_http_headers`."""
    for python, special in SPECIAL_NAMES.items():
        if special == name:
            return python
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def python_option(name: str) -> str | None:
    """`extraHTTPHeaders` is `extra_http_headers`; None for what is not exactly an option's JavaScript name.

    Every option has one spelling, so that a check of a name cannot be passed by writing it another way.
    """
    python = python_name(name)
    return python if OPTION_NAMES.get(python, javascript_name(python)) == name else None


@cache
def playwright_class(name: str) -> Any:
    """A class of the installed Playwright, None when it has none of that name."""
    import playwright.async_api as api
    from playwright.async_api import _generated

    return getattr(api, name, None) or getattr(_generated, name, None)


@cache
def surface() -> dict[str, dict[str, str]]:
    """Class -> JavaScript member -> `call`, `ask`, `step:Class`, `part:Class` or `fact`."""
    table: dict[str, dict[str, str]] = {}
    for class_name in CLASSES:
        kind = playwright_class(class_name)
        if kind is None:
            continue
        members: dict[str, str] = {}
        for name in dir(kind):
            if name.startswith("_") or name in HIDDEN_MEMBERS or PYTHON_ONLY.fullmatch(name):
                continue
            if f"{class_name}.{name}" in REFUSED:
                continue
            how = _member(class_name, name, inspect.getattr_static(kind, name))
            if how is not None:
                members[_CLASS_NAMES.get(f"{class_name}.{name}") or javascript_name(name)] = how
        table[class_name] = members
    return table


def _member(class_name: str, name: str, member: Any) -> str | None:
    if name in STEPS and class_name in {"Page", "Frame", "Locator", "FrameLocator"}:
        if name in {"frame_locator", "content_frame"} or (
            class_name == "FrameLocator" and name in {"first", "last", "nth"}
        ):
            return "step:FrameLocator"
        return "step:Locator"
    if isinstance(member, property):
        if name in PART_KINDS and class_name in {"Page", "BrowserContext"}:
            return f"part:{PART_KINDS[name]}"
        if class_name in FACT_CLASSES and name not in OBJECT_PROPERTIES:
            return "fact"
        return "ask"
    if inspect.iscoroutinefunction(member):
        return "call"
    return "call" if _returns_awaitable(name) else "ask"


def _returns_awaitable(name: str) -> bool:
    """Setters are synchronous in Python and may be awaited in JavaScript: both work with an answer."""
    return name in {"set_default_timeout", "set_default_navigation_timeout"}


@cache
def facts_of(class_name: str) -> tuple[tuple[str, str], ...]:
    """`(JavaScript name, Python name)` of what is sent along with an object."""
    members = surface().get(class_name, {})
    return tuple((name, python_name(name)) for name, how in members.items() if how == "fact")


@cache
def matchers() -> tuple[str, ...]:
    """Playwright's web-first matchers, by their JavaScript names."""
    from playwright.async_api._generated import APIResponseAssertions, LocatorAssertions, PageAssertions

    names = {
        name
        for kind in (PageAssertions, LocatorAssertions, APIResponseAssertions)
        for name in dir(kind)
        if name.startswith("to_")
    }
    return tuple(sorted(matcher_javascript_name(name) for name in names))


def matcher_javascript_name(name: str) -> str:
    """`to_have_url` is `toHaveURL`."""
    return {"to_have_url": "toHaveURL", "to_be_ok": "toBeOK", "to_have_css": "toHaveCSS",
            "to_have_js_property": "toHaveJSProperty", "to_match_aria_snapshot": "toMatchAriaSnapshot"}.get(
        name, javascript_name(name)
    )  # fmt: skip


@cache
def matcher_python_names() -> dict[str, str]:
    """JavaScript matcher name -> Python's."""
    from playwright.async_api._generated import APIResponseAssertions, LocatorAssertions, PageAssertions

    return {
        matcher_javascript_name(name): name
        for kind in (PageAssertions, LocatorAssertions, APIResponseAssertions)
        for name in dir(kind)
        if name.startswith("to_")
    }
