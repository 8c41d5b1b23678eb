"""Writes the replies to synchronous calls into the FIFO that the blocked guest reads."""

from __future__ import annotations

import asyncio
import os


class SyncReplies:
    """Buffers what the FIFO does not take at once. The guest reads while it waits, so the buffer drains."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        self._descriptor = descriptor
        self._loop = loop
        self._pending = bytearray()

    @property
    def pending(self) -> bool:
        """Whether the guest has not read all of the last answer."""
        return bool(self._pending)

    def write(self, frame: bytes) -> None:
        """Write one frame, as far as it goes now; the rest when the FIFO has room."""
        if not self._pending:
            frame = frame[self._write_some(frame) :]
            if not frame:
                return
            self._loop.add_writer(self._descriptor, self._flush)
        self._pending += frame

    def _write_some(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0

    def _flush(self) -> None:
        del self._pending[: self._write_some(self._pending)]
        if not self._pending:
            self._loop.remove_writer(self._descriptor)

    def close(self) -> None:
        """Stop writing. The descriptor belongs to the sandbox and stays open."""
        if self._pending:
            self._loop.remove_writer(self._descriptor)
            self._pending.clear()
