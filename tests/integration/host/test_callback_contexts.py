"""Every callback of the embedder may take the call's context."""

from __future__ import annotations

import asyncio
from typing import Any

import isolatejs
from isolatejs import HostCallContext


class Files:
    """An object of the embedder's own, some of whose methods want the context."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str | None, Any]] = []

    def _note(self, method: str, context: HostCallContext) -> None:
        self.seen.append((method, context.resource_id, context.request_id, dict(context.metadata)))

    def read_file(self, path: str, context: HostCallContext) -> bytes:
        self._note("read_file", context)
        return b"content"

    async def write_file(self, path: str, data: bytes, context: HostCallContext) -> None:
        self._note("write_file", context)

    def stat(self, path: str) -> Any:
        return {"kind": "directory" if path == "/" else "file", "size": 7}

    def readdir(self, path: str, *, context: HostCallContext) -> list[str]:
        self._note("readdir", context)
        return ["a"]

    def unlink(self, path: str) -> None: ...
    def mkdir(self, path: str) -> None: ...
    def rmdir(self, path: str) -> None: ...
    def rename(self, path: str, new_path: str) -> None: ...


SERVER = """
import fs from "node:fs/promises";
serve({ async fetch(request, server) {
  if (request.headers.get("upgrade")) { server.upgrade(request); return }
  console.log("hi");
  await fs.readFile("/a");
  await fs.writeFile("/a", "x");
  await fs.readdir("/");
  return new Response("x");
}, websocket: { message(ws, data) { ws.send(data) } } });
"""


async def test_console_files_and_commands_know_the_request(host: isolatejs.IsolateHost) -> None:
    files = Files()
    entries: list[Any] = []
    commands: asyncio.Queue[Any] = asyncio.Queue()

    def on_entry(entry: isolatejs.ConsoleEntry, context: HostCallContext) -> None:
        entries.append((entry.stdout, context.resource_id, context.request_id, dict(context.metadata)))

    def on_command(command: Any, context: HostCallContext) -> None:
        commands.put_nowait((command.data, context.resource_id, context.request_id))

    async with host.create_app_server(
        key="shop",
        code=SERVER,
        bindings={"console": on_entry, "files": files},
        web_sockets={"on_command": on_command},
    ) as server:
        result = await server.handle(
            isolatejs.Request("http://x/"), request_id="r9", metadata={"user": "ann"}
        )
        assert result.type == "response"
        await result.response.text()
        facts = ("shop", "r9", {"user": "ann"})
        assert entries == [("hi", *facts)]
        assert files.seen == [("read_file", *facts), ("write_file", *facts), ("readdir", *facts)]
        upgraded = await server.handle(
            isolatejs.Request("http://x/", headers={"upgrade": "websocket"}), request_id="r10"
        )
        assert upgraded.type == "websocket"
        await server.ws.open(upgraded.connection_id)
        await server.ws.message(upgraded.connection_id, "ping")
        assert await asyncio.wait_for(commands.get(), 20) == ("ping", "shop", "r10")


async def test_an_async_event_handler_runs_as_a_task(host: isolatejs.IsolateHost) -> None:
    saved: asyncio.Queue[Any] = asyncio.Queue()

    async def save(payload: Any) -> None:
        await asyncio.sleep(0)
        saved.put_nowait(payload)

    async def log(entry: isolatejs.ConsoleEntry) -> None:
        await save(entry.stdout)

    async with host.create_runtime(bindings={"console": log}) as runtime:
        runtime.events.on("plain", save)
        runtime.events.on("task", lambda payload: asyncio.create_task(save(payload)))
        await runtime.eval("console.log('logged'); emit('plain', 1); emit('task', 2); 0")
        found = [await asyncio.wait_for(saved.get(), 20) for _ in range(3)]
        assert sorted(found, key=str) == [1, 2, "logged"]
