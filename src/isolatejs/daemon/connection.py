"""One connection of a client to the daemon: requests with answers, and the ends of its sandboxes."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections import deque
from typing import Any

from isolatejs import errors
from isolatejs.daemon import packets
from isolatejs.errors import DaemonError, IsolateError, NamespaceBusyError
from isolatejs.sandbox.sandbox import ExitReport

_KNOWN_ERRORS = ("ConfinementError", "ConfigurationError", "SandboxCrashedError", "DaemonError")


class DaemonConnection:
    """A greeted connection. `lost` resolves when the daemon has gone away."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[packets.Message, list[int]]]] = {}
        self._exits: dict[str, asyncio.Future[ExitReport]] = {}
        self._outgoing: deque[tuple[packets.Message, tuple[int, ...]]] = deque()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.greeting: packets.Message = {}
        self._loop.add_reader(connection.fileno(), self._readable)

    @classmethod
    async def open(cls, socket_path: str, timeout_s: float) -> DaemonConnection:
        """Connect and greet. Raises OSError when nobody listens, DaemonError when it is no daemon of ours."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(socket_path)
        except BaseException:
            connection.close()
            raise
        opened = cls(connection)
        try:
            async with asyncio.timeout(timeout_s):
                opened.greeting, _ = await opened.request("hello", protocol=packets.PROTOCOL)
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
        return opened

    def expect_exit(self, sandbox: str) -> asyncio.Future[ExitReport]:
        """A future for the end of a sandbox."""
        future = self._exits.get(sandbox)
        if future is None or future.done():
            future = self._exits[sandbox] = self._loop.create_future()
        return future

    async def request(
        self, operation: str, descriptors: tuple[int, ...] = (), **fields: Any
    ) -> tuple[packets.Message, list[int]]:
        """Ask and wait. The descriptors given are closed once sent. Raises DaemonError and what the daemon says."""
        if self.lost.done():
            for descriptor in descriptors:
                os.close(descriptor)
            raise DaemonError("the daemon went away")
        number = next(self._ids)
        future: asyncio.Future[tuple[packets.Message, list[int]]] = self._loop.create_future()
        self._answers[number] = future
        self._outgoing.append(({"op": operation, "id": number, **fields}, descriptors))
        if len(self._outgoing) == 1:
            self._flush()
        try:
            answer, received = await future
        finally:
            self._answers.pop(number, None)
        if "error" in answer:
            raise _error_of(answer)
        return answer, received

    def tell(self, operation: str, **fields: Any) -> None:
        """Ask without waiting for the answer."""
        if not self.lost.done():
            self._outgoing.append(({"op": operation, "id": next(self._ids), **fields}, ()))
            if len(self._outgoing) == 1:
                self._flush()

    def _flush(self) -> None:
        while self._outgoing:
            message, descriptors = self._outgoing[0]
            try:
                packets.send(self._connection, message, descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._connection.fileno(), self._flush)
                return
            except OSError:  # the reader finds out too
                self._lose()
            if not self._outgoing:
                return
            self._outgoing.popleft()
            for descriptor in descriptors:
                os.close(descriptor)
        if self._connection.fileno() >= 0:
            self._loop.remove_writer(self._connection.fileno())

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
        if message.get("event") == "exited":
            future = self._exits.pop(message["sandbox"], None)
            if future is not None and not future.done():
                future.set_result(
                    ExitReport(
                        message["reason"],
                        message["exit_code"],
                        message["signal"],
                        message["stderr_tail"],
                        message["peak_memory_bytes"],
                    )
                )
            return
        answer = self._answers.get(message.get("id", 0))
        if answer is not None and not answer.done():
            answer.set_result((message, descriptors))
            return
        for descriptor in descriptors:  # nobody waits any more
            os.close(descriptor)

    def _lose(self) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        self._loop.remove_reader(self._connection.fileno())
        self._loop.remove_writer(self._connection.fileno())
        self._connection.close()
        for _, descriptors in self._outgoing:
            for descriptor in descriptors:
                os.close(descriptor)
        self._outgoing.clear()
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


def _error_of(answer: packets.Message) -> IsolateError:
    name, message = str(answer["error"]), str(answer.get("message", ""))
    if name == "NamespaceBusyError":
        return NamespaceBusyError(message, key=str(answer.get("key", "")), holder=answer.get("holder"))
    kind: type[IsolateError] = getattr(errors, name) if name in _KNOWN_ERRORS else DaemonError
    return kind(message)
