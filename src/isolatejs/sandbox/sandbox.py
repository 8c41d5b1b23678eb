"""A sandbox: one engine process with one owner, a stream to it, and a kill switch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import socket

EXIT_REPORT_WAIT_S = 2.0
"""How long `aclose` waits for the process to be reaped: a kill takes 7 ms, a loaded machine far longer."""

ExitReason = Literal["killed", "memory", "crashed", "exited"]


@dataclass(frozen=True)
class ExitReport:
    """How a sandbox ended. `peak_memory_bytes` is anonymous resident memory where it was measured."""

    reason: ExitReason
    exit_code: int | None
    signal: int | None
    stderr_tail: str
    peak_memory_bytes: int | None


class Sandbox:
    """One process. Made from open descriptors, which it owns, by a provider.

    `channel_socket` is the non-blocking end of the main channel. `sync_fd` is the write end of the FIFO for
    replies to synchronous calls, None where it could not be had. `exited` resolves when the process is gone.
    """

    def __init__(
        self,
        *,
        id: str,
        pid: int,
        channel_socket: socket.socket,
        sync_fd: int | None,
        pidfd: int,
        exited: asyncio.Future[ExitReport],
    ) -> None:
        self.id = id
        self.pid = pid
        self.channel_socket = channel_socket
        self.sync_fd = sync_fd
        self.exited = exited
        self._pidfd: int | None = pidfd
        self._closed = False

    def kill(self) -> None:
        """SIGKILL at once. Idempotent; needs no running event loop."""
        if self._pidfd is None:
            return
        with contextlib.suppress(ProcessLookupError):  # gone already
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def aclose(self) -> None:
        """Kill, wait until the process is reaped (bounded), close every descriptor."""
        self.kill()
        try:
            if not self.exited.done():
                await asyncio.wait([self.exited], timeout=EXIT_REPORT_WAIT_S)
        finally:
            self.close_descriptors()

    def close_descriptors(self) -> None:
        """Kill and close without waiting."""
        if self._closed:
            return
        self.kill()
        self._closed = True
        self.channel_socket.close()
        for descriptor in (self.sync_fd, self._pidfd):
            if descriptor is not None:
                os.close(descriptor)
        self.sync_fd = self._pidfd = None
