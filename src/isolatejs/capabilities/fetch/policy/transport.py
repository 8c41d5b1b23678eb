"""Sends one checked request over an HTTP/1.1 connection; gives the response with a bounded, clean body."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpcore

from isolatejs.capabilities.fetch.policy.decoding import ACCEPT_ENCODING, Decoder, is_decodable
from isolatejs.capabilities.fetch.request_headers import HOP_BY_HOP_HEADERS
from isolatejs.channel.current_call import current_owner
from isolatejs.errors import FetchError
from isolatejs.fair_queue import FairQueue
from isolatejs.limits import FETCH_CONNECTIONS_SHARE
from isolatejs.web.abort_scope import AbortScope
from isolatejs.web.headers import Headers
from isolatejs.web.response import NULL_BODY_STATUSES, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from isolatejs.capabilities.fetch.policy.credentials import Redactor
    from isolatejs.fair_queue import Turn
    from isolatejs.web.abort import AbortSignal
    from isolatejs.web.body import BodyStream
    from isolatejs.web.request import Request
    from isolatejs.web.url import ParsedUrl

__all__ = ["Transport", "TransportLimits", "explain"]

_ending: set[asyncio.Task[None]] = set()
"""Connections that are being let go."""
_WITHOUT_LENGTH: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_IDLE_CONNECTIONS: Final = 20
_IDLE_CONNECTION_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class TransportLimits:
    """Sizes in bytes and times in seconds."""

    request_bytes: int
    response_bytes: int
    connect_timeout_s: float
    idle_timeout_s: float


class Transport:
    """Connections to checked addresses, kept for reuse by origin."""

    def __init__(
        self,
        backend: httpcore.AsyncNetworkBackend,
        limits: TransportLimits,
        *,
        ssl_context: ssl.SSLContext,
        max_connections: int,
        user_agent: str,
    ) -> None:
        self._limits = limits
        self._user_agent = user_agent.encode("latin-1")
        self._turns = FairQueue(max_connections, share=FETCH_CONNECTIONS_SHARE, name="connections")
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_CONNECTION_S,
            network_backend=backend,
        )

    async def send(
        self,
        request: Request,
        url: ParsedUrl,
        headers: Headers,
        redactor: Redactor,
        signal: AbortSignal | None,
    ) -> Response:
        """Send it with `headers`, complete but for those of the connection. Raises FetchError."""
        message = self._message(request, url, headers)
        connection = _Connection(self._turns, await self._take_turn())
        try:
            raw = await connection.ask(self._pool, message)
            return await self._response(request, raw, redactor, signal, connection)
        except _NETWORK_ERRORS as error:
            connection.let_go()
            raise FetchError(explain(error)) from error
        except BaseException:
            connection.let_go()
            raise

    async def _take_turn(self) -> Turn:
        """One connection, until the response was read or given up: runtimes take turns."""
        try:
            async with asyncio.timeout(self._limits.idle_timeout_s):
                return await self._turns.take(current_owner())
        except TimeoutError:
            raise FetchError(explain(httpcore.PoolTimeout())) from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    def _message(self, request: Request, url: ParsedUrl, headers: Headers) -> httpcore.Request:
        content, framing = self._content(request)
        outgoing = [
            (b"host", url.authority.encode("ascii")),
            *headers.raw(),
            (b"accept-encoding", b"identity" if headers.has("range") else ACCEPT_ENCODING.encode("ascii")),
            *framing,
        ]
        if not headers.has("accept"):
            outgoing.append((b"accept", b"*/*"))
        if not headers.has("user-agent"):
            outgoing.append((b"user-agent", self._user_agent))
        limits = self._limits
        return httpcore.Request(
            request.method.encode("ascii"),
            httpcore.URL(
                scheme=url.scheme.encode("ascii"),
                host=url.host.encode("ascii"),
                port=url.effective_port,
                target=url.target.encode("ascii"),
            ),
            headers=outgoing,
            content=content,
            extensions={
                "timeout": {
                    "connect": limits.connect_timeout_s,
                    "read": limits.idle_timeout_s,
                    "write": limits.idle_timeout_s,
                    "pool": limits.idle_timeout_s,
                }
            },
        )

    def _content(self, request: Request) -> tuple[bytes | _RequestBody, list[tuple[bytes, bytes]]]:
        limit = self._limits.request_bytes
        length = request.content_length
        if length is not None and length > limit:
            raise FetchError(f"the request body is longer than {limit} bytes")
        stream = request.body
        if stream is None:
            return b"", [] if request.method in _WITHOUT_LENGTH else [(b"content-length", b"0")]
        if length is not None:
            framing = [(b"content-length", str(length).encode("ascii"))]
        else:
            framing = [(b"transfer-encoding", b"chunked")]
        return _RequestBody(stream, limit), framing

    async def _response(
        self,
        request: Request,
        raw: httpcore.Response,
        redactor: Redactor,
        signal: AbortSignal | None,
        connection: _Connection,
    ) -> Response:
        headers = Headers()
        try:
            for name, value in raw.headers:
                headers.append(name.decode("ascii"), redactor.header(value.decode("latin-1")))
        except (ValueError, UnicodeDecodeError):
            raise FetchError("the response has a malformed header") from None
        headers.delete_all(HOP_BY_HOP_HEADERS)
        if not 200 <= raw.status <= 599:
            raise FetchError(f"the response has status {raw.status}")
        body: _ResponseBody | None = None
        if request.method == "HEAD" or raw.status in NULL_BODY_STATUSES:
            await raw.aread()
            await connection.close()
        else:
            self._check_length(headers)
            encoding = headers.get("content-encoding") or ""
            decoder = Decoder(encoding) if is_decodable(encoding) else None
            if decoder is not None:
                headers.delete("content-encoding")
                headers.delete("content-length")
            body = _ResponseBody(raw, decoder, redactor, self._limits.response_bytes, signal, connection)
        reason: bytes = raw.extensions.get("reason_phrase", b"")
        reason_text = redactor.header(reason.decode("latin-1"))
        return Response(body, status=raw.status, status_text=reason_text, headers=headers)

    def _check_length(self, headers: Headers) -> None:
        length = headers.get("content-length")
        if length is not None and length.isdecimal() and int(length[:20]) > self._limits.response_bytes:
            raise FetchError(f"the response body is longer than {self._limits.response_bytes} bytes")


class _Connection:
    """One connection in use, from the turn to the end of the response.

    What httpcore does for it runs in tasks of their own, which are cancelled once at most: its clean-up, cancelled a
    second time (an aborted request, whose runtime ends or whose time is over), would leave the connection in use.
    """

    def __init__(self, turns: FairQueue, turn: Turn) -> None:
        self._turns = turns
        self._turn = turn
        self._working: asyncio.Task[Any] | None = None
        self._raw: httpcore.Response | None = None
        self._closing: asyncio.Task[None] | None = None

    async def ask(self, pool: httpcore.AsyncConnectionPool, message: httpcore.Request) -> httpcore.Response:
        """Send a request; gives the response when its head is there."""
        raw: httpcore.Response = await self._work(pool.handle_async_request(message))
        self._raw = raw
        return raw

    async def read(self, body: AsyncIterator[bytes]) -> bytes | None:
        """The next bytes of the response, None at its end."""
        chunk: bytes | None = await self._work(_next(body))
        return chunk

    async def _work(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        if self._closing is not None:
            coroutine.close()
            raise FetchError("the response was given up")
        working = self._working = asyncio.get_running_loop().create_task(coroutine)
        return await asyncio.shield(working)

    def let_go(self) -> None:
        """Give it up, or back when all was read. It is free when that is done, and not before."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._end())
            _ending.add(self._closing)
            self._closing.add_done_callback(_ending.discard)

    async def close(self) -> None:
        """Let it go, and wait until that is done."""
        self.let_go()
        assert self._closing is not None
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        try:
            working = self._working
            if working is not None:
                working.cancel()
                await asyncio.wait([working])
                if self._raw is None and not working.cancelled() and working.exception() is None:
                    self._raw = working.result()
            if self._raw is not None:
                await self._raw.aclose()
        except _NETWORK_ERRORS:
            pass  # it is gone already
        finally:
            self._turns.leave(self._turn)


async def _next(body: AsyncIterator[bytes]) -> bytes | None:
    return await anext(body, None)


class _RequestBody:
    """The bytes of a request, up to a limit."""

    def __init__(self, stream: BodyStream, limit_bytes: int) -> None:
        self._stream = stream
        self._limit_bytes = limit_bytes
        self._sent_bytes = 0

    def __aiter__(self) -> _RequestBody:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._stream)
        self._sent_bytes += len(chunk)
        if self._sent_bytes > self._limit_bytes:
            await self._stream.aclose()
            raise FetchError(f"the request body is longer than {self._limit_bytes} bytes")
        return chunk


class _ResponseBody:
    """The decoded, redacted, counted bytes of one response; closing it frees the connection."""

    def __init__(
        self,
        raw: httpcore.Response,
        decoder: Decoder | None,
        redactor: Redactor,
        limit_bytes: int,
        signal: AbortSignal | None,
        connection: _Connection,
    ) -> None:
        self._connection = connection
        self._network: AsyncIterator[bytes] = aiter(raw.aiter_stream())
        self._decoder = decoder
        self._redactor = redactor
        self._limit_bytes = limit_bytes
        self._signal = signal
        self._pieces: Iterator[bytes] = iter(())
        self._received_bytes = 0
        self._ended = False

    def __aiter__(self) -> _ResponseBody:
        return self

    async def __anext__(self) -> bytes:
        try:
            while True:
                for piece in self._pieces:
                    clean = self._redactor.feed(piece)
                    if clean:
                        return self._counted(clean)
                if self._ended:
                    break
                await self._receive()
            rest = self._redactor.end()
            if rest:
                return self._counted(rest)
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection up, or back when all was read."""
        self._ended = True
        self._pieces = iter(())
        await self._connection.close()

    async def _receive(self) -> None:
        try:
            async with AbortScope(self._signal):
                chunk = await self._connection.read(self._network)
        except _NETWORK_ERRORS as error:
            raise FetchError(explain(error)) from error
        if chunk is None:
            self._ended = True
            if self._decoder is not None:
                self._decoder.check_end()
        else:
            self._pieces = iter((chunk,)) if self._decoder is None else self._decoder.feed(chunk)

    def _counted(self, piece: bytes) -> bytes:
        self._received_bytes += len(piece)
        if self._received_bytes > self._limit_bytes:
            raise FetchError(f"the response body is longer than {self._limit_bytes} bytes")
        return piece


_NETWORK_ERRORS: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
_EXPLANATIONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpcore.ConnectTimeout, "connecting took too long"),
    (httpcore.PoolTimeout, "all connections stayed in use"),
    (httpcore.TimeoutException, "the server sent or took nothing for too long"),
    (httpcore.ConnectError, "the connection could not be made"),
    (httpcore.NetworkError, "the connection was lost"),
    (httpcore.RemoteProtocolError, "the server did not speak proper HTTP"),
    (httpcore.LocalProtocolError, "the request cannot be written as HTTP"),
)


def explain(error: Exception) -> str:
    """A sentence about a network error that names nothing of the host."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "the TLS handshake failed"
        cause = cause.__cause__ or cause.__context__
    return next((text for kind, text in _EXPLANATIONS if isinstance(error, kind)), "the request failed")
