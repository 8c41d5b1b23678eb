"""`isolatejs serve` as a user starts it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
import websockets

from .serve_process import serving

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import { greeting } from "./greeting.ts";
let served: number = 0;
serve({
  async fetch(request: Request, server: Server) {
    const path = new URL(request.url).pathname;
    if (path === "/ws" && server.upgrade(request)) return;
    if (path === "/slow") await new Promise((resolve) => setTimeout(resolve, 300));
    if (path === "/log") console.log("from the program");
    if (path === "/fetch") return await fetch("http://example.invalid/").catch((e) => new Response(e.name));
    return new Response(`${greeting} ${path} ${++served}`);
  },
  websocket: { message(ws, message) { ws.send(message); } },
});
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.ts").write_text(PROGRAM)
    (tmp_path / "greeting.ts").write_text("export const greeting: string = 'hello';")
    return tmp_path


async def test_requests_web_sockets_log_and_ctrl_c(folder: Path) -> None:
    async with serving(folder, "server.ts") as command, httpx.AsyncClient() as client:
        url = (await command.wait_line(r"Listening on (http://127\.0\.0\.1:\d+)/"))[1]
        assert (await client.get(f"{url}/a%20b")).text == "hello /a%20b 1"
        line = await command.wait_line(r"127\.0\.0\.1 GET /a%20b 200 \d+ [\d.]+ms")
        assert line
        assert (await client.get(f"{url}/fetch")).text == "TypeError"  # no --allow-net
        await client.get(f"{url}/log")
        assert command.process.stdout is not None
        assert await command.process.stdout.readline() == b"from the program\n"
        async with websockets.connect(url.replace("http", "ws") + "/ws") as socket:
            await socket.send(b"\x00\xff")
            assert await socket.recv() == b"\x00\xff"
        await command.wait_line(r"WS /ws 101")
        slow = asyncio.ensure_future(client.get(f"{url}/slow"))
        async with httpx.AsyncClient() as other:  # one that is answered after `slow` has arrived
            await other.get(f"{url}/x")
        stopped = asyncio.ensure_future(command.stop())
        assert (await slow).text.startswith("hello /slow")
        assert await stopped == 0


async def test_terminated_like_interrupted(folder: Path) -> None:
    async with serving(folder, "server.ts") as command, httpx.AsyncClient() as client:
        url = (await command.wait_line(r"Listening on (http://[\d.:]+)/"))[1]
        await client.get(f"{url}/")
        command.process.terminate()
        async with asyncio.timeout(20):
            assert await command.process.wait() == 0


async def test_watch_reloads_what_changed(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--watch", "--no-access-log") as command,
        httpx.AsyncClient() as client,
    ):
        url = (await command.wait_line(r"Listening on (http://[\d.:]+)/"))[1]
        assert (await client.get(f"{url}/")).text == "hello / 1"
        (folder / "greeting.ts").write_text("export const greeting: string = 'bonjour';")
        await command.wait_line(r"Reloaded \(greeting\.ts changed\)")
        assert (await client.get(f"{url}/")).text == "bonjour / 1"
        (folder / "greeting.ts").write_text("export const greeting: string = ;")
        await command.wait_line(r"SyntaxError")
        assert (await client.get(f"{url}/")).text == "bonjour / 2"
        (folder / "greeting.ts").write_text("export const greeting: string = 'ciao';")
        await command.wait_line(r"Reloaded")
        assert (await client.get(f"{url}/")).text == "ciao / 1"
        assert await command.stop() == 0


async def test_instances_share_the_load(folder: Path) -> None:
    async with serving(folder, "server.ts", "--instances", "2") as command, httpx.AsyncClient() as client:
        url = (await command.wait_line(r"Listening on (http://[\d.:]+)/"))[1]
        texts = [(await client.get(f"{url}/")).text for _ in range(4)]
        assert sorted(texts) == ["hello / 1", "hello / 1", "hello / 2", "hello / 2"]
        assert await command.stop() == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("export const nothing = 1;", r"No serve\(\) handler registered"),
        ("throw new Error('at start');", "at start"),
        ("import './missing.ts';", "missing"),
    ],
)
async def test_program_that_does_not_start(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "bad.ts").write_text(source)
    async with serving(tmp_path, "bad.ts") as command:
        await command.wait_line(message)
        assert await command.process.wait() == 1


async def test_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    async with serving(tmp_path, "nowhere.ts") as command:
        assert await command.process.wait() == 2


async def test_packages_import_map_and_tsconfig(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "greeter"
    package.mkdir(parents=True)
    (package / "index.js").write_text("export const greeting = 'hello';")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "name.ts").write_text("export const name: string = 'you';")
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"paths": {"@/*": ["./lib/*"]}}}')
    (tmp_path / "import_map.json").write_text('{"imports": {"words": "greeter"}}')
    (tmp_path / "server.ts").write_text(
        """import { greeting } from "words"; import { name } from "@/name";
        serve({ fetch: () => new Response(`${greeting} ${name}`) });"""
    )
    flags = ("--node-modules", "auto", "--import-map", "import_map.json", "--tsconfig", "tsconfig.json")
    async with serving(tmp_path, "server.ts", *flags) as command, httpx.AsyncClient() as client:
        url = (await command.wait_line(r"Listening on (http://[\d.:]+)/"))[1]
        assert (await client.get(url)).text == "hello you"
        assert await command.stop() == 0
