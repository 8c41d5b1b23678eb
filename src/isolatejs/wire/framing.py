"""Cuts a byte stream into frames and builds frames. Pure functions over bytes, no I/O.

A frame is `u32le header length`, `u32le attachments length`, the header (a JSON array, see
`frames.py`) and the attachments, one after the other. Bytes cross raw, never as base64.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from isolatejs.errors import GuestProtocolError
from isolatejs.limits import FRAME_ATTACHMENTS_LIMIT_BYTES, FRAME_HEADER_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Buffer = bytes | bytearray | memoryview

PREFIX_BYTES = 8
_PREFIX = struct.Struct("<II")


def encode_frame(header: bytes, attachments: Sequence[Buffer] = ()) -> bytes:
    """One frame as bytes."""
    if not attachments:
        return _PREFIX.pack(len(header), 0) + header
    size = sum(memoryview(part).nbytes for part in attachments)
    return b"".join((_PREFIX.pack(len(header), size), header, *attachments))


def encode_head(header: bytes, attachments_bytes: int) -> bytes:
    """A frame without its attachments, which have to follow at once."""
    return _PREFIX.pack(len(header), attachments_bytes) + header


class FrameDecoder:
    """Feeds on received bytes and yields `(header, attachments)` pairs of whole frames.

    Raises GuestProtocolError as soon as a prefix announces more than the limits; memory held is
    bounded by one frame.
    """

    __slots__ = ("_attachments_limit", "_header_limit", "_held", "_need")

    def __init__(
        self,
        header_limit_bytes: int = FRAME_HEADER_LIMIT_BYTES,
        attachments_limit_bytes: int = FRAME_ATTACHMENTS_LIMIT_BYTES,
    ) -> None:
        self._header_limit = header_limit_bytes
        self._attachments_limit = attachments_limit_bytes
        self._held = bytearray()
        self._need = PREFIX_BYTES

    def feed(self, data: bytes | bytearray) -> Iterator[tuple[memoryview, memoryview]]:
        """Take received bytes; yield every frame that is now whole."""
        if self._held:
            self._held += data  # not kept piece by piece: a piece of two bytes would cost an object
            if len(self._held) < self._need:
                return
            data, self._held = self._held, bytearray()
        view = memoryview(data).toreadonly()
        offset, size = 0, len(data)
        while size - offset >= PREFIX_BYTES:
            header_size, attachments_size = _PREFIX.unpack_from(data, offset)
            if header_size > self._header_limit:
                raise GuestProtocolError(f"frame header of {header_size} bytes (limit {self._header_limit})")
            if attachments_size > self._attachments_limit:
                raise GuestProtocolError(
                    f"frame attachments of {attachments_size} bytes (limit {self._attachments_limit})"
                )
            end = offset + PREFIX_BYTES + header_size + attachments_size
            if end > size:
                self._need = end - offset
                break
            start = offset + PREFIX_BYTES
            yield view[start : start + header_size], view[start + header_size : end]
            offset = end
        else:
            self._need = PREFIX_BYTES
        if offset < size:
            self._held = bytearray(view[offset:])

    @property
    def partial(self) -> bool:
        """Whether bytes of an unfinished frame are held."""
        return bool(self._held)
