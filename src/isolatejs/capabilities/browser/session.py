"""One browser session: the contexts and pages that programs opened, and all that they hold of them.

A runtime with factories has a session of its own; `create_playwright_session_handler()` makes one that
outlives runtimes.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

from isolatejs.capabilities.browser.api_requests import RequestRules
from isolatejs.capabilities.browser.arguments import convert
from isolatejs.capabilities.browser.bindings import BrowserBindings, as_profile_options
from isolatejs.capabilities.browser.closing import close_or_kill
from isolatejs.capabilities.browser.collected import BrowserEvent, Collector
from isolatejs.capabilities.browser.listening import contained, listen, settle
from isolatejs.capabilities.browser.managed.session_browser import SessionBrowser
from isolatejs.capabilities.browser.objects import ObjectTable
from isolatejs.capabilities.browser.page_policies import PagePolicies
from isolatejs.capabilities.browser.policy import check_page_url, context_parameters
from isolatejs.capabilities.browser.profiles import ProfileStore, checked_state
from isolatejs.capabilities.browser.proxy import GREETING_URL, PolicyProxy
from isolatejs.capabilities.browser.routes import RouteTable, every_url
from isolatejs.capabilities.call_context import context_place, embedder_context
from isolatejs.capabilities.events import call_event_handler
from isolatejs.errors import ConfigurationError, IsolateError, QuotaExceededError
from isolatejs.limits import (
    BROWSER_CONTEXT_CLOSE_MS,
    BROWSER_CONTEXTS_LIMIT,
    BROWSER_MANAGED_CLOSE_MS,
    BROWSER_MANAGED_WAIT_MS,
    BROWSER_SESSION_CLOSE_MS,
    BROWSER_TREE_LIMIT,
)
from isolatejs.web.program_log import program_logger
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from isolatejs.capabilities.browser.bindings import FileAccess
    from isolatejs.capabilities.browser.managed.session_browser import ManagedGrant
    from isolatejs.capabilities.browser.page_policies import PagePolicy
    from isolatejs.capabilities.browser.profiles import OpenProfile
    from isolatejs.channel.channel import Channel

_logger = program_logger("isolatejs.browser")


_NO_WEBRTC = "delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection;"
"""WebRTC sends datagrams past every proxy. See `isolatejs.playwright.LAUNCH_ARGS`, which hold in every world."""
_NO_HIDDEN_POSTS = "delete globalThis.SharedWorker; delete globalThis.fetchLater;"
"""What they send is not shown to the guard, which knows the methods that a policy allows."""


class BrowserSession:
    """Contexts and pages by factory, and the table of objects that programs hold."""

    def __init__(
        self,
        bindings: BrowserBindings,
        managed: ManagedGrant | None = None,
        *,
        collects: bool = False,
        siblings: WeakSet[BrowserSession] | None = None,
    ) -> None:
        self._bindings = bindings
        self.files_of: Callable[[FileAccess | None], FileAccess | None] = lambda granted: granted
        """The files of a runtime that uses a handler: its own files binding, unless the handler has callbacks."""
        self._siblings = WeakSet() if siblings is None else siblings
        self._siblings.add(self)
        self._managed = None if managed is None else SessionBrowser(managed)
        self.objects = ObjectTable()
        self.channel: Callable[[], Channel | None] = lambda: None
        """That of the runtime which has this session for itself."""
        self.contexts: dict[Any, str] = {}
        self.pages: dict[Any, str] = {}
        self._profiles = as_profile_options(bindings.profiles)
        self._open_profiles: dict[Any, OpenProfile] = {}
        self._listeners: list[Callable[[BrowserEvent], object]] = []
        self._collector = Collector(self._report)
        if collects:
            self._collector.keep()
        elif bindings.on_event is not None:
            self._collector.start()
        self._context_numbers = itertools.count(1)
        self._page_numbers = itertools.count(1)
        self._closed = False
        self._request_bases: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self.policies = PagePolicies()
        self.routes: RouteTable = RouteTable(self.policies)
        self.exposed: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
        """Names of functions that programs exposed to pages, by page or context."""
        self.base_urls: dict[Any, str] = {}
        """Of contexts: what relative patterns of programs start from."""
        self._under_policy: WeakSet[Any] = WeakSet()
        self._greeting: WeakSet[Any] = WeakSet()
        """Contexts whose browser does not know the proxy's credentials yet."""
        self._settling: set[asyncio.Future[None]] = set()
        self._proxy: PolicyProxy | None = None
        self._keeping: set[asyncio.Future[None]] = set()
        self._opening: set[asyncio.Future[Any]] = set()

    # --- the runtimes that use it -------------------------------------------------------------------
    def attach(self, runtime: object, policy: PagePolicy | None, managed: ManagedGrant | None = None) -> None:
        """Pages load by this runtime's policy from now on, also those that are open.

        Where several runtimes use the session at once, what one of them refuses is refused; the policy of the
        last one stays until another comes. Contexts that were opened without a policy end when one comes.
        """
        self.policies.attach(runtime, policy)
        if self._managed is not None:
            if managed is not None:
                self._managed.use(managed)
        elif policy is not None:
            if self._proxy is None:
                self._proxy = PolicyProxy(self.policies)
            self._proxy.drop_connections()
            for context in self.contexts:
                if context in self._under_policy:
                    self._settle(self._guard_web_sockets(context))
                else:
                    _logger.warning("a browser context without a fetch policy is closed: now there is one")
                    self._settle(self.close_context(context))

    def detach(self, runtime: object) -> None:
        """The runtime no longer uses the session."""
        self.policies.detach(runtime)

    def _settle(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something before anything else goes on."""
        settling = asyncio.ensure_future(work)
        self._settling.add(settling)
        settling.add_done_callback(self._settled)

    def _settled(self, ending: asyncio.Future[Any]) -> None:
        self._settling.discard(ending)
        if not ending.cancelled() and ending.exception() is not None:
            _logger.warning("a browser context did not close well", exc_info=ending.exception())

    async def settled(self) -> None:
        """Wait until every context is under the policy, or closed: nothing goes on before."""
        if self._settling:
            await asyncio.wait(self._settling)

    def use_bindings(self, bindings: BrowserBindings) -> None:
        """Contexts are made, and events reported, as the latest acquire says."""
        self._bindings = bindings
        self._profiles = as_profile_options(bindings.profiles)
        if bindings.on_event is not None:
            self._collector.start()

    async def check_url(self, url: str, method: str = "GET") -> None:
        """Raise for a URL that pages may not load. Relative ones pass: what they become is checked then."""
        await self.policies.check_url(url, method)

    def request_rules(self, requests: Any) -> RequestRules:
        """What an APIRequestContext of a context is held to."""
        return RequestRules(self.check_url, self._request_bases.get(requests), bool(self.policies))

    # --- contexts and pages ------------------------------------------------------------------------
    async def new_context(self, options: dict[str, Any], files: FileAccess | None) -> Any:
        """A context by the embedder's factory; `files` has its profiles.

        Raises for options that name parts of the host.
        """
        if self._closed:
            raise GuestVisibleError("Error", "the browser session is closed")
        self._check_browsers()
        if sum(session.open_contexts for session in self._siblings) >= BROWSER_CONTEXTS_LIMIT:
            raise QuotaExceededError(
                f"more than {BROWSER_CONTEXTS_LIMIT} browser contexts",
                limit="browser_contexts",
                value=BROWSER_CONTEXTS_LIMIT,
            )
        opening = asyncio.ensure_future(self._open_context(dict(options), files))
        self._opening.add(opening)
        opening.add_done_callback(self._opened)
        return await asyncio.shield(opening)  # a context is ours, whether somebody still waits for it or not

    @property
    def open_contexts(self) -> int:
        """Contexts that are open or being opened."""
        return len(self.contexts) + len(self._opening)

    @property
    def has_browser(self) -> bool:
        """Whether it has a managed browser, or one is on its way."""
        return self._managed is not None and self._managed.taken

    def _check_browsers(self) -> None:
        if self._managed is None or self.has_browser:
            return
        if sum(session.has_browser for session in self._siblings) >= BROWSER_TREE_LIMIT:
            raise QuotaExceededError(
                f"more than {BROWSER_TREE_LIMIT} browsers of a runtime and its children",
                limit="browser_tree",
                value=BROWSER_TREE_LIMIT,
            )

    def _opened(self, opening: asyncio.Future[Any]) -> None:
        self._opening.discard(opening)
        if not opening.cancelled():
            opening.exception()  # whoever waits for it hears of it

    async def _open_context(self, options: dict[str, Any], files: FileAccess | None) -> Any:
        requested = options.pop("profile", None)
        state = options.pop("storageState", None)
        parameters = context_parameters(options)
        await self._apply_policy(parameters)
        parameters["storage_state"] = await self._storage_state(state, files)
        profile = await self._profile_of(requested, files)
        context = None
        try:
            context = await self._make_context(parameters, profile)
            await self._guard(context)
            if "proxy" in parameters:
                self._under_policy.add(context)
                self._greeting.add(context)
        except BaseException:
            if context is not None:
                await context.close()
            if profile is not None:
                await profile.abandon()
            raise
        self.contexts[context] = f"ctx_{next(self._context_numbers)}"
        if "base_url" in parameters:
            self.base_urls[context] = self._request_bases[context.request] = str(parameters["base_url"])
        if profile is not None:
            self._open_profiles[context] = profile
        for page in context.pages:
            try:
                await check_page_url(page.url, None)
            except GuestVisibleError:  # opened before the guard was there
                await page.close()
            else:
                self._adopt(page)
        listen(context, "page", self._adopt)
        listen(context, "close", self._context_closed)
        return context

    async def _apply_policy(self, parameters: dict[str, Any]) -> None:
        """Where there is a fetch policy, the context's connections pass by it, all of them."""
        if "base_url" in parameters:
            await self.check_url(str(parameters["base_url"]))
        if self._proxy is None:
            return
        if parameters.get("service_workers") == "allow":
            raise GuestVisibleError("Error", "newContext: serviceWorkers are blocked under a fetch policy")
        parameters["service_workers"] = "block"
        parameters["proxy"] = await self._proxy.options()

    async def _storage_state(self, state: Any, files: FileAccess | None) -> Any:
        if isinstance(state, str):
            return await ProfileStore(_needed(files), self._profiles).read_state(state)
        converted = convert(state)
        if not isinstance(converted, dict | None):  # Playwright would take text for a path of the host
            raise GuestVisibleError("TypeError", "newContext: storageState is a path or an object")
        return None if converted is None else checked_state(converted)

    async def _profile_of(self, requested: Any, files: FileAccess | None) -> OpenProfile | None:
        if requested is None or requested is UNDEFINED:
            return None
        if self._profiles is None:
            raise GuestVisibleError("Error", "browser profiles are not enabled (bindings.browser.profiles)")
        return await ProfileStore(_needed(files), self._profiles).open(requested)

    async def _make_context(self, parameters: dict[str, Any], profile: OpenProfile | None) -> Any:
        state = parameters.pop("storage_state")
        if profile is not None and profile.directory is not None:
            if self._managed is not None:
                raise GuestVisibleError(
                    "Error",
                    'managed browsers keep profiles with mode "storage" (indexedDB: true keeps databases, too)',
                )
            factory = self._bindings.create_persistent_context
            if factory is None:
                raise GuestVisibleError(
                    "Error", "persistent profiles need bindings.browser.create_persistent_context"
                )
            if state is not None:
                raise GuestVisibleError("Error", "newContext: storageState is not for persistent profiles")
            try:
                return await _awaited(factory(str(profile.directory.path), parameters))
            except Exception as error:  # its message names paths of the host
                _logger.warning("a persistent browser context could not be opened", exc_info=True)
                raise GuestVisibleError("Error", "the persistent profile could not be opened") from error
        if profile is not None and profile.storage_state is not None and state is None:
            state = profile.storage_state
        if state is not None:
            parameters["storage_state"] = state
        if self._managed is not None:
            context = await self._managed.new_context(parameters)
            if self._bindings.on_context is not None:
                await _awaited(self._bindings.on_context(context))
            return context
        if self._bindings.create_context is None:
            raise GuestVisibleError(
                "Error", "this browser only opens persistent profiles: newContext({ profile })"
            )
        return await _awaited(self._bindings.create_context(parameters))

    async def _guard(self, context: Any) -> None:
        """Every request of the context's pages passes the URL policy first.

        In a managed browser with a network of its own it does so where the connection is opened.
        """
        if self._managed is not None and self._managed.has_own_network:
            return

        async def guard(route: Any, request: Any) -> None:
            try:
                if request.url != GREETING_URL:
                    await self.check_url(request.url, request.method)
            except Exception as error:
                _logger.info("a page's request was refused: %s", error)
                await route.abort("blockedbyclient")
                return
            await route.fallback()

        await context.route("**/*", contained(guard))
        if self._proxy is not None:
            await context.add_init_script(_NO_WEBRTC)
            if self.policies.limits_methods:
                await context.add_init_script(_NO_HIDDEN_POSTS)
            await self._guard_web_sockets(context)

    async def _guard_web_sockets(self, context: Any) -> None:
        """Where WebSockets are not allowed, also those in TLS are refused: the proxy cannot tell them apart."""
        if not self.policies.web_sockets:
            await context.route_web_socket(every_url, contained(_close_web_socket))

    async def new_page(self, context: Any) -> Any:
        """A page by the embedder's factory."""
        if self._bindings.create_page is None:
            page = await context.new_page()
        else:
            page = await _awaited(self._bindings.create_page(context))
            self._adopt(page)
        if context in self._greeting:
            self._greeting.discard(context)
            greeting = "(url) => fetch(url, { mode: 'no-cors' }).then(() => 0, () => 0)"
            await settle(page.evaluate(greeting, GREETING_URL))
        return page

    def _adopt(self, page: Any) -> None:
        if page in self.pages:
            return
        page_id = self.pages[page] = f"page_{next(self._page_numbers)}"
        self._collector.watch_page(page, self.contexts.get(page.context, "ctx_0"), page_id)
        listen(page, "close", self._page_closed)

    def _page_closed(self, page: Any) -> None:
        self.pages.pop(page, None)
        self._collector.forget_page(page)
        self.routes.forget(page)

    def _context_closed(self, context: Any) -> None:
        self.contexts.pop(context, None)
        self.base_urls.pop(context, None)
        self.routes.forget(context)
        profile = self._open_profiles.pop(context, None)
        if profile is not None:  # nobody closed it: its browser crashed, or the embedder did
            task = asyncio.ensure_future(self._keep(profile))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)
        for page in [page for page in self.pages if page.context == context]:
            self._page_closed(page)

    async def _keep(self, profile: OpenProfile) -> None:
        try:
            await profile.after_close()
        except (IsolateError, OSError):
            _logger.warning("the profile %s could not be kept", profile.id, exc_info=True)

    async def close_context(self, context: Any, reason: str | None = None) -> None:
        """Close a context; its profile is saved first. It closes, too, when its profile cannot be saved."""
        profile = self._open_profiles.pop(context, None)
        try:
            if profile is not None:
                await profile.before_close(context)
        finally:
            try:
                await close_or_kill(context, profile, reason)
                self._context_closed(context)
            finally:
                if profile is not None:
                    await profile.after_close()

    # --- what happened -----------------------------------------------------------------------------
    def on_event(self, listener: Callable[[BrowserEvent], object]) -> Callable[[], None]:
        """Call `listener` with every event: synchronous, best effort. Returns a function that stops it."""
        self._listeners.append(listener)
        self._collector.start()

        def off() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return off

    def _report(self, event: BrowserEvent) -> None:
        for listener in (*self._listeners, self._bindings.on_event):
            if listener is not None:
                call_event_handler(
                    listener,
                    event,
                    logger=_logger,
                    context_place=context_place(listener, 1),
                    context=lambda: embedder_context(self.channel()),
                )

    def collected_data(self) -> dict[str, list[BrowserEvent]]:
        """Everything collected, by event type, oldest first."""
        return self._collector.data()

    def clear_collected_data(self) -> None:
        """Forget what was collected."""
        self._collector.clear()

    def tracked_resources(self) -> dict[str, list[str]]:
        """Ids of the contexts and pages that are open."""
        return {"contexts": list(self.contexts.values()), "pages": list(self.pages.values())}

    @property
    def is_managed(self) -> bool:
        """Whether the browser is this session's own, by `launch`."""
        return self._managed is not None

    def diagnostics(self) -> dict[str, Any]:
        """Counts of what is open and collected, and whose browser it is."""
        return {
            **({"kind": "shared"} if self._managed is None else self._managed.describe()),
            "contexts": len(self.contexts),
            "pages": len(self.pages),
            "objects": len(self.objects),
            "collected_data": self._collector.counts(),
            "dropped_events": self._collector.dropped,
        }

    async def aclose(self) -> None:
        """Close every context that is open, within bounds."""
        if self._closed:
            return
        self._closed = True
        if self._managed is not None:
            # Whoever waits may give up; the browser's end does not.
            ending = asyncio.ensure_future(self._end_managed(self._managed))
            self._keeping.add(ending)
            ending.add_done_callback(self._keeping.discard)
            await asyncio.wait([ending], timeout=BROWSER_MANAGED_WAIT_MS / 1000)
            self.objects.clear()
            return
        if self._opening:
            await asyncio.wait(self._opening, timeout=BROWSER_CONTEXT_CLOSE_MS / 1000)
        closing = [asyncio.ensure_future(self.close_context(context)) for context in list(self.contexts)]
        if closing:
            done, late = await asyncio.wait(closing, timeout=BROWSER_SESSION_CLOSE_MS / 1000)
            for task in late:
                task.cancel()
            for task in done:
                if not task.cancelled() and task.exception() is not None:
                    _logger.warning("a browser context did not close well", exc_info=task.exception())
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=BROWSER_SESSION_CLOSE_MS / 1000)
        if self._proxy is not None:
            await self._proxy.aclose()
        self.objects.clear()
        self.pages.clear()

    async def _end_managed(self, managed: SessionBrowser) -> None:
        """Save the profiles that are open, within bounds, and kill the browser, whatever its pages do."""
        try:
            # The embedder may have wrapped what it was shown: then contexts are closed, not only their profiles saved.
            watched = self._bindings.on_context is not None
            closing = list(self.contexts if watched else self._open_profiles)
            saving = [asyncio.ensure_future(self.close_context(context)) for context in closing]
            if saving:
                limit_ms = BROWSER_SESSION_CLOSE_MS if watched else BROWSER_MANAGED_CLOSE_MS
                _, late = await asyncio.wait(saving, timeout=limit_ms / 1000)
                if late:
                    _logger.warning("%d browser contexts could not be closed in time", len(late))
        finally:
            managed.kill("the browser session is closed")
        await managed.aclose()
        for result in await asyncio.gather(*saving, return_exceptions=True):
            if isinstance(result, Exception):
                _logger.info("a browser context did not close well: %s", result)


async def _close_web_socket(socket: Any) -> None:
    await socket.close(code=1008, reason="WebSockets are not allowed")


SESSION_MEMBERS: Final = (
    "objects", "contexts", "base_urls", "exposed", "routes", "policies", "is_managed", "attach", "detach", "settled",
    "on_event", "files_of", "new_context", "new_page", "close_context", "check_url", "request_rules", "diagnostics",
)  # fmt: skip
"""What `browser.handler` has: a session of this module, or an object that stands in front of one."""


def as_session(handler: Any) -> BrowserSession:
    """What a runtime uses of `browser.handler`. Raises ConfigurationError when it cannot be one."""
    missing = [name for name in SESSION_MEMBERS if not hasattr(handler, name)]
    if missing:
        raise ConfigurationError(
            "browser.handler: the `handler` of create_playwright_session_handler(), or an object with its members; "
            f"{type(handler).__name__} has no {missing[0]}"
        )
    session: BrowserSession = handler
    return session


def _needed(files: FileAccess | None) -> FileAccess:
    if files is None:
        raise GuestVisibleError("Error", "no files are granted (bindings.files)")
    return files


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
