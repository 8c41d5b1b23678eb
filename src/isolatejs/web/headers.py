"""Headers for the host, after the Fetch standard (§2.2.2 and §5.2).

Names are case-insensitive and kept in lower case. Values of one name are joined with ", ", except those of
`set-cookie`, which stay apart. Nothing that could end a header line (CR, LF, NUL) ever gets in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

__all__ = ["Headers"]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_IN_VALUE: Final = re.compile(r"[\0\r\n]")
_HTTP_WHITESPACE: Final = "\t\n\r "
_SHORT_LIST: Final = 16
"""Up to here looking through a list is as fast as a table."""
_LOWERED_LIMIT: Final = 256
_lowered: dict[str, str] = {}
"""Names that were checked before, with their lower case; most requests use the same few."""


class Headers:
    """A list of header names and values.

    Reads like a mapping: `headers["accept"]`, `"accept" in headers`, `dict(headers)`. Iteration is in
    order of name; `items()` gives each `set-cookie` by itself. Raises ValueError for a name that is not a
    token, and for a value with CR, LF, NUL or a character outside Latin-1.
    """

    __slots__ = ("_groups", "_list")

    def __init__(self, init: Headers | Mapping[str, str] | Iterable[tuple[str, str]] | None = None) -> None:
        self._list: list[tuple[str, str]] = []
        self._groups: dict[str, list[str]] | None = None
        """Values by name, of a long list that has not changed since: who reads each of n names needs no n passes."""
        if init is None:
            return
        if isinstance(init, Headers):
            self._list = list(init._list)
            return
        pairs: Iterable[tuple[str, str]]
        if isinstance(init, (list, tuple)):
            pairs = init
        elif hasattr(init, "multi_items"):  # httpx.Headers, and Starlette's
            pairs = init.multi_items()
        elif isinstance(init, Mapping):
            pairs = init.items()
        else:
            pairs = init
        self._list = [(_check_name(name), _check_value(value)) for name, value in pairs]

    def append(self, name: str, value: str) -> None:
        """Add a value, keeping the ones that are there."""
        self._list.append((_check_name(name), _check_value(value)))
        self._groups = None

    def set(self, name: str, value: str) -> None:
        """Put `value` in place of all values of `name`."""
        name, value = _check_name(name), _check_value(value)
        self._groups = None
        for index, (present, _) in enumerate(self._list):
            if present == name:
                rest = [pair for pair in self._list[index + 1 :] if pair[0] != name]
                self._list[index:] = [(name, value), *rest]
                return
        self._list.append((name, value))

    def delete(self, name: str) -> None:
        """Remove all values of `name`; nothing happens when there are none."""
        name = _check_name(name)
        self._list = [pair for pair in self._list if pair[0] != name]
        self._groups = None

    def delete_all(self, names: Collection[str]) -> None:
        """Remove all values of each of `names`, which are in lower case."""
        self._list = [pair for pair in self._list if pair[0] not in names]
        self._groups = None

    def get(self, name: str, default: str | None = None) -> str | None:
        """All values of `name` joined with ", ", or `default`."""
        values = self.get_all(name)
        return ", ".join(values) if values else default

    def get_all(self, name: str) -> list[str]:
        """The values of `name`, each by itself, in the order they were added."""
        name = _check_name(name)
        if len(self._list) > _SHORT_LIST:
            return list(self._grouped().get(name, ()))
        return [value for present, value in self._list if present == name]

    def get_set_cookie(self) -> list[str]:
        """The values of `set-cookie`, each by itself."""
        return self.get_all("set-cookie")

    def has(self, name: str) -> bool:
        """Whether there is a value of `name`."""
        name = _check_name(name)
        if len(self._list) > _SHORT_LIST:
            return name in self._grouped()
        return any(present == name for present, _ in self._list)

    def _grouped(self) -> dict[str, list[str]]:
        if self._groups is None:
            self._groups = {}
            for name, value in self._list:
                self._groups.setdefault(name, []).append(value)
        return self._groups

    def keys(self) -> list[str]:
        """The names, lower case, sorted, each once."""
        return sorted({name for name, _ in self._list})

    def values(self) -> list[str]:
        """The values in the order of `items()`."""
        return [value for _, value in self.items()]

    def items(self) -> list[tuple[str, str]]:
        """Sorted pairs; values of one name joined, but one pair for each `set-cookie`."""
        result: list[tuple[str, str]] = []
        for name, values in sorted(self._grouped().items()):
            if name == "set-cookie":
                result += [(name, value) for value in values]
            else:
                result.append((name, ", ".join(values)))
        return result

    def raw(self) -> list[tuple[bytes, bytes]]:
        """Every pair as it was added, in bytes, as httpx and ASGI take them."""
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in self._list]

    def multi_items(self) -> list[tuple[str, str]]:
        """Every pair as it was added."""
        return list(self._list)

    def copy(self) -> Headers:
        """An independent copy."""
        return Headers(self)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        if not self.has(name):
            raise KeyError(name)
        self.delete(name)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        name = name.lower()
        if len(self._list) > _SHORT_LIST:
            return name in self._grouped()
        return any(present == name for present, _ in self._list)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len({name for name, _ in self._list})

    def __eq__(self, other: object) -> bool:
        return self.items() == other.items() if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Headers({self.items()!r})"


def _check_name(name: str) -> str:
    known = _lowered.get(name) if isinstance(name, str) else None
    if known is not None:
        return known
    lowered = _lower_name(name)
    if len(_lowered) < _LOWERED_LIMIT and len(name) < _LOWERED_LIMIT:
        _lowered[name] = lowered
    return lowered


def _lower_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a header name must be a str, not {type(name).__name__}")
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"not a header name: {name[:100]!r}")
    return name.lower()


def _check_value(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a header value must be a str, not {type(value).__name__}")
    value = value.strip(_HTTP_WHITESPACE)
    if value.isascii() and value.isprintable():  # nearly all are, and this is the fastest way to tell
        return value
    if _BAD_IN_VALUE.search(value) is not None:
        raise ValueError("a header value cannot hold CR, LF or NUL")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("a header value can hold Latin-1 characters only") from None
    return value
