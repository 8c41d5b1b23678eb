"""Walks over a whole directory of the host by descriptors, never following a link."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Removed = Callable[[os.stat_result, bool], None]

_OPEN_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class TreeMeasure:
    """Bytes of regular files, entries, and levels below a directory."""

    bytes: int = 0
    entries: int = 0
    depth: int = 0


def measure_tree(dir_fd: int) -> TreeMeasure:
    """Measures what is below the directory; entries that vanish meanwhile do not count."""
    measure = TreeMeasure()
    _measure_into(measure, os.open(".", _OPEN_DIRECTORY, dir_fd=dir_fd), 0)
    return measure


def _measure_into(measure: TreeMeasure, root_fd: int, depth: int) -> None:
    stack: list[tuple[int, list[str]]] = []

    def enter(fd: int) -> None:
        directories: list[str] = []
        stack.append((fd, directories))
        with os.scandir(fd) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                measure.entries += 1
                measure.depth = max(measure.depth, depth + len(stack))
                if stat.S_ISDIR(status.st_mode):
                    directories.append(entry.name)
                elif stat.S_ISREG(status.st_mode):
                    measure.bytes += status.st_size

    try:
        enter(root_fd)
        while stack:
            fd, directories = stack[-1]
            if not directories:
                stack.pop()
                os.close(fd)
                continue
            try:
                child = os.open(directories.pop(), _OPEN_DIRECTORY, dir_fd=fd)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
            enter(child)
    finally:
        for fd, _ in stack:
            os.close(fd)


def remove_tree_at(parent_fd: int, name: str, removed: Removed) -> None:
    """Removes the entry, and all below it when it is a directory; `removed` hears of each.

    Raises OSError when something cannot be removed; part of the tree may be gone then.
    """
    stack: list[tuple[int, str, int]] = []

    def remove_or_enter(dir_fd: int, entry: str) -> None:
        status = os.stat(entry, dir_fd=dir_fd, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            stack.append((dir_fd, entry, os.open(entry, _OPEN_DIRECTORY, dir_fd=dir_fd)))
        else:
            os.unlink(entry, dir_fd=dir_fd)
            removed(status, stat.S_ISREG(status.st_mode))

    try:
        remove_or_enter(parent_fd, name)
        while stack:
            dir_fd, entry, fd = stack[-1]
            names = os.listdir(fd)  # noqa: PTH208  pathlib knows no descriptors
            depth = len(stack)
            for child in names:
                remove_or_enter(fd, child)
                if len(stack) > depth:
                    break
            else:
                status = os.fstat(fd)
                stack.pop()
                os.close(fd)
                os.rmdir(entry, dir_fd=dir_fd)
                removed(status, False)
    finally:
        for _, _, fd in stack:
            os.close(fd)
