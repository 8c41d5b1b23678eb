"""Follows redirects as the Fetch standard says (§4.4, HTTP-redirect fetch), one checked request at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from isolatejs.errors import FetchError
from isolatejs.limits import FETCH_REDIRECTS_LIMIT
from isolatejs.web.request import Request
from isolatejs.web.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from isolatejs.web.response import Response

__all__ = ["follow_redirects"]

_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_ORIGIN_BOUND_HEADERS: Final = ("authorization", "cookie", "proxy-authorization")
_BODY_HEADERS: Final = (
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
    "content-length",
)


async def follow_redirects(
    request: Request,
    send: Callable[[Request], Awaitable[Response]],
    *,
    limit: int = FETCH_REDIRECTS_LIMIT,
) -> Response:
    """Send `request`, and what its responses lead to; `send` sees, and can refuse, every single request.

    Authorization and Cookie stay behind when the origin changes. Raises FetchError past `limit` redirects,
    for a redirect to what is no http URL, and when a streamed body would have to be sent twice.
    """
    content = request.content
    current = request
    hops = 0
    while True:
        streamed = current.has_body and content is None
        response = await send(current)
        location = response.headers.get("location")
        if response.status not in _REDIRECT_STATUSES or location is None or request.redirect == "manual":
            response.url = response.url or current.url.partition("#")[0]
            response.redirected = response.redirected or hops > 0
            return response
        await response.aclose()
        if request.redirect == "error":
            raise FetchError("the response is a redirect, and redirect is 'error'")
        if hops >= limit:
            raise FetchError(f"more than {limit} redirects")
        hops += 1
        current, content = _next_request(current, response.status, location, content, streamed=streamed)


def _next_request(
    request: Request, status: int, location: str, content: bytes | None, *, streamed: bool
) -> tuple[Request, bytes | None]:
    old = parse_url(request.url)
    try:
        new = parse_url(location.encode("latin-1").decode("utf-8", "replace"), old, schemes=("http", "https"))
    except ValueError as error:
        raise FetchError("the response redirects to what is no http URL") from error
    if new.username or new.password:
        raise FetchError("the response redirects to a URL with a user name or password")
    headers = request.headers.copy()
    method = request.method
    if (status in {301, 302} and method == "POST") or (status == 303 and method not in {"GET", "HEAD"}):
        method, content, streamed = "GET", None, False
        for name in _BODY_HEADERS:
            headers.delete(name)
    if streamed:
        raise FetchError("a streamed request body cannot be sent again after a redirect")
    if new.origin != old.origin:
        for name in _ORIGIN_BOUND_HEADERS:
            headers.delete(name)
    fragment = f"#{old.fragment}" if old.fragment is not None and new.fragment is None else ""
    following = Request(
        new.href + fragment,
        method=method,
        headers=headers,
        body=content,
        signal=request.signal,
        redirect=request.redirect,
        credentials=request.credentials,
        mode=request.mode,
        cache=request.cache,
        referrer=request.referrer,
    )
    return following, content
