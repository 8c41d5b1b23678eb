"""What a program sees of a request, and the embedder of a response."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING

import httpx
import pytest

import isolatejs
from isolatejs import ConfigurationError, FormData, GuestError, Request
from isolatejs.web import File

if TYPE_CHECKING:
    from .conftest import Serving


async def test_request_as_the_program_sees_it(serving: Serving) -> None:
    code = """
    const copy = request.clone();
    return Response.json({
      isRequest: request instanceof Request,
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      body: await request.json(),
      again: await copy.text(),
      used: request.bodyUsed,
      aborted: request.signal.aborted,
      signal: request.signal instanceof AbortSignal && request.signal === request.signal,
    });
    """
    async with serving(code) as server:
        request = Request(
            "http://example.com:8080/a%20b/ü?q=1&q=2#frag",
            method="patch",
            headers=[("X-One", "1"), ("x-one", "é"), ("Cookie", "a=b"), ("content-type", "application/json")],
            body='{"k": ["ä", 1]}',
        )
        seen = await (await server.handle(request)).response.json()
    assert seen == {
        "isRequest": True,
        "method": "patch",
        "url": request.url,
        "headers": [["content-type", "application/json"], ["cookie", "a=b"], ["x-one", "1, é"]],
        "body": {"k": ["ä", 1]},
        "again": '{"k": ["ä", 1]}',
        "used": True,
        "aborted": False,
        "signal": True,
    }


async def test_response_as_the_embedder_sees_it(serving: Serving) -> None:
    code = """
    return new Response("made", { status: 418, statusText: "I'm a teapot", headers: [
      ["set-cookie", "a=1; Path=/"], ["x-b", "1"], ["Set-Cookie", "b=2"], ["X-B", "2"], ["x-latin", "\\xe9"],
    ] });
    """
    async with serving(code) as server:
        response = (await server.handle(Request("http://localhost/"))).response
        assert (response.status, response.status_text, response.ok) == (418, "I'm a teapot", False)
        assert response.headers.get_set_cookie() == ["a=1; Path=/", "b=2"]
        assert response.headers["x-b"] == "1, 2"
        assert response.headers["x-latin"] == "\xe9"
        assert response.headers["content-type"] == "text/plain;charset=UTF-8"
        assert await response.text() == "made"


@pytest.mark.parametrize(
    ("made", "status", "content_type", "body"),
    [
        ("new Response(null, { status: 204 })", 204, None, b""),
        ("new Response()", 200, None, b""),
        ("new Response('')", 200, "text/plain;charset=UTF-8", b""),
        ("new Response('é😀\\ud800')", 200, "text/plain;charset=UTF-8", "é😀\ufffd".encode()),
        ("new Response(new Uint8Array([0, 255, 13, 10]))", 200, None, b"\x00\xff\r\n"),
        ("new Response(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))", 200, None, b"\x02\x03"),
        ("new Response(new Uint16Array([1, 2]).buffer)", 200, None, b"\x01\x00\x02\x00"),
        ("new Response(new DataView(new ArrayBuffer(3), 1))", 200, None, b"\x00\x00"),
        ("new Response(new Blob(['bl', 'ob'], { type: 'text/x-b' }))", 200, "text/x-b", b"blob"),
        (
            "new Response(new URLSearchParams({ a: '1 2' }))",
            200,
            "application/x-www-form-urlencoded;charset=UTF-8",
            b"a=1+2",
        ),
        ("Response.json({ a: [1] })", 200, "application/json", b'{"a":[1]}'),
        ("Response.redirect('http://x.example/y', 307)", 307, None, b""),
        ("new (class Mine extends Response {})('mine')", 200, "text/plain;charset=UTF-8", b"mine"),
        ("new Response('cloned').clone()", 200, "text/plain;charset=UTF-8", b"cloned"),
        (
            "(() => { const r = new Response('twin'); r.clone(); return r; })()",
            200,
            "text/plain;charset=UTF-8",
            b"twin",
        ),
        ("Promise.resolve(new Response('later'))", 200, "text/plain;charset=UTF-8", b"later"),
        (
            "{ then(resolve) { resolve(new Response('thenable')); } }",
            200,
            "text/plain;charset=UTF-8",
            b"thenable",
        ),
    ],
)
async def test_kinds_of_responses(
    serving: Serving, made: str, status: int, content_type: str | None, body: bytes
) -> None:
    async with serving("serve({ fetch() { return " + made + "; } });") as server:
        response = (await server.handle(Request("http://localhost/"))).response
        assert response.status == status
        assert response.headers.get("content-type") == content_type
        assert await response.bytes() == body


async def test_form_data_and_files(serving: Serving) -> None:
    code = """
    const form = await request.formData();
    const file = form.get("file");
    const answer = new FormData();
    answer.append("name", form.get("name") + "!");
    answer.append("file", new File([await file.bytes()], "back-" + file.name, { type: file.type }));
    return new Response(answer);
    """
    async with serving(code) as server:
        form = FormData()
        form.append("name", "Zoë")
        form.append("file", File([bytes(range(256)) * 300], "a b.bin", type="application/x-test"))
        answer = await (
            await server.handle(Request("http://localhost/", method="POST", body=form))
        ).response.form_data()
        assert answer.get("name") == "Zoë!"
        back = answer.get("file")
        assert isinstance(back, File)
        assert (back.name, back.type) == ("back-a b.bin", "application/x-test")
        assert await back.bytes() == bytes(range(256)) * 300


@pytest.mark.parametrize("size", [0, 1, 65_536, 262_144, 262_145, 3_000_000])
async def test_bodies_of_any_size_cross_unchanged(serving: Serving, size: int) -> None:
    body = hashlib.shake_128(b"seed").digest(size)
    async with serving("return new Response(await request.bytes());") as server:
        result = await server.handle(Request("http://localhost/", method="PUT", body=body))
        assert await result.response.bytes() == body


async def test_httpx_request(serving: Serving) -> None:
    code = """
    return Response.json([request.method, request.url, request.headers.get("x-a"), await request.text()]);
    """
    async with serving(code) as server:
        request = httpx.Request("POST", "http://localhost/p?q=1", headers={"x-a": "b"}, content=b"hi")
        result = await server.handle(request)
        assert await result.response.json() == ["POST", "http://localhost/p?q=1", "b", "hi"]
        request = httpx.Request("GET", "http://localhost/p")
        answered = (await server.handle(request)).response.to_httpx()
        assert (answered.status_code, answered.json()) == (200, ["GET", "http://localhost/p", None, ""])
        with pytest.raises(ConfigurationError, match="Request"):
            await server.handle("http://localhost/")


async def test_many_requests_at_once_get_their_own_answers(serving: Serving) -> None:
    code = """
    const n = Number(new URL(request.url).searchParams.get("n"));
    await new Promise((resolve) => setTimeout(resolve, (n * 7) % 13));
    return Response.json({ n, echoed: await request.text() });
    """
    async with serving(code) as server:

        async def one(n: int) -> None:
            request = Request(f"http://localhost/?n={n}", method="POST", body=f"body {n}")
            result = await server.handle(request)
            assert await result.response.json() == {"n": n, "echoed": f"body {n}"}

        await asyncio.gather(*(one(n) for n in range(500)))
        diagnostics = await server.diagnostics()
        assert diagnostics["active_requests"] == diagnostics["finishing_requests"] == 0
        assert diagnostics["runtime"]["stream_count"] == 0


async def test_last_serve_call_wins(serving: Serving) -> None:
    code = """
    serve({ fetch: () => new Response("first") });
    const server = serve({ fetch(request, given) {
      serve({ fetch: () => new Response("third") });
      return new Response(`second ${given === server}`);
    } });
    """
    async with serving(code) as server:
        texts = [await (await server.handle(Request("http://localhost/"))).response.text() for _ in range(2)]
        assert texts == ["second true", "third"]


async def test_default_export_with_fetch_is_served(serving: Serving) -> None:
    code = "export default { greeting: 'hi', fetch() { return new Response(this.greeting); } };"
    async with serving(code) as server:
        assert await (await server.handle(Request("http://localhost/"))).response.text() == "hi"


async def test_serve_is_there_in_app_servers_only(serving: Serving, host: isolatejs.IsolateHost) -> None:
    async with serving("return Response.json(Object.keys(globalThis).includes('serve'));") as server:
        assert await (await server.handle(Request("http://localhost/"))).response.json() is False
    async with host.create_runtime() as runtime:
        assert await runtime.eval("typeof serve") == "undefined"
        with pytest.raises(GuestError, match="serve is not defined"):
            await runtime.eval("serve({ fetch() {} })")


async def test_typescript_entry_with_top_level_await_and_imports(host: isolatejs.IsolateHost) -> None:
    modules = (
        isolatejs.create_module_resolver()
        .virtual(
            "/app/server.ts",
            """
            import { answer } from "./answer.ts";
            const x: number = await answer();
            serve({ fetch: (): Response => Response.json(x) });
            """,
        )
        .virtual("/app/answer.ts", "export const answer = async (): Promise<number> => 42;")
    )
    async with host.create_app_server(entry="/app/server.ts", bindings={"modules": modules}) as server:
        assert await (await server.handle(Request("http://localhost/"))).response.json() == 42
    async with host.create_app_server(
        entry="./server.ts", entry_filename="/app/main.ts", bindings={"modules": modules}
    ) as server:
        assert json.loads(await (await server.handle(Request("http://localhost/"))).response.text()) == 42
