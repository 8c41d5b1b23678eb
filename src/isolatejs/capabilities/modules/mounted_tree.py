"""Reads a directory of the host without ever leaving it.

A path is opened first, following links, as a mere location (O_PATH: no read, no effect on a device or FIFO).
Then the kernel is asked where that open file really is. Only a file that really lies beneath the root is
read, through the descriptor that was checked. There is no moment between check and use.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_SOURCE_LIMIT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_LOCATION = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Version:
    """Which content a file had: the key under which it can be cached."""

    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Located:
    """An entry of the tree at its real place, relative to the root ("" is the root)."""

    place: str
    is_directory: bool
    version: Version


class OutsideError(Exception):
    """A path leads out of its mount, or to something that is neither file nor directory."""


class MountedTree:
    """A directory of the host, read-only. Relative paths are normal: no `.`, `..` or empty part."""

    def __init__(self, root: Path) -> None:
        if sys.platform != "linux":  # only its /proc says where an open file really is
            raise ConfigurationError(
                f"mount_node_modules: a directory ({str(root)!r}) can be mounted on Linux only"
            )
        real = root.resolve()
        if not real.is_dir():
            raise ConfigurationError(f"mount_node_modules: {root} is not a directory")
        self._root = str(real)
        self._prefix = self._root.rstrip("/") + "/"

    @property
    def root(self) -> str:
        """The real directory of the host."""
        return self._root

    def locate(self, relative: str) -> Located | None:
        """Where an entry really is, links followed; None when there is none. Raises OutsideError."""
        descriptor = self._open(relative)
        if descriptor is None:
            return None
        try:
            return self._describe(descriptor)
        finally:
            os.close(descriptor)

    def read(self, relative: str) -> tuple[Located, bytes] | None:
        """A file with its content; None when there is no such file. Raises OutsideError."""
        descriptor = self._open(relative)
        if descriptor is None:
            return None
        try:
            located = self._describe(descriptor)
            if located.is_directory:
                return None
            if located.version.size > MODULE_SOURCE_LIMIT_BYTES:
                raise OutsideError(f"{located.version.size} bytes are more than {MODULE_SOURCE_LIMIT_BYTES}")
            readable = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
            with open(readable, "rb", buffering=0) as file:  # noqa: PTH123  (a descriptor)
                return located, file.read(MODULE_SOURCE_LIMIT_BYTES)
        finally:
            os.close(descriptor)

    def _open(self, relative: str) -> int | None:
        if "\0" in relative:
            return None
        try:
            return os.open(self._prefix + relative, _LOCATION)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except OSError:
            return None  # ELOOP, ENAMETOOLONG: there is no such module

    def _describe(self, descriptor: int) -> Located:
        real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  (where it really is)
        if real == self._root:
            place = ""
        elif real.startswith(self._prefix):
            place = real[len(self._prefix) :]
        else:
            raise OutsideError("it leads out of its mount")
        status = os.fstat(descriptor)
        is_directory = stat.S_ISDIR(status.st_mode)
        if not is_directory and not stat.S_ISREG(status.st_mode):
            raise OutsideError("it is neither a file nor a directory")
        return Located(
            place, is_directory, Version(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        )
