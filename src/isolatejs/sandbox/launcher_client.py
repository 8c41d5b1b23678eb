"""The host's end of the launcher: starts it, asks it for processes, hears of their ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError, SandboxCrashedError, SandboxStartError

from .deadlines import DeadlineBoard, DeadlinePlace
from .launcher import control
from .sandbox import ExitReport, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .launcher.settings import Settings

_BOOT = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "from isolatejs.sandbox.launcher.main import main; main()"
)
_KEPT = ("LD_LIBRARY_PATH",)
"""What the interpreter itself may need to start. Sandboxes do not get it."""
START_TIMEOUT_S = 20.0
"""A fresh interpreter on a machine under heavy load; 40 ms otherwise."""
END_TIMEOUT_S = 5.0
_IDS = itertools.count(1)
"""One count for all launchers of the process: an id never means two sandboxes."""


class LauncherClient:
    """One launcher process. Made by `launch`; belongs to the event loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._outgoing: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._starting: dict[str, asyncio.Future[Sandbox]] = {}
        self._checks: dict[str, list[asyncio.Future[bool]]] = {}
        self._exits: dict[str, asyncio.Future[ExitReport]] = {}
        self._deadlines = DeadlineBoard()
        self._ready: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.place: dict[str, str] = {}
        """Where sandboxes find things: engine, image."""
        self.cached = False
        """Whether sandboxes have a cache of compiled code."""
        self.cgroups = False
        """Whether each sandbox has a memory cgroup."""
        self.own_root = False
        """Whether sandboxes have a root of their own."""
        self.statuses: dict[str, list[Any]] = {}
        """The layers that the launcher set up: name -> [held, reason]."""
        self._loop.add_reader(connection.fileno(), self._on_readable)

    @classmethod
    def launch(cls) -> LauncherClient:
        """Start a launcher, which waits to be configured."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        ours.setblocking(False)
        return cls(process, ours)

    async def configure(self, settings: Settings) -> None:
        """Tell it what there is on the machine, and wait until its root stands."""
        self._send({"op": "configure", **asdict(settings)})
        ready = await asyncio.wait_for(asyncio.shield(self._ready), START_TIMEOUT_S)
        self.place = ready["place"]
        self.statuses = ready["statuses"]
        self.cached = ready["cached"]
        self.own_root = ready["own_root"]
        self.cgroups = ready["cgroups"]

    async def spawn(
        self,
        argv: list[str],
        *,
        memory_limit_bytes: int | None = None,
        files: Mapping[str, bytes] | None = None,
        one_shot: bool = False,
        probe: str | None = None,
        fill: bool = False,
        workspace: bool = False,
    ) -> Sandbox:
        """Start a process; returns when its wall stands and the engine starts.

        With `workspace` its directory is one that the host may write: see `receive_workspace`.

        Raises SandboxStartError when it cannot be started, SandboxCrashedError when the launcher ends.
        """
        if self.ended.done():
            raise SandboxCrashedError("the launcher of this host has ended")
        identifier = str(next(_IDS))
        future: asyncio.Future[Sandbox] = self._loop.create_future()
        self._starting[identifier] = future
        message: control.Message = {
            "op": "spawn",
            "id": identifier,
            "argv": argv,
            "memory_limit_bytes": memory_limit_bytes,
            "one_shot": one_shot,
            "files": {name: len(content) for name, content in (files or {}).items()},
        }
        if probe is not None:
            message["probe"] = probe
        if fill:
            message["fill"] = True
        if workspace:
            message["workspace"] = True
        try:
            self._send(message, (_archive(files),) if files else ())
        except ValueError as error:
            del self._starting[identifier]
            raise ConfigurationError(
                f"the command line and the names of the input files are too long: {error}"
            ) from error
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                future.result().close_descriptors()  # it came, and nobody is there to take it
            raise

    def limit_memory(self, id: str, memory_limit_bytes: int) -> None:
        """Arm the limit of a running sandbox: one packet, no answer."""
        self._send({"op": "limit", "id": id, "memory_limit_bytes": memory_limit_bytes})

    def join_tree(self, id: str, parent_id: str, tree_limit_bytes: int) -> None:
        """Count a sandbox in the tree of another one, which may use so much memory together."""
        self._send({"op": "join", "id": id, "parent": parent_id, "tree_limit_bytes": tree_limit_bytes})

    def look_soon(self, id: str) -> None:
        """Have the launcher look at a sandbox's memory now and then often for a while."""
        self._send({"op": "look", "id": id})

    def claim_deadline(self, id: str) -> DeadlinePlace:
        """A place for the deadline of a sandbox."""
        return self._deadlines.claim(lambda board, offset: self.watch_deadline(id, board, offset))

    def watch_deadline(self, id: str, board: int | None, offset: int = 0) -> None:
        """Have the launcher read the deadline of a sandbox on this board. Closes it."""
        self._send({"op": "deadline", "id": id, "offset": offset}, () if board is None else (board,))

    async def check(self, id: str) -> bool:
        """Have the launcher look at a sandbox's memory now; True when it was over its limit and is killed."""
        if self.ended.done():
            return False
        answer: asyncio.Future[bool] = self._loop.create_future()
        self._checks.setdefault(id, []).append(answer)
        self._send({"op": "check", "id": id})
        return await answer

    async def close(self) -> None:
        """End the launcher and with it every sandbox; wait until it is gone (bounded)."""
        self._disconnect()
        try:
            await asyncio.to_thread(self._process.wait, END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its sandboxes die with it
            await asyncio.to_thread(self._process.wait)
        finally:
            if self._process.stderr is not None:
                self._process.stderr.close()

    def _send(self, message: control.Message, owned_descriptors: tuple[int, ...] = ()) -> None:
        try:
            packet = control.encode(message)
        except ValueError:
            for descriptor in owned_descriptors:
                os.close(descriptor)
            raise
        self._outgoing.append((packet, owned_descriptors))
        if len(self._outgoing) == 1:
            self._flush()

    def _flush(self) -> None:
        while self._outgoing:
            packet, descriptors = self._outgoing[0]
            try:
                control.send(self._connection, packet, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._connection.fileno(), self._flush)
                return
            except OSError:  # the launcher is gone; the reader tells everybody
                pass
            self._outgoing.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        if self._connection.fileno() >= 0:
            self._loop.remove_writer(self._connection.fileno())

    def _on_readable(self) -> None:
        while True:
            try:
                received = control.receive(self._connection)
            except BlockingIOError:
                return
            except OSError:
                received = None
            if received is None:
                self._disconnect()
                return
            self._dispatch(*received)

    def _dispatch(self, message: control.Message, descriptors: list[int]) -> None:
        match message["op"]:
            case "ready":
                if not self._ready.done():
                    self._ready.set_result(message)
            case "started":
                self._on_started(message, descriptors)
            case "failed":
                future = self._starting.pop(message["id"], None)
                if future is not None and not future.done():
                    future.set_exception(
                        SandboxStartError(f"a sandbox cannot be started: {message['error']}")
                    )
            case "checked":
                for answer in self._checks.pop(message["id"], []):
                    if not answer.done():
                        answer.set_result(message["over"])
            case "exited":
                future = self._starting.pop(message["id"], None)
                if future is not None and not future.done():
                    text = f"a sandbox ended before it started: {message['stderr_tail']}"
                    future.set_exception(SandboxCrashedError(text))
                exited = self._exits.pop(message["id"], None)
                if exited is not None and not exited.done():
                    exited.set_result(_exit_report(message))

    def _on_started(self, message: control.Message, descriptors: list[int]) -> None:
        pidfd, channel, *sync = descriptors
        exited: asyncio.Future[ExitReport] = self._loop.create_future()
        channel_socket = socket.socket(fileno=channel)
        channel_socket.setblocking(False)
        sandbox = Sandbox(
            id=message["id"],
            pid=message["pid"],
            channel_socket=channel_socket,
            sync_fd=sync[0] if sync else None,
            pidfd=pidfd,
            exited=exited,
            watcher=self,
        )
        self._exits[sandbox.id] = exited
        future = self._starting.pop(sandbox.id, None)
        if future is None or future.done():  # whoever asked has gone
            sandbox.close_descriptors()
        else:
            future.set_result(sandbox)

    def _disconnect(self) -> None:
        """Close the control socket and tell everybody who waits for something from it."""
        if self.ended.done():
            return
        self.ended.set_result(None)
        self._loop.remove_reader(self._connection.fileno())
        self._loop.remove_writer(self._connection.fileno())
        self._connection.close()
        text = "the launcher of this host has ended"
        for _, descriptors in self._outgoing:
            for descriptor in descriptors:
                os.close(descriptor)
        self._outgoing.clear()
        if not self._ready.done():
            self._ready.set_exception(SandboxCrashedError(f"{text}: {self.last_words()}"))
            self._ready.exception()
        for starting in self._starting.values():
            if not starting.done():
                starting.set_exception(SandboxCrashedError(text))
        for exited in self._exits.values():
            if not exited.done():
                exited.set_result(ExitReport("killed", None, 9, "", None))
        for answers in self._checks.values():
            for answer in answers:
                if not answer.done():
                    answer.set_result(False)
        self._deadlines.close()
        self._checks.clear()
        self._starting.clear()
        self._exits.clear()

    def last_words(self) -> str:
        """The end of what the launcher wrote to its stderr since the last call."""
        if self._process.stderr is None:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            return (self._process.stderr.read() or b"").decode("utf-8", "replace")[-2000:]
        return ""


def _archive(files: Mapping[str, bytes]) -> int:
    """A memfd with the contents of files one after another."""
    descriptor = os.memfd_create("isolatejs-files")
    with open(descriptor, "wb", closefd=False) as archive:
        for content in files.values():
            archive.write(content)
    return descriptor


def _exit_report(message: control.Message) -> ExitReport:
    return ExitReport(
        reason=message["reason"],
        exit_code=message["exit_code"],
        signal=message["signal"],
        stderr_tail=message["stderr_tail"],
        peak_memory_bytes=message["peak"],
        detail=message["detail"],
    )
