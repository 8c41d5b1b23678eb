"""The daemon's server: leases sandboxes to clients, keeps sessions between them, and ends what nobody owns.

Operations of a client:
    hello        protocol and version both ways, the confinement report
    lease        a fresh sandbox: its channel socket, pidfd and sync FIFO go to the client
    limit, look, check   arm, wake and ask the memory watchdog of a leased sandbox
    return       the client is done with a sandbox: it ends
    acquire, put_aside, release, dispose     sessions by name
    run_engine   one run of the engine behind the wall
    statistics, list, kill, drain            for operators

What a client leased ends when it disconnects; sessions that are put aside stay.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from isolatejs.daemon import packets
from isolatejs.daemon.lease_table import Lease, LeaseTable, SessionTable
from isolatejs.errors import IsolateError, NamespaceBusyError
from isolatejs.limits import DAEMON_CLIENTS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.sandbox.pool import EmbeddedPool

_logger = logging.getLogger("isolatejs.daemon")


@dataclass(eq=False)
class Client:
    """One connection. `pid` is what the kernel says of it."""

    number: int
    connection: socket.socket
    pid: int
    since: float = field(default_factory=time.monotonic)
    greeted: bool = False


class DaemonServer:
    """Serves one listening socket. `run()` returns when the daemon has drained."""

    def __init__(self, listener: socket.socket, pool: EmbeddedPool, *, idle_exit_ms: float | None) -> None:
        self._listener = listener
        self._pool = pool
        self._idle_exit_ms = idle_exit_ms
        self._loop = asyncio.get_running_loop()
        self._clients: set[Client] = set()
        self._leases = LeaseTable()
        self._sessions = SessionTable(self._leases)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._finished = asyncio.Event()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._started = time.monotonic()
        self._total_connections = 0

    async def run(self) -> None:
        """Serve until drained."""
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener.fileno(), self._accept)
        self._watch_idleness()
        try:
            await self._finished.wait()
        finally:
            self._stop_listening()
            for client in list(self._clients):
                self._drop(client)
            await self._sessions.close()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def drain(self, timeout_ms: float) -> None:
        """Take no new clients; finish when the present ones are gone, or after a while."""
        if self._draining:
            self._finished.set()
            return
        self._draining = True
        self._stop_listening()
        self._loop.call_later(timeout_ms / 1000, self._finished.set)
        self._finish_when_empty()

    def stop(self) -> None:
        """Finish now."""
        self._finished.set()

    def _stop_listening(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener.fileno())
            with contextlib.suppress(OSError):
                os.unlink(self._listener.getsockname())
            self._listener.close()

    # --- connections -------------------------------------------------------------------------------
    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, OSError):
            return
        connection.setblocking(False)
        if packets.peer_uid(connection) not in (os.getuid(), 0) or len(self._clients) >= DAEMON_CLIENTS_LIMIT:
            _logger.warning("a connection was refused: wrong user, or too many clients")
            connection.close()
            return
        self._total_connections += 1
        client = Client(next(self._numbers), connection, packets.peer_pid(connection))
        self._clients.add(client)
        self._loop.add_reader(connection.fileno(), self._readable, client)
        self._watch_idleness()

    def _readable(self, client: Client) -> None:
        while client in self._clients:
            try:
                received = packets.receive(client.connection)
            except BlockingIOError:
                return
            except (OSError, ValueError):
                received = None  # gone, or garbage: this client ends, nobody else notices
            if received is None or not isinstance(received[0], dict):
                self._drop(client)
                return
            self._serve(client, *received)

    def _drop(self, client: Client) -> None:
        """A client is gone: what it leased ends."""
        if client not in self._clients:
            return
        self._clients.discard(client)
        self._loop.remove_reader(client.connection.fileno())
        client.connection.close()
        for lease in self._leases.of(client):
            self._sessions.forget(lease)
            self._end(lease)
        self._sessions.forget_client(client)
        self._watch_idleness()
        self._finish_when_empty()

    def _send(self, client: Client, message: packets.Message, descriptors: tuple[int, ...] = ()) -> None:
        """Send and close the descriptors. A client that does not read its answers is dropped."""
        try:
            if client in self._clients:
                packets.send(client.connection, message, descriptors)
        except OSError:
            self._drop(client)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    # --- requests ----------------------------------------------------------------------------------
    def _serve(self, client: Client, message: packets.Message, descriptors: list[int]) -> None:
        operation = message.get("op")
        handler: Callable[..., Any] | None = None
        if isinstance(operation, str) and (client.greeted or operation == "hello"):
            handler = getattr(self, f"_do_{operation}", None)
        if handler is None or not isinstance(message.get("id"), int):
            for descriptor in descriptors:
                os.close(descriptor)
            self._drop(client)
            return
        task = self._loop.create_task(self._answer(client, handler, message, descriptors))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, client: Client, handler: Callable[..., Any], message: packets.Message, descriptors: list[int]
    ) -> None:
        answer: packets.Message
        out: tuple[int, ...] = ()
        try:
            answer, out = await handler(client, message, descriptors)
        except NamespaceBusyError as error:
            answer = {"error": "NamespaceBusyError", "message": str(error), "holder": error.holder}
        except IsolateError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        except TimeoutError:
            answer = {"error": "TimeoutError", "message": "the engine took too long"}
        except (KeyError, TypeError, ValueError) as error:
            answer = {"error": "DaemonError", "message": f"malformed request: {type(error).__name__}"}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._send(client, {"id": message["id"], **answer}, out)

    async def _do_hello(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        if message["protocol"] != packets.PROTOCOL:
            raise IsolateError(
                f"the daemon speaks protocol {packets.PROTOCOL}, the client {message['protocol']}"
            )
        client.greeted = True
        return {
            "protocol": packets.PROTOCOL,
            "pid": os.getpid(),
            "confinement": asdict(self._pool.confinement),
        }, ()

    async def _do_lease(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        if self._draining:
            raise IsolateError("the daemon is draining")
        self._leases.check_room()
        limit = message["memory_limit_bytes"]
        sandbox = await self._pool.lease(memory_limit_bytes=None if limit is None else int(limit))
        if client not in self._clients:
            await sandbox.aclose()
            raise IsolateError("the client is gone")
        lease = self._leases.add(client, sandbox)
        sandbox.exited.add_done_callback(lambda exited: self._exited(lease))
        return self._handed_over(lease)

    def _handed_over(self, lease: Lease) -> tuple[Any, tuple[int, ...]]:
        channel, pidfd, sync = lease.sandbox.hand_over()
        descriptors = (channel, pidfd) if sync is None else (channel, pidfd, sync)
        return {"sandbox": lease.id, "pid": lease.sandbox.pid}, descriptors

    def _exited(self, lease: Lease) -> None:
        if lease.ended:
            return
        report = lease.sandbox.exited.result()
        client = lease.client
        self._sessions.forget(lease)
        self._end(lease)
        if client is not None:
            packet = packets.exit_packet(lease.id, report)
            self._send(client, packet | {"reason": "disposed"} if lease.killed else packet)

    def _end(self, lease: Lease) -> None:
        """Kill a sandbox and forget it."""
        self._leases.remove(lease)
        task = self._loop.create_task(lease.sandbox.aclose())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _own(self, client: Client, message: packets.Message) -> Lease:
        return self._leases.get(str(message["sandbox"]), client)

    async def _do_return(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        lease = self._own(client, message)
        self._sessions.forget(lease)
        self._end(lease)
        return {}, ()

    async def _do_look(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        self._own(client, message).sandbox.wake_watchdog()
        return {}, ()

    async def _do_check(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        return {"over": await self._own(client, message).sandbox.check_memory()}, ()

    async def _do_acquire(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        lease = self._sessions.acquire(str(message["key"]), client)
        if lease is None:
            return {"sandbox": None}, ()
        answer, descriptors = self._handed_over(lease)
        return {**answer, "numbers": lease.numbers}, descriptors

    async def _do_hold(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        self._sessions.hold(str(message["key"]), self._own(client, message))
        return {}, ()

    async def _do_put_aside(
        self, client: Client, message: packets.Message, descriptors: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        lease = self._own(client, message)
        numbers = message["numbers"]
        lease.numbers = (int(numbers[0]), int(numbers[1]))
        connection = socket.socket(fileno=descriptors.pop(0))
        connection.setblocking(False)
        lease.sandbox.channel_socket = connection
        for oldest in self._sessions.put_aside(str(message["key"]), lease):
            self._end(oldest)
        self._watch_idleness()
        return {}, ()

    async def _do_release(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        self._sessions.release(str(message["key"]), client)
        return {}, ()

    async def _do_dispose(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        lease, existed = self._sessions.dispose(str(message["key"]))
        if lease is not None:
            await self._kill(lease)
        return {"existed": existed}, ()

    async def _kill(self, lease: Lease) -> None:
        lease.killed = True
        lease.sandbox.kill()
        await asyncio.wait([lease.sandbox.exited], timeout=2)
        if not lease.ended:
            self._end(lease)

    async def _do_run_engine(
        self, client: Client, message: packets.Message, descriptors: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        names: dict[str, int] = message["files"]
        files: dict[str, bytes] = {}
        if names:
            with os.fdopen(descriptors.pop(0), "rb") as archive:
                archive.seek(0)
                files = {str(name): archive.read(int(size)) for name, size in names.items()}
        argv = [str(argument) for argument in message["argv"]]
        limit = message["memory_limit_bytes"]
        done = await self._pool.run_engine(
            argv, files, float(message["timeout_s"]), None if limit is None else int(limit)
        )
        output = os.memfd_create("isolatejs-output")
        _write_all(output, done.stdout)
        return {"exit_code": done.exit_code, "stderr": done.stderr[-16_000:], "size": len(done.stdout)}, (
            output,
        )

    # --- operators ---------------------------------------------------------------------------------
    async def _do_statistics(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        return {"statistics": self.statistics()}, ()

    def statistics(self) -> dict[str, Any]:
        """Counts of what the daemon holds now and has done."""
        return {
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started, 3),
            "connections": len(self._clients),
            "connections_total": self._total_connections,
            "leases": len(self._leases),
            "namespaces": len(self._sessions),
            "draining": self._draining,
            **{f"pool_{name}": count for name, count in self._pool.statistics().items()},
        }

    async def _do_list(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        return {"sandboxes": self._leases.rows()[:500], "namespaces": self._sessions.rows()[:500]}, ()

    async def _do_kill(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        lease = self._leases.find(str(message["sandbox"]))
        if lease is None:
            return {"existed": False}, ()
        self._sessions.forget(lease)
        await self._kill(lease)
        return {"existed": True}, ()

    async def _do_drain(
        self, client: Client, message: packets.Message, _: list[int]
    ) -> tuple[Any, tuple[int, ...]]:
        self._loop.call_soon(self.drain, float(message["timeout_ms"]))
        return {}, ()

    # --- the end -----------------------------------------------------------------------------------
    def _finish_when_empty(self) -> None:
        if self._draining and not any(self._leases.of(client) for client in self._clients):
            self._finished.set()

    def _watch_idleness(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if self._idle_exit_ms is not None and not self._clients and not len(self._sessions):
            self._idle_timer = self._loop.call_later(self._idle_exit_ms / 1000, self._finished.set)


def _write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
