"""Open files of stores that can only read and write a file as a whole."""

from __future__ import annotations

import errno
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from isolatejs.limits import WHOLE_FILE_LIMIT_BYTES, WHOLE_FILES_LIMIT_BYTES

from .file_errors import file_error
from .file_tree import Bytes, OpenFile, SwapFile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .entries import FileStat
    from .file_tree import OpenOptions

    Store = Callable[[bytes], Awaitable[None]]


class HeldContent:
    """What the open files of one tree hold in memory together, up to WHOLE_FILES_LIMIT_BYTES."""

    def __init__(self) -> None:
        self.bytes = 0

    def take(self, size: int, path: str) -> None:
        """So much more is about to be held. Raises OSError ENOSPC."""
        if size > 0 and self.bytes + size > WHOLE_FILES_LIMIT_BYTES:
            raise file_error(errno.ENOSPC, path, "the open files hold too much content")
        self.bytes += size


class WholeFile(OpenFile):
    """Holds the content in memory; stores it when it was changed, at `sync` and at `close`."""

    def __init__(
        self,
        path: str,
        content: Bytes,
        status: FileStat,
        options: OpenOptions,
        store: Store,
        held: HeldContent,
    ) -> None:
        held.take(len(content), path)
        self._held = held
        self._path = path
        self._content = bytearray(content)
        self._status = status
        self._options = options
        self._store = store
        self._changed = False
        self._closed = False

    async def read(self, offset: int, length: int) -> bytes:
        self._check_open()
        if not self._options.read:
            raise file_error(errno.EBADF, self._path)
        return bytes(self._content[offset : offset + length])

    async def write(self, data: Bytes, offset: int) -> int:
        self._check_writable()
        offset = len(self._content) if self._options.append else offset
        self._check_size(offset + len(data))
        self._held.take(max(0, offset + len(data) - len(self._content)), self._path)
        if offset > len(self._content):
            self._content.extend(bytes(offset - len(self._content)))
        self._content[offset : offset + len(data)] = data
        self._mark_changed()
        return len(data)

    async def truncate(self, size: int) -> None:
        self._check_writable()
        self._check_size(size)
        self._held.take(size - len(self._content), self._path)
        del self._content[size:]
        self._content.extend(bytes(size - len(self._content)))
        self._mark_changed()

    async def stat(self) -> FileStat:
        self._check_open()
        return replace(self._status, size=len(self._content))

    async def sync(self) -> None:
        self._check_open()
        if self._changed:
            self._changed = False
            await self._store(bytes(self._content))

    async def close(self) -> None:
        if self._closed:
            return
        try:
            await self.sync()
        finally:
            self._closed = True
            self._held.take(-len(self._content), self._path)
            self._content = bytearray()

    def _mark_changed(self) -> None:
        self._changed = True
        self._status = replace(self._status, mtime_ns=time.time_ns())

    def _check_open(self) -> None:
        if self._closed:
            raise file_error(errno.EBADF, self._path)

    def _check_writable(self) -> None:
        self._check_open()
        if not self._options.write and not self._options.append:
            raise file_error(errno.EBADF, self._path)

    def _check_size(self, size: int) -> None:
        if size > WHOLE_FILE_LIMIT_BYTES:
            raise file_error(errno.EFBIG, self._path)


class WholeSwapFile(WholeFile, SwapFile):
    """New content that is stored by `commit` only."""

    async def sync(self) -> None:
        self._check_open()

    async def commit(self) -> None:
        self._check_open()
        await self._store(bytes(self._content))
        await self.close()


class RangeFile(OpenFile):
    """A file that is only read, piece by piece, through a `read_range` function."""

    def __init__(
        self, path: str, status: FileStat, read_range: Callable[[int, int], Awaitable[bytes]]
    ) -> None:
        self._path = path
        self._status = status
        self._read_range = read_range
        self._closed = False

    async def read(self, offset: int, length: int) -> bytes:
        if self._closed:
            raise file_error(errno.EBADF, self._path)
        length = min(length, max(0, self._status.size - offset))
        return (await self._read_range(offset, length))[:length] if length else b""

    async def write(self, data: Bytes, offset: int) -> int:
        raise file_error(errno.EBADF, self._path)

    async def truncate(self, size: int) -> None:
        raise file_error(errno.EINVAL, self._path)

    async def stat(self) -> FileStat:
        if self._closed:
            raise file_error(errno.EBADF, self._path)
        return self._status

    async def close(self) -> None:
        self._closed = True
