"""fetch from a sandbox: small requests, bodies of 10 MB, and streams in constant memory.

    python benchmarks/bench_fetch.py [--json] [--rounds 5] [--stream-mb 100]

`callback` rows measure the way through the sandbox alone: the embedder's function answers from memory.
`policy` rows go on through `create_fetch_binding` to an HTTP server on loopback, with the same requests made
by httpx on the host for comparison. Figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.host.isolate_host import create_isolate_host
from isolatejs.web import Request, Response

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fakes.loopback_server import LoopbackServer, Visit

MEGABYTE = 1 << 20
CHUNK = bytes(65536)

PROGRAM = """
globalThis.small = async (url, count, parallel) => {
  let left = count;
  const start = performance.now();
  const worker = async () => { while (left-- > 0) await (await fetch(url)).text(); };
  await Promise.all(Array.from({ length: parallel }, worker));
  return (performance.now() - start) * 1000 / count;
};
globalThis.download = async (url) => {
  const start = performance.now();
  const size = (await (await fetch(url)).arrayBuffer()).byteLength;
  return [performance.now() - start, size];
};
globalThis.stream = async (url) => {
  const start = performance.now();
  let size = 0;
  for await (const chunk of (await fetch(url)).body) size += chunk.length;
  return [performance.now() - start, size];
};
globalThis.upload = async (url, size) => {
  const body = new Uint8Array(size);
  const start = performance.now();
  await (await fetch(url, { method: "POST", body })).text();
  return [performance.now() - start, size];
};
globalThis.uploadStream = async (url, size) => {
  let left = size / 65536;
  const body = new ReadableStream({
    type: "bytes",
    pull(c) { left-- > 0 ? c.enqueue(new Uint8Array(65536)) : (c.close(), c.byobRequest?.respond(0)); },
  });
  const start = performance.now();
  await (await fetch(url, { method: "POST", body, duplex: "half" })).text();
  return [performance.now() - start, size];
};
"""


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // len(CHUNK)):
        yield CHUNK


async def answer(request: Request) -> Response:
    """Answers by path, from memory."""
    if request.method == "POST":
        assert request.body is not None
        async for _ in request.body:
            pass
        return Response("ok")
    size = int(request.url.rpartition("/")[2] or 0)
    return Response(pieces(size)) if size else Response("ok")


async def serve(visit: Visit) -> None:
    """The same over HTTP."""
    if visit.method == "POST":
        async for _ in visit.chunks():
            pass
        await visit.reply(b"ok")
        return
    size = int(visit.target.rpartition("?")[2] or 0)
    if not size:
        await visit.reply(b"ok")
        return
    await visit.start([("content-length", str(size))])
    async for piece in pieces(size):
        visit.writer.write(piece)
        await visit.writer.drain()


async def median(rounds: int, measure: Callable[[], Awaitable[Any]]) -> float:
    """The median of several runs; a run gives milliseconds, or milliseconds and a size."""
    times = []
    for _ in range(rounds):
        result = await measure()
        times.append(result[0] if isinstance(result, list) else result)
    return statistics.median(times)


async def measure_program(
    run: Callable[[str], Awaitable[Any]], url: str, rounds: int, stream_mb: int
) -> dict[str, float]:
    """All rows for one binding. `url` takes a size at its end."""
    ten, long = 10 * MEGABYTE, stream_mb * MEGABYTE
    await run(f"await small('{url}0', 300, 1)")
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "small, one after another, us": await median(rounds, lambda: run(f"await small('{url}0', 1000, 1)")),
        "small, 32 at once, us each": await median(rounds, lambda: run(f"await small('{url}0', 3000, 32)")),
        "10 MB response, ms": await median(rounds, lambda: run(f"await download('{url}{ten}')")),
        "10 MB request, ms": await median(rounds, lambda: run(f"await upload('{url}', {ten})")),
        f"{stream_mb} MB response stream, ms": await median(1, lambda: run(f"await stream('{url}{long}')")),
        f"{stream_mb} MB request stream, ms": await median(
            1, lambda: run(f"await uploadStream('{url}', {long})")
        ),
        "host grew by, MB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024,
    }


async def measure_httpx(url: str, rounds: int) -> dict[str, float]:
    """The same requests from Python, without a sandbox."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def small() -> float:
            began = time.perf_counter()
            for _ in range(500):
                await client.get(f"{url}0")
            return (time.perf_counter() - began) * 1e6 / 500

        async def download() -> float:
            began = time.perf_counter()
            await client.get(f"{url}{10 * MEGABYTE}")
            return (time.perf_counter() - began) * 1000

        await small()
        return {
            "small, one after another, us": await median(rounds, small),
            "10 MB response, ms": await median(rounds, download),
        }


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stream-mb", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    async with create_isolate_host() as host, LoopbackServer() as server:
        server.routes["/"] = serve
        most = 2 * options.stream_mb * MEGABYTE
        async with create_fetch_binding(
            "127.0.0.1", allow_loopback=True, max_request_bytes=most, max_response_bytes=most
        ) as policy:
            bindings = {"callback": (answer, "http://memory/"), "policy": (policy, server.url("/?"))}
            for name, (binding, url) in bindings.items():
                async with host.create_runtime(bindings={"fetch": binding}, memory_limit_mb=256) as runtime:
                    await runtime.eval(PROGRAM)
                    results[name] = await measure_program(
                        runtime.eval, url, options.rounds, options.stream_mb
                    )
        results["httpx on the host"] = await measure_httpx(server.url("/?"), options.rounds)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, rows in results.items():
        print(name)
        for row, value in rows.items():
            print(f"  {row:34}{value:10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
