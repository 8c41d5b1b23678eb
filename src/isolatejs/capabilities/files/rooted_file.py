"""Open files of a root directory: positioned reads and writes on one descriptor of the host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from isolatejs.limits import FILE_INLINE_BYTES

from .entries import FileStat, stat_from_os
from .file_errors import file_error, told_virtually
from .file_threads import start_in_thread
from .file_tree import Bytes, OpenFile, SwapFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from .ledger import Ledger

P = ParamSpec("P")
T = TypeVar("T")


class RootedFile(OpenFile):
    """Owns `fd`. A thread may still use it when `close` is called: the last user closes it."""

    def __init__(
        self,
        fd: int,
        path: str,
        status: os.stat_result,
        ledger: Ledger,
        *,
        append: bool,
        reads: bool,
        writes: bool,
    ) -> None:
        self._fd = fd
        self._path = path
        self._status = status
        self._ledger = ledger
        self._append = append
        self._reads = reads
        self._writes = writes
        self._lock = threading.Lock()
        self._append_lock = threading.Lock() if append else contextlib.nullcontext()
        self._users = 0
        self._closing = False
        if writes:
            ledger.opened(status)

    async def read(self, offset: int, length: int) -> bytes:
        return await self._run(length > FILE_INLINE_BYTES, self._read_now, offset, length)

    async def write(self, data: Bytes, offset: int) -> int:
        in_background = len(data) > FILE_INLINE_BYTES or self._ledger.enabled
        return await self._run(in_background, self._write_now, memoryview(data).cast("B"), offset)

    async def truncate(self, size: int) -> None:
        await self._run(self._is_large, self._truncate_now, size)

    async def stat(self) -> FileStat:
        return await self._run(False, lambda: stat_from_os(os.fstat(self._fd)))

    async def set_times(self, atime_ns: int, mtime_ns: int) -> None:
        if not self._writes:
            raise file_error(errno.EBADF, self._path)
        await self._run(False, lambda: os.utime(self._fd, ns=(atime_ns, mtime_ns)))

    async def try_lock(self) -> bool:
        return await self._run(False, self._try_lock_now)

    async def sync(self) -> None:
        await self._run(True, lambda: os.fsync(self._fd))

    async def close(self) -> None:
        with self._lock:
            if self._closing:
                return
            self._closing = True
            if self._users:
                return
        self._release()

    @property
    def _is_large(self) -> bool:
        """Whether to cut or replace the file can take long: its blocks are freed, its content flushed."""
        return self._ledger.enabled or (not self._closing and os.fstat(self._fd).st_size > FILE_INLINE_BYTES)

    async def _run(
        self, in_background: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with self._lock:
            if self._closing:
                raise file_error(errno.EBADF, self._path)
            self._users += 1
        with told_virtually(self._path):
            if not in_background:
                try:
                    return function(*args, **kwargs)
                finally:
                    self._leave()
            work = start_in_thread(function, *args, **kwargs)
            work.add_done_callback(lambda _: self._leave())
            return await asyncio.wrap_future(work)

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users or not self._closing:
                return
        self._release()

    def _release(self) -> None:
        if self._writes and self._ledger.enabled:
            self._ledger.closed(os.fstat(self._fd))
        os.close(self._fd)

    def _try_lock_now(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
        return True  # or on a file system without locks

    def _read_now(self, offset: int, length: int) -> bytes:
        if not self._reads:
            raise file_error(errno.EBADF)
        length = min(length, max(0, os.fstat(self._fd).st_size - offset))
        if length == 0:
            return b""
        data = os.pread(self._fd, length, offset)
        while 0 < len(data) < length and (more := os.pread(self._fd, length - len(data), offset + len(data))):
            data += more
        return data

    def _write_now(self, data: memoryview, offset: int) -> int:
        if not self._writes:
            raise file_error(errno.EBADF)
        with self._append_lock:
            end = (os.fstat(self._fd).st_size if self._append else offset) + len(data)
            self._ledger.resize(self._status, end)
            try:
                written = 0
                while written < len(data):
                    piece = data[written:]
                    if self._append:
                        written += os.write(self._fd, piece)
                    else:
                        written += os.pwrite(self._fd, piece, offset + written)
            except OSError:
                self._ledger.resize(self._status, os.fstat(self._fd).st_size, shrink=True)
                raise
        return len(data)

    def _truncate_now(self, size: int) -> None:
        if not self._writes:
            raise file_error(errno.EINVAL)
        self._ledger.resize(self._status, size, shrink=True)
        try:
            os.ftruncate(self._fd, size)
        except OSError:
            self._ledger.resize(self._status, os.fstat(self._fd).st_size, shrink=True)
            raise


class RootedSwapFile(RootedFile, SwapFile):
    """A hidden file beside its target. Owns `fd` and `parent_fd`, the directory of both."""

    def __init__(
        self,
        fd: int,
        path: str,
        ledger: Ledger,
        *,
        parent_fd: int,
        swap_name: str,
        name: str,
        order: threading.Lock,
    ) -> None:
        super().__init__(fd, path, os.fstat(fd), ledger, append=False, reads=True, writes=True)
        self._parent_fd = parent_fd
        self._swap_name = swap_name
        self._name = name
        self._order = order
        self._committed = False

    async def commit(self) -> None:
        await self._run(self._is_large, self._commit_now)
        await self.close()

    def discard(self) -> None:
        """Drops the content of a swap file that nobody uses."""
        self._closing = True
        self._release()

    def _commit_now(self) -> None:
        with self._order:
            try:
                replaced = os.stat(self._name, dir_fd=self._parent_fd, follow_symlinks=False)
            except FileNotFoundError:
                replaced = None
            os.rename(self._swap_name, self._name, src_dir_fd=self._parent_fd, dst_dir_fd=self._parent_fd)
            self._committed = True
            if replaced is not None:
                self._ledger.removed(replaced, regular_file=True)

    def _release(self) -> None:
        if not self._committed:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._swap_name, dir_fd=self._parent_fd)
                self._ledger.removed(os.fstat(self._fd), regular_file=True)
        super()._release()
        os.close(self._parent_fd)
