"""One connection of a client to the daemon: requests with answers, and what the daemon tells on its own."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from typing import TYPE_CHECKING, Any

from isolatejs import errors
from isolatejs.daemon import packets
from isolatejs.daemon.outgoing import OutgoingPackets
from isolatejs.errors import DaemonError, IsolateError, LimitError, NamespaceBusyError
from isolatejs.sandbox.deadlines import DeadlineBoard
from isolatejs.sandbox.sandbox import ExitReport

if TYPE_CHECKING:
    from collections.abc import Callable

_KNOWN_ERRORS = (
    "IsolateError",
    "ConfinementError",
    "ConfigurationError",
    "SandboxCrashedError",
    "SandboxStartError",
    "QuotaExceededError",
    "OutputLimitError",
)
_RETRY_DELAY_S = 0.01

Answer = tuple[packets.Message, list[int]]


class DaemonDrainingError(DaemonError):
    """The daemon takes nothing new: another one has to be found or started."""


class DaemonConnection:
    """A greeted connection. `lost` resolves when the daemon has gone away; `on_event` hears of the rest."""

    def __init__(self, connection: socket.socket) -> None:
        self.deadlines = DeadlineBoard()
        """Where the deadlines of what is leased here stand."""
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._exits: dict[str, asyncio.Future[ExitReport]] = {}
        self._outgoing = OutgoingPackets(connection, self._lose)
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.greeting: packets.Message = {}
        self.on_event: Callable[[packets.Message], None] = lambda event: None
        self._loop.add_reader(connection.fileno(), self._readable)

    @classmethod
    async def open(cls, socket_path: str, timeout_s: float, *, operator: bool = False) -> DaemonConnection:
        """Connect and greet. An `operator` may look and end things, of a daemon of any version.

        Raises FileNotFoundError or ConnectionRefusedError when nobody listens, DaemonError when what listens
        is no daemon of this user and version.
        """
        connection = await _connect(socket_path, time.monotonic() + timeout_s)
        opened = cls(connection)
        try:
            async with asyncio.timeout(timeout_s):
                opened.greeting, _ = await opened.request(
                    "hello", protocol=packets.PROTOCOL, version=packets.version(), operator=operator
                )
        except TimeoutError:
            opened.close()
            raise DaemonError(
                f"no answer within {timeout_s:g} s from what listens at {socket_path}"
            ) from None
        except IsolateError as error:
            opened.close()
            raise DaemonError(
                f"what listens at {socket_path} is no daemon for this version: {error}"
            ) from error
        except BaseException:
            opened.close()
            raise
        return opened

    async def request(self, operation: str, descriptors: tuple[int, ...] = (), **fields: Any) -> Answer:
        """Ask and wait. The descriptors given are closed once sent, those of an answer too late are closed.

        Raises DaemonError and what the daemon says.
        """
        if self.lost.done():
            packets.close_all(descriptors)
            raise DaemonError("the daemon went away")
        number = next(self._ids)
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._answers[number] = future
        try:
            self._outgoing.put({"op": operation, "id": number, **fields}, descriptors)
            answer, received = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                packets.close_all(future.result()[1])
            raise
        except ValueError as error:
            raise DaemonError(f"the request is too large: {error}") from error
        finally:
            self._answers.pop(number, None)
        if "error" in answer:
            packets.close_all(received)
            raise _error_of(answer)
        return answer, received

    def tell(self, operation: str, descriptors: tuple[int, ...] = (), **fields: Any) -> None:
        """Ask without waiting for the answer."""
        if self.lost.done():
            packets.close_all(descriptors)
        else:
            self._outgoing.put({"op": operation, "id": next(self._ids), **fields}, descriptors)

    def forget_exit(self, sandbox: str) -> None:
        """The sandbox is no longer this client's."""
        self._exits.pop(sandbox, None)

    def _readable(self) -> None:
        while not self.lost.done():
            try:
                received = packets.receive(self._connection)
            except BlockingIOError:
                return
            except (OSError, ValueError):
                received = None
            if received is None:
                self._lose()
                return
            self._dispatch(*received)

    def _dispatch(self, message: packets.Message, descriptors: list[int]) -> None:
        if "event" in message:
            packets.close_all(descriptors)
            if message["event"] == "exited":
                self._exited(message)
            else:
                self.on_event(message)
            return
        sandbox = message.get("sandbox")
        if isinstance(sandbox, str):  # before the next packet is read, which may tell of its end
            message["exited"] = self._exits.setdefault(sandbox, self._loop.create_future())
        answer = self._answers.get(message.get("id", 0))
        if answer is not None and not answer.done():
            answer.set_result((message, descriptors))
        else:  # nobody waits any more
            packets.close_all(descriptors)

    def _exited(self, message: packets.Message) -> None:
        future = self._exits.pop(message["sandbox"], None)
        if future is not None and not future.done():
            future.set_result(
                ExitReport(
                    message["reason"],
                    message["exit_code"],
                    message["signal"],
                    message["stderr_tail"],
                    message["peak_memory_bytes"],
                    message.get("detail", ""),
                )
            )

    def _lose(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        self._outgoing.close()
        self.deadlines.close()
        self._loop.remove_reader(self._connection.fileno())
        self._connection.close()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(DaemonError("the daemon went away"))
        for exited in self._exits.values():
            if not exited.done():
                exited.set_result(ExitReport("lost", None, None, "", None))
        self._exits.clear()

    def close(self) -> None:
        """Disconnect; what was leased here ends."""
        self._lose()


async def _connect(socket_path: str, deadline: float) -> socket.socket:
    """A connected socket whose other end belongs to this user."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setblocking(False)
    try:
        while True:
            try:
                connection.connect(socket_path)
                break
            except BlockingIOError:  # it lives, but its queue of new connections is full
                if time.monotonic() > deadline:
                    raise DaemonError(f"the daemon at {socket_path} does not accept connections") from None
            await asyncio.sleep(_RETRY_DELAY_S)
        _, uid = packets.peer(connection)
        if not packets.is_trusted(uid):
            raise DaemonError(f"what listens at {socket_path} belongs to another user (uid {uid})")
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        raise
    except OSError as error:
        connection.close()
        raise DaemonError(f"what listens at {socket_path} is no daemon of ours: {error.strerror}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _error_of(answer: packets.Message) -> Exception:
    name, message = str(answer["error"]), str(answer.get("message", ""))
    if name == "NamespaceBusyError":
        return NamespaceBusyError(message, key=str(answer.get("key", "")), holder=answer.get("holder"))
    if name == "DaemonDrainingError":
        return DaemonDrainingError(message)
    if name == "TimeoutError":
        return TimeoutError(message)
    kind: type[IsolateError] = getattr(errors, name) if name in _KNOWN_ERRORS else DaemonError
    if issubclass(kind, LimitError):
        return kind(message, limit=str(answer.get("limit", "")), value=answer.get("value"))
    return kind(message)
