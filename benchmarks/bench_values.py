"""Values across the wall: bytes, big JSON, iterator items and bodies, both ways.

    python benchmarks/bench_values.py [--json] [--rounds 5] [--stream-mb 1000] [--profile ROW]

A row is the median of several rounds in one runtime. The last rows move that many megabytes once, through one
runtime and one app server, and say by how much both processes grew at most meanwhile. `--profile` prints where
the host's time goes in one row.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isolatejs import Blob, Request, Response, create_isolate_host

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from isolatejs import IsolateHost, ScriptRuntime

MEGABYTE = 1_000_000
PIECE = bytes(65_536)
DATA = """
globalThis.timed = async (work) => { const began = performance.now(); await work(); return performance.now() - began };
globalThis.bytes = { 1: new Uint8Array(1e6), 10: new Uint8Array(1e7), 100: new Uint8Array(1e8) };
globalThis.nodes = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `item ${id}`, tags: ['a', 'b'] }));
"""
STREAMS = """
globalThis.source = (size) => {
  const piece = new Uint8Array(65536);
  let left = size;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(left >= 65536 ? piece.slice() : piece.slice(0, left));
      left -= 65536;
    },
  }, { highWaterMark: 0 });
};
globalThis.drain = async (body) => { for await (const _ of body) { /* read */ } };
"""


async def pieces(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield PIECE[: min(size, len(PIECE))]
        size -= len(PIECE)


async def count(limit: int) -> AsyncIterator[int]:
    for number in range(limit):
        yield number


def resident_mb(pid: int | str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Rows:
    """The rows, each a function that gives milliseconds."""

    def __init__(self, runtime: ScriptRuntime) -> None:
        self._runtime = runtime

    def all(self) -> dict[str, Callable[[], Awaitable[float]]]:
        rows: dict[str, Callable[[], Awaitable[float]]] = {}
        for size in (1, 10, 100):
            rows[f"{size} MB to a tool, ms"] = lambda size=size: self._in_guest(f"take(bytes[{size}])")
            rows[f"{size} MB from a tool, ms"] = lambda size=size: self._in_guest(f"give({size})")
        return rows | {
            "JSON of 100,000 values to a tool, ms": lambda: self._in_guest("take(nodes)"),
            "JSON of 100,000 values from a tool, ms": lambda: self._in_guest("giveNodes()"),
            "the same with an undefined in it, to, ms": lambda: self._in_guest("take([nodes, undefined])"),
            "the same with a NaN in it, from, ms": lambda: self._in_guest("giveTagged()"),
            "iterator of a tool, us an item": lambda: self._in_guest("drain(count(1000))"),
            "iterator of the program, us an item": self._guest_items,
            "10 MB body into the program, ms": lambda: self._in_guest("get(1e7).then((r) => drain(r.body))"),
            "10 MB body out of the program, ms": lambda: self._read_body(10 * MEGABYTE),
        }

    async def _in_guest(self, work: str) -> float:
        return float(await self._runtime.eval(f"await timed(() => {work})"))

    async def _guest_items(self) -> float:
        items = await self._runtime.eval("(function* () { for (let i = 0; i < 1000; i++) yield i })()")
        began = time.perf_counter()
        async for _ in items:
            pass
        return (time.perf_counter() - began) * 1000

    async def _read_body(self, size: int) -> float:
        response = await self._runtime.eval(f"new Response(source({size}))")
        began = time.perf_counter()
        async for _ in response.body:
            pass
        return (time.perf_counter() - began) * 1000


class Transfers:
    """Long transfers of each kind both ways: how fast, and how much either process grows at most."""

    def __init__(self, host: IsolateHost, megabytes: int) -> None:
        self._host = host
        self._size = megabytes * MEGABYTE
        self._pid = 0
        self._moved = 0
        self._before = self._peak = (0.0, 0.0)

    async def all(self) -> dict[str, float]:
        tools = {
            "get": lambda: Response(self._give(PIECE)),
            "lazy": lambda: Response(Blob.lazy(self._size, lambda start, end: self._give(PIECE)).stream()),
            "items": lambda: [self._give(PIECE * 16)],
        }
        mega = "new Uint8Array(1 << 20)"
        rows: dict[str, float] = {}
        async with self._host.create_runtime(bindings={"tools": tools}) as runtime:
            await runtime.eval(STREAMS)
            self._pid = runtime._live.sandbox.pid
            into = {
                "body": "(await get()).body",
                "lazy Blob": "(await lazy()).body",
                "iterator": "(await items())[0]",
            }
            for name, source in into.items():
                rows |= await self._row(f"{name} in", runtime.eval(f"await drain({source})"))
            out = {
                "body": f"new Response(source({self._size}))",
                "Blob of parts": f"new Response(new Blob(Array({self._size >> 20}).fill(new Blob([{mega}]))))",
                "iterator": f"(function* () {{ for (let i = {self._size >> 20}; i > 0; i--) yield {mega} }})()",
            }
            for name, code in out.items():
                given = await runtime.eval(code)
                rows |= await self._row(f"{name} out", self._take(getattr(given, "body", given)))
        code = """serve({ async fetch(request) {
          if (request.body === null) return new Response(source(SIZE));
          await drain(request.body);
          return new Response();
        } })""".replace("SIZE", str(self._size))
        async with self._host.create_app_server(code=STREAMS + code) as server:
            self._pid = server.lives()[0].sandbox.pid
            upload = Request("http://localhost/", method="POST", body=self._give(PIECE))
            rows |= await self._row("upload to an app server", server.handle(upload))
            response = (await server.handle(Request("http://localhost/"))).response
            assert response.body is not None
            rows |= await self._row("response of an app server", self._take(response.body))
        return rows

    async def _row(self, name: str, work: Awaitable[Any]) -> dict[str, float]:
        self._moved = 0
        self._peak = self._before = resident_mb("self"), resident_mb(self._pid)
        began = time.perf_counter()
        await work
        rate = self._moved / MEGABYTE / (time.perf_counter() - began)
        assert self._moved > 0.99 * self._size, name
        grown = [peak - before for peak, before in zip(self._peak, self._before, strict=True)]
        name = f"{self._size // MEGABYTE} MB, {name}"
        return {
            f"{name}, MB/s": rate,
            f"{name}, host grew, MB": grown[0],
            f"{name}, sandbox grew, MB": grown[1],
        }

    def _move(self, size: int) -> None:
        before, self._moved = self._moved, self._moved + size
        if before >> 23 != self._moved >> 23:
            now = resident_mb("self"), resident_mb(self._pid)
            self._peak = max(self._peak[0], now[0]), max(self._peak[1], now[1])

    async def _give(self, piece: bytes) -> AsyncIterator[bytes]:
        while self._moved < self._size:
            self._move(len(piece))
            yield piece

    async def _take(self, pieces: AsyncIterable[Any]) -> None:
        async for piece in pieces:
            self._move(len(piece))


def tools() -> dict[str, Any]:
    data = {size: bytes(size * MEGABYTE) for size in (1, 10, 100)}
    nodes = [{"id": number, "name": f"item {number}", "tags": ["a", "b"]} for number in range(20_000)]
    return {
        "take": lambda value: None,
        "give": lambda size: data[size],
        "giveNodes": lambda: nodes,
        "giveTagged": lambda: [nodes, float("nan")],
        "count": count,
        "get": lambda size: Response(pieces(int(size))),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stream-mb", type=int, default=1000)
    parser.add_argument("--profile", metavar="ROW", help="part of a row's name")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, float] = {}
    async with (
        create_isolate_host() as host,
        host.create_runtime(bindings={"tools": tools()}, memory_limit_mb=1024) as runtime,
    ):
        await runtime.eval(DATA + STREAMS)
        rows = Rows(runtime)
        if options.profile:
            name, measure = next(item for item in rows.all().items() if options.profile in item[0])
            await measure()
            with cProfile.Profile() as profile:
                for _ in range(options.rounds):
                    await measure()
            print(name)
            pstats.Stats(profile).sort_stats("tottime").print_stats(15)
            return
        for name, measure in rows.all().items():
            results[name] = statistics.median([await measure() for _ in range(options.rounds)])
        results |= await Transfers(host, options.stream_mb).all()
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        print(f"{name:58}{value:10.2f}")


if __name__ == "__main__":
    asyncio.run(main())
