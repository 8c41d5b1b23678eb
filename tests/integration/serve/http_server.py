"""A program with a bit of everything, and uvicorn in front of it on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = """
serve({
  async fetch(request, server) {
    const url = new URL(request.url);
    switch (url.pathname.split("/").pop()) {
      case "json": {
        return Response.json({ url: request.url, method: request.method, headers: [...request.headers] });
      }
      case "echo": return new Response(request.body, { headers: { "content-type": "application/x-echo" } });
      case "cookies": {
        return new Response(null, { status: 204, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
      }
      case "sized": return new Response(new Uint8Array(700_000));
      case "form": {
        const form = await request.formData();
        return Response.json({ name: form.get("name"), file: await form.get("file").text() });
      }
      case "events": {
        let n = 0;
        const stream = new ReadableStream({
          async pull(controller) {
            await next();
            controller.enqueue(new TextEncoder().encode(`data: ${n++}\\n\\n`));
          },
          cancel() { note("cancelled", request.signal.aborted); },
        }, { highWaterMark: 0 });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      }
      case "hang":
        request.signal.addEventListener("abort", () => note("aborted", request.signal.aborted));
        note("hanging", false);
        return await new Promise(() => {});
      case "breaks":
        return new Response(new ReadableStream({ pull(controller) {
          if (this.begun) throw new Error("x");
          this.begun = true;
          controller.enqueue(new Uint8Array(5));
        } }));
      case "early": return new Response(null, { status: 101 });
      case "client": return Response.json(await client());
      case "ws":
        if (server.upgrade(request, { headers: { "x-room": "1" }, protocol: "chat" })) return;
        return new Response("a WebSocket lives here", { status: 426 });
      case "denied": return new Response("not you", { status: 403 });
    }
    return new Response("not found", { status: 404 });
  },
  websocket: {
    open(ws) { ws.send("welcome"); },
    message(ws, message) { if (message === "leave") ws.close(4002, "left"); else ws.send(message); },
    close(ws, code, reason) { note("closed", `${code} ${reason}`); },
  },
});
"""


class Serving:
    """A uvicorn server on a free port, and what the program said."""

    def __init__(self) -> None:
        self.notes: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.permits = asyncio.Semaphore(0)
        self.port = 0

    @property
    def bindings(self) -> dict[str, Any]:
        return {
            "console": lambda entry: None,
            "tools": {
                "note": lambda *values: self.notes.put_nowait(values),
                "next": self.permits.acquire,
                "client": lambda context: context.metadata["client"][0],
            },
        }

    @contextlib.asynccontextmanager
    async def run(self, app: Any, *, root_path: str = "") -> AsyncIterator[Serving]:
        config = uvicorn.Config(
            app, port=0, log_level="critical", root_path=root_path, timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        server.config.load()
        with contextlib.ExitStack() as stack:
            stack.callback(logging.getLogger("uvicorn").setLevel, logging.NOTSET)
            task = asyncio.ensure_future(server._serve())
            while not server.started:
                if task.done():
                    await task
                    raise RuntimeError("uvicorn did not start")
                await asyncio.sleep(0.005)
            self.port = server.servers[0].sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                server.should_exit = True
                await task

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}"
