"""The URL parser. tests/conformance/web compares it with the engine's own."""

from __future__ import annotations

import pytest

from isolatejs.web.url import parse_url


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("http://good.com\\@evil.com", "http://good.com/@evil.com"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433", "http://127.0.0.1/"),
        ("http://0177.0.0.01", "http://127.0.0.1/"),
        ("http://127.1", "http://127.0.0.1/"),
        ("http://１２７.0.0.1", "http://127.0.0.1/"),
        ("http://127.0.0.1.", "http://127.0.0.1/"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]/"),
        ("http://[0:0:0:0:0:0:0:1]:80/", "http://[::1]/"),
        ("HTTPS://EXAMPLE.com:443/a/../b/./c?x y#z", "https://example.com/b/c?x%20y#z"),
        ("http:///example.com", "http://example.com/"),
        ("http:\\\\example.com\\a", "http://example.com/a"),
        (" \n http://ex\tample.com/\r\n", "http://example.com/"),
        ("http://bücher.de/ü", "http://xn--bcher-kva.de/%C3%BC"),
        ("http://ex%41mple.com", "http://example.com/"),
        ("http://a/%2e%2e/b/%2E/c", "http://a/b/c"),
        ("http://a?b", "http://a/?b"),
        ("http://user:p%40ss@a/", "http://user:p%40ss@a/"),
    ],
)
def test_parses_as_a_browser_does(text: str, href: str) -> None:
    assert parse_url(text).href == href


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/relative",
        "//host/",
        "http://",
        "http://a b/",
        "http://a<b/",
        "http://%00/",
        "http://1.2.3.4.5",
        "http://256.256.256.256",
        "http://0x100000000",
        "http://08",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://a:99999/",
        "http://a:8x/",
        "http://user@/",
        "http://a%2fb/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "javascript:1",
    ],
)
def test_refuses_what_is_no_http_url(text: str) -> None:
    with pytest.raises(ValueError):
        parse_url(text)


@pytest.mark.parametrize(
    ("relative", "href"),
    [
        ("x", "https://h:8443/a/x"),
        ("/x?y", "https://h:8443/x?y"),
        ("//other/x", "https://other/x"),
        ("\\\\other\\x", "https://other/x"),
        ("/\\other", "https://other/"),
        ("../../x", "https://h:8443/x"),
        ("?z", "https://h:8443/a/b?z"),
        ("#f", "https://h:8443/a/b?q#f"),
        ("", "https://h:8443/a/b?q"),
        ("https:x", "https://h:8443/a/x"),
        ("http:x", "http://x/"),
        ("..", "https://h:8443/"),
    ],
)
def test_resolves_relative_urls(relative: str, href: str) -> None:
    assert parse_url(relative, parse_url("https://h:8443/a/b?q#old")).href == href


def test_parts() -> None:
    url = parse_url("wss://[2001:db8::1]:9000/p?q#f")
    assert (url.host, url.port, url.effective_port, url.target) == ("2001:db8::1", 9000, 9000, "/p?q")
    assert (url.authority, url.origin) == ("[2001:db8::1]:9000", "wss://[2001:db8::1]:9000")
    assert parse_url("https://a/").effective_port == 443


def test_schemes_can_be_narrowed() -> None:
    with pytest.raises(ValueError, match="scheme"):
        parse_url("ws://a/", schemes=("http", "https"))
    with pytest.raises(ValueError, match="scheme"):
        parse_url("ws://a/", parse_url("http://b/"), schemes=("http",))


@pytest.mark.parametrize("host", ["ä" * 300_000, "xn--" + "a" * 300_000, "ä." * 200_000])
def test_long_names_are_refused_before_idna_looks_at_them(host: str) -> None:
    with pytest.raises(ValueError, match="more than 253 characters"):
        parse_url(f"http://{host}/")
