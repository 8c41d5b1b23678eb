"""Base classes of the messages that capabilities exchange, and the fields they share.

A message's tag is its capability's folder and its class name: `ReadFile` in `capabilities/files/contract.py`
is `files.readFile` on the wire, `read_file` on the host half and `readFile` in the guest half.
"""

from __future__ import annotations

import functools
import re

import msgspec


class Message(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True, gc=False
):
    """One message of a contract. Use Call or Note."""


class Call(Message, frozen=True):
    """A message that is answered. Named verb and noun: `ReadFile`."""


class Note(Message, frozen=True):
    """A message that is not answered. Named in the past tense: `TestStarted`."""


class EncodedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An arbitrary JavaScript value in wire form: plain JSON in `p`, or a flat list of nodes in `t`.

    Both stay bytes until `decode_value` has counted what they would become.
    """

    p: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    t: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Bytes that belong to a message: the attachment with index `a`, or the stream with id `s`."""

    a: int | None = None
    s: int | None = None


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
