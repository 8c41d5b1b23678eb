"""Playwright for Python's messages as Playwright writes them for JavaScript."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from isolatejs.capabilities.browser.surface import CLASSES, javascript_name, matcher_javascript_name

_METHOD: Final = re.compile(rf"^({'|'.join(CLASSES)})\.([a-z_]+): ")
_LOCATOR: Final = re.compile(r"\b(get_by_[a-z_]+|frame_locator|content_frame|and_|or_)(?=\b|\()")
_EXPECT: Final = re.compile(r'Expect "(not_)?(to_[a-z_]+)"')


def javascript_error(message: str) -> str:
    """`Locator.click: Timeout ...` is `locator.click: Timeout ...`."""
    return _in_javascript(_METHOD.sub(_method_prefix, message, count=1))


def matcher_message(kind: str, matcher: str, negated: bool, message: str) -> str:
    """The message of a failed matcher, under the line that says which it is."""
    subject = {"Page": "page", "Locator": "locator", "APIResponse": "response"}[kind]
    head = f"expect({subject}){'.not' if negated else ''}.{matcher}(expected) failed"
    return f"{head}\n\n{_in_javascript(message).strip()}"


def error_for_page(name: str, message: str) -> Exception:
    """What a function of a program threw, for the page that called it: without a stack of the host."""
    error: Exception = _page_error_class()(name, message)
    return error


@cache
def _page_error_class() -> Any:
    from playwright.async_api import Error as PlaywrightError

    class Error(PlaywrightError):
        __module__ = "builtins"
        __qualname__ = "Error"
        __traceback__ = property(lambda self: None, lambda self, traceback: None)

        def __init__(self, name: str, message: str) -> None:
            super().__init__(message)
            self._name = name

    return Error


def _in_javascript(message: str) -> str:
    message = _EXPECT.sub(
        lambda found: f'Expect "{(found[1] and "not ") or ""}{matcher_javascript_name(found[2])}"', message
    )
    return _LOCATOR.sub(lambda found: javascript_name(found[1]), message)


def _method_prefix(found: re.Match[str]) -> str:
    kind = found[1]
    shown = kind[0].lower() + kind[1:] if not kind.startswith(("API", "CDP", "JS")) else kind
    return f"{shown}.{javascript_name(found[2])}: "
