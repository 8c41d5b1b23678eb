"""Attacks on single requests from inside a real sandbox: headers, credentials, sizes, errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakes.fetch_attempt import attempt
from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.web import Response


async def test_credentials_kept_across_origins(open_runtime: Any) -> None:
    async with LoopbackServer() as first, LoopbackServer() as second:

        async def redirect(visit: Visit) -> None:
            await visit.reply(status="307 Go", headers=[("location", second.url("/end"))])

        async def end(visit: Visit) -> None:
            await visit.reply(b"end")

        first.routes["/"] = redirect
        second.routes["/end"] = end
        binding = create_fetch_binding(
            [first.authority, second.authority],
            allow_loopback=True,
            credentials={
                first.url(): {"authorization": "Bearer injected-secret", "x-api-key": "injected-key-1"}
            },
        )
        runtime = await open_runtime(binding)
        await runtime.eval(f"""
            const headers = {{ authorization: "own", cookie: "own", "proxy-authorization": "own" }};
            await fetch("{first.url()}", {{ headers }});
        """)
        assert first.visits[0].header("authorization") == "Bearer injected-secret"
        assert first.visits[0].header("x-api-key") == "injected-key-1"
        for name in ("authorization", "cookie", "proxy-authorization", "x-api-key"):
            assert second.visits[0].header(name) is None


async def test_an_echo_gives_no_injected_secret_away(open_runtime: Any, server: LoopbackServer) -> None:
    async def echo(visit: Visit) -> None:
        text = "\n".join(f"{name}: {value}" for name, value in visit.headers)
        secret = visit.header("authorization") or ""
        await visit.start([("transfer-encoding", "chunked"), ("x-echo", secret), ("x-token", secret[7:])])
        for letter in text:
            await visit.send_chunk(letter.encode())
        await visit.send_chunk(b"")

    server.routes["/"] = echo
    secret = "tok-0123456789abcdef"
    binding = create_fetch_binding(
        "127.0.0.1", allow_loopback=True, credentials={server.url(): {"Authorization": f"Bearer {secret}"}}
    )
    runtime = await open_runtime(binding)
    everything = await runtime.eval(f"""
        const request = new Request("{server.url()}");
        const r = await fetch(request);
        JSON.stringify([...request.headers, ...r.headers, r.url, r.statusText, await r.text()])
    """)
    assert server.visits[0].header("authorization") == f"Bearer {secret}"
    assert secret not in everything
    assert "authorization: ****" in everything


@pytest.mark.parametrize(
    "init",
    [
        "{ headers: { 'x': 'a\\r\\nHost: evil' } }",
        "{ headers: { 'x': 'a\\nb' } }",
        "{ headers: { 'x': 'a\\0b' } }",
        "{ headers: { 'x\\r\\ny': 'a' } }",
        "{ headers: [['x: y\\r\\nz', 'a']] }",
        "{ method: 'GET / HTTP/1.1\\r\\nHost: evil\\r\\n\\r\\nGET' }",
    ],
)
async def test_line_breaks_in_headers_and_methods(
    open_runtime: Any, internal: LoopbackServer, init: str
) -> None:
    runtime = await open_runtime()
    await attempt(runtime, internal.url(), init)
    assert internal.connections == 0


async def test_line_breaks_past_the_guest(open_runtime: Any, internal: LoopbackServer) -> None:
    """The guest's own checks count for nothing: a program that patched them is stopped by the host."""
    runtime = await open_runtime()
    outcomes = await runtime.eval(f"""
        const outcomes = [];
        const entries = Headers.prototype.entries;
        for (const header of [["x", "a\\r\\nhost: evil"], ["x\\r\\ny", "z"], ["x", "\\0"], ["x", "€"]]) {{
          const evil = {{ [Symbol.iterator]: () => [header][Symbol.iterator]() }};
          const call = fetch("{internal.url()}", {{ headers: evil }});
          outcomes.push(await call.then(() => "answered", (e) => e.name));
        }}
        outcomes
    """)
    assert outcomes == ["TypeError"] * 4
    assert internal.connections == 0


async def test_headers_of_the_connection(open_runtime: Any, internal: LoopbackServer) -> None:
    runtime = await open_runtime()
    await runtime.eval(f"""
        const headers = {{
          Host: "evil.example", "Content-Length": "999", "Transfer-Encoding": "chunked",
          Connection: "upgrade, x-a", Upgrade: "websocket", "Keep-Alive": "1", TE: "trailers",
          Trailer: "x", Expect: "100-continue", "Proxy-Authorization": "x",
          "Proxy-Connection": "x", "Accept-Encoding": "br",
        }};
        await (await fetch("{internal.url()}", {{ method: "POST", body: "smuggled", headers }})).text();
    """)
    (visit,) = internal.visits
    assert {name for name, _ in visit.headers} == {
        *("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"),
    }
    assert (visit.header("host"), visit.header("content-length")) == (internal.authority, "8")


async def test_unread_responses_are_bounded(open_runtime: Any) -> None:
    """A program that opens requests and reads nothing runs into a limit, not the host into its own."""
    released = asyncio.Event()

    async def body() -> Any:
        yield b"x" * 100_000
        await released.wait()

    runtime = await open_runtime(lambda request: Response(body()))
    refused = await runtime.eval("""
        globalThis.kept = [];
        let message = null;
        for (let i = 0; i < 300 && message === null; i++) {
          await fetch("http://a/").then((r) => kept.push(r), (e) => message = e.message);
        }
        [kept.length, message]
    """)
    assert refused[0] == 256
    assert "more than 256" in refused[1]
    released.set()


async def test_endless_urls_and_headers(open_runtime: Any) -> None:
    asked: list[Any] = []
    runtime = await open_runtime(asked.append)
    assert "URL is longer" in await attempt(runtime, "http://a/" + "x" * 70_000)
    many = "{ headers: Array.from({ length: 1500 }, (_, i) => [`x-${i}`, 'y'.repeat(60)]) }"
    assert "headers are longer" in await attempt(runtime, "http://a/", many)
    assert asked == []


async def test_a_lying_length(open_runtime: Any, internal: LoopbackServer) -> None:
    """A Blob whose size is patched announces another length than it has: nothing is smuggled behind it."""
    runtime = await open_runtime()
    outcome = await runtime.eval(f"""
        class Liar extends Blob {{ get size() {{ return 5; }} }}
        Object.defineProperty(Blob.prototype, "size", {{ get: () => 5_000_000 }});
        const body = new Liar(["x".repeat(2_000_000)]);
        await fetch("{internal.url()}", {{ method: "POST", body }}).then((r) => r.status, (e) => e.name)
    """)
    assert outcome in {200, "TypeError"}
    for visit in internal.visits:
        assert visit.method == "POST"
    assert len(internal.visits) <= 1


async def test_errors_tell_nothing_of_the_host(open_runtime: Any) -> None:
    async def broken(request: Any) -> Any:
        raise FileNotFoundError(2, "No such file", "/root/.ssh/id_rsa")

    runtime = await open_runtime(broken)
    text = await runtime.eval(
        "await fetch('http://a/').catch((e) => [e.message, e.stack, `${e.cause}`, JSON.stringify(e)].join())"
    )
    for leak in ("/root", "id_rsa", "Traceback", ".py", "isolatejs/capabilities"):
        assert leak not in text
