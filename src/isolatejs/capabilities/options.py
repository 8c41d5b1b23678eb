"""Options given as a dataclass or as a plain dict with the same keys."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from isolatejs.errors import ConfigurationError

NAME_TO_COMPARE_LIMIT_CHARACTERS: Final = 100
"""A longer name is no misspelling, and takes long to compare."""

T = TypeVar("T")


def coerce_options(kind: type[T], value: Any, where: str) -> T:
    """`value` as a `kind`. Raises ConfigurationError for unknown keys, with the nearest valid name."""
    if isinstance(value, kind):
        return value
    if value is None:
        return kind()
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: a {kind.__name__} or a dict, not {type(value).__name__}")
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    refuse_unknown_keys(value, known, where)
    return kind(**value)


def refuse_unknown_keys(given: Iterable[Any], known: list[str], where: str) -> None:
    """Raise ConfigurationError for a key that is not known, with the nearest that is."""
    for key in given:
        if key not in known:
            raise ConfigurationError(f"{where}: {unknown_name(key, known)}")


def unknown_name(given: Any, known: list[str]) -> str:
    """`unknown option 'x'; did you mean 'y'?`, or the list of what is known."""
    near = nearest_name(str(given), known)
    hint = "known are " + ", ".join(known) if near is None else f"did you mean {near!r}?"
    return f"unknown option {given!r:.200}; {hint}"


def nearest_name(given: str, known: Iterable[str]) -> str | None:
    """The name that was probably meant, or None."""
    if len(given) > NAME_TO_COMPARE_LIMIT_CHARACTERS:
        return None
    near = difflib.get_close_matches(given, [name for name in known if len(name) <= 2 * len(given) + 2], n=1)
    return near[0] if near else None
