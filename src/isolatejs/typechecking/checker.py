"""A warm checker: keeps one language server alive, gives it a program at a time, restarts it when needed."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.errors import ConfigurationError
from isolatejs.sandbox.engine import find_engine
from isolatejs.typechecking.language_server import LanguageServer, ServerGoneError
from isolatejs.typechecking.scopes import ScopeConfig, write_scope
from isolatejs.typechecking.source_files import well_formed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isolatejs.typechecking.source_files import SourceFile

SCOPES_LIMIT: Final = 32
"""Configurations that one server holds, 5-10 MB each; then it is started again."""
RESIDENT_LIMIT_BYTES: Final = 768 * 1024 * 1024
"""A server that has grown past this is started again before the next check."""
CHECKERS_LIMIT: Final = 3
"""Servers of one process: one for everything without packages, and one for each folder of packages."""

_FOLDER_PREFIX: Final = "isolatejs-check-"
_REFERENCE: Final = re.compile(r"(///\s*<)reference(?=\s)", re.IGNORECASE)
"""A directive that would load a file or another library into the check."""


@dataclass(frozen=True)
class FileReport:
    """What the server says about one file, untranslated. `items` is None when it failed on this input."""

    file: SourceFile
    items: list[dict[str, Any]] | None


@dataclass
class Checker:
    """One server and its folder. Thread-safe: checks wait for each other."""

    readable: tuple[str, ...] = ()
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _server: LanguageServer | None = None
    _folder: Path | None = None
    _owner: int = 0
    _scopes: dict[str, Path] = field(default_factory=dict)
    _versions: int = 0

    def check(
        self,
        config: ScopeConfig,
        files: Sequence[SourceFile],
        report: Sequence[SourceFile],
        timeout_ms: float,
    ) -> list[FileReport]:
        """Diagnostics of the files in `report`, with all of `files` present.

        Raises ServerGoneError when the server dies of this input or does not answer in time.
        """
        deadline = time.monotonic() + timeout_ms / 1000
        if not self._lock.acquire(timeout=timeout_ms / 1000):
            raise ServerGoneError("the checker is busy", timed_out=True)
        try:
            return self._check(config, files, report, deadline)
        except ServerGoneError:
            self._stop()
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the server and remove its folder."""
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return None if self._server is None else self._server.pid

    def _check(
        self, config: ScopeConfig, files: Sequence[SourceFile], report: Sequence[SourceFile], deadline: float
    ) -> list[FileReport]:
        server = self._running()
        root = self._scope(server, config, deadline) / "root"
        opened: list[Path] = []
        try:
            for file in files:
                _write(file, root)  # all of them before the first is opened: that one may import the others
            for file in reversed(files):
                if not file.is_asset:
                    self._open(server, file, root, opened, deadline)
            return [
                FileReport(file, self._diagnostics(server, file.location(root), deadline)) for file in report
            ]
        finally:
            self._forget(server, root, opened, deadline)

    def _running(self) -> LanguageServer:
        if self._server is not None and self._owner != os.getpid():  # a fork has copied it
            self._server.abandon()
            self._server = self._folder = None
            self._scopes.clear()
        if self._server is not None and (
            self._server.has_ended
            or len(self._scopes) >= SCOPES_LIMIT
            or _resident_bytes(self._server.pid) > RESIDENT_LIMIT_BYTES
        ):
            self._stop()
        if self._server is None:
            _remove_abandoned_folders()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-")).resolve()
            (self._folder / "deno.json").write_text("{}")
            self._owner = os.getpid()
            self._server = LanguageServer(find_engine(), self._folder, self.readable)
        return self._server

    def _scope(self, server: LanguageServer, config: ScopeConfig, deadline: float) -> Path:
        assert self._folder is not None
        known = self._scopes.get(config.key)
        if known is not None:
            return known
        folder = self._folder / f"scope-{config.key}"
        shutil.rmtree(folder, ignore_errors=True)
        write_scope(folder, config)
        change = {"uri": (folder / "deno.json").as_uri(), "type": 1}
        server.notify("workspace/didChangeWatchedFiles", {"changes": [change]}, deadline)
        self._scopes[config.key] = folder
        return folder

    def _open(
        self, server: LanguageServer, file: SourceFile, root: Path, opened: list[Path], deadline: float
    ) -> None:
        location = file.location(root)
        self._versions += 1
        document = {
            "uri": location.as_uri(),
            "languageId": file.language,
            "version": self._versions,
            "text": _as_checked(file),
        }
        opened.append(location)
        server.notify("textDocument/didOpen", {"textDocument": document}, deadline)

    def _diagnostics(
        self, server: LanguageServer, location: Path, deadline: float
    ) -> list[dict[str, Any]] | None:
        parameters = {"textDocument": {"uri": location.as_uri()}}
        answer = server.request("textDocument/diagnostic", parameters, deadline)
        return None if answer is None else list(answer["items"])

    def _forget(self, server: LanguageServer, root: Path, opened: list[Path], deadline: float) -> None:
        """Leave nothing of one program behind for the next."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True, exist_ok=True)
        if server.has_ended:
            return
        with contextlib.suppress(ServerGoneError):  # the next check finds out and starts another
            for location in opened:
                document = {"textDocument": {"uri": location.as_uri()}}
                server.notify("textDocument/didClose", document, max(deadline, time.monotonic() + 1))

    def _stop(self) -> None:
        if self._server is not None and self._owner == os.getpid():
            self._server.close()
        if self._folder is not None and self._owner == os.getpid():
            shutil.rmtree(self._folder, ignore_errors=True)
        self._server = self._folder = None
        self._scopes.clear()


def _write(file: SourceFile, root: Path) -> None:
    if not file.belongs_on_disk:
        return
    location = file.location(root)
    try:
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_text(_as_checked(file), encoding="utf-8")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return  # `/a.ts` beside `/a.ts/b.ts`: both are still opened, and found by their full names


def _as_checked(file: SourceFile) -> str:
    """The text for the checker; every position in it is that of the program's own."""
    return _REFERENCE.sub(r"\1xeference", well_formed(file.text))


def _remove_abandoned_folders() -> None:
    """Remove what processes of this user left behind that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]
        try:
            abandoned = folder.stat().st_uid == os.getuid() and owner.isdigit() and not _is_alive(int(owner))
        except FileNotFoundError:
            continue  # its owner has just removed it
        if abandoned:
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0  # ended, or no procfs: nothing to bound
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


_checkers: dict[tuple[str, ...], Checker] = {}
_checkers_lock = threading.Lock()


def shared_checker(readable: tuple[str, ...] = ()) -> Checker:
    """The process-wide checker that may read these folders. Raises ConfigurationError on Windows."""
    if sys.platform == "win32":
        raise ConfigurationError(
            "typecheck: the checker needs Linux or macOS; on Windows, run it inside WSL 2"
        )
    with _checkers_lock:
        found = _checkers.pop(readable, None) or Checker(readable)
        _checkers[readable] = found
        surplus = [key for key in _checkers if key][: max(len(_checkers) - CHECKERS_LIMIT, 0)]
        closing = [_checkers.pop(key) for key in surplus]
    for checker in closing:
        checker.close()
    return found


def close_checkers() -> None:
    """End every checker process of this process; the next check starts one again."""
    with _checkers_lock:
        closing = list(_checkers.values())
        _checkers.clear()
    for checker in closing:
        checker.close()


atexit.register(close_checkers)
