"""Messages of the channel itself, for values that stay alive on the side that owns them."""

from __future__ import annotations

from typing import ClassVar

from isolatejs.wire.message import Call, Door, EncodedValue, Note, Number


class CallFunction(Call, frozen=True):
    """Call a function of the other side with an encoded array of arguments; answered with its value.

    `during` is the other side's number of its own call that this one is made for, 0 for none.
    """

    reference: Number
    args: EncodedValue
    during: Number = 0


class SettlePromise(Call, frozen=True):
    """Wait for a promise of the other side; answered with its value."""

    door: ClassVar[Door] = Door.WAIT

    reference: Number


class NextItem(Call, frozen=True):
    """Take the next item of an iterator; answered with `Item`."""

    reference: Number


class ReturnIterator(Call, frozen=True):
    """End an iterator early; its clean-up has run when this is answered."""

    reference: Number


class ConfirmAlive(Call, frozen=True):
    """Answered as soon as the event loop of the guest turns."""

    door: ClassVar[Door] = Door.CONTROL


class ReferencesReleased(Note, frozen=True):
    """The other side no longer holds these references: pairs of number and the last serial that it has seen.

    A reference that was sent once more meanwhile has a later serial, and stays.
    """

    references: list[tuple[Number, Number]]


class SignalAborted(Note, frozen=True):
    """An AbortSignal of this side that the other side holds was aborted."""

    reference: Number
    reason: EncodedValue


class Item(Call, frozen=True):
    """Answer to NextItem. `value` is absent when `done`."""

    done: bool = False
    value: EncodedValue | None = None


TO_HOST = (
    CallFunction,
    SettlePromise,
    NextItem,
    ReturnIterator,
    ReferencesReleased,
    SignalAborted,
)
TO_GUEST = (*TO_HOST, ConfirmAlive)
