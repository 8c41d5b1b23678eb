"""How deep CDP reaches: `scripts/cdp_methods` writes the list of `cdp_methods.py` from the protocol by this table.

A method that is not there is refused, also one of a newer Chromium. Whoever regenerates the list reviews what is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from isolatejs.capabilities.browser.cdp_methods import ALLOWED_METHODS
from isolatejs.capabilities.browser.listening import listen
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Domain:
    """A domain of the protocol: why programs have it, or not, and which methods they do not have of it."""

    reason: str
    allowed: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)


_BROWSER = "is of the whole browser"
_FILES = "names files of the host"
_BESIDE = "loads beside the page's requests, which the policy sees"
_WORLD = "reaches worlds of the page that are not the program's"
_LARGE = "sends without a bound through a connection that tenants share"

DOMAINS: Final[dict[str, Domain]] = {
    "Accessibility": Domain("the page's accessibility tree", allowed=True),
    "Ads": Domain("needs lists of the browser"),
    "Animation": Domain("the page's animations", allowed=True),
    "Audits": Domain("issues of the page", allowed=True),
    "Autofill": Domain("reaches the browser's addresses and cards"),
    "BackgroundService": Domain("runs beside the page"),
    "BluetoothEmulation": Domain("emulates devices for the whole browser"),
    "Browser": Domain("ends, changes or names the whole browser"),
    "CSS": Domain("the page's styles", allowed=True),
    "CacheStorage": Domain("reads storage of any origin of the context"),
    "Cast": Domain("reaches devices in the host's network"),
    "Console": Domain("replaced by Runtime and Log"),
    "CrashReportContext": Domain("reports of the host's browser"),
    "DOM": Domain("the page's document", allowed=True, refused={
        "setFileInputFiles": _FILES, "getFileInfo": _FILES,
    }),
    "DOMDebugger": Domain("breakpoints of the page's document", allowed=True, refused={"getEventListeners": _WORLD}),
    "DOMSnapshot": Domain("the page's document", allowed=True),
    "DOMStorage": Domain("reads storage of any origin of the context"),
    "Debugger": Domain("stops the page in ways that Playwright does not know"),
    "DeviceAccess": Domain("reaches devices of the host"),
    "DeviceOrientation": Domain("replaced by Emulation"),
    "DigitalCredentials": Domain("reaches wallets of the host"),
    "Emulation": Domain("what the page believes of its device", allowed=True, refused={
        "addScreen": _BROWSER, "updateScreen": _BROWSER, "removeScreen": _BROWSER, "setPrimaryScreen": _BROWSER,
        "getScreenInfos": _BROWSER,
    }),
    "EventBreakpoints": Domain("stops the page in ways that Playwright does not know"),
    "Extensions": Domain("loads and reads extensions of the browser"),
    "FedCm": Domain("reaches accounts of the browser"),
    "Fetch": Domain("would take requests out of the policy's hands"),
    "FileSystem": Domain("reads the file systems of any origin"),
    "FindInPage": Domain("not needed: pages are searched by locators"),
    "HeadlessExperimental": Domain("drives the frames of the whole browser"),
    "HeapProfiler": Domain("the page's memory", allowed=True, refused={
        "takeHeapSnapshot": _LARGE, "startTrackingHeapObjects": _LARGE, "stopTrackingHeapObjects": _LARGE,
        "addInspectedHeapObject": _WORLD,
    }),
    "IO": Domain("reads streams of the browser"),
    "IndexedDB": Domain("reads storage of any origin of the context"),
    "Input": Domain("keys and mouse of the page", allowed=True, refused={
        "dispatchDragEvent": _FILES, "setInterceptDrags": _FILES, "cancelDragging": _FILES,
    }),
    "Inspector": Domain("not needed: `crash` and `close` are events of the page"),
    "LayerTree": Domain("the page's layers", allowed=True, refused={
        "loadSnapshot": "has the browser parse pictures that a program made up",
    }),
    "Log": Domain("what the page logs", allowed=True),
    "Media": Domain("describes the host's decoders"),
    "Memory": Domain("measures and disturbs the whole browser"),
    "Network": Domain("requests of the page", allowed=True, refused={
        "loadNetworkResource": _BESIDE, "fetchSchemefulSite": _BESIDE, "getCertificate": _BESIDE,
        "setCookie": "cookies are set by addCookies, which checks them", "setCookies": "see setCookie",
        "getAllCookies": "reads cookies of the whole browser", "setRequestInterception": "see Fetch",
        "takeResponseBodyForInterceptionAsStream": "see IO", "streamResourceContent": _LARGE,
        "configureDurableMessages": _LARGE, "setCookieControls": _BROWSER, "enableDeviceBoundSessions": _BROWSER,
        "deleteDeviceBoundSession": _BROWSER,
    }),
    "Overlay": Domain("what is drawn over the page", allowed=True),
    "PWA": Domain("installs applications on the host"),
    "Page": Domain("the page itself", allowed=True, refused={
        "addScriptToEvaluateOnLoad": _WORLD, "addScriptToEvaluateOnNewDocument": _WORLD,
        "removeScriptToEvaluateOnLoad": "would remove the session's own scripts",
        "removeScriptToEvaluateOnNewDocument": "would remove the session's own scripts",
        "createIsolatedWorld": _WORLD, "setBypassCSP": "bypassCSP is an option of contexts",
        "getResourceContent": _BESIDE, "getResourceTree": _BESIDE, "searchInResource": _BESIDE,
        "getAppManifest": _BESIDE, "getManifestIcons": _BESIDE, "getInstallabilityErrors": _BESIDE,
        "getAppId": _BESIDE, "getSubApps": _BROWSER, "getSiblingSubApps": _BROWSER, "captureSnapshot": _LARGE,
        "crash": "page.close ends a page", "close": "page.close ends a page", "setDownloadBehavior": _FILES,
        "setInterceptFileChooserDialog": _FILES, "startScreencast": _LARGE, "stopScreencast": _LARGE,
        "screencastFrameAck": _LARGE, "startScreenRecording": _FILES, "stopScreenRecording": _FILES,
        "produceCompilationCache": _BROWSER, "addCompilationCache": _BROWSER, "clearCompilationCache": _BROWSER,
        "setSPCTransactionMode": _BROWSER, "setRPHRegistrationMode": _BROWSER, "setAdBlockingEnabled": _BROWSER,
        "setPrerenderingAllowed": "opens pages that nobody guards", "waitForDebugger": "holds the page up",
        "getSpellCheckCustomDictionary": "reads the host's words", "getAnnotatedPageContent": _LARGE,
    }),
    "Performance": Domain("the page's metrics", allowed=True),
    "PerformanceTimeline": Domain("the page's metrics", allowed=True),
    "Preload": Domain("opens pages that nobody guards"),
    "Profiler": Domain("which code of the page ran", allowed=True),
    "Runtime": Domain("the page's JavaScript", allowed=True, refused={
        "terminateExecution": "would end Playwright's own scripts",
        "addBinding": "exposeFunction does it", "removeBinding": "would remove Playwright's own bindings",
    }),
    "Schema": Domain("says nothing about the page"),
    "Security": Domain("turns off checks of certificates"),
    "ServiceWorker": Domain("starts workers that no page owns"),
    "SmartCardEmulation": Domain("emulates devices for the whole browser"),
    "Storage": Domain("reads and clears storage of any origin"),
    "SystemInfo": Domain("describes the host"),
    "Target": Domain("reaches other pages, contexts and tenants"),
    "Tethering": Domain("opens ports on the host"),
    "Tracing": Domain("records the whole browser"),
    "WebAudio": Domain("the page's audio graph", allowed=True),
    "WebAuthn": Domain("reaches authenticators of the host"),
    "WebMCP": Domain("tools of a page for agents"),
}  # fmt: skip
"""Every domain of the protocol with the reason why programs have it or not."""

_CONTEXT_PARAMETERS: Final = frozenset({"contextId", "executionContextId", "uniqueContextId"})
_REFUSED_PARAMETERS: Final = frozenset({"worldName", "executionContextName"})


class PageWorlds:
    """The main worlds of a CDP session's frames: the only ones in which a program may run code by number.

    Others are Playwright's, or an extension's, and have what the session took from the page.
    """

    def __init__(self, session: Any) -> None:
        self._known: set[object] = set()
        listen(session, "Runtime.executionContextCreated", self._created)
        listen(session, "Runtime.executionContextsCleared", lambda _: self._known.clear())

    def _created(self, event: Any) -> None:
        context = event["context"]
        if (context.get("auxData") or {}).get("isDefault") is True:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known.update((context["id"], context.get("uniqueId")))

    def __contains__(self, number: object) -> bool:
        return isinstance(number, (int, float, str)) and number in self._known


_worlds: WeakKeyDictionary[Any, PageWorlds] = WeakKeyDictionary()


def watch_worlds(session: Any) -> None:
    """Know the worlds of a new CDP session."""
    _worlds[session] = PageWorlds(session)


def check_cdp(method: str, params: Mapping[str, Any], session: Any = None) -> None:
    """Raise for a CDP method that reaches beyond the page, or into a world that is not the page's own."""
    if method not in ALLOWED_METHODS:
        name, _, member = method.partition(".")
        domain = DOMAINS.get(name)
        reason = "it is not on the list"
        if domain is not None:
            reason = domain.refused.get(member, reason) if domain.allowed else domain.reason
        raise GuestVisibleError("Error", f"CDP method {method[:80]} is refused: {reason}")
    for name, value in params.items():
        if name in _REFUSED_PARAMETERS:
            raise GuestVisibleError("Error", f"CDP method {method}: {name} is refused: {_WORLD}")
        if name in _CONTEXT_PARAMETERS and value not in _worlds.get(session, ()):
            raise GuestVisibleError("Error", f"CDP method {method}: {name} is refused: {_WORLD}")
