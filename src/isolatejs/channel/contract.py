"""Messages of the channel itself, for values that stay alive on the side that owns them."""

from __future__ import annotations

from isolatejs.wire.message import Call, EncodedValue, Note


class CallFunction(Call):
    """Call a function of the other side with an encoded array of arguments; answered with its value."""

    reference: int
    args: EncodedValue


class SettlePromise(Call):
    """Wait for a promise of the other side; answered with its value."""

    reference: int


class NextItem(Call):
    """Take the next item of an iterator; answered with `Item`."""

    reference: int


class ReturnIterator(Call):
    """End an iterator early; its clean-up has run when this is answered."""

    reference: int


class ReferencesReleased(Note):
    """The other side no longer holds these references."""

    references: list[int]


class SignalAborted(Note):
    """An AbortSignal of this side that the other side holds was aborted."""

    reference: int
    reason: EncodedValue


class Item(Call):
    """Answer to NextItem. `value` is absent when `done`."""

    done: bool = False
    value: EncodedValue | None = None


TO_HOST = TO_GUEST = (CallFunction, SettlePromise, NextItem, ReturnIterator, ReferencesReleased, SignalAborted)
