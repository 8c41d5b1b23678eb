"""A file tree in memory: for tests, scratch space, and files that never touch a disk."""

from __future__ import annotations

import errno
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isolatejs.errors import ConfigurationError
from isolatejs.limits import FILE_DEPTH_LIMIT, MEMORY_FILES_LIMIT, WHOLE_FILE_LIMIT_BYTES

from .entries import DirectoryEntry, FileStat
from .file_errors import file_error
from .file_tree import Bytes, FileTree, OpenFile, OpenOptions, SwapFile
from .virtual_path import Parts, split_path

if TYPE_CHECKING:
    from collections.abc import Mapping

_inodes = itertools.count(1)


@dataclass
class _Node:
    """A file (`content`) or a directory (`children`)."""

    content: bytearray | None = None
    children: dict[str, _Node] = field(default_factory=dict)
    inode: int = field(default_factory=lambda: next(_inodes))
    mode: int = 0o644
    birthtime_ns: int = field(default_factory=time.time_ns)
    mtime_ns: int = field(default_factory=time.time_ns)
    atime_ns: int = field(default_factory=time.time_ns)
    linked: bool = True
    handles: int = 0
    counted: bool = False
    """Whether it stands in the account of entries: while a name or a handle holds it."""

    @property
    def is_directory(self) -> bool:
        return self.content is None

    def stat(self) -> FileStat:
        return FileStat(
            kind="directory" if self.is_directory else "file",
            size=0 if self.content is None else len(self.content),
            mtime_ns=self.mtime_ns,
            atime_ns=self.atime_ns,
            ctime_ns=self.mtime_ns,
            birthtime_ns=self.birthtime_ns,
            mode=self.mode,
            inode=self.inode,
            links=int(self.linked),
        )


class MemoryFiles(FileTree):
    """Files in memory, optionally filled from `{path: content}` (parents are made), within quotas
    (64 MiB and 10,000 entries unless told otherwise: it is the embedder's memory).

    Use it as `files` binding, as a mount of `create_file_bindings(roots=...)`, or on its own: its
    methods are async and take virtual paths. Raises ConfigurationError for a path, a content or a
    quota that is wrong.
    """

    def __init__(
        self,
        files: Mapping[str, str | bytes] | None = None,
        *,
        quota_bytes: int = WHOLE_FILE_LIMIT_BYTES,
        quota_files: int = MEMORY_FILES_LIMIT,
        max_depth: int = FILE_DEPTH_LIMIT,
    ) -> None:
        for name, limit in (
            ("quota_bytes", quota_bytes),
            ("quota_files", quota_files),
            ("max_depth", max_depth),
        ):
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
                raise ConfigurationError(f"{name} is {limit!r:.80}; it has to be a number of at least 0")
        self._root = _Node(mode=0o755)
        self._quota_bytes = quota_bytes
        self._quota_files = quota_files
        self._max_depth = max_depth
        self._bytes = 0
        self._entries = 0
        for path, content in (files or {}).items():
            if not isinstance(path, str) or not isinstance(content, (str, bytes, bytearray, memoryview)):
                raise ConfigurationError(f"MemoryFiles: the content of {path!r:.80} has to be str or bytes")
            try:
                self._fill(path, content.encode() if isinstance(content, str) else content)
            except OSError as error:
                raise ConfigurationError(f"MemoryFiles: {path!r:.80}: {error.strerror}") from error

    def _fill(self, path: str, content: Bytes) -> None:
        """Put a file in, with the directories that it needs."""
        parts = self._split(path)
        for depth in range(1, len(parts)):
            if not isinstance(self._look_up(parts[:depth]), _Node):
                self._add(parts[:depth], _Node(mode=0o755))
        node = _Node(bytearray())
        self._add(parts, node)
        self.replace(node, content)

    async def usage(self) -> tuple[int, int]:
        """(bytes, entries) that the tree holds; files that only a handle holds count, swap files too."""
        return self._bytes, self._entries

    async def stat(self, path: str, *, follow: bool = True) -> FileStat:
        return self._get(path).stat()

    async def readdir(
        self, path: str, *, after: str | None = None, limit: int | None = None
    ) -> list[DirectoryEntry]:
        node = self._get(path)
        if not node.is_directory:
            raise file_error(errno.ENOTDIR, path)
        names = sorted(name for name in node.children if after is None or name > after)[:limit]
        return [
            DirectoryEntry(name, "directory" if node.children[name].is_directory else "file")
            for name in names
        ]

    async def mkdir(self, path: str) -> None:
        self._add(self._split(path), _Node(mode=0o755))

    async def rmdir(self, path: str) -> None:
        node = self._get(path)
        if not node.is_directory:
            raise file_error(errno.ENOTDIR, path)
        if node.children:
            raise file_error(errno.ENOTEMPTY, path)
        self._detach(self._split(path))

    async def unlink(self, path: str) -> None:
        if self._get(path).is_directory:
            raise file_error(errno.EISDIR, path)
        self._detach(self._split(path))

    async def rename(self, path: str, new_path: str) -> None:
        node, parts, new_parts = self._get(path), self._split(path), self._split(new_path)
        if parts == new_parts:
            return
        if not parts or not new_parts:
            raise file_error(errno.EBUSY, path)
        if new_parts[: len(parts)] == parts:
            raise file_error(errno.EINVAL, path)
        if node.is_directory and len(new_parts) + _depth_of(node) > self._max_depth:
            raise file_error(errno.ENAMETOOLONG, new_path)
        self._parent(new_parts)
        target = self._look_up(new_parts)
        if target is not None:
            if target.is_directory != node.is_directory:
                raise file_error(errno.EISDIR if target.is_directory else errno.ENOTDIR, new_path)
            if target.children:
                raise file_error(errno.ENOTEMPTY, new_path)
            self._detach(new_parts)
        del self._parent(parts).children[parts[-1]]
        self._parent(new_parts).children[new_parts[-1]] = node

    async def set_times(self, path: str, atime_ns: int, mtime_ns: int) -> None:
        node = self._get(path)
        node.atime_ns, node.mtime_ns = atime_ns, mtime_ns

    async def set_mode(self, path: str, mode: int) -> None:
        self._get(path).mode = mode & 0o777

    async def open_file(self, path: str, options: OpenOptions) -> OpenFile:
        parts = self._split(path)
        node = self._look_up(parts)
        if node is None:
            if not options.create:
                self._get(path)
            node = _Node(bytearray(), mode=options.mode & 0o777)
            self._add(parts, node)
        elif options.create and options.exclusive:
            raise file_error(errno.EEXIST, path)
        elif node.is_directory:
            raise file_error(errno.EISDIR, path)
        file = _MemoryFile(self, node, path, options)
        if options.truncate and (options.write or options.append):
            await file.truncate(0)
        return file

    async def open_swap(self, path: str, *, keep_existing: bool) -> SwapFile:
        node = self._get(path)
        if node.content is None:
            raise file_error(errno.EISDIR, path)
        swap = _Node(bytearray(), mode=node.mode, linked=False)
        self._count(swap, path)
        file = _MemorySwapFile(self, swap, path, OpenOptions(write=True))
        if keep_existing:
            try:
                self.replace(swap, node.content)
            except OSError:
                await file.close()
                raise
        return file

    # --- used by the open files ------------------------------------------------------------------

    def resize(self, node: _Node, size: int, path: str | None = None) -> bytearray:
        """The content of the file, made `size` bytes long within the quota."""
        assert node.content is not None
        growth = size - len(node.content)
        if growth > 0 and self._bytes + growth > self._quota_bytes:
            raise file_error(errno.EDQUOT, path, f"disk quota exceeded (quota_bytes={self._quota_bytes})")
        self._bytes += growth
        if growth > 0:
            node.content.extend(bytes(growth))
        else:
            del node.content[size:]
        node.mtime_ns = time.time_ns()
        return node.content

    def replace(self, node: _Node, content: Bytes) -> None:
        """Makes this the content of the file, within the quota."""
        self.resize(node, len(content))[:] = content

    def put_in_place(self, path: str, swap: _Node) -> None:
        """The file at `path` becomes `swap`."""
        parts = self._split(path)
        parent, old = self._parent(parts), self._look_up(parts)
        if old is not None:
            if old.is_directory:
                raise file_error(errno.EISDIR, path)
            self._detach(parts)
        swap.linked = True
        parent.children[parts[-1]] = swap

    def release(self, node: _Node) -> None:
        """One handle of the file was closed; content that no name and no handle holds is gone."""
        node.handles -= 1
        self._forget(node)

    def _forget(self, node: _Node) -> None:
        if node.linked or node.handles:
            return
        if node.counted:
            node.counted = False
            self._entries -= 1
        if node.content is not None:
            self._bytes -= len(node.content)
            node.content = bytearray()

    def _count(self, node: _Node, path: str) -> None:
        """Another entry. Raises OSError EDQUOT."""
        if self._entries >= self._quota_files:
            raise file_error(errno.EDQUOT, path, f"file quota exceeded (quota_files={self._quota_files})")
        self._entries += 1
        node.counted = True

    # --- the tree --------------------------------------------------------------------------------

    def _split(self, path: str) -> Parts:
        return split_path(path, max_depth=self._max_depth)

    def _look_up(self, parts: Parts) -> _Node | None:
        node = self._root
        for part in parts:
            child = node.children.get(part)
            if child is None:
                return None
            node = child
        return node

    def _get(self, path: str) -> _Node:
        parts = self._split(path)
        node = self._look_up(parts)
        if node is None:
            if parts:
                self._parent(parts)
            raise file_error(errno.ENOENT, path)
        return node

    def _parent(self, parts: Parts) -> _Node:
        """The directory that holds the entry. Raises OSError ENOENT or ENOTDIR."""
        if not parts:
            raise file_error(errno.EBUSY, "/")
        node = self._root
        for depth, part in enumerate(parts[:-1]):
            child = node.children.get(part)
            if child is None:
                raise file_error(errno.ENOENT, "/" + "/".join(parts))
            if not child.is_directory:
                raise file_error(errno.ENOTDIR, "/" + "/".join(parts[: depth + 2]))
            node = child
        return node

    def _add(self, parts: Parts, node: _Node) -> None:
        path = "/" + "/".join(parts)
        if not parts or self._look_up(parts) is not None:
            raise file_error(errno.EEXIST, path)
        parent = self._parent(parts)
        self._count(node, path)
        parent.children[parts[-1]] = node

    def _detach(self, parts: Parts) -> None:
        node = self._parent(parts).children.pop(parts[-1])
        node.linked = False
        self._forget(node)


class _MemoryFile(OpenFile):
    def __init__(self, files: MemoryFiles, node: _Node, path: str, options: OpenOptions) -> None:
        self._files = files
        self._node = node
        self._path = path
        self._options = options
        self._closed = False
        node.handles += 1

    async def read(self, offset: int, length: int) -> bytes:
        content = self._content()
        if not self._options.read:
            raise file_error(errno.EBADF, self._path)
        return bytes(memoryview(content)[offset : offset + length])

    async def write(self, data: Bytes, offset: int) -> int:
        content = self._content(writing=True)
        offset = len(content) if self._options.append else offset
        end = offset + len(data)
        content = self._files.resize(self._node, max(end, len(content)), self._path)
        content[offset:end] = data
        return len(data)

    async def truncate(self, size: int) -> None:
        self._content(writing=True)
        self._files.resize(self._node, size, self._path)

    async def stat(self) -> FileStat:
        self._content()
        return self._node.stat()

    async def set_times(self, atime_ns: int, mtime_ns: int) -> None:
        self._content(writing=True)
        self._node.atime_ns, self._node.mtime_ns = atime_ns, mtime_ns

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._files.release(self._node)

    def _content(self, *, writing: bool = False) -> bytearray:
        if self._closed or (writing and not (self._options.write or self._options.append)):
            raise file_error(errno.EBADF, self._path)
        assert self._node.content is not None
        return self._node.content


class _MemorySwapFile(_MemoryFile, SwapFile):
    async def commit(self) -> None:
        self._content(writing=True)
        self._files.put_in_place(self._path, self._node)
        await self.close()


def _depth_of(node: _Node) -> int:
    return 1 + max(map(_depth_of, node.children.values())) if node.children else 0
