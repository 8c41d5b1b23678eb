"""The same application under each ASGI server, as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
import websockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

APPLICATION = '''
from isolatejs.asgi import AppServerASGI

app = AppServerASGI(code="""
serve({
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/ws" && server.upgrade(request)) return;
    if (pathname === "/echo") return new Response(request.body);
    if (pathname === "/events") {
      let n = 0;
      return new Response(new ReadableStream({ pull(controller) {
        if (n < 3) controller.enqueue(new TextEncoder().encode(`data: ${n++}\\\\n\\\\n`)); else controller.close();
      } }), { headers: { "content-type": "text/event-stream" } });
    }
    return Response.json({ pathname, method: request.method });
  },
  websocket: { message(ws, message) { if (message === "bye") ws.close(4000, "so"); else ws.send(message); } },
});
""")
'''
COMMANDS = {
    "uvicorn": ["uvicorn", "--log-level", "critical", "--port", "{port}", "application:app"],
    "hypercorn": ["hypercorn", "--log-level", "critical", "--bind", "127.0.0.1:{port}", "application:app"],
    "granian": [
        "granian",
        "--log-level",
        "critical",
        "--interface",
        "asgi",
        "--port",
        "{port}",
        "application:app",
    ],
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.asynccontextmanager
async def running(server: str, folder: Path) -> AsyncIterator[int]:
    port = free_port()
    (folder / "application.py").write_text(APPLICATION)
    command = [part.format(port=port) for part in COMMANDS[server]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, cwd=folder, env=environment, start_new_session=True
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    assert process.returncode is None, f"{server} ended"
                    await asyncio.sleep(0.05)
            writer.close()
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(20):
                await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("server", COMMANDS)
async def test_application_under(server: str, tmp_path: Path) -> None:
    async with running(server, tmp_path) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{url}/x")).json() == {"pathname": "/x", "method": "GET"}
        data = os.urandom(1_000_000)
        assert (await client.post(f"{url}/echo", content=data)).content == data
        assert (await client.get(f"{url}/events")).text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws") as web_socket:
            for message in ("text", b"\x00\xff", "é😀" * 1000):
                await web_socket.send(message)
                assert await web_socket.recv() == message
            await web_socket.send("bye")
            with pytest.raises(websockets.ConnectionClosed):
                await web_socket.recv()
            assert (web_socket.close_code, web_socket.close_reason) == (4000, "so")
