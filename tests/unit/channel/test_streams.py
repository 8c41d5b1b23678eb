"""The ends of a stream: one reader, memory in proportion to the credit, and what a withdrawn one tells."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.channel.streams import ByteStream, OutgoingStream
from isolatejs.web.body import BodyStream
from isolatejs.wire.frames import FailFrame
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


async def test_a_second_reader_is_refused_and_the_first_reads_on() -> None:
    stream = ByteStream(1, Sink())
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
    stream = ByteStream(1, Sink())
    pieces = [number.to_bytes(2, "big") for number in range(50_000)]
    tracemalloc.start()
    try:
        for piece in pieces:
            stream.receive(bytes(bytearray(piece)))  # an object of its own
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 2 * 100_000
    stream.end()
    chunks = [chunk async for chunk in stream]
    assert all(type(chunk) is bytes for chunk in chunks)
    assert b"".join(chunks) == b"".join(pieces)


async def test_chunks_of_all_sizes_keep_their_order() -> None:
    stream = ByteStream(1, Sink())
    pieces = [b"%d," % size * size for size in (1, 2, 2000, 1, 1, 3000, 1, 9000, 5, 5)]
    for piece in pieces:
        stream.receive(piece)
    stream.end()
    assert b"".join([chunk async for chunk in stream]) == b"".join(pieces)


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
