"""The table of Playwright's members against Playwright's own types: nothing is missing silently."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright")

from isolatejs.capabilities.browser.surface import (  # noqa: E402
    CLASSES,
    REFUSED,
    javascript_name,
    matchers,
    python_option,
    surface,
)

TYPES = (Path(playwright.__file__).parent / "driver/package/types/types.d.ts").read_text()
TEST_TYPES_MATCHERS = """
    toBeAttached toBeChecked toBeDisabled toBeEditable toBeEmpty toBeEnabled toBeFocused toBeHidden toBeInViewport
    toBeVisible toContainClass toContainText toHaveAccessibleDescription toHaveAccessibleErrorMessage
    toHaveAccessibleName toHaveAttribute toHaveClass toHaveCount toHaveCSS toHaveId toHaveJSProperty toHaveRole
    toHaveText toHaveValue toHaveValues toMatchAriaSnapshot toHaveTitle toHaveURL toBeOK
""".split()
EVENT_METHODS = set("on once off addListener removeListener removeAllListeners prependListener".split())
MADE_IN_THE_GUEST = {
    "BrowserContext": {"waitForEvent"},
    "Page": {"waitForEvent", "waitForNavigation", "waitForRequest", "waitForResponse"},
    "Frame": {"waitForNavigation"},
    "Locator": {"toString"},
    "WebSocket": {"waitForEvent"},
    "Worker": {"waitForEvent"},
}


def _members(name: str) -> set[str]:
    body = re.search(rf"^export interface {name}\b[^{{]*\{{\n(.*?)^\}}", TYPES, re.M | re.S)
    assert body is not None, name
    return set(re.findall(r"^  (?:readonly )?([\w$]+)(?=[(<:?])", body[1], re.M))


@pytest.mark.parametrize("name", CLASSES)
def test_every_member_is_offered_or_refused_with_a_reason(name: str) -> None:
    refused = {javascript_name(member.split(".")[1]) for member in REFUSED if member.startswith(f"{name}.")}
    offered = set(surface()[name]) | MADE_IN_THE_GUEST.get(name, set()) | refused
    assert _members(name) - offered - EVENT_METHODS == set()
    assert not refused & set(surface()[name])


@pytest.mark.parametrize("name", CLASSES)
def test_nothing_is_offered_that_javascript_does_not_have(name: str) -> None:
    known = _members(name) | (_members("JSHandle") if name == "ElementHandle" else set())
    assert set(surface()[name]) - known == set()


def test_every_refusal_names_a_member_that_exists() -> None:
    for refused in REFUSED:
        kind, member = refused.split(".")
        assert javascript_name(member) in _members(kind), refused


def test_all_web_first_matchers_are_there() -> None:
    assert set(TEST_TYPES_MATCHERS) - set(matchers()) == set()


@pytest.mark.parametrize(
    "name", ["max_redirects", "maxREDIRECTS", "Path", "PATH", "storage_state", "extraHttpHeaders", "Url"]
)
def test_an_option_has_one_spelling(name: str) -> None:
    assert python_option(name) is None


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("maxRedirects", "max_redirects"),
        ("extraHTTPHeaders", "extra_http_headers"),
        ("ignoreHTTPSErrors", "ignore_https_errors"),
        ("baseURL", "base_url"),
        ("javaScriptEnabled", "java_script_enabled"),
    ],
)
def test_options_in_javascript_and_python(name: str, python: str) -> None:
    assert python_option(name) == python
