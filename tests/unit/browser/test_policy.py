"""What pages may load, how deep CDP reaches, and whose messages are shown."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs import BrowserBindings, ConfigurationError, FetchError
from isolatejs.capabilities.browser.api_requests import RequestRules, absolute_url, send_request
from isolatejs.capabilities.browser.messages import javascript_error, matcher_message
from isolatejs.capabilities.browser.page_policies import PagePolicies
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


class Policy:
    """A policy that refuses what has a word in it."""

    web_sockets = True
    methods = None
    response_limit_bytes = 1000

    def __init__(self, word: str) -> None:
        self.word = word

    async def check_url(self, url: str, method: str = "GET") -> None:
        self.check_peer(url, method, "")

    def check_peer(self, url: str, method: str, address: str) -> None:
        if self.word in url or self.word in (method, address):
            raise FetchError(f"{self.word} is refused")

    async def open_socket(self, url: str) -> Any:
        class Connection:
            def getpeername(self) -> tuple[str, int]:
                return ("10.0.0.7", 80)

            def close(self) -> None:
                pass

        return Connection()


async def test_the_policies_of_all_runtimes_hold() -> None:
    session = BrowserSession(BrowserBindings(create_context=lambda options: None))
    session.attach("first", Policy("one"))
    session.attach("second", Policy("DELETE"))
    session.attach("third", None)
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
    session.attach("fourth", None)
    await session.check_url("http://one.example/")


async def test_the_address_of_a_connection_passes_every_policy() -> None:
    """The policies look a name up separately; what counts is the address that was connected to."""
    policies = PagePolicies()
    policies.attach("first", Policy("10.0.0.7"))
    policies.attach("second", Policy("nothing"))
    with pytest.raises(FetchError, match=r"10\.0\.0\.7 is refused"):
        await policies.open_socket("http://name.example/")
    policies.detach("first")
    assert await policies.open_socket("http://name.example/")


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
        await send_request(None, "get", ["http://x/", {"maxRedirects": redirects}], RequestRules(check))


@pytest.mark.parametrize(
    ("url", "base", "whole"),
    [
        ("/x", "http://a.example/b/c", "http://a.example/x"),
        ("//evil.example/x", "http://a.example/", "http://evil.example/x"),
        ("\\\\evil.example", "http://a.example/", "http://evil.example/"),
        ("\t/\n/evil.example", "http://a.example/", "http://evil.example/"),
        ("http:/x", "http://a.example/", "http://a.example/x"),
        ("http:\\\\evil.example", None, "http://evil.example/"),
    ],
)
def test_what_is_checked_is_what_is_sent(url: str, base: str | None, whole: str) -> None:
    assert absolute_url(url, base) == whole


@pytest.mark.parametrize("url", ["/x", "", "file:///x", "ws://x/", "http://", "chrome://x"])
def test_urls_that_no_request_has(url: str) -> None:
    with pytest.raises(GuestVisibleError, match="Invalid URL"):
        absolute_url(url, None)


def test_messages_are_those_of_javascript() -> None:
    message = 'Locator.inner_text: Timeout 5ms exceeded.\n  - waiting for get_by_role("button")'
    assert javascript_error(message) == (
        'locator.innerText: Timeout 5ms exceeded.\n  - waiting for getByRole("button")'
    )
    assert matcher_message("Page", "toHaveTitle", True, 'Expect "not_to_have_title" failed') == (
        'expect(page).not.toHaveTitle(expected) failed\n\nExpect "not toHaveTitle" failed'
    )
