"""The bytes of a Request or Response: given as a whole or as a stream, and read at most once.

A stream is pulled, never pushed: whoever reads sets the pace. A body that is not read to its end is closed
with `aclose()`, which frees what stands behind it (a connection, a call into a sandbox).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Union

from isolatejs.limits import BODY_BUFFER_LIMIT_BYTES, STREAM_CHUNK_BYTES
from isolatejs.web.blob import Blob

if TYPE_CHECKING:
    from isolatejs.web.form_data import FormData

__all__ = ["Body", "BodyInit", "BodyStream"]

BodyInit = Union[
    bytes, bytearray, memoryview, str, Blob, "FormData", AsyncIterable[bytes], Iterable[bytes], None
]
"""What a body can be made from. An iterable of bytes is a stream."""


_Bytes = bytes  # the method of that name hides the type inside the class


class BodyStream:
    """The one reading of a body: an async iterator of bytes that can be closed early."""

    __slots__ = ("_ended", "_iterator", "_source", "started")

    def __init__(self, source: AsyncIterable[bytes] | Iterable[bytes]) -> None:
        if not isinstance(source, (AsyncIterable, Iterable)):
            raise TypeError(
                "a body is bytes, str, Blob, FormData, an iterable or async iterable of bytes, or None, "
                f"not {type(source).__name__}"
            )
        self._source = source
        self._iterator = source.__aiter__() if isinstance(source, AsyncIterable) else _async(source)
        self._ended = False
        self.started = False
        """Whether somebody has begun to read it, or closed it."""

    def __aiter__(self) -> BodyStream:
        return self

    async def __anext__(self) -> bytes:
        self.started = True
        if self._ended:
            raise StopAsyncIteration
        try:
            chunk = await self._iterator.__anext__()
        except BaseException:
            self._ended = True
            raise
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            await self.aclose()
            raise TypeError(f"a body stream must give bytes, not {type(chunk).__name__}")
        return bytes(chunk)

    async def aclose(self) -> None:
        """Stop reading and free the source. Closing twice, or after the end, does no harm."""
        self._ended = self.started = True
        for owner in (self._iterator, self._source):
            close = getattr(owner, "aclose", None)
            if close is not None:
                await close()
                return


class Body:
    """What Request and Response share. Bytes, strings, Blobs and FormData can be read again by `clone()`."""

    __slots__ = ("_content_type", "_data", "_length", "_stream", "_used")

    def __init__(self, body: BodyInit = None) -> None:
        self._data: bytes | None = None
        self._stream: BodyStream | None = None
        self._content_type: str | None = None
        self._length: int | None = None
        self._used = False
        if body is None:
            self._length = 0
        elif isinstance(body, str):
            self._data, self._content_type = body.encode("utf-8", "replace"), "text/plain;charset=UTF-8"
        elif isinstance(body, (bytes, bytearray, memoryview)):
            self._data = bytes(body)
        elif isinstance(body, Blob):
            self._content_type = body.type or None
            if body.in_memory:
                self._data = body._data
            else:
                self._stream, self._length = BodyStream(body.stream()), body.size
        else:
            self._set_other(body)
        if self._data is not None:
            self._length = len(self._data)

    @property
    def has_body(self) -> bool:
        """Whether there is a body; an empty one counts."""
        return self._data is not None or self._stream is not None

    @property
    def body_used(self) -> bool:
        """Whether somebody has read it, or begun to."""
        return self._used or (self._stream is not None and self._stream.started)

    @property
    def content(self) -> bytes | None:
        """The bytes when they are in memory and unread (reading this does not use them up), else None."""
        return None if self.body_used else self._data

    @property
    def content_length(self) -> int | None:
        """Length in bytes where it is known before reading; 0 without a body."""
        return self._length

    @property
    def body(self) -> BodyStream | None:
        """The body as an async iterator of bytes, always the same; None when there is no body."""
        if self._used:
            raise TypeError("the body has been read already")
        if self._stream is None and self._data is not None:
            self._stream = BodyStream(_pieces(self._data))
        return self._stream

    async def bytes(self, *, limit_bytes: int | None = None) -> bytes:
        """All of it. Raises ValueError past `limit_bytes` (default 256 MiB), TypeError when used already."""
        limit = BODY_BUFFER_LIMIT_BYTES if limit_bytes is None else limit_bytes
        if self.body_used:
            raise TypeError("the body has been read already")
        self._used = self.has_body
        if self._stream is None or self._data is not None:
            data = self._data or b""
            if len(data) > limit:
                raise ValueError(f"the body is longer than {limit} bytes")
            return data
        chunks: list[bytes] = []
        length = 0
        try:
            async for chunk in self._stream:
                length += len(chunk)
                if length > limit:
                    raise ValueError(f"the body is longer than {limit} bytes")
                chunks.append(chunk)
        finally:
            await self._stream.aclose()
        return b"".join(chunks)

    async def text(self, *, limit_bytes: int | None = None) -> str:
        """All of it as UTF-8, without a byte order mark; bytes that are not are replaced with U+FFFD."""
        data = await self.bytes(limit_bytes=limit_bytes)
        return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")

    def announce_length(self, length_bytes: int) -> None:
        """Say how long a streamed body will be, for a Content-Length; its sender has to hold it to that."""
        if self._stream is not None:
            self._length = length_bytes

    async def aclose(self) -> None:
        """Free a body that nobody will read (any more)."""
        if self._stream is not None:
            await self._stream.aclose()

    async def _read_json(self, limit_bytes: int | None) -> Any:
        return json.loads(await self.text(limit_bytes=limit_bytes))

    async def _read_blob(self, content_type: str | None) -> Blob:
        return Blob([await self.bytes()], type=content_type or "")

    async def _read_form(self, content_type: str | None) -> FormData:
        from isolatejs.web.form_data import FormData

        return FormData.decode(await self.bytes(), content_type or "")

    def _clone_body(self) -> _Bytes | None:
        if self.body_used:
            raise TypeError("the body has been read already")
        if self._stream is not None and self._data is None:
            raise TypeError("a streamed body cannot be cloned: read it with bytes() and build both from that")
        return self._data

    def _set_other(self, body: FormData | AsyncIterable[_Bytes] | Iterable[_Bytes]) -> None:
        from isolatejs.web.form_data import FormData

        if isinstance(body, FormData):
            self._data, self._content_type = body.encode()
            return
        self._stream = BodyStream(body)


def _pieces(data: bytes) -> Iterable[bytes]:
    for offset in range(0, len(data), STREAM_CHUNK_BYTES):
        yield data[offset : offset + STREAM_CHUNK_BYTES]


async def _async(source: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in source:
        yield chunk
