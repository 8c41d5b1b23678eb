"""What a session keeps of its pages: console messages, requests, responses, failures, page errors."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from isolatejs.capabilities.browser.listening import listen
from isolatejs.limits import BROWSER_COLLECTED_LIMIT

EventType = Literal["browserConsoleLog", "networkRequest", "networkResponse", "requestFailure", "pageError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserEvent:
    """Something that happened in a page. `data` depends on `type`; ids are `ctx_1`, `page_1`, `req_1`."""

    type: EventType
    context_id: str
    page_id: str
    timestamp: float
    data: dict[str, Any] = field(default_factory=dict)


class Collector:
    """Listens to the pages of one session."""

    def __init__(self, report: Callable[[BrowserEvent], None]) -> None:
        self._report = report
        self._events: dict[str, deque[BrowserEvent]] = {}
        self._numbers = itertools.count(1)
        self._requests: dict[int, str] = {}

    def watch_page(self, page: Any, context_id: str, page_id: str) -> None:
        """Listen to a page until it closes."""

        def note(type: EventType, **data: Any) -> None:
            event = BrowserEvent(
                type=type, context_id=context_id, page_id=page_id, timestamp=time.time() * 1000, data=data
            )
            self._events.setdefault(type, deque(maxlen=BROWSER_COLLECTED_LIMIT)).append(event)
            self._report(event)

        listen(
            page,
            "console",
            lambda message: note(
                "browserConsoleLog", level=message.type, stdout=message.text, location=dict(message.location)
            ),
        )
        listen(page, "request", lambda request: note("networkRequest", **self._request(request)))
        listen(
            page,
            "response",
            lambda response: note(
                "networkResponse",
                requestId=self._id(response.request),
                url=response.url,
                status=response.status,
                statusText=response.status_text,
                headers=dict(response.headers),
            ),
        )
        listen(
            page,
            "requestfailed",
            lambda request: note("requestFailure", **self._request(request), failure=request.failure),
        )
        listen(page, "requestfinished", lambda request: self._requests.pop(id(request._impl_obj), None))
        listen(
            page,
            "pageerror",
            lambda error: note("pageError", name=error.name, message=error.message, stack=error.stack),
        )

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

    def data(self) -> dict[str, list[BrowserEvent]]:
        """Everything kept, by event type, oldest first."""
        return {kind: list(events) for kind, events in self._events.items()}

    def counts(self) -> dict[str, int]:
        return {kind: len(events) for kind, events in self._events.items()}

    def clear(self) -> None:
        self._events.clear()
