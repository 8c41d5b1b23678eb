"""Messages of app servers.

The host numbers each request. The number names it in every later message, is the scope of the calls that the
program makes on its behalf, and names its WebSocket when it becomes one. A request is over for the host when
its response has been read to the end and the guest has nothing left to do for it.

Messages of a WebSocket out of the program are notes within a credit, as bytes of a stream are: what a message
costs is `MESSAGE_COST + its bytes`, and the guest sends while it has any credit left.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

import msgspec

from isolatejs.wire.message import SAFE_INTEGER, Body, Call, Door, EncodedValue, Note, Number

HeaderList = list[tuple[str, str]]
RequestNumber = Annotated[int, msgspec.Meta(ge=1, le=SAFE_INTEGER)]
CloseCode = Annotated[int, msgspec.Meta(ge=1000, le=4999)]

MESSAGE_COST: Final = 64
"""What a message of a WebSocket costs beside its bytes: an empty one costs memory too."""
MESSAGE_WINDOW: Final = 1024 * 1024
"""Credit of one WebSocket at its start, in bytes."""


class LoadEntry(Call, frozen=True):
    """Import the entry module, or run `code`; answered when a handler is registered."""

    door: ClassVar[Door] = Door.MANAGED

    filename: str
    entry: str | None = None
    code: str | None = None


class HandleRequest(Call, frozen=True):
    """Answer a request. Answered with a HandledRequest."""

    door: ClassVar[Door] = Door.SERVED

    request: Number
    method: str
    url: str
    headers: HeaderList
    body: Body | None = None
    upgradable: bool = True
    """Whether the program may turn it into a WebSocket."""


class HandledRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The answer to HandleRequest: a response, or a WebSocket when `upgraded`."""

    status: Number = 200
    status_text: str = ""
    headers: HeaderList = []
    body: Body | None = None
    body_length: Number | None = None
    """Bytes of a streamed body, where the guest knows it."""
    open: bool = False
    """The guest still works for the request: a streamed body or waitUntil(). RequestFinished follows."""
    upgraded: bool = False
    protocol: str | None = None
    data: EncodedValue | None = None


class RequestEnded(Note, frozen=True):
    """The host is through with a request: its response was read, or nobody wants it any more (`aborted`)."""

    request: Number
    aborted: bool = False


class RequestFinished(Note, frozen=True):
    """The guest is through with a request that it kept open."""

    request: RequestNumber


class HandlerFailed(Note, frozen=True):
    """A handler threw, rejected or answered with no response."""

    message: str
    request: Number = 0
    recovered: bool = False
    """The program's `error` handler takes care of it."""


class OpenConnection(Call, frozen=True):
    """The WebSocket is open. Answered when the program has been told."""

    door: ClassVar[Door] = Door.SERVED

    request: Number


class DeliverMessage(Call, frozen=True):
    """A message came: a text, or the one attachment. Answered when the program can take more."""

    door: ClassVar[Door] = Door.SERVED

    request: Number
    text: str | None = None


class CloseConnection(Call, frozen=True):
    """The WebSocket is closed. Answered when the program has been told."""

    door: ClassVar[Door] = Door.SERVED

    request: Number
    code: Number
    reason: str = ""


class FailConnection(Call, frozen=True):
    """Something went wrong with a WebSocket. Answered when the program has been told."""

    door: ClassVar[Door] = Door.SERVED

    request: Number
    message: str
    name: str = "Error"


class MessagesTaken(Note, frozen=True):
    """The embedder has taken messages; gives back their credit."""

    request: Number
    size: Number


class MessageSent(Note, frozen=True):
    """The program sent a message: a text, or the one attachment."""

    request: RequestNumber
    text: str | None = None


class ConnectionClosed(Note, frozen=True):
    """The program closed a WebSocket."""

    request: RequestNumber
    code: CloseCode
    reason: Annotated[str, msgspec.Meta(max_length=123)] = ""


TO_HOST = (RequestFinished, HandlerFailed, MessageSent, ConnectionClosed)
TO_GUEST = (
    LoadEntry,
    HandleRequest,
    RequestEnded,
    OpenConnection,
    DeliverMessage,
    CloseConnection,
    FailConnection,
    MessagesTaken,
)
