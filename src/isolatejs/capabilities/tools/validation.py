"""Tool values checked against their annotations: arguments on the way in, results on the way out.

A checker is built once per annotation. On the way in it converts what crossed (an object becomes the Struct,
dataclass or pydantic model; a string becomes the UUID, date or enum member); strings never become numbers.
Properties that a record does not declare are ignored, as TypeScript's structural types do. On the way out it
verifies the Python value and gives plain values (dict, list, str, ...) that the wire codec knows.
The first wrong part is named by path: `greet: args[0].age: expected int, got str`.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.converting import NATIVE, convert
from isolatejs.capabilities.tools.lowering import lower
from isolatejs.capabilities.tools.paths import Path, ToolValueError, path_text
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.capabilities.tools.sharing import Memory, Traits, copies_in
from isolatejs.limits import TOOL_COPIES_LIMIT, VALUE_NODES_LIMIT


class Checker(Protocol):
    """Gives the checked value, or raises ToolValueError naming the path."""

    def __call__(self, value: Any, path: Path, tool: str, copies: int = 0) -> Any: ...


def make_checker(shape: Shape, *, outward: bool = False) -> Checker:
    """The checker of one annotation: inward for arguments, outward for results.

    `copies` is what `Arguments` says of an argument. What a library would copy more than TOOL_COPIES_LIMIT times is
    converted once and stays shared; a tree of more than VALUE_NODES_LIMIT parts is refused, since whoever declares
    its type reads it as a tree.
    """
    walk = lower if outward else convert
    fast = _msgspec_type(shape, set())
    traits = Traits.of(shape)

    def check(value: Any, path: Path, tool: str, copies: int = 0) -> Any:
        if outward and traits.nests:
            copies = copies_in(shape, value)
        if copies > VALUE_NODES_LIMIT and traits.nests and not traits.is_open:
            raise _too_many(path, tool, VALUE_NODES_LIMIT)
        if copies > TOOL_COPIES_LIMIT and traits.copies:
            raise _too_many(path, tool, TOOL_COPIES_LIMIT)
        if fast is not None and copies <= TOOL_COPIES_LIMIT:
            try:
                if not outward:
                    return msgspec.convert(value, fast, builtin_types=NATIVE)
                sent = msgspec.to_builtins(value, builtin_types=NATIVE)
                known = msgspec.convert(sent, fast, builtin_types=NATIVE)
                return msgspec.to_builtins(known, builtin_types=NATIVE)  # without what is not declared
            except (msgspec.ValidationError, TypeError, RecursionError):
                pass  # the walk below finds the path, and accepts what msgspec is too strict for (3.0 as int)
        try:
            return walk(shape, value, path, Memory() if copies or traits.has_choices else None)
        except RecursionError:
            raise ToolValueError(
                f"{path_text(path)}: nested too deeply", tool=tool, path=path_text(path)
            ) from None
        except ToolValueError as error:
            raise ToolValueError(error.message, tool=tool, path=error.path) from error.__cause__

    return check


def _too_many(path: Path, tool: str, limit: int) -> ToolValueError:
    where = path_text(path)
    return ToolValueError(
        f"{where}: nested too deeply: it holds itself, or has more than {limit} parts when each mention counts",
        tool=tool,
        path=where,
    )


def _msgspec_type(shape: Shape, seen: set[type[Any]]) -> Any:
    """The annotation to hand to msgspec in one go, or None when the shape needs the walk."""
    match shape:
        case shapes.Scalar(cls):
            return cls
        case shapes.Named(_, inner):
            return _msgspec_type(inner, seen)
        case shapes.ListOf(item, cls):
            inner = _msgspec_type(item, seen)
            return None if inner is None else (tuple[inner, ...] if cls is tuple else list[inner])  # type: ignore[valid-type]
        case shapes.DictOf(shapes.Scalar(key), value) if key is str:  # the walk bounds keys of one hash
            inner = _msgspec_type(value, seen)
            return None if inner is None else dict[str, inner]  # type: ignore[valid-type]
        case shapes.Record(cls, "struct"):
            if cls in seen or all(
                _msgspec_type(field.shape, seen | {cls}) is not None for field in shape.fields
            ):
                return cls
    return None
