"""The host half of the browser: decodes handles and values, and answers with objects by number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import UNSET

from isolatejs.capabilities.browser import contract
from isolatejs.capabilities.browser.arguments import with_text_urls
from isolatejs.capabilities.browser.callbacks import ProgramCallback, UrlMatching
from isolatejs.capabilities.browser.calls import BrowserCalls
from isolatejs.capabilities.browser.contract import (
    EventFired,
    Given,
    GivenObject,
    MatcherVerdict,
    MatchUrls,
    RunCallback,
)
from isolatejs.capabilities.browser.listening import listen
from isolatejs.capabilities.browser.matchers import check_matcher
from isolatejs.capabilities.browser.messages import javascript_error
from isolatejs.capabilities.browser.objects import facts, kind_of, without_objects
from isolatejs.capabilities.browser.session import BrowserSession, as_session
from isolatejs.capabilities.browser.surface import EMITTERS, matchers, surface
from isolatejs.capabilities.call_context import context_place, embedder_context
from isolatejs.capabilities.events import call_event_handler
from isolatejs.errors import (
    GuestError,
    GuestProtocolError,
    IsolateError,
    QuotaExceededError,
    RuntimeDisposedError,
)
from isolatejs.limits import BROWSER_OBJECTS_LIMIT, BROWSER_SESSION_CLOSE_MS, TOOL_COPIES_LIMIT
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError, text_for_program
from isolatejs.wire.message import EncodedValue

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import BrowserGrant
    from isolatejs.capabilities.browser.collected import BrowserEvent
    from isolatejs.capabilities.browser.contract import (
        CallMethod,
        CheckMatcher,
        Handle,
        ObjectsReleased,
        Placed,
        SubscribeEvent,
    )
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingCall, IncomingNote

_logger = program_logger("isolatejs.browser")
HANDLE_STEPS_LIMIT = 200
EVENTS = frozenset({
    "close", "console", "crash", "dialog", "domcontentloaded", "download", "filechooser", "frameattached",
    "framedetached", "framenavigated", "load", "page", "pageerror", "popup", "request", "requestfailed",
    "requestfinished", "response", "serviceworker", "websocket", "worker", "weberror", "framereceived",
    "framesent", "socketerror", "backgroundpage",
})  # fmt: skip
EVENT_NAME_LIMIT = 200


class BrowserHost:
    """One per runtime. Its session is its own, or that of a handler that outlives it."""

    name: ClassVar[str] = "browser"
    close_limit_ms: ClassVar[float] = 2 * BROWSER_SESSION_CLOSE_MS
    contract: ClassVar[Any] = contract

    def __init__(self, granted: BrowserGrant, scope: RuntimeScope) -> None:
        self._scope = scope
        self._grant = granted
        handler = granted.bindings.handler
        if handler is None:
            self.session = BrowserSession(granted.bindings, granted.managed, siblings=granted.sessions)
            self._owns = True
        else:
            self.session = as_session(handler)
            self._owns = False
        self._attach()
        self._ending: asyncio.Future[None] | None = None
        self._callbacks: dict[int, ProgramCallback] = {}
        self._subscriptions: dict[tuple[int, str], tuple[Any, Callable[[], None]]] = {}
        self._matching = UrlMatching(self)
        self._undelivered = 0

    def _attach(self) -> None:
        files = self._grant.files if self._owns else self.session.files_of(self._grant.files)
        self._calls = BrowserCalls(self.session, files)
        if self._owns:
            self.session.channel = lambda: self._scope.channel
        self.session.attach(self, self._grant.policy, self._grant.managed)
        wanted = self._grant.bindings.capture_console or (
            self._grant.bindings.on_event is not None and not self._owns
        )
        self._off = self.session.on_event(self._on_event) if wanted else _nothing

    def grant(self) -> dict[str, Any]:
        return {"surface": surface(), "matchers": list(matchers()), "events": sorted(EVENTS)}

    def _on_event(self, event: BrowserEvent) -> None:
        if not self._owns and self._grant.bindings.on_event is not None:
            on_event = self._grant.bindings.on_event
            call_event_handler(
                on_event,
                event,
                logger=_logger,
                context_place=context_place(on_event, 1),
                context=lambda: embedder_context(self._scope.channel),
            )
        if (
            event.type == "browserConsoleLog"
            and self._grant.bindings.capture_console
            and self._grant.on_console
        ):
            level = {"warning": "warn", "error": "error", "info": "info", "debug": "debug"}.get(
                event.data["level"], "log"
            )
            self._grant.on_console(level, event.data["stdout"], event.data["location"], event.timestamp)

    # --- messages ----------------------------------------------------------------------------------
    async def call_method(self, message: CallMethod, call: IncomingCall) -> Any:
        await self.session.settled()
        args = self._args(message.args, message.placed, call)
        try:
            if message.target.ref == 0:
                result = await self._calls.call_browser(message.method, args)
            else:
                target = self._resolve(message.target, call)
                result = await self._calls.call(target, message.method, args)
        except Exception as error:
            raise _visible(error) from error
        return self._reply(result, call)

    async def check_matcher(self, message: CheckMatcher, call: IncomingCall) -> MatcherVerdict:
        args = self._args(message.args, message.placed, call)
        try:
            target = self._resolve(message.target, call)
            passed, text = await check_matcher(target, message.matcher, message.negated, args)
        except Exception as error:
            raise _visible(error) from error
        return MatcherVerdict(passed, text)

    def subscribe_event(self, message: SubscribeEvent, call: IncomingCall) -> None:
        target = self._resolve(message.target, call)
        kind = kind_of(target)
        if kind not in EMITTERS or message.target.steps:
            raise GuestVisibleError("TypeError", f"{kind} has no events")
        number = message.target.ref
        key = (number, message.event)
        if not message.listening:
            found = self._subscriptions.pop(key, None)
            if found is not None:
                found[1]()
            return
        known = len(message.event) <= EVENT_NAME_LIMIT if kind == "CDPSession" else message.event in EVENTS
        if not known:
            raise GuestVisibleError("TypeError", f"unknown event {message.event[:80]}")
        if key in self._subscriptions:
            return
        if len(self._subscriptions) >= BROWSER_OBJECTS_LIMIT:
            raise _too_many("subscriptions")

        self._listen(number, message.event, target)

    def _listen(self, number: int, event: str, target: Any) -> None:
        def fire(payload: Any = None) -> None:
            self._fire(number, event, payload)

        self._subscriptions[number, event] = (target, listen(target, event, fire))

    @property
    def is_connected(self) -> bool:
        """False before the first message, and after the last."""
        return self._scope.channel is not None and not self._scope.channel.closed

    def _fire(self, number: int, event: str, payload: Any) -> None:
        if not self.is_connected:
            return
        attachments: list[Any] = []
        try:
            value, objects = self._encode(_plain_payload(payload), attachments)
            self._scope.channel.note(EventFired(number, event, value, objects), attachments)
        except IsolateError as error:
            if not self._undelivered:
                self._scope.logger.warning("events of the browser are dropped: %.300s", error)
            self._undelivered += 1

    def objects_released(self, message: ObjectsReleased, note: IncomingNote) -> None:
        for number, times in message.released:
            self.session.objects.release(number, times)

    # --- handles and values ------------------------------------------------------------------------
    def _resolve(self, handle: Handle, call: IncomingCall) -> Any:
        if len(handle.steps) > HANDLE_STEPS_LIMIT:
            raise GuestVisibleError("RangeError", f"a locator of more than {HANDLE_STEPS_LIMIT} steps")
        steps = [(step.name, self._args(step.args, step.placed, call)) for step in handle.steps]
        return self._calls.resolve(handle.ref, steps)

    def _args(self, encoded: Any, placed: Sequence[Placed], call: IncomingCall) -> list[Any]:
        values: list[Any] = []
        copies: Sequence[int] = ()
        if encoded is not None:
            arguments = call.arguments(encoded)
            values, copies = arguments.values, arguments.copies()
        if any(count > TOOL_COPIES_LIMIT for count in copies):
            raise GuestVisibleError(
                "TypeError",
                "browser arguments are nested too deeply: they hold themselves, or have more than "
                f"{TOOL_COPIES_LIMIT} parts when each mention of a shared one counts",
            )
        args = with_text_urls(values)
        for one in placed:
            self._place(args, one, call)
        return args

    def _place(self, args: list[Any], placed: Placed, call: IncomingCall) -> None:
        container: Any = args
        if not placed.path:
            raise GuestProtocolError("an object placed nowhere")
        try:
            for key in placed.path[:-1]:
                container = container[key]
            last = placed.path[-1]
            container[last]  # there must be a place
            container[last] = self._placed(placed, call)
        except (KeyError, IndexError, TypeError):
            raise GuestProtocolError("an object placed where nothing is") from None

    def _placed(self, placed: Placed, call: IncomingCall) -> Any:
        if placed.handle is not None:
            return self._resolve(placed.handle, call)
        if placed.callback is None:
            raise GuestProtocolError("nothing placed")
        number = placed.callback
        if number not in self._callbacks:
            if len(self._callbacks) >= BROWSER_OBJECTS_LIMIT:
                raise _too_many("functions")
            self._callbacks[number] = ProgramCallback(self, number)
        return self._callbacks[number]

    async def match_url(self, url: str, routes: Sequence[int]) -> frozenset[int]:
        """Those of the program's routes whose patterns take a URL."""
        return await self._matching.match(url, routes)

    async def ask_urls(self, message: MatchUrls) -> list[list[int]]:
        """Ask the guest."""
        return (await self._scope.channel.call(message)).into(list[list[int]])

    async def run_callback(self, number: int, args: Sequence[Any], *, is_listener: bool = False) -> Any:
        """Call a function of the program with arguments that may be objects of the browser."""
        if not self.is_connected:
            raise RuntimeDisposedError("the program is not there now")
        attachments: list[Any] = []
        value, objects = self._encode(list(args), attachments)
        message = RunCallback(number, value, objects, is_listener)
        reply = await self._scope.channel.call(message, attachments)
        return reply.decode(reply.into(EncodedValue))

    def _reply(self, result: Any, call: IncomingCall) -> Any:
        attachments: list[Any] = []
        value, objects = self._encode(result, attachments)
        return call.with_attachments(Given(value, objects), attachments)

    def _encode(self, result: Any, attachments: list[Any]) -> tuple[Any, tuple[GivenObject, ...]]:
        objects: list[GivenObject] = []
        plain, found = without_objects(result)
        for path, value in found:
            kind = kind_of(value)
            assert kind is not None
            known = facts(value, kind)
            if value in self.session.base_urls:
                known["baseURL"] = self.session.base_urls[value]
            before = len(attachments)
            encoded = self._scope.channel.encode(known, attachments) if known else None
            weight = 0 if encoded is None else _size(encoded, attachments[before:])
            objects.append(GivenObject(path, self.session.objects.give(value, weight), kind, encoded))
        return self._scope.channel.encode(plain, attachments), tuple(objects)

    # --- the end -----------------------------------------------------------------------------------
    def diagnostics(self) -> dict[str, Any]:
        """Counts of the session."""
        return self.session.diagnostics()

    def park(self) -> ParkedBrowser:
        """The session goes on for the next acquire; until then nobody listens."""
        heard = [(number, event, target) for (number, event), (target, _) in self._subscriptions.items()]
        self._unsubscribe()
        return ParkedBrowser(self.session, self._owns, self._callbacks, heard)

    def take_up(self, kept: ParkedBrowser) -> None:
        """Go on with the session, and the functions of the program, that an earlier acquire left."""
        self._callbacks = kept.callbacks
        for callback in kept.callbacks.values():
            callback.host = self
        if self._owns and kept.owned and self.session.is_managed == kept.session.is_managed:
            self._detach()
            self.session = kept.session
            self.session.use_bindings(self._grant.bindings)
            self._attach()
        elif (
            kept.owned
        ):  # this acquire has a browser of another kind: its programs no longer reach what the other opened
            self._ending = asyncio.ensure_future(kept.aclose())
        if self.session is kept.session:
            for number, event, target in kept.heard:
                self._listen(number, event, target)

    def _detach(self) -> None:
        self._off()
        self.session.detach(self)

    def _unsubscribe(self) -> None:
        self._detach()
        for _, off in self._subscriptions.values():
            off()
        self._subscriptions.clear()

    async def close(self) -> None:
        self._matching.close()
        self._unsubscribe()
        if self._ending is not None:
            await self._ending
        if self._owns:
            await self.session.aclose()
        else:
            await self.session.routes.leave(self)


@dataclass(frozen=True)
class ParkedBrowser:
    """What one acquire of a namespaced session leaves to the next. `owned`: the session is not a handler's."""

    session: BrowserSession
    owned: bool
    callbacks: dict[int, ProgramCallback]
    heard: list[tuple[int, str, Any]]

    async def aclose(self) -> None:
        """End the session, unless its handler goes on."""
        if self.owned:
            await self.session.aclose()


def _nothing() -> None:
    """In place of a function that stops what never began."""


def _size(encoded: EncodedValue, attachments: Sequence[Any]) -> int:
    parts = [part for part in (encoded.p, encoded.t) if part is not UNSET]
    return sum(len(bytes(part)) for part in parts) + sum(memoryview(part).nbytes for part in attachments)


def _too_many(what: str) -> QuotaExceededError:
    return QuotaExceededError(
        f"more than {BROWSER_OBJECTS_LIMIT} {what} of the browser",
        limit="browser_objects",
        value=BROWSER_OBJECTS_LIMIT,
    )


def _plain_payload(payload: Any) -> Any:
    """Page errors and frame payloads as values that cross."""
    if kind_of(payload) is None and isinstance(payload, BaseException):
        return {
            "name": getattr(payload, "name", "Error"),
            "message": getattr(payload, "message", str(payload)),
            "stack": getattr(payload, "stack", "") or "",
        }
    return payload


def _visible(error: Exception) -> IsolateError:
    """A Playwright error as the program sees it: its own name and message."""
    if isinstance(error, (GuestVisibleError, GuestError, GuestProtocolError)):
        return error
    if isinstance(error, IsolateError):
        return GuestVisibleError(type(error).__name__, text_for_program(error))
    from playwright.async_api import Error as PlaywrightError
    from playwright.async_api import TimeoutError as PlaywrightTimeoutError

    if isinstance(error, PlaywrightTimeoutError):
        return GuestVisibleError("TimeoutError", javascript_error(error.message))
    if isinstance(error, PlaywrightError):
        return GuestVisibleError("Error", javascript_error(error.message))
    if isinstance(error, (TypeError, ValueError, RecursionError)):
        return GuestVisibleError("TypeError", "the arguments do not fit")
    _logger.warning("a call of the browser failed", exc_info=error)
    return GuestVisibleError("Error", "the browser could not do this")
