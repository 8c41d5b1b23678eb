"""Binds the messages of a contract to the methods of the object that answers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from isolatejs.wire.message import Call, method_name, wire_name


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of message is decoded and who answers it."""

    decode: Callable[[Any], Any]
    method: Callable[[Any, Any], Any]
    answers: bool


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def handlers_of(contract: Any, target: object) -> dict[str, Handler]:
    """One handler for each message of `contract.TO_HOST`. Raises AttributeError when a method is missing."""
    handlers: dict[str, Handler] = {}
    for message in contract.TO_HOST:
        decoder = _decoders.get(message)
        if decoder is None:
            decoder = _decoders[message] = msgspec.json.Decoder(message)
        method = getattr(target, method_name(message))
        handlers[wire_name(message)] = Handler(decoder.decode, method, issubclass(message, Call))
    return handlers
