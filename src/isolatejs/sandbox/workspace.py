"""The directory of a leased engine: the host writes files there, the engine only reads them.

Its descriptor arrives on the engine's channel before the engine itself runs, so it needs no help of a daemon.
All work is blocking: call it in a thread.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import socket
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from isolatejs.errors import SandboxStartError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEAD: Final = struct.Struct("!H")
"""Before the path of the directory, as the engine sees it."""


def send_workspace(channel: socket.socket, directory: int, path: str) -> None:
    """What the engine's side of the channel says first."""
    name = path.encode()
    socket.send_fds(channel, [HEAD.pack(len(name)) + name], [directory])


def receive_workspace(channel: socket.socket) -> Workspace:
    """Take the directory from a channel on which nothing has been read. Raises SandboxStartError."""
    try:
        head, descriptors, _, _ = socket.recv_fds(channel, HEAD.size, 1)
        (length,) = HEAD.unpack(head)
        path = channel.recv(length).decode()
    except (OSError, struct.error) as error:
        raise SandboxStartError(f"an engine ended before it told where its directory is: {error}") from error
    if not descriptors:
        raise SandboxStartError("an engine came without its directory: too many open files")
    return Workspace(descriptors[0], path)


@dataclass
class Workspace:
    """An open directory, and its path as the engine sees it. Names are relative and checked by the caller."""

    descriptor: int
    path: str

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, and the directories that they need. Raises OSError.

        A file is left out when a directory has its name, or a file that of one of its directories.
        """
        made: set[str] = set()
        with self._as_owner():
            for name, content in files.items():
                with contextlib.suppress(IsADirectoryError, NotADirectoryError):
                    self._make_directory(posixpath.dirname(name), made)
                    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                    with os.fdopen(os.open(name, flags, 0o644, dir_fd=self.descriptor), "wb") as file:
                        file.write(content)

    def link(self, links: Mapping[str, str]) -> None:
        """Make symbolic links: name -> where it leads. What is there already stays. Raises OSError."""
        made: set[str] = set()
        with self._as_owner():
            for name, target in links.items():
                self._make_directory(posixpath.dirname(name), made)
                with contextlib.suppress(FileExistsError):
                    os.symlink(target, name, dir_fd=self.descriptor)

    def make_directory(self, name: str) -> None:
        """Create a directory and those above it. Raises OSError."""
        with self._as_owner():
            self._make_directory(name, set())

    def remove(self, name: str) -> None:
        """Remove a directory with all that is in it."""
        with self._as_owner(), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(name, dir_fd=self.descriptor)

    def close(self) -> None:
        """Close the descriptor. Idempotent."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _make_directory(self, name: str, made: set[str]) -> None:
        if not name or name in made:
            return
        made.add(name)
        self._make_directory(posixpath.dirname(name), made)
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=self.descriptor)

    @contextlib.contextmanager
    def _as_owner(self) -> Iterator[None]:
        """Create files as the directory's owner: the only user that its file system knows."""
        owner = os.fstat(self.descriptor)
        if sys.platform != "linux" or owner.st_uid == os.geteuid() or os.geteuid() != 0:
            yield
            return
        from .launcher import linux  # Linux only, like the places that need it

        with linux.file_ids(owner.st_uid, owner.st_gid):
            yield
