"""A memory cgroup for each sandbox, where a cgroup v2 has been delegated to the host.

The kernel then counts what nothing else here counts: buffers of sockets and pipes, page tables, file cache. The
host's own cgroup cannot have children with controllers while the host is in it, so a delegation is found in one of
two places: in that cgroup, when its memory controller is already passed on, or in its parent (systemd's
`Delegate=yes` with `DelegateSubgroup=`). Everybody else has RLIMIT_DATA and the watchdog. Where the pids controller is
delegated as well, it counts threads.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from . import linux
from .settings import THREADS_LIMIT

MOUNT: Final = Path("/sys/fs/cgroup")
KERNEL_SLACK_BYTES: Final = 64 * 1024 * 1024
"""Above the limit of a sandbox, which counts its anonymous memory only."""


class Cgroups:
    """A directory of ours with one cgroup for the launcher and one for each sandbox."""

    def __init__(self, directory: int) -> None:
        self._directory = directory

    @classmethod
    def find(cls, own: str, *, mount: Path = MOUNT, launcher_pid: int | None = None) -> Cgroups | None:
        """Ours, made in a delegated cgroup; None where there is none. `own` is the text of /proc/self/cgroup.

        Has to be called while the mount can still be reached.
        """
        paths = [line[3:].strip("/") for line in own.splitlines() if line.startswith("0::")]
        if not paths or not (mount / "cgroup.controllers").is_file():
            return None
        here = mount / paths[0]
        for candidate in (here, here.parent):
            if candidate.is_relative_to(mount) and _passes_memory_on(candidate):
                with contextlib.suppress(OSError):  # not delegated to this user
                    return cls._make(candidate, launcher_pid or os.getpid())
        return None

    @classmethod
    def _make(cls, parent: Path, launcher_pid: int) -> Cgroups:
        remove_stale(parent)
        ours = parent / f"isolatejs-{launcher_pid}"
        (ours / "launcher").mkdir(parents=True)
        # Who starts a process in a cgroup needs rights on what its own and that one have in common.
        (ours / "launcher" / "cgroup.procs").write_text(str(launcher_pid))
        (ours / "cgroup.subtree_control").write_text("+memory")
        for directory in (parent, ours):  # as well, where it is delegated: the number of threads
            with contextlib.suppress(OSError):
                (directory / "cgroup.subtree_control").write_text("+pids")
        return cls(os.open(ours, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def work(self) -> bool:
        """Whether a process can be started in a cgroup of ours, tried with one."""
        try:
            cgroup = self.make("trial")
            pid, pidfd = linux.clone_into(0, cgroup)
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            os.close(pidfd)
            os.close(cgroup)
            self.limit("trial", 0)
            self.remove("trial")
        except OSError:
            return False
        return True

    def make(self, id: str) -> int:
        """A cgroup for one sandbox, as an open directory to clone into."""
        os.mkdir(id, dir_fd=self._directory)
        self._write(id, "memory.oom.group", "1")
        with contextlib.suppress(FileNotFoundError, PermissionError):  # without the pids controller
            self._write(id, "pids.max", str(THREADS_LIMIT))
        return os.open(id, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._directory)

    def limit(self, id: str, anonymous_limit_bytes: int) -> None:
        """Bound all memory of a sandbox."""
        self._write(id, "memory.max", str(anonymous_limit_bytes + KERNEL_SLACK_BYTES))
        with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
            self._write(id, "memory.swap.max", "0")

    def remove(self, id: str) -> bool:
        """Remove the cgroup of a dead sandbox; True when the kernel had killed it for its memory."""
        events: list[str] = []
        with contextlib.suppress(OSError):  # never made, or the launcher has no descriptor left
            events = self._read(id, "memory.events").split()
        with contextlib.suppress(OSError):  # a dying task may still be in it; the next launcher tidies up
            os.rmdir(id, dir_fd=self._directory)
        return "oom_kill" in events and events[events.index("oom_kill") + 1] != "0"

    def _write(self, id: str, name: str, value: str) -> None:
        descriptor = os.open(f"{id}/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._directory)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)

    def _read(self, id: str, name: str) -> str:
        descriptor = os.open(f"{id}/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._directory)
        with os.fdopen(descriptor) as file:
            return file.read()


def _passes_memory_on(candidate: Path) -> bool:
    try:
        if "memory" in (candidate / "cgroup.subtree_control").read_text().split():
            return os.access(candidate, os.W_OK)
        (candidate / "cgroup.subtree_control").write_text("+memory")
    except OSError:  # no rights, no such controller, or processes in it
        return False
    return True


def remove_stale(parent: Path) -> None:
    """Remove the empty cgroups of launchers that are gone. A cgroup with processes cannot be removed."""
    for left in parent.glob("isolatejs-*"):
        for directory in (*left.glob("*/"), left):
            with contextlib.suppress(OSError):
                directory.rmdir()
