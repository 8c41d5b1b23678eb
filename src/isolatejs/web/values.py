"""Python forms of JavaScript values that Python has no type of its own for.

Each comes back to JavaScript as what it was. docs/values.md has the whole table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSet
from dataclasses import dataclass, field
from reprlib import recursive_repr
from typing import Any, Final, Literal, final

TypedArrayKind = Literal[
    "Int8Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Float16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
]

ARRAY_FORMATS: Final[dict[str, str]] = {
    "Int8Array": "b",
    "Uint8Array": "B",
    "Uint8ClampedArray": "B",
    "Int16Array": "h",
    "Uint16Array": "H",
    "Float16Array": "e",
    "Int32Array": "i",
    "Uint32Array": "I",
    "Float32Array": "f",
    "Float64Array": "d",
    "BigInt64Array": "q",
    "BigUint64Array": "Q",
    "DataView": "B",
}
"""struct format character of one element of each kind."""


@final
class UndefinedType:
    """The type of UNDEFINED: JavaScript's `undefined`, where None would mean `null`."""

    __slots__ = ()
    _instance: UndefinedType | None = None

    def __new__(cls) -> UndefinedType:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = UndefinedType()


@final
class HoleType:
    """The type of HOLE: a missing element of a sparse array."""

    __slots__ = ()
    _instance: HoleType | None = None

    def __new__(cls) -> HoleType:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "HOLE"

    def __reduce__(self) -> str:
        return "HOLE"


HOLE: Final = HoleType()


class BigInt(int):
    """A JavaScript BigInt. An int in every way, but it goes back as a BigInt, however small."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"BigInt({int(self)})"


@dataclass(frozen=True, slots=True)
class JSDate:
    """A Date that datetime cannot hold: invalid (`milliseconds` is NaN) or outside the years 1 to 9999."""

    milliseconds: float


@dataclass(frozen=True, slots=True)
class RegExp:
    """A regular expression: its source and flags, as in JavaScript."""

    source: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class URL:
    """A URL object; `href` is its normal form. `str(url)` gives it."""

    href: str

    def __str__(self) -> str:
        return self.href


@dataclass(frozen=True, slots=True)
class ArrayBuffer:
    """An ArrayBuffer. (A Uint8Array is plain `bytes`.)"""

    data: bytes


@dataclass(frozen=True, slots=True)
class TypedArray:
    """A typed array other than Uint8Array, or a DataView. `data` is in little-endian machine order."""

    kind: TypedArrayKind
    data: bytes

    def view(self) -> memoryview:
        """The elements as a memoryview of the matching format (read only, no copy); half floats as their bits."""
        code: Any = "H" if self.kind == "Float16Array" else ARRAY_FORMATS[self.kind]
        view: memoryview = memoryview(self.data).cast(code)
        return view

    def tolist(self) -> list[int | float]:
        """The elements as Python numbers."""
        if self.kind == "Float16Array":
            import struct

            return list(struct.unpack(f"<{len(self.data) // 2}e", self.data))
        return list(self.view())


_SAFE_INTEGER: Final = 2**53 - 1
_NUMBER_BITS: Final = 53
"""Larger integers are BigInts in JavaScript."""


def key_identity(key: Any) -> Any:
    """A hashable stand-in for a key by JavaScript's SameValueZero: True is not 1, objects are themselves."""
    kind = type(key)
    if kind is str:
        return (str, key)
    if kind is int and -_SAFE_INTEGER <= key <= _SAFE_INTEGER:
        return ("number", key)
    if isinstance(key, float) and key != key:
        return ("nan",)
    if isinstance(key, int) and (isinstance(key, BigInt) or key.bit_length() > _NUMBER_BITS):
        # As text: anybody can find integers that all have the same hash, and a table of those takes for ever.
        return ("bigint", format(key, "x"))
    if isinstance(key, (bool, str)) or key is None:
        return (type(key), key)
    if isinstance(key, (int, float)):
        return ("number", key)
    try:
        hash(key)
    except TypeError:
        return ("object", id(key))
    return ("value", key)


class JSMap(MutableMapping[Any, Any]):
    """A JavaScript Map: insertion-ordered, keys of any kind, `1` and `True` apart.

    Equal to another mapping with the same items in any order.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[tuple[Any, Any]] | Mapping[Any, Any] = ()) -> None:
        self._items: dict[Any, tuple[Any, Any]] = {}
        for key, value in items.items() if isinstance(items, Mapping) else items:
            self[key] = value

    def __getitem__(self, key: Any) -> Any:
        return self._items[key_identity(key)][1]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.put(key_identity(key), key, value)

    def put(self, identity: Any, key: Any, value: Any) -> None:
        """Set an item whose `key_identity` is known."""
        kept = self._items.get(identity)
        self._items[identity] = (key if kept is None else kept[0], value)

    def __delitem__(self, key: Any) -> None:
        del self._items[key_identity(key)]

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def entries(self) -> list[tuple[Any, Any]]:
        """The `(key, value)` pairs in insertion order."""
        return list(self._items.values())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        if len(self) != len(other):
            return False
        mine = other if isinstance(other, JSMap) else JSMap(other)
        return all(key in mine and mine[key] == value for key, value in self._items.values())

    __hash__ = None  # type: ignore[assignment]

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"JSMap({self.entries()!r})"


class JSSet(MutableSet[Any]):
    """A JavaScript Set: insertion-ordered, items of any kind, `1` and `True` apart."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._items: dict[Any, Any] = {}
        for item in items:
            self.add(item)

    def __contains__(self, item: object) -> bool:
        return key_identity(item) in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def add(self, value: Any) -> None:
        self._items.setdefault(key_identity(value), value)

    def put(self, identity: Any, value: Any) -> None:
        """Add an item whose `key_identity` is known."""
        self._items.setdefault(identity, value)

    def discard(self, value: Any) -> None:
        self._items.pop(key_identity(value), None)

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"JSSet({list(self)!r})"


@dataclass(slots=True)
class JSError:
    """A JavaScript Error that came as a value (not thrown). Goes back as an error of the same class."""

    name: str
    message: str
    stack: str = ""
    cause: Any = UNDEFINED
    fields: dict[str, Any] = field(default_factory=dict)
    dom: bool = False
