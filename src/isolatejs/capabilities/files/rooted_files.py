"""A directory of the host as a file tree: every operation is bound to the root by descriptors.

What is refused, whoever put it there: links that leave the root (also absolute ones), FIFOs, sockets and
devices, files of /proc and its like, regular files with more than one hard link (the other name may be
outside the root; `hard_links` says otherwise), and more than the quota or the depth.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import threading
import weakref
from typing import TYPE_CHECKING, Final, Literal, ParamSpec, TypeVar

from isolatejs.limits import FILE_DEPTH_LIMIT, FILE_INLINE_BYTES

from .beneath import Beneath
from .entries import DirectoryEntry, FileKind, FileStat, kind_of_mode, stat_from_os
from .file_errors import file_error, told_virtually
from .file_threads import in_thread, open_in_thread, walk_in_thread
from .file_tree import FilePiece, FileTree, OpenOptions, SwapFile, copy_content
from .ledger import Ledger
from .openat2 import is_kernel_interface
from .rooted_file import RootedFile, RootedSwapFile
from .tree_walk import measure_tree, remove_tree_at
from .virtual_path import RESERVED_PREFIX, Parts, is_visible_name, join_path, split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

HardLinks = Literal["refuse", "read", "allow"]

_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
# O_NONBLOCK: opening a FIFO must not wait for its other end, nor a device for its medium.
_SAFE: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class RootedFiles(FileTree):
    """The tree below one directory. Made by `create_file_bindings`; may serve several runtimes."""

    def __init__(
        self,
        root: str,
        *,
        quota_bytes: int | None = None,
        quota_files: int | None = None,
        max_depth: int = FILE_DEPTH_LIMIT,
        hard_links: HardLinks = "refuse",
        use_openat2: bool | None = None,
    ) -> None:
        self._beneath = Beneath(root, use_openat2=use_openat2)
        self._max_depth = max_depth
        self._hard_links = hard_links
        self._order = threading.Lock()
        self._ledger = Ledger(quota_bytes, quota_files, self._measure)
        weakref.finalize(self, self._beneath.close)

    def close(self) -> None:
        self._beneath.close()

    async def usage(self) -> tuple[int, int]:
        """(bytes, entries) below the root, by the account when there is a quota, else measured now."""
        return await walk_in_thread(self._ledger.usage if self._ledger.enabled else self._measure)

    # --- reading ---------------------------------------------------------------------------------

    async def stat(self, path: str, *, follow: bool = True) -> FileStat:
        with told_virtually(path):
            fd = self._beneath.open(self._split(path), _O_PATH | (0 if follow else os.O_NOFOLLOW))
            try:
                return stat_from_os(os.fstat(fd))
            finally:
                os.close(fd)

    async def readdir(
        self, path: str, *, after: str | None = None, limit: int | None = None
    ) -> list[DirectoryEntry]:
        with told_virtually(path):
            return await in_thread(self._readdir_now, self._split(path), after, limit)

    async def read_piece(self, path: str, offset: int, length: int) -> FilePiece:
        with told_virtually(path):
            fd, status = self._open_checked(self._split(path), os.O_RDONLY)
        file = RootedFile(fd, path, status, self._ledger, append=False, reads=True, writes=False)
        try:
            length = min(length, max(0, status.st_size - offset))
            return FilePiece(await file.read(offset, length), stat_from_os(status))
        finally:
            await file.close()

    async def read_link(self, path: str) -> str:
        parts = self._split(path)
        with told_virtually(path), self._beneath.parent(parts, follow=False) as (parent, name, _):
            target = os.readlink(name, dir_fd=parent)
            folder = self._beneath.real_parts(parts[:-1])
        if not _stays_inside(target, len(folder)):
            raise file_error(errno.EACCES, path)
        return target

    async def real_path(self, path: str) -> str:
        parts = self._split(path)
        await self.stat(path)
        with told_virtually(path):
            return join_path(self._beneath.real_parts(parts))

    # --- changing --------------------------------------------------------------------------------

    async def mkdir(self, path: str) -> None:
        await self._change(self._mkdir_now, path)

    async def rmdir(self, path: str) -> None:
        await self._change(self._rmdir_now, path)

    async def unlink(self, path: str) -> None:
        large = (await self.stat(path, follow=False)).size > FILE_INLINE_BYTES  # its blocks are freed
        with told_virtually(path):
            await self._maybe_background(large or self._ledger.enabled, self._unlink_now, self._split(path))

    async def rename(self, path: str, new_path: str) -> None:
        with told_virtually(path, new_path):
            await walk_in_thread(self._rename_now, self._split(path), self._split(new_path))

    async def remove_tree(self, path: str) -> None:
        with told_virtually(path):
            await walk_in_thread(self._remove_tree_now, self._split(path))

    async def set_times(self, path: str, atime_ns: int, mtime_ns: int) -> None:
        with told_virtually(path), self._opened_for_attributes(path) as fd:
            os.utime(fd, ns=(atime_ns, mtime_ns))

    async def set_mode(self, path: str, mode: int) -> None:
        with told_virtually(path), self._opened_for_attributes(path) as fd:
            os.fchmod(fd, mode & 0o777)

    # --- open files ------------------------------------------------------------------------------

    async def open_file(self, path: str, options: OpenOptions) -> RootedFile:
        writes = options.write or options.append
        flags = (os.O_RDWR if options.read else os.O_WRONLY) if writes else os.O_RDONLY
        flags |= os.O_APPEND if options.append else 0
        with told_virtually(path):
            parts = self._split(path)
            if self._ledger.enabled and options.changes:
                fd, status = await open_in_thread(
                    lambda opened: os.close(opened[0]), self._open_or_create, parts, flags, options
                )
            else:
                fd, status = self._open_or_create(parts, flags, options)
        file = RootedFile(
            fd, path, status, self._ledger, append=options.append, reads=options.read, writes=writes
        )
        if options.truncate and writes and status.st_size:
            try:
                await file.truncate(0)
            except BaseException:
                await file.close()
                raise
        return file

    async def open_swap(self, path: str, *, keep_existing: bool) -> SwapFile:
        with told_virtually(path):
            parts = self._split(path)
            source_fd, status = self._open_checked(parts, os.O_RDONLY, writing=True)
            source = RootedFile(source_fd, path, status, self._ledger, append=False, reads=True, writes=False)
            try:
                swap = await self._maybe_background(
                    self._ledger.enabled, self._make_swap, path, parts, status
                )
                if keep_existing:
                    try:
                        await copy_content(source, swap)
                    except BaseException:
                        await swap.close()
                        raise
                return swap
            finally:
                await source.close()

    # --- the work itself, on whichever thread ----------------------------------------------------

    def _split(self, path: str) -> Parts:
        return split_path(path, max_depth=self._max_depth)

    async def _change(self, function: Callable[[Parts], None], path: str) -> None:
        """Changes are quick, but a quota may have to measure the tree first."""
        with told_virtually(path):
            await self._maybe_background(self._ledger.enabled, function, self._split(path))

    async def _maybe_background(
        self, in_background: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await in_thread(function, *args, **kwargs) if in_background else function(*args, **kwargs)

    def _measure(self) -> tuple[int, int]:
        fd = self._beneath.open((), _O_PATH | os.O_DIRECTORY)
        try:
            measure = measure_tree(fd)
        finally:
            os.close(fd)
        return measure.bytes, measure.entries

    def _open_checked(
        self, parts: Parts, flags: int, *, writing: bool = False, any_kind: bool = False
    ) -> tuple[int, os.stat_result]:
        """Opens an existing entry and refuses what no program may touch, by the descriptor's own state."""
        fd = self._beneath.open(parts, flags | _SAFE)
        try:
            status = os.fstat(fd)
            self._check(fd, status, writing=writing or flags & os.O_ACCMODE != os.O_RDONLY, any_kind=any_kind)
        except BaseException:
            os.close(fd)
            raise
        return fd, status

    def _check(self, fd: int, status: os.stat_result, *, writing: bool, any_kind: bool) -> None:
        if stat.S_ISDIR(status.st_mode):
            if not any_kind:
                raise file_error(errno.EISDIR)
        elif not stat.S_ISREG(status.st_mode) or (status.st_nlink > 1 and self._refuses_hard_links(writing)):
            raise file_error(errno.EPERM)
        if status.st_dev != self._beneath.device and is_kernel_interface(fd):
            raise file_error(errno.EPERM)

    def _refuses_hard_links(self, writing: bool) -> bool:
        return self._hard_links == "refuse" or (writing and self._hard_links != "allow")

    def _open_or_create(self, parts: Parts, flags: int, options: OpenOptions) -> tuple[int, os.stat_result]:
        # O_TRUNC and O_CREAT never reach an entry that was not checked.
        if not options.exclusive or not options.create:
            try:
                return self._open_checked(parts, flags)
            except FileNotFoundError:
                if not options.create:
                    raise
        self._ledger.reserve_entry()
        try:
            with self._beneath.parent(parts, follow=False) as (parent, name, _):
                create = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                fd = os.open(name, flags | create | _SAFE, options.mode & 0o777, dir_fd=parent)
        except BaseException:
            self._ledger.release_entry()
            raise
        return fd, os.fstat(fd)

    def _make_swap(self, path: str, parts: Parts, status: os.stat_result) -> RootedSwapFile:
        self._ledger.reserve_entry()
        parent_fd = fd = -1
        try:
            with self._beneath.parent(parts, follow=True) as (parent, name, _):
                parent_fd = os.dup(parent)
            swap_name = f"{RESERVED_PREFIX}{secrets.token_hex(12)}.swap"
            create = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            fd = os.open(swap_name, create | _SAFE, 0o600, dir_fd=parent_fd)
            os.fchmod(fd, status.st_mode & 0o777)
        except BaseException:
            self._ledger.release_entry()
            if fd >= 0:
                os.close(fd)
                os.unlink(swap_name, dir_fd=parent_fd)
            if parent_fd >= 0:
                os.close(parent_fd)
            raise
        return RootedSwapFile(
            fd, path, self._ledger, parent_fd=parent_fd, swap_name=swap_name, name=name, order=self._order
        )

    def _readdir_now(self, parts: Parts, after: str | None, limit: int | None) -> list[DirectoryEntry]:
        fd = self._beneath.open(parts, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if os.fstat(fd).st_dev != self._beneath.device and is_kernel_interface(fd):
                raise file_error(errno.EPERM)
            with os.scandir(fd) as entries:
                found = sorted(
                    DirectoryEntry(entry.name, _kind_of(entry))
                    for entry in entries
                    if (after is None or entry.name > after) and is_visible_name(entry.name)
                )
        finally:
            os.close(fd)
        return found if limit is None else found[:limit]

    def _mkdir_now(self, parts: Parts) -> None:
        self._ledger.reserve_entry()
        try:
            # Under the same lock as renames, so that a rename cannot make the tree deeper meanwhile.
            with self._order, self._beneath.parent(parts, follow=False) as (parent, name, _):
                os.mkdir(name, dir_fd=parent)
        except BaseException:
            self._ledger.release_entry()
            raise

    def _rmdir_now(self, parts: Parts) -> None:
        with self._beneath.parent(parts, follow=False) as (parent, name, _):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            os.rmdir(name, dir_fd=parent)
            self._ledger.removed(status, regular_file=False)

    def _unlink_now(self, parts: Parts) -> None:
        with self._order, self._beneath.parent(parts, follow=False) as (parent, name, _):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                raise file_error(errno.EISDIR)
            os.unlink(name, dir_fd=parent)
            self._ledger.removed(status, regular_file=stat.S_ISREG(status.st_mode))

    def _rename_now(self, parts: Parts, new_parts: Parts) -> None:
        with (
            self._order,
            self._beneath.parent(parts, follow=False) as (parent, name, _),
            self._beneath.parent(new_parts, follow=False) as (new_parent, new_name, _),
        ):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                self._require_depth(parent, name, len(new_parts))
            replaced = None
            with contextlib.suppress(FileNotFoundError):
                replaced = os.stat(new_name, dir_fd=new_parent, follow_symlinks=False)
            os.rename(name, new_name, src_dir_fd=parent, dst_dir_fd=new_parent)
            if replaced is not None and (replaced.st_dev, replaced.st_ino) != (status.st_dev, status.st_ino):
                self._ledger.removed(replaced, regular_file=stat.S_ISREG(replaced.st_mode))

    def _require_depth(self, parent: int, name: str, new_depth: int) -> None:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            if new_depth + measure_tree(fd).depth > self._max_depth:
                raise file_error(errno.ENAMETOOLONG)
        finally:
            os.close(fd)

    def _remove_tree_now(self, parts: Parts) -> None:
        with self._beneath.parent(parts, follow=False) as (parent, name, _):
            remove_tree_at(
                parent, name, lambda status, regular: self._ledger.removed(status, regular_file=regular)
            )

    @contextlib.contextmanager
    def _opened_for_attributes(self, path: str) -> Iterator[int]:
        fd, _ = self._open_checked(self._split(path), os.O_RDONLY, writing=True, any_kind=True)
        try:
            yield fd
        finally:
            os.close(fd)


def _stays_inside(target: str, depth: int) -> bool:
    """Whether a link's target, in a folder so deep, names nothing above the root and nothing hidden from programs."""
    if target.startswith("/") or not all(map(is_visible_name, target.split("/"))):
        return False
    for part in target.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return False
    return True


def _kind_of(entry: os.DirEntry[str]) -> FileKind:
    if entry.is_file(follow_symlinks=False):
        return "file"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    if entry.is_symlink():
        return "symlink"
    try:
        return kind_of_mode(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return "unknown"
