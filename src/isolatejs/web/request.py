"""Request for the host, after the Fetch standard (§5.4), and its conversions from and to httpx."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from isolatejs.web.abort import AbortSignal
from isolatejs.web.body import Body, BodyInit
from isolatejs.web.headers import Headers
from isolatejs.web.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

    from isolatejs.web.blob import Blob
    from isolatejs.web.form_data import FormData

__all__ = ["Request"]

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NORMALIZED_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
_FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})


class Request(Body):
    """An HTTP request: what is asked of whom.

    `url` is absolute http or https, and kept in the URL standard's canonical form. GET and HEAD take no
    body. `redirect` is follow, error or manual; `credentials`, `mode`, `cache` and `referrer` are carried
    along for who receives it. Raises ValueError for what the standard refuses.
    """

    __slots__ = ("cache", "credentials", "headers", "method", "mode", "redirect", "referrer", "signal", "url")

    def __init__(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: BodyInit = None,
        signal: AbortSignal | None = None,
        redirect: str = "follow",
        credentials: str = "same-origin",
        mode: str = "cors",
        cache: str = "default",
        referrer: str = "about:client",
    ) -> None:
        super().__init__(body)
        parsed = parse_url(url, schemes=("http", "https"))
        if parsed.username or parsed.password:
            raise ValueError(
                "a Request's URL cannot hold a user name or password: use the Authorization header"
            )
        self.url = parsed.href
        self.method = _check_method(method)
        if body is not None and self.method in {"GET", "HEAD"}:
            raise ValueError(f"a {self.method} request cannot have a body")
        if redirect not in {"follow", "error", "manual"}:
            raise ValueError(f"redirect is 'follow', 'error' or 'manual', not {redirect!r}")
        self.headers = Headers(headers)
        if self._content_type is not None and not self.headers.has("content-type"):
            self.headers.append("content-type", self._content_type)
        self.signal = AbortSignal() if signal is None else signal
        self.redirect = redirect
        self.credentials = credentials
        self.mode = mode
        self.cache = cache
        self.referrer = referrer

    async def json(self, *, limit_bytes: int | None = None) -> Any:
        """The body as JSON. Raises json.JSONDecodeError (a ValueError) when it is not."""
        return await self._read_json(limit_bytes)

    async def blob(self) -> Blob:
        """The body as a Blob of the request's content type."""
        return await self._read_blob(self.headers.get("content-type"))

    async def form_data(self) -> FormData:
        """The body as a form, multipart or URL-encoded."""
        return await self._read_form(self.headers.get("content-type"))

    def clone(self) -> Request:
        """A copy with its own body. Raises TypeError when the body is a stream or has been read."""
        return Request(
            self.url,
            method=self.method,
            headers=self.headers,
            body=self._clone_body(),
            signal=self.signal,
            redirect=self.redirect,
            credentials=self.credentials,
            mode=self.mode,
            cache=self.cache,
            referrer=self.referrer,
        )

    @staticmethod
    def from_httpx(request: httpx.Request) -> Request:
        """The same request; a streamed body stays a stream."""
        import httpx

        headers = Headers(request.headers)
        for name in ("host", "content-length", "transfer-encoding"):
            headers.delete(name)
        body: BodyInit = None
        if request.method not in {"GET", "HEAD"}:
            stream = request.stream
            if isinstance(stream, httpx.ByteStream) or hasattr(request, "_content"):
                body = request.read() or None
            elif isinstance(stream, httpx.AsyncByteStream):
                body = stream
            else:
                raise TypeError("an httpx.Request with a synchronous stream cannot be converted")
        return Request(str(request.url), method=request.method, headers=headers, body=body)

    def to_httpx(self) -> httpx.Request:
        """The same request for `httpx.AsyncClient().send()`. Takes the body, when it is a stream."""
        import httpx

        content = self.content
        if content is not None or not self.has_body:
            return httpx.Request(self.method, self.url, headers=self.headers.raw(), content=content)
        headers = self.headers.raw()
        if self.content_length is not None and not self.headers.has("content-length"):
            headers.append((b"content-length", str(self.content_length).encode("ascii")))
        return httpx.Request(self.method, self.url, headers=headers, content=self.body)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"


def _check_method(method: str) -> str:
    upper = method.upper()
    if _TOKEN.fullmatch(method) is None:
        raise ValueError(f"not an HTTP method: {method[:100]!r}")
    if upper in _FORBIDDEN_METHODS:
        raise ValueError(f"the method {upper} cannot be used in a Request")
    return upper if upper in _NORMALIZED_METHODS else method
