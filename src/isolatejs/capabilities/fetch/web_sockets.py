"""The host ends of a guest's outbound WebSockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from isolatejs.capabilities.fetch.contract import (
    CloseWebSocket,
    DeliverWebSocketMessage,
    OpenedWebSocket,
    OpenWebSocket,
    SendWebSocketMessage,
    WebSocketClosed,
)
from isolatejs.errors import FetchError, GuestProtocolError, IsolateError
from isolatejs.limits import WEB_SOCKET_MESSAGE_LIMIT_BYTES, WEB_SOCKETS_LIMIT
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.call_context import HostCallContext
    from isolatejs.capabilities.fetch.bindings import OpensWebSockets, WebSocketLike
    from isolatejs.channel.channel import Channel

__all__ = ["OutboundWebSockets"]

_logger = program_logger("isolatejs.fetch")
_CLOSE_S: Final = 0.2


class OutboundWebSockets:
    """All WebSockets that one runtime has opened."""

    def __init__(self, opener: OpensWebSockets) -> None:
        self._opener = opener
        self._sockets: dict[int, _OpenSocket | None] = {}

    def __len__(self) -> int:
        return len(self._sockets)

    async def open(
        self, message: OpenWebSocket, context: HostCallContext, channel: Channel
    ) -> OpenedWebSocket:
        """Connect, then hand over every message that comes."""
        number = message.socket
        if number in self._sockets:
            raise GuestProtocolError(f"WebSocket {number} is open already")
        if len(self._sockets) >= WEB_SOCKETS_LIMIT:
            raise GuestVisibleError("TypeError", f"more than {WEB_SOCKETS_LIMIT} open WebSockets")
        self._sockets[number] = None
        try:
            socket = await self._opener.open_web_socket(message.url, tuple(message.protocols), context)
        except BaseException as error:
            del self._sockets[number]
            if isinstance(error, FetchError):
                raise GuestVisibleError("TypeError", f"the WebSocket could not be opened: {error}") from error
            raise
        entry = _OpenSocket(number, socket, channel, self._sockets)
        self._sockets[number] = entry
        entry.task = asyncio.create_task(entry.pump(), name=f"isolatejs-web-socket-{number}")
        return OpenedWebSocket(socket.protocol, socket.extensions)

    async def send(self, message: SendWebSocketMessage, data: bytes | None) -> None:
        """Send one message, after those before it. A socket that has closed meanwhile drops it."""
        content = message.text if message.text is not None else data
        if content is None:
            raise GuestProtocolError("a WebSocket message without content")
        if len(content) > WEB_SOCKET_MESSAGE_LIMIT_BYTES:
            raise GuestVisibleError(
                "TypeError", f"a WebSocket message is longer than {WEB_SOCKET_MESSAGE_LIMIT_BYTES} bytes"
            )
        entry = self._sockets.get(message.socket)
        if entry is not None:
            async with entry.order:
                try:
                    await entry.socket.send(content)
                except FetchError:
                    _logger.debug("a message was sent to a WebSocket that had closed")

    async def close(self, message: CloseWebSocket) -> None:
        """Close one, after the messages before."""
        entry = self._sockets.get(message.socket)
        if entry is not None:
            async with entry.order:
                try:
                    await entry.socket.close(message.code, message.reason)
                except (ValueError, IsolateError) as error:
                    raise GuestVisibleError("TypeError", "the WebSocket could not be closed so") from error

    async def aclose(self) -> None:
        """Drop all connections at once; a guest that lives on is told."""
        tasks: list[asyncio.Task[None]] = []
        for entry in self._sockets.values():
            if entry is not None and entry.task is not None:
                entry.socket.abort()
                tasks.append(entry.task)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_CLOSE_S)
            for task in late:
                task.cancel()


class _OpenSocket:
    def __init__(
        self, number: int, socket: WebSocketLike, channel: Channel, sockets: dict[int, _OpenSocket | None]
    ) -> None:
        self.number = number
        self.socket = socket
        self.order = asyncio.Lock()
        self.task: asyncio.Task[None] | None = None
        self._channel = channel
        self._sockets = sockets

    async def pump(self) -> None:
        """Bring messages to the guest, one at a time, until the socket ends."""
        try:
            while (message := await self.socket.receive()) is not None:
                if isinstance(message, str):
                    await self._channel.call(DeliverWebSocketMessage(self.number, message))
                else:
                    await self._channel.call(DeliverWebSocketMessage(self.number), [message])
            self._channel.note(WebSocketClosed(self.number, self.socket.close_code, self.socket.close_reason))
        except IsolateError as error:
            # The guest is gone, or cannot take messages: then nobody wants the connection any more.
            _logger.debug("a WebSocket lost its program: %s", error)
        except Exception:
            # The embedder's own WebSocket failed: for the program the connection was lost.
            _logger.exception("receive() of the fetch binding's WebSocket failed")
            self._channel.note(WebSocketClosed(self.number, 1006, ""))
        finally:
            del self._sockets[self.number]
            self.socket.abort()
