"""What pages may load, and which options of contexts a program may give."""

from __future__ import annotations

import inspect
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from isolatejs.capabilities.browser.arguments import convert
from isolatejs.capabilities.browser.surface import python_option
from isolatejs.web.addresses import classify_address
from isolatejs.web.url import parse_url
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError

UrlCheck = Callable[[str, str], Awaitable[None]]

LOADABLE_SCHEMES: Final = frozenset({"http", "https", "ws", "wss", "data", "blob", "about", "javascript", ""})
"""Everything else (file, chrome, view-source, devtools, ftp, ...) is refused, with any fetch policy."""
METADATA_HOSTS: Final = frozenset({"metadata.google.internal", "metadata.goog"})
NEVER_ADDRESSES: Final = frozenset({"metadata", "link-local"})
"""Kinds of addresses that are refused without a fetch policy, too."""

CONTEXT_OPTIONS_REFUSED: Final = {
    "recordHar": "an archive would be written on the host",
    "recordVideo": "videos would be written on the host",
    "clientCertificates": "certificates are files of the host",
    "proxy": "the network belongs to the host",
    "tracesDir": "traces are written by the host",
    "logger": "logging belongs to the host",
}
_CONTEXT_PARAMETERS_REFUSED: Final = ("record_", "client_", "proxy", "default_browser_type", "no_viewport")


async def check_page_url(url: str, check: UrlCheck | None, method: str = "GET") -> None:
    """Raise for a URL that pages may not load. Relative ones pass: what they become is checked then."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        raise GuestVisibleError("Error", "the URL cannot be read") from None
    if scheme not in LOADABLE_SCHEMES:
        raise GuestVisibleError("Error", f"{scheme[:80]}: URLs are refused for pages of a sandbox")
    if scheme not in ("http", "https", "ws", "wss"):
        return
    try:
        host = parse_url(url, schemes=("http", "https", "ws", "wss")).host
    except ValueError as error:
        raise GuestVisibleError("Error", f"the URL cannot be read: {error}") from None
    if host.rstrip(".") in METADATA_HOSTS or _is_never_reached(host):
        raise GuestVisibleError("Error", f"{host[:300]} is refused for pages of a sandbox")
    if check is not None:
        await check(url, method)


def _is_never_reached(host: str) -> bool:
    try:
        return classify_address(ipaddress.ip_address(host)) in NEVER_ADDRESSES
    except ValueError:
        return False


def context_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of newContext under the names of Playwright for Python.

    Raises for options that name paths or parts of the host, and for unknown ones.
    """
    known = _context_parameters()
    given: dict[str, Any] = {}
    for name, value in options.items():
        reason = CONTEXT_OPTIONS_REFUSED.get(name)
        if reason is not None:
            if value is not None and value is not UNDEFINED:
                raise GuestVisibleError("Error", f"newContext: {name} is refused: {reason}")
            continue
        python = python_option(name)
        if python not in known:
            raise GuestVisibleError("TypeError", f"newContext: unknown option {name[:80]!r}")
        converted = convert(value)
        if python == "viewport" and value is None:
            given["no_viewport"] = True
        elif converted is not None:
            given[python] = converted
    return given


@cache
def _context_parameters() -> frozenset[str]:
    from playwright.async_api import Browser

    names = inspect.signature(Browser.new_context).parameters
    return frozenset(name for name in names if not name.startswith((*_CONTEXT_PARAMETERS_REFUSED, "self")))
