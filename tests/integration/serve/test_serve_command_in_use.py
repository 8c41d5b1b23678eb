"""`isolatejs serve` while it is used: clients that wait, files that change, sandboxes that are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from .serve_process import serving
from .test_frameworks import HONO, node_modules

if TYPE_CHECKING:
    from .serve_process import Command

__all__ = ["node_modules"]

PROGRAM = """
import { version } from "./version.ts";
const id: string = crypto.randomUUID();
serve({
  async fetch(request: Request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/events") {
      let n = 0;
      return new Response(new ReadableStream({
        async pull(controller) {
          if (n > 0) await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new TextEncoder().encode(`data: ${n++}\\n\\n`));
        },
        cancel() { console.error("the client has left"); },
      }, { highWaterMark: 0 }), { headers: { "content-type": "text/event-stream" } });
    }
    if (pathname === "/broken") {
      let begun = false;
      return new Response(new ReadableStream({ pull(controller) {
        if (begun) throw new Error("broken off");
        begun = true;
        controller.enqueue(new Uint8Array(5));
      } }));
    }
    if (pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, 600));
    if (pathname === "/echo") return new Response(request.body);
    return Response.json([version, id]);
  },
});
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.ts").write_text(PROGRAM)
    (tmp_path / "version.ts").write_text("export const version: number = 1;")
    return tmp_path


async def curl(*arguments: str) -> bytes:
    """What curl prints. Raises when it fails."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--max-time", "30", *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"curl {' '.join(arguments)}: status {process.returncode}"
    return printed


async def test_curl(folder: Path) -> None:
    data = folder / "data.bin"
    data.write_bytes(os.urandom(3_000_000))
    async with serving(folder, "server.ts", "--no-access-log") as command:
        url = await command.wait_listening()
        shown = await curl("-i", url)
        assert shown.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\ncontent-type: application/json\r\n" in shown
        assert shown.endswith(b'"]')
        head = await curl("-I", url)
        assert b"\r\ncontent-length: 42\r\n" in head and head.endswith(b"\r\n\r\n")
        assert (await curl("--http1.0", "-i", url)).startswith(b"HTTP/1.1 200 OK\r\n")
        assert await curl("-T", str(data), f"{url}/echo") == data.read_bytes()
        chunked = ["-X", "POST", "-H", "transfer-encoding: chunked", "--data-binary", f"@{data}"]
        assert await curl(*chunked, f"{url}/echo") == data.read_bytes()
        assert (await curl(*[url] * 20)).count(b"[1,") == 20
        assert await command.stop() == 0


async def test_curl_reads_events_as_they_come(folder: Path) -> None:
    async with serving(folder, "server.ts", "--no-access-log") as command:
        url = await command.wait_listening()
        reading = await asyncio.create_subprocess_exec(
            "curl", "-sSN", f"{url}/events", stdout=asyncio.subprocess.PIPE
        )
        assert reading.stdout is not None
        async with asyncio.timeout(20):
            for n in range(5):
                assert await reading.stdout.readline() == b"data: %d\n" % n
                assert await reading.stdout.readline() == b"\n"
        reading.terminate()
        await reading.communicate()
        await command.wait_line("the client has left")
        assert await command.stop() == 0


async def test_reload_while_requests_are_under_way(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--watch", "--no-access-log") as command,
        httpx.AsyncClient(timeout=30) as client,
    ):
        url = await command.wait_listening()
        seen: list[int] = []
        stop = asyncio.Event()

        async def ask_again_and_again() -> None:
            while not stop.is_set():
                response = await client.get(url)
                assert response.status_code == 200
                seen.append(response.json()[0])

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(ask_again_and_again())
            for version in (2, 3, 4):
                slow = group.create_task(client.get(f"{url}/slow"))
                while len(seen) % 20 != 19:  # the slow one has arrived meanwhile
                    await asyncio.sleep(0.001)  # poll
                (folder / "version.ts").write_text(f"export const version: number = {version};")
                await command.wait_line(r"Reloaded \(version\.ts changed\)")
                assert (await slow).json()[0] in (version - 1, version)
                assert (await client.get(url)).json()[0] == version
            stop.set()
        assert set(seen) == {1, 2, 3, 4}
        assert await command.stop() == 0


async def test_request_that_is_under_way_ends_in_the_old_program(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--watch", "--no-access-log") as command,
        httpx.AsyncClient(timeout=30) as client,
        client.stream("GET", f"{await command.wait_listening()}/events") as events,
    ):
        lines = events.aiter_lines()
        assert await anext(lines) == "data: 0"
        (folder / "version.ts").write_text("export const version: number = 2;")
        await command.wait_line("Reloaded")
        assert (await client.get(command.url)).json()[0] == 2
        for n in range(1, 10):
            assert await anext(lines) == ""
            assert await anext(lines) == f"data: {n}"


async def ids_of(command: Command, client: httpx.AsyncClient) -> set[str]:
    """Which sandboxes answer now: requests at once go to all of them."""
    answers = await asyncio.gather(*(client.get(command.url) for _ in range(8)))
    return {answer.json()[1] for answer in answers}


async def test_killed_instance_is_replaced_and_nobody_notices(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--instances", "2", "--no-access-log") as command,
        httpx.AsyncClient(timeout=30) as client,
    ):
        await command.wait_listening()
        before = await ids_of(command, client)
        assert len(before) == 2
        slow = [asyncio.ensure_future(client.get(f"{command.url}/slow")) for _ in range(4)]
        await client.get(command.url)
        # Which process serves is not told: kill sandboxes, warm ones too, until one that serves is among them.
        seen = set(before)
        for pid in _sandboxes(command):
            os.kill(pid, signal.SIGKILL)
            for _ in range(50):
                seen |= await ids_of(command, client)
                if seen != before:
                    break
                await asyncio.sleep(0.02)
            if seen != before:
                break
        assert len(seen) == 3
        answers = [(await answer).json() for answer in slow]
        assert {version for version, _ in answers} == {1}
        await command.wait_line("was ended by signal 9")
        after: set[str] = set()
        while len(after) < 2:
            after = await ids_of(command, client)
        assert len(before & after) == 1
        assert await command.stop() == 0


def _sandboxes(command: Command) -> list[int]:
    """The engines of a command: what the launcher, its only child, has started."""
    return [pid for pid in command.family() if Path(f"/proc/{pid}/comm").read_text().strip() == "deno"]


async def test_second_interrupt_does_not_wait_for_open_responses(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--no-access-log") as command,
        httpx.AsyncClient(timeout=30) as client,
    ):
        url = await command.wait_listening()
        family = command.family()
        assert family
        async with client.stream("GET", f"{url}/events") as events:
            lines = events.aiter_lines()
            assert await anext(lines) == "data: 0"
            command.process.send_signal(signal.SIGINT)
            while True:  # it takes no more requests, and the open one goes on
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
                except ConnectionRefusedError:
                    break
                writer.close()
                await asyncio.sleep(0.01)  # poll
            for _ in range(4):
                await anext(lines)
            began = time.monotonic()
            assert await command.stop() == 0
            assert time.monotonic() - began < 8  # of ten seconds that the first one gives
            with pytest.raises(httpx.RemoteProtocolError):
                async for _ in lines:
                    pass
        assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []
        assert command.process.stderr is not None
        assert b"Traceback" not in await command.process.stderr.read()


async def test_body_that_breaks_off_is_the_programs_error(folder: Path) -> None:
    async with (
        serving(folder, "server.ts", "--no-access-log") as command,
        httpx.AsyncClient(timeout=30) as client,
    ):
        url = await command.wait_listening()
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{url}/broken")
        await command.wait_line("error: Error: broken off")
        await command.wait_line(r"at .*server\.ts:\d+")
        assert (await client.get(url)).status_code == 200
        assert await command.stop() == 0
        assert "Traceback" not in "".join(command.lines)


async def test_routers_from_npm(tmp_path: Path, node_modules: Path) -> None:
    (tmp_path / "tools_of_hono.py").write_text(
        "tools = {'note': lambda text: None, 'who': lambda context: context.metadata['client'][0]}"
    )
    (tmp_path / "hono.ts").write_text(HONO % "export default app;")
    (tmp_path / "itty.js").write_text(
        """import { AutoRouter } from "itty-router";
        const router = AutoRouter();
        router.get("/hello/:name", ({ name, query }) => ({ name, query }))
          .post("/echo", async (request) => ({ body: await request.json() }));
        export default { ...router };"""
    )
    flags = ("--node-modules", str(node_modules), "--no-access-log")
    async with httpx.AsyncClient() as client:
        async with serving(tmp_path, "hono.ts", "--tools", "tools_of_hono:tools", *flags) as command:
            url = await command.wait_listening()
            book = await client.get(f"{url}/api/books/7?q=a&q=b", headers={"x-user": "zoe"})
            assert book.json() == {"id": "7", "q": ["a", "b"], "user": "zoe"}
            assert book.headers["access-control-allow-origin"] == "*"
            form = await client.post(f"{url}/form", data={"name": "n"}, files={"file": b"content"})
            assert form.text == "n content"
            assert (await client.get(f"{url}/sse")).text.count("data: event") == 3
            assert (await client.get(f"{url}/tool")).text == "127.0.0.1"
            assert (await client.get(f"{url}/nowhere")).status_code == 404
            assert await command.stop() == 0
        async with serving(tmp_path, "itty.js", *flags) as command:
            url = await command.wait_listening()
            assert (await client.get(f"{url}/hello/zoe?a=1")).json() == {"name": "zoe", "query": {"a": "1"}}
            assert (await client.post(f"{url}/echo", json=[1])).json() == {"body": [1]}
            assert await command.stop() == 0
