"""Blob and File for the host, after the File API standard.

A Blob is immutable bytes with a type: in memory, or lazy, when a reader is asked for ranges of it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from isolatejs.limits import STREAM_CHUNK_BYTES

__all__ = ["Blob", "BlobReader", "File"]

BlobReader = Callable[[int, int], AsyncIterator[bytes]]
"""Given start and end (bytes, end exclusive), gives the bytes between, in pieces."""

_Bytes = bytes  # the method of that name hides the type inside the class
_TYPE_CHARACTERS: Final = frozenset(map(chr, range(0x20, 0x7F)))


class Blob:
    """Bytes with a media type. `parts` are bytes-like objects, strings (as UTF-8) and other Blobs."""

    __slots__ = ("_data", "_end", "_reader", "_start", "_type")

    def __init__(
        self, parts: Iterable[bytes | bytearray | memoryview | str | Blob] = (), *, type: str = ""
    ) -> None:
        if isinstance(parts, (str, bytes, bytearray, memoryview)):
            raise TypeError("Blob takes a list of parts: Blob([data])")
        self._data: bytes | None = b"".join(_part_bytes(part) for part in parts)
        self._reader: BlobReader | None = None
        self._start, self._end = 0, len(self._data)
        self._type = _check_type(type)

    @classmethod
    def lazy(cls, size: int, reader: BlobReader, *, type: str = "") -> Blob:
        """A Blob of `size` bytes that are read through `reader(start, end)` when somebody wants them."""
        blob = Blob(type=type)
        blob._data, blob._reader, blob._end = None, reader, size
        return blob

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._end - self._start

    @property
    def type(self) -> str:
        """Media type in lower case, or an empty string."""
        return self._type

    @property
    def in_memory(self) -> bool:
        """Whether the bytes are here, so that reading them cannot wait or fail."""
        return self._data is not None

    @property
    def content(self) -> _Bytes | None:
        """The bytes when they are in memory, else None."""
        return self._data

    async def bytes(self) -> bytes:
        """All the bytes."""
        if self._data is not None:
            return self._data
        return b"".join([chunk async for chunk in self.stream()])

    async def text(self) -> str:
        """All of it as UTF-8; bytes that are not are replaced with U+FFFD."""
        return (await self.bytes()).decode("utf-8", "replace")

    async def stream(self) -> AsyncIterator[_Bytes]:
        """The bytes in pieces of at most 64 KiB, or as its reader gives them."""
        if self._data is not None:
            for offset in range(0, len(self._data), STREAM_CHUNK_BYTES):
                yield self._data[offset : offset + STREAM_CHUNK_BYTES]
        elif self._reader is not None:
            async for chunk in self._reader(self._start, self._end):
                yield chunk

    def slice(self, start: int = 0, end: int | None = None, *, type: str = "") -> Blob:
        """The part from `start` to `end`; negative numbers count from the end."""
        size = self.size
        first, last, _ = slice(start, end).indices(size)
        last = max(first, last)
        if self._data is not None:
            return Blob([self._data[first:last]], type=type)
        assert self._reader is not None
        blob = Blob.lazy(self._start + last, self._reader, type=type)
        blob._start = self._start + first
        return blob

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} size={self.size} type={self._type!r}>"


class File(Blob):
    """A Blob with a name and the time it was last changed, in milliseconds since 1970."""

    __slots__ = ("_last_modified_ms", "_name")

    def __init__(
        self,
        parts: Iterable[bytes | bytearray | memoryview | str | Blob] = (),
        name: str = "",
        *,
        type: str = "",
        last_modified_ms: float | None = None,
    ) -> None:
        super().__init__(parts, type=type)
        self._name = name
        self._last_modified_ms = time.time() * 1000 // 1 if last_modified_ms is None else last_modified_ms

    @classmethod
    def from_blob(cls, blob: Blob, name: str, *, last_modified_ms: float | None = None) -> File:
        """A File of the same bytes and type; nothing is read."""
        file = cls((), name, last_modified_ms=last_modified_ms)
        file._data, file._reader, file._start, file._end = blob._data, blob._reader, blob._start, blob._end
        file._type = blob.type
        return file

    @property
    def name(self) -> str:
        """The file's name, without any directory."""
        return self._name

    @property
    def last_modified_ms(self) -> float:
        """When it was last changed: milliseconds since 1970."""
        return self._last_modified_ms

    def __repr__(self) -> str:
        return f"<File {self._name!r} size={self.size} type={self.type!r}>"


def _part_bytes(part: bytes | bytearray | memoryview | str | Blob) -> bytes:
    if isinstance(part, str):
        return part.encode("utf-8", "replace")
    if isinstance(part, Blob):
        if part._data is None:
            raise TypeError("a lazy Blob cannot be a part of another: read it first")
        return part._data
    return bytes(part)


def _check_type(type: str) -> str:
    return type.lower() if _TYPE_CHARACTERS.issuperset(type) else ""
