"""Base classes of the messages that capabilities exchange, and the fields they share.

A message's tag is its capability's folder and its class name: `ReadFile` in `capabilities/files/contract.py`
is `files.readFile` on the wire, `read_file` on the host half and `readFile` in the guest half.
"""

from __future__ import annotations

import functools
import re
from enum import Enum
from typing import Annotated, ClassVar, Final

import msgspec

SAFE_INTEGER: Final = 2**53 - 1
"""The largest integer that a JavaScript number holds together with its neighbours."""

Number = Annotated[int, msgspec.Meta(ge=0, le=SAFE_INTEGER)]
"""An id or a count that the guest writes. In this range no two integers share a hash: with ids chosen to share one,
a table of them takes a time that grows with the square of their number."""


class Door(Enum):
    """How a message to the guest enters the program, and so what its time limit and its cancellation mean.

    The rules stand in docs/limits.md and are kept in `host/executions.py`.
    """

    EXECUTION = "execution"
    """The program runs until it is answered: at the limit, or when the wait is cancelled, the runtime ends."""
    WAIT = "wait"
    """A wait for something that has begun already: the limit ends the runtime; cancelling ends the wait alone."""
    MANAGED = "managed"
    """An execution whose sender names its limit."""
    SERVED = "served"
    """One of many things that a program serves: neither ends the runtime, unless it gives no more control back."""
    CONTROL = "control"
    """For the kernel, which answers whatever the program does, as long as it gives control back."""


class Message(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True, gc=False
):
    """One message of a contract. Use Call or Note."""


class Call(Message, frozen=True):
    """A message that is answered. Named verb and noun: `ReadFile`."""

    door: ClassVar[Door] = Door.EXECUTION
    """For those that go to the guest."""


class Note(Message, frozen=True):
    """A message that is not answered. Named in the past tense: `TestStarted`."""

    door: ClassVar[Door] = Door.SERVED
    """For those that go to the guest."""


class EncodedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An arbitrary JavaScript value in wire form: plain JSON in `p`, or a flat list of nodes in `t`.

    Both stay bytes until `decode_value` has counted what they would become.
    """

    p: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    t: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Bytes that belong to a message: the attachment with index `a`, or the stream with id `s`."""

    a: Number | None = None
    s: Number | None = None


@functools.cache
def wire_name(message: type[Message]) -> str:
    """The tag of a message class: `files.readFile`."""
    folder = message.__module__.rsplit(".", 2)[-2]
    name = message.__name__
    return f"{folder}.{name[0].lower()}{name[1:]}"


@functools.cache
def method_name(message: type[Message]) -> str:
    """The host method of a message class: `read_file`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()
