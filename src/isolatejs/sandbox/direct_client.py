"""Starts engines as plain child processes, where there is no launcher: on everything that is not Linux.

No namespaces, Landlock or seccomp: on macOS a Seatbelt profile (untested), else nothing. No watch over
memory, and a busy engine outlives a host that is killed. For development, not for strangers' programs.

An engine has a socket as stdin and stdout, and a FIFO for replies to synchronous calls. Windows (untested)
has neither: pipes there, with a relay to a socket, and synchronous calls are refused in the guest.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from isolatejs.errors import ConfinementError, SandboxStartError
from isolatejs.limits import STDERR_TAIL_BYTES

from .confinement import Layer
from .launcher.processes import printable
from .launcher.settings import ENVIRONMENT
from .launcher.wall import NAMESPACES, REQUIRED
from .pipe_relay import make_pair, relay
from .sandbox import KILL, ExitReport, Sandbox
from .seatbelt import seatbelt_command
from .workspace import send_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .launcher.settings import Settings

_IDS = itertools.count(1)
MEMORY_WATCHDOG = "memory watchdog"
TERMINATED_STATUS = 1
"""The exit status of a process that Popen has killed on Windows."""
CRASH_STATUS = 0x8000_0000
"""From here on, an exit status on Windows is an exception that nobody handled."""


class DirectClient:
    """Has the methods of LauncherClient that the pool uses."""

    def __init__(self, settings: Settings, directory: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._directory = directory
        self._settings = settings
        self._engines: dict[str, _Engine] = {}
        self._windows = sys.platform == "win32"
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.cached = False
        self.place = {"engine": settings.engine, "image": f"{Path(directory).as_posix()}/isolatejs"}
        reason = "confinement is off" if settings.confinement == "off" else "needs Linux"
        layers = [Layer(name, held=False, reason=reason) for name in NAMESPACES + REQUIRED]
        self.layers = (*layers, Layer(MEMORY_WATCHDOG, held=False, reason="needs Linux"))

    @classmethod
    async def start(cls, settings: Settings) -> DirectClient:
        """Get ready. Raises ConfinementError where the mode asks for a wall that is not to be had."""
        if sys.platform == "win32" and settings.confinement != "off":
            raise ConfinementError(
                f"confinement={settings.confinement!r}: there is no wall on Windows. Run the host inside WSL 2, "
                'or, for programs that you could as well run yourself, with confinement="off" (untested there)'
            )
        if settings.confinement == "require":
            raise ConfinementError(
                'confinement="require" needs Linux. For development on this system there is "best_effort" '
                '(on macOS an untested Seatbelt profile) or "off"'
            )
        return cls(settings, await asyncio.to_thread(_lay_out, settings))

    async def spawn(
        self,
        argv: list[str],
        *,
        memory_limit_bytes: int | None = None,
        files: Mapping[str, bytes] | None = None,
        one_shot: bool = False,
        workspace: bool = False,
    ) -> Sandbox:
        """Start an engine; with `workspace` in a directory that the host writes.

        Raises SandboxStartError when the system cannot.
        """
        if workspace and self._windows:
            raise SandboxStartError("a sandbox with a directory of its own needs Linux or macOS")
        identifier = str(next(_IDS))
        private = Path(self._directory) / identifier
        work = private / "work"
        work.mkdir(parents=True)
        for name, content in (files or {}).items():
            file = work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        command = argv[:1] + [_translate(item, private.as_posix()) for item in argv[1:]]
        if not one_shot and not workspace:
            command.append("--no-sync-replies" if self._windows else f"{private}/sync-replies")
        if sys.platform == "darwin" and self._settings.confinement != "off":
            command = [*seatbelt_command(self._settings.engine, self.place["image"], str(private)), *command]
        try:
            return self._start(identifier, command, private, one_shot=one_shot, workspace=workspace)
        except OSError as error:
            shutil.rmtree(private, ignore_errors=True)
            raise SandboxStartError(f"a sandbox cannot be started: {error}") from error

    def limit_memory(self, id: str, memory_limit_bytes: int) -> None:
        """Not to be had here."""

    async def close(self) -> None:
        """Kill every engine and remove what was laid out."""
        if not self.ended.done():
            self.ended.set_result(None)
        for engine in list(self._engines.values()):
            engine.send_signal(KILL)
        while self._engines:
            await asyncio.to_thread(next(iter(self._engines.values())).process.wait)
            await asyncio.sleep(0)  # lets the exit be reported
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(
        self, identifier: str, command: list[str], private: Path, *, one_shot: bool, workspace: bool
    ) -> Sandbox:
        cwd = str(private / "work") if one_shot or workspace else private.anchor
        sync_fd = None
        if self._windows:
            engine, ours = _start_on_pipes(command, cwd, private, one_shot=one_shot)
        else:
            os.mkfifo(private / "sync-replies")
            sync_fd = os.open(private / "sync-replies", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                engine, ours = _start_on_socket(command, cwd, one_shot=one_shot, workspace=workspace)
            except OSError:
                os.close(sync_fd)
                raise
        ours.setblocking(False)
        exited: asyncio.Future[ExitReport] = self._loop.create_future()
        self._engines[identifier] = engine

        def report(result: ExitReport) -> None:
            self._engines.pop(identifier, None)
            if not exited.done():
                exited.set_result(result)

        def watch() -> None:
            result = engine.wait()
            shutil.rmtree(private, ignore_errors=True)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(report, result)

        threading.Thread(target=watch, name=f"isolatejs-watch-{identifier}", daemon=True).start()
        return Sandbox(
            id=identifier,
            pid=engine.process.pid,
            channel_socket=ours,
            sync_fd=sync_fd,
            pidfd=None,
            exited=exited,
            send_signal=engine.send_signal,
        )


class _Engine:
    """A running engine, and whether it was killed here: on Windows its exit status does not tell."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._killed = False

    def send_signal(self, number: signal.Signals) -> None:
        self._killed |= number == KILL
        self.process.send_signal(number)

    def wait(self) -> ExitReport:
        """Read stderr to its end, keep the end of that, and collect the process."""
        tail = bytearray()
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            while data := os.read(stderr.fileno(), 65536):
                tail += data
                del tail[:-STDERR_TAIL_BYTES]
        code = self.process.wait()
        text = printable(tail.decode("utf-8", "replace"))
        return self._report(code, text)

    def _report(self, code: int, text: str) -> ExitReport:
        if code == -KILL or (sys.platform == "win32" and self._killed and code == TERMINATED_STATUS):
            return ExitReport("killed", None, KILL, text, None)
        if code < 0:
            return ExitReport("crashed", None, -code, text, None)
        if code >= CRASH_STATUS:
            return ExitReport("crashed", code, None, text, None)
        return ExitReport("exited", code, None, text, None)


def _start_on_socket(
    command: list[str], cwd: str, *, one_shot: bool, workspace: bool
) -> tuple[_Engine, socket.socket]:
    """An engine whose stdin and stdout are one end of a socket pair, and the other end."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            if workspace:
                directory = os.open(cwd, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    send_workspace(theirs, directory, cwd)
                finally:
                    os.close(directory)
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if one_shot else theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd=cwd,
                start_new_session=True,
            )
        except OSError:
            ours.close()
            raise
    return _Engine(process), ours


def _start_on_pipes(
    command: list[str], cwd: str, private: Path, *, one_shot: bool
) -> tuple[_Engine, socket.socket]:
    """An engine whose stdin and stdout are pipes, and the socket that they are relayed to."""
    environment = {**ENVIRONMENT, "DENO_DIR": str(private / "cache")}
    if "SYSTEMROOT" in os.environ:  # without, Windows loads neither sockets nor random numbers
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    ours, theirs = make_pair()
    try:
        process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL if one_shot else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd,
            # No console window, and no Ctrl+C that was meant for the host.
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError:
        ours.close()
        theirs.close()
        raise
    engine = _Engine(process)
    relay(process, theirs, lambda: engine.send_signal(KILL))
    return engine, ours


def _translate(item: str, private: str) -> str:
    """Paths of a sandbox with a root of its own as they are here."""
    if item.startswith("/work/"):
        return private + item
    return item.replace("/sync-replies", f"{private}/sync-replies")


def _lay_out(settings: Settings) -> str:
    """A new temporary directory with the guest image."""
    directory = str(Path(tempfile.mkdtemp(prefix="isolatejs-")).resolve())
    for target, source in settings.image.items():
        file = Path(directory) / "isolatejs" / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, file)
    return directory
