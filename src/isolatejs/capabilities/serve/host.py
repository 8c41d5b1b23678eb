"""The host half of app servers: sends requests into one sandbox and takes its answers apart.

Everything in an answer is checked: a status, header or size that no honest kernel sends ends the sandbox. A
request stays in `scope.requests` until its response was read and the guest has said that it is through.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from isolatejs.capabilities.serve import contract
from isolatejs.capabilities.serve.connections import Connections
from isolatejs.capabilities.serve.contract import (
    ConfirmAlive,
    ConnectionClosed,
    HandledRequest,
    HandleRequest,
    HandlerFailed,
    LoadEntry,
    MessageSent,
    RequestEnded,
    RequestFinished,
)
from isolatejs.capabilities.serve.open_request import OpenRequest, RequestBody
from isolatejs.errors import GuestProtocolError, QuotaExceededError, RuntimeDisposedError
from isolatejs.limits import FINISHING_REQUESTS_LIMIT, REQUEST_INLINE_BYTES, RESPONSE_HEADERS_LIMIT_BYTES
from isolatejs.web import Headers, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from isolatejs.capabilities.scope import RequestFacts, RuntimeScope
    from isolatejs.capabilities.serve.connections import Connection
    from isolatejs.channel.channel import Channel
    from isolatejs.channel.incoming import IncomingNote, ReplyFrameData
    from isolatejs.channel.streams import ByteStream
    from isolatejs.web import AbortSignal, Request

ERROR_TEXT_LIMIT: Final = 10_000
NULL_BODY_STATUSES: Final = frozenset({101, 103, 204, 205, 304})


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The program turned a request into a WebSocket."""

    connection: Connection
    headers: Headers
    protocol: str | None
    data: Any


class ServeHost:
    """The requests and WebSockets of one sandbox."""

    name: ClassVar[str] = "serve"
    contract: ClassVar[Any] = contract

    def __init__(self, numbers: itertools.count[int] | None, scope: RuntimeScope) -> None:
        self._scope = scope
        self._numbers = itertools.count(1) if numbers is None else numbers
        self._finishing: dict[int, RequestFacts] = {}
        self.connections = Connections(scope, self._keep)
        self.active = 0
        """Requests whose answer or response body is under way."""
        self.last_error: str | None = None
        self._idle: asyncio.Event | None = None

    def grant(self) -> dict[str, Any]:
        """The guest half needs to know nothing."""
        return {}

    @property
    def busy(self) -> int:
        """Everything that a reload has to wait for."""
        return self.active + len(self._finishing) + len(self.connections)

    @property
    def closed(self) -> bool:
        """Whether the sandbox is gone."""
        return self._scope.channel.closed

    @property
    def finishing(self) -> int:
        """Requests that were answered and whose trailing work goes on."""
        return len(self._finishing)

    async def wait_idle(self) -> None:
        """Wait until nothing is under way any more."""
        self._idle = asyncio.Event()
        self._check_idle()
        await self._idle.wait()

    def _check_idle(self) -> None:
        if self._idle is not None and not self.busy:
            self._idle.set()

    async def load(self, entry: str | None, code: str | None, filename: str) -> None:
        """Run the entry; raises GuestError when it throws or registers no handler."""
        await self._scope.channel.call(LoadEntry(filename, entry, code))

    async def confirm_alive(self) -> None:
        """Return as soon as the guest's event loop turns."""
        await self._scope.channel.call(ConfirmAlive())

    # --- requests ----------------------------------------------------------------------------------
    async def handle(
        self,
        request: Request,
        body: bytes | RequestBody | None,
        request_id: str | None,
        metadata: Mapping[str, Any],
        *,
        upgradable: bool,
        signal: AbortSignal | None,
    ) -> Response | Upgrade:
        """Send a request and give what the program answers.

        Cancelling this aborts the request in the program and nothing else; `signal` does so for a body that
        is still read. Raises RuntimeDisposedError when the sandbox is gone.
        """
        scope, channel = self._scope, self._scope.channel
        number = next(self._numbers)
        attachments: list[Any] = []
        sent = None
        if body is not None:
            if type(body) is bytes and len(body) > REQUEST_INLINE_BYTES:
                sent = channel.send_body(_pieces(body), attachments)
            elif body:
                sent = channel.send_body(body, attachments)
        facts = OpenRequest(request_id, metadata, scope.signal)
        scope.requests[number] = facts
        self.active += 1
        message = HandleRequest(
            number, request.method, request.url, request.headers.multi_items(), sent, upgradable
        )
        try:
            reply = await channel.call(message, attachments)
            answer = reply.into(HandledRequest)
            if answer.upgraded:
                if not upgradable:
                    raise GuestProtocolError(f"request {number} was not to become a WebSocket")
                return self._upgraded(number, facts, answer, reply)
            return self._response(number, facts, answer, reply, None if sent is None else sent.s, signal)
        except BaseException as error:
            self._give_up(number, facts, None if sent is None else sent.s, error)
            if isinstance(error, GuestProtocolError):
                channel.close(error)
            raise

    def _response(
        self,
        number: int,
        facts: OpenRequest,
        answer: HandledRequest,
        reply: ReplyFrameData,
        upload: int | None,
        signal: AbortSignal | None,
    ) -> Response:
        body = reply.body(answer.body)
        if (size := _size_of(answer.headers)) > RESPONSE_HEADERS_LIMIT_BYTES:
            if body is not None and type(body) is not bytes:
                body.stop()  # type: ignore[union-attr]
            self._give_up(number, facts, upload, None)
            self.last_error = f"response headers of {size} bytes (limit {RESPONSE_HEADERS_LIMIT_BYTES})"
            return Response(b"Internal Server Error", status=500)
        if body is not None and answer.status in NULL_BODY_STATUSES:
            raise GuestProtocolError(f"a body with status {answer.status}")
        try:
            if body is None or type(body) is bytes:
                response = Response(
                    body, status=answer.status, status_text=answer.status_text, headers=answer.headers
                )
                self._read(number, upload, still_open=answer.open)
                return response
            length = answer.body_length
            stream = ResponseBody(body, self, number, facts, upload, signal, length)  # type: ignore[arg-type]
            response = Response(
                stream, status=answer.status, status_text=answer.status_text, headers=answer.headers
            )
        except (ValueError, TypeError) as error:
            raise GuestProtocolError(f"not a response: {error}") from None
        if length is not None:
            response.announce_length(length)
        return response

    def _read(self, number: int, upload: int | None, *, still_open: bool) -> None:
        """A response was read to its end."""
        self.active -= 1
        if upload is not None:
            self._scope.channel.abandon_stream(upload)
        facts = self._scope.requests.get(number)
        if not still_open:
            self._scope.requests.pop(number, None)
            self._check_idle()
        elif facts is not None:
            self._keep(number, facts)

    def body_read(self, number: int, upload: int | None) -> None:
        """The streamed body of a response was read to its end."""
        self._read(number, upload, still_open=True)
        self._tell_ended(number, aborted=False)

    def body_dropped(self, number: int, facts: OpenRequest, upload: int | None) -> None:
        """The streamed body of a response will not be read to its end."""
        self._give_up(number, facts, upload, None)

    def _give_up(
        self, number: int, facts: OpenRequest, upload: int | None, reason: BaseException | None
    ) -> None:
        self.active -= 1
        facts.abort(reason if isinstance(reason, Exception) else None)
        channel = self._scope.channel
        if channel.closed:
            self._scope.requests.pop(number, None)
            return
        self._keep(number, facts)
        self._tell_ended(number, aborted=True)
        if upload is not None:
            channel.abandon_stream(upload)

    def _keep(self, number: int, facts: RequestFacts) -> None:
        """Wait for the guest to say that it is through with a request; for a limited number of them."""
        self._finishing[number] = facts
        if len(self._finishing) > FINISHING_REQUESTS_LIMIT:
            self._request_over(next(iter(self._finishing)))

    def _tell_ended(self, number: int, *, aborted: bool) -> None:
        channel: Channel = self._scope.channel
        if channel.closed:
            return
        try:
            channel.note(RequestEnded(number, aborted))
        except (QuotaExceededError, RuntimeDisposedError) as error:
            channel.close(error)  # a guest that reads nothing can neither be told nor go on

    def _request_over(self, number: int) -> None:
        self._finishing.pop(number, None)
        self._scope.requests.pop(number, None)
        self._check_idle()

    def _upgraded(
        self, number: int, facts: OpenRequest, answer: HandledRequest, reply: ReplyFrameData
    ) -> Upgrade:
        data = None if answer.data is None else reply.decode(answer.data)
        try:
            headers = Headers(answer.headers)
            if answer.protocol is not None:
                Headers([(answer.protocol, "")])  # a token, as header names are
        except ValueError as error:
            raise GuestProtocolError(f"not an upgrade: {error}") from None
        if _size_of(answer.headers) > RESPONSE_HEADERS_LIMIT_BYTES:
            raise GuestProtocolError("the headers of an upgrade are too large")
        self.active -= 1
        connection = self.connections.add(number, facts)
        return Upgrade(connection, headers, answer.protocol, data)

    # --- what the guest says -----------------------------------------------------------------------
    def request_finished(self, message: RequestFinished, note: IncomingNote) -> None:
        self._request_over(message.request)

    def handler_failed(self, message: HandlerFailed, note: IncomingNote) -> None:
        self.last_error = message.message[:ERROR_TEXT_LIMIT]
        facts = self._scope.requests.get(message.request)
        self._scope.logger.log(
            logging.INFO if message.recovered else logging.WARNING,
            "a handler of %s failed (request %s): %.2000s",
            self._scope.resource_id,
            None if facts is None else facts.request_id,
            message.message,
        )

    def message_sent(self, message: MessageSent, note: IncomingNote) -> None:
        self.connections.message_sent(message, note)

    def connection_closed(self, message: ConnectionClosed, note: IncomingNote) -> None:
        self.connections.connection_closed(message)

    async def close(self) -> None:
        """Every connection that is still open is closed for its reader; nothing stays behind."""
        await self.connections.close()
        self._finishing.clear()
        self._scope.requests.clear()


class ResponseBody:
    """The bytes of a streamed response. Read to its end, or closed, it ends its request."""

    __slots__ = ("_error", "_facts", "_left", "_number", "_serve", "_stream", "_unfollow", "_upload")

    def __init__(
        self,
        stream: ByteStream,
        serve: ServeHost,
        number: int,
        facts: OpenRequest,
        upload: int | None,
        signal: AbortSignal | None,
        length: int | None,
    ) -> None:
        self._stream = stream
        self._left = length
        self._serve: ServeHost | None = serve
        self._number = number
        self._facts = facts
        self._upload = upload
        self._error: Exception | None = None
        self._unfollow: Callable[[], None] | None = None
        if signal is not None:
            channel = serve._scope.channel
            self._unfollow = signal.add_listener(
                lambda aborted: channel.call_soon(lambda: self.stop(aborted.to_error()))
            )

    def __aiter__(self) -> ResponseBody:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._stream.__anext__()
            if self._left is not None:
                self._left -= len(chunk)
                if self._left < 0:
                    self._lied()
            return chunk
        except StopAsyncIteration:
            if self._left and self._serve is not None:
                self._lied()
            serve = self._over()
            if serve is not None:
                serve.body_read(self._number, self._upload)
            if self._error is not None:
                raise self._error from None
            raise
        except BaseException:
            self.stop()
            raise

    def _lied(self) -> NoReturn:
        """The announced length may stand in a header already: a reader must not take this for complete."""
        error = GuestProtocolError("a response body that does not have its announced length")
        serve = self._over()
        if serve is not None:
            serve.body_dropped(self._number, self._facts, self._upload)
            serve._scope.channel.close(error)
        raise error

    def stop(self, error: Exception | None = None) -> None:
        """Read no further. Whoever still reads gets `error`; the program's request is aborted."""
        serve = self._over()
        if serve is not None:
            self._error = error
            serve.body_dropped(self._number, self._facts, self._upload)  # its signal first, then its stream
            self._stream.stop()

    def _over(self) -> ServeHost | None:
        serve, self._serve = self._serve, None
        unfollow, self._unfollow = self._unfollow, None
        if unfollow is not None:
            unfollow()
        return serve

    async def aclose(self) -> None:
        """Stop reading."""
        self.stop()

    def __del__(self) -> None:
        serve = self._serve
        if serve is not None:
            serve._scope.channel.call_soon(self.stop)


def _size_of(headers: list[tuple[str, str]]) -> int:
    """What headers cost their receiver, counted as HTTP/2 does."""
    size = 32 * len(headers)
    for name, value in headers:
        size += len(name) + len(value)
    return size


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body
