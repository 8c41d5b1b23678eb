"""What pages may load, how deep CDP reaches, and whose messages are shown."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs import BrowserBindings, ConfigurationError, FetchError
from isolatejs.capabilities.browser.api_requests import send_request
from isolatejs.capabilities.browser.messages import javascript_error, matcher_message
from isolatejs.capabilities.browser.policy import check_page_url, context_parameters
from isolatejs.capabilities.browser.session import BrowserSession
from isolatejs.wire.errors import GuestVisibleError


@pytest.mark.parametrize(
    "url",
    [
        "/relative",
        "",
        "http://example.com/",
        "HTTPS://example.com",
        "data:text/html,x",
        "about:blank",
        "blob:x",
    ],
)
async def test_urls_that_pages_load(url: str) -> None:
    await check_page_url(url, None)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "\tfile:///x", "fi\nle:///x", "chrome://version", "view-source:http://x/", "ftp://x/",
        "http://169.254.169.254/", "http://2852039166/", "http://[fe80::1]/", "ws://metadata.google.internal./",
        "http://", "http://[x", "http://a b/",
    ],
)  # fmt: skip
async def test_urls_that_pages_do_not_load(url: str) -> None:
    with pytest.raises(GuestVisibleError):
        await check_page_url(url, None)


async def test_the_policies_of_all_runtimes_hold() -> None:
    session = BrowserSession(BrowserBindings(create_context=lambda options: None))

    def refusing(word: str) -> Any:
        async def check(url: str, method: str) -> None:
            if word in url or word == method:
                raise FetchError(f"{word} is refused")

        return check

    session.attach("first", refusing("one"), None)
    session.attach("second", refusing("DELETE"), None)
    session.attach("third", None, None)
    with pytest.raises(FetchError, match="one is refused"):
        await session.check_url("http://one.example/")
    with pytest.raises(FetchError, match="DELETE is refused"):
        await session.check_url("http://two.example/", "DELETE")
    session.detach("second")
    await session.check_url("http://two.example/", "DELETE")
    session.detach("third")
    session.detach("first")
    with pytest.raises(FetchError, match="one is refused"):  # until somebody else comes
        await session.check_url("http://one.example/")
    session.attach("fourth", None, None)
    await session.check_url("http://one.example/")


def test_options_of_contexts() -> None:
    assert context_parameters({"viewport": None, "locale": "de", "extraHTTPHeaders": {"a": "b"}}) == {
        "no_viewport": True,
        "locale": "de",
        "extra_http_headers": {"a": "b"},
    }
    with pytest.raises(GuestVisibleError, match="recordVideo is refused: videos would be written"):
        context_parameters({"recordVideo": {"dir": "/x"}})
    with pytest.raises(GuestVisibleError, match="unknown option 'local'"):
        context_parameters({"local": "de"})


def test_a_handler_has_its_own_factories_and_profiles() -> None:
    with pytest.raises(ConfigurationError, match="cannot be mixed with profiles"):
        BrowserBindings(handler=object(), profiles=True)
    with pytest.raises(ConfigurationError, match="cannot be mixed with create_page, read_file"):
        BrowserBindings(handler=object(), create_page=print, read_file=print)


@pytest.mark.parametrize("redirects", [-1, float("inf"), float("nan"), "3", None])
async def test_redirects_are_a_number(redirects: Any) -> None:
    async def check(url: str, method: str) -> None:
        raise AssertionError("nothing is to be sent")

    with pytest.raises(GuestVisibleError, match="maxRedirects is a number"):
        await send_request(None, "get", ["http://x/", {"maxRedirects": redirects}], check)


def test_messages_are_those_of_javascript() -> None:
    message = 'Locator.inner_text: Timeout 5ms exceeded.\n  - waiting for get_by_role("button")'
    assert javascript_error(message) == (
        'locator.innerText: Timeout 5ms exceeded.\n  - waiting for getByRole("button")'
    )
    assert matcher_message("Page", "toHaveTitle", True, 'Expect "not_to_have_title" failed') == (
        'expect(page).not.toHaveTitle(expected) failed\n\nExpect "not toHaveTitle" failed'
    )
