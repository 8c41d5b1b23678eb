"""Blobs, files, forms, requests and responses cross both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import Blob, File, FormData, GuestError, Headers, Request, Response, ValueEncodingError

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


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("new Request('data:text/plain,hi')", "a Request cannot be sent: URL scheme 'data'"),
        ("new Request('http://\u2603.net/')", "a Request cannot be sent: not a domain name"),
        ("Response.error()", "a Response cannot be sent: a status is 200 to 599, not 0"),
    ],
)
async def test_what_python_has_no_form_of_is_an_error_of_the_program(
    host: IsolateHost, value: str, message: str
) -> None:
    async with host.create_runtime(bindings={"tools": {"take": lambda value: 1}}) as runtime:
        caught = await runtime.eval(f"await take([{value}]).catch((error) => error.message)")
        assert caught.startswith(message)
        with pytest.raises(ValueEncodingError, match="cannot be sent"):
            await runtime.eval(value)
        assert await runtime.eval("await take(1)") == 1


async def test_a_body_that_is_sent_twice_is_an_error_of_the_program(host: IsolateHost) -> None:
    async def read(response: Response) -> int:
        return len(await response.bytes())

    async def take(value: dict[str, Any]) -> int:
        return len(await value["response"].bytes())

    code = """
      const body = () => new Response(new Blob(["0123456789"]).stream());
      const one = body();
      const both = await Promise.all([read(one), read(one).catch((error) => error.message)]);
      const mixed = { blob: new Blob(["x"]), response: body() };
      [...both, await take(mixed)]
    """
    async with host.create_runtime(bindings={"tools": {"read": read, "take": take}}) as runtime:
        assert await runtime.eval(code) == [10, "a stream that was sent already cannot be sent again", 10]


async def test_more_streams_than_may_be_open_are_an_error_of_the_program(host: IsolateHost) -> None:
    code = """
      const endless = () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
      await take(Array.from({ length: 2_049 }, endless)).catch((error) => error.name)
    """
    async with host.create_runtime(bindings={"tools": {"take": lambda value: 1}}) as runtime:
        assert await runtime.eval(code) == "QuotaExceededError"
        await runtime.eval("await new Promise((resolve) => setTimeout(resolve, 20))")
        assert (await runtime.diagnostics())["stream_count"] == 0
        assert await runtime.eval("await take(new Response(new Blob(['x']).stream()))") == 1
