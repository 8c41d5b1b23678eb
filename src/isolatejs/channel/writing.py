"""Writes the frames of a channel: those of one turn of the loop together, and large ones without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isolatejs.wire.frames import encode_header
from isolatejs.wire.framing import encode_frame, encode_head

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from isolatejs.wire.frames import Frame

LARGE_FRAME_BYTES = 256 * 1024
"""From here on a copy costs more than a system call."""


class FrameWriting:
    """The sending side of one channel."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.WriteTransport | None = None
        self._corked: list[bytes] | None = None
        self._corked_bytes = 0

    def begin(self, transport: asyncio.WriteTransport) -> None:
        """The connection stands."""
        self._transport = transport

    def send(self, frame: Frame, attachments: Sequence[Any]) -> None:
        """Write one frame: at once when it is the first of this turn of the loop, else with the rest of it."""
        assert self._transport is not None
        size = sum(memoryview(part).nbytes for part in attachments)
        if size >= LARGE_FRAME_BYTES:
            self._send_large(encode_head(encode_header(frame), size), attachments)
            return
        data = encode_frame(encode_header(frame), attachments)
        if self._corked is None:
            self._corked = []
            self._loop.call_soon(self._uncork)
            self._transport.write(data)
            return
        self._corked.append(data)
        self._corked_bytes += len(data)
        if self._corked_bytes >= LARGE_FRAME_BYTES:  # now, so that it is known whether the guest takes it
            self.flush()

    def _send_large(self, head: bytes, attachments: Sequence[Any]) -> None:
        """Flush the frames that wait, then write a large one without copying its attachments."""
        assert self._transport is not None
        self.flush()
        self._transport.write(head)
        for part in attachments:
            self._transport.write(part if type(part) is bytes else bytes(part))

    def _uncork(self) -> None:
        self.flush()
        self._corked = None

    def flush(self) -> None:
        """Write what waits for the end of the turn."""
        if self._corked and self._transport is not None:
            self._transport.write(b"".join(self._corked) if len(self._corked) > 1 else self._corked[0])
            self._corked.clear()
        self._corked_bytes = 0
