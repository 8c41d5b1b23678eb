"""Arguments of tools on the way in: what crossed becomes what the annotation says.

An object becomes the Struct, dataclass or pydantic model, a string the UUID, date or enum member; strings never
become numbers. Properties that a record does not declare are ignored, as TypeScript's structural types do.
"""

from __future__ import annotations

import collections.abc as abc
import datetime
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, Final

import msgspec

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.hashed import make_dict, make_set
from isolatejs.capabilities.tools.paths import (
    Path,
    ToolValueError,
    describe_shape,
    describe_value,
    index_path,
    is_undefined,
    literal_message,
    path_text,
    property_path,
    type_mismatch,
    wrong,
)
from isolatejs.capabilities.tools.records import build_record
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.capabilities.tools.sharing import Memory
from isolatejs.web.values import ArrayBuffer, BigInt, TypedArray

NATIVE: Final = (bytes, bytearray, memoryview, datetime.datetime)
"""Classes that cross as themselves, so a string is not an acceptable spelling of them."""


def convert(shape: Shape, value: Any, path: Path, memory: Memory | None) -> Any:
    if memory is None:
        return convert_part(shape, value, path, None)
    return memory.once(convert_part, shape, value, path)


def convert_part(shape: Shape, value: Any, path: Path, memory: Memory | None) -> Any:
    match shape:
        case shapes.Unchecked():
            return value
        case shapes.Scalar():
            return convert_scalar(shape, value, path)
        case shapes.Named(_, inner):
            return convert(inner, value, path, memory)
        case shapes.Constrained(inner, meta):
            return constrain(meta, convert(inner, value, path, memory), path)
        case shapes.LiteralOf(values):
            if any(value == allowed and type(value) is type(allowed) for allowed in values):
                return value
            raise wrong(path, literal_message(values, value))
        case shapes.EnumOf(cls):
            for member in cls:
                if member.value == value and type(member.value) is type(value):
                    return member
            if isinstance(value, cls):
                return value
            raise wrong(path, literal_message(tuple(member.value for member in cls), value))
        case shapes.ListOf(item, cls):
            if not isinstance(value, list | tuple):
                raise wrong(path, type_mismatch(shape, value))
            return cls(
                convert(item, entry, index_path(path, index), memory) for index, entry in enumerate(value)
            )
        case shapes.SetOf(item, cls):
            if not isinstance(value, abc.Set | list):
                raise wrong(path, type_mismatch(shape, value))
            items = (
                convert(item, entry, index_path(path, index), memory) for index, entry in enumerate(value)
            )
            return make_set(cls, items, path)
        case shapes.TupleOf(items):
            if not isinstance(value, list | tuple) or len(value) != len(items):
                raise wrong(path, type_mismatch(shape, value))
            return tuple(
                convert(item, value[index], index_path(path, index), memory)
                for index, item in enumerate(items)
            )
        case shapes.DictOf(key, inner):
            if not isinstance(value, abc.Mapping):
                raise wrong(path, type_mismatch(shape, value))
            pairs = (
                (
                    _convert_key(key, name, path, memory),
                    convert(inner, entry, property_path(path, name), memory),
                )
                for name, entry in value.items()
                if not is_undefined(entry)
            )
            return make_dict(pairs, path)
        case shapes.UnionOf():
            return _convert_union(shape, value, path, memory)
        case shapes.Record():
            return build_record(shape, value, path, partial(convert, memory=memory))
        case shapes.FunctionOf():
            if callable(value):
                return value
        case shapes.StreamOf():
            if isinstance(value, abc.AsyncIterable | abc.Iterable) and not isinstance(value, str | bytes):
                return value
        case shapes.PromiseOf(inner):
            return value if isinstance(value, abc.Awaitable) else convert(inner, value, path, memory)
        case shapes.Instance(cls):
            if isinstance(value, cls):
                return value
            if issubclass(cls, PurePath) and isinstance(value, str):
                return cls(value)
    raise wrong(path, type_mismatch(shape, value))


def convert_scalar(shape: shapes.Scalar, value: Any, path: Path) -> Any:
    if shape.type is type(None):
        if value is None or is_undefined(value):
            return None
        raise wrong(path, type_mismatch(shape, value))
    if shape.type is int and (isinstance(value, BigInt) or (isinstance(value, float) and value.is_integer())):
        return int(value)
    if shape.type in (bytes, bytearray) and isinstance(value, ArrayBuffer | TypedArray):
        return shape.type(value.data)
    try:
        return msgspec.convert(value, shape.type, builtin_types=NATIVE)
    except msgspec.ValidationError as error:
        raise wrong(path, _message_of(error, shape, value)) from None


def _convert_key(shape: Shape, key: Any, path: Path, memory: Memory | None) -> Any:
    """Object keys are always strings in JavaScript, so a number key may come as its text."""
    if isinstance(key, str) and isinstance(shape, shapes.Scalar) and shape.type in (int, float):
        try:
            return shape.type(key)
        except ValueError:
            raise wrong(property_path(path, key), f"expected a key of type {shape.type.__name__}") from None
    return convert(shape, key, property_path(path, key), memory)


def _convert_union(shape: shapes.UnionOf, value: Any, path: Path, memory: Memory | None) -> Any:
    if (value is None or is_undefined(value)) and shapes.NONE in shape.members:
        return None
    failures: list[ToolValueError] = []
    for member in _likely_first(shape, value):
        try:
            return convert(member, value, path, memory)
        except ToolValueError as error:
            failures.append(error)
    here = path_text(path)
    deeper = [error for error in failures if error.path != here]
    if len(deeper) == 1:
        raise deeper[0]
    members = [member for member in shape.members if member != shapes.NONE]
    if len(members) == 1:
        raise failures[-1]
    raise wrong(path, type_mismatch(shape, value))


def _likely_first(shape: shapes.UnionOf, value: Any) -> list[Shape]:
    """Members in the order to try: among records, the one that knows most of the given properties first."""
    members = [member for member in shape.members if member != shapes.NONE]
    if not isinstance(value, abc.Mapping):
        return members

    def unknown_properties(member: Shape) -> int:
        if not isinstance(member, shapes.Record):
            return 0
        known = {field.wire_name for field in member.fields}
        return sum(name not in known for name in value)

    return sorted(members, key=unknown_properties)


def constrain(meta: msgspec.Meta, value: Any, path: Path) -> Any:
    """Apply the bounds of a Meta to a converted value."""
    try:
        msgspec.convert(value, Annotated[type(value), meta], builtin_types=NATIVE)
    except msgspec.ValidationError as error:
        text = str(error).partition(" - at `")[0].replace("`", "")
        raise wrong(path, f"{text[:1].lower()}{text[1:]}, got {describe_value(value)}") from None
    return value


def _message_of(error: msgspec.ValidationError, shape: Shape, value: Any) -> str:
    text = str(error).partition(" - at `")[0]
    if text.startswith("Expected `"):
        return type_mismatch(shape, value)
    return f"expected {describe_shape(shape)}, got {describe_value(value)}"
