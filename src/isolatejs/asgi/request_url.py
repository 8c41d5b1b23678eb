"""The URL and headers that a program sees for an ASGI scope."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from isolatejs.asgi.types import Scope

_AUTHORITY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%-]+(:[0-9]*)?|\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
"""RFC 9110, 7.2: host and port. Anything else in it would move the program's path."""
_SCHEMES = {"ws": "http", "wss": "https"}


def url_of(scope: Scope, headers: list[tuple[str, str]]) -> str:
    """The whole URL as the client asked for it, mount point included. Raises ValueError for a bad Host."""
    scheme = scope.get("scheme", "http")
    scheme = _SCHEMES.get(scheme, scheme)
    path = _path_of(scope)
    query = scope.get("query_string", b"")
    if query:
        path += "?" + query.decode("latin-1")
    return f"{scheme}://{_host_of(scope, headers)}{path}"


def headers_of(scope: Scope) -> list[tuple[str, str]]:
    """The headers as text; each byte is one character, as in the Fetch standard."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


def _path_of(scope: Scope) -> str:
    raw = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"], safe="/!$&'()*+,;=:@-._~")
    path = quote(_missing_root(scope)) + path
    return path if path.startswith("/") else "/" + path


def _missing_root(scope: Scope) -> str:
    """What the client's path has before that of the scope: a prefix that a proxy took off, or all of root_path.

    ASGI's path includes root_path. Servers before 2.4 leave it out; Starlette, told of a proxy's prefix
    (`app_root_path`), leaves out that part only.
    """
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if not root or _is_below(path, root):
        return ""
    proxy = scope.get("app_root_path", "").rstrip("/")
    if root.startswith(proxy + "/") and _is_below(path, root[len(proxy) :]):
        return str(proxy)
    return str(root)


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")


def _host_of(scope: Scope, headers: list[tuple[str, str]]) -> str:
    for name, value in headers:
        if name == "host" and value:
            if _AUTHORITY.fullmatch(value) is None:
                raise ValueError("the Host header is no host")
            return value
    server = scope.get("server")
    if not server:
        return "localhost"
    name, port = server
    if port is None:
        return "localhost"  # a Unix socket
    if ":" in name:
        name = f"[{name}]"
    default = 443 if scope.get("scheme") in ("https", "wss") else 80
    return name if port == default else f"{name}:{port}"
