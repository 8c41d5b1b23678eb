"""Opening below a directory, and nowhere else, with nothing but descriptors.

On Linux the kernel resolves the path (`openat2`). Elsewhere, and to learn where a link leads, `walk`
opens one component after another without following links, follows a link itself by pushing its target,
and answers `..` by going back to a descriptor that it holds: no name is ever looked up twice, so nothing
that another process swaps meanwhile leads out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from .file_errors import file_error
from .openat2 import has_openat2, openat2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .virtual_path import Parts

_LINKS_LIMIT: Final = 40
_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
_OPEN_DIRECTORY: Final = _O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Beneath:
    """A directory of the host, and the only way to reach what is below it. `close()` it once."""

    def __init__(self, root: str, *, use_openat2: bool | None = None) -> None:
        self._fd = os.open(root, _O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._use_openat2 = has_openat2() if use_openat2 is None else use_openat2
        self.device = os.fstat(self._fd).st_dev

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def open(self, parts: Parts, flags: int, mode: int = 0) -> int:
        """A descriptor of the entry; links that stay below the root are followed unless O_NOFOLLOW is given.

        Raises OSError: EACCES where the path leaves the root.
        """
        if self._fd < 0:
            raise file_error(errno.EBADF)
        if self._use_openat2:
            try:
                return openat2(self._fd, os.fsencode("/".join(parts)) or b".", flags, mode)
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise file_error(errno.EACCES) from error
                raise
        if not parts:
            return os.open(".", flags, dir_fd=self._fd)
        with self._walked(parts, follow=not flags & os.O_NOFOLLOW) as (parent, name, _):
            return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=parent)

    @contextlib.contextmanager
    def parent(self, parts: Parts, *, follow: bool) -> Iterator[tuple[int, str, Parts]]:
        """The directory that holds the entry, the entry's name in it, and its real components.

        With `follow`, links in the last place are followed, so that the name is no link (or does not
        exist) when this returns. The descriptor lives as long as the block. Raises OSError EBUSY for the
        root, which nothing below it holds.
        """
        if not parts:
            raise file_error(errno.EBUSY)
        if self._use_openat2 and not follow:
            fd = self.open(parts[:-1], _O_PATH | os.O_DIRECTORY)
            try:
                yield fd, parts[-1], parts
            finally:
                os.close(fd)
            return
        with self._walked(parts, follow=follow) as place:
            if not place[2]:
                raise file_error(errno.EBUSY)
            yield place

    def real_parts(self, parts: Parts) -> Parts:
        """The components of the path once its links are followed. The entry need not exist."""
        with self._walked(parts, follow=True) as (_, _, real):
            return real

    @contextlib.contextmanager
    def _walked(self, parts: Parts, *, follow: bool) -> Iterator[tuple[int, str, Parts]]:
        with contextlib.ExitStack() as stack:
            held, trail, name = self._walk(parts, follow, stack)
            yield held, name, trail if name == "." else (*trail, name)

    def _walk(self, parts: Parts, follow: bool, stack: contextlib.ExitStack) -> tuple[int, Parts, str]:
        """Walks to the parent of the last component: its descriptor, its real components, the last name.

        The name is "." when the path leads to the root itself.
        """
        if self._fd < 0:
            raise file_error(errno.EBADF)
        if not parts:
            return self._fd, (), "."
        held: list[int] = [self._fd]
        trail: list[str] = []
        todo = list(reversed(parts))
        links = 0
        while True:
            name = todo.pop() or "."
            if name == "..":
                if len(held) == 1:
                    raise file_error(errno.EACCES)
                held.pop()
                trail.pop()
                name = "."
            last = not todo
            if name == ".":
                if not last:
                    continue
                # The path ends in a directory we hold: name it from its own parent.
                if not trail:
                    return held[-1], (), "."
                held.pop()
                return held[-1], tuple(trail[:-1]), trail[-1]
            if last and not follow:
                return held[-1], tuple(trail), name
            target = _link_target(held[-1], name)
            if target is not None:
                links += 1
                if links > _LINKS_LIMIT:
                    raise file_error(errno.ELOOP)
                if target.startswith("/"):
                    raise file_error(errno.EACCES)
                todo.extend(reversed(target.split("/")))
                continue
            if last:
                return held[-1], tuple(trail), name
            fd = os.open(name, _OPEN_DIRECTORY, dir_fd=held[-1])
            stack.callback(os.close, fd)
            held.append(fd)
            trail.append(name)


def _link_target(dir_fd: int, name: str) -> str | None:
    """The target when the entry is a link, None when it is anything else or does not exist."""
    try:
        status = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return None
    return os.readlink(name, dir_fd=dir_fd)
