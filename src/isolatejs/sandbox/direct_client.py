"""Starts engines as plain child processes, where there is no launcher: on everything that is not Linux.

No namespaces, Landlock or seccomp: on macOS a Seatbelt profile (untested), else nothing. No watch over
memory, and a busy engine outlives a host that is killed. For development, not for strangers' programs.
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

from isolatejs.errors import ConfinementError
from isolatejs.limits import STDERR_TAIL_BYTES

from .confinement import Layer
from .launcher.processes import printable
from .launcher.settings import ENVIRONMENT
from .launcher.wall import NAMESPACES, REQUIRED
from .sandbox import ExitReport, Sandbox
from .seatbelt import seatbelt_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .launcher.settings import Settings

_IDS = itertools.count(1)


class DirectClient:
    """Has the methods of LauncherClient that the pool uses."""

    def __init__(self, settings: Settings, directory: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._directory = directory
        self._settings = settings
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.cached = False
        self.place = {"engine": settings.engine, "image": f"{directory}/isolatejs"}
        reason = "confinement is off" if settings.confinement == "off" else "needs Linux"
        self.layers = tuple(Layer(name, held=False, reason=reason) for name in NAMESPACES + REQUIRED)

    @classmethod
    async def start(cls, settings: Settings) -> DirectClient:
        """Get ready. Raises ConfinementError where the mode asks for a wall."""
        if sys.platform == "win32":
            raise ConfinementError("isolatejs runs on Linux and macOS; on Windows, run it inside WSL 2")
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
    ) -> Sandbox:
        """Start an engine."""
        identifier = str(next(_IDS))
        private = Path(self._directory) / identifier
        work = private / "work"
        work.mkdir(parents=True)
        os.mkfifo(private / "sync-replies")
        for name, content in (files or {}).items():
            file = work / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        command = argv[:1] + [self._translate(item, private) for item in argv[1:]]
        if not one_shot:
            command.append(str(private / "sync-replies"))
        if sys.platform == "darwin" and self._settings.confinement != "off":
            command = [*seatbelt_command(self._settings.engine, self.place["image"], str(private)), *command]
        return self._start(identifier, command, private, one_shot=one_shot)

    def limit_memory(self, id: str, memory_limit_bytes: int) -> None:
        """Not to be had here."""

    async def close(self) -> None:
        """Kill every engine and remove what was laid out."""
        if not self.ended.done():
            self.ended.set_result(None)
        for process in list(self._processes.values()):
            process.kill()
        while self._processes:
            await asyncio.to_thread(next(iter(self._processes.values())).wait)
            await asyncio.sleep(0)  # lets the exit be reported
        shutil.rmtree(self._directory, ignore_errors=True)

    def _translate(self, item: str, private: Path) -> str:
        if item.startswith("/work/"):
            return str(private) + item
        return item.replace("/sync-replies", f"{private}/sync-replies")

    def _start(self, identifier: str, command: list[str], private: Path, *, one_shot: bool) -> Sandbox:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if one_shot else theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd=private / "work" if one_shot else "/",
                start_new_session=True,
            )
        ours.setblocking(False)
        exited: asyncio.Future[ExitReport] = self._loop.create_future()
        self._processes[identifier] = process

        def report(result: ExitReport) -> None:
            self._processes.pop(identifier, None)
            if not exited.done():
                exited.set_result(result)

        def watch() -> None:
            result = _wait(process)
            shutil.rmtree(private, ignore_errors=True)
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(report, result)

        threading.Thread(target=watch, name=f"isolatejs-watch-{identifier}", daemon=True).start()
        return Sandbox(
            id=identifier,
            pid=process.pid,
            channel_socket=ours,
            sync_fd=os.open(private / "sync-replies", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC),
            pidfd=None,
            exited=exited,
            send_signal=process.send_signal,
        )


def _lay_out(settings: Settings) -> str:
    """A new temporary directory with the guest image."""
    directory = str(Path(tempfile.mkdtemp(prefix="isolatejs-")).resolve())
    for target, source in settings.image.items():
        file = Path(directory) / "isolatejs" / target
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, file)
    return directory


def _wait(process: subprocess.Popen[bytes]) -> ExitReport:
    """Read stderr to its end, keep the end of that, and collect the process."""
    tail = bytearray()
    assert process.stderr is not None
    with process.stderr as stderr:
        while data := os.read(stderr.fileno(), 65536):
            tail += data
            del tail[:-STDERR_TAIL_BYTES]
    code = process.wait()
    text = printable(tail.decode("utf-8", "replace"))
    if code == -signal.SIGKILL:
        return ExitReport("killed", None, signal.SIGKILL, text, None)
    if code < 0:
        return ExitReport("crashed", None, -code, text, None)
    return ExitReport("exited", code, None, text, None)
