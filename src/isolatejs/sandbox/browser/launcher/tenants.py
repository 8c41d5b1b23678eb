"""One running tenant as the launcher sees it: its processes, what they use together, its end."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, field
from typing import Any, Final

from ...launcher.processes import printable

ERRORS_KEPT_BYTES: Final = 16 * 1024
_STATUS_BYTES: Final = 4096
"""More than /proc/PID/status has before its memory lines end."""


@dataclass
class Tenant:
    """From the clone of its init to its end."""

    id: str
    pid: int
    pidfd: int
    report: int
    channel: int
    """The host's end of the driver's stdin and stdout, until the host has it; then -1."""
    memory_limit_bytes: int
    own: tuple[int, ...] = ()
    """Once it runs: its /tmp, its /proc, its file of errors."""
    peak_bytes: int = 0
    over_limit: bool = False
    due: float = 0.0
    """When it is looked at next."""
    interval: float = 0.0
    last_bytes: int = 0
    _status: int = 0
    _closed: bool = field(default=False)

    def kill(self) -> None:
        """Kill the init and with it every process of its namespace, also when it is gone already."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> bool:
        """Collect the init if it is dead. The kernel lets it die only after the whole tree."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self._status = os.waitstatus_to_exitcode(status)
        return True

    def used_bytes(self) -> int:
        """Anonymous memory of all processes, and what their tmpfs holds or they share."""
        if not self.own:
            return 0
        files, processes, _ = self.own
        anonymous = shared = 0
        for name in os.listdir(processes):  # noqa: PTH208 (a descriptor has no path)
            if name.isdecimal():
                of_process = _memory_of(name, processes)
                anonymous += of_process[0]
                shared += of_process[1]
        space = os.fstatvfs(files)
        stored = (space.f_blocks - space.f_bfree) * space.f_frsize
        # Pages of the tmpfs that are mapped are in both.
        return anonymous + max(shared, stored)

    def describe_end(self) -> dict[str, Any]:
        """The `exited` packet of a tenant that was reaped."""
        code = self._status
        reason = "memory" if self.over_limit else "killed" if code == -signal.SIGKILL else "exited"
        return {
            "op": "exited",
            "id": self.id,
            "reason": reason,
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "stderr_tail": self._errors(),
            "peak": self.peak_bytes,
        }

    def _errors(self) -> str:
        if not self.own:
            return ""
        size = os.fstat(self.own[2]).st_size
        tail = os.pread(self.own[2], ERRORS_KEPT_BYTES, max(0, size - ERRORS_KEPT_BYTES))
        return printable(tail.decode("utf-8", "replace"))

    def close(self) -> None:
        """Close the launcher's descriptors of this tenant. The first of them keeps its tmpfs."""
        if self._closed:
            return
        self._closed = True
        for descriptor in (self.pidfd, self.report, self.channel, *self.own):
            if descriptor >= 0:
                os.close(descriptor)


def _memory_of(name: str, processes: int) -> tuple[int, int]:
    """Anonymous and shared resident bytes of one process; zeros when it has ended."""
    try:
        descriptor = os.open(f"{name}/status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=processes)
    except OSError:
        return 0, 0
    try:
        text = os.read(descriptor, _STATUS_BYTES)
    except OSError:
        return 0, 0
    finally:
        os.close(descriptor)
    return _field(text, b"RssAnon:"), _field(text, b"RssShmem:")


def _field(text: bytes, name: bytes) -> int:
    """A line `Name:  123 kB` in bytes. A process chooses its name, but not with a newline in this file."""
    at = text.find(b"\n" + name)
    if at < 0:
        return 0
    return int(text[at + len(name) + 1 : text.index(b"kB", at)]) * 1024
