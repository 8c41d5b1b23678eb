"""Several file trees under one virtual root, each at its mount point and with its own rights."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .entries import DirectoryEntry, FileStat, directory_stat
from .file_errors import file_error, told_virtually
from .file_tree import FilePiece, FileTree, OpenFile, OpenOptions, SwapFile
from .virtual_path import Parts, alias_key, join_path, split_path

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Mount:
    """A tree at a place. `path` is a virtual path; without `writable` nothing below it changes."""

    path: str
    tree: FileTree
    writable: bool = False


class MountedFiles(FileTree):
    """What `create_file_bindings` makes. The mount with the longest matching path answers.

    Directories on the way to a mount exist even if no tree holds them; mount points cannot be moved or
    removed. A name that some file system might take for a mount point's name (other case, other Unicode
    composition) is not found, so that no alias reaches past a mount's rights.
    """

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self._mounts = {split_path(mount.path): mount for mount in mounts}
        self._only_root = list(self._mounts) == [()]
        self._ways: dict[Parts, set[str]] = {}
        for parts in self._mounts:
            for depth in range(len(parts)):
                self._ways.setdefault(parts[:depth], set()).add(parts[depth])
        self._aliases = {alias_key(parts): parts for parts in (*self._mounts, *self._ways)}

    def rights(self) -> dict[str, bool]:
        return {join_path(parts): mount.writable for parts, mount in self._mounts.items()}

    def close(self) -> None:
        for mount in self._mounts.values():
            mount.tree.close()

    async def stat(self, path: str, *, follow: bool = True) -> FileStat:
        parts = split_path_of_mounts(path)
        if parts in self._ways and parts not in self._mounts:
            return directory_stat(writable=False)
        mount, below = self._find(path, parts)
        with told_virtually(path):
            return await mount.tree.stat(below, follow=follow)

    async def readdir(
        self, path: str, *, after: str | None = None, limit: int | None = None
    ) -> list[DirectoryEntry]:
        parts = split_path_of_mounts(path)
        names = self._ways.get(parts, set())
        entries: list[DirectoryEntry] = []
        try:
            mount, below = self._find(path, parts)
            with told_virtually(path):
                entries = await mount.tree.readdir(below, after=after, limit=limit)
        except (FileNotFoundError, NotADirectoryError):
            if not names:
                raise
        if not names:
            return entries
        hidden = {alias_key((name,)) for name in names}
        kept = [entry for entry in entries if alias_key((entry,)) not in hidden]
        added = [DirectoryEntry(name, "directory") for name in names if after is None or name > after]
        return sorted(kept + added)[:limit]

    async def read_piece(self, path: str, offset: int, length: int) -> FilePiece:
        mount, below = self._find_file(path)
        with told_virtually(path):
            return await mount.tree.read_piece(below, offset, length)

    async def read_link(self, path: str) -> str:
        mount, below = self._find(path)
        with told_virtually(path):
            return await mount.tree.read_link(below)

    async def real_path(self, path: str) -> str:
        parts = split_path_of_mounts(path)
        if parts in self._ways:
            return join_path(parts)
        mount, below = self._find(path, parts)
        with told_virtually(path):
            real = await mount.tree.real_path(below)
        return mount.path if real == "/" else mount.path.rstrip("/") + real

    async def open_file(self, path: str, options: OpenOptions) -> OpenFile:
        mount, below = self._find_file(path, writing=options.changes)
        with told_virtually(path):
            return await mount.tree.open_file(below, options)

    async def open_swap(self, path: str, *, keep_existing: bool) -> SwapFile:
        mount, below = self._find_file(path, writing=True)
        with told_virtually(path):
            return await mount.tree.open_swap(below, keep_existing=keep_existing)

    async def mkdir(self, path: str) -> None:
        parts = split_path_of_mounts(path)
        if parts in self._ways or parts in self._mounts:
            raise file_error(errno.EEXIST, path)
        mount, below = self._find(path, parts, writing=True)
        with told_virtually(path):
            await mount.tree.mkdir(below)

    async def rmdir(self, path: str) -> None:
        mount, below = self._find_removable(path)
        with told_virtually(path):
            await mount.tree.rmdir(below)

    async def unlink(self, path: str) -> None:
        mount, below = self._find_removable(path)
        with told_virtually(path):
            await mount.tree.unlink(below)

    async def remove_tree(self, path: str) -> None:
        mount, below = self._find_removable(path)
        with told_virtually(path):
            await mount.tree.remove_tree(below)

    async def rename(self, path: str, new_path: str) -> None:
        mount, below = self._find_removable(path)
        new_mount, new_below = self._find_removable(new_path)
        if mount is not new_mount:
            raise file_error(errno.EXDEV, path)
        with told_virtually(path, new_path):
            await mount.tree.rename(below, new_below)

    async def set_times(self, path: str, atime_ns: int, mtime_ns: int) -> None:
        mount, below = self._find(path, writing=True)
        with told_virtually(path):
            await mount.tree.set_times(below, atime_ns, mtime_ns)

    async def set_mode(self, path: str, mode: int) -> None:
        mount, below = self._find(path, writing=True)
        with told_virtually(path):
            await mount.tree.set_mode(below, mode)

    def _find(self, path: str, parts: Parts | None = None, *, writing: bool = False) -> tuple[Mount, str]:
        """The mount that answers for the path, and the path below it."""
        if parts is None:
            parts = split_path_of_mounts(path)
        if self._only_root:
            mount, below = self._mounts[()], path
        else:
            mount, below = self._longest_match(path, parts)
        if writing and not mount.writable:
            raise file_error(errno.EROFS, path)
        return mount, below

    def _longest_match(self, path: str, parts: Parts) -> tuple[Mount, str]:
        key = alias_key(parts)
        for depth in range(len(parts), -1, -1):
            named = self._aliases.get(key[:depth])
            if named is not None and named != parts[:depth]:
                raise file_error(errno.ENOENT, path)
        for depth in range(len(parts), -1, -1):
            mount = self._mounts.get(parts[:depth])
            if mount is not None:
                return mount, join_path(parts[depth:])
        raise file_error(errno.ENOENT, path)

    def _find_file(self, path: str, *, writing: bool = False) -> tuple[Mount, str]:
        parts = split_path_of_mounts(path)
        if parts in self._ways or parts in self._mounts:
            raise file_error(errno.EISDIR, path)
        return self._find(path, parts, writing=writing)

    def _find_removable(self, path: str) -> tuple[Mount, str]:
        parts = split_path_of_mounts(path)
        if parts in self._ways or parts in self._mounts:
            raise file_error(errno.EBUSY, path)
        return self._find(path, parts, writing=True)


def split_path_of_mounts(path: str) -> Parts:
    """Mount points may lie deep; each tree applies its own depth limit to what is below it."""
    return split_path(path, max_depth=_ANY_DEPTH)


_ANY_DEPTH = 1 << 16
