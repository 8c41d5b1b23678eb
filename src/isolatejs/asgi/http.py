"""One HTTP request through ASGI: bodies stream both ways, and a client that goes away aborts its request."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from isolatejs.asgi.request_url import headers_of, url_of
from isolatejs.errors import AbortError, ExecutionTimeoutError, IsolateError, RuntimeDisposedError
from isolatejs.limits import REQUEST_INLINE_BYTES
from isolatejs.web import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from isolatejs.asgi.types import Message, Receive, Scope, Send
    from isolatejs.host.app_server import AppServer
    from isolatejs.web import Response

_logger = logging.getLogger("isolatejs.asgi")
WATCH_DELAY_S: Final = 0.02
"""A client is watched from then on: most answers are faster, and need no watcher."""
_CONNECTION_HEADERS: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"te", b"trailer"}
)
BODILESS_METHODS: Final = frozenset({"GET", "HEAD"})


async def serve_http(
    server: AppServer, scope: Scope, receive: Receive, send: Send, metadata: Mapping[str, Any] | None
) -> None:
    """Answer one request."""
    exchange = _Exchange(scope, receive, send)
    try:
        await exchange.run(server, metadata)
    except asyncio.CancelledError:
        if not exchange.client_gone or exchange.task.uncancel() > 0:
            raise
    finally:
        await exchange.close()


class _Exchange:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._method: str = scope["method"]
        self._body_taken = self._method in BODILESS_METHODS
        self._response: Response | None = None
        self._watcher: asyncio.Task[None] | None = None
        task = asyncio.current_task()
        assert task is not None
        self.task: asyncio.Task[Any] = task
        self.client_gone = False
        self._watch = asyncio.get_running_loop().call_later(WATCH_DELAY_S, self._start_watching)

    async def run(self, server: AppServer, metadata: Mapping[str, Any] | None) -> None:
        headers = headers_of(self._scope)
        try:
            request = Request(
                url_of(self._scope, headers),
                method=self._method,
                headers=headers,
                body=None if self._body_taken else await self._read_body(headers),
            )
        except ValueError as error:
            await self._answer_plainly(400, f"Bad Request: {error}")
            return
        except _ClientGoneError:
            return
        try:
            result = await server.handle(request, metadata=metadata, upgradable=False)
        except IsolateError as error:
            if self.client_gone:
                return
            await self._answer_failure(error)
            return
        assert result.type == "response"
        self._response = result.response
        await self._respond(result.response)

    async def _respond(self, response: Response) -> None:
        if response.status < 200:
            _logger.warning(
                "the program answered with status %d, which HTTP servers send themselves", response.status
            )
            await self._answer_plainly(500, "Internal Server Error")
            return
        headers = self._headers_of(response)
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        content = response.content
        if self._method == "HEAD" or not response.has_body:
            await self._send(start)
            await self._send({"type": "http.response.body", "body": b""})
        elif content is not None:
            await self._send(start)
            await self._send({"type": "http.response.body", "body": content})
        else:
            self._start_watching()
            await self._send(start)
            await self._stream(response)

    def _headers_of(self, response: Response) -> list[tuple[bytes, bytes]]:
        """The response's headers without those of the connection, and with a length that is true.

        A program that could say how a message ends could make a client or proxy read its body as a response.
        """
        headers = [pair for pair in response.headers.raw() if pair[0] not in _CONNECTION_HEADERS]
        if response.status in (204, 304) or (self._method == "HEAD" and not response.has_body):
            return headers
        length = response.content_length if response.has_body else 0
        if length is not None:
            headers = [pair for pair in headers if pair[0] != b"content-length"]
            headers.append((b"content-length", b"%d" % length))
        elif not (response.headers.get("content-length") or "0").isdecimal():
            headers = [pair for pair in headers if pair[0] != b"content-length"]
        return headers

    async def _stream(self, response: Response) -> None:
        body = response.body
        assert body is not None
        try:
            async for chunk in body:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        except OSError:
            return  # the client is gone; close() stops the program's stream
        except (AbortError, RuntimeDisposedError):
            if self.client_gone:
                return
            raise
        await self._send({"type": "http.response.body", "body": b""})

    async def _answer_failure(self, error: IsolateError) -> None:
        _logger.warning("%s %s: %s", self._method, self._scope["path"], error)
        if isinstance(error, ExecutionTimeoutError):
            await self._answer_plainly(504, "Gateway Timeout")
        elif isinstance(error, RuntimeDisposedError):
            await self._answer_plainly(503, "Service Unavailable")
        else:
            await self._answer_plainly(502, "Bad Gateway")

    async def _answer_plainly(self, status: int, text: str) -> None:
        body = text.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if self._method == "HEAD" else body})

    # --- the request's body ------------------------------------------------------------------------
    async def _read_body(self, headers: list[tuple[str, str]]) -> bytes | AsyncIterator[bytes] | None:
        """A short body as bytes, a long one or one of unknown length as a stream."""
        first = await self._next()
        chunk: bytes = first.get("body", b"")
        if not first.get("more_body", False):
            self._body_taken = True
            return chunk or None
        length = next((value for name, value in headers if name == "content-length"), "")
        if not length.isdecimal() or int(length) > REQUEST_INLINE_BYTES:
            return self._rest_of_body(chunk)
        return b"".join([part async for part in self._rest_of_body(chunk)])

    async def _rest_of_body(self, chunk: bytes) -> AsyncIterator[bytes]:
        more = True
        while True:
            if chunk:
                yield chunk
            if not more:
                self._body_taken = True
                return
            message = await self._next()
            chunk, more = message.get("body", b""), message.get("more_body", False)

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone()
            raise _ClientGoneError
        return message

    # --- a client that goes away -------------------------------------------------------------------
    def _start_watching(self) -> None:
        self._watch.cancel()
        if self._watcher is None and self._body_taken:
            self._watcher = asyncio.get_running_loop().create_task(self._wait_gone())
        elif self._watcher is None:  # whoever reads the body now notices as well
            self._watch = asyncio.get_running_loop().call_later(WATCH_DELAY_S, self._start_watching)

    async def _wait_gone(self) -> None:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._gone()

    def _gone(self) -> None:
        if not self.client_gone:
            self.client_gone = True
            if asyncio.current_task() is not self.task:
                self.task.cancel()

    async def close(self) -> None:
        self._watch.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])
        if self._response is not None:
            await self._response.aclose()


class _ClientGoneError(OSError):
    """The client disconnected while its request's body was read."""

    def __init__(self) -> None:
        super().__init__("the client disconnected")
