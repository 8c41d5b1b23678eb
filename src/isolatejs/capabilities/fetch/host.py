"""Host half of fetch: makes a Request of the guest's call, runs the embedder's callback, streams the answer.

The guest is hostile: headers that belong to a connection are dropped, a length it announces is checked, and
everything it holds open is counted. When it aborts, or goes away, the callback's task is cancelled and
`context.signal` fires.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.call_context import HostCallContext
from isolatejs.capabilities.fetch import contract
from isolatejs.capabilities.fetch.bindings import as_fetch_callback, web_socket_opener
from isolatejs.capabilities.fetch.contract import (
    CloseWebSocket,
    OpenedWebSocket,
    OpenWebSocket,
    ResponseHead,
    SendRequest,
    SendWebSocketMessage,
)
from isolatejs.capabilities.fetch.exchange import Exchange, LengthCheckedBody, ResponseBody, failure
from isolatejs.capabilities.fetch.redirects import follow_redirects
from isolatejs.capabilities.fetch.request_headers import check_size, drop_forbidden_headers
from isolatejs.capabilities.fetch.web_sockets import OutboundWebSockets
from isolatejs.channel.incoming import Reply
from isolatejs.errors import FetchError, GuestProtocolError
from isolatejs.limits import OPEN_FETCHES_LIMIT, STREAM_WINDOW_BYTES
from isolatejs.web.abort import AbortSignal
from isolatejs.web.headers import Headers
from isolatejs.web.request import Request
from isolatejs.web.response import NULL_BODY_STATUSES, Response
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingCall

_INLINE_BYTES = STREAM_WINDOW_BYTES


class FetchHost:
    """Answers one runtime's requests with the embedder's callback."""

    name: ClassVar[str] = "fetch"
    contract: ClassVar[Any] = contract

    def __init__(self, bindings: object, scope: RuntimeScope) -> None:
        self._callback = as_fetch_callback(bindings)
        self._scope = scope
        self._exchanges: set[Exchange] = set()
        opener = web_socket_opener(bindings)
        self._sockets = None if opener is None else OutboundWebSockets(opener)

    def grant(self) -> dict[str, Any]:
        """What the guest half installs besides `fetch` and `EventSource`."""
        return {"webSocket": self._sockets is not None}

    @property
    def open_fetches(self) -> int:
        """Requests under way, unread responses included."""
        return len(self._exchanges)

    async def send_request(self, message: SendRequest, call: IncomingCall) -> Reply:
        """Run one fetch of the program."""
        if len(self._exchanges) >= OPEN_FETCHES_LIMIT:
            raise GuestVisibleError(
                "TypeError",
                f"fetch failed: more than {OPEN_FETCHES_LIMIT} are open; read or cancel their bodies",
            )
        exchange = Exchange(self._exchanges.discard)
        self._exchanges.add(exchange)
        try:
            request = exchange.request = self._request(message, call, exchange)
            context = self._context(call, exchange)
            response = await follow_redirects(request, lambda hop: self._run_callback(hop, context))
            return await self._answer(response, exchange, call)
        except GuestProtocolError:
            await exchange.abort()
            raise
        except Exception as error:
            await exchange.abort()
            converted = failure(error)
            if not isinstance(error, (FetchError, GuestVisibleError)):
                self._scope.logger.info("fetch failed: %s", type(error).__name__, exc_info=error)
            raise converted from error
        except BaseException:
            await exchange.abort()
            raise

    async def open_web_socket(self, message: OpenWebSocket, call: IncomingCall) -> OpenedWebSocket:
        """Open a WebSocket of the program."""
        return await self._granted_sockets().open(message, self._scope.context(call), self._scope.channel)

    async def send_web_socket_message(self, message: SendWebSocketMessage, call: IncomingCall) -> None:
        """Send a message of the program."""
        data = bytes(call.attachments[0]) if call.attachments else None
        await self._granted_sockets().send(message, data)

    async def close_web_socket(self, message: CloseWebSocket, call: IncomingCall) -> None:
        """Close a WebSocket of the program."""
        await self._granted_sockets().close(message)

    async def close(self) -> None:
        """Abort everything that is under way."""
        for exchange in list(self._exchanges):
            await exchange.abort()
        if self._sockets is not None:
            await self._sockets.aclose()

    def _granted_sockets(self) -> OutboundWebSockets:
        if self._sockets is None:
            raise GuestVisibleError("TypeError", "WebSocket is not granted")
        return self._sockets

    def _request(self, message: SendRequest, call: IncomingCall, exchange: Exchange) -> Request:
        body: bytes | AsyncIterable[bytes] | None = call.body(message.body)
        if body is not None and not isinstance(body, bytes) and message.body_length is not None:
            body = LengthCheckedBody(aiter(body), message.body_length)
        try:
            headers = Headers(message.headers)
            check_size(message.url, headers)
            drop_forbidden_headers(headers)
            request = Request(
                message.url,
                method=message.method,
                headers=headers,
                body=body,
                signal=exchange.controller.signal,
                redirect=message.redirect,
                credentials=message.credentials,
                mode=message.mode,
                cache=message.cache,
                referrer=message.referrer,
            )
        except ValueError as error:
            raise FetchError(str(error)) from error
        if body is not None and not isinstance(body, bytes) and message.body_length is not None:
            request.announce_length(message.body_length)
        return request

    def _context(self, call: IncomingCall, exchange: Exchange) -> HostCallContext:
        context = self._scope.context(call)
        signal = AbortSignal.any([context.signal, exchange.controller.signal])
        return HostCallContext(
            signal, context.runtime_id, context.resource_id, context.request_id, context.metadata
        )

    async def _run_callback(self, request: Request, context: HostCallContext) -> Response:
        result = self._callback(request, context)
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, Response):
            return result
        httpx = sys.modules.get("httpx")
        if httpx is not None and isinstance(result, httpx.Response):
            response = Response.from_httpx(result)
            if not result.history or str(result.history[0].url) != request.url:
                # Where a callback sends a request that it has rewritten is the host's business.
                response.url = request.url.partition("#")[0]
            return response
        self._scope.logger.error(
            "bindings.fetch must return a Response or an httpx.Response, not %s", type(result).__name__
        )
        raise FetchError("the host's fetch binding gave no response")

    async def _answer(self, response: Response, exchange: Exchange, call: IncomingCall) -> Reply:
        if response.type == "error":
            raise FetchError("network error")
        attachments: list[bytes] = []
        content = await self._content(response, exchange)
        body = self._scope.channel.send_body(content, attachments)
        head = ResponseHead(
            status=response.status,
            status_text=response.status_text,
            headers=tuple(response.headers.multi_items()),
            url=response.url,
            redirected=response.redirected,
            body=body,
        )
        return Reply(head, attachments)

    async def _content(self, response: Response, exchange: Exchange) -> bytes | ResponseBody | None:
        if not response.has_body or response.status in NULL_BODY_STATUSES:
            await response.aclose()
            await exchange.over()
            return None
        content = response.content
        if content is not None and len(content) <= _INLINE_BYTES:
            await exchange.over()
            return content
        stream = response.body
        assert stream is not None
        return await exchange.read_ahead(stream)
