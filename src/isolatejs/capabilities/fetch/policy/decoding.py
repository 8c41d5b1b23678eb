"""Undoes gzip and deflate of a response body in bounded pieces, so that a bomb stays small in memory."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from isolatejs.errors import FetchError
from isolatejs.limits import STREAM_CHUNK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ACCEPT_ENCODING", "Decoder", "is_decodable"]

ACCEPT_ENCODING: Final = "gzip, deflate"
_WINDOW_BITS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def is_decodable(content_encoding: str) -> bool:
    """Whether `Decoder` knows this `content-encoding`: one of gzip, x-gzip and deflate."""
    return content_encoding.strip().lower() in _WINDOW_BITS


class Decoder:
    """One response body. `feed()` gives pieces of at most 64 KiB; raises FetchError for malformed data."""

    def __init__(self, content_encoding: str) -> None:
        encoding = content_encoding.strip().lower()
        self._encoding = encoding
        self._inflate = zlib.decompressobj(_WINDOW_BITS[encoding])
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of the next encoded ones."""
        try:
            if not self._started and data:
                self._started = True
                if self._encoding == "deflate" and (data[0] & 0x0F) != 8:
                    self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # servers that send no zlib header
            while data:
                if self._inflate.eof:
                    if self._encoding == "deflate" or not data.startswith(b"\x1f\x8b"):
                        return  # what follows the end is ignored, as browsers do
                    self._inflate = zlib.decompressobj(_WINDOW_BITS[self._encoding])
                piece = self._inflate.decompress(data, STREAM_CHUNK_BYTES)
                data = self._inflate.unconsumed_tail or self._inflate.unused_data
                if piece:
                    yield piece
                elif not self._inflate.eof and not self._inflate.unconsumed_tail:
                    return
        except zlib.error:
            raise FetchError(f"the response body is not valid {self._encoding}") from None

    def check_end(self) -> None:
        """Raise FetchError when the encoded data stopped in the middle."""
        if self._started and not self._inflate.eof:
            raise FetchError(f"the response body ends before its {self._encoding} does")
