"""What a handler gets beside its message, and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from isolatejs.errors import GuestProtocolError
from isolatejs.web.preview import cut
from isolatejs.wire.message import Body, EncodedValue

if TYPE_CHECKING:
    from isolatejs.channel.channel import Channel
    from isolatejs.wire.decoding import Arguments

T = TypeVar("T")
SMALL_ANSWER_BYTES = 4096
"""To decode less than this, outside of any handler, costs less than to measure it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with binary attachments: `value` is JSON-able or a Struct."""

    value: Any
    attachments: Sequence[bytes | memoryview] = ()


@dataclass(slots=True)
class IncomingNote:
    """A note that arrived. `scope_id` names the request on whose behalf it was sent, 0 for none.

    `home` holds the references to our own values in it; see `References.arriving`.
    """

    channel: Channel
    attachments: Sequence[memoryview]
    scope_id: int
    home: Mapping[int, Any]

    def decode(self, encoded: EncodedValue) -> Any:
        """Python form of a value of the message."""
        return self.channel.decode(encoded, self.attachments, self.home)

    def arguments(self, encoded: EncodedValue) -> Arguments:
        """Python form of an array of arguments, for a handler that reads them as trees."""
        return self.channel.decode_arguments(encoded, self.attachments, self.home)

    def body(self, body: Body | None) -> bytes | AsyncIterator[bytes] | None:
        """The body that the message announces."""
        return self.channel.receive_body(body, self.attachments)


class IncomingCall(IncomingNote):
    """A call that arrived. The handler's task is cancelled when the guest cancels the call."""

    __slots__ = ()

    def encode(self, value: Any, attachments: list[Any]) -> EncodedValue:
        """Wire form of a value for the answer."""
        return self.channel.encode(value, attachments)

    def reply(self, value: Any) -> Reply:
        """An answer that is one arbitrary value."""
        attachments: list[Any] = []
        encoded = self.channel.encode(value, attachments)
        return Reply(encoded, attachments)

    def with_attachments(self, value: Any, attachments: Sequence[Any]) -> Reply:
        """An answer with attachments."""
        return Reply(value, attachments)


@dataclass(frozen=True, slots=True)
class ReplyFrameData:
    """The answer to one of our calls."""

    payload: msgspec.Raw
    attachments: Sequence[memoryview]
    channel: Channel
    home: Mapping[int, Any]

    @property
    def value(self) -> Any:
        """The answer as plain JSON."""
        return self.into(Any)

    def into(self, kind: type[T]) -> T:
        """The answer, validated. Raises GuestProtocolError when it does not fit."""
        try:
            return msgspec.json.decode(self.payload, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise GuestProtocolError(f"a malformed answer: {cut(str(error))}") from None

    def decode(self, encoded: EncodedValue) -> Any:
        """Python form of a value of the answer."""
        if len(self.payload) < SMALL_ANSWER_BYTES:
            return self.channel.decode(encoded, self.attachments, self.home)
        host_time = self.channel.host_time
        began = host_time.begin()
        try:
            return self.channel.decode(encoded, self.attachments, self.home)
        finally:
            host_time.end(began)

    def body(self, body: Body | None) -> bytes | AsyncIterator[bytes] | None:
        """The body that the answer announces."""
        return self.channel.receive_body(body, self.attachments)
