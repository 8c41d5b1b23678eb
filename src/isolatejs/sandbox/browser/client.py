"""The host's end of the browser launcher: starts it, asks it for tenants, hears of their ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from isolatejs.errors import ConfinementError, SandboxCrashedError, SandboxStartError

from ..launcher import control
from ..sandbox import ExitReport

if TYPE_CHECKING:
    from .launcher.settings import Limits, Settings

_BOOT = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[3])!r}); "
    "from isolatejs.sandbox.browser.launcher.main import main; main()"
)
_KEPT = ("LD_LIBRARY_PATH",)
"""What the interpreter itself may need to start. Tenants do not get it."""
START_TIMEOUT_S = 20.0
END_TIMEOUT_S = 5.0
EXIT_WAIT_S = 2.0
_IDS = itertools.count(1)


class Tenant:
    """One confined driver, with the browser that it starts. Owns its descriptors."""

    def __init__(self, id: str, pid: int, descriptors: list[int], exited: asyncio.Future[ExitReport]) -> None:
        self.id = id
        self.pid = pid
        """Of the init, as this machine counts. Whatever it started is below it."""
        self._pidfd, channel, self.files, *listener = descriptors
        self._channel: socket.socket | None = socket.socket(fileno=channel)
        self._channel.setblocking(False)
        self.listener = socket.socket(fileno=listener[0]) if listener else None
        """Accepts what connects to the one port of the tenant's network; None when it has the host's network."""
        self.exited = exited
        self._closed = False

    def take_channel(self) -> socket.socket:
        """The driver's stdin and stdout. The caller owns it from now on."""
        assert self._channel is not None
        channel, self._channel = self._channel, None
        return channel

    def kill(self) -> None:
        """End the whole tree at once. Idempotent; needs no running event loop."""
        if not self._closed:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def aclose(self) -> None:
        """Kill, wait until the tree is gone (bounded), close every descriptor."""
        self.kill()
        try:
            if not self.exited.done():
                await asyncio.wait([self.exited], timeout=EXIT_WAIT_S)
        finally:
            self.close_descriptors()

    def close_descriptors(self) -> None:
        """Kill and close without waiting."""
        if self._closed:
            return
        self.kill()
        self._closed = True
        if self._channel is not None:
            self._channel.close()
        if self.listener is not None:
            self.listener.close()
        os.close(self.files)
        os.close(self._pidfd)


class BrowserLauncherClient:
    """One browser launcher process. Belongs to the event loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._starting: dict[str, asyncio.Future[Tenant]] = {}
        self._exits: dict[str, asyncio.Future[ExitReport]] = {}
        self._ready: asyncio.Future[control.Message] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.nests = False
        """Whether a tenant may create user namespaces, so that Chromium's own sandbox works in it."""
        self._loop.add_reader(connection.fileno(), self._on_readable)

    @classmethod
    async def start(cls, settings: Settings) -> BrowserLauncherClient:
        """Start a launcher. Raises ConfinementError where browsers cannot be confined."""
        client = cls._launch()
        try:
            client._send({"op": "configure", **asdict(settings)})
            ready = await asyncio.wait_for(asyncio.shield(client._ready), START_TIMEOUT_S)
        except BaseException:
            await client.close()
            raise
        if "error" in ready:
            await client.close()
            raise ConfinementError(f"browsers cannot be confined on this machine: {ready['error']}")
        client.nests = ready["nests"]
        return client

    @classmethod
    def _launch(cls) -> BrowserLauncherClient:
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

    async def spawn(self, limits: Limits, *, own_network: bool = True) -> Tenant:
        """Start a tenant; returns when it is confined and its driver starts.

        Raises SandboxStartError when it cannot be started, SandboxCrashedError when the launcher ends.
        """
        if self.ended.done():
            raise SandboxCrashedError("the browser launcher of this host has ended")
        identifier = str(next(_IDS))
        future: asyncio.Future[Tenant] = self._loop.create_future()
        self._starting[identifier] = future
        self._send({"op": "spawn", "id": identifier, "limits": asdict(limits), "own_network": own_network})
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                future.result().close_descriptors()  # it came, and nobody is there to take it
            raise

    async def close(self) -> None:
        """End the launcher and with it every tenant; wait until it is gone (bounded)."""
        self._disconnect()
        try:
            await asyncio.to_thread(self._process.wait, END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its tenants die with it
            await asyncio.to_thread(self._process.wait)
        finally:
            if self._process.stderr is not None:
                self._process.stderr.close()

    def _send(self, message: control.Message) -> None:
        """A few small packets are on their way at a time: the socket always has room, or the launcher is gone."""
        with contextlib.suppress(OSError):  # the reader tells everybody
            control.send(self._connection, control.encode(message))

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
                self._ready.set_result(message)
            case "started":
                self._on_started(message, descriptors)
            case "failed":
                future = self._starting.pop(message["id"], None)
                if future is not None and not future.done():
                    future.set_exception(
                        SandboxStartError(f"a browser cannot be started: {message['error']}")
                    )
            case "exited":
                exited = self._exits.pop(message["id"], None)
                if exited is not None and not exited.done():
                    exited.set_result(
                        ExitReport(
                            reason=message["reason"],
                            exit_code=message["exit_code"],
                            signal=message["signal"],
                            stderr_tail=message["stderr_tail"],
                            peak_memory_bytes=message["peak"],
                        )
                    )

    def _on_started(self, message: control.Message, descriptors: list[int]) -> None:
        exited: asyncio.Future[ExitReport] = self._loop.create_future()
        tenant = Tenant(message["id"], message["pid"], descriptors, exited)
        self._exits[tenant.id] = exited
        future = self._starting.pop(tenant.id, None)
        if future is None or future.done():  # whoever asked has gone
            tenant.close_descriptors()
        else:
            future.set_result(tenant)

    def _disconnect(self) -> None:
        """Close the control socket and tell everybody who waits for something from it."""
        if self.ended.done():
            return
        self.ended.set_result(None)
        self._loop.remove_reader(self._connection.fileno())
        self._connection.close()
        text = "the browser launcher of this host has ended"
        if not self._ready.done():
            self._ready.set_exception(SandboxCrashedError(f"{text}: {self._last_words()}"))
            self._ready.exception()
        for starting in self._starting.values():
            if not starting.done():
                starting.set_exception(SandboxCrashedError(text))
        for exited in self._exits.values():
            if not exited.done():
                exited.set_result(ExitReport("killed", None, 9, "", None))
        self._starting.clear()
        self._exits.clear()

    def _last_words(self) -> str:
        if self._process.stderr is None:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            return (self._process.stderr.read() or b"").decode("utf-8", "replace")[-2000:]
        return ""
