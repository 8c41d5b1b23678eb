"""Results of tools on the way out: checked against the annotation, and made of what the wire knows."""

from __future__ import annotations

import collections.abc as abc
from functools import partial
from typing import Any

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.converting import constrain, convert_part, convert_scalar
from isolatejs.capabilities.tools.hashed import make_dict, make_set
from isolatejs.capabilities.tools.paths import (
    Path,
    ToolValueError,
    index_path,
    path_text,
    property_path,
    type_mismatch,
    wrong,
)
from isolatejs.capabilities.tools.records import plain, read_record
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.capabilities.tools.sharing import Memory


def lower(shape: Shape, value: Any, path: Path, memory: Memory | None) -> Any:
    if memory is None:
        return _lower_part(shape, value, path, None)
    return memory.once(_lower_part, shape, value, path)


def _lower_part(shape: Shape, value: Any, path: Path, memory: Memory | None) -> Any:
    match shape:
        case shapes.Unchecked():
            return value
        case shapes.Scalar():
            return _lower_scalar(shape, value, path)
        case shapes.Named(_, inner):
            return lower(inner, value, path, memory)
        case shapes.Constrained(inner, meta):
            lowered = lower(inner, value, path, memory)
            constrain(meta, value, path)
            return lowered
        case shapes.LiteralOf():
            return convert_part(shape, value, path, memory)
        case shapes.EnumOf():
            return convert_part(shape, value, path, memory).value
        case shapes.ListOf(item) | shapes.SetOf(item):
            return _lower_many(shape, item, value, path, memory)
        case shapes.TupleOf(items):
            if isinstance(value, list | tuple) and len(value) == len(items):
                return [
                    lower(item, value[index], index_path(path, index), memory)
                    for index, item in enumerate(items)
                ]
        case shapes.DictOf(key, inner):
            if isinstance(value, abc.Mapping):
                pairs = (
                    (lower(key, name, part, memory), lower(inner, entry, part, memory))
                    for name, entry in value.items()
                    for part in (property_path(path, name),)
                )
                return make_dict(pairs, path)
        case shapes.UnionOf(members):
            return _lower_union(shape, members, value, path, memory)
        case shapes.Record():
            return read_record(shape, value, path, partial(lower, memory=memory))
        case shapes.FunctionOf() | shapes.StreamOf() | shapes.PromiseOf():
            return convert_part(shape, value, path, memory)
        case shapes.Instance(cls):
            if isinstance(value, cls):
                return plain(value)
    raise wrong(path, type_mismatch(shape, value))


def _lower_many(
    shape: shapes.ListOf | shapes.SetOf, item: Shape, value: Any, path: Path, memory: Memory | None
) -> Any:
    wanted = (abc.Set,) if isinstance(shape, shapes.SetOf) else (abc.Sequence,)
    if not isinstance(value, wanted) or isinstance(value, str | bytes):
        raise wrong(path, type_mismatch(shape, value))
    lowered = [lower(item, entry, index_path(path, index), memory) for index, entry in enumerate(value)]
    return make_set(set, lowered, path) if isinstance(shape, shapes.SetOf) else lowered


def _lower_scalar(shape: shapes.Scalar, value: Any, path: Path) -> Any:
    if shape.type is type(None) and value is not None:
        raise wrong(path, type_mismatch(shape, value))
    checked = (
        value
        if isinstance(value, shape.type) and shape.type is not int
        else convert_scalar(shape, value, path)
    )
    return plain(checked)


def _lower_union(
    shape: shapes.UnionOf, members: tuple[Shape, ...], value: Any, path: Path, memory: Memory | None
) -> Any:
    """A record instance belongs to its own class; everything else to the first member that takes it."""
    exact = [member for member in members if isinstance(member, shapes.Record) and type(value) is member.type]
    failures: list[ToolValueError] = []
    for member in exact or members:
        try:
            return lower(member, value, path, memory)
        except ToolValueError as error:
            failures.append(error)
    here = path_text(path)
    deeper = [error for error in failures if error.path != here]
    raise deeper[0] if len(deeper) == 1 else wrong(path, type_mismatch(shape, value))
