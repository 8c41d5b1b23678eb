"""App servers behind a real HTTP server: uvicorn, with httpx, websockets and curl as clients."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from isolatejs import ConfigurationError, GuestError
from isolatejs.asgi import AppServerASGI, asgi_app

from .http_server import PROGRAM, Serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Serving]:
    serving = Serving()
    app = AppServerASGI(code=PROGRAM, bindings=serving.bindings)
    async with serving.run(app):
        yield serving


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")


async def test_request_and_response(served: Serving) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(
            served.url("a%20b/json?q=1&q=%20"), headers={"x-a": "é".encode("latin-1")}
        )
        seen = response.json()
        assert seen["url"] == served.url("a%20b/json?q=1&q=%20")
        assert seen["method"] == "POST"
        assert ["x-a", "é"] in seen["headers"]
        assert ["host", f"127.0.0.1:{served.port}"] in seen["headers"]
        cookies = await client.get(served.url("cookies"))
        assert cookies.status_code == 204
        assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert "content-length" not in cookies.headers
        missing = await client.get(served.url("nowhere"))
        assert (missing.status_code, missing.text) == (404, "not found")
        assert missing.headers["content-length"] == "9"
        head = await client.head(served.url("sized"))
        assert (head.headers["content-length"], head.content) == ("700000", b"")
        early = await client.get(served.url("early"))
        assert early.status_code == 500


async def test_bodies_stream_both_ways(served: Serving) -> None:
    async def upload() -> AsyncIterator[bytes]:
        for n in range(64):
            yield bytes([n]) * 50_000

    async with httpx.AsyncClient() as client:
        for body in (b"", b"short", b"x" * 1_000_000):
            response = await client.post(served.url("echo"), content=body)
            assert response.content == body
        response = await client.post(served.url("echo"), content=upload())
        assert response.content == b"".join([part async for part in upload()])
        form = await client.post(
            served.url("form"), data={"name": "Zoë"}, files={"file": ("a.txt", b"content")}
        )
        assert form.json() == {"name": "Zoë", "file": "content"}


async def test_server_sent_events_until_the_client_leaves(served: Serving) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", served.url("events")) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = response.aiter_lines()
        for n in range(3):
            served.permits.release()
            assert await anext(lines) == f"data: {n}"
            assert await anext(lines) == ""
    assert await asyncio.wait_for(served.notes.get(), 5) == ("cancelled", True)


async def test_client_that_leaves_aborts_its_request(served: Serving) -> None:
    async with httpx.AsyncClient() as client:
        task = asyncio.ensure_future(client.get(served.url("hang")))
        assert await asyncio.wait_for(served.notes.get(), 5) == ("hanging", False)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(served.notes.get(), 5) == ("aborted", True)
        assert (await client.get(served.url("json"))).status_code == 200


async def test_response_that_breaks_is_not_taken_for_complete(served: Serving) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(served.url("breaks"))


async def test_curl(served: Serving, tmp_path: Path) -> None:
    data = tmp_path / "data.bin"
    data.write_bytes(bytes(range(256)) * 8000)

    def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["curl", "-sS", *arguments], capture_output=True, timeout=30, check=True)

    shown = await asyncio.to_thread(curl, "-i", served.url("json"))
    assert shown.stdout.startswith(b"HTTP/1.1 200 OK\r\n")
    uploaded = await asyncio.to_thread(curl, "-T", str(data), served.url("echo"))
    assert uploaded.stdout == data.read_bytes()
    form = await asyncio.to_thread(curl, "-F", "name=n", "-F", f"file=@{data};filename=f", served.url("echo"))
    assert b'name="name"' in form.stdout
    many = await asyncio.to_thread(curl, *[served.url("client")] * 20)
    assert many.stdout == b'"127.0.0.1"' * 20


async def test_web_socket_client(served: Serving) -> None:
    async with websockets.connect(served.url("ws", "ws"), subprotocols=["chat"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "chat"
        assert socket.response is not None and socket.response.headers["x-room"] == "1"
        assert await socket.recv() == "welcome"
        for message in ("text", "", "a\r\nb\0é😀", b"\x00\xff", b"", b"z" * 500_000, "long" * 100_000):
            await socket.send(message)
            assert await socket.recv() == message
        for n in range(200):
            await socket.send(str(n))
        assert [await socket.recv() for _ in range(200)] == [str(n) for n in range(200)]
    assert await asyncio.wait_for(served.notes.get(), 5) == ("closed", "1000 ")


async def test_program_closes_the_web_socket(served: Serving) -> None:
    async with websockets.connect(served.url("ws", "ws"), subprotocols=["chat"]) as socket:  # type: ignore[list-item]
        await socket.recv()
        await socket.send("leave")
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason) == (4002, "left")
    assert await asyncio.wait_for(served.notes.get(), 5) == ("closed", "4002 left")


async def test_lost_web_socket(served: Serving) -> None:
    socket = await websockets.connect(served.url("ws", "ws"), subprotocols=["chat"])  # type: ignore[list-item]
    await socket.recv()
    socket.transport.abort()
    kind, text = await asyncio.wait_for(served.notes.get(), 5)
    assert kind == "closed" and text.startswith(("1006", "1005"))


async def test_refused_handshake_and_plain_request(served: Serving) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(served.url("denied", "ws"))
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"not you"
    async with httpx.AsyncClient() as client:
        plain = await client.get(served.url("ws"))
        assert (plain.status_code, plain.text) == (426, "a WebSocket lives here")
        asked = await client.get(served.url("ws"), headers={"upgrade": "websocket"})
        assert asked.status_code in (400, 426)


async def test_load_from_many_clients(served: Serving) -> None:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=20)) as client:

        async def one(n: int) -> None:
            response = await client.post(served.url("echo"), content=f"body {n}")
            assert response.text == f"body {n}"

        await asyncio.gather(*(one(n) for n in range(300)))


async def test_mounted_in_starlette(host: Any) -> None:
    serving = Serving()
    async with host.create_app_server(code=PROGRAM, bindings=serving.bindings) as server:
        app = Starlette(
            routes=[
                Route("/own", lambda request: PlainTextResponse("starlette")),
                Mount("/program", app=asgi_app(server, metadata=lambda scope: {"client": ["mounted"]})),
            ]
        )
        async with serving.run(app), httpx.AsyncClient() as client:
            assert (await client.get(serving.url("own"))).text == "starlette"
            seen = (await client.get(serving.url("program/x/json?a=1"))).json()
            assert seen["url"] == serving.url("program/x/json?a=1")
            assert (await client.get(serving.url("program/client"))).json() == "mounted"
            async with websockets.connect(serving.url("program/ws", "ws")) as socket:
                assert await socket.recv() == "welcome"
        assert not server.disposed


async def test_in_process_with_httpx(host: Any) -> None:
    """The way a test suite of an embedder uses it: no socket at all."""
    async with host.create_app_server(code=PROGRAM, bindings=Serving().bindings) as server:
        transport = httpx.ASGITransport(app=asgi_app(server))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://test.example") as client:
            response = await client.post("/json")
            assert response.json()["url"] == "http://test.example/json"
            assert (await client.post("/echo", content=b"abc")).content == b"abc"


async def test_instances_share_the_load_and_restart() -> None:
    serving = Serving()
    code = """
    const id = Math.random();
    serve({ async fetch(request) {
      const held = [];
      while (request.url.endsWith("die")) held.push(new Array(1e5).fill(held.length));
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Response.json(id);
    } });
    """
    app = AppServerASGI(instances=2, code=code, memory_limit_mb=64)
    async with serving.run(app), httpx.AsyncClient(timeout=30) as client:

        async def ids() -> set[float]:
            answers = await asyncio.gather(*(client.get(serving.url("")) for _ in range(10)))
            return {answer.json() for answer in answers}

        before = await ids()
        assert len(before) == 2
        assert (await client.post(serving.url("die"))).status_code == 502
        after = await ids()
        assert len(after) == 2 and len(after & before) == 1


async def test_app_that_was_not_started_or_does_not_start() -> None:
    app = AppServerASGI(code="throw new Error('no start')")
    with pytest.raises(ConfigurationError, match="not started"):
        await app({"type": "http"}, None, None)  # type: ignore[arg-type]
    with pytest.raises(GuestError, match="no start"):
        async with app:
            pass
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    assert sent[0]["type"] == "lifespan.startup.failed" and "no start" in sent[0]["message"]
    with pytest.raises(ConfigurationError):
        AppServerASGI(instances=0, code="1")


async def test_timeouts_and_bad_requests() -> None:
    serving = Serving()
    app = AppServerASGI(code=PROGRAM, bindings=serving.bindings, execution_timeout_ms=200)
    async with serving.run(app), httpx.AsyncClient() as client:
        assert (await client.get(serving.url("hang"))).status_code == 504
        bad = await client.get(serving.url("json"), headers={"host": "a b"})
        assert bad.status_code == 400
        refused = await client.request("TRACE", serving.url("json"))
        assert refused.status_code == 400
