"""Messages of fetch. A request is one call; bodies are streams of the channel, both ways.

A WebSocket is named by the guest (`socket`), so that its first message cannot come before its name. Each
message of a WebSocket is a call: its answer is the back-pressure, in both directions.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from isolatejs.limits import HEADERS_LIMIT_COUNT
from isolatejs.wire.message import Body, Call, Door, Note, Number

HeaderList = Annotated[tuple[tuple[str, str], ...], msgspec.Meta(max_length=HEADERS_LIMIT_COUNT)]
Count = Number


class SendRequest(Call, frozen=True):
    """Make an HTTP request. Answered with a ResponseHead when the response's headers are there."""

    url: str
    method: str = "GET"
    headers: HeaderList = ()
    body: Body | None = None
    body_length: Count | None = None
    """Bytes of a streamed body, where the guest knows it."""
    redirect: Literal["follow", "error", "manual"] = "follow"
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    mode: str = "cors"
    cache: str = "default"
    referrer: str = "about:client"


class ResponseHead(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to SendRequest."""

    status: Number
    status_text: str
    headers: HeaderList
    url: str
    redirected: bool
    body: Body | None


class OpenWebSocket(Call, frozen=True):
    """Open a WebSocket. Answered with an OpenedWebSocket when the handshake is done."""

    socket: Count
    url: str
    protocols: tuple[str, ...] = ()


class OpenedWebSocket(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to OpenWebSocket: what the server chose."""

    protocol: str
    extensions: str


class SendWebSocketMessage(Call, frozen=True):
    """Send a text, or the one attachment as a binary message. Answered when it is on its way."""

    socket: Count
    text: str | None = None


class CloseWebSocket(Call, frozen=True):
    """Start the closing handshake; WebSocketClosed follows."""

    socket: Count
    code: Number = 1000
    reason: str = ""


class DeliverWebSocketMessage(Call, frozen=True):
    """A message came: a text, or the one attachment. Answered when the program's listeners have run."""

    door: ClassVar[Door] = Door.SERVED

    socket: Count
    text: str | None = None


class WebSocketClosed(Note, frozen=True):
    """A WebSocket has ended. Code 1006 says that the connection was lost."""

    socket: Count
    code: Number
    reason: str


TO_HOST = (SendRequest, OpenWebSocket, SendWebSocketMessage, CloseWebSocket)
TO_GUEST = (DeliverWebSocketMessage, WebSocketClosed)
