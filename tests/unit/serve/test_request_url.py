"""URLs and headers from ASGI scopes."""

from __future__ import annotations

from typing import Any

import pytest

from isolatejs.asgi.request_url import headers_of, url_of


def scope(**changes: Any) -> dict[str, Any]:
    made = {
        "type": "http",
        "scheme": "http",
        "path": "/a b/ü",
        "raw_path": b"/a%20b/%C3%BC",
        "query_string": b"q=%20&x=1",
        "root_path": "",
        "headers": [(b"host", b"example.com:81"), (b"x", b"\xe9")],
        "server": ("10.0.0.1", 8000),
    }
    return {**made, **changes}


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://example.com:81/a%20b/%C3%BC?q=%20&x=1"),
        ({"scheme": "https"}, "https://example.com:81/a%20b/%C3%BC?q=%20&x=1"),
        ({"scheme": "wss"}, "https://example.com:81/a%20b/%C3%BC?q=%20&x=1"),
        ({"scheme": "ws", "query_string": b""}, "http://example.com:81/a%20b/%C3%BC"),
        ({"raw_path": None}, "http://example.com:81/a%20b/%C3%BC?q=%20&x=1"),
        ({"raw_path": b"/x?y", "path": "/x"}, "http://example.com:81/x?q=%20&x=1"),
        ({"headers": []}, "http://10.0.0.1:8000/a%20b/%C3%BC?q=%20&x=1"),
        ({"headers": [], "server": ("::1", 80)}, "http://[::1]/a%20b/%C3%BC?q=%20&x=1"),
        ({"headers": [], "server": ("h", 443), "scheme": "https"}, "https://h/a%20b/%C3%BC?q=%20&x=1"),
        ({"headers": [], "server": ("/run/x.sock", None)}, "http://localhost/a%20b/%C3%BC?q=%20&x=1"),
        ({"headers": [], "server": None}, "http://localhost/a%20b/%C3%BC?q=%20&x=1"),
        ({"path": "/m/x", "raw_path": b"/m/x", "root_path": "/m"}, "http://example.com:81/m/x?q=%20&x=1"),
        ({"path": "/x", "raw_path": b"/x", "root_path": "/m"}, "http://example.com:81/m/x?q=%20&x=1"),
        ({"path": "/mx", "raw_path": b"/mx", "root_path": "/m"}, "http://example.com:81/m/mx?q=%20&x=1"),
        ({"path": "/m", "raw_path": b"/m", "root_path": "/m/"}, "http://example.com:81/m?q=%20&x=1"),
        (
            {"path": "/m/x", "raw_path": b"/m/x", "root_path": "/p/m", "app_root_path": "/p"},
            "http://example.com:81/p/m/x?q=%20&x=1",
        ),
        (
            {"path": "/p/m/x", "raw_path": b"/p/m/x", "root_path": "/p/m", "app_root_path": "/p"},
            "http://example.com:81/p/m/x?q=%20&x=1",
        ),
        (
            {"path": "/x", "raw_path": b"/x", "root_path": "/m", "app_root_path": ""},
            "http://example.com:81/m/x?q=%20&x=1",
        ),
        ({"path": "*", "raw_path": b"*"}, "http://example.com:81/*?q=%20&x=1"),
    ],
)
def test_url(changes: dict[str, Any], url: str) -> None:
    made = scope(**changes)
    assert url_of(made, headers_of(made)) == url


@pytest.mark.parametrize(
    "host",
    [
        b"localhost/admin?",
        b"localhost#",
        b"user@localhost",
        b"local\\host",
        b"a b",
        b"[::1]x",
        b"h:80:90",
        b"h:x",
    ],
)
def test_host_that_would_move_the_path_is_refused(host: bytes) -> None:
    made = scope(headers=[(b"host", host)])
    with pytest.raises(ValueError, match="Host header"):
        url_of(made, headers_of(made))


def test_headers_are_bytes_as_characters() -> None:
    assert headers_of(scope()) == [("host", "example.com:81"), ("x", "\xe9")]
