"""Numbers for Playwright objects, and what is sent of each when a program first sees it."""

from __future__ import annotations

import weakref
from typing import Any

from isolatejs.capabilities.browser.surface import CLASSES, facts_of, playwright_class
from isolatejs.errors import QuotaExceededError
from isolatejs.limits import BROWSER_OBJECTS_LIMIT, BROWSER_OBJECTS_LIMIT_BYTES
from isolatejs.wire.errors import GuestVisibleError

PLAYWRIGHT_OBJECT = "PlaywrightObject"


class ObjectTable:
    """The objects of one session by number. The same object keeps its number while it is held."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._given: dict[int, int] = {}
        self._weights: dict[int, int] = {}
        self._weight = 0
        self._next = 0

    def __len__(self) -> int:
        return len(self._objects)

    def number_of(self, target: Any) -> int:
        """The number of an object, given now if it has none. Raises QuotaExceededError."""
        identity = id(_implementation(target))
        known = self._numbers.get(identity)
        if known is not None:
            return known
        if len(self._objects) >= BROWSER_OBJECTS_LIMIT:
            raise QuotaExceededError(
                f"a program holds more than {BROWSER_OBJECTS_LIMIT} browser objects",
                limit="browser_objects",
                value=BROWSER_OBJECTS_LIMIT,
            )
        self._next += 1
        self._objects[self._next] = target
        self._numbers[identity] = self._next
        return self._next

    def give(self, target: Any, weight: int = 0) -> int:
        """The number of an object that is sent to the guest, which counts how often it gets one.

        `weight` is the size of what is sent along: the host holds it, too. Raises QuotaExceededError.
        """
        if self._weight + weight > BROWSER_OBJECTS_LIMIT_BYTES:
            raise QuotaExceededError(
                f"a program holds browser objects of more than {BROWSER_OBJECTS_LIMIT_BYTES} bytes",
                limit="browser_objects_bytes",
                value=BROWSER_OBJECTS_LIMIT_BYTES,
            )
        number = self.number_of(target)
        known = self._weights.get(number, 0)
        if weight > known:
            self._weights[number] = weight
            self._weight += weight - known
        self._given[number] = self._given.get(number, 0) + 1
        return number

    def get(self, number: int) -> Any:
        """The object of a number. Raises for one that was never given, or is released."""
        found = self._objects.get(number)
        if found is None:
            raise GuestVisibleError("Error", "the browser object is gone")
        return found

    def release(self, number: int, times: int) -> None:
        """The guest dropped an object that it had been given `times` times; one on its way to it stays."""
        left = self._given.get(number, 0) - max(times, 0)
        if left > 0:
            self._given[number] = left
            return
        self._given.pop(number, None)
        self._weight -= self._weights.pop(number, 0)
        target = self._objects.pop(number, None)
        if target is not None:
            self._numbers.pop(id(_implementation(target)), None)

    def clear(self) -> None:
        self._objects.clear()
        self._given.clear()
        self._weights.clear()
        self._weight = 0
        self._numbers.clear()


def _implementation(target: Any) -> Any:
    """Playwright makes a new wrapper of an object when the old one was collected: the inner one stays."""
    return getattr(target, "_impl_obj", target)


_kinds: weakref.WeakKeyDictionary[type, str | None] = weakref.WeakKeyDictionary()


def kind_of(value: Any) -> str | None:
    """The class name of a Playwright object that programs may hold, None for any other value."""
    own = type(value)
    if own not in _kinds:
        _kinds[own] = next(
            (
                name
                for name in CLASSES
                if (kind := playwright_class(name)) is not None and issubclass(own, kind)
            ),
            None,
        )
    return _kinds[own]


def facts(value: Any, kind: str) -> dict[str, Any]:
    """What can be read of an object without asking again. A fact that cannot be had yet is left out."""
    known: dict[str, Any] = {}
    for name, python in facts_of(kind):
        try:
            item = getattr(value, python)
        except Exception:
            continue  # `postDataJSON` of a body that is none, a property of an object that is closing
        if kind_of(item) is None and not callable(item):
            known[name] = item
    return known


ObjectPath = tuple[str | int, ...]


def without_objects(value: Any) -> tuple[Any, list[tuple[ObjectPath, Any]]]:
    """A copy of a result with None for each Playwright object, and the objects with their places.

    A page decides what it returns: what it shares is shared in the copy, and may hold itself.
    """
    found: list[tuple[ObjectPath, Any]] = []
    copies: dict[int, Any] = {}
    waiting: list[tuple[Any, Any, Any]] = []

    def copy(part: Any, place: Any) -> Any:
        if kind_of(part) is not None:
            found.append((_path(place), part))
            return None
        if not isinstance(part, (list, tuple, dict)):
            return part
        made = copies.get(id(part))
        if made is None:
            made = copies[id(part)] = {} if isinstance(part, dict) else []
            waiting.append((part, made, place))
        return made

    root = copy(value, None)
    while waiting:
        part, made, place = waiting.pop()
        if isinstance(part, dict):
            made.update((key, copy(item, (place, key))) for key, item in part.items())
        else:
            made.extend(copy(item, (place, index)) for index, item in enumerate(part))
    return root, found


def _path(place: Any) -> ObjectPath:
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return tuple(reversed(steps))
