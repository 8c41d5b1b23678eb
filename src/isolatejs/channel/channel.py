"""The host end of one channel: calls both ways, notes, cancellation, and the tables of what is open.

Everything that arrives here was written by a hostile process. What no honest kernel sends (an unknown id,
a frame out of order, an id used twice) raises GuestProtocolError, which ends the channel; a call whose
fields do not fit its contract is answered with a TypeError, since a program can cause one.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from isolatejs.channel import contract
from isolatejs.channel.answering import Answering
from isolatejs.channel.current_call import current_call
from isolatejs.channel.incoming import ReplyFrameData
from isolatejs.channel.numbering import FRESH, Numbering
from isolatejs.channel.reading import FrameReading
from isolatejs.channel.references import Arrival, References
from isolatejs.channel.streams import ByteStream, OutgoingStream, UnreadBudget
from isolatejs.channel.writing import FrameWriting
from isolatejs.errors import GuestProtocolError, IsolateError, QuotaExceededError, RuntimeDisposedError
from isolatejs.host_time import HostTimeBudget
from isolatejs.limits import (
    OPEN_CALLS_LIMIT,
    OPEN_POSTS_LIMIT,
    OPEN_STREAMS_LIMIT,
    PENDING_NOTES_LIMIT_BYTES,
)
from isolatejs.web.preview import cut
from isolatejs.web.program_log import own_budget, program_logger
from isolatejs.wire.decoding import Arguments, decode_arguments, decode_value
from isolatejs.wire.encoding import encode_value
from isolatejs.wire.errors import EncodedError
from isolatejs.wire.frames import (
    Attachments,
    CallFrame,
    CancelFrame,
    CreditFrame,
    DataFrame,
    EndFrame,
    ErrorFrame,
    FailFrame,
    NoteFrame,
    ReplyFrame,
    StopFrame,
    decode_header,
    split_attachments,
)
from isolatejs.wire.message import SAFE_INTEGER, Body, Call, Door, EncodedValue, Note, wire_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Mapping, Sequence

    from isolatejs.channel.entries import Entries, Entry
    from isolatejs.wire.frames import Frame

T = TypeVar("T")
_logger = program_logger("isolatejs.channel")
_encode_json = msgspec.json.Encoder().encode
_decode_error: msgspec.json.Decoder[EncodedError] = msgspec.json.Decoder(EncodedError)


class Channel(asyncio.Protocol):
    """One connection to one sandbox. Open it with `await Channel.open(...)`."""

    def __init__(
        self,
        *,
        on_closed: Callable[[BaseException | None], None],
        raise_guest_error: Callable[[EncodedError, Channel, Sequence[memoryview]], BaseException],
        sync_fd: int | None = None,
        open_calls_limit: int = OPEN_CALLS_LIMIT,
        numbering: Numbering = FRESH,
        host_time: HostTimeBudget | None = None,
    ) -> None:
        self._on_closed = on_closed
        self._raise_guest_error = raise_guest_error
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.host_time = host_time or HostTimeBudget()
        """The account of what this guest costs the host."""
        self._reading = FrameReading(self.host_time, self._receive, self._reading_failed)
        self.data_received = self._reading.feed  # type: ignore[method-assign]
        self._ids = itertools.count(numbering.last_id + 2, 2)
        self._calls: dict[int, asyncio.Future[ReplyFrameData]] = {}
        self._posted = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readers: dict[int, ByteStream] = {}
        self._senders: dict[int, OutgoingStream] = {}
        self._unread = UnreadBudget()
        self._writing = FrameWriting(self._loop)
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed_by: BaseException | None = None
        self._closed = self._silent = False
        self.entries: Entries | None = None
        """Who limits what is sent into the program; set before the first message."""
        self.on_sent: Callable[[], None] | None = None
        """Called with every frame that may set the program going."""
        self.requests: dict[int, Any] = {}
        """The facts of the requests (and other scopes) that the guest may name in what it sends, by number."""
        self.context_for: Callable[[Any], Any] = lambda facts: None
        """Gives the context for callbacks of the embedder, by the facts of a request or None."""
        self.outer: Channel | None = None
        """That of the runtime whose program created this one through a nested host."""
        self.begin_scope: Callable[[], int] | None = None
        """Gives a new scope for a call that is about to be sent, 0 for none; it is forgotten with the answer."""
        self._answering = Answering(self, sync_fd, open_calls_limit)
        self.references = References(self, numbering.last_reference)
        self.handle(contract, self.references)

    @classmethod
    async def open(cls, sock: socket.socket, **options: Any) -> Channel:
        """A channel on a connected socket."""
        channel = cls(**options)
        loop = asyncio.get_running_loop()
        with own_budget():  # the loop reads the socket in the context of now
            if sock.family == socket.AF_INET:  # the pair of a system that has no others
                await loop.create_connection(lambda: channel, sock=sock)
            else:
                await loop.create_unix_connection(lambda: channel, sock=sock)
        return channel

    # --- what a half registers ---------------------------------------------------------------------
    def handle(self, module: Any, target: object) -> None:
        """Let the methods of `target` answer the messages of a contract's TO_HOST."""
        self._answering.handle(module, target)

    # --- sending -----------------------------------------------------------------------------------
    async def call(self, message: Call, attachments: Sequence[Any] = ()) -> ReplyFrameData:
        """Send a call and wait for its reply.

        Raises what the guest threw as GuestError, or RuntimeDisposedError when the channel closes first.
        Cancelling the wait cancels the call in the guest.
        """
        entries, door, number, scope = self.entries, message.door, 0, 0
        entry = None if entries is None or door is Door.MANAGED else entries.begin(door)
        try:
            if self.begin_scope is not None:
                scope = self.begin_scope()
            number, future = self._send_call(message, attachments, scope)
            return await future
        except asyncio.CancelledError:
            self._given_up(number, door)
            raise
        except RuntimeDisposedError as error:
            if entries is None or entry is None or not number or not self._closed:
                raise
            ended = await entries.how_it_ended()
            raise ended from (ended.__cause__ if error.__cause__ is ended else error.__cause__)
        finally:
            self._calls.pop(number, None)
            if scope:
                self.requests.pop(scope, None)
            if entry is not None:
                entry.finish()

    def _given_up(self, number: int, door: Door) -> None:
        """Nobody waits for the answer to a call any more."""
        if self._closed:
            return
        self.send(CancelFrame(number))
        self.wait_cancelled(door)

    def begin_read(self) -> Entry | None:
        """Somebody waits for the next bytes of one of the program's streams."""
        return None if self.entries is None else self.entries.begin_read()

    def wait_cancelled(self, door: Door) -> None:
        """The embedder, or a handler that the guest itself gave up, does not wait for an entry's end."""
        if self.entries is not None:
            call = current_call.get()
            by_guest = call is not None and call.given_up and call.channel is self
            self.entries.cancelled(door, by_guest=by_guest)

    async def confirm_alive(self) -> None:
        """Return as soon as the guest's event loop turns. By itself this sets nothing going in the program."""
        touch, self.on_sent = self.on_sent, None
        try:
            number, future = self._send_call(contract.ConfirmAlive(), ())
        finally:
            self.on_sent = touch
        try:
            await future
        finally:
            self._calls.pop(number, None)

    def post(self, message: Call, attachments: Sequence[Any] = ()) -> None:
        """Send a call at once and wait for nothing: its answer, good or bad, is dropped.

        Best effort: it is not sent to a guest that has stopped reading or answering.
        """
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        if self._posted >= OPEN_POSTS_LIMIT or waiting > PENDING_NOTES_LIMIT_BYTES:
            return
        entry = None if self.entries is None else self.entries.begin(message.door)
        try:
            number, future = self._send_call(message, attachments)
        except BaseException:
            if entry is not None:
                entry.finish()
            raise
        self._posted += 1

        def forget(done: asyncio.Future[ReplyFrameData]) -> None:
            self._posted -= 1
            self._calls.pop(number, None)
            if entry is not None:
                entry.finish()
            if not done.cancelled():
                done.exception()

        future.add_done_callback(forget)

    def _send_call(
        self, message: Call, attachments: Sequence[Any], scope: int = 0
    ) -> tuple[int, asyncio.Future[ReplyFrameData]]:
        self._check_open()
        number = next(self._ids)
        future: asyncio.Future[ReplyFrameData] = self._loop.create_future()
        self._calls[number] = future
        sizes = [memoryview(part).nbytes for part in attachments]
        self.send(
            CallFrame(number, wire_name(type(message)), msgspec.Raw(_encode_json(message)), sizes, scope),
            attachments,
        )
        return number, future

    def note(self, message: Note, attachments: Sequence[Any] = ()) -> None:
        """Send a note. Raises QuotaExceededError when the guest has stopped reading."""
        self._check_open()
        if (
            self._transport is not None
            and self._transport.get_write_buffer_size() > PENDING_NOTES_LIMIT_BYTES
        ):
            raise QuotaExceededError(
                f"the sandbox does not read: more than {PENDING_NOTES_LIMIT_BYTES} bytes wait for it",
                limit="pending_notes_bytes",
                value=PENDING_NOTES_LIMIT_BYTES,
            )
        self.tell(message, attachments)

    def tell(self, message: Note, attachments: Sequence[Any] = ()) -> None:
        """Send a note that is owed once, whatever waits already."""
        sizes = [memoryview(part).nbytes for part in attachments]
        self.send(NoteFrame(wire_name(type(message)), msgspec.Raw(_encode_json(message)), sizes), attachments)

    def send(self, frame: Frame, attachments: Sequence[Any] = ()) -> None:
        """Write one frame: at once when it is the first of this turn of the loop, else with the rest of it."""
        if self._transport is None or self._closed or self._silent:
            return
        if self.on_sent is not None:
            self.on_sent()
        self._writing.send(frame, attachments)

    # --- values, streams and bodies ----------------------------------------------------------------
    def encode(self, value: Any, attachments: list[Any]) -> EncodedValue:
        """Wire form of any Python value that can cross; raises ValueEncodingError with the path otherwise."""
        return encode_value(value, attachments, self)

    def decode(
        self, encoded: EncodedValue, attachments: Sequence[memoryview], home: Mapping[int, Any] | None = None
    ) -> Any:
        """Python form of a value that came with these attachments, in a frame that brought these references home."""
        return decode_value(encoded, attachments, Arrival(self, home) if home else self)

    def decode_arguments(
        self, encoded: EncodedValue, attachments: Sequence[memoryview], home: Mapping[int, Any] | None = None
    ) -> Arguments:
        """The same for an array of arguments that is read as trees."""
        return decode_arguments(encoded, attachments, Arrival(self, home) if home else self)

    def export_reference(self, kind: str, target: Any) -> list[int]:
        return self.references.export(kind, target)

    def import_reference(self, kind: str, reference: int, serial: int, detail: Any) -> Any:
        return self.references.import_(kind, reference, serial, detail)

    def bring_home(self, kind: str, reference: int) -> Any:
        return self.references.bring_home(kind, reference)

    def open_stream(self, source: AsyncIterable[bytes]) -> int:
        """Offer a stream of bytes to the guest; gives its id. Nothing is read before the guest asks."""
        if len(self._senders) >= OPEN_STREAMS_LIMIT:
            raise QuotaExceededError(
                f"more than {OPEN_STREAMS_LIMIT} open streams", limit="open_streams", value=OPEN_STREAMS_LIMIT
            )
        number = next(self._ids)
        self._senders[number] = OutgoingStream(number, source, self)
        return number

    open_body = open_stream

    def abandon_stream(self, stream: int) -> None:
        """Withdraw a stream that was offered; when it was not read to its end, its reader gets an AbortError."""
        sender = self._senders.get(stream)
        if sender is not None:
            sender.withdraw()

    def accept_stream(self, stream: int) -> ByteStream:
        """Read a stream that the guest offers.

        Raises GuestProtocolError for an id that cannot be one, QuotaExceededError beyond OPEN_STREAMS_LIMIT.
        """
        if (
            type(stream) is not int
            or not 0 < stream <= SAFE_INTEGER
            or stream % 2 == 0
            or stream in self._readers
        ):
            raise GuestProtocolError(f"{stream!r:.40} is not a stream that the guest can offer")
        if len(self._readers) >= OPEN_STREAMS_LIMIT:
            raise QuotaExceededError(
                f"more than {OPEN_STREAMS_LIMIT} open streams", limit="open_streams", value=OPEN_STREAMS_LIMIT
            )
        reader = ByteStream(stream, self, self._unread)
        self._readers[stream] = reader
        return reader

    accept_body = accept_stream

    def send_body(self, body: bytes | AsyncIterable[bytes] | None, attachments: list[Any]) -> Body | None:
        """Wire form of a body: bytes go along in this frame, an iterable becomes a stream."""
        if body is None:
            return None
        if isinstance(body, (bytes, bytearray, memoryview)):
            attachments.append(bytes(body))
            return Body(a=len(attachments) - 1)
        return Body(s=self.open_stream(body))

    def receive_body(
        self, body: Body | None, attachments: Sequence[memoryview]
    ) -> bytes | AsyncIterator[bytes] | None:
        """The body that a message announces: bytes, a stream, or None."""
        if body is None:
            return None
        if body.s is not None:
            return self.accept_stream(body.s)
        if body.a is None or not 0 <= body.a < len(attachments):
            raise GuestProtocolError("a body without an attachment")
        if type(attachments) is Attachments:
            return attachments.data(body.a)
        return bytes(attachments[body.a])

    def pending(self, prefix: str) -> int:
        """Calls of the guest that are being answered and whose name begins so."""
        return self._answering.pending(prefix)

    async def wait_writable(self) -> None:
        """Wait until the socket takes more. Streams and answers wait here, so that no buffer grows."""
        while not self._writable.is_set():  # one who waited longer may have filled it again
            await self._writable.wait()

    @property
    def writable(self) -> bool:
        """Whether the socket takes more without waiting."""
        return self._writable.is_set()

    @property
    def serves_sync_call(self) -> bool:
        """Whether the guest waits for one answer, and so reads nothing else until it has it."""
        return self._answering.serves_sync_call

    def forget_stream(self, stream: int) -> None:
        """A stream is sent, or withdrawn. Its source may take a while to close: `wait_closed` waits for it."""
        sender = self._senders.pop(stream, None)
        if sender is not None and sender._task is not None:
            self._tasks.add(sender._task)
            sender._task.add_done_callback(self._tasks.discard)

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run something on the channel's loop, from any thread (finalizers)."""
        if not self._closed and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)

    def run_on_loop(self, function: Callable[[], None]) -> None:
        """Run something at once when this is the channel's loop, else soon, from any thread."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            function()
        else:
            self.call_soon(function)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as a task that ends with the channel; a failure is logged."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _logger.error("a background task of a channel failed", exc_info=task.exception())

    # --- receiving ---------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._reading.begin(transport)  # type: ignore[arg-type]
        self._writing.begin(transport)  # type: ignore[arg-type]

    def _reading_failed(self, error: Exception) -> None:
        if not isinstance(error, (GuestProtocolError, QuotaExceededError)):
            _logger.error("a frame could not be handled", exc_info=error)
            failure = GuestProtocolError(f"a frame could not be handled: {type(error).__name__}")
            failure.__cause__ = error
            error = failure
        self.close(error)

    def _receive(self, header: memoryview, attachments: memoryview) -> bool:
        if self._closed:
            return False
        frame = decode_header(header)
        match frame:
            case CallFrame():
                self._answering.receive_call(frame, split_attachments(attachments, frame.sizes))
            case ReplyFrame():
                parts = split_attachments(attachments, frame.sizes)
                future = self._answered(frame.id)
                if future is not None:
                    home = self.references.arriving(frame.payload)
                    future.set_result(ReplyFrameData(frame.payload, parts, self, home))
            case ErrorFrame():
                # First the error, which may be malformed: then the call still waits, and ends with the channel.
                error = self.error_from(frame.payload, split_attachments(attachments, frame.sizes))
                future = self._answered(frame.id)
                if future is not None:
                    future.set_exception(error)
            case NoteFrame():
                self._answering.receive_note(frame, split_attachments(attachments, frame.sizes))
            case CancelFrame():
                self._answering.cancel(frame.id)
            case DataFrame():
                self._reader(frame.stream).receive(bytes(attachments))
            case EndFrame():
                self._end_reader(frame.stream, None)
            case FailFrame():
                self._end_reader(frame.stream, self.error_from(frame.payload, []))
            case CreditFrame():
                sender = self._senders.get(frame.stream)
                if sender is not None:
                    sender.grant(frame.size)
            case StopFrame():
                sender = self._senders.get(frame.stream)
                if sender is not None:
                    sender.stop()
        return True

    def error_from(self, payload: msgspec.Raw, attachments: Sequence[memoryview]) -> BaseException:
        """The exception for an error that came from the guest."""
        try:
            encoded = _decode_error.decode(payload)
        except (msgspec.DecodeError, RecursionError) as error:
            raise GuestProtocolError(f"not an error: {cut(str(error))}") from None
        return self._raise_guest_error(encoded, self, attachments)

    def _answered(self, number: int) -> asyncio.Future[ReplyFrameData] | None:
        future = self._calls.pop(number, None)
        if future is None:
            # An answer to a call that was cancelled meanwhile is late, not wrong; ids that were never used are.
            if number <= 0 or number % 2 or number >= self._peek_id():
                raise GuestProtocolError(f"an answer to call {number}, which was never made")
            return None
        return None if future.done() else future

    def _peek_id(self) -> int:
        following = next(self._ids)
        self._ids = itertools.count(following, 2)
        return following

    def _reader(self, stream: int) -> ByteStream:
        reader = self._readers.get(stream)
        if reader is None:
            raise GuestProtocolError(f"data for stream {stream}, which is not open")
        return reader

    def _end_reader(self, stream: int, error: BaseException | None) -> None:
        reader = self._readers.pop(stream, None)
        if reader is not None:
            reader.end(error)
        elif stream <= 0 or stream % 2 == 0:
            raise GuestProtocolError(f"the end of stream {stream}, which is none of the guest's")
        # else it was offered in the answer to a call that was cancelled, and is withdrawn

    async def detach(self) -> tuple[socket.socket, Numbering]:
        """Close this end but not the connection: gives the socket, and where the next end's numbers start.

        The guest must have been told to be silent. No frame is cut: what was begun is written to its end, which
        waits until the guest has read it; what would be sent after it is dropped. Raises RuntimeDisposedError
        when the channel closes meanwhile.
        """
        self._check_open()
        self._silent = True
        if self._transport is not None:
            self._writing.flush()
            self._transport.set_write_buffer_limits(high=0)  # writable now means that nothing waits
            await self.wait_writable()
            self._check_open()
        if self._transport is None or self._reading.partial:
            raise GuestProtocolError("the sandbox was not silent when its session was put aside")
        numbering = Numbering(self._peek_id(), self.references.last_number)
        connection = socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno()))
        self.close()
        return connection, numbering

    # --- the end -----------------------------------------------------------------------------------
    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(exc)

    def eof_received(self) -> bool:
        return False

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._closed

    def statistics(self) -> dict[str, int]:
        """Counts of what is open now."""
        return {
            "active_calls": len(self._calls),
            "incoming_calls": len(self._answering),
            "stream_count": len(self._readers) + len(self._senders),
            "references_of_host": self.references.exported_count,
            "references_of_guest": self.references.imported_count,
        }

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeDisposedError("the runtime is gone") from self._closed_by

    def close(self, error: BaseException | None = None) -> None:
        """Close at once. Open calls fail with RuntimeDisposedError, caused by `error`; handlers are cancelled."""
        if self._closed:
            return
        self._closed = True
        self._closed_by = error
        self._reading.close()
        if self._transport is not None:
            self._transport.abort()
        for future in self._calls.values():
            if not future.done():
                gone = RuntimeDisposedError("the runtime is gone")
                gone.__cause__ = error
                future.set_exception(gone)
                future.exception()  # somebody else may have stopped waiting
        self._calls.clear()
        for task in self._answering.close():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        why = error if isinstance(error, IsolateError) else RuntimeDisposedError("the runtime is gone")
        for reader in self._readers.values():
            reader.end(why)
        self._readers.clear()
        for sender in list(self._senders.values()):
            sender.stop()
        self._writable.set()
        for ending in self.references.close():
            self.start(ending)
        self._on_closed(error)

    async def wait_closed(self, timeout_s: float) -> None:
        """After close(): wait, within bounds, until every handler and stream has ended."""
        tasks = set(self._tasks) | {s._task for s in self._senders.values() if s._task is not None}
        current = asyncio.current_task()
        if current is not None:
            tasks.discard(current)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                _logger.warning("a handler did not end within %.1f s: %r", timeout_s, task)


__all__ = ["Channel"]
