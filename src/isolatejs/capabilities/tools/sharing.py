"""Conversion of values whose parts are shared: each part once for each shape, and shared again in the result.

A program's message of a few hundred bytes can name one part so often that its copies would fill the host, and a
union can be tried in so many ways that they never end. With a memory of what became of each part, neither costs more
than the parts that there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.paths import Path, ToolValueError, wrong
from isolatejs.capabilities.tools.shapes import Shape
from isolatejs.limits import VALUE_NODES_LIMIT

Walk = Callable[[Shape, Any, Path, "Memory | None"], Any]
_SMALL: Final = frozenset({int, float, bool, type(None)})
_LONG_TEXT: Final = 256


class Memory:
    """What became of each part that one value holds, by shape."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], tuple[Any, Any, Any]] = {}
        self._same: dict[int, tuple[Shape, Shape]] = {}
        self._equal: dict[Shape, Shape] = {}

    def _own(self, shape: Shape) -> Shape:
        """One of all equal shapes: two fields of one class have a shape each."""
        known = self._same.get(id(shape))
        if known is not None:
            return known[1]
        try:
            own = self._equal.setdefault(shape, shape)
        except TypeError:  # a Meta with something in it that has no hash
            own = shape
        self._same[id(shape)] = (shape, own)  # which keeps it, and so its id
        return own

    def once(self, walk: Walk, shape: Shape, value: Any, path: Path) -> Any:
        """What `walk` makes of these, or what it gave for these before. Raises ToolValueError for what holds itself."""
        kind = type(value)
        if kind in _SMALL or (kind is str and len(value) <= _LONG_TEXT):
            return walk(shape, value, path, self)
        shape = self._own(shape)
        key = (id(shape), id(value))
        known = self._found.get(key)
        if known is not None:
            outcome = known[2]
            if outcome is _OPEN:
                raise wrong(path, "nested too deeply: it holds itself")
            if isinstance(outcome, _Failure):
                raise ToolValueError(outcome.message, tool="", path=outcome.path) from outcome.cause
            return outcome
        self._found[key] = (shape, value, _OPEN)  # which keeps both, and so their ids
        try:
            outcome = walk(shape, value, path, self)
        except ToolValueError as error:
            self._found[key] = (shape, value, _Failure(error))
            raise
        self._found[key] = (shape, value, outcome)
        return outcome


class _Failure:
    """What was wrong with a part."""

    __slots__ = ("cause", "message", "path")

    def __init__(self, error: ToolValueError) -> None:
        self.message = error.message
        self.path = error.path
        self.cause = error.__cause__


_OPEN: Final = object()


def every_shape(shape: Shape) -> Iterator[Shape]:
    """A shape and all that it is built of, each record once."""
    waiting, seen = [shape], set()
    while waiting:
        one = waiting.pop()
        yield one
        match one:
            case shapes.ListOf(item) | shapes.SetOf(item) | shapes.PromiseOf(item):
                waiting.append(item)
            case shapes.Named(_, item) | shapes.Constrained(item):
                waiting.append(item)
            case shapes.TupleOf(items) | shapes.UnionOf(items):
                waiting += items
            case shapes.DictOf(key, value):
                waiting += (key, value)
            case shapes.Record(cls) if cls not in seen:
                seen.add(cls)
                waiting += [field.shape for field in one.fields]


@dataclass(frozen=True, slots=True)
class Traits:
    """What decides how a value of a shape has to be converted."""

    nests: bool
    """A part that is shared holds others, which would be copied with it."""
    has_choices: bool
    """Below a choice there is another: a mistake deep inside would be met once for each way to it."""
    is_open: bool
    """Parts of it may be any value, also one that holds itself."""
    copies: bool
    """A library converts it, which copies what is shared."""

    @classmethod
    def of(cls, shape: Shape) -> Traits:
        """Look at a shape and all below it."""
        every = list(every_shape(shape))
        return cls(
            nests=any(_nests(one) for one in every),
            has_choices=any(
                isinstance(one, shapes.UnionOf) and sum(not is_flat(member) for member in one.members) > 1
                for one in every
            ),
            is_open=any(isinstance(one, (shapes.Unchecked, shapes.Instance)) for one in every),
            copies=any(isinstance(one, shapes.Record) and one.kind == "pydantic" for one in every),
        )


def _nests(shape: Shape) -> bool:
    match shape:
        case shapes.ListOf(item) | shapes.SetOf(item):
            return not is_flat(item)
        case shapes.TupleOf(items):
            return not all(map(is_flat, items))
        case shapes.DictOf(key, value):
            return not (is_flat(key) and is_flat(value))
        case shapes.Record():
            return not all(is_flat(field.shape) for field in shape.fields)
    return False


def is_flat(shape: Shape) -> bool:
    """Whether values of a shape hold no others that are looked at."""
    match shape:
        case shapes.Named(_, inner) | shapes.Constrained(inner) | shapes.PromiseOf(inner):
            return is_flat(inner)
        case shapes.UnionOf(members):
            return all(map(is_flat, members))
        case shapes.ListOf() | shapes.SetOf() | shapes.TupleOf() | shapes.DictOf() | shapes.Record():
            return False
    return True


def copies_in(shape: Shape, value: Any) -> int:
    """How many parts a result has beyond those that there are, when all that it shares is copied.

    Saturates: what holds itself has more than VALUE_NODES_LIMIT.
    """
    counter = _Counter()
    try:
        return counter.tree(shape, value) - counter.parts
    except RecursionError:
        return VALUE_NODES_LIMIT + 1


class _Counter:
    def __init__(self) -> None:
        self.parts = 0
        self._sizes: dict[tuple[int, int], int] = {}

    def tree(self, shape: Shape, value: Any) -> int:
        found = _children(shape, value)
        if found is None:
            return 0
        key = (id(shape), id(value))
        known = self._sizes.get(key)
        if known is not None:
            return known
        own, children = found
        self._sizes[key] = VALUE_NODES_LIMIT + 1  # until it is known: one that holds itself has no end
        self.parts += own
        size = own + sum(self.tree(inner, child) for inner, child in children)
        self._sizes[key] = size = min(size, VALUE_NODES_LIMIT + 1)
        return size


def _children(shape: Shape, value: Any) -> tuple[int, Iterable[tuple[Shape, Any]]] | None:
    """How many parts a value has itself, and those of them that have others."""
    match shape:
        case shapes.Named(_, inner) | shapes.Constrained(inner):
            return _children(inner, value)
        case shapes.ListOf(item) | shapes.SetOf(item) if isinstance(value, (list, tuple, set, frozenset)):
            return len(value) + 1, () if is_flat(item) else ((item, child) for child in value)
        case shapes.TupleOf(items) if isinstance(value, (list, tuple)):
            return len(value) + 1, zip(items, value, strict=False)
        case shapes.DictOf(_, inner) if isinstance(value, Mapping):
            return len(value) + 1, () if is_flat(inner) else ((inner, child) for child in value.values())
        case shapes.UnionOf(members):
            return next((found for one in members if (found := _children(one, value)) is not None), None)
        case shapes.Record(cls, kind) if isinstance(value, Mapping if kind == "typed_dict" else cls):
            fields = shape.fields
            nested = [field for field in fields if not is_flat(field.shape)]
            if kind == "typed_dict":
                return len(fields) + 1, [(field.shape, value.get(field.name)) for field in nested]
            return len(fields) + 1, [(field.shape, getattr(value, field.name, None)) for field in nested]
    return None
