"""A sandbox: one engine process with one owner, a stream to it, and a kill switch."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from .deadlines import DeadlinePlace

EXIT_REPORT_WAIT_S = 2.0
"""How long `aclose` waits for the process to be reaped: a kill takes 7 ms, a loaded machine far longer."""

WAKE_INTERVAL_S = 0.1
"""Less than the time in which a watchdog that was woken becomes lazy again."""

KILL: Final[signal.Signals] = getattr(signal, "SIGKILL", signal.SIGTERM)
"""On Windows, Popen ends a process at once for SIGTERM."""

ExitReason = Literal["killed", "memory", "crashed", "exited", "deadline", "disposed", "lost"]
"""`disposed`: ended by somebody else through the daemon. `lost`: the daemon that owned it went away."""


@dataclass(frozen=True)
class ExitReport:
    """How a sandbox ended. `peak_memory_bytes` is anonymous resident memory where it was measured.

    `detail` is what somebody else who ended it gave as the reason, "tree" for the memory of a whole tree,
    "deadline" or "busy" for how its time was over.
    """

    reason: ExitReason
    exit_code: int | None
    signal: int | None
    stderr_tail: str
    peak_memory_bytes: int | None
    detail: str = ""


class MemoryWatcher(Protocol):
    """What a sandbox asks of the launcher that watches it, directly or through a daemon."""

    def join_tree(self, id: str, parent_id: str, tree_limit_bytes: int) -> None:
        """Count the sandbox in the tree of another one, which may use so much memory together."""
        ...

    def claim_deadline(self, id: str) -> DeadlinePlace:
        """A place for the deadline of the sandbox, which the launcher reads."""
        ...

    def watch_deadline(self, id: str, board: int | None, offset: int = 0) -> None:
        """Have the launcher read the deadline on somebody else's board, or on none. Closes the descriptor."""
        ...

    def look_soon(self, id: str) -> None:
        """Look at the sandbox now and then often for a while."""
        ...

    async def check(self, id: str) -> bool:
        """Look now; True when it was over its limit and has been killed."""
        ...


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
        pidfd: int | None,
        exited: asyncio.Future[ExitReport],
        watcher: MemoryWatcher | None = None,
        send_signal: Callable[[signal.Signals], None] | None = None,
    ) -> None:
        self.id = id
        self.pid = pid
        self.channel_socket = channel_socket
        self.sync_fd = sync_fd
        self.exited = exited
        self._pidfd = pidfd
        self._send_signal = send_signal
        """Stands in for the pidfd where there is none."""
        self._closed = False
        self._watcher = watcher
        self._woken_at = 0.0
        self._place: DeadlinePlace | None = None
        """Where its deadline stands, once it had one."""

    def kill(self) -> None:
        """SIGKILL at once. Idempotent; needs no running event loop."""
        self._signal(KILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # gone already
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            elif self._send_signal is not None:
                self._send_signal(number)

    def pause(self) -> None:
        """Stop the process: it uses no more processor time until `resume()`. It can still be killed."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process run on."""
        self._signal(signal.SIGCONT)

    def wake_watchdog(self) -> None:
        """Tell who watches the memory that the program is about to run: it looks more often for a while.

        Cheap enough for every evaluation: at most one packet in 100 ms, without an answer.
        """
        now = time.monotonic()
        if self._watcher is not None and now - self._woken_at > WAKE_INTERVAL_S and not self._closed:
            self._woken_at = now
            self._watcher.look_soon(self.id)

    def join_tree(self, parent: Sandbox, tree_limit_bytes: int) -> None:
        """Belong to `parent`, whose program started this one: they and all that `parent` has started else may
        use so much memory together, and none of them outlives it. Without a watchdog (where processes are not
        confined) nothing is counted."""
        if self._watcher is not None and not self._closed:
            self._watcher.join_tree(self.id, parent.id, tree_limit_bytes)

    def set_deadline(self, deadline: float) -> None:
        """When it has to be gone (in seconds of the monotonic clock, infinity for never).

        The launcher kills it then, whatever this process does meanwhile. Without one, nobody does.
        """
        if self._place is None and deadline < math.inf:
            self._claim_place()
        if self._place is not None:
            self._place.set_deadline(deadline)

    def limit_busy(self, limit_s: float) -> None:
        """How long it may keep a processor busy without a pause while it has no deadline."""
        if self._place is None and limit_s < math.inf:
            self._claim_place()
        if self._place is not None:
            self._place.limit_busy(limit_s)

    def watch_deadline(self, board: int | None, offset: int = 0) -> None:
        """Its deadline is set by another process, which gave its board; None when it is nobody's any more."""
        if self._watcher is not None and not self._closed:
            self._watcher.watch_deadline(self.id, board, offset)
        elif board is not None:
            os.close(board)

    def _claim_place(self) -> None:
        if self._watcher is not None and not self._closed:
            self._place = self._watcher.claim_deadline(self.id)

    async def check_memory(self) -> bool:
        """Look at the memory now; a sandbox over its limit is killed. True when it was over.

        For the moment when an allocation of the program failed: an ArrayBuffer that is refused is only a
        RangeError in JavaScript.
        """
        if self.exited.done():
            return self.exited.result().reason == "memory"
        return self._watcher is not None and await self._watcher.check(self.id)

    def hand_over(self) -> tuple[int, int, int | None]:
        """Duplicates of channel socket, pidfd and sync FIFO for a new owner; ours of the channel closes."""
        assert self._pidfd is not None
        with contextlib.ExitStack() as undo:
            copies: list[int] = []
            for descriptor in (self.channel_socket.fileno(), self._pidfd, self.sync_fd):
                if descriptor is not None:
                    copies.append(os.dup(descriptor))
                    undo.callback(os.close, copies[-1])
            undo.pop_all()
        self.channel_socket.close()
        channel, pidfd, *sync = copies
        return channel, pidfd, sync[0] if sync else None

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
        if self._place is not None:
            self._place.release()
            self._place = None
        self.channel_socket.close()
        for descriptor in (self.sync_fd, self._pidfd):
            if descriptor is not None:
                os.close(descriptor)
        self.sync_fd = self._pidfd = None
