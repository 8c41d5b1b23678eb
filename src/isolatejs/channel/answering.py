"""Answers what the guest asks: finds the handler, runs it, sends what it gives. One half of a channel.

A call whose fields do not fit its contract, or that is not granted, is answered with an error, since a program can
cause one; an id that is not free, or a note that nobody knows, ends the channel.

The answer of a handler that can wait is sent when the guest has taken what was sent before; its call is open until
then. Answers that come at once are counted while the guest does not read, and too many end the channel.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import msgspec

from isolatejs.channel.current_call import CurrentCall, current_call
from isolatejs.channel.handlers import Handler, handlers_of
from isolatejs.channel.incoming import IncomingCall, IncomingNote, Reply
from isolatejs.channel.sync_replies import SyncReplies
from isolatejs.errors import GuestProtocolError, QuotaExceededError, ValueEncodingError
from isolatejs.limits import OPEN_CALLS_LIMIT_BYTES, PENDING_ANSWERS_LIMIT_BYTES
from isolatejs.web.preview import cut
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError, encode_error, is_withheld
from isolatejs.wire.frames import Attachments, CallFrame, ErrorFrame, NoteFrame, ReplyFrame, encode_header
from isolatejs.wire.framing import encode_frame

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from isolatejs.channel.channel import Channel

_logger = program_logger("isolatejs.channel")
RECEIVED_PIECE_BYTES = 256 * 1024
"""What a socket is read in."""
_encode_json = msgspec.json.Encoder().encode


class Answering:
    """The calls of the guest that are open, and who answers them."""

    def __init__(self, channel: Channel, sync_fd: int | None, open_calls_limit: int) -> None:
        self._channel = channel
        self._sync_fd = sync_fd
        self._open_calls_limit = open_calls_limit
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[str, Handler] = {}
        self._incoming: dict[int, CurrentCall] = {}
        self._open_bytes = 0
        self._unread_bytes = 0
        self._sync: SyncReplies | None = None
        self._sync_call: int | None = None

    def __len__(self) -> int:
        return len(self._incoming)

    def handle(self, module: Any, target: object) -> None:
        """Let the methods of `target` answer the messages of a contract's TO_HOST."""
        self._handlers.update(handlers_of(module, target))

    @property
    def serves_sync_call(self) -> bool:
        """Whether the guest waits for one answer, and so reads nothing else until it has it."""
        return self._sync_call is not None

    def pending(self, prefix: str) -> int:
        """Calls that are being answered and whose name begins so."""
        return sum(call.name.startswith(prefix) for call in self._incoming.values())

    def cancel(self, number: int) -> None:
        """The guest wants no answer to a call any more."""
        call = self._incoming.get(number)
        if call is not None and call.task is not None:
            call.given_up = True
            if call.abort is not None:
                call.abort()
            # After its first step: a handler that never began cleans up nothing.
            self._loop.call_soon(call.task.cancel)

    def close(self) -> list[asyncio.Task[None]]:
        """Cancel what runs; gives the tasks that are still to end."""
        if self._sync is not None:
            self._sync.close()
        running = [call.task for call in self._incoming.values() if call.task is not None]
        for task in running:
            self._loop.call_soon(task.cancel)
        return running

    def receive_note(self, frame: NoteFrame, attachments: Attachments) -> None:
        handler = self._handlers.get(frame.name)
        if handler is None or handler.answers:
            raise GuestProtocolError(f"unknown note {frame.name!r:.80}")
        try:
            message = handler.decode(frame.payload)
        except (msgspec.DecodeError, RecursionError) as error:
            raise GuestProtocolError(f"malformed note {frame.name}: {cut(str(error))}") from None
        home = self._channel.references.arriving(frame.payload)
        note = IncomingNote(self._channel, attachments, frame.scope, home)
        facts = self._channel.requests.get(frame.scope) if frame.scope else None
        try:
            if facts is None:
                result = handler.method(message, note)
            else:
                token = current_call.set(self._current(0, facts))
                try:
                    result = handler.method(message, note)
                finally:
                    current_call.reset(token)
        except (ValueEncodingError, QuotaExceededError) as error:
            _logger.warning("the note %s of a program is dropped: %s", frame.name, error)
            return
        if inspect.iscoroutine(result):
            self._channel.start(self._run_note(result, facts))

    def _current(self, number: int, facts: Any) -> CurrentCall:
        return CurrentCall(self._channel.host_time.root, self._channel, number=number, facts=facts)

    async def _run_note(self, coroutine: Coroutine[Any, Any, Any], facts: Any) -> None:
        current_call.set(self._current(0, facts))
        await self._channel.host_time.metered(coroutine)

    def receive_call(self, frame: CallFrame, attachments: Attachments) -> None:
        number = frame.id
        if number <= 0 or number % 2 == 0 or number in self._incoming:
            raise GuestProtocolError(f"call id {number} is not free")
        if frame.sync:
            # A guest that waits for one answer sends nothing: two at once would fill the host with answers.
            if self._sync_call is not None or (self._sync is not None and self._sync.pending):
                raise GuestProtocolError("a synchronous call during another")
            self._sync_call = number
        # Copies, where they are small: views would keep alive all that was received together with them.
        payload = bytes(frame.payload)
        size = len(payload) + sum(map(len, attachments))
        if attachments and size < RECEIVED_PIECE_BYTES:
            attachments = Attachments(memoryview(bytes(part)) for part in attachments)
        home = self._channel.references.arriving(payload)
        call = IncomingCall(self._channel, attachments, frame.scope, home)
        frame_scope = frame.scope
        frame = CallFrame(number, frame.name, sync=frame.sync)
        try:
            handler = self._handlers.get(frame.name)
            if handler is None or not handler.answers:
                raise GuestVisibleError("TypeError", f"{frame.name:.80} is not granted")
            if len(self._incoming) >= self._open_calls_limit:
                raise GuestVisibleError(
                    "QuotaExceededError",
                    f"more than {self._open_calls_limit} open calls to the host",
                    dom=True,
                )
            if self._open_bytes + size > OPEN_CALLS_LIMIT_BYTES:
                raise GuestVisibleError(
                    "QuotaExceededError",
                    f"open calls to the host with more than {OPEN_CALLS_LIMIT_BYTES} bytes",
                    dom=True,
                )
            try:
                message = handler.decode(payload)
            except (msgspec.DecodeError, RecursionError) as error:
                raise GuestVisibleError("TypeError", cut(str(error))) from None
            result = handler.method(message, call)
        except GuestProtocolError:
            raise
        except Exception as error:
            self._answer_error(frame, error)
            return
        if inspect.iscoroutine(result):
            facts = self._channel.requests.get(frame_scope) if frame_scope else None
            open_call = self._current(number, facts)
            open_call.name = frame.name
            self._incoming[number] = open_call
            self._open_bytes += size
            task = open_call.task = self._loop.create_task(self._run(result, frame, size, open_call))
            task.add_done_callback(lambda _: result.close())  # it may be cancelled before it begins
        else:
            self._answer(frame, result)

    async def _run(
        self, coroutine: Coroutine[Any, Any, Any], frame: CallFrame, size: int, open_call: CurrentCall
    ) -> None:
        current_call.set(open_call)
        try:
            try:
                result = await self._channel.host_time.metered(coroutine)
            except GuestProtocolError as error:
                self._channel.close(error)
            except Exception as error:
                await self._wait_turn(frame)
                self._answer_error(frame, error)
            else:
                await self._wait_turn(frame)
                self._answer(frame, result)
        except asyncio.CancelledError:
            if not self._channel.closed:
                self._answer_error(
                    frame, GuestVisibleError("AbortError", "The operation was aborted", dom=True)
                )
            raise
        except BaseException:
            self._answer_error(frame, GuestVisibleError("AbortError", "The host is going away", dom=True))
            raise
        finally:
            self._incoming.pop(frame.id, None)
            self._open_bytes -= size

    async def _wait_turn(self, frame: CallFrame) -> None:
        """Until the guest has taken what was sent; one that blocks reads its answer from the FIFO, and no other."""
        if not frame.sync and not self._channel.writable:
            await self._channel.wait_writable()

    def _answer(self, frame: CallFrame, result: Any) -> None:
        attachments: Sequence[Any] = ()
        if type(result) is Reply:
            result, attachments = result.value, result.attachments
        try:
            payload = msgspec.Raw(_encode_json(result))
        except (TypeError, ValueError, RecursionError) as error:
            self._answer_error(frame, error)
            return
        sizes = [memoryview(part).nbytes for part in attachments]
        self._deliver(frame, ReplyFrame(frame.id, payload, sizes), attachments)

    def _answer_error(self, frame: CallFrame, error: BaseException) -> None:
        encoded = encode_error(error)
        if is_withheld(error, encoded):
            cause = error.__cause__ if isinstance(error, GuestVisibleError) else None
            _logger.warning("the handler of %s failed", frame.name, exc_info=cause or error)
        self._deliver(frame, ErrorFrame(frame.id, msgspec.Raw(_encode_json(encoded))))

    def _deliver(
        self, frame: CallFrame, answer: ReplyFrame | ErrorFrame, attachments: Sequence[Any] = ()
    ) -> None:
        if not frame.sync:
            self._count_unread(answer, attachments)
            self._channel.send(answer, attachments)
            return
        if self._sync is None:
            if self._sync_fd is None:
                self._channel.close(GuestProtocolError("a synchronous call on a channel that has none"))
                return
            self._sync = SyncReplies(self._sync_fd, self._loop)
        self._sync_call = None
        if not self._channel.closed:
            self._sync.write(encode_frame(encode_header(answer), attachments))

    def _count_unread(self, answer: ReplyFrame | ErrorFrame, attachments: Sequence[Any]) -> None:
        if self._channel.writable:
            self._unread_bytes = 0
            return
        self._unread_bytes += len(bytes(answer.payload)) + sum(
            memoryview(part).nbytes for part in attachments
        )
        if self._unread_bytes > PENDING_ANSWERS_LIMIT_BYTES:
            self._channel.close(
                QuotaExceededError(
                    f"the sandbox does not read: more than {PENDING_ANSWERS_LIMIT_BYTES} bytes of answers wait",
                    limit="pending_answers_bytes",
                    value=PENDING_ANSWERS_LIMIT_BYTES,
                )
            )
