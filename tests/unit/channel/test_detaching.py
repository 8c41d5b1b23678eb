"""A channel that is put aside, or closed, while something is under way on it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from isolatejs.channel.channel import Channel
from isolatejs.errors import RuntimeDisposedError
from isolatejs.wire.frames import CreditFrame, DataFrame, NoteFrame, StopFrame, encode_header
from isolatejs.wire.framing import encode_frame

CREDIT = 1 << 20


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Channel, socket.socket]]:
    theirs, ours = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    channel = await Channel.open(
        ours, on_closed=lambda error: None, raise_guest_error=lambda *_: RuntimeError()
    )
    yield channel, theirs
    channel.close()
    await channel.wait_closed(1)
    theirs.close()


async def receive(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    async with asyncio.timeout(10):
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(end, size - len(data))
    return bytes(data)


async def test_a_frame_that_was_begun_is_written_to_its_end(ends: tuple[Channel, socket.socket]) -> None:
    """The next host end writes behind it, and the guest must not take that for the rest of this frame."""
    channel, guest = ends
    large = bytes(4 << 20)
    channel.send(DataFrame(2), [large])
    channel.send(NoteFrame("small.thingHappened"))
    detaching = asyncio.create_task(channel.detach())
    await asyncio.sleep(0)
    channel.send(NoteFrame("late.thingHappened"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not detaching.done()
    headers = []
    for _ in range(2):
        header_size, size = struct.unpack("<II", await receive(guest, 8))
        headers.append(msgspec.json.decode(await receive(guest, header_size))[:2])
        assert await receive(guest, size) == large[:size]
    connection, _ = await detaching
    assert headers == [[5, 2], [3, "small.thingHappened"]]
    connection.sendall(b"next")
    assert await receive(guest, 4) == b"next"
    connection.close()


async def test_a_channel_that_closes_is_not_put_aside(ends: tuple[Channel, socket.socket]) -> None:
    channel, _ = ends
    channel.send(DataFrame(2), [bytes(4 << 20)])
    detaching = asyncio.create_task(channel.detach())
    await asyncio.sleep(0)
    channel.close()
    with pytest.raises(RuntimeDisposedError):
        await detaching


async def test_closing_waits_for_sources_that_are_closing_already(
    ends: tuple[Channel, socket.socket],
) -> None:
    channel, guest = ends
    closing, closed = asyncio.Event(), asyncio.Event()

    class Source:
        def __aiter__(self) -> Source:
            return self

        async def __anext__(self) -> bytes:
            await asyncio.Event().wait()
            return b""

        async def aclose(self) -> None:
            closing.set()
            for _ in range(50):
                await asyncio.sleep(0)
            closed.set()

    stream: Any = channel.open_stream(Source())
    guest.send(encode_frame(encode_header(CreditFrame(stream, CREDIT))))
    guest.send(encode_frame(encode_header(StopFrame(stream))))
    async with asyncio.timeout(5):
        await closing.wait()
    channel.close()
    await channel.wait_closed(5)
    assert closed.is_set()
