"""Hosts, ports, schemes and methods of the fetch policy."""

from __future__ import annotations

import pytest

from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.capabilities.fetch.policy.rules import HostRule, NameRules
from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.web.url import parse_url


def allowed(rule: str, url: str) -> bool:
    return HostRule.parse(rule).matches(parse_url(url))


@pytest.mark.parametrize(
    ("rule", "url", "expected"),
    [
        ("example.com", "http://example.com/", True),
        ("example.com", "https://EXAMPLE.com.:8443/", True),
        ("Example.COM", "https://example.com/", True),
        ("example.com", "https://sub.example.com/", False),
        ("example.com", "https://example.com.evil.org/", False),
        ("example.com", "https://notexample.com/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("example.com:8443", "https://example.com:8443/", True),
        ("example.com:443", "https://example.com/", True),
        ("example.com:443", "https://example.com:8443/", False),
        ("example.com:*", "https://example.com:1/", True),
        ("https://example.com", "https://example.com/", True),
        ("https://example.com", "wss://example.com/", True),
        ("https://example.com", "http://example.com/", False),
        ("127.0.0.1", "http://0x7f.1/", True),
        ("[::1]:80", "http://[0:0::1]/", True),
        ("bücher.de", "http://xn--bcher-kva.de/", True),
        ("*", "http://anything.example/", True),
        ("*:443", "http://anything.example/", False),
    ],
)
def test_host_rules(rule: str, url: str, expected: bool) -> None:
    assert allowed(rule, url) is expected


@pytest.mark.parametrize(
    "bad", ["", "a b", "ftp://a", "a/b", "*.*", "*a.com", "a:0", "a:99999", "a@b", "[::1", None]
)
def test_what_is_no_host_is_refused(bad: str) -> None:
    with pytest.raises(ConfigurationError, match="hosts"):
        create_fetch_binding([bad])


def test_check_names_what_is_not_allowed() -> None:
    rules = NameRules.from_options(hosts="a.com", schemes=["https"], methods=["get"])
    rules.check(parse_url("https://a.com/"), "GET")
    for url, method, message in (
        ("http://a.com/", "GET", "scheme 'http'"),
        ("ws://a.com/", "GET", "scheme 'ws'"),
        ("https://a.com/", "POST", "method POST"),
        ("https://b.com/", "GET", r"host 'b\.com'"),
        ("https://u@a.com/", "GET", "user name"),
        ("https://:p@a.com/", "GET", "user name"),
    ):
        with pytest.raises(FetchError, match=message):
            rules.check(parse_url(url), method)


@pytest.mark.parametrize(
    "options",
    [
        {"schemes": ["ftp"]},
        {"schemes": []},
        {"timeout_ms": 0},
        {"idle_timeout_ms": "x"},
        {"max_response_bytes": -1},
        {"max_redirects": 1.5},
        {"credentials": {"example.com": {"a": "b"}}},
        {"credentials": {"https://u@a.com/": {"a": "b"}}},
        {"credentials": {"https://a.com/?q": {"a": "b"}}},
        {"credentials": {"https://a.com/": {"a": "b\r\nc"}}},
    ],
    ids=str,
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        create_fetch_binding("a.com", **options)  # type: ignore[arg-type]
