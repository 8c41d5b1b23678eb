"""Request and Response, and their conversions from and to httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from isolatejs.web import FormData, Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_request_normalises_url_and_method() -> None:
    request = Request("HTTP://Example.com:80/a/../b", method="post", body="x")
    assert (request.url, request.method) == ("http://example.com/b", "POST")
    assert request.headers["content-type"] == "text/plain;charset=UTF-8"
    assert Request("http://a", method="patch").method == "patch"
    assert repr(request) == "<Request POST http://example.com/b>"


@pytest.mark.parametrize(
    "options",
    [
        {"method": "TRACE"},
        {"method": "a b"},
        {"method": "GET", "body": b"x"},
        {"method": "HEAD", "body": b""},
        {"redirect": "sometimes"},
        {"headers": {"a": "b\r\nc"}},
    ],
    ids=str,
)
def test_request_refuses_what_the_standard_refuses(options: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Request("http://a/", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["/x", "ws://a/", "file:///etc/passwd", "data:,x"])
def test_request_takes_absolute_http_urls_only(url: str) -> None:
    with pytest.raises(ValueError):
        Request(url)


async def test_response_json_makes_and_reads() -> None:
    response = Response.json({"a": "é"}, status=201, headers={"x": "y"})
    assert response.headers.items() == [("content-type", "application/json"), ("x", "y")]
    assert (response.status, response.ok) == (201, True)
    assert await response.json() == {"a": "é"}
    with pytest.raises(ValueError):
        Response.json(float("nan"))


def test_response_redirect_and_error() -> None:
    response = Response.redirect("http://a/b", 307)
    assert (response.status, response.headers["location"]) == (307, "http://a/b")
    with pytest.raises(ValueError):
        Response.redirect("http://a/b", 200)
    error = Response.error()
    assert (error.type, error.status, error.ok) == ("error", 0, False)


@pytest.mark.parametrize(
    "options",
    [{"status": 99}, {"status": 600}, {"status": 204, "body": b""}, {"status_text": "a\n"}],
    ids=str,
)
def test_response_refuses_what_the_standard_refuses(options: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Response(**options)  # type: ignore[arg-type]


async def test_clone_of_a_whole_body_and_not_of_a_stream() -> None:
    request = Request("http://a", method="POST", body=b"x", headers={"a": "b"})
    copy = request.clone()
    assert (await request.text(), await copy.text()) == ("x", "x")
    copy.headers.set("a", "c")
    assert request.headers["a"] == "b"
    with pytest.raises(TypeError, match="streamed"):
        Response([b"x"]).clone()
    with pytest.raises(TypeError, match="read already"):
        request.clone()


async def _echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(
        200,
        headers=[
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-sent", request.headers.get("content-length", "none")),
        ],
        content=await request.aread(),
    )


async def test_request_can_be_sent_by_httpx() -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"str"
        yield b"eam"

    async with httpx.AsyncClient(transport=httpx.MockTransport(_echo)) as client:
        for body, length in (
            (b"bytes", "5"),
            ("text", "4"),
            (stream(), "none"),
            (FormData({"a": "b"}), None),
        ):
            request = Request("http://a/", method="POST", body=body)
            response = Response.from_httpx(await client.send(request.to_httpx()))
            assert response.headers.get_set_cookie() == ["a=1", "b=2"]
            assert length is None or response.headers["x-sent"] == length
            assert length is not None or "form-data" in await response.text()
        empty = Response.from_httpx(await client.send(Request("http://a/").to_httpx()))
        assert (empty.url, await empty.bytes()) == ("http://a/", b"")


async def test_streamed_httpx_response_stays_a_stream_and_is_closed() -> None:
    class Stream(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        async def aclose(self) -> None:
            self.closed = True

    stream = Stream()
    response = Response.from_httpx(httpx.Response(200, stream=stream))
    body = response.body
    assert body is not None
    assert await anext(body) == b"a"
    await body.aclose()
    assert stream.closed


async def test_compressed_httpx_response_is_given_decoded() -> None:
    import gzip

    data = gzip.compress(b"hello")
    response = Response.from_httpx(
        httpx.Response(
            200, headers={"content-encoding": "gzip", "content-length": str(len(data))}, content=data
        )
    )
    assert "content-encoding" not in response.headers
    assert "content-length" not in response.headers
    assert await response.text() == "hello"


async def test_to_httpx_and_back_keeps_everything() -> None:
    response = Response(
        b"x",
        status=418,
        status_text="I'm a teapot",
        headers=Headers([("set-cookie", "a"), ("set-cookie", "b")]),
    )
    there = response.to_httpx()
    back = Response.from_httpx(there)
    assert (back.status, back.status_text, back.headers.get_set_cookie()) == (418, "I'm a teapot", ["a", "b"])
    assert await back.bytes() == b"x"
    request = Request.from_httpx(httpx.Request("PUT", "http://a/", content=b"y", headers={"x": "z"}))
    assert (request.method, request.headers.items(), await request.bytes()) == ("PUT", [("x", "z")], b"y")
