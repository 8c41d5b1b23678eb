"""Response for the host, after the Fetch standard (§5.5), and its conversions from and to httpx."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, overload

from isolatejs.web.body import Body, BodyInit
from isolatejs.web.headers import Headers
from isolatejs.web.url import parse_url

if TYPE_CHECKING:
    import httpx

    from isolatejs.web.blob import Blob
    from isolatejs.web.form_data import FormData

__all__ = ["NULL_BODY_STATUSES", "Response"]

NULL_BODY_STATUSES: Final = frozenset({101, 103, 204, 205, 304})
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_BAD_REASON: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")

_HeadersInit = Headers | Mapping[str, str] | Iterable[tuple[str, str]] | None


class _Json:
    """`Response.json(value)` makes a response, `await response.json()` reads one, as in JavaScript."""

    @overload
    def __get__(self, instance: None, owner: type[Response]) -> Callable[..., Response]: ...
    @overload
    def __get__(
        self, instance: Response, owner: type[Response]
    ) -> Callable[..., Coroutine[Any, Any, Any]]: ...
    def __get__(self, instance: Response | None, owner: type[Response]) -> Callable[..., Any]:
        if instance is None:
            return _json_response
        return lambda *, limit_bytes=None: instance._read_json(limit_bytes)


class Response(Body):
    """An HTTP response.

    `status` is 200 to 599 (101 for an upgrade); 204, 205 and 304 have no body. `url` and `redirected` say
    where it came from, `type` is default, basic, error or opaqueredirect. Raises ValueError for what the
    standard refuses.
    """

    __slots__ = ("headers", "redirected", "status", "status_text", "type", "url")

    def __init__(
        self,
        body: BodyInit = None,
        *,
        status: int = 200,
        status_text: str = "",
        headers: _HeadersInit = None,
        url: str = "",
        redirected: bool = False,
    ) -> None:
        super().__init__(body)
        if not (200 <= status <= 599 or status == 101):
            raise ValueError(f"a status is 200 to 599, not {status!r}")
        if body is not None and status in NULL_BODY_STATUSES:
            raise ValueError(f"a response with status {status} cannot have a body")
        if _BAD_REASON.search(status_text) is not None:
            raise ValueError("status_text holds a character that cannot stand in a status line")
        self.status = status
        self.status_text = status_text
        self.headers = Headers(headers)
        if self._content_type is not None and not self.headers.has("content-type"):
            self.headers.append("content-type", self._content_type)
        self.url = url
        self.redirected = redirected
        self.type = "default"

    json = _Json()

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status <= 299

    @staticmethod
    def redirect(url: str, status: int = 302) -> Response:
        """A redirect to the absolute `url`."""
        if status not in _REDIRECT_STATUSES:
            raise ValueError(f"not the status of a redirect: {status!r}")
        return Response(status=status, headers={"location": parse_url(url).href})

    @staticmethod
    def error() -> Response:
        """What stands for a network error: type "error", status 0."""
        response = Response()
        response.status, response.type = 0, "error"
        return response

    async def blob(self) -> Blob:
        """The body as a Blob of the response's content type."""
        return await self._read_blob(self.headers.get("content-type"))

    async def form_data(self) -> FormData:
        """The body as a form, multipart or URL-encoded."""
        return await self._read_form(self.headers.get("content-type"))

    def clone(self) -> Response:
        """A copy with its own body. Raises TypeError when the body is a stream or has been read."""
        copy = Response(
            self._clone_body(),
            status_text=self.status_text,
            headers=self.headers,
            url=self.url,
            redirected=self.redirected,
        )
        copy.status, copy.type = self.status, self.type
        return copy

    @staticmethod
    def from_httpx(response: httpx.Response) -> Response:
        """The same response, its content decoded. What is not read yet stays a stream.

        Since the body is decoded, `content-encoding` and `content-length` of a compressed one are dropped.
        """
        headers = Headers(response.headers)
        headers.delete("transfer-encoding")
        if headers.has("content-encoding"):
            headers.delete("content-encoding")
            headers.delete("content-length")
        body: BodyInit
        if response.status_code in NULL_BODY_STATUSES:
            body = None
        elif response.is_stream_consumed or hasattr(response, "_content"):
            body = response.content
        else:
            body = _HttpxStream(response)
        url = str(response.request.url) if response._request is not None else ""
        return Response(
            body,
            status=response.status_code,
            status_text=_safe_reason(response),
            headers=headers,
            url=url,
            redirected=bool(response.history),
        )

    def to_httpx(self) -> httpx.Response:
        """The same response as httpx has it. Takes the body, when it is a stream."""
        import httpx

        extensions = {"reason_phrase": self.status_text.encode("latin-1")} if self.status_text else {}
        content = self.content
        return httpx.Response(
            self.status,
            headers=self.headers.raw(),
            content=content if content is not None or not self.has_body else self.body,
            extensions=extensions,
        )

    def __repr__(self) -> str:
        return f"<Response {self.status}{' ' + self.url if self.url else ''}>"


class _HttpxStream:
    """The decoded bytes of an httpx response; closing gives its connection back."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._chunks: AsyncIterator[bytes] | None = None

    def __aiter__(self) -> _HttpxStream:
        return self

    async def __anext__(self) -> bytes:
        if self._chunks is None:
            self._chunks = self._response.aiter_bytes()
        return await self._chunks.__anext__()

    async def aclose(self) -> None:
        await self._response.aclose()


def _json_response(
    value: Any, *, status: int = 200, status_text: str = "", headers: _HeadersInit = None
) -> Response:
    """A response with `value` as JSON. Raises TypeError when it is none, ValueError for NaN."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    response = Response(
        text.encode("utf-8", "replace"), status=status, status_text=status_text, headers=headers
    )
    if not response.headers.has("content-type"):
        response.headers.append("content-type", "application/json")
    return response


def _safe_reason(response: httpx.Response) -> str:
    reason = response.extensions.get("reason_phrase")
    text = reason.decode("latin-1") if isinstance(reason, bytes) else response.reason_phrase
    return _BAD_REASON.sub("", text)
