"""A callback of the embedder's own over httpx, as docs/fetch.md has it, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.web import Request


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_whole_and_streamed(
    open_runtime: Any, server: LoopbackServer, client: httpx.AsyncClient
) -> None:
    async def echo(visit: Visit) -> None:
        await visit.reply(await visit.body(), headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")])

    async def fetch(request: Request) -> httpx.Response:
        return await client.send(request.to_httpx(), stream="stream" in request.url)

    server.routes["/"] = echo
    runtime = await open_runtime(fetch)
    for query in ("", "?stream"):
        assert await runtime.eval(f"""
            const init = {{ method: "POST", body: "x".repeat(300_000) }};
            const r = await fetch("{server.url("/" + query)}", init);
            const text = await r.text();
            [r.status, r.url, r.headers.getSetCookie(), text.length]
        """) == [200, server.url("/" + query), ["a=1", "b=2"], 300_000]
    assert server.visits[0].header("host") == server.authority
    assert server.visits[0].header("content-length") == "300000"


async def test_a_rewritten_url_stays_on_the_host(
    open_runtime: Any, server: LoopbackServer, client: httpx.AsyncClient
) -> None:
    async def hop(visit: Visit) -> None:
        await visit.reply(status="302 Go", headers=[("location", "/end?key=inner")])

    async def end(visit: Visit) -> None:
        await visit.reply(b"end")

    async def fetch(request: Request) -> httpx.Response:
        path = request.url.rpartition("/")[2]
        if path == "same":
            return await client.get(request.url, follow_redirects=True)
        return await client.get(server.url(f"/{path}?key=secret"), follow_redirects=True)

    server.routes.update({"/hop": hop, "/same": hop, "/end": end})
    runtime = await open_runtime(fetch)
    urls = ["http://api/hop", "http://api/end", server.url("/same")]
    seen = await runtime.eval(
        f"const seen = []; for (const u of {urls}) seen.push((await fetch(u)).url); seen"
    )
    assert seen == ["http://api/hop", "http://api/end", server.url("/end?key=inner")]


async def test_abort_gives_the_connection_up(
    open_runtime: Any, server: LoopbackServer, client: httpx.AsyncClient
) -> None:
    async def endless(visit: Visit) -> None:
        if "late" not in visit.target:
            await visit.start([("transfer-encoding", "chunked")])
            await visit.send_chunk(b"x")
        await visit.wait_gone()

    async def fetch(request: Request) -> httpx.Response:
        return await client.send(request.to_httpx(), stream=True)

    server.routes["/"] = endless
    runtime = await open_runtime(fetch)
    await runtime.eval(f"""
        const reader = (await fetch("{server.url()}")).body.getReader();
        await reader.read();
        await reader.cancel();
        await fetch("{server.url("/?late")}", {{ signal: AbortSignal.timeout(300) }}).catch(() => {{}});
    """)
    for visit in server.visits:
        await asyncio.wait_for(visit.gone.wait(), 5)
