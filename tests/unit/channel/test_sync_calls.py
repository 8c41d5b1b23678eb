"""Synchronous calls of a guest: one at a time, answered through the FIFO."""

from __future__ import annotations

import asyncio
import os
import socket
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from isolatejs.channel.channel import Channel
from isolatejs.channel.incoming import Reply
from isolatejs.errors import GuestProtocolError
from isolatejs.wire.framing import encode_frame
from isolatejs.wire.message import Call, wire_name

CALL = 0


class ReadNothing(Call, frozen=True):
    """A call whose answer is large, or never comes."""

    answer: bool = True


class Target:
    async def read_nothing(self, message: ReadNothing, call: Any) -> Reply:
        if not message.answer:
            await asyncio.Event().wait()
        return Reply(None, [bytes(4 << 20)])


class Peer:
    """A scripted guest: what it writes, and how the host ends the channel."""

    def __init__(self) -> None:
        self.socket, self._host = socket.socketpair()
        self.replies, self._sync_fd = os.pipe()
        os.set_blocking(self._sync_fd, False)
        self.closed_by: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Peer:
        self.channel = await Channel.open(
            self._host,
            on_closed=self.closed_by.set_result,
            raise_guest_error=lambda *_: RuntimeError(),
            sync_fd=self._sync_fd,
        )
        self.channel.handle(SimpleNamespace(TO_HOST=(ReadNothing,)), Target())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.channel.close()
        await self.channel.wait_closed(1)
        self.socket.close()
        os.close(self.replies)
        os.close(self._sync_fd)

    def call(self, number: int, *, answer: bool = True) -> None:
        header = [CALL, number, wire_name(ReadNothing), {"answer": answer}, [], 0, 1]
        self.socket.sendall(encode_frame(msgspec.json.encode(header), ()))


@pytest.mark.parametrize("answer", [True, False])
async def test_a_second_call_before_the_first_is_answered_ends_the_channel(answer: bool) -> None:
    async with Peer() as peer:
        peer.call(1, answer=answer)
        peer.call(3, answer=answer)
        async with asyncio.timeout(5):
            assert isinstance(await peer.closed_by, GuestProtocolError)


async def test_one_after_another_is_what_guests_do() -> None:
    async with Peer() as peer:
        for number in (1, 3, 5):
            peer.call(number)
            left = (4 << 20) + 8
            async with asyncio.timeout(5):
                while left > 0:
                    left -= len(await asyncio.to_thread(os.read, peer.replies, 1 << 20))
        assert not peer.closed_by.done()
