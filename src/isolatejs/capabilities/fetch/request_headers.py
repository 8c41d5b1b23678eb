"""What a program may not say in a request: headers that belong to the connection, and too much of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isolatejs.errors import FetchError
from isolatejs.limits import FETCH_HEADERS_LIMIT_BYTES, FETCH_URL_LIMIT_BYTES

if TYPE_CHECKING:
    from isolatejs.web.headers import Headers

__all__ = ["HOP_BY_HOP_HEADERS", "check_size", "drop_forbidden_headers"]

HOP_BY_HOP_HEADERS: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_REQUEST_HEADERS: Final = HOP_BY_HOP_HEADERS | {
    "accept-encoding",
    "content-length",
    "expect",
    "host",
    "proxy-authorization",
    "te",
}


def check_size(url: str, headers: Headers) -> None:
    """Raise FetchError for a URL or headers longer than servers take."""
    if len(url) > FETCH_URL_LIMIT_BYTES:
        raise FetchError(f"the URL is longer than {FETCH_URL_LIMIT_BYTES} bytes")
    if sum(len(name) + len(value) for name, value in headers.multi_items()) > FETCH_HEADERS_LIMIT_BYTES:
        raise FetchError(f"the request headers are longer than {FETCH_HEADERS_LIMIT_BYTES} bytes")


def drop_forbidden_headers(headers: Headers) -> None:
    """Remove from a program's request what only the host may say: host, length, framing, encodings."""
    headers.delete_all(_REQUEST_HEADERS)
