"""What every kind of granted file system can do: the host half speaks to this and to nothing else.

Paths are virtual, absolute and normalised. Every method raises OSError with an errno of `file_errors`
and never with a path of the host.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isolatejs.limits import FILE_COPY_CHUNK_BYTES, WHOLE_FILE_LIMIT_BYTES

from .file_errors import file_error

if TYPE_CHECKING:
    from .entries import DirectoryEntry, FileStat

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True)
class OpenOptions:
    """How a file is opened; the words of open(2)."""

    read: bool = True
    write: bool = False
    append: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    mode: int = 0o666

    @property
    def changes(self) -> bool:
        """Whether opening or using the file so can change anything."""
        return self.write or self.append or self.create or self.truncate


@dataclass(frozen=True)
class FilePiece:
    """A part of a file's content, with the state of the file that it was read from."""

    data: bytes
    stat: FileStat


class OpenFile(ABC):
    """An open file. Operations may overlap; `close` waits for those under way."""

    @abstractmethod
    async def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end of the file."""

    @abstractmethod
    async def write(self, data: Bytes, offset: int) -> int:
        """Writes all of it; a file opened for append ignores `offset`. Returns the number of bytes."""

    @abstractmethod
    async def truncate(self, size: int) -> None:
        """Cuts the file, or fills it up with NULs."""

    @abstractmethod
    async def stat(self) -> FileStat:
        """State of the open file, even after it was unlinked."""

    async def set_times(self, atime_ns: int, mtime_ns: int) -> None:
        """Sets access and modification time."""
        raise file_error(errno.ENOSYS)

    async def try_lock(self) -> bool:
        """Whether nobody else, in any process, holds this file's lock; it is held until `close`, or our end.

        Trees that no other process reaches have none to ask.
        """
        return True

    async def sync(self) -> None:  # noqa: B027  nothing to do for content in memory
        """Brings the content to the storage device, as far as there is one."""

    @abstractmethod
    async def close(self) -> None:
        """Gives the file back. Raises OSError when buffered content cannot be stored."""


class SwapFile(OpenFile):
    """New content of a file, which nobody sees before `commit` puts it in place in one step."""

    @abstractmethod
    async def commit(self) -> None:
        """Replaces the file with this content and closes. Closing without it drops the content."""


class FileTree(ABC):
    """A file system that a program can be given."""

    def rights(self) -> dict[str, bool]:
        """The mounts and whether each can be written to; `/` is the whole tree."""
        return {"/": True}

    @abstractmethod
    async def stat(self, path: str, *, follow: bool = True) -> FileStat:
        """State of the entry; with `follow=False` of a link itself."""

    @abstractmethod
    async def readdir(
        self, path: str, *, after: str | None = None, limit: int | None = None
    ) -> list[DirectoryEntry]:
        """Entries in code point order, those behind the name `after` when given, at most `limit`."""

    @abstractmethod
    async def mkdir(self, path: str) -> None:
        """Makes one directory; its parent has to exist."""

    @abstractmethod
    async def rmdir(self, path: str) -> None:
        """Removes an empty directory."""

    @abstractmethod
    async def unlink(self, path: str) -> None:
        """Removes a file, or a link itself."""

    @abstractmethod
    async def rename(self, path: str, new_path: str) -> None:
        """Moves an entry, replacing a file or an empty directory of the same kind, as rename(2) does."""

    @abstractmethod
    async def open_file(self, path: str, options: OpenOptions) -> OpenFile:
        """Opens a regular file; anything else is refused."""

    @abstractmethod
    async def open_swap(self, path: str, *, keep_existing: bool) -> SwapFile:
        """Begins to replace an existing file, from nothing or from a copy of its content."""

    async def read_piece(self, path: str, offset: int, length: int) -> FilePiece:
        """Opens, reads up to `length` bytes from `offset`, and closes."""
        file = await self.open_file(path, OpenOptions())
        try:
            return FilePiece(await file.read(offset, length), await file.stat())
        finally:
            await file.close()

    async def read_file(self, path: str) -> bytes:
        """The whole content. Raises OSError EFBIG beyond `WHOLE_FILE_LIMIT_BYTES`."""
        piece = await self.read_piece(path, 0, WHOLE_FILE_LIMIT_BYTES + 1)
        if len(piece.data) > WHOLE_FILE_LIMIT_BYTES:
            raise file_error(errno.EFBIG, path)
        return piece.data

    async def write_file(self, path: str, data: Bytes, options: OpenOptions | None = None) -> None:
        """Creates the file or replaces its content; `options` says otherwise."""
        options = options or OpenOptions(read=False, write=True, create=True, truncate=True)
        file = await self.open_file(path, options)
        try:
            if data:
                await file.write(data, 0)
        finally:
            await file.close()

    async def copy_file(self, path: str, new_path: str, *, exclusive: bool) -> None:
        """Copies content without it passing through the sandbox."""
        source = await self.open_file(path, OpenOptions())
        try:
            options = OpenOptions(read=False, write=True, create=True, exclusive=exclusive, truncate=True)
            target = await self.open_file(new_path, options)
            try:
                await copy_content(source, target)
            finally:
                await target.close()
        finally:
            await source.close()

    async def remove_tree(self, path: str) -> None:
        """Removes a file, a link itself, or a directory with all that is in it."""
        if (await self.stat(path, follow=False)).kind != "directory":
            await self.unlink(path)
            return
        for entry in await self.readdir(path):
            await self.remove_tree(f"{path.rstrip('/')}/{entry}")
        await self.rmdir(path)

    async def read_link(self, path: str) -> str:
        """The target of a link; EINVAL for anything else."""
        await self.stat(path, follow=False)
        raise file_error(errno.EINVAL, path)

    async def real_path(self, path: str) -> str:
        """The path without links."""
        await self.stat(path)
        return path

    async def set_times(self, path: str, atime_ns: int, mtime_ns: int) -> None:
        """Sets access and modification time."""
        raise file_error(errno.ENOSYS, path)

    async def set_mode(self, path: str, mode: int) -> None:
        """Sets the permission bits."""
        raise file_error(errno.ENOSYS, path)

    def close(self) -> None:  # noqa: B027  most trees hold nothing
        """Gives back what the tree itself holds. Open files stay usable."""


async def copy_content(source: OpenFile, target: OpenFile) -> None:
    """Copies all of an open file to the beginning of another, in pieces."""
    offset = 0
    while piece := await source.read(offset, FILE_COPY_CHUNK_BYTES):
        await target.write(piece, offset)
        offset += len(piece)
