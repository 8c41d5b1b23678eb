"""The host half of app servers: sends requests into one sandbox and takes its answers apart.

Everything in an answer is checked: a status, header or size that no honest kernel sends ends the sandbox. A
request stays in `scope.requests` until its response was read and the guest has said that it is through.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from isolatejs.capabilities.serve import contract
from isolatejs.capabilities.serve.connections import Connections
from isolatejs.capabilities.serve.contract import (
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
from isolatejs.capabilities.serve.response_body import ResponseBody
from isolatejs.errors import GuestProtocolError, QuotaExceededError, RuntimeDisposedError
from isolatejs.limits import FINISHING_REQUESTS_LIMIT, REQUEST_INLINE_BYTES, RESPONSE_HEADERS_LIMIT_BYTES
from isolatejs.web import Headers, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.capabilities.serve.connections import Connection
    from isolatejs.channel.channel import Channel
    from isolatejs.channel.incoming import IncomingNote, ReplyFrameData
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
        self._finishing: dict[int, OpenRequest] = {}
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
    def channel(self) -> Channel:
        """The connection to the sandbox."""
        return self._scope.channel

    @property
    def closed(self) -> bool:
        """Whether the sandbox is gone."""
        return self.channel.closed

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
        await self.channel.call(LoadEntry(filename, entry, code))

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
        channel = self.channel
        number = next(self._numbers)
        attachments: list[Any] = []
        sent = None
        if body is not None:
            if type(body) is bytes and len(body) > REQUEST_INLINE_BYTES:
                sent = channel.send_body(_pieces(body), attachments)
            elif body:
                sent = channel.send_body(body, attachments)
        upload = None if sent is None else sent.s
        open = OpenRequest(number, request_id, metadata, self._scope.signal, upload)
        self._scope.requests[number] = open
        self.active += 1
        headers = request.headers.multi_items()
        try:
            reply = await channel.call(
                HandleRequest(number, request.method, request.url, headers, sent, upgradable), attachments
            )
            answer = reply.into(HandledRequest)
            if not answer.upgraded:
                return self._response(open, answer, reply, signal)
            if not upgradable:
                raise GuestProtocolError(f"request {number} was not to become a WebSocket")
            return self._upgraded(open, answer, reply)
        except BaseException as error:
            self._give_up(open, error)
            if isinstance(error, GuestProtocolError):
                channel.close(error)
            raise

    def _response(
        self, open: OpenRequest, answer: HandledRequest, reply: ReplyFrameData, signal: AbortSignal | None
    ) -> Response:
        body = reply.body(answer.body)
        if body is not None and answer.status in NULL_BODY_STATUSES:
            raise GuestProtocolError(f"a body with status {answer.status}")
        if (size := _size_of(answer.headers)) > RESPONSE_HEADERS_LIMIT_BYTES:
            self.last_error = f"response headers of {size} bytes (limit {RESPONSE_HEADERS_LIMIT_BYTES})"
            if body is not None and type(body) is not bytes:
                body.stop()  # type: ignore[union-attr]
            self._give_up(open, None)
            return Response(b"Internal Server Error", status=500)
        length = None
        content: Any = body
        if body is not None and type(body) is not bytes:
            length = answer.body_length
            content = ResponseBody(body, self, open, signal, length)  # type: ignore[arg-type]
        try:
            response = Response(
                content, status=answer.status, status_text=answer.status_text, headers=answer.headers
            )
        except (ValueError, TypeError) as error:
            raise GuestProtocolError(f"not a response: {error}") from None
        if content is body:
            self._read(open, still_open=answer.open)
        elif length is not None:
            response.announce_length(length)
        return response

    def _upgraded(self, open: OpenRequest, answer: HandledRequest, reply: ReplyFrameData) -> Upgrade:
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
        return Upgrade(self.connections.add(open), headers, answer.protocol, data)

    # --- the end of a request ----------------------------------------------------------------------
    def body_read(self, open: OpenRequest) -> None:
        """The streamed body of a response was read to its end."""
        self._read(open, still_open=True)
        self._tell_ended(open, aborted=False)

    def body_dropped(self, open: OpenRequest) -> None:
        """The streamed body of a response will not be read to its end."""
        self._give_up(open, None)

    def _read(self, open: OpenRequest, *, still_open: bool) -> None:
        """A response was read to its end; the guest may still work for its request."""
        self.active -= 1
        if open.upload is not None:
            self.channel.abandon_stream(open.upload)
        if still_open:
            self._keep(open)
        else:
            self._request_over(open.number)

    def _give_up(self, open: OpenRequest, reason: BaseException | None) -> None:
        """Nobody waits for the answer, or the rest of it, any more."""
        self.active -= 1
        open.abort(reason if isinstance(reason, Exception) else None)
        if self.closed:
            self._request_over(open.number)
            return
        self._keep(open)
        self._tell_ended(open, aborted=True)
        if open.upload is not None:
            self.channel.abandon_stream(open.upload)

    def _keep(self, open: OpenRequest) -> None:
        """Wait for the guest to say that it is through with a request; for a limited number of them."""
        if open.number not in self._scope.requests:
            self._check_idle()  # it has said so already
            return
        self._finishing[open.number] = open
        if len(self._finishing) > FINISHING_REQUESTS_LIMIT:
            self._request_over(next(iter(self._finishing)))

    def _tell_ended(self, open: OpenRequest, *, aborted: bool) -> None:
        if self.closed:
            return
        try:
            self.channel.note(RequestEnded(open.number, aborted))
        except (QuotaExceededError, RuntimeDisposedError) as error:
            self.channel.close(error)  # a guest that reads nothing can neither be told nor go on

    def _request_over(self, number: int) -> None:
        self._finishing.pop(number, None)
        self._scope.requests.pop(number, None)
        self._check_idle()

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


def _size_of(headers: list[tuple[str, str]]) -> int:
    """What headers cost their receiver, counted as HTTP/2 does."""
    size = 32 * len(headers)
    for name, value in headers:
        size += len(name) + len(value)
    return size


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body
