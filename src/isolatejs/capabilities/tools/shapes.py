"""What a Python annotation means to a program: one small description that declarations and validation share.

`shape_of(annotation)` turns an annotation into a tree of the frozen classes below. Records (msgspec Structs,
dataclasses, TypedDicts, NamedTuples, attrs-free) look their fields up lazily, so recursive types are fine.
An annotation that no JavaScript value corresponds to becomes `Instance`, checked with isinstance.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import enum
import types
import typing
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NewType, TypeAlias, TypeVar, Union, get_args, get_origin

import msgspec


@dataclass(frozen=True)
class Unchecked:
    """`Any`, `object` or no annotation: every value passes."""

    known: bool = False


@dataclass(frozen=True)
class Scalar:
    """One class that msgspec converts by itself: str, int, datetime, UUID, Decimal, bytes and so on."""

    type: type[Any]


@dataclass(frozen=True)
class LiteralOf:
    values: tuple[Any, ...]


@dataclass(frozen=True)
class EnumOf:
    type: type[enum.Enum]


@dataclass(frozen=True)
class ListOf:
    item: Shape
    type: type[Any] = list


@dataclass(frozen=True)
class SetOf:
    item: Shape
    type: type[Any] = set


@dataclass(frozen=True)
class TupleOf:
    items: tuple[Shape, ...]


@dataclass(frozen=True)
class DictOf:
    key: Shape
    value: Shape


@dataclass(frozen=True)
class UnionOf:
    members: tuple[Shape, ...]


@dataclass(frozen=True)
class FunctionOf:
    """A function of the other side. `parameters` is None when they are not stated."""

    parameters: tuple[Shape, ...] | None
    returns: Shape


@dataclass(frozen=True)
class StreamOf:
    """An iterator, async iterator or generator."""

    item: Shape


@dataclass(frozen=True)
class PromiseOf:
    value: Shape


@dataclass(frozen=True)
class Constrained:
    """A shape with a msgspec.Meta: bounds, patterns, lengths, a description."""

    inner: Shape
    meta: msgspec.Meta


@dataclass(frozen=True)
class Named:
    """A NewType: the same values under a name of its own."""

    name: str
    inner: Shape


@dataclass(frozen=True)
class Record:
    """A class with named fields. `kind` says how its instances are made."""

    type: type[Any]
    kind: Literal["struct", "dataclass", "typed_dict", "named_tuple", "pydantic"]

    @property
    def fields(self) -> tuple[Field, ...]:
        cls: Any = self.type
        return _fields_of(cls, self.kind)


@dataclass(frozen=True)
class Instance:
    """Any other class: an instance of it passes."""

    type: type[Any]


Shape: TypeAlias = (
    Unchecked
    | Scalar
    | LiteralOf
    | EnumOf
    | ListOf
    | SetOf
    | TupleOf
    | DictOf
    | UnionOf
    | FunctionOf
    | StreamOf
    | PromiseOf
    | Constrained
    | Named
    | Record
    | Instance
)


@dataclass(frozen=True)
class Field:
    """One field: its Python name, the name it crosses with, its shape, and whether it may be left out."""

    name: str
    wire_name: str
    shape: Shape
    optional: bool
    always_present: bool
    description: str | None = None
    tag: str | int | None = None

    @property
    def is_tag(self) -> bool:
        """Whether this is the discriminator that msgspec adds, not a field of the class."""
        return self.tag is not None


NONE: Final = Scalar(type(None))
_LIST_LIKE: Final = (list, abc.Sequence, abc.MutableSequence, abc.Collection)
_SET_LIKE: Final = (set, frozenset, abc.Set, abc.MutableSet)
_DICT_LIKE: Final = (dict, abc.Mapping, abc.MutableMapping)
_STREAM_LIKE: Final = (
    abc.AsyncIterator,
    abc.AsyncIterable,
    abc.AsyncGenerator,
    abc.Iterator,
    abc.Generator,
    abc.Iterable,
)
_PROMISE_LIKE: Final = (abc.Awaitable, abc.Coroutine)


def shape_of(annotation: Any) -> Shape:
    """Describe an annotation whose forward references are resolved already."""
    if annotation is Any or annotation is object:
        return Unchecked(known=annotation is object)
    if annotation is None or annotation is type(None):
        return NONE
    if isinstance(annotation, str | typing.ForwardRef):
        return Unchecked()
    if isinstance(annotation, NewType):
        return Named(annotation.__name__, shape_of(annotation.__supertype__))
    if isinstance(annotation, TypeVar):
        return shape_of(annotation.__bound__) if annotation.__bound__ is not None else Unchecked()
    if type(annotation).__name__ == "TypeAliasType":
        return shape_of(annotation.__value__)
    origin = get_origin(annotation)
    if origin is not None:
        return _generic_shape(annotation, origin, get_args(annotation))
    return _class_shape(annotation) if isinstance(annotation, type) else Unchecked()


def _generic_shape(annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Shape:
    if origin is Annotated:
        inner = shape_of(arguments[0])
        for extra in arguments[1:]:
            if isinstance(extra, msgspec.Meta):
                inner = Constrained(inner, extra)
        return inner
    if origin in (Union, types.UnionType):
        return _union_of(arguments)
    if origin is Literal:
        return LiteralOf(arguments)
    if origin in (typing.Required, typing.NotRequired, typing.ClassVar, typing.Final):
        return shape_of(arguments[0])
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return ListOf(shape_of(arguments[0]), tuple)
        return TupleOf(tuple(shape_of(item) for item in arguments if item != ()))
    if origin is abc.Callable:
        parameters, returns = arguments
        known = None if parameters is Ellipsis else tuple(shape_of(item) for item in parameters)
        return FunctionOf(known, shape_of(returns))
    first = shape_of(arguments[0]) if arguments else Unchecked()
    if origin in _LIST_LIKE:
        return ListOf(first)
    if origin in _SET_LIKE:
        return SetOf(first, frozenset if origin is frozenset else set)
    if origin in _DICT_LIKE:
        return DictOf(first, shape_of(arguments[1]))
    if origin in _STREAM_LIKE:
        return StreamOf(first)
    if origin in _PROMISE_LIKE:
        return PromiseOf(shape_of(arguments[-1]))
    return _class_shape(origin) if isinstance(origin, type) else Unchecked()


def _union_of(arguments: tuple[Any, ...]) -> Shape:
    members: list[Shape] = []
    for argument in arguments:
        if argument is msgspec.UnsetType:
            continue
        shape = shape_of(argument)
        for member in shape.members if isinstance(shape, UnionOf) else (shape,):
            if member not in members:
                members.append(member)
    return members[0] if len(members) == 1 else UnionOf(tuple(members))


def _class_shape(cls: type[Any]) -> Shape:
    plain: dict[Any, Shape] = {
        list: ListOf(Unchecked()),
        tuple: ListOf(Unchecked(), tuple),
        set: SetOf(Unchecked()),
        frozenset: SetOf(Unchecked(), frozenset),
        dict: DictOf(Scalar(str), Unchecked()),
        abc.Callable: FunctionOf(None, Unchecked()),
    }
    if cls in plain:
        return plain[cls]
    if issubclass(cls, enum.Enum):
        return EnumOf(cls)
    if cls in _STREAM_LIKE:
        return StreamOf(Unchecked())
    if cls in _LIST_LIKE:
        return ListOf(Unchecked())
    if cls in _DICT_LIKE:
        return DictOf(Scalar(str), Unchecked())
    kind = record_kind(cls)
    if kind is not None:
        return Record(cls, kind)
    hashable: Any = cls
    if msgspec_knows(hashable):
        return Scalar(cls)
    return Instance(cls)


def record_kind(
    cls: type[Any],
) -> Literal["struct", "dataclass", "typed_dict", "named_tuple", "pydantic"] | None:
    """How a class holds its fields, or None when it has none that cross."""
    if isinstance(cls, type) and issubclass(cls, msgspec.Struct):
        return "struct"
    if dataclasses.is_dataclass(cls):
        return "dataclass"
    if typing.is_typeddict(cls):
        return "typed_dict"
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return "named_tuple"
    if hasattr(cls, "model_validate") and hasattr(cls, "model_fields"):
        return "pydantic"
    return None


@lru_cache(maxsize=1024)
def msgspec_knows(annotation: Any) -> bool:
    """Whether msgspec converts this type without help from us."""
    try:
        info = msgspec.inspect.type_info(annotation)
    except (TypeError, NameError, AttributeError):
        return False
    return not isinstance(info, msgspec.inspect.CustomType)


@lru_cache(maxsize=1024)
def _fields_of(cls: Any, kind: str) -> tuple[Field, ...]:
    hints = _hints_of(cls)
    if kind == "struct":
        return _tag_field(cls) + tuple(
            _field(
                field.name,
                hints.get(field.name, field.type),
                wire_name=field.encode_name,
                optional=not field.required,
            )
            for field in msgspec.structs.fields(cls)
        )
    if kind == "dataclass":
        return tuple(
            _field(
                field.name,
                hints.get(field.name, Any),
                optional=field.default is not dataclasses.MISSING
                or field.default_factory is not dataclasses.MISSING,
                description=field.metadata.get("description"),
            )
            for field in dataclasses.fields(cls)
            if field.init
        )
    if kind == "typed_dict":
        required = {name for name, hint in hints.items() if _is_required(name, hint, cls)}
        return tuple(
            _field(name, hint, optional=name not in required, always_present=name in required)
            for name, hint in hints.items()
        )
    if kind == "named_tuple":
        defaults = cls._field_defaults
        names: tuple[str, ...] = cls._fields
        return tuple(_field(name, hints.get(name, Any), optional=name in defaults) for name in names)
    return tuple(
        _field(
            name,
            hints.get(name, info.annotation),
            wire_name=info.alias or name,
            optional=not info.is_required(),
            description=info.description,
        )
        for name, info in cls.model_fields.items()
    )


def _is_required(name: str, hint: Any, cls: Any) -> bool:
    """Whether a TypedDict's key has to be there. Its own table is wrong when annotations are strings."""
    origin = get_origin(hint)
    if origin in (typing.Required, typing.NotRequired):
        return origin is typing.Required
    return name in cls.__required_keys__


def _tag_field(cls: Any) -> tuple[Field, ...]:
    config = cls.__struct_config__
    if config.tag is None:
        return ()
    name = config.tag_field
    return (Field(name, name, LiteralOf((config.tag,)), optional=False, always_present=True, tag=config.tag),)


def _field(
    name: str,
    annotation: Any,
    *,
    optional: bool,
    wire_name: str | None = None,
    always_present: bool = True,
    description: str | None = None,
) -> Field:
    if msgspec.UnsetType in get_args(annotation):
        always_present = False
    shape = shape_of(annotation)
    return Field(
        name, wire_name or name, shape, optional, always_present, description or description_of(shape)
    )


def description_of(shape: Shape) -> str | None:
    """The `description` (or title) that a msgspec.Meta on this shape gives."""
    while isinstance(shape, Constrained):
        if shape.meta.description or shape.meta.title:
            return shape.meta.description or shape.meta.title
        shape = shape.inner
    return None


def _hints_of(cls: type[Any]) -> dict[str, Any]:
    """Resolved annotations of a class; the ones that cannot be resolved are left out (and stay unchecked)."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError, AttributeError):
        return {
            name: hint
            for base in reversed(cls.__mro__)
            for name, hint in getattr(base, "__annotations__", {}).items()
            if not isinstance(hint, str)
        }
