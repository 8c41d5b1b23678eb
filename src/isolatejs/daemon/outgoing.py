"""Packets on their way out of one connection: sent at once when the peer reads, else kept, within a limit."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from isolatejs.daemon import packets
from isolatejs.limits import DAEMON_QUEUE_LIMIT_PACKETS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class OutgoingPackets:
    """`on_lost` is called when the peer is gone, or does not read for too long; `close()` is up to it."""

    def __init__(
        self,
        connection: socket.socket,
        on_lost: Callable[[], None],
        limit_packets: int = DAEMON_QUEUE_LIMIT_PACKETS,
    ) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._limit_packets = limit_packets
        self._waiting: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._closed = False

    def put(self, message: packets.Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send, now or later. The descriptors are closed afterwards. Raises ValueError for a large message."""
        try:
            packet = packets.encode(message)
        except BaseException:
            packets.close_all(descriptors)
            raise
        if self._closed:
            packets.close_all(descriptors)
            return
        self._waiting.append((packet, descriptors))
        if len(self._waiting) == 1:
            self._flush()
        elif len(self._waiting) > self._limit_packets:
            self._on_lost()

    def _flush(self) -> None:
        self._loop.remove_writer(self._connection.fileno())
        while self._waiting and not self._closed:
            packet, descriptors = self._waiting[0]
            try:
                packets.send(self._connection, packet, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._connection.fileno(), self._flush)
                return
            except OSError:
                self._on_lost()
                return
            self._waiting.popleft()
            packets.close_all(descriptors)

    def close(self) -> None:
        """Drop what waits. To be called before the connection closes."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_writer(self._connection.fileno())
        while self._waiting:
            packets.close_all(self._waiting.popleft()[1])
