"""Blobs, files, forms, requests and responses cross both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import Blob, File, FormData, GuestError, Headers, Request, Response

if TYPE_CHECKING:
    from isolatejs import IsolateHost


async def lazy_bytes(start: int, end: int) -> Any:
    yield b"x" * (end - start)


HOST_VALUES = {
    "headers": lambda: Headers([("set-cookie", "a=1"), ("set-cookie", "b=2")]),
    "blob": lambda: Blob([b"abc"], type="text/plain"),
    "file": lambda: File([b"abc"], "a.txt", last_modified_ms=5.0),
    "form": lambda: FormData([("a", "b"), ("f", File([b"c"], "f.txt"))]),
    "request": lambda: Request("http://a/b?c", method="POST", headers={"x-y": "z"}, body=b"abc"),
    "response": lambda: Response(b"abc", status=201, headers={"x-y": "z"}),
    "lazy": lambda: Blob.lazy(3, lazy_bytes),
}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (
            "const b = await blob(); [b instanceof Blob, b.type, b.size, await b.text()]",
            [True, "text/plain", 3, "abc"],
        ),
        (
            "const f = await file(); [f instanceof File, f.name, f.lastModified, await f.text()]",
            [True, "a.txt", 5, "abc"],
        ),
        (
            "const f = await form(); [f.get('a'), f.get('f').name, await f.get('f').text()]",
            ["b", "f.txt", "c"],
        ),
        (
            "const r = await request(); [r.url, r.method, r.headers.get('x-y'), await r.text()]",
            ["http://a/b?c", "POST", "z", "abc"],
        ),
        ("const h = await headers(); h.getSetCookie()", ["a=1", "b=2"]),
        ("const r = await response(); [r.status, r.headers.get('x-y'), await r.text()]", [201, "z", "abc"]),
    ],
)
async def test_from_the_host(host: IsolateHost, code: str, value: list[Any]) -> None:
    async with host.create_runtime(bindings={"tools": HOST_VALUES}) as runtime:
        assert await runtime.eval(code) == value


async def test_from_the_program(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        blob = await runtime.eval("new Blob(['abc'], { type: 'text/plain' })")
        assert (type(blob), blob.type, await blob.bytes()) == (Blob, "text/plain", b"abc")
        file = await runtime.eval("new File(['abc'], 'a.txt', { lastModified: 5 })")
        assert (type(file), file.name, file.last_modified_ms, await file.bytes()) == (
            File,
            "a.txt",
            5,
            b"abc",
        )
        form = await runtime.eval("const f = new FormData(); f.append('a', 'b'); f")
        assert form.get("a") == "b"
        request = await runtime.eval("new Request('http://a/', { method: 'POST', body: 'abc' })")
        assert (request.url, request.method, await request.bytes()) == ("http://a/", "POST", b"abc")
        response = await runtime.eval("new Response('abc', { status: 201 })")
        assert (response.status, await response.text()) == (201, "abc")


async def test_there_and_back(host: IsolateHost) -> None:
    async def echo(value: object) -> object:
        return value

    code = "const b = await echo(new Blob(['abc'])); [b instanceof Blob, await b.text()]"
    async with host.create_runtime(bindings={"tools": {"echo": echo}}) as runtime:
        assert await runtime.eval(code) == [True, "abc"]


async def test_blob_that_is_not_in_memory_says_what_to_do(host: IsolateHost) -> None:
    async with host.create_runtime(bindings={"tools": HOST_VALUES}) as runtime:
        with pytest.raises(GuestError, match=r"send `Response\(blob.stream\(\)\)`, or"):
            await runtime.eval("await lazy()")


async def test_body_that_was_read_cannot_be_sent(host: IsolateHost) -> None:
    used = Request("http://a/", method="POST", body=b"abc")
    await used.bytes()
    async with host.create_runtime(bindings={"tools": {"used": lambda: used}}) as runtime:
        with pytest.raises(GuestError, match="has been read already"):
            await runtime.eval("await used()")
