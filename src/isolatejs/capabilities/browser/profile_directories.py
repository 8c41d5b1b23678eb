"""Real directories for browsers with a persistent profile: temporary, and removed also after a crash of the host.

Each is locked by the process that made it. A lock ends with its process, so a directory whose lock is free was left
behind by one that was killed.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from isolatejs.limits import BROWSER_CONTEXT_CLOSE_MS, BROWSER_FILE_LIMIT_BYTES
from isolatejs.web.program_log import program_logger

if sys.platform != "win32":
    import fcntl

_PREFIX: Final = "isolatejs-profile-"
_LEVEL_DB: Final = r"(?:CURRENT|MANIFEST-\d{1,10}|\d{1,10}\.(?:ldb|log|sst))"
_KEPT: Final = re.compile(
    r"Default/(?:(?:Network/)?Cookies(?:-journal)?"
    rf"|Local Storage/leveldb/{_LEVEL_DB}"
    rf"|IndexedDB/[\w.@\[\]-]{{1,200}}\.indexeddb\.leveldb/{_LEVEL_DB}"
    r"|IndexedDB/[\w.@\[\]-]{1,200}\.indexeddb\.blob/[0-9a-f]{1,8}/[0-9a-f]{1,8}/[0-9a-f]{1,16})",
    re.ASCII,
)
"""All of a profile that is kept: cookies, local storage and IndexedDB. Everything else tells the browser what to do
(Preferences, Sessions, Local State, extensions, service workers, certificates), and a program can write to it."""
_POLL_S: Final = 0.02
_REMOVALS: Final = 50
_logger = program_logger("isolatejs.browser")


def is_kept(name: str) -> bool:
    """Whether a file of a profile, by its relative path, is one that is kept and laid out."""
    return _KEPT.fullmatch(name) is not None


class ProfileDirectory:
    """A directory for one browser. Blocking: made, filled and removed in a thread."""

    def __init__(self) -> None:
        """Make one. What killed processes left behind is removed first."""
        _remove_abandoned()
        made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
        self._lock = _locked(made)
        # Only now under the name that others look at: they never find it without its lock.
        self.path = made.with_name(made.name.removeprefix("."))
        made.rename(self.path)

    def write(self, name: str, data: bytes) -> None:
        """Lay out one file. Raises ValueError for a name that is not kept, OSError when it cannot be written."""
        if not is_kept(name):
            raise ValueError("not a file of a profile that is kept")
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def files(self) -> list[Path]:
        """The files to keep, in the order of their names."""
        return sorted(
            file
            for file in self.path.rglob("*")
            if is_kept(file.relative_to(self.path).as_posix()) and _is_plain(file)
        )

    def kill_browser(self) -> None:
        """End the browser that has the directory. Blocking."""
        for pid in _browsers_of(self.path):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    async def wait_browser_gone(self) -> None:
        """Wait until the browser's processes have ended: the last thing that they do is write."""
        pids = await asyncio.to_thread(_browsers_of, self.path)
        deadline = time.monotonic() + BROWSER_CONTEXT_CLOSE_MS / 1000
        while time.monotonic() < deadline and any(_is_alive(pid) for pid in pids):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)

    def remove(self) -> None:
        """Remove it, though the last of a browser's processes may still be writing there."""
        for _ in range(_REMOVALS):
            shutil.rmtree(self.path, ignore_errors=True)
            if not self.path.exists():
                break
            time.sleep(_POLL_S)
        else:
            _logger.warning("a browser profile's temporary directory could not be removed")
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _is_plain(file: Path) -> bool:
    try:
        return not file.is_symlink() and file.is_file() and file.stat().st_size <= BROWSER_FILE_LIMIT_BYTES
    except FileNotFoundError:
        return False  # a temporary file of the browser


def _locked(directory: Path) -> int | None:
    """A descriptor that holds the directory's lock, None when somebody else does. Windows has none."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned() -> None:
    """Remove directories of this user whose process was killed, once their browser has ended, too."""
    if sys.platform == "win32":
        return
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else removes it, or owns it
            if directory.stat().st_uid != os.getuid():
                continue
            lock = _locked(directory)
            if lock is None:
                continue
            try:
                if not any(_is_alive(pid) for pid in _browsers_of(directory)):
                    shutil.rmtree(directory, ignore_errors=True)
            finally:
                os.close(lock)


def _browsers_of(directory: Path) -> set[int]:
    """Processes that have the directory: the one that its lock names, and by their command lines."""
    found = set()
    with suppress(OSError, ValueError):
        found.add(int((directory / "SingletonLock").readlink().name.rpartition("-")[2]))
    argument = f"--user-data-dir={directory}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if argument in (process / "cmdline").read_bytes().split(b"\0"):
                found.add(int(process.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
