"""JavaScript arguments as Playwright for Python takes them."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

from isolatejs.capabilities.browser.callbacks import ProgramCallback
from isolatejs.capabilities.browser.surface import python_option
from isolatejs.web.values import UNDEFINED, URL, ArrayBuffer, RegExp, TypedArray
from isolatejs.wire.errors import GuestVisibleError

SPREAD_FIRST = frozenset({"new_context"})
"""Methods whose first argument may be an object of options."""


class PatternText(str):
    """A regular expression of a program, as text: never compiled here, since it would stop this process."""

    source: str
    flags: str

    def __new__(cls, source: str, flags: str) -> PatternText:
        text = super().__new__(cls, f"/{source}/{flags}")
        text.source, text.flags = source, flags
        return text


@lru_cache(maxsize=1024)
def _parameters(function: Any) -> tuple[tuple[str, ...], frozenset[str]]:
    positional, keyword = [], set()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            keyword.add(parameter.name)
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            positional.append(parameter.name)
    return tuple(positional), frozenset(keyword)


def bind_arguments(kind: type, method: str, args: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of `kind.method` for JavaScript's `args`.

    Raises a TypeError for the program when there are too many, or an option has no counterpart.
    """
    positional, keyword = _parameters(getattr(kind, method))
    given = [convert(arg) for arg in args]
    while given and given[-1] is None and len(given) > len(positional):
        given.pop()
    bound: list[Any] = []
    options: dict[str, Any] = {}
    for index, arg in enumerate(given):
        last = index == len(given) - 1
        spread = isinstance(arg, dict) and (
            index >= len(positional)
            or (index == 0 and last and method in SPREAD_FIRST and not _is_value(positional, index))
        )
        if index == len(positional) and "arg" in keyword:
            options["arg"] = arg  # a value for the page, whatever it is
        elif spread:
            options.update(arg)
        elif index < len(positional):
            bound.append(arg)
        elif arg is not None:
            raise GuestVisibleError("TypeError", f"{method}: {len(given)} arguments are too many")
    known = set(positional[len(bound) :]) | keyword
    keywords: dict[str, Any] = {}
    for name, value in options.items():
        own = python_option(name)
        if own is None or own not in known:
            raise GuestVisibleError("TypeError", f"{method}: unknown option {name!r}")
        if value is not None:
            keywords[own] = value
        elif method == "emulate_media":
            keywords[own] = "null"  # how Python says that an emulation ends
    if method == "select_option" and bound[1 if "selector" in positional else 0 :]:
        keywords.update(_selected(bound.pop()))
    return bound, keywords


def _is_value(positional: tuple[str, ...], index: int) -> bool:
    return index < len(positional) and positional[index] in ("arg", "value")


def _selected(value: Any) -> dict[str, Any]:
    """What selectOption takes: strings, handles, or descriptions of options."""
    items = value if isinstance(value, list) else [value]
    chosen: dict[str, list[Any]] = {}
    for item in items:
        if isinstance(item, dict):
            for name, part in item.items():
                chosen.setdefault(name, []).append(part)
        else:
            chosen.setdefault("value" if isinstance(item, str) else "element", []).append(item)
    return chosen


def with_text_urls(args: list[Any]) -> list[Any]:
    """Arguments whose URL objects, also those in options, are text: what checks a URL has to know it."""
    return [
        {name: _text_url(item) for name, item in arg.items()} if type(arg) is dict else _text_url(arg)
        for arg in args
    ]


def _text_url(value: Any) -> Any:
    return value.href if isinstance(value, URL) else value


def convert(value: Any) -> Any:
    """A decoded value as Playwright knows it: patterns as text, buffers, no `undefined`."""
    if value is UNDEFINED:
        return None
    if isinstance(value, ProgramCallback):
        return value.as_listener()
    if isinstance(value, RegExp):
        return PatternText(value.source, value.flags)
    if isinstance(value, (ArrayBuffer, TypedArray)):
        return value.data
    if isinstance(value, URL):
        return value.href
    if isinstance(value, list):
        return [convert(item) for item in value]
    if type(value) is dict:
        return {name: convert(item) for name, item in value.items() if item is not UNDEFINED}
    return value
