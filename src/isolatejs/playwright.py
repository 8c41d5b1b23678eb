"""Managed browsers (`BrowserPool`), and `create_playwright_session_handler()` for sessions that outlive runtimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from isolatejs.capabilities.browser.bindings import BrowserBindings, ProfileOptions
from isolatejs.capabilities.browser.collected import BrowserEvent
from isolatejs.capabilities.browser.managed.options import LaunchOptions
from isolatejs.capabilities.browser.managed.pool import BrowserPool
from isolatejs.capabilities.browser.session import BrowserSession
from isolatejs.errors import ConfigurationError
from isolatejs.host.browser_files import CallbackAccess

__all__ = [
    "LAUNCH_ARGS",
    "BrowserEvent",
    "BrowserPool",
    "LaunchOptions",
    "PlaywrightSessionHandler",
    "create_playwright_session_handler",
]

LAUNCH_ARGS: Final = ("--webrtc-ip-handling-policy=disable_non_proxied_udp",)
"""Arguments for a Chromium of your own whose pages a fetch policy holds: `chromium.launch(args=[*LAUNCH_ARGS])`.

Without them WebRTC can send datagrams past the policy's proxy. (Managed browsers have no network for that.)
"""


class PlaywrightSessionHandler:
    """A browser session for any number of runtimes, one after another or at once.

    Its contexts and pages stay when a runtime ends; `aclose()` closes them.
    """

    def __init__(self, session: BrowserSession) -> None:
        self.handler = session
        """For `bindings={"browser": {"handler": pw.handler}}`."""

    def get_collected_data(self) -> dict[str, list[BrowserEvent]]:
        """Console messages, requests, responses, failures and page errors, by event type, oldest first."""
        return self.handler.collected_data()

    def get_tracked_resources(self) -> dict[str, list[str]]:
        """Ids of the contexts and pages that are open: `{"contexts": ["ctx_1"], "pages": ["page_1"]}`."""
        return self.handler.tracked_resources()

    def clear_collected_data(self) -> None:
        """Forget what was collected so far."""
        self.handler.clear_collected_data()

    def on_event(self, callback: Callable[[BrowserEvent], object]) -> Callable[[], None]:
        """Call `callback` with every event: synchronous, best effort. Returns a function that stops it."""
        return self.handler.on_event(callback)

    async def aclose(self) -> None:
        """Close every context that is open."""
        await self.handler.aclose()


def create_playwright_session_handler(
    *,
    create_context: Callable[..., Any] | None = None,
    create_persistent_context: Callable[..., Any] | None = None,
    create_page: Callable[..., Any] | None = None,
    read_file: Callable[..., Any] | None = None,
    write_file: Callable[..., Any] | None = None,
    profiles: ProfileOptions | Mapping[str, Any] | bool | None = None,
    evaluate_predicate: Callable[..., Any] | None = None,
) -> PlaywrightSessionHandler:
    """A browser session by these factories; see BrowserBindings for each.

    `read_file(path)` and `write_file(path, data)` take the place of the files binding of the runtimes that use it;
    what has no callback goes by the files binding. `evaluate_predicate`
    is taken for the sake of the original interface and never called: predicates of a program run in its sandbox.
    Raises ConfigurationError when there is no factory for contexts.
    """
    if evaluate_predicate is not None and not callable(evaluate_predicate):
        raise ConfigurationError("evaluate_predicate: a callable")
    session = BrowserSession(
        BrowserBindings(
            create_context=create_context,
            create_persistent_context=create_persistent_context,
            create_page=create_page,
            profiles=profiles,
        ),
        collects=True,
    )
    for name, function in (("read_file", read_file), ("write_file", write_file)):
        if function is not None and not callable(function):
            raise ConfigurationError(f"{name}: a callable, not {type(function).__name__}")
    if read_file is not None or write_file is not None:
        session.files_of = lambda granted: CallbackAccess(read_file, write_file, granted)
    return PlaywrightSessionHandler(session)
