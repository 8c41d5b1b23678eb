"""Counts what a root holds against its quota: bytes of regular files, and entries.

Usage is measured once, when the first change is asked for, then kept up to date by what programs do.
Others may write below the root too, so before a change is refused the tree is measured again (at most
once a second). Sizes are what `stat` says, so a sparse file costs what it claims to hold. A file that is
unlinked while open is paid for until its last handle closes. Calls come from several threads.
"""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .file_errors import file_error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    Measure = Callable[[], tuple[int, int]]

_REMEASURE_SECONDS: Final = 1.0


@dataclass
class _OpenInode:
    size: int
    handles: int = 1
    unlinked: bool = False


class Ledger:
    """The account of one root. `measure` walks the tree and answers (bytes, entries)."""

    def __init__(self, quota_bytes: int | None, quota_files: int | None, measure: Measure) -> None:
        self.quota_bytes = quota_bytes
        self.quota_files = quota_files
        self.enabled = quota_bytes is not None or quota_files is not None
        self._measure = measure
        self._lock = threading.Lock()
        self._bytes = 0
        self._files = 0
        self._measured_at: float | None = None
        self._open: dict[tuple[int, int], _OpenInode] = {}

    def usage(self) -> tuple[int, int]:
        """Bytes and entries that the root holds by this account."""
        with self._lock:
            self._ensure_measured()
            return self._bytes, self._files

    def opened(self, status: os.stat_result) -> None:
        """A handle that can write to this file was opened."""
        if not self.enabled:
            return
        with self._lock:
            self._ensure_measured()
            inode = self._open.get(_key(status))
            if inode is None:
                self._open[_key(status)] = _OpenInode(status.st_size)
            else:
                inode.handles += 1

    def closed(self, status: os.stat_result) -> None:
        """That handle was closed."""
        if not self.enabled:
            return
        with self._lock:
            inode = self._open[_key(status)]
            self._bytes += status.st_size - inode.size
            inode.size = status.st_size
            inode.handles -= 1
            if inode.handles == 0:
                del self._open[_key(status)]
                if inode.unlinked:
                    self._bytes -= inode.size

    def resize(self, status: os.stat_result, size: int, *, shrink: bool = False) -> None:
        """An open file is about to be `size` bytes long; without `shrink` it only ever grows.

        Raises OSError EDQUOT.
        """
        if not self.enabled:
            return
        with self._lock:
            inode = self._open[_key(status)]
            growth = size - inode.size
            if growth > 0:
                self._require_bytes(growth)
            elif not shrink:
                return
            self._bytes += growth
            inode.size = size

    def reserve_entry(self) -> None:
        """An entry is about to be made. Raises OSError EDQUOT."""
        if not self.enabled:
            return
        with self._lock:
            self._ensure_measured()
            quota = self.quota_files
            if quota is not None and self._files + 1 > quota and self._still_exceeded(files=1):
                raise file_error(errno.EDQUOT, detail=f"file quota exceeded (quota_files={quota})")
            self._files += 1

    def release_entry(self) -> None:
        """The reserved entry was not made after all."""
        if not self.enabled:
            return
        with self._lock:
            self._files -= 1

    def removed(self, status: os.stat_result, *, regular_file: bool) -> None:
        """An entry is gone."""
        if not self.enabled:
            return
        with self._lock:
            if self._measured_at is None:
                return
            self._files -= 1
            if not regular_file or status.st_nlink > 1:
                return
            inode = self._open.get(_key(status))
            if inode is not None:
                inode.unlinked = True
            else:
                self._bytes -= status.st_size

    def _require_bytes(self, growth: int) -> None:
        quota = self.quota_bytes
        if quota is not None and self._bytes + growth > quota and self._still_exceeded(size=growth):
            raise file_error(errno.EDQUOT, detail=f"disk quota exceeded (quota_bytes={quota})")

    def _still_exceeded(self, *, size: int = 0, files: int = 0) -> bool:
        """Measures again when that was not done lately; true when the quota is exceeded all the same."""
        if self._measured_at is not None and time.monotonic() - self._measured_at > _REMEASURE_SECONDS:
            self._remeasure()
        return (self.quota_bytes is not None and size > 0 and self._bytes + size > self.quota_bytes) or (
            self.quota_files is not None and files > 0 and self._files + files > self.quota_files
        )

    def _ensure_measured(self) -> None:
        if self._measured_at is None:
            self._remeasure()

    def _remeasure(self) -> None:
        self._bytes, self._files = self._measure()
        self._bytes += sum(inode.size for inode in self._open.values() if inode.unlinked)
        self._measured_at = time.monotonic()


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
