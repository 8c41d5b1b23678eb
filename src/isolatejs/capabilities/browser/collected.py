"""What a session keeps of its pages: console messages, requests, responses, failures, page errors."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from isolatejs.capabilities.browser.listening import listen
from isolatejs.limits import (
    BROWSER_COLLECTED_LIMIT,
    BROWSER_COLLECTED_LIMIT_BYTES,
    BROWSER_EVENT_TEXT_LIMIT,
    BROWSER_EVENTS_PER_SECOND_LIMIT,
)
from isolatejs.web.program_log import program_logger

EventType = Literal["browserConsoleLog", "networkRequest", "networkResponse", "requestFailure", "pageError"]
EVENT_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
_logger = program_logger("isolatejs.browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserEvent:
    """Something that happened in a page. `data` depends on `type`; ids are `ctx_1`, `page_1`, `req_1`."""

    type: EventType
    context_id: str
    page_id: str
    timestamp: float
    data: dict[str, Any] = field(default_factory=dict)


class Collector:
    """Listens to the pages of one session, once somebody wants to know.

    Nobody pays for what nobody asked for: Playwright's driver only sends events that somebody listens to.
    """

    def __init__(self, report: Callable[[BrowserEvent], None]) -> None:
        self._report = report
        self._events: dict[str, deque[tuple[BrowserEvent, int]]] = {kind: deque() for kind in EVENT_TYPES}
        self._bytes = dict.fromkeys(EVENT_TYPES, 0)
        self._numbers = itertools.count(1)
        self._requests: dict[int, str] = {}
        self._pages: dict[Any, tuple[str, str]] = {}
        self._keeps = False
        self._listens = False
        self._second = 0
        self._this_second = 0
        self.dropped = 0
        """Events beyond BROWSER_EVENTS_PER_SECOND_LIMIT."""

    def keep(self) -> None:
        """Keep events for `data()`, from now on."""
        self._keeps = True
        self.start()

    def start(self) -> None:
        """Report events, from now on, also of pages that are open."""
        if self._listens:
            return
        self._listens = True
        for page, (context_id, page_id) in self._pages.items():
            self._listen(page, context_id, page_id)

    def watch_page(self, page: Any, context_id: str, page_id: str) -> None:
        """Know a page until it closes."""
        self._pages[page] = (context_id, page_id)
        if self._listens:
            self._listen(page, context_id, page_id)

    def forget_page(self, page: Any) -> None:
        """The page is closed."""
        self._pages.pop(page, None)

    def _listen(self, page: Any, context_id: str, page_id: str) -> None:
        def on(event: str, type: EventType, describe: Callable[[Any], dict[str, Any]]) -> None:
            def heard(payload: Any) -> None:
                if self._is_too_much():
                    return
                self._note(
                    BrowserEvent(
                        type=type,
                        context_id=context_id,
                        page_id=page_id,
                        timestamp=time.time() * 1000,
                        data=_cut(describe(payload)),
                    )
                )

            listen(page, event, heard)

        on("console", "browserConsoleLog", _console)
        on("request", "networkRequest", self._request)
        on("response", "networkResponse", self._response)
        on("requestfailed", "requestFailure", lambda one: {**self._request(one), "failure": one.failure})
        on("pageerror", "pageError", _page_error)
        listen(page, "requestfinished", lambda request: self._requests.pop(id(request._impl_obj), None))

    def _is_too_much(self) -> bool:
        """A page may flood: what is beyond a rate is dropped, and counted."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._this_second = second, 0
        self._this_second += 1
        if self._this_second <= BROWSER_EVENTS_PER_SECOND_LIMIT:
            return False
        if self.dropped == 0:
            _logger.warning("a page floods its session with events: those beyond the limit are dropped")
        self.dropped += 1
        return True

    def _note(self, event: BrowserEvent) -> None:
        if self._keeps:
            size = _size(event.data)
            events = self._events[event.type]
            events.append((event, size))
            self._bytes[event.type] += size
            while (
                len(events) > BROWSER_COLLECTED_LIMIT
                or self._bytes[event.type] > BROWSER_COLLECTED_LIMIT_BYTES
            ):
                self._bytes[event.type] -= events.popleft()[1]
        self._report(event)

    def _id(self, request: Any) -> str:
        identity = id(request._impl_obj)
        if len(self._requests) > BROWSER_COLLECTED_LIMIT:
            self._requests.clear()
        return self._requests.setdefault(identity, f"req_{next(self._numbers)}")

    def _request(self, request: Any) -> dict[str, Any]:
        return {
            "requestId": self._id(request),
            "url": request.url,
            "method": request.method,
            "headers": dict(request.headers),
            "resourceType": request.resource_type,
        }

    def _response(self, response: Any) -> dict[str, Any]:
        return {
            "requestId": self._id(response.request),
            "url": response.url,
            "status": response.status,
            "statusText": response.status_text,
            "headers": dict(response.headers),
        }

    def data(self) -> dict[str, list[BrowserEvent]]:
        """Everything kept, by event type, oldest first. Every type is there, also one of which nothing is kept."""
        return {kind: [event for event, _ in events] for kind, events in self._events.items()}

    def counts(self) -> dict[str, int]:
        return {kind: len(events) for kind, events in self._events.items()}

    def clear(self) -> None:
        for events in self._events.values():
            events.clear()
        self._bytes = dict.fromkeys(EVENT_TYPES, 0)
        self._requests.clear()


def _console(message: Any) -> dict[str, Any]:
    return {"level": message.type, "stdout": message.text, "location": dict(message.location)}


def _page_error(error: Any) -> dict[str, Any]:
    return {"name": error.name, "message": error.message, "stack": error.stack}


def _cut(data: dict[str, Any]) -> dict[str, Any]:
    """Data whose texts are short enough to be kept by the thousand."""
    return {name: _cut_value(value) for name, value in data.items()}


def _cut_value(value: Any) -> Any:
    if isinstance(value, str) and len(value) > BROWSER_EVENT_TEXT_LIMIT:
        return f"{value[:BROWSER_EVENT_TEXT_LIMIT]} ... ({len(value)} characters)"
    if isinstance(value, dict):
        return {_cut_value(name): _cut_value(item) for name, item in itertools.islice(value.items(), 200)}
    return value


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return 100 + sum(_size(name) + _size(item) for name, item in value.items())
    return 50 + (4 * len(value) if isinstance(value, str) else 0)
