"""The ends of a stream: one reader, memory in proportion to the credit, and what a withdrawn one tells."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.channel.streams import ByteStream, OutgoingStream, UnreadBudget
from isolatejs.errors import GuestProtocolError
from isolatejs.limits import STREAM_CHUNK_BYTES, STREAM_WINDOW_BYTES, UNREAD_STREAMS_LIMIT_BYTES
from isolatejs.web.body import BodyStream
from isolatejs.wire.frames import CreditFrame, FailFrame
from isolatejs.wire.message import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.wire.frames import Frame


class Sink:
    """Takes the frames of a stream for nobody."""

    def send(self, frame: Frame, attachments: tuple[bytes | memoryview, ...] = ()) -> None:
        pass

    async def wait_writable(self) -> None:
        pass

    def forget_stream(self, stream: int) -> None:
        pass

    def begin_read(self) -> None:
        pass

    def wait_cancelled(self, door: Door) -> None:
        pass


class Credits(Sink):
    """Notes what each stream was granted."""

    def __init__(self) -> None:
        self.granted: dict[int, int] = {}

    def send(self, frame: Frame, attachments: tuple[bytes | memoryview, ...] = ()) -> None:
        if isinstance(frame, CreditFrame):
            self.granted[frame.stream] = self.granted.get(frame.stream, 0) + frame.size


async def begin(stream: ByteStream) -> asyncio.Task[bytes]:
    """Begin to read: only then may the sender send."""
    reading = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    return reading


async def test_a_stream_that_nobody_reads_is_sent_nothing() -> None:
    sink = Credits()
    stream = ByteStream(1, sink, UnreadBudget())
    assert sink.granted == {}
    with pytest.raises(GuestProtocolError, match="more than its credit"):
        stream.receive(b"x")
    reading = await begin(ByteStream(3, sink, UnreadBudget()))
    assert sink.granted == {3: STREAM_WINDOW_BYTES}
    reading.cancel()


async def test_streams_that_are_read_a_little_have_one_budget() -> None:
    """Two thousand streams of which somebody reads the first byte: none of them fills the host."""
    sink, budget = Credits(), UnreadBudget()
    streams = [ByteStream(number, sink, budget) for number in range(2_000)]
    for stream in streams:
        reading = await begin(stream)
        stream.receive(bytes(100))
        await reading
    most = UNREAD_STREAMS_LIMIT_BYTES + len(streams) * STREAM_CHUNK_BYTES
    assert sum(sink.granted.values()) <= most
    assert all(granted >= STREAM_CHUNK_BYTES // 2 for granted in sink.granted.values())
    for stream in streams:
        stream.stop()
    assert budget.granted == 0


@pytest.mark.parametrize("end", ["read", "stopped", "dropped", "failed"])
async def test_what_is_over_is_no_longer_counted(end: str) -> None:
    class Anything(Sink):
        pass

    budget = UnreadBudget()
    stream = ByteStream(1, Anything(), budget)
    reading = await begin(stream)
    stream.receive(bytes(1000))
    stream.receive(bytes(1000))
    await reading
    assert budget.granted > 0
    if end == "read":
        stream.end()
        assert [len(chunk) async for chunk in stream] == [1000]
    elif end == "stopped":
        stream.stop()
        stream.receive(bytes(1000))  # it was under way
        stream.end()
    elif end == "failed":
        stream.end(RuntimeError("gone"))
        with contextlib.suppress(RuntimeError):
            async for _ in stream:
                pass
    else:
        del stream, reading
        gc.collect()
    assert budget.granted == 0


async def test_a_second_reader_is_refused_and_the_first_reads_on() -> None:
    stream = ByteStream(1, Sink(), UnreadBudget())
    first = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="read already"):
        await anext(stream)
    stream.receive(b"data")
    async with asyncio.timeout(10):
        assert await first == b"data"
    stream.end()
    assert [chunk async for chunk in stream] == []


async def test_small_chunks_cost_about_their_bytes() -> None:
    stream = ByteStream(1, Sink(), UnreadBudget())
    pieces = [number.to_bytes(2, "big") for number in range(50_000)]
    reading = await begin(stream)
    tracemalloc.start()
    try:
        for piece in pieces:
            stream.receive(bytes(bytearray(piece)))  # an object of its own
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 2 * 100_000
    stream.end()
    chunks = [await reading, *[chunk async for chunk in stream]]
    assert all(type(chunk) is bytes for chunk in chunks)
    assert b"".join(chunks) == b"".join(pieces)


async def test_chunks_of_all_sizes_keep_their_order() -> None:
    stream = ByteStream(1, Sink(), UnreadBudget())
    pieces = [b"%d," % size * size for size in (1, 2, 2000, 1, 1, 3000, 1, 9000, 5, 5)]
    reading = await begin(stream)
    for piece in pieces:
        stream.receive(piece)
    stream.end()
    assert b"".join([await reading, *[chunk async for chunk in stream]]) == b"".join(pieces)


async def test_a_source_that_is_closed_as_its_stream_is_withdrawn_is_no_whole_body() -> None:
    class Full(Sink):
        def __init__(self) -> None:
            self.frames: list[object] = []
            self.writable = asyncio.Event()

        def send(self, frame: Any, attachments: Any = ()) -> None:
            self.frames.append(frame)

        async def wait_writable(self) -> None:
            await self.writable.wait()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(65536)

    sink, body = Full(), BodyStream(endless())
    stream = OutgoingStream(2, body, sink)
    stream.grant(1 << 20)
    while not sink.frames:
        await asyncio.sleep(0)
    sink.writable.set()  # the pump goes on before it hears that it is cancelled
    stream.withdraw()
    await body.aclose()
    for _ in range(5):
        await asyncio.sleep(0)
    assert [type(frame) for frame in sink.frames[1:]] == [FailFrame]
