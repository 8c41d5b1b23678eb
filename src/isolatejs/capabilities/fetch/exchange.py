"""One request under way: its signal, its bodies, and the one moment when all of it is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from isolatejs.errors import AbortError, FetchError
from isolatejs.web.abort import AbortController
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from isolatejs.web.body import BodyStream
    from isolatejs.web.request import Request

__all__ = ["Exchange", "LengthCheckedBody", "ResponseBody", "failure"]

READ_AHEAD_BYTES: Final = 64 * 1024
READ_AHEAD_S: Final = 0.002


class Exchange:
    """From the guest's call to the last byte of the response. `on_over` is called exactly once."""

    def __init__(self, on_over: Callable[[Exchange], None]) -> None:
        self.controller = AbortController()
        self.request: Request | None = None
        self._on_over: Callable[[Exchange], None] | None = on_over
        self._body: ResponseBody | None = None

    async def read_ahead(self, stream: BodyStream) -> bytes | ResponseBody:
        """The whole body when it is short and comes at once, else the body as a stream.

        Most responses are that short. They then need no stream, and end here even if nobody reads them.
        """
        self._body = body = ResponseBody(stream, self)
        try:
            whole = await body.read_whole(READ_AHEAD_BYTES, READ_AHEAD_S)
        except BaseException:
            await body.aclose()
            raise
        return body if whole is None else whole

    async def over(self) -> None:
        """Free what the exchange holds."""
        on_over, self._on_over = self._on_over, None
        if on_over is not None:
            on_over(self)
            if self.request is not None:
                await self.request.aclose()

    async def abort(self, reason: object = None) -> None:
        """Stop it: the callback's signal fires, the response is read no further."""
        self.controller.abort(reason)
        if self._body is not None:
            await self._body.aclose()
        await self.over()


class ResponseBody:
    """The response's bytes on their way to the guest. Errors become what the program may know."""

    def __init__(self, stream: BodyStream, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange
        self._ready: list[bytes] = []
        self._pending: asyncio.Task[bytes | None] | None = None
        self._ended = False
        self._closed = False

    async def read_whole(self, limit_bytes: int, wait_s: float) -> bytes | None:
        """The whole body if it is at most that long and comes within `wait_s`; else nothing is lost."""
        size = 0
        deadline = asyncio.get_running_loop().time() + wait_s
        while size <= limit_bytes:
            self._pending = asyncio.ensure_future(self._next())
            left = deadline - asyncio.get_running_loop().time()
            if not self._pending.done():
                await asyncio.wait([self._pending], timeout=max(0.0, left))
            if not self._pending.done():
                return None
            task, self._pending = self._pending, None
            chunk = task.result()
            if chunk is None:
                await self.aclose()
                return b"".join(self._ready)
            self._ready.append(chunk)
            size += len(chunk)
        return None

    def __aiter__(self) -> ResponseBody:
        return self

    async def __anext__(self) -> bytes:
        if self._ready:
            return self._ready.pop(0)
        if self._closed:
            raise StopAsyncIteration
        try:
            if self._pending is not None:
                task, self._pending = self._pending, None
                chunk = await task
            else:
                chunk = await self._next()
        except BaseException:
            await self.aclose()
            raise
        if chunk is None:
            await self.aclose()
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Stop reading and free the exchange. An unfinished body aborts the callback's signal."""
        if self._closed:
            return
        self._closed = True
        if not self._ended:
            self._exchange.controller.abort()
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
            await asyncio.wait([pending])
        await self._stream.aclose()
        await self._exchange.over()

    async def _next(self) -> bytes | None:
        try:
            while True:
                chunk = await anext(self._stream, None)
                if chunk is None:
                    self._ended = True
                if chunk is None or chunk:
                    return chunk
        except Exception as error:
            raise failure(error) from error


class LengthCheckedBody:
    """A request body that must have the length that the guest announced."""

    def __init__(self, stream: AsyncIterator[bytes], length: int) -> None:
        self._stream = stream
        self._left = length

    def __aiter__(self) -> LengthCheckedBody:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._stream, None)
        self._left -= 0 if chunk is None else len(chunk)
        if self._left < 0 or (chunk is None and self._left):
            await self.aclose()
            raise FetchError("the request body does not have the length that was announced")
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Stop reading."""
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()


_HTTPX_EXPLANATIONS: Final = {
    "ConnectError": "the connection could not be made",
    "ConnectTimeout": "connecting took too long",
    "ReadTimeout": "the server sent nothing for too long",
    "WriteTimeout": "the server took nothing for too long",
    "PoolTimeout": "all connections stayed in use",
    "ReadError": "the connection was lost",
    "WriteError": "the connection was lost",
    "CloseError": "the connection was lost",
    "RemoteProtocolError": "the server did not speak proper HTTP",
    "LocalProtocolError": "the request cannot be written as HTTP",
    "DecodingError": "the response body is not encoded as it says",
    "TooManyRedirects": "too many redirects",
    "UnsupportedProtocol": "the URL scheme is not supported",
}


def failure(error: BaseException) -> Exception:
    """What the program gets for an error of the callback: a TypeError, with a reason where that is safe."""
    if isinstance(error, (GuestVisibleError, AbortError)):
        return error
    if isinstance(error, FetchError):
        return GuestVisibleError("TypeError", f"fetch failed: {error}")
    known = None
    if type(error).__module__.partition(".")[0] == "httpx":
        known = _HTTPX_EXPLANATIONS.get(type(error).__name__)
    elif isinstance(error, TimeoutError):
        known = "it took too long"
    return GuestVisibleError("TypeError", "fetch failed" if known is None else f"fetch failed: {known}")
