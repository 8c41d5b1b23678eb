"""What is told about a file: its kind, its size, its times."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

FileKind = Literal["file", "directory", "symlink", "fifo", "socket", "character", "block", "unknown"]

_KINDS: dict[int, FileKind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character",
    stat.S_IFBLK: "block",
}
KINDS: frozenset[str] = frozenset(get_args(FileKind))


def kind_of_mode(mode: int) -> FileKind:
    """The kind that a `st_mode` tells."""
    return _KINDS.get(stat.S_IFMT(mode), "unknown")


@dataclass(frozen=True)
class FileStat:
    """State of an entry. Times are in nanoseconds since 1970, `mode` holds permission bits only."""

    kind: FileKind
    size: int = 0
    mtime_ns: int = 0
    atime_ns: int = 0
    ctime_ns: int = 0
    birthtime_ns: int = 0
    mode: int = 0o644
    inode: int = 0
    links: int = 1
    blocks: int = 0

    @property
    def version(self) -> str:
        """Changes when the content does: what a File object remembers to notice a changed file."""
        return f"{self.inode:x}.{self.mtime_ns:x}.{self.size:x}"


class DirectoryEntry(str):
    """The name of an entry, with its `kind` (None when only the name is known)."""

    __slots__ = ("kind",)
    kind: FileKind | None

    def __new__(cls, name: str, kind: FileKind | None = None) -> DirectoryEntry:
        entry = super().__new__(cls, name)
        entry.kind = kind
        return entry


class _HasKind(Protocol):
    @property
    def kind(self) -> FileKind: ...


def stat_from_os(result: os.stat_result) -> FileStat:
    """A FileStat from the operating system's answer; user, group and device stay on the host."""
    return FileStat(
        kind=kind_of_mode(result.st_mode),
        size=result.st_size,
        mtime_ns=result.st_mtime_ns,
        atime_ns=result.st_atime_ns,
        ctime_ns=result.st_ctime_ns,
        birthtime_ns=getattr(result, "st_birthtime_ns", min(result.st_ctime_ns, result.st_mtime_ns)),
        mode=result.st_mode & 0o777,
        inode=result.st_ino,
        links=result.st_nlink,
        blocks=getattr(result, "st_blocks", 0),
    )


def stat_from_anything(answer: object) -> FileStat:
    """What an embedder's `stat` may return: FileStat, os.stat_result, or a mapping or object with `kind`
    ("file" or "directory"; `is_directory`, `type` are understood), `size`, and `mtime_ns` or `mtime` (s).

    Raises TypeError for anything else.
    """
    if isinstance(answer, FileStat):
        return answer
    if isinstance(answer, os.stat_result):
        return stat_from_os(answer)

    def field(*names: str) -> object:
        for name in names:
            value = answer.get(name) if isinstance(answer, Mapping) else getattr(answer, name, None)
            if value is not None:
                return value() if callable(value) else value
        return None

    kind = field("kind", "type")
    if kind is None:
        is_directory = field("is_directory", "is_dir", "isdir")
        kind = None if is_directory is None else ("directory" if is_directory else "file")
    if kind not in KINDS:
        raise TypeError(
            f"stat() has to return a FileStat, os.stat_result or a mapping with kind, not {answer!r}"
        )
    mtime_ns = field("mtime_ns")
    if mtime_ns is None:
        seconds = field("mtime", "modified")
        mtime_ns = int(seconds * 1e9) if isinstance(seconds, (int, float)) else 0
    size = field("size")
    if not isinstance(size, int) or not isinstance(mtime_ns, int):
        size, mtime_ns = (size if isinstance(size, int) else 0), 0
    return FileStat(
        kind=kind,  # type: ignore[arg-type]
        size=size,
        mtime_ns=mtime_ns,
        atime_ns=mtime_ns,
        ctime_ns=mtime_ns,
        birthtime_ns=mtime_ns,
        mode=0o755 if kind == "directory" else 0o644,
    )


def directory_stat(*, writable: bool) -> FileStat:
    """A directory that exists only as a way to a mount."""
    now = time.time_ns()
    return FileStat("directory", 0, now, now, now, now, mode=0o755 if writable else 0o555)
