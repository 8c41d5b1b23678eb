"""What pages may load, which files a program may name, and how deep CDP reaches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from isolatejs.wire.errors import GuestVisibleError

UrlCheck = Callable[[str], Awaitable[None]]

LOADABLE_SCHEMES: Final = frozenset({"http", "https", "ws", "wss", "data", "blob", "about", "javascript", ""})
"""Everything else (file, chrome, view-source, devtools, ftp, ...) is refused, with any fetch policy."""
METADATA_HOSTS: Final = frozenset({"169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal"})

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


async def check_page_url(url: str, check: UrlCheck | None) -> None:
    """Raise for a URL that pages may not load."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise GuestVisibleError("Error", "the URL cannot be read") from None
    scheme = parts.scheme.lower()
    if scheme not in LOADABLE_SCHEMES:
        raise GuestVisibleError("Error", f"{scheme}: URLs are refused for pages of a sandbox")
    if scheme not in ("http", "https", "ws", "wss"):
        return
    host = (
        parts.netloc.rsplit("@", 1)[-1].rsplit(":", 1)[0]
        if "]" not in parts.netloc
        else parts.netloc.split("]")[0] + "]"
    )
    if host.lower() in METADATA_HOSTS or host.startswith("169.254."):
        raise GuestVisibleError("Error", f"{host} is refused for pages of a sandbox")
    if check is not None:
        await check(url)


def check_cdp(method: str, params: dict[str, Any]) -> None:
    """Raise for a CDP method that reaches beyond the page."""
    domain = method.split(".", 1)[0]
    if domain not in CDP_DOMAINS or method in CDP_REFUSED:
        raise GuestVisibleError("Error", f"CDP method {method[:80]} is refused: it reaches beyond the page")


def check_context_options(options: dict[str, Any]) -> None:
    """Raise for options of newContext that name paths or parts of the host."""
    for name, reason in CONTEXT_OPTIONS_REFUSED.items():
        if options.get(name) is not None:
            raise GuestVisibleError("Error", f"newContext: {name} is refused: {reason}")
