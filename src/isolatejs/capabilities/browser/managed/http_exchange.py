"""HTTP between a managed browser and its proxy: reads requests, hands them to the policy, writes the answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import h11

from isolatejs.limits import BROWSER_PROXY_HEAD_LIMIT_BYTES
from isolatejs.web.headers import Headers
from isolatejs.web.program_log import program_logger
from isolatejs.web.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.capabilities.browser.managed.proxy import PolicyUpstream
    from isolatejs.web.response import Response

_CHUNK_BYTES: Final = 64 * 1024
_NOT_PASSED_ON: Final = frozenset({"proxy-connection", "proxy-authorization", "alt-svc"})
_NOT_OF_WEB_SOCKETS: Final = frozenset({"content-length", "transfer-encoding", "te", "trailer", "expect"})
_BODILESS: Final = frozenset({204, 304})
_logger = program_logger("isolatejs.browser")


class HttpExchanges:
    """The requests of one connection, one after another. `origin` is that of its tunnel, None for whole URLs."""

    def __init__(
        self,
        upstream: PolicyUpstream,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        origin: str | None,
        trusted: bool,
    ) -> None:
        self._upstream = upstream
        self._reader = reader
        self._writer = writer
        self._origin = origin
        self._trusted = trusted
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=BROWSER_PROXY_HEAD_LIMIT_BYTES)

    async def run(self) -> None:
        """Serve until the connection ends. Raises FetchError for what the policy refuses: the connection ends."""
        try:
            while True:
                event = await self._next()
                if not isinstance(event, h11.Request):
                    return
                if await self._serve(event):
                    return
                if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except h11.ProtocolError as error:
            raise ValueError(str(error)) from error

    async def _next(self) -> Any:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_CHUNK_BYTES))

    async def _serve(self, event: h11.Request) -> bool:
        """Answer one request. True when the connection is used up."""
        method = event.method.decode("ascii")
        headers = Headers()
        for name, value in event.headers:
            if name.decode("ascii") not in _NOT_PASSED_ON:
                headers.append(name.decode("ascii"), value.decode("latin-1"))
        target = event.target.decode("latin-1")
        if self._origin is not None and not target.startswith("/"):
            raise ValueError("a tunnel's request for what is not a path")
        url = target if self._origin is None else self._origin + target
        if (headers.get("upgrade") or "").lower() == "websocket":
            await self._tunnel(url, headers)
            return True
        if method == "OPTIONS" and self._answers_preflight(url, headers):
            await self._allow_preflight(headers)
            return False
        request = self._request(url, method, headers)
        response = await self._upstream.send(request, trusted=self._trusted)
        try:
            await self._answer(method, response)
        finally:
            await response.aclose()
        return False

    def _request(self, url: str, method: str, headers: Headers) -> Request:
        length = headers.get("content-length")
        has_body = length not in (None, "0") or headers.has("transfer-encoding")
        request = Request(url, method=method, headers=headers, body=self._body() if has_body else None)
        if has_body and length is not None and length.isdecimal():
            request.announce_length(int(length))
        return request

    async def _body(self) -> AsyncIterator[bytes]:
        while True:
            event = await self._next()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise EOFError("the request ended within its body")

    async def _answer(self, method: str, response: Response) -> None:
        headers = [
            (name, value)
            for name, value in response.headers.raw()
            if name.decode("ascii") not in _NOT_PASSED_ON
        ]
        bodiless = method == "HEAD" or response.status in _BODILESS
        if not bodiless and not response.headers.has("content-length"):
            headers.append((b"transfer-encoding", b"chunked"))
        reason = response.status_text.encode("latin-1", "replace")
        await self._read_request_end()
        await self._write(h11.Response(status_code=response.status, headers=headers, reason=reason))
        if not bodiless and response.body is not None:
            async for chunk in response.body:
                await self._write(h11.Data(data=chunk))
        await self._write(h11.EndOfMessage())

    async def _read_request_end(self) -> None:
        """Take the end of a request that has no body (any more); h11 gives it as an event of its own."""
        if self._http.their_state is h11.SEND_BODY:
            self._http.next_event()

    async def _write(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    # --- preflights --------------------------------------------------------------------------------
    def _answers_preflight(self, url: str, headers: Headers) -> bool:
        """Whether a preflight is answered here: its own method is not allowed, but the one that it asks for is."""
        asked = headers.get("access-control-request-method")
        if asked is None or not headers.has("origin") or self._upstream.allows(url, "OPTIONS"):
            return False
        return self._upstream.allows(url, asked)

    async def _allow_preflight(self, headers: Headers) -> None:
        """As Playwright answers preflights of requests that it intercepts: the server sees the request itself."""
        await self._read_request_end()
        asked = headers.get("access-control-request-headers")
        answer = [
            ("access-control-allow-origin", headers.get("origin") or "*"),
            ("access-control-allow-methods", headers.get("access-control-request-method") or ""),
            ("access-control-allow-credentials", "true"),
            *([("access-control-allow-headers", asked)] if asked else []),
        ]
        await self._write(h11.Response(status_code=204, headers=answer))
        await self._write(h11.EndOfMessage())

    # --- WebSockets --------------------------------------------------------------------------------
    async def _tunnel(self, url: str, headers: Headers) -> None:
        """Hand a WebSocket's opening on, and after it whatever both sides say."""
        stream, host = await self._upstream.open_stream(
            "ws" + url.removeprefix("http"), trusted=self._trusted
        )
        try:
            headers.set("host", host)
            headers.delete_all(_NOT_OF_WEB_SOCKETS)
            path = Request(url).url.split("/", 3)[3]
            lines = [f"GET /{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.multi_items())]
            await stream.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            answer = await _read_head(stream)
            self._writer.write(answer)
            await self._writer.drain()
            # What comes after another answer would be a request that nobody has checked.
            if answer.split(b" ", 2)[1:2] == [b"101"]:
                trailing, _ = self._http.trailing_data
                if trailing:
                    await stream.write(trailing)
                await _relay(self._reader, self._writer, stream)
        finally:
            await stream.aclose()


async def _read_head(stream: Any) -> bytes:
    """The answer to the opening of a WebSocket, and what came with it."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = await stream.read(_CHUNK_BYTES)
        if not data or len(head) > BROWSER_PROXY_HEAD_LIMIT_BYTES:
            raise EOFError("the server did not answer the opening of a WebSocket")
        head += data
    return head


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: Any) -> None:
    async def up() -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await stream.write(data)

    async def down() -> None:
        while data := await stream.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()

    ways = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
