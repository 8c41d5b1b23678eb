"""Playwright's own assertions, with their retry and their messages. Regular expressions run in the page."""

from __future__ import annotations

from typing import Any

from isolatejs.capabilities.browser.arguments import PatternText, bind_arguments
from isolatejs.capabilities.browser.messages import matcher_message
from isolatejs.capabilities.browser.objects import kind_of
from isolatejs.capabilities.browser.surface import matcher_python_names
from isolatejs.web.values import RegExp
from isolatejs.wire.errors import GuestVisibleError


async def check_matcher(target: Any, matcher: str, negated: bool, args: list[Any]) -> tuple[bool, str]:
    """Whether it passed, and Playwright's message when it did not."""
    from playwright.async_api import expect

    python = matcher_python_names().get(matcher)
    kind = kind_of(target)
    if python is None or kind not in ("Page", "Locator", "APIResponse"):
        raise GuestVisibleError("TypeError", f"{matcher[:80]} is not there for {kind}")
    assertions: Any = expect(target)
    if not hasattr(assertions, python):
        raise GuestVisibleError("TypeError", f"{matcher} is not there for {kind}")
    name = f"not_{python}" if negated else python
    bound, keywords = bind_arguments(type(assertions), name, args)
    if any(_has_pattern(arg) for arg in args):
        name = python
        _send_patterns(assertions, negated)
    try:
        await getattr(assertions, name)(*bound, **keywords)
    except AssertionError as error:
        return False, matcher_message(kind, matcher, negated, str(error))
    return True, ""


def _has_pattern(value: Any) -> bool:
    return isinstance(value, RegExp) or (isinstance(value, list) and any(map(_has_pattern, value)))


def _send_patterns(assertions: Any, negated: bool) -> None:
    """Let the assertions send texts that stand for regular expressions as such.

    Playwright for Python only takes compiled ones, of Python's kind and without most flags.
    """
    inner: Any = getattr(assertions, "_impl_obj", None)
    call = getattr(inner, "_call_expect", None)
    if call is None or not hasattr(inner, "_is_not"):
        raise GuestVisibleError(
            "Error", "regular expressions in matchers need another version of Playwright on the host"
        )

    async def call_with_patterns(expression: str, options: Any, *rest: Any) -> Any:
        for text in options.get("expectedText") or ():
            given = text.get("string")
            if isinstance(given, PatternText):
                del text["string"]
                text.update(regexSource=given.source, regexFlags=given.flags)
        return await call(expression, options, *rest)

    inner._is_not = negated
    inner._call_expect = call_with_patterns
