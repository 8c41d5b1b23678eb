"""App servers: handle() in sequence and at once, large bodies, WebSockets, and HTTP end to end.

    python benchmarks/bench_app_server.py [--json] [--rounds 3] [--only handle,tail,bodies,sockets,http,soak]

HTTP is measured in one run, with the same load generator, against the app server behind uvicorn, a plain
Starlette application behind uvicorn, and `deno serve` without any sandbox. Figures are medians of the rounds.
`tail` says where the slowest requests come from: what they cost in processor time, which no other load of the
machine changes much, and the quietest tenth of many short runs. `soak` sends 100,000 requests through one server
and watches the memory of its sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from isolatejs import Request, create_isolate_host
from isolatejs.host.app_server import AppServer

PROGRAM = """
serve({
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/json") return Response.json({ ok: true });
    if (pathname === "/up") return Response.json((await request.arrayBuffer()).byteLength);
    if (pathname === "/down") {
      let left = 160;
      return new Response(new ReadableStream({ pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(65536)); else controller.close();
      } }));
    }
    if (pathname === "/ws") { server.upgrade(request); return; }
    return new Response(`hello ${request.headers.get("user-agent")}`);
  },
  websocket: { message(ws, message) { ws.send(message); } },
});
"""
JSON = "http://localhost/json"
TEN_MEGABYTES = 160 * 65536
CONNECTIONS = 32

Results = dict[str, float]


async def measure_handle(server: AppServer) -> Results:
    """One after another, and 32 in flight."""
    request = Request(JSON, headers=[("host", "localhost"), ("accept", "*/*")])
    for _ in range(2_000):
        await server.handle(request)
    times = []
    for _ in range(5_000):
        began = time.perf_counter()
        await server.handle(request)
        times.append(time.perf_counter() - began)
    times.sort()

    async def client(count: int) -> None:
        for _ in range(count):
            await server.handle(request)

    began = time.perf_counter()
    await asyncio.gather(*(client(500) for _ in range(32)))
    elapsed = time.perf_counter() - began
    return {
        "handle, one after another: median µs": times[len(times) // 2] * 1e6,
        "handle, one after another: p99 µs": times[len(times) * 99 // 100] * 1e6,
        "handle, 32 in flight: requests a second": 32 * 500 / elapsed,
    }


async def measure_tail(server: AppServer) -> Results:
    """Processor time of single requests, collections of the host's garbage, and runs without interruptions."""
    request = Request(JSON, headers=[("host", "localhost"), ("accept", "*/*")])
    for _ in range(2_000):
        await server.handle(request)
    costs: list[float] = []
    collections = -sum(generation["collections"] for generation in gc.get_stats())
    schedule = os.open(f"/proc/{server.lives()[0].sandbox.pid}/schedstat", os.O_RDONLY)
    try:
        for _ in range(5_000):
            guest, host = _ran_ns(schedule), time.thread_time_ns()
            await server.handle(request)
            host = time.thread_time_ns() - host
            asleep = (
                time.perf_counter() + 100e-6
            )  # the kernel counts what a process ran when it goes to sleep
            while time.perf_counter() < asleep:
                pass
            costs.append((host + _ran_ns(schedule) - guest) / 1e9)
    finally:
        os.close(schedule)
    collections += sum(generation["collections"] for generation in gc.get_stats())
    runs = []
    for _ in range(60):
        times = []
        for _ in range(500):
            began = time.perf_counter()
            await server.handle(request)
            times.append(time.perf_counter() - began)
        runs.append((_quantile(times, 0.99) / _quantile(times, 0.5), times))
    runs.sort(key=lambda run: run[0])
    _, quiet = runs[len(runs) // 10]
    return {
        "handle, processor time: median µs": _quantile(costs, 0.5) * 1e6,
        "handle, processor time: p99 µs": _quantile(costs, 0.99) * 1e6,
        "handle, processor time: p99.9 µs": _quantile(costs, 0.999) * 1e6,
        "handle: collections of the host's garbage in 5,000": collections,
        "handle, quietest tenth: median µs": _quantile(quiet, 0.5) * 1e6,
        "handle, quietest tenth: p99 µs": _quantile(quiet, 0.99) * 1e6,
    }


def _ran_ns(schedule: int) -> int:
    """Processor time of a process's main thread, from its /proc/PID/schedstat."""
    return int(os.pread(schedule, 64, 0).split()[0])


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


async def measure_bodies(server: AppServer) -> Results:
    """10 MB in and out."""
    data = bytes(TEN_MEGABYTES)

    async def up() -> None:
        result = await server.handle(Request("http://localhost/up", method="POST", body=data))
        assert await result.response.json() == TEN_MEGABYTES

    async def down() -> None:
        result = await server.handle(Request("http://localhost/down"))
        assert len(await result.response.bytes()) == TEN_MEGABYTES

    return {"10 MB up: ms": await _median_ms(up, 15), "10 MB down: ms": await _median_ms(down, 15)}


async def measure_sockets(server: AppServer) -> Results:
    """WebSocket echo through the program, without a network."""
    result = await server.handle(Request("http://localhost/ws"))
    connection = result.upgrade_data["connectionId"]
    commands = server.ws.commands(connection)
    await server.ws.open(connection)

    async def echo() -> None:
        await server.ws.message(connection, "ping")
        await anext(commands)

    one = await _median_ms(echo, 3_000) * 1000
    began = time.perf_counter()
    for _ in range(100):
        await asyncio.gather(*(server.ws.message(connection, "ping") for _ in range(100)))
        for _ in range(100):
            await anext(commands)
    elapsed = time.perf_counter() - began
    await server.ws.close(connection)
    return {"WebSocket echo: µs": one, "WebSocket echo, 100 at once: messages a second": 10_000 / elapsed}


async def _median_ms(work: Callable[[], Awaitable[None]], count: int) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


async def measure_soak(server: AppServer, requests: int = 100_000) -> Results:
    """Memory of the sandbox after a warm-up, and after many requests."""
    pid = server.lives()[0].sandbox.pid

    async def client(count: int) -> None:
        for n in range(count):
            path = ("json", "x", "up")[n % 3]
            body = b"x" * 100 if path == "up" else None
            method = "GET" if body is None else "POST"
            result = await server.handle(Request(f"http://localhost/{path}", method=method, body=body))
            await result.response.bytes()

    memory = []
    for _ in range(5):
        await asyncio.gather(*(client(requests // 5 // 32) for _ in range(32)))
        memory.append(_anonymous_mb(pid))
    diagnostics = await server.diagnostics()
    assert diagnostics["runtime"]["active_requests"] == 0
    assert diagnostics["runtime"]["stream_count"] == 0
    return {"soak: MB after a fifth": memory[0], "soak: MB at the end": memory[-1]}


def _anonymous_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Anonymous line in smaps_rollup")


# --- HTTP end to end --------------------------------------------------------------------------------
STARLETTE_APP = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def ok(request): return JSONResponse({"ok": True})
app = Starlette(routes=[Route("/json", ok)])
"""
ISOLATE_APP = """
from isolatejs.asgi import AppServerASGI
app = AppServerASGI(code=open("program.js").read())
"""
DENO_APP = "export default { fetch: () => Response.json({ ok: true }) };"
PORT = 18_431


async def measure_http(_: AppServer) -> Results:
    """Requests a second over loopback HTTP/1.1, 32 connections kept alive."""
    import deno

    uvicorn = [
        sys.executable,
        "-m",
        "uvicorn",
        "--no-access-log",
        "--log-level",
        "critical",
        "--port",
        str(PORT),
    ]
    engine = [
        deno.find_deno_bin(),
        "serve",
        "--no-config",
        "--quiet",
        "--host",
        "127.0.0.1",
        "--port",
        str(PORT),
    ]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "starlette_app.py").write_text(STARLETTE_APP)
        (root / "isolate_app.py").write_text(ISOLATE_APP)
        (root / "program.js").write_text(PROGRAM)
        (root / "deno_app.js").write_text(DENO_APP)
        for name, command in (
            ("app server behind uvicorn", [*uvicorn, "isolate_app:app"]),
            ("Starlette behind uvicorn", [*uvicorn, "starlette_app:app"]),
            ("deno serve, no sandbox", [*engine, "deno_app.js"]),
        ):
            async with _running(command, root):
                await _load(500)
                results[f"HTTP, {name}: requests a second"] = await _load(6_000)
    return results


@contextlib.asynccontextmanager
async def _running(command: list[str], folder: Path) -> AsyncIterator[None]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", PORT)
                writer.close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.02)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _load(requests: int) -> float:
    head = (
        f"GET /json HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()
    )

    async def client(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        for _ in range(count):
            writer.write(head)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            lower = answer.lower()
            at = lower.index(b"content-length:") + 15
            await reader.readexactly(int(lower[at : lower.index(b"\r", at)]))
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    await asyncio.gather(*(client(requests // CONNECTIONS) for _ in range(CONNECTIONS)))
    return requests / (time.perf_counter() - began)


MEASUREMENTS: dict[str, Callable[[AppServer], Awaitable[Results]]] = {
    "handle": measure_handle,
    "tail": measure_tail,
    "bodies": measure_bodies,
    "sockets": measure_sockets,
    "http": measure_http,
    "soak": measure_soak,
}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", default="handle,bodies,sockets,http", help="comma-separated; also tail, soak"
    )
    options = parser.parse_args()
    gathered: dict[str, list[float]] = {}
    for name in options.only.split(","):
        for _ in range(1 if name == "soak" else options.rounds):
            async with create_isolate_host() as host, host.create_app_server(code=PROGRAM) as server:
                for what, value in (await MEASUREMENTS[name](server)).items():
                    gathered.setdefault(what, []).append(value)
    results = {what: statistics.median(values) for what, values in gathered.items()}
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        for what, value in results.items():
            print(f"{what:60} {value:12,.1f}")


if __name__ == "__main__":
    asyncio.run(main())
