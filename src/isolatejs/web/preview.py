"""A bounded text for any value of a program: for log lines, error messages and terminals.

`str()` and `repr()` of such a value have no bound: a value that shares its parts can be a gigabyte as text, and one
that holds itself has no end. Whatever puts a value of a program into text on the host uses `preview`.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, Final

from isolatejs.limits import PREVIEW_LIMIT_CHARACTERS
from isolatejs.web.values import (
    HOLE,
    UNDEFINED,
    BigInt,
    JSMap,
    JSSet,
)

__all__ = ["cut", "preview"]

_NUMBER_BITS: Final = 4_096
"""Larger integers stand as their size: the time to write one out grows with the square of its length."""
_SHORT: Final = (
    float,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    type(UNDEFINED),
    type(HOLE),
    type(None),
)
"""Classes whose `repr` is short."""


def cut(text: str, limit: int = PREVIEW_LIMIT_CHARACTERS) -> str:
    """The text, or its first `limit` characters and how many more there are."""
    return text if len(text) <= limit else f"{text[:limit]}... [{len(text) - limit} more characters]"


def preview(value: Any, limit: int = PREVIEW_LIMIT_CHARACTERS) -> str:
    """The value as `repr` shows it, as far as `limit` characters go; then `...`.

    Takes time and memory by `limit`, not by the value. What would be written inside itself stands as `...`.
    """
    pieces: list[str] = []
    left = limit
    around: set[int] = set()
    open_parts: list[tuple[int, Iterator[Any]]] = [(0, iter((value,)))]
    while open_parts:
        identity, parts = open_parts[-1]
        part = next(parts, _END)
        if part is _END:
            open_parts.pop()
            around.discard(identity)
            continue
        if type(part) is Text:
            text = part.text
        elif (inner := _parts(part)) is None:
            text = _leaf(part, left)
        elif id(part) in around:
            text = "..."
        else:
            around.add(id(part))
            open_parts.append((id(part), inner))
            continue
        if len(text) > left:
            return "".join((*pieces, text[:left], "..."))
        pieces.append(text)
        left -= len(text)
    return "".join(pieces)


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """Text between the parts of a value. A class whose `repr` would write out values of a program gives its texts and
    values by a method `preview_parts`."""

    text: str


_END: Final = object()
_COMMA: Final = Text(", ")
_COLON: Final = Text(": ")


def _parts(value: Any) -> Iterator[Any] | None:
    """What is written for a value that holds others: texts and the values between them. None for a leaf."""
    kind = type(value)
    if isinstance(value, tuple):
        return _between("(", value, ",)" if len(value) == 1 else ")")
    if isinstance(value, list):
        return _between("[", value, "]")
    if kind is JSMap:
        return _between("JSMap([", value.items(), "])")
    if isinstance(value, Mapping):
        return _pairs(value)
    if kind is JSSet:
        return _between("JSSet([", value, "])")
    if isinstance(value, Set):
        if not value:
            return iter((Text(f"{kind.__name__}()"),))
        return _between("{", value, "}") if kind is set else _between(f"{kind.__name__}({{", value, "})")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    own = getattr(kind, "preview_parts", None)
    return None if own is None else own(value)


def _between(opening: str, items: Iterable[Any], closing: str) -> Iterator[Any]:
    yield Text(opening)
    for index, item in enumerate(items):
        if index:
            yield _COMMA
        yield item
    yield Text(closing)


def _pairs(value: Mapping[Any, Any]) -> Iterator[Any]:
    yield Text("{")
    for index, (key, item) in enumerate(value.items()):
        if index:
            yield _COMMA
        yield key
        yield _COLON
        yield item
    yield Text("}")


def _fields(value: Any) -> Iterator[Any]:
    yield Text(f"{type(value).__name__}(")
    for index, field in enumerate(dataclasses.fields(value)):
        yield Text(f"{', ' if index else ''}{field.name}=")
        yield getattr(value, field.name)
    yield Text(")")


def _leaf(value: Any, room: int) -> str:
    if isinstance(value, (str, bytes, bytearray)):
        return repr(value[: room + 1])
    if isinstance(value, int):
        if isinstance(value, bool) or (bits := value.bit_length()) <= _NUMBER_BITS:
            return repr(value)
        return f"<{'BigInt' if isinstance(value, BigInt) else 'int'} of {bits} bits>"
    if isinstance(value, _SHORT):
        return repr(value)
    # What our own classes hold besides values is text, or bytes of which they say how many they are.
    return repr(value) if type(value).__module__.startswith("isolatejs.") else f"<{type(value).__name__}>"
