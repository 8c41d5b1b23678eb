"""One running sandbox process as the launcher sees it: its stderr, its memory, its end."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

STDERR_KEPT_BYTES = 16 * 1024
STDERR_READ_BYTES = 64 * 1024
NEAR_LIMIT = 0.9
CRASH_CODES = frozenset({128 + 4, 128 + 5, 128 + 6, 128 + 11})
MEMORY_DEATHS = (
    b"ut of memory",
    b"heap limit",
    b"invalid size error",
    b"memory allocation of",
    b"llocation failed",
    b"Cannot allocate memory",
    b"bad_alloc",
    b"mmap error",
)
"""What V8, Rust and libc print when an allocation failed."""


@dataclass
class Process:
    """One sandbox, from its clone to its end."""

    id: str
    pid: int
    pidfd: int
    stderr: int
    report: socket.socket | None
    """Where the child says that its wall cannot be set up, None once it has started."""
    host_files: tuple[int, ...]
    """Descriptors that the host gets with `started`, then ()."""
    status: int
    """Its open /proc/PID/status."""
    probing: bool = False
    exec_listener: int = -1
    """Hears of its execs until the first one has passed."""
    alive: bool = True
    limit_bytes: int = 0
    """The limit that it was leased with, 0 for none; the next two are what usage is compared with."""
    anonymous_limit: int = 0
    mapped_limit: int = 0
    last_anonymous: int = 0
    parent: Process | None = None
    """Whose program started it through a nested host: what this one uses counts in that one's tree."""
    children: list[Process] = field(default_factory=list)
    tree_limit: int = 0
    """What this one and all below it may use together, 0 for no limit."""
    used: int = 0
    """What it used at the last look, without what its engine uses itself. Only counted in a tree."""
    tree_used: int = 0
    """The same of this one and all below it."""
    peak_bytes: int = 0
    over_limit: bool = False
    over_tree_limit: bool = False
    """Whether it was killed because of what its tree used together."""
    late: str = ""
    """Why it was killed for its time: it passed its `deadline`, or was `busy` for too long."""
    stderr_bytes: int = 0
    processor_ns: int = 0
    """Processor time that it had used at the last look of the watchdog."""
    headless: bool = False
    """The last look found no memory: its main thread has ended."""
    _exit_status: int = 0
    _tail: bytearray = field(default_factory=bytearray)

    def kill(self) -> None:
        """SIGKILL, also when it is gone already."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def fail(self, why: str) -> None:
        """Kill it for a reason of the launcher's, which stands at the end of what it wrote."""
        self._tail += f"\n{why}\n".encode()
        self.kill()

    def end_late(self, why: str) -> None:
        """Kill it: its time is over."""
        self.late = why
        self.kill()

    def read_stderr(self) -> bool:
        """Take what stderr holds, keep its end. False at its end."""
        try:
            data = os.read(self.stderr, STDERR_READ_BYTES)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.stderr_bytes += len(data)
        self._tail += data
        del self._tail[:-STDERR_KEPT_BYTES]
        return True

    def reap(self) -> bool:
        """Collect the process if it is dead."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.alive = False
        self._exit_status = os.waitstatus_to_exitcode(status)
        self.peak_bytes = self.peak_bytes or usage.ru_maxrss * 1024
        return True

    def describe_end(self) -> dict[str, Any]:
        """The `exited` packet of a process that was reaped."""
        for _ in range(4):  # what is left in the pipe; a pipe holds less than this
            if not self.read_stderr():
                break
        code = self._exit_status
        return {
            "op": "exited",
            "id": self.id,
            "reason": self._reason(code),
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "stderr_tail": printable(self._tail.decode("utf-8", "replace")),
            "peak": self.peak_bytes,
            "detail": "tree" if self.over_tree_limit else self.late,
        }

    def close(self) -> None:
        """Close the launcher's descriptors of this process."""
        for descriptor in (self.pidfd, self.stderr, self.status, *self.host_files):
            os.close(descriptor)
        self.host_files = ()
        if self.report is not None:
            self.report.close()
            self.report = None
        self.close_exec_listener()

    def close_exec_listener(self) -> None:
        """From now on the kernel refuses every exec."""
        if self.exec_listener >= 0:
            os.close(self.exec_listener)
            self.exec_listener = -1

    def _reason(self, code: int) -> str:
        if self.over_limit:
            return "memory"
        if self.late and code == -signal.SIGKILL:
            return "deadline"
        if code == -signal.SIGKILL:
            return "killed"
        if code >= 0 and code not in CRASH_CODES:
            return "exited"
        if self.limit_bytes and any(text in self._tail for text in MEMORY_DEATHS):
            return "memory"
        if self.limit_bytes and self.last_anonymous > NEAR_LIMIT * self.anonymous_limit:
            return "memory"  # an allocation failed where nobody could say so
        return "crashed"


def printable(text: str) -> str:
    """The text without control characters: it ends up in error messages, and those on terminals."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text
    )
