"""Events both ways."""

from __future__ import annotations

from isolatejs.wire.message import Call, EncodedValue, Note


class DeliverEvent(Call, frozen=True):
    """The embedder emits an event; answered when the program's handlers have been called."""

    name: str
    payload: EncodedValue


class EventEmitted(Note, frozen=True):
    """The program emitted an event."""

    name: str
    payload: EncodedValue


TO_HOST = (EventEmitted,)
TO_GUEST = (DeliverEvent,)
