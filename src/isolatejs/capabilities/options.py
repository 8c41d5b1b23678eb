"""Options given as a dataclass or as a plain dict with the same keys."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from isolatejs.errors import ConfigurationError

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
    near = difflib.get_close_matches(str(given), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(known)
    return f"unknown option {given!r}; {hint}"
