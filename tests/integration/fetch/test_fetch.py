"""fetch from inside a sandbox: what the embedder's callback gets, and what the program gets back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from isolatejs.errors import ConfigurationError, FetchError, GuestError
from isolatejs.web import FormData, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def test_without_a_binding_every_call_is_rejected(host: Any) -> None:
    runtime = await host.create_runtime()
    result = await runtime.eval("""
        const settled = await Promise.allSettled([fetch("http://a/"), fetch("data:,x"), fetch()]);
        settled.map(({ status, reason }) => [status, reason.name, reason.message])
    """)
    assert {tuple(entry) for entry in result} == {
        (
            "rejected",
            "TypeError",
            "fetch is not available: the host grants no network access (bindings.fetch)",
        )
    }
    assert await runtime.eval("[typeof WebSocket, typeof EventSource]") == ["undefined", "undefined"]


async def test_the_callback_gets_a_web_request(open_runtime: Any) -> None:
    seen: list[Request] = []

    async def fetch(request: Request, context: Any) -> Response:
        seen.append(request)
        assert not context.signal.aborted
        assert context.runtime_id
        return Response.json({"body": await request.text()})

    runtime = await open_runtime(fetch)
    assert await runtime.eval("""
        const response = await fetch("http://Example.com/a/../b?q=1#f", {
          method: "post", body: "héllo",
          headers: { "X-A": "1", "x-a": "2", Host: "evil", "Content-Length": "3" },
          redirect: "manual", credentials: "include", cache: "no-store",
        });
        await response.json()
    """) == {"body": "héllo"}
    (request,) = seen
    assert (request.method, request.url) == ("POST", "http://example.com/b?q=1#f")
    assert request.headers.items() == [
        ("content-type", "text/plain;charset=UTF-8"),
        ("x-a", "1, 2"),
    ]
    assert (request.redirect, request.credentials, request.cache) == ("manual", "include", "no-store")
    assert request.content_length == 6


@pytest.mark.parametrize("kind", ["plain", "request only", "httpx", "httpx stream"])
async def test_every_kind_of_callback(open_runtime: Any, kind: str) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"pong"

    def respond(request: Request) -> Any:
        if kind.startswith("httpx"):
            return httpx.Response(200, content=b"pong" if kind == "httpx" else stream())
        return Response("pong")

    async def both(request: Request, context: Any) -> Any:
        return respond(request)

    def plain(request: Request, context: Any) -> Any:
        return respond(request)

    callback = {"plain": plain, "request only": respond}.get(kind, both)
    runtime = await open_runtime(callback)
    assert await runtime.eval("await (await fetch('http://a/')).text()") == "pong"


async def test_the_response_has_everything(open_runtime: Any) -> None:
    headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-y", "z"), ("content-type", "text/x")]
    runtime = await open_runtime(
        lambda request: Response("x", status=418, status_text="I'm a teapot", headers=headers)
    )
    assert await runtime.eval("""
        const r = await fetch("http://a/b#c");
        const copy = r.clone();
        const own = new Response("x");
        [r.status, r.statusText, r.ok, r.url, r.redirected, r.type, r.headers.getSetCookie(),
         r.headers.get("x-y"), r instanceof Response, r.body instanceof ReadableStream, copy.url, copy.type,
         await copy.text(), await r.text(), r.bodyUsed, own.url, own.type, Object.keys(r)]
    """) == [
        418, "I'm a teapot", False, "http://a/b", False, "basic", ["a=1", "b=2"], "z",
        True, True, "http://a/b", "basic", "x", "x", True,
        "", "default", [],
    ]  # fmt: skip


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_null_body_statuses_have_none(open_runtime: Any, status: int) -> None:
    runtime = await open_runtime(lambda request: Response(status=status))
    code = "const r = await fetch('http://a/', {redirect: 'manual'}); [r.status, r.body, await r.text()]"
    assert await runtime.eval(code) == [status, None, ""]


async def test_every_kind_of_request_body(open_runtime: Any) -> None:
    async def fetch(request: Request) -> Response:
        body = await request.bytes()
        facts = [request.content_length, request.headers.get("content-type", "")]
        if "multipart" in str(facts[1]):
            form = FormData.decode(body, str(facts[1]))
            facts = ["form", [[k, v if isinstance(v, str) else [v.name, v.type]] for k, v in form]]
        return Response.json([*facts, body.decode() if len(body) < 100 else len(body)])

    runtime = await open_runtime(fetch)
    results = await runtime.eval("""
        const form = new FormData();
        form.append("a", "b");
        form.append("f", new File(["xyz"], "n.txt", { type: "text/plain" }));
        const parts = ["str", "eam"];
        const stream = new ReadableStream({
          async pull(c) {
            await new Promise((resolve) => setTimeout(resolve));
            if (parts.length > 0) c.enqueue(new TextEncoder().encode(parts.shift()));
            else c.close();
          },
        }, { highWaterMark: 0 });
        const bodies = [
          "text",
          new Uint8Array([97, 98]),
          new Uint8Array([0, 97, 98]).buffer,
          new Blob(["blob"], { type: "x/y" }),
          new URLSearchParams({ a: "b c" }),
          stream,
          "",
          new Uint8Array(3_000_000),
          new Blob([new Uint8Array(2_000_000)]),
        ];
        const results = [];
        for (const body of [...bodies, form]) {
          const response = await fetch("http://a/", { method: "POST", body, duplex: "half" });
          results.push(await response.json());
        }
        for (const body of ["again", new Uint8Array(2_000_000)]) {
          results.push(await (await fetch(new Request("http://a/", { method: "PUT", body }))).json());
        }
        results
    """)
    form = results.pop(9)
    assert form[:2] == ["form", [["a", "b"], ["f", ["n.txt", "text/plain"]]]]
    assert results == [
        [4, "text/plain;charset=UTF-8", "text"],
        [2, "", "ab"],
        [3, "", "\0ab"],
        [4, "x/y", "blob"],
        [5, "application/x-www-form-urlencoded;charset=UTF-8", "a=b+c"],
        [None, "", "stream"],
        [0, "text/plain;charset=UTF-8", ""],
        [3_000_000, "", 3_000_000],
        [2_000_000, "", 2_000_000],
        [5, "text/plain;charset=UTF-8", "again"],
        [2_000_000, "", 2_000_000],
    ]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("fetch('/relative')", "TypeError"),
        ("fetch('')", "TypeError"),
        ("fetch('file:///etc/passwd')", "TypeError"),
        ("fetch('ftp://a/')", "TypeError"),
        ("fetch('http://a b/')", "TypeError"),
        ("fetch('http://u:p@a/')", "TypeError"),
        ("fetch('http://a/', {method: 'CONNECT'})", "TypeError"),
        ("fetch('http://a/', {body: 'x'})", "TypeError"),
        ("fetch('http://a/', {headers: {'a b': 'c'}})", "TypeError"),
        ("fetch('http://a/', {headers: {a: 'b\\r\\nc: d'}})", "TypeError"),
    ],
)
async def test_wrong_calls_are_rejected_and_reach_nobody(open_runtime: Any, call: str, name: str) -> None:
    asked: list[Request] = []
    runtime = await open_runtime(asked.append)
    assert await runtime.eval(f"const p = {call}; await p.then(() => 'done', (e) => e.name)") == name
    assert asked == []


async def test_data_and_blob_urls_stay_inside(open_runtime: Any) -> None:
    asked: list[Request] = []
    runtime = await open_runtime(asked.append)
    assert await runtime.eval("""
        const texts = [];
        for (const url of ["data:text/plain,a%20b", URL.createObjectURL(new Blob(["blob"]))]) {
          texts.push(await (await fetch(url)).text());
        }
        texts
    """) == ["a b", "blob"]
    assert asked == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FetchError("not today"), "fetch failed: not today"),
        (httpx.ConnectError("[Errno 111] /secret/path"), "fetch failed: the connection could not be made"),
        (httpx.ReadTimeout(""), "fetch failed: the server sent nothing for too long"),
        (TimeoutError(), "fetch failed: it took too long"),
        (RuntimeError("/root/secret.py"), "fetch failed"),
        (OSError("/root/secret.py"), "fetch failed"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_errors_of_the_callback_say_what_is_safe(
    open_runtime: Any, error: Exception, message: str
) -> None:
    async def fetch(request: Request) -> Response:
        raise error

    runtime = await open_runtime(fetch)
    with pytest.raises(GuestError) as caught:
        await runtime.eval("await fetch('http://a/')")
    assert (caught.value.name, caught.value.message) == ("TypeError", message)


@pytest.mark.parametrize("result", [None, "text", 7, Response.error()], ids=repr)
async def test_a_callback_that_gives_no_response(open_runtime: Any, result: Any) -> None:
    runtime = await open_runtime(lambda request: result)
    with pytest.raises(GuestError, match="fetch failed"):
        await runtime.eval("await fetch('http://a/')")


@pytest.mark.parametrize("binding", [7, "http://a", {}, lambda: None])
async def test_what_cannot_be_called_is_refused(host: Any, binding: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"bindings\.fetch"):
        await host.create_runtime(bindings={"fetch": binding})


async def test_redirects_of_any_callback_are_followed_one_request_at_a_time(open_runtime: Any) -> None:
    seen: list[tuple[str, str, str | None]] = []

    def fetch(request: Request) -> Response:
        seen.append((request.method, request.url, request.headers.get("authorization")))
        if request.url.endswith("/a"):
            return Response.redirect("http://other/b", 303)
        return Response("end")

    runtime = await open_runtime(fetch)
    assert await runtime.eval("""
        const r = await fetch("http://one/a", { method: "POST", body: "x", headers: { authorization: "s" } });
        [r.url, r.redirected, await r.text()]
    """) == ["http://other/b", True, "end"]
    assert seen == [("POST", "http://one/a", "s"), ("GET", "http://other/b", None)]
    code = "await fetch('http://one/a', {redirect: 'error'}).catch((e) => e.message)"
    assert "redirect" in await runtime.eval(code)
    assert await runtime.eval("(await fetch('http://one/a', {redirect: 'manual'})).status") == 303


async def test_many_at_once(open_runtime: Any) -> None:
    async def fetch(request: Request) -> Response:
        return Response(await request.text())

    runtime = await open_runtime(fetch)
    assert await runtime.eval("""
        const calls = Array.from({ length: 200 }, async (_, i) =>
          await (await fetch("http://a/", { method: "POST", body: `${i}` })).text() === `${i}`);
        (await Promise.all(calls)).every(Boolean)
    """)


async def test_it_works_where_the_program_has_patched_everything(open_runtime: Any) -> None:
    runtime = await open_runtime(lambda request: Response("safe", headers={"a": "b"}))
    assert await runtime.eval("""
        const patched = () => { throw new Error("patched"); };
        for (const key of ["get", "set", "has", "delete", "forEach"]) Map.prototype[key] = patched;
        for (const key of ["has", "add"]) Set.prototype[key] = patched;
        Headers.prototype.entries = URL.prototype.toString = patched;
        globalThis.Request = globalThis.Response = globalThis.Headers = null;
        const r = await fetch("http://a/", { headers: { x: "y" } });
        [await r.text(), r.headers.get("a")]
    """) == ["safe", "b"]
