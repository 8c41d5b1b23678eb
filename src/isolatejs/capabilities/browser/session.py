"""One browser session: the contexts and pages that programs opened, and all that they hold of them.

A runtime with factories has a session of its own; `create_playwright_session_handler()` makes one that
outlives runtimes.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.browser.bindings import BrowserBindings, as_profile_options
from isolatejs.capabilities.browser.collected import BrowserEvent, Collector
from isolatejs.capabilities.browser.objects import ObjectTable
from isolatejs.capabilities.browser.policy import check_context_options, check_page_url
from isolatejs.capabilities.browser.profiles import ProfileStore
from isolatejs.capabilities.events import call_event_handler
from isolatejs.errors import QuotaExceededError
from isolatejs.limits import BROWSER_CONTEXTS_LIMIT, BROWSER_SESSION_CLOSE_MS
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.browser.bindings import FileAccess
    from isolatejs.capabilities.browser.policy import UrlCheck
    from isolatejs.capabilities.browser.profiles import OpenProfile

_logger = logging.getLogger("isolatejs.browser")


class BrowserSession:
    """Contexts and pages by factory, and the table of objects that programs hold."""

    def __init__(self, bindings: BrowserBindings) -> None:
        self._bindings = bindings
        self.objects = ObjectTable()
        self.contexts: dict[Any, str] = {}
        self.pages: dict[Any, str] = {}
        self._profiles = as_profile_options(bindings.profiles)
        self._open_profiles: dict[Any, OpenProfile] = {}
        self._listeners: list[Callable[[BrowserEvent], object]] = []
        self._collector = Collector(self._report)
        self._context_numbers = itertools.count(1)
        self._page_numbers = itertools.count(1)
        self._closed = False
        self.routes: list[tuple[Any, Any, Any, Any]] = []
        """What programs route: owner, pattern, their function, and what Playwright was given."""
        self.check_url: UrlCheck | None = None
        self.files: FileAccess | None = None

    # --- contexts and pages ------------------------------------------------------------------------
    async def new_context(self, options: dict[str, Any]) -> Any:
        """A context by the embedder's factory. Raises for options that name parts of the host."""
        check_context_options(options)
        if len(self.contexts) >= BROWSER_CONTEXTS_LIMIT:
            raise QuotaExceededError(
                f"more than {BROWSER_CONTEXTS_LIMIT} browser contexts",
                limit="browser_contexts",
                value=BROWSER_CONTEXTS_LIMIT,
            )
        options = dict(options)
        profile = await self._profile_of(options)
        try:
            context = await self._make_context(options, profile)
            await self._guard(context)
        except BaseException:
            if profile is not None:
                await profile.abandon()
            raise
        self.contexts[context] = f"ctx_{next(self._context_numbers)}"
        if profile is not None:
            self._open_profiles[context] = profile
        for page in context.pages:
            self._adopt(page)
        context.on("page", self._adopt)
        context.on("close", self._context_closed)
        return context

    async def _profile_of(self, options: dict[str, Any]) -> OpenProfile | None:
        requested = options.pop("profile", None)
        state = options.get("storageState")
        if isinstance(state, str):
            options["storageState"] = await ProfileStore(self._need_files(), self._profiles).read_state(state)
        if requested is None:
            return None
        if self._profiles is None:
            raise GuestVisibleError("Error", "browser profiles are not enabled (bindings.browser.profiles)")
        return await ProfileStore(self._need_files(), self._profiles).open(requested)

    def _need_files(self) -> FileAccess:
        if self.files is None:
            raise GuestVisibleError("Error", "no files are granted (bindings.files)")
        return self.files

    async def _make_context(self, options: dict[str, Any], profile: OpenProfile | None) -> Any:
        if profile is not None and profile.directory is not None:
            if self._bindings.create_persistent_context is None:
                raise GuestVisibleError(
                    "Error", "persistent profiles need bindings.browser.create_persistent_context"
                )
            return await _awaited(
                self._bindings.create_persistent_context(profile.directory, _context_options(options))
            )
        if profile is not None and profile.storage_state is not None:
            options["storageState"] = profile.storage_state
        if self._bindings.create_context is None:
            raise GuestVisibleError(
                "Error", "this browser only opens persistent profiles: newContext({ profile })"
            )
        return await _awaited(self._bindings.create_context(_context_options(options)))

    async def _guard(self, context: Any) -> None:
        """Every request of the context's pages passes the URL policy first."""

        async def guard(route: Any) -> None:
            try:
                await check_page_url(route.request.url, self.check_url)
            except Exception as error:
                _logger.info("a page's request was refused: %s", error)
                await route.abort("blockedbyclient")
                return
            await route.fallback()

        await context.route("**/*", guard)

    async def new_page(self, context: Any) -> Any:
        """A page by the embedder's factory."""
        if self._bindings.create_page is None:
            return await context.new_page()
        page = await _awaited(self._bindings.create_page(context))
        self._adopt(page)
        return page

    def _adopt(self, page: Any) -> None:
        if page in self.pages:
            return
        page_id = self.pages[page] = f"page_{next(self._page_numbers)}"
        self._collector.watch_page(page, self.contexts.get(page.context, "ctx_0"), page_id)
        page.on("close", lambda closed: self.pages.pop(closed, None))

    def _context_closed(self, context: Any) -> None:
        self.contexts.pop(context, None)
        for page in [page for page in self.pages if page.context == context]:
            self.pages.pop(page, None)

    async def close_context(self, context: Any, reason: str | None = None) -> None:
        """Close a context; its profile is saved first."""
        profile = self._open_profiles.pop(context, None)
        if profile is not None:
            await profile.before_close(context)
        await context.close(**({"reason": reason} if reason else {}))
        self._context_closed(context)
        if profile is not None:
            await profile.after_close()

    # --- what happened -----------------------------------------------------------------------------
    def on_event(self, listener: Callable[[BrowserEvent], object]) -> Callable[[], None]:
        """Call `listener` with every event: synchronous, best effort. Returns a function that stops it."""
        self._listeners.append(listener)

        def off() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return off

    def _report(self, event: BrowserEvent) -> None:
        for listener in (*self._listeners, self._bindings.on_event):
            if listener is not None:
                call_event_handler(listener, event, logger=_logger)

    def collected_data(self) -> dict[str, list[BrowserEvent]]:
        """Everything collected, by event type, oldest first."""
        return self._collector.data()

    def clear_collected_data(self) -> None:
        """Forget what was collected."""
        self._collector.clear()

    def tracked_resources(self) -> dict[str, list[str]]:
        """Ids of the contexts and pages that are open."""
        return {"contexts": list(self.contexts.values()), "pages": list(self.pages.values())}

    def diagnostics(self) -> dict[str, Any]:
        """Counts of what is open and collected."""
        return {
            "contexts": len(self.contexts),
            "pages": len(self.pages),
            "objects": len(self.objects),
            "collected_data": self._collector.counts(),
        }

    async def aclose(self) -> None:
        """Close every context that is open, within bounds."""
        if self._closed:
            return
        self._closed = True
        contexts = list(self.contexts)
        if contexts:
            closing = [asyncio.ensure_future(self.close_context(context)) for context in contexts]
            done, late = await asyncio.wait(closing, timeout=BROWSER_SESSION_CLOSE_MS / 1000)
            for task in late:
                task.cancel()
            for task in done:
                if not task.cancelled() and task.exception() is not None:
                    _logger.warning("a browser context did not close well", exc_info=task.exception())
        self.objects.clear()


def _context_options(options: dict[str, Any]) -> dict[str, Any]:
    """Options of newContext under the names of Playwright for Python."""
    from isolatejs.capabilities.browser.arguments import convert
    from isolatejs.capabilities.browser.surface import python_name

    given = {python_name(name): convert(value) for name, value in options.items()}
    if "viewport" in given and given["viewport"] is None:
        del given["viewport"]
        given["no_viewport"] = True
    return {name: value for name, value in given.items() if value is not None}


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
