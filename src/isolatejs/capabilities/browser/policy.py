"""What pages may load, which files a program may name, and how deep CDP reaches."""

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

CDP_DOMAINS: Final = frozenset({
    "Accessibility", "Animation", "Audits", "CSS", "DOM", "DOMDebugger", "DOMSnapshot", "Emulation",
    "HeapProfiler", "Input", "LayerTree", "Log", "Network", "Overlay", "Page", "Performance",
    "PerformanceTimeline", "Profiler", "Runtime", "WebAudio",
})  # fmt: skip
"""CDP domains that stay within the page: Browser, Target, Storage, SystemInfo, IO, Fetch, ... do not."""
CDP_REFUSED: Final = frozenset({
    "Page.setDownloadBehavior", "Page.addScriptToEvaluateOnNewDocument", "Page.setBypassCSP",
    "Page.createIsolatedWorld", "Page.getResourceContent", "Page.getResourceTree", "Page.captureSnapshot",
    "Page.crash", "Page.close", "Network.loadNetworkResource", "Network.setCookie", "Network.setCookies",
    "Network.getAllCookies", "Network.setRequestInterception",
    "Network.takeResponseBodyForInterceptionAsStream", "DOM.setFileInputFiles", "DOM.getFileInfo",
    "Runtime.terminateExecution", "Page.setInterceptFileChooserDialog", "Input.setInterceptDrags",
    "Input.dispatchDragEvent",
    "Page.startScreencast",
})  # fmt: skip
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


def check_cdp(method: str, params: dict[str, Any]) -> None:
    """Raise for a CDP method that reaches beyond the page."""
    domain = method.split(".", 1)[0]
    if domain not in CDP_DOMAINS or method in CDP_REFUSED:
        raise GuestVisibleError("Error", f"CDP method {method[:80]} is refused: it reaches beyond the page")


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
