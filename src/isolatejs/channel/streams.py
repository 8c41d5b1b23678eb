"""Byte streams over a channel, with credit: a sender never sends more than its reader has asked for.

The reader of a stream grants credit when it first reads, and more as it consumes: nothing is sent, and nothing held,
of a stream that nobody reads. All streams of a channel together have a budget of unread bytes. A reader that wants no
more sends a stop; the sender then ends the stream. Chunks are bytes, not messages: small ones that come in one turn of
the loop share a frame, and none waits longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

import msgspec

from isolatejs.errors import GuestProtocolError, IsolateError
from isolatejs.limits import (
    STREAM_CHUNK_BYTES,
    STREAM_SMALL_CHUNK_BYTES,
    STREAM_WINDOW_BYTES,
    UNREAD_STREAMS_LIMIT_BYTES,
)
from isolatejs.wire.errors import GuestVisibleError, encode_error
from isolatejs.wire.frames import CreditFrame, DataFrame, EndFrame, FailFrame, StopFrame
from isolatejs.wire.message import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from isolatejs.channel.entries import Entry
    from isolatejs.wire.frames import Frame


class FrameSink(Protocol):
    """What a stream needs of its channel."""

    def send(self, frame: Frame, attachments: tuple[bytes | memoryview, ...] = ()) -> None: ...

    async def wait_writable(self) -> None: ...

    def forget_stream(self, stream: int) -> None: ...

    def begin_read(self) -> Entry | None: ...

    def wait_cancelled(self, door: Door) -> None: ...


class UnreadBudget:
    """What the streams of one channel may have under way: granted, and not read yet."""

    def __init__(self) -> None:
        self.granted = 0

    def window(self) -> int:
        """How much one stream may have under way now."""
        within = self.granted + STREAM_WINDOW_BYTES <= UNREAD_STREAMS_LIMIT_BYTES
        return STREAM_WINDOW_BYTES if within else STREAM_CHUNK_BYTES


class ByteStream:
    """The reading end: an async iterator of `bytes`. Close it with `aclose()` when not read to its end.

    One reader at a time: a second one that would wait gets a RuntimeError.
    """

    def __init__(self, stream: int, sink: FrameSink, budget: UnreadBudget) -> None:
        self.id = stream
        self._sink = sink
        self._budget = budget
        self._chunks: deque[bytes | bytearray] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._credit = 0
        self._under_way = 0
        """Granted and not read yet: credit that is left, and chunks that wait."""
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None

    def __aiter__(self) -> ByteStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._ended or self._stopped:
                raise StopAsyncIteration
            self._grant()
            if self._waiter is not None:
                raise RuntimeError(
                    f"stream {self.id} is being read already, by somebody who waits for its data"
                )
            await self._wait()
        chunk = self._chunks.popleft()
        self._give_back(len(chunk))
        self._grant()
        return bytes(chunk)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        entry = self._sink.begin_read()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self._sink.wait_cancelled(Door.WAIT)
            raise
        finally:
            self._waiter = None
            if entry is not None:
                entry.finish()

    def _grant(self) -> None:
        """Let the sender send more, when half of what it may is used up."""
        if self._ended or self._stopped:
            return
        window = self._budget.window()
        if self._under_way > window // 2:
            return
        more = window - self._under_way
        self._credit += more
        self._under_way += more
        self._budget.granted += more
        self._sink.send(CreditFrame(self.id, more))

    def _give_back(self, size: int) -> None:
        self._under_way -= size
        self._budget.granted -= size

    def __del__(self) -> None:
        self._give_back(self._under_way)

    async def aclose(self) -> None:
        """Stop reading; the sender is told."""
        self.stop()

    def stop(self) -> None:
        """Stop reading; the sender is told. What it sends until it knows is dropped."""
        self._chunks.clear()
        self._give_back(self._under_way)
        if not self._ended and not self._stopped and self._error is None:
            self._sink.send(StopFrame(self.id))
        self._stopped = True
        self._wake()

    # --- called by the channel ---------------------------------------------------------------------
    def receive(self, data: bytes) -> None:
        if not data:
            raise GuestProtocolError(f"no data for stream {self.id}")  # no credit would bound how often
        self._credit -= len(data)
        if self._credit < 0:
            raise GuestProtocolError(f"stream {self.id} sent {-self._credit} bytes more than its credit")
        if not self._stopped:
            self._keep(data)
            self._wake()

    def _keep(self, data: bytes) -> None:
        """Chunks that nobody has read are joined when small: each costs an object, which no credit counts."""
        if not self._chunks or len(data) >= STREAM_SMALL_CHUNK_BYTES:
            self._chunks.append(data)
            return
        last = self._chunks[-1]
        if isinstance(last, bytearray) and len(last) < STREAM_CHUNK_BYTES:
            last += data
        else:
            self._chunks.append(bytearray(data))

    def end(self, error: BaseException | None = None) -> None:
        self._ended = True
        self._error = error
        self._give_back(min(self._credit, self._under_way))  # it will not come
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class OutgoingStream:
    """The sending end: pumps an async iterable of bytes as credit comes in."""

    def __init__(self, stream: int, source: AsyncIterable[bytes], sink: FrameSink) -> None:
        self.id = stream
        self._source = source
        self._sink = sink
        self._credit = 0
        self._credited = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._withdrawn = False
        self._sent_this_turn = False
        self._small = bytearray()

    def grant(self, size: int) -> None:
        """Take credit from the reader; the first starts the pump."""
        if size <= 0:
            raise GuestProtocolError(f"credit of {size} bytes for stream {self.id}")
        self._credit += size
        self._credited.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._pump(), name=f"isolatejs-stream-{self.id}"
            )

    def withdraw(self) -> None:
        """End the source before its end; the reader gets an AbortError, since what it has is not all."""
        self._withdrawn = True
        if self._task is None:
            self._end()
        self.stop()

    def stop(self) -> None:
        """The reader wants no more (or never will): end the source."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._finish(), name=f"isolatejs-stream-{self.id}"
            )
        elif not self._task.done():
            # After its first step, since a pump that never began would clean up nothing.
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _pump(self) -> None:
        try:
            async for chunk in self._source:
                view = memoryview(chunk)
                while view.nbytes:
                    while self._credit <= 0:
                        self._credited.clear()
                        await self._credited.wait()
                    piece = view[: min(self._credit, STREAM_CHUNK_BYTES)]
                    view = view[piece.nbytes :]
                    self._credit -= piece.nbytes
                    if piece.nbytes >= STREAM_SMALL_CHUNK_BYTES:
                        self._send_small()
                        self._sink.send(DataFrame(self.id), (piece,))
                    elif self._add_small(piece):
                        await asyncio.sleep(0)  # a source that never waits lets others run, too
                    await self._sink.wait_writable()
            self._send_small()
            self._end()  # a source may also end because it was closed, when its stream was withdrawn
        except asyncio.CancelledError:
            self._end()
        except Exception as error:
            self._send_small()
            self._fail(error)
        finally:
            self._small.clear()
            await self._finish()

    def _end(self) -> None:
        if self._withdrawn:
            self._fail(GuestVisibleError("AbortError", "The stream was aborted by its sender", dom=True))
        else:
            self._sink.send(EndFrame(self.id))

    def _fail(self, error: Exception) -> None:
        reveal = isinstance(error, IsolateError)
        payload = msgspec.json.encode(encode_error(error, reveal=reveal))
        self._sink.send(FailFrame(self.id, msgspec.Raw(payload)))

    def _add_small(self, piece: memoryview) -> bool:
        """Send a small piece at once when it is the first of this turn of the loop, else with the others of it.

        True when they made a full frame.
        """
        if not self._sent_this_turn:
            self._sent_this_turn = True
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._sink.send(DataFrame(self.id), (piece,))
            return False
        self._small += piece
        if len(self._small) < STREAM_CHUNK_BYTES:
            return False
        self._send_small()
        return True

    def _end_turn(self) -> None:
        self._sent_this_turn = False
        self._send_small()

    def _send_small(self) -> None:
        if self._small:
            small, self._small = self._small, bytearray()
            self._sink.send(DataFrame(self.id), (memoryview(small),))

    async def _finish(self) -> None:
        self._sink.forget_stream(self.id)
        aclose = getattr(self._source, "aclose", None)
        if aclose is not None:
            await aclose()

    async def wait_closed(self) -> None:
        """Wait until the pump has ended."""
        if self._task is not None:
            await asyncio.wait([self._task])
