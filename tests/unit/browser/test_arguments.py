"""JavaScript's arguments and names as Playwright for Python takes them."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs.capabilities.browser.arguments import bind_arguments, convert, with_text_urls
from isolatejs.capabilities.browser.surface import javascript_name, python_name
from isolatejs.web.values import UNDEFINED, URL, ArrayBuffer, RegExp
from isolatejs.wire.errors import GuestVisibleError


class Target:
    """Signatures as Playwright's."""

    async def goto(
        self, url: str, *, timeout: float | None = None, wait_until: str | None = None
    ) -> None: ...
    async def evaluate(self, expression: str, arg: Any = None) -> None: ...
    async def evaluate_all(self, expression: str, *, arg: Any = None) -> None: ...
    async def select_option(
        self, value: Any = None, *, index: Any = None, label: Any = None, element: Any = None
    ) -> None: ...
    async def emulate_media(self, *, media: str | None = None, color_scheme: str | None = None) -> None: ...


@pytest.mark.parametrize(
    ("method", "args", "expected"),
    [
        ("goto", ["/x"], (["/x"], {})),
        ("goto", ["/x", {"waitUntil": "load"}], (["/x"], {"wait_until": "load"})),
        ("goto", ["/x", UNDEFINED], (["/x"], {})),
        ("goto", ["/x", {"timeout": UNDEFINED}], (["/x"], {})),
        ("evaluate", ["f", {"timeout": 5}], (["f", {"timeout": 5}], {})),
        ("evaluate_all", ["f", {"any": 1}], (["f"], {"arg": {"any": 1}})),
        ("select_option", [["a", "b"]], ([], {"value": ["a", "b"]})),
        ("select_option", [{"label": "A"}], ([], {"label": ["A"]})),
        ("emulate_media", [{"colorScheme": None}], ([], {"color_scheme": "null"})),
    ],
)
def test_arguments_are_bound(method: str, args: list[Any], expected: tuple[Any, Any]) -> None:
    assert bind_arguments(Target, method, args) == expected


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["/x", {"wait_until": "load"}], "unknown option 'wait_until'"),
        (["/x", {"nonsense": 1}], "unknown option 'nonsense'"),
        (["/x", 5], "2 arguments are too many"),
    ],
)
def test_arguments_that_do_not_fit(args: list[Any], message: str) -> None:
    with pytest.raises(GuestVisibleError, match=message):
        bind_arguments(Target, "goto", args)


def test_values_are_converted() -> None:
    assert convert({"a": [UNDEFINED, ArrayBuffer(b"x")], "b": UNDEFINED}) == {"a": [None, b"x"]}
    assert convert(RegExp("a.b", "gi")) == "/a.b/gi"  # text: nothing compiles it here


def test_urls_are_text_before_they_are_checked() -> None:
    url = URL("chrome://version")
    assert with_text_urls([url, {"url": url}, [1]]) == ["chrome://version", {"url": "chrome://version"}, [1]]


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        ("get_by_role", "getByRole"),
        ("query_selector_all", "$$"),
        ("continue_", "continue"),
        ("new_cdp_session", "newCDPSession"),
        ("set_extra_http_headers", "setExtraHTTPHeaders"),
        ("wait_for_url", "waitForURL"),
        ("inner_html", "innerHTML"),
    ],
)
def test_names_in_both_languages(python: str, javascript: str) -> None:
    assert javascript_name(python) == javascript
    assert python_name(javascript) == python
