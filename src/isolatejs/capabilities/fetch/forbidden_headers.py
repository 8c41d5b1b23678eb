"""Headers that belong to a connection. A program's own would confuse whoever stands in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from isolatejs.web.headers import Headers

__all__ = ["HOP_BY_HOP_HEADERS", "drop_forbidden_headers"]

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


def drop_forbidden_headers(headers: Headers) -> None:
    """Remove from a program's request what only the host may say: host, length, framing, encodings."""
    headers.delete_all(_REQUEST_HEADERS)
