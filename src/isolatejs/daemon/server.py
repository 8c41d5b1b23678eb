"""The daemon's server: who is connected, what they leased, and when it all ends.

What a client leased ends when it disconnects; sessions that are put aside stay. What clients may ask is in
`operations.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from isolatejs.daemon import packets
from isolatejs.daemon.lease_table import Lease, LeaseTable
from isolatejs.daemon.operations import Operations
from isolatejs.daemon.outgoing import OutgoingPackets
from isolatejs.daemon.session_table import Session, SessionTable
from isolatejs.errors import IsolateError
from isolatejs.limits import DAEMON_UNANSWERED_LIMIT

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine

    from isolatejs.daemon.operations import Handler
    from isolatejs.daemon.settings import DaemonSettings
    from isolatejs.sandbox.pool import EmbeddedPool

_logger = logging.getLogger("isolatejs.daemon")

READ_BATCH = 32
"""Packets read from one client before the others get their turn."""
KILL_WAIT_S = 2.0
"""How long one who asked for a kill waits to hear that it happened."""


@dataclass(eq=False)
class Client:
    """One connection. `pid` is what the kernel says of it; `role` is None until it has greeted."""

    number: int
    connection: socket.socket
    outgoing: OutgoingPackets
    pid: int
    role: Literal["host", "operator"] | None = None
    since: float = field(default_factory=time.monotonic)
    unanswered: int = 0
    runs: set[asyncio.Task[Any]] = field(default_factory=set)
    """What ends with the client, though nothing of it is leased."""


class DaemonServer:
    """Serves one listening socket. `run()` returns when the daemon has drained.

    `on_stopped_listening` is called once when the path is free for another daemon.
    """

    def __init__(
        self,
        listener: socket.socket,
        pool: EmbeddedPool,
        settings: DaemonSettings,
        on_stopped_listening: Callable[[], None] = lambda: None,
    ) -> None:
        self._listener = listener
        self._settings = settings
        self._on_stopped_listening = on_stopped_listening
        self._loop = asyncio.get_running_loop()
        self._clients: set[Client] = set()
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished = asyncio.Event()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._drain_timer: asyncio.TimerHandle | None = None
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._started = time.monotonic()
        self._connections_total = 0
        self._refused_total = 0
        self.pool = pool
        self.leases = LeaseTable(settings.leases)
        self.sessions = SessionTable(settings.parking)
        self.draining = False
        self._operations = Operations(self, settings)

    async def run(self) -> None:
        """Serve until drained."""
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener.fileno(), self._accept)
        self.settle()
        try:
            await self._finished.wait()
        finally:
            self._stop_listening()
            for timer in (self._idle_timer, self._drain_timer, self._sweep_timer):
                if timer is not None:
                    timer.cancel()
            for client in list(self._clients):
                self.drop(client)
            for session in self.sessions.aside:
                self._end_session(session)
            while self._tasks:
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def drain(self, timeout_ms: float) -> None:
        """Take nothing new; finish when nothing is leased any more, or after a while."""
        if self.draining:
            return
        self.draining = True
        self._stop_listening()
        self._drain_timer = self._loop.call_later(timeout_ms / 1000, self._finished.set)
        self.settle()

    def drain_or_stop(self, timeout_ms: float) -> None:
        """The first time drain, the second time stop."""
        if self.draining:
            self.stop()
        else:
            self.drain(timeout_ms)

    def stop(self) -> None:
        """Finish now."""
        self._finished.set()

    def _stop_listening(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._loop.remove_reader(self._listener.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._listener.getsockname())
        self._listener.close()
        self._on_stopped_listening()

    # --- connections -------------------------------------------------------------------------------
    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # out of descriptors: leave them in the queue for a while
            _logger.error("no connection can be accepted: %s", error)
            self._loop.remove_reader(self._listener.fileno())
            self._loop.call_later(1.0, self._accept_again)
            return
        connection.setblocking(False)
        pid, uid = packets.peer(connection)
        if not packets.is_trusted(uid) or len(self._clients) >= self._settings.clients:
            _logger.warning("a connection of uid %d was refused: wrong user, or too many clients", uid)
            self._refused_total += 1
            connection.close()
            return
        self._connections_total += 1
        outgoing = OutgoingPackets(connection, lambda: self.drop(client))
        client = Client(next(self._numbers), connection, outgoing, pid)
        self._clients.add(client)
        self._loop.add_reader(connection.fileno(), self._readable, client)
        self.settle()

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _readable(self, client: Client) -> None:
        for _ in range(READ_BATCH):  # then it is another client's turn
            if client not in self._clients:
                return
            if client.unanswered >= DAEMON_UNANSWERED_LIMIT:  # read on when one is answered
                self._loop.remove_reader(client.connection.fileno())
                return
            try:
                received = packets.receive(client.connection)
            except BlockingIOError:
                return
            except (OSError, ValueError) as error:  # gone, or garbage: this client ends, nobody else notices
                _logger.info("client %d (process %d): %s", client.number, client.pid, error)
                received = None
            if received is None:
                self.drop(client)
                return
            self._serve(client, *received)

    def connected(self, client: Client) -> bool:
        return client in self._clients

    def drop(self, client: Client) -> None:
        """A client is gone: what it leased ends."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        client.outgoing.close()
        self._loop.remove_reader(client.connection.fileno())
        client.connection.close()
        for run in client.runs:
            run.cancel()
        for lease in self.leases.of(client):
            self.sessions.forget(lease)
            self.end(lease)
        for session in self.sessions.forget_client(client):
            self._end_session(session)
        self.settle()

    def send(self, client: Client, message: packets.Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send and close the descriptors. A client that does not read is dropped."""
        if client in self._clients:
            client.outgoing.put(message, descriptors)
        else:
            packets.close_all(descriptors)

    def _serve(self, client: Client, message: packets.Message, descriptors: list[int]) -> None:
        handler = self._operations.handler(client, message.get("op"))
        if handler is None or not isinstance(message.get("id"), int):
            packets.close_all(descriptors)
            self.drop(client)
            return
        client.unanswered += 1
        self.spawn(self._answer(client, handler, message, descriptors))

    async def _answer(
        self, client: Client, handler: Handler, message: packets.Message, descriptors: list[int]
    ) -> None:
        answer: packets.Message
        out: tuple[int, ...] = ()
        try:
            answer, out = await handler(client, message, descriptors)
        except (IsolateError, TimeoutError) as error:
            answer = {"error": type(error).__name__, "message": str(error)}
            for name in ("key", "holder", "limit", "value"):
                if hasattr(error, name):
                    answer[name] = getattr(error, name)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            answer = {"error": "DaemonError", "message": f"malformed request: {type(error).__name__}"}
        except OSError as error:  # out of descriptors, or of memory
            _logger.error("%r for client %d: %s", message["op"], client.number, error)
            answer = {"error": "DaemonError", "message": f"the daemon could not do it: {error.strerror}"}
        except Exception as error:
            _logger.exception("%r for client %d", message["op"], client.number)
            answer = {"error": "DaemonError", "message": f"the daemon failed: {type(error).__name__}"}
        finally:
            packets.close_all(descriptors)
            self._answered(client)
        self.send(client, {"id": message["id"], **answer}, out)

    def _answered(self, client: Client) -> None:
        client.unanswered -= 1
        if client.unanswered == DAEMON_UNANSWERED_LIMIT - 1 and client in self._clients:
            self._loop.add_reader(client.connection.fileno(), self._readable, client)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that the daemon waits for before it ends."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the ends of things ------------------------------------------------------------------------
    def watch(self, lease: Lease) -> None:
        """Tell the holder when the sandbox of a lease ends."""
        lease.sandbox.exited.add_done_callback(lambda _: self._exited(lease))

    def _exited(self, lease: Lease) -> None:
        if lease.ended:
            return
        client = lease.client
        self.tell_moved(self.sessions.forget(lease), None)
        self.end(lease)
        if client is not None:
            packet = packets.exit_packet(lease.id, lease.sandbox.exited.result())
            if lease.reason is not None:
                packet |= {"reason": "disposed", "detail": lease.reason}
            self.send(client, packet)

    def end(self, lease: Lease) -> None:
        """Kill a sandbox and forget it."""
        self.leases.remove(lease)
        self.spawn(lease.sandbox.aclose())
        self.settle()

    async def kill(self, lease: Lease, reason: str) -> None:
        """End a sandbox and tell its holder why."""
        lease.reason = reason
        lease.sandbox.kill()
        await asyncio.wait([lease.sandbox.exited], timeout=KILL_WAIT_S)
        if not lease.ended:
            self.sessions.forget(lease)
            self.end(lease)

    def _end_session(self, session: Session) -> None:
        self.tell_moved(session, None)
        if session.lease is not None:
            self.end(session.lease)

    def tell_moved(self, session: Session | None, to: Client | None) -> None:
        """Tell the client that put a session aside that it need keep nothing for it."""
        if session is not None and session.keeper not in (None, to):
            assert session.keeper is not None
            self.send(session.keeper, {"event": "moved", "key": session.key})

    def evict(self, sessions: list[Session]) -> None:
        """End sessions that are beyond a limit, and look again when the next one reaches its time."""
        for session in sessions:
            _logger.info("the namespace %r ends: its time is over, or others need the room", session.key)
            self._end_session(session)
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        delay = self.sessions.delay_s()
        if delay is not None:
            self._sweep_timer = self._loop.call_later(delay, lambda: self.evict(self.sessions.sweep()))
        self.settle()

    def settle(self) -> None:
        """After a change of clients, leases or sessions: whether the daemon is at its end."""
        if self.draining and not self.leases.held:
            self._finished.set()
        idle = not self._clients and not len(self.sessions)
        if not idle and self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if idle and self._idle_timer is None and self._settings.idle_exit_ms is not None:
            self._idle_timer = self._loop.call_later(self._settings.idle_exit_ms / 1000, self._finished.set)

    def statistics(self) -> dict[str, Any]:
        """Counts of what the daemon holds now and has done. `..._total` only grow."""
        aside = self.sessions.aside
        return {
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started, 3),
            "draining": self.draining,
            "connections": len(self._clients),
            "connections_total": self._connections_total,
            "connections_refused_total": self._refused_total,
            "leases": len(self.leases),
            "leases_held": self.leases.held,
            "leases_total": self.leases.total,
            "memory_bytes": self.leases.memory_bytes(),
            "namespaces": len(self.sessions),
            "namespaces_parked": len(aside),
            "namespaces_parked_memory_bytes": sum(session.memory_bytes for session in aside),
            "namespaces_put_aside_total": self.sessions.put_aside_total,
            "namespaces_taken_up_total": self.sessions.taken_up_total,
            "namespaces_evicted_total": self.sessions.evicted_total,
            **{f"pool_{name}": count for name, count in self.pool.statistics().items()},
        }
