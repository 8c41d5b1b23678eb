"""create_fetch_binding against real servers on loopback, through a sandbox and without one."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.errors import AbortError, FetchError, GuestError
from isolatejs.web import AbortController, Request


async def test_the_main_job(open_runtime: Any, server: LoopbackServer) -> None:
    async def echo(visit: Visit) -> None:
        body = await visit.body()
        cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2")]
        await visit.reply(body.upper(), status="201 Made", headers=[("content-type", "text/plain"), *cookies])

    server.routes["/echo"] = echo
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const init = {{ method: "POST", body: "hello", headers: {{ "x-a": "b" }} }};
        const r = await fetch("{server.url("/echo?q")}", init);
        [r.status, r.statusText, r.headers.getSetCookie(), await r.text(), r.url]
    """) == [201, "Made", ["a=1", "b=2"], "HELLO", server.url("/echo?q")]
    (visit,) = server.visits
    assert (visit.method, visit.target) == ("POST", "/echo?q")
    assert dict(visit.headers) == {
        "host": server.authority,
        "content-type": "text/plain;charset=UTF-8",
        "x-a": "b",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "content-length": "5",
        "user-agent": "isolatejs",
    }


async def test_connections_are_kept(open_runtime: Any, server: LoopbackServer) -> None:
    async def ok(visit: Visit) -> None:
        await visit.reply(b"ok")

    server.routes["/"] = ok
    runtime = await open_runtime()
    await runtime.eval(f"for (let i = 0; i < 20; i++) await (await fetch('{server.url()}')).text(); 0")
    assert len(server.visits) == 20
    assert server.connections == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_compressed_bodies(open_runtime: Any, server: LoopbackServer, encoding: str) -> None:
    import zlib

    data = {"gzip": gzip.compress(b"text"), "deflate": zlib.compress(b"text"), "br": b"raw"}[encoding]

    async def compressed(visit: Visit) -> None:
        await visit.reply(data, headers=[("content-encoding", encoding)])

    server.routes["/"] = compressed
    runtime = await open_runtime()
    text, header = await runtime.eval(
        f"const r = await fetch('{server.url()}'); [await r.text(), r.headers.get('content-encoding')]"
    )
    assert (text, header) == (("raw", "br") if encoding == "br" else ("text", None))


async def test_streams_both_ways(open_runtime: Any, server: LoopbackServer) -> None:
    async def relay(visit: Visit) -> None:
        await visit.start([("transfer-encoding", "chunked")])
        async for chunk in visit.chunks():
            await visit.send_chunk(chunk)
        await visit.send_chunk(b"")

    server.routes["/"] = relay
    runtime = await open_runtime()
    assert (
        await runtime.eval(f"""
        const pipe = new TransformStream();
        const writer = pipe.writable.getWriter();
        const pending = fetch("{server.url()}", {{ method: "POST", body: pipe.readable, duplex: "half" }});
        writer.write(new TextEncoder().encode("a"));
        setTimeout(() => writer.write(new TextEncoder().encode("b")), 5);
        setTimeout(() => writer.close(), 10);
        await (await pending).text()
    """)
        == "ab"
    )
    assert server.visits[0].header("transfer-encoding") == "chunked"


async def test_redirects(open_runtime: Any, server: LoopbackServer) -> None:
    async with LoopbackServer() as other:

        async def to_other(visit: Visit) -> None:
            await visit.reply(status="302 Found", headers=[("location", other.url("/end"))])

        async def loop(visit: Visit) -> None:
            await visit.reply(status="302 Found", headers=[("location", "/loop")])

        async def end(visit: Visit) -> None:
            await visit.reply(b"end")

        server.routes.update({"/start": to_other, "/loop": loop})
        other.routes["/end"] = end
        binding = create_fetch_binding("127.0.0.1", allow_loopback=True, max_redirects=3)
        runtime = await open_runtime(binding)
        assert await runtime.eval(f"""
            const headers = {{ authorization: "s", cookie: "c", "x-k": "v" }};
            const r = await fetch("{server.url("/start")}", {{ headers }});
            [await r.text(), r.url, r.redirected]
        """) == ["end", other.url("/end"), True]
        assert other.visits[0].header("authorization") is None
        assert other.visits[0].header("cookie") is None
        assert other.visits[0].header("x-k") == "v"
        with pytest.raises(GuestError, match="more than 3 redirects"):
            await runtime.eval(f"await fetch('{server.url('/loop')}')")
        await binding.aclose()


async def test_methods_and_sizes(server: LoopbackServer) -> None:
    async def big(visit: Visit) -> None:
        await visit.body()
        if "announced" in visit.target:
            await visit.reply(b"x" * 2000)
            return
        data = gzip.compress(b"x" * 2000)
        headers = [("transfer-encoding", "chunked")]
        await visit.start([*headers, ("content-encoding", "gzip")] if "gzip" in visit.target else headers)
        await visit.send_chunk(data if "gzip" in visit.target else b"x" * 2000)
        await visit.send_chunk(b"")

    server.routes["/"] = big
    async with create_fetch_binding(
        "127.0.0.1",
        allow_loopback=True,
        methods=["GET", "POST"],
        max_request_bytes=1000,
        max_response_bytes=1500,
    ) as fetch:
        with pytest.raises(FetchError, match="method PUT"):
            await fetch(Request(server.url(), method="PUT"))
        for body in (b"x" * 1001, [b"x" * 600, b"x" * 600]):
            with pytest.raises(FetchError, match="request body is longer than 1000"):
                await fetch(Request(server.url(), method="POST", body=body))
        with pytest.raises(FetchError, match="response body is longer than 1500"):
            await fetch(Request(server.url("/?announced")))
        for query in ("", "?gzip"):
            response = await fetch(Request(server.url(f"/{query}")))
            with pytest.raises(FetchError, match="response body is longer than 1500"):
                await response.bytes()


async def test_times(server: LoopbackServer) -> None:
    async def silent(visit: Visit) -> None:
        if "body" in visit.target:
            await visit.start([("content-length", "10")])
        await visit.wait_gone()

    server.routes["/"] = silent
    async with create_fetch_binding("127.0.0.1", allow_loopback=True, timeout_ms=100) as fetch:
        with pytest.raises(FetchError, match="no response within 100 ms"):
            await fetch(Request(server.url()))
    async with create_fetch_binding("127.0.0.1", allow_loopback=True, idle_timeout_ms=100) as fetch:
        response = await fetch(Request(server.url("/?body")))
        with pytest.raises(FetchError, match="nothing for too long"):
            await response.bytes()
    for visit in server.visits:
        await asyncio.wait_for(visit.gone.wait(), 5)


async def test_a_signal_ends_request_and_body(server: LoopbackServer) -> None:
    controller = AbortController()

    async def silent(visit: Visit) -> None:
        if "body" in visit.target:
            await visit.start([("content-length", "10")])
        asyncio.get_running_loop().call_soon(controller.abort)
        await visit.wait_gone()

    server.routes["/"] = silent
    async with create_fetch_binding("127.0.0.1", allow_loopback=True) as fetch:
        for path in ("/", "/?body"):
            controller = AbortController()
            with pytest.raises(AbortError):
                response = await fetch(Request(server.url(path), signal=controller.signal))
                await response.bytes()
            await asyncio.wait_for(server.visits[-1].gone.wait(), 5)


async def test_abort_inside_closes_the_connection(open_runtime: Any, server: LoopbackServer) -> None:
    async def endless(visit: Visit) -> None:
        await visit.start([("transfer-encoding", "chunked")])
        await visit.send_chunk(b"x")
        await visit.wait_gone()

    server.routes["/"] = endless
    runtime = await open_runtime()
    await runtime.eval(f"""
        const controller = new AbortController();
        const reader = (await fetch("{server.url()}", {{ signal: controller.signal }})).body.getReader();
        await reader.read();
        controller.abort();
    """)
    await asyncio.wait_for(server.visits[0].gone.wait(), 5)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "proper HTTP"),
        (b"nonsense\r\n\r\n", "proper HTTP"),
        (b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", "status 999"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nbad", "not valid gzip"),
        (b"", "proper HTTP"),
    ],
)
async def test_broken_servers(open_runtime: Any, server: LoopbackServer, raw: bytes, message: str) -> None:
    async def broken(visit: Visit) -> None:
        visit.writer.write(raw)
        await visit.writer.drain()
        visit.gone.set()
        raise EOFError

    server.routes["/"] = broken
    runtime = await open_runtime()
    with pytest.raises(GuestError, match=message) as caught:
        await runtime.eval(f"await (await fetch('{server.url()}')).text()")
    assert caught.value.name == "TypeError"


async def test_a_server_that_is_not_there(open_runtime: Any, server: LoopbackServer) -> None:
    url = server.url()
    await server.__aexit__(None, None, None)
    runtime = await open_runtime()
    with pytest.raises(GuestError, match="the connection could not be made"):
        await runtime.eval(f"await fetch('{url}')")


async def test_one_binding_serves_many_loops_one_after_another(server: LoopbackServer) -> None:
    async def ok(visit: Visit) -> None:
        await visit.reply(b"ok", headers=[("connection", "close")])

    server.routes["/"] = ok
    binding = create_fetch_binding("127.0.0.1", allow_loopback=True)

    async def once() -> str:
        return await (await binding(Request(server.url()))).text()

    for _ in range(2):
        assert await asyncio.to_thread(asyncio.run, once()) == "ok"
    await binding.aclose()
    with pytest.raises(FetchError, match="closed"):
        await binding(Request(server.url()))
