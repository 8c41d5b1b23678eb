"""A real daemon in a process of its own, for tests: started, asked, killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE_S = 30.0


class DaemonProcess:
    """A daemon that was started by hand."""

    def __init__(self, process: subprocess.Popen[bytes], socket_path: str) -> None:
        self.process = process
        self.socket_path = socket_path

    @property
    def options(self) -> dict[str, object]:
        """What a host is given to use it, and no other."""
        return {"socket_path": self.socket_path, "auto_start": False}

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """A temporary directory whose path leaves room for a socket's name."""
    directory = Path(tempfile.mkdtemp(prefix="ijs-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running_daemon(*options: str, socket_path: str | None = None) -> Iterator[DaemonProcess]:
    """A daemon that listens; afterwards it is gone."""
    with short_directory() as directory:
        path = socket_path or str(directory / "d.sock")
        command = [sys.executable, "-m", "isolatejs.cli.daemon_command", "--socket", path, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            wait_until(lambda: Path(path).exists() or process.poll() is not None, "the daemon listens")
            assert process.poll() is None, f"the daemon ended with {process.returncode}"
            yield DaemonProcess(process, path)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until it is so. For what another process does, which nothing tells of."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"still not after {PATIENCE_S:g} s: {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> list[int]:
    """Processes below a process, at any depth."""
    found: list[int] = []
    waiting = [pid]
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry))
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def open_descriptors(pid: int | str = "self") -> int:
    """How many descriptors a process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))
