"""Tool values checked against their annotations: arguments on the way in, results on the way out.

A checker is built once per annotation. On the way in it converts what crossed (an object becomes the Struct,
dataclass or pydantic model; a string becomes the UUID, date or enum member); strings never become numbers.
Properties that a record does not declare are ignored, as TypeScript's structural types do. On the way out it
verifies the Python value and gives plain values (dict, list, str, ...) that the wire codec knows.
The first wrong part is named by path: `greet: args[0].age: expected int, got str`.
"""

from __future__ import annotations

import collections.abc as abc
import datetime
from pathlib import PurePath
from typing import Annotated, Any, Final, Protocol

import msgspec

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.hashed import make_dict, make_set
from isolatejs.capabilities.tools.paths import (
    ToolValueError,
    describe_shape,
    describe_value,
    index_path,
    is_undefined,
    literal_message,
    property_path,
    type_mismatch,
)
from isolatejs.capabilities.tools.records import build_record, plain, read_record
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.web.values import ArrayBuffer, BigInt, TypedArray

_NATIVE: Final = (bytes, bytearray, memoryview, datetime.datetime)
"""Classes that cross as themselves, so a string is not an acceptable spelling of them."""


class Checker(Protocol):
    """Gives the checked value, or raises ToolValueError naming the path."""

    def __call__(self, value: Any, path: str, tool: str) -> Any: ...


def make_checker(shape: Shape, *, outward: bool = False) -> Checker:
    """The checker of one annotation: inward for arguments, outward for results."""
    walk = _lower if outward else _convert
    fast = _msgspec_type(shape, set())

    def check(value: Any, path: str, tool: str) -> Any:
        if fast is not None:
            try:
                if not outward:
                    return msgspec.convert(value, fast, builtin_types=_NATIVE)
                sent = msgspec.to_builtins(value, builtin_types=_NATIVE)
                known = msgspec.convert(sent, fast, builtin_types=_NATIVE)
                return msgspec.to_builtins(known, builtin_types=_NATIVE)  # without what is not declared
            except (msgspec.ValidationError, TypeError, RecursionError):
                pass  # the walk below finds the path, and accepts what msgspec is too strict for (3.0 as int)
        try:
            return walk(shape, value, path)
        except RecursionError:
            raise ToolValueError(f"{path}: nested too deeply", tool=tool, path=path) from None
        except ToolValueError as error:
            raise ToolValueError(error.message, tool=tool, path=error.path) from error.__cause__

    return check


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


# --- arguments, on the way in ---------------------------------------------------------------------------


def _convert(shape: Shape, value: Any, path: str) -> Any:
    match shape:
        case shapes.Unchecked():
            return value
        case shapes.Scalar():
            return _convert_scalar(shape, value, path)
        case shapes.Named(_, inner):
            return _convert(inner, value, path)
        case shapes.Constrained(inner, meta):
            return _constrain(meta, _convert(inner, value, path), path)
        case shapes.LiteralOf(values):
            if any(value == allowed and type(value) is type(allowed) for allowed in values):
                return value
            raise _wrong(path, literal_message(values, value))
        case shapes.EnumOf(cls):
            for member in cls:
                if member.value == value and type(member.value) is type(value):
                    return member
            if isinstance(value, cls):
                return value
            raise _wrong(path, literal_message(tuple(member.value for member in cls), value))
        case shapes.ListOf(item, cls):
            if not isinstance(value, list | tuple):
                raise _wrong(path, type_mismatch(shape, value))
            return cls(_convert(item, entry, index_path(path, index)) for index, entry in enumerate(value))
        case shapes.SetOf(item, cls):
            if not isinstance(value, abc.Set | list):
                raise _wrong(path, type_mismatch(shape, value))
            items = (_convert(item, entry, index_path(path, index)) for index, entry in enumerate(value))
            return make_set(cls, items, path)
        case shapes.TupleOf(items):
            if not isinstance(value, list | tuple) or len(value) != len(items):
                raise _wrong(path, type_mismatch(shape, value))
            return tuple(
                _convert(item, value[index], index_path(path, index)) for index, item in enumerate(items)
            )
        case shapes.DictOf(key, inner):
            if not isinstance(value, abc.Mapping):
                raise _wrong(path, type_mismatch(shape, value))
            pairs = (
                (_convert_key(key, name, path), _convert(inner, entry, property_path(path, name)))
                for name, entry in value.items()
                if not is_undefined(entry)
            )
            return make_dict(pairs, path)
        case shapes.UnionOf():
            return _convert_union(shape, value, path)
        case shapes.Record():
            return build_record(shape, value, path, _convert)
        case shapes.FunctionOf():
            if callable(value):
                return value
        case shapes.StreamOf():
            if isinstance(value, abc.AsyncIterable | abc.Iterable) and not isinstance(value, str | bytes):
                return value
        case shapes.PromiseOf(inner):
            return value if isinstance(value, abc.Awaitable) else _convert(inner, value, path)
        case shapes.Instance(cls):
            if isinstance(value, cls):
                return value
            if issubclass(cls, PurePath) and isinstance(value, str):
                return cls(value)
    raise _wrong(path, type_mismatch(shape, value))


def _convert_scalar(shape: shapes.Scalar, value: Any, path: str) -> Any:
    if shape.type is type(None):
        if value is None or is_undefined(value):
            return None
        raise _wrong(path, type_mismatch(shape, value))
    if shape.type is int and (isinstance(value, BigInt) or (isinstance(value, float) and value.is_integer())):
        return int(value)
    if shape.type in (bytes, bytearray) and isinstance(value, ArrayBuffer | TypedArray):
        return shape.type(value.data)
    try:
        return msgspec.convert(value, shape.type, builtin_types=_NATIVE)
    except msgspec.ValidationError as error:
        raise _wrong(path, _message_of(error, shape, value)) from None


def _convert_key(shape: Shape, key: Any, path: str) -> Any:
    """Object keys are always strings in JavaScript, so a number key may come as its text."""
    if isinstance(key, str) and isinstance(shape, shapes.Scalar) and shape.type in (int, float):
        try:
            return shape.type(key)
        except ValueError:
            raise _wrong(property_path(path, key), f"expected a key of type {shape.type.__name__}") from None
    return _convert(shape, key, property_path(path, key))


def _convert_union(shape: shapes.UnionOf, value: Any, path: str) -> Any:
    if (value is None or is_undefined(value)) and shapes.NONE in shape.members:
        return None
    failures: list[ToolValueError] = []
    for member in _likely_first(shape, value):
        try:
            return _convert(member, value, path)
        except ToolValueError as error:
            failures.append(error)
    deeper = [error for error in failures if error.path != path]
    if len(deeper) == 1:
        raise deeper[0]
    members = [member for member in shape.members if member != shapes.NONE]
    if len(members) == 1:
        raise failures[-1]
    raise _wrong(path, type_mismatch(shape, value))


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


# --- results, on the way out ----------------------------------------------------------------------------


def _lower(shape: Shape, value: Any, path: str) -> Any:
    match shape:
        case shapes.Unchecked():
            return value
        case shapes.Scalar():
            return _lower_scalar(shape, value, path)
        case shapes.Named(_, inner):
            return _lower(inner, value, path)
        case shapes.Constrained(inner, meta):
            lowered = _lower(inner, value, path)
            _constrain(meta, value, path)
            return lowered
        case shapes.LiteralOf():
            return _convert(shape, value, path)
        case shapes.EnumOf():
            return _convert(shape, value, path).value
        case shapes.ListOf(item) | shapes.SetOf(item):
            return _lower_many(shape, item, value, path)
        case shapes.TupleOf(items):
            if isinstance(value, list | tuple) and len(value) == len(items):
                return [
                    _lower(item, value[index], index_path(path, index)) for index, item in enumerate(items)
                ]
        case shapes.DictOf(key, inner):
            if isinstance(value, abc.Mapping):
                pairs = (
                    (_lower(key, name, part), _lower(inner, entry, part))
                    for name, entry in value.items()
                    for part in (property_path(path, name),)
                )
                return make_dict(pairs, path)
        case shapes.UnionOf(members):
            return _lower_union(shape, members, value, path)
        case shapes.Record():
            return read_record(shape, value, path, _lower)
        case shapes.FunctionOf() | shapes.StreamOf() | shapes.PromiseOf():
            return _convert(shape, value, path)
        case shapes.Instance(cls):
            if isinstance(value, cls):
                return plain(value)
    raise _wrong(path, type_mismatch(shape, value))


def _lower_many(shape: shapes.ListOf | shapes.SetOf, item: Shape, value: Any, path: str) -> Any:
    wanted = (abc.Set,) if isinstance(shape, shapes.SetOf) else (abc.Sequence,)
    if not isinstance(value, wanted) or isinstance(value, str | bytes):
        raise _wrong(path, type_mismatch(shape, value))
    lowered = [_lower(item, entry, index_path(path, index)) for index, entry in enumerate(value)]
    return make_set(set, lowered, path) if isinstance(shape, shapes.SetOf) else lowered


def _lower_scalar(shape: shapes.Scalar, value: Any, path: str) -> Any:
    if shape.type is type(None) and value is not None:
        raise _wrong(path, type_mismatch(shape, value))
    checked = (
        value
        if isinstance(value, shape.type) and shape.type is not int
        else _convert_scalar(shape, value, path)
    )
    return plain(checked)


def _lower_union(shape: shapes.UnionOf, members: tuple[Shape, ...], value: Any, path: str) -> Any:
    """A record instance belongs to its own class; everything else to the first member that takes it."""
    exact = [member for member in members if isinstance(member, shapes.Record) and type(value) is member.type]
    failures: list[ToolValueError] = []
    for member in exact or members:
        try:
            return _lower(member, value, path)
        except ToolValueError as error:
            failures.append(error)
    deeper = [error for error in failures if error.path != path]
    raise deeper[0] if len(deeper) == 1 else _wrong(path, type_mismatch(shape, value))


# --- shared ---------------------------------------------------------------------------------------------


def _constrain(meta: msgspec.Meta, value: Any, path: str) -> Any:
    """Apply the bounds of a Meta to a converted value."""
    try:
        msgspec.convert(value, Annotated[type(value), meta], builtin_types=_NATIVE)
    except msgspec.ValidationError as error:
        text = str(error).partition(" - at `")[0].replace("`", "")
        raise _wrong(path, f"{text[:1].lower()}{text[1:]}, got {describe_value(value)}") from None
    return value


def _message_of(error: msgspec.ValidationError, shape: Shape, value: Any) -> str:
    text = str(error).partition(" - at `")[0]
    if text.startswith("Expected `"):
        return type_mismatch(shape, value)
    return f"expected {describe_shape(shape)}, got {describe_value(value)}"


def _wrong(path: str, message: str) -> ToolValueError:
    return ToolValueError(f"{path}: {message}", tool="", path=path)
