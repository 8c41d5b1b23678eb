"""How a wrong tool value is named: its path, what was expected, and what was there."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any, Final

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.errors import IsolateError
from isolatejs.web.preview import cut, preview
from isolatejs.web.values import UNDEFINED

_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
_SHOWN_VALUE_CHARACTERS: Final = 40
_SHOWN_NAME_CHARACTERS: Final = 80
_SHOWN_STEPS: Final = 50
_SUGGESTED_CHARACTERS: Final = 100
"""A longer text is no misspelling, and looking for the nearest takes long."""


class ToolValueError(IsolateError, TypeError):
    """A tool was called with, or gave back, a value that its annotations exclude.

    `tool` is its name, `path` the wrong part (`args[0].age`, `result[3]`), `message` the text
    without the name. In the program it is a TypeError.
    """

    def __init__(self, message: str, *, tool: str, path: str) -> None:
        super().__init__(f"{tool}: {message}" if tool else message)
        self.message = message
        self.tool = tool
        self.path = path


def is_undefined(value: Any) -> bool:
    """Whether this is the Python form of JavaScript's `undefined`."""
    return value is UNDEFINED


Path = str | tuple[Any, Any, bool]
"""Where a value stands: the name of an argument, or what holds it, its index or name there, and whether it is an index.

It becomes text in errors only: a program chooses how long names are, and how deep they stand.
"""


def property_path(base: Path, name: Any) -> Path:
    """`base.name`, or `base["odd name"]`."""
    return (base, name, False)


def index_path(base: Path, index: int) -> Path:
    return (base, index, True)


def path_text(path: Path) -> str:
    """`args[0].rows["odd name"][3]`; only the last steps of a long path."""
    steps: list[str] = []
    while isinstance(path, tuple):
        path, name, is_index = path
        if len(steps) > _SHOWN_STEPS:
            continue
        steps.append("..." if len(steps) == _SHOWN_STEPS else f"[{name}]" if is_index else _property(name))
    return f"{path}{''.join(reversed(steps))}"


def _property(name: Any) -> str:
    text = (
        cut(name, _SHOWN_NAME_CHARACTERS) if isinstance(name, str) else preview(name, _SHOWN_NAME_CHARACTERS)
    )
    return f".{text}" if _IDENTIFIER.match(text) else f"[{json.dumps(text)}]"


def wrong(path: Path, message: str) -> ToolValueError:
    """The error of a wrong part; whoever knows the tool adds its name."""
    where = path_text(path)
    return ToolValueError(f"{where}: {message}", tool="", path=where)


def type_mismatch(shape: Shape, value: Any) -> str:
    return f"expected {describe_shape(shape)}, got {describe_type(value)}"


def literal_message(allowed: tuple[Any, ...], value: Any) -> str:
    """`expected 'low' | 'high', got 'hihg', did you mean 'high'?`"""
    wanted = " | ".join(repr(entry) for entry in allowed)
    message = f"expected {wanted}, got {describe_value(value)}"
    if isinstance(value, str) and len(value) <= _SUGGESTED_CHARACTERS:
        near = difflib.get_close_matches(value, [entry for entry in allowed if isinstance(entry, str)], n=1)
        if near:
            message += f", did you mean {near[0]!r}?"
    return message


def describe_type(value: Any) -> str:
    """The class of a value, in a program's words where Python has no such value."""
    if value is None:
        return "null"
    if is_undefined(value):
        return "undefined"
    return type(value).__name__


def describe_value(value: Any) -> str:
    """A short literal for plain values, the class for all others."""
    if isinstance(value, str | int | float):
        return preview(value, _SHOWN_VALUE_CHARACTERS)
    return describe_type(value)


def describe_shape(shape: Shape) -> str:
    """A shape in Python's words: `int`, `list[User]`, `'low' | 'high'`."""
    match shape:
        case shapes.Scalar(cls):
            return "null" if cls is type(None) else cls.__name__
        case shapes.LiteralOf(values):
            return " | ".join(repr(value) for value in values)
        case shapes.EnumOf(cls):
            return " | ".join(repr(member.value) for member in cls)
        case shapes.ListOf(item):
            return f"list[{describe_shape(item)}]"
        case shapes.SetOf(item):
            return f"set[{describe_shape(item)}]"
        case shapes.TupleOf(items):
            return f"list of {len(items)} ({', '.join(describe_shape(item) for item in items)})"
        case shapes.DictOf(key, value):
            return f"dict[{describe_shape(key)}, {describe_shape(value)}]"
        case shapes.UnionOf(members):
            return " | ".join(describe_shape(member) for member in members)
        case shapes.Record(cls) | shapes.Instance(cls):
            return cls.__name__
        case shapes.Named(name):
            return name
        case shapes.Constrained(inner):
            return describe_shape(inner)
        case shapes.FunctionOf():
            return "function"
        case shapes.StreamOf():
            return "async iterable"
        case shapes.PromiseOf(inner):
            return f"promise of {describe_shape(inner)}"
    return "any"
