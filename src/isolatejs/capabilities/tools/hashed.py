"""Sets and dicts of values that a program chose.

Python hashes an integer by its remainder to 2**61-1, and Decimals, UUIDs and tuples by their integers: anybody can
find as many values of one hash as he likes, and a table of n of those takes n*n steps, in which the event loop stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from isolatejs.capabilities.tools.paths import Path, wrong
from isolatejs.limits import HASH_COLLISIONS_LIMIT


def make_set(cls: type[Any], items: Iterable[Any], path: Path) -> Any:
    """A set or frozenset of the items. Raises ToolValueError for too many of one hash."""
    made: set[Any] = set()
    seen: Counter[int] = Counter()
    for item in items:
        size = len(made)
        made.add(item)
        if len(made) > size:
            _count(seen, item, path)
    return made if cls is set else cls(made)


def make_dict(pairs: Iterable[tuple[Any, Any]], path: Path) -> dict[Any, Any]:
    """A dict of the pairs. Raises ToolValueError for too many keys of one hash."""
    made: dict[Any, Any] = {}
    seen: Counter[int] = Counter()
    for key, value in pairs:
        size = len(made)
        made[key] = value
        if len(made) > size:
            _count(seen, key, path)
    return made


def _count(seen: Counter[int], item: Any, path: Path) -> None:
    if isinstance(item, (str, bytes)):  # nobody outside knows their hashes
        return
    key = hash(item)
    seen[key] += 1
    if seen[key] > HASH_COLLISIONS_LIMIT:
        raise wrong(path, f"more than {HASH_COLLISIONS_LIMIT} different values with one hash")
