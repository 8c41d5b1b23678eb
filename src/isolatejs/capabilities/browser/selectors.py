"""Locators by regular expression, as selectors: the page runs the expression, nobody else compiles it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from isolatejs.capabilities.browser.arguments import PatternText, convert
from isolatejs.web.values import RegExp
from isolatejs.wire.errors import GuestVisibleError

_QUOTES: Final = re.compile(r"(^|[^\\])(\\\\)*([\"'`])")
_ROLE: Final = re.compile(r"[A-Za-z]{1,40}")
_TEST_ID_ATTRIBUTE: Final = re.compile(r"internal:testid=\[(.{1,200}?)=")
_ROLE_OPTIONS: Final = (
    "checked", "disabled", "selected", "expanded", "includeHidden", "level", "name", "description", "pressed",
)  # fmt: skip
"""Options of getByRole, in the order in which Playwright writes them."""
_TEXT_OPTIONS: Final = {"hasText": "internal:has-text", "hasNotText": "internal:has-not-text"}


def pattern_selector(pattern: PatternText) -> str:
    """A regular expression as it stands in a selector."""
    if "u" in pattern.flags or "v" in pattern.flags:  # quotes cannot be escaped there
        return str(pattern)
    source = _QUOTES.sub(r"\1\2\\\3", pattern.source).replace(">>", "\\>\\>")
    return f"/{source}/{pattern.flags}"


def locate(target: Any, python: str, args: list[Any]) -> Any | None:
    """The locator of a step whose arguments have a regular expression; None when they have none."""
    first = args[0] if args else None
    options = args[-1] if args and isinstance(args[-1], dict) else {}
    if not isinstance(first, RegExp) and not any(isinstance(value, RegExp) for value in options.values()):
        return None
    if python in ("locator", "filter"):
        return _with_text(target, python, args, options)
    if python == "get_by_role":
        return target.locator(_role(convert(first), options))
    engine = _ENGINES.get(python)
    if engine is None or not isinstance(first, RegExp):
        raise GuestVisibleError("TypeError", f"{python}: a regular expression cannot be used here")
    return target.locator(engine(target, pattern_selector(convert(first))))


def _with_text(target: Any, python: str, args: list[Any], options: dict[str, Any]) -> Any:
    from isolatejs.capabilities.browser.arguments import bind_arguments

    plain = {name: value for name, value in options.items() if not isinstance(value, RegExp)}
    bound, keywords = bind_arguments(type(target), python, [*args[:-1], plain])
    found = getattr(target, python)(*bound, **keywords)
    for name, value in options.items():
        if isinstance(value, RegExp):
            if name not in _TEXT_OPTIONS:
                raise GuestVisibleError("TypeError", f"{name}: a regular expression cannot be used here")
            found = found.locator(f"{_TEXT_OPTIONS[name]}={pattern_selector(convert(value))}")
    return found


def _role(role: Any, options: dict[str, Any]) -> str:
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        raise GuestVisibleError("TypeError", "getByRole: the role is not one")
    unknown = set(options) - {*_ROLE_OPTIONS, "exact"}
    if unknown:
        raise GuestVisibleError("TypeError", f"getByRole: unknown option {sorted(unknown)[0]!r:.80}")
    is_exact = options.get("exact") is True
    parts = []
    for name in _ROLE_OPTIONS:
        value = convert(options.get(name))
        if value is None:
            continue
        shown = "include-hidden" if name == "includeHidden" else name
        parts.append(f"[{shown}={_attribute(value, is_exact=is_exact)}]")
    return f"internal:role={role}{''.join(parts)}"


def _attribute(value: Any, *, is_exact: bool) -> str:
    if isinstance(value, PatternText):
        return pattern_selector(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}"
    if not isinstance(value, str):
        raise GuestVisibleError("TypeError", "getByRole: an option that is neither text, number nor boolean")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"{"s" if is_exact else "i"}'


def _test_id(target: Any, pattern: str) -> str:
    """Playwright says which attribute has the test ids: the embedder may have set another."""
    found = _TEST_ID_ATTRIBUTE.search(repr(target.get_by_test_id("x")))
    return f"internal:testid=[{found[1] if found else 'data-testid'}={pattern}]"


_ENGINES: Final[dict[str, Callable[[Any, str], str]]] = {
    "get_by_text": lambda _, pattern: f"internal:text={pattern}",
    "get_by_label": lambda _, pattern: f"internal:label={pattern}",
    "get_by_alt_text": lambda _, pattern: f"internal:attr=[alt={pattern}]",
    "get_by_title": lambda _, pattern: f"internal:attr=[title={pattern}]",
    "get_by_placeholder": lambda _, pattern: f"internal:attr=[placeholder={pattern}]",
    "get_by_test_id": _test_id,
}
