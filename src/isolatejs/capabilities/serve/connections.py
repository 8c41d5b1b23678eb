"""The WebSockets of one sandbox, host side: who reads their commands, and how much of them may wait."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.call_context import call_with_context, context_place
from isolatejs.capabilities.serve.bindings import WebSocketCommand
from isolatejs.capabilities.serve.contract import (
    MESSAGE_COST,
    MESSAGE_WINDOW,
    CloseConnection,
    ConnectionClosed,
    DeliverMessage,
    FailConnection,
    MessageSent,
    MessagesTaken,
    OpenConnection,
)
from isolatejs.errors import GuestProtocolError
from isolatejs.limits import WEB_SOCKET_MESSAGE_LIMIT_BYTES
from isolatejs.wire.errors import text_for_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.call_context import ContextPlace
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.capabilities.serve.open_request import OpenRequest
    from isolatejs.channel.incoming import IncomingNote

CODE_RESTART: Final = 1012
"""What an open connection ends with when its sandbox goes away (RFC 6455 registry: service restart)."""


class Connection:
    """One WebSocket. Its commands go to a callback, or wait for whoever iterates over it."""

    def __init__(self, request: OpenRequest, table: Connections) -> None:
        self.request = request
        self.number = request.number
        self.id = f"ws_{request.number}"
        self.credit = MESSAGE_WINDOW
        self.closed = False
        """The program is done with it, or has been told that it is closed."""
        self._table = table
        self._commands: deque[tuple[WebSocketCommand, int]] = deque()
        self._taken = 0
        self._waiter: asyncio.Future[None] | None = None
        self._callback: Callable[..., Any] | None = None
        self._context_place: ContextPlace = None
        self._pump: asyncio.Task[None] | None = None

    # --- reading -----------------------------------------------------------------------------------
    def deliver_to(self, callback: Callable[[WebSocketCommand], Any]) -> None:
        """Call back with each command from now on."""
        self._callback = callback
        self._context_place = context_place(callback, 1)
        self._call_back()

    def __aiter__(self) -> Connection:
        self._callback = None
        return self

    async def __anext__(self) -> WebSocketCommand:
        while not self._commands:
            if self.closed:
                raise StopAsyncIteration
            if self._waiter is not None:
                raise RuntimeError(f"the commands of {self.id} have a reader already")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._take()

    def _take(self) -> WebSocketCommand:
        command, cost = self._commands.popleft()
        self._taken += cost
        if self._taken >= MESSAGE_WINDOW // 2 and not self.closed:
            self.credit += self._taken
            self._table.give_credit(self.number, self._taken)
            self._taken = 0
        return command

    # --- what happens to it ------------------------------------------------------------------------
    def put(self, command: WebSocketCommand, cost: int) -> None:
        """A command of the program."""
        self._commands.append((command, cost))
        if self._callback is not None:
            if self._pump is None:
                self._call_back()
        else:
            self._wake()

    def _call_back(self) -> None:
        while self._commands and self._callback is not None:
            result = self._table.call(self._callback, self._context_place, self.request, self._take())
            if result is not None:
                self._pump = self._table.start(self._finish(result))
                return

    async def _finish(self, result: Any) -> None:
        """An asynchronous callback holds back what follows on its connection."""
        try:
            await result
        except Exception:
            self._table.logger.exception("on_command failed")
        finally:
            self._pump = None
        self._call_back()

    def end(self) -> None:
        """Nothing more comes."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connections:
    """All WebSockets of one sandbox. `on_over` takes a request whose WebSocket is over for the host."""

    def __init__(self, scope: RuntimeScope, on_over: Callable[[OpenRequest], None]) -> None:
        self._scope = scope
        self._on_over = on_over
        self._open: dict[int, Connection] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.logger = scope.logger

    def __len__(self) -> int:
        return len(self._open)

    def add(self, request: OpenRequest) -> Connection:
        """A request has become a WebSocket."""
        connection = self._open[request.number] = Connection(request, self)
        self._last = max(self._last, request.number)
        return connection

    def get(self, number: int) -> Connection | None:
        """The open connection of this number."""
        return self._open.get(number)

    # --- to the program ----------------------------------------------------------------------------
    async def open(self, number: int) -> None:
        """Tell the program that the WebSocket is open."""
        if number in self._open:
            await self._scope.channel.call(OpenConnection(number))

    async def message(self, number: int, data: str | bytes) -> None:
        """Deliver a message; returns when the program can take more."""
        if number not in self._open:
            return
        if isinstance(data, str):
            await self._scope.channel.call(DeliverMessage(number, data.encode("utf-8", "replace").decode()))
        else:
            await self._scope.channel.call(DeliverMessage(number), (data,))

    async def close_one(self, number: int, code: int, reason: str) -> None:
        """Tell the program that the WebSocket is closed."""
        connection = self._open.pop(number, None)
        if connection is None:
            return
        connection.end()
        self._on_over(connection.request)
        await self._scope.channel.call(CloseConnection(number, code, reason))

    async def fail(self, number: int, error: BaseException | str) -> None:
        """Tell the program that something went wrong."""
        if number not in self._open:
            return
        if isinstance(error, BaseException):
            text, name = text_for_program(error), type(error).__name__
            await self._scope.channel.call(FailConnection(number, text, name))
        else:
            await self._scope.channel.call(FailConnection(number, error))

    def give_credit(self, number: int, size: int) -> None:
        """The embedder has taken messages."""
        if not self._scope.channel.closed:
            self._scope.channel.note(MessagesTaken(number, size))

    # --- from the program --------------------------------------------------------------------------
    def message_sent(self, message: MessageSent, note: IncomingNote) -> None:
        """The program sent a message."""
        connection = self._of(message.request)
        if connection is None:
            return
        data: str | bytes
        if message.text is not None:
            data = message.text
            size = len(data) if data.isascii() else len(data.encode("utf-16-le")) // 2  # as the guest counts
        elif len(note.attachments) == 1:
            data = bytes(note.attachments[0])
            size = len(data)
        else:
            raise GuestProtocolError("a WebSocket message without content")
        if connection.credit <= 0:
            raise GuestProtocolError(f"a message on WebSocket {message.request} without credit")
        if size > WEB_SOCKET_MESSAGE_LIMIT_BYTES:
            self._close(connection, 1009, "message too big")
            return
        cost = MESSAGE_COST + size
        connection.credit -= cost
        connection.put(WebSocketCommand("message", connection.id, data), cost)

    def connection_closed(self, message: ConnectionClosed) -> None:
        """The program closed a WebSocket."""
        connection = self._of(message.request)
        if connection is not None:
            self._close(connection, message.code, message.reason)

    def _close(self, connection: Connection, code: int, reason: str) -> None:
        self._open.pop(connection.number, None)
        self._on_over(connection.request)
        connection.put(WebSocketCommand("close", connection.id, None, code, reason), 0)
        connection.end()

    def _of(self, number: int) -> Connection | None:
        connection = self._open.get(number)
        if connection is None and number > self._last:
            raise GuestProtocolError(f"request {number} is no WebSocket")
        return connection

    # --- callbacks ---------------------------------------------------------------------------------
    def call(
        self,
        callback: Callable[..., Any],
        place: ContextPlace,
        request: OpenRequest,
        command: WebSocketCommand,
    ) -> Any:
        """Call the embedder's callback; gives what is to be awaited, or None."""
        try:
            result = call_with_context(callback, place, lambda: self._scope.context_for(request), command)
        except Exception:
            self.logger.exception("on_command failed")
            return None
        return result if inspect.isawaitable(result) else None

    def start(self, coroutine: Any) -> asyncio.Task[None]:
        """Run a callback's coroutine as a task that ends with the sandbox."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """The sandbox is gone: its connections close with 1012, and callbacks that run are waited for."""
        for connection in list(self._open.values()):
            self._close(connection, CODE_RESTART, "the server restarts")
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
