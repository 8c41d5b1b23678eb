"""Values across the wall: bytes, big JSON, iterator items and bodies, both ways.

    python benchmarks/bench_values.py [--json] [--rounds 5] [--stream-mb 1000] [--profile ROW]

A row is the median of several rounds in one runtime. `stream` rows move that many megabytes once and say by
how much both processes grew meanwhile. `--profile` prints where the host's time goes in one row.
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

from isolatejs import Response, create_isolate_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from isolatejs import ScriptRuntime

MEGABYTE = 1_000_000
PIECE = bytes(65_536)
PROGRAM = """
globalThis.timed = async (work) => { const began = performance.now(); await work(); return performance.now() - began };
globalThis.bytes = { 1: new Uint8Array(1e6), 10: new Uint8Array(1e7), 100: new Uint8Array(1e8) };
globalThis.nodes = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `item ${id}`, tags: ['a', 'b'] }));
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

    def __init__(self, runtime: ScriptRuntime, stream_mb: int) -> None:
        self._runtime = runtime
        self._stream = stream_mb * MEGABYTE

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

    async def streams(self) -> dict[str, float]:
        """One long stream each way, and the growth of both processes."""
        megabytes = self._stream // MEGABYTE
        pid = self._runtime._live.sandbox.pid
        before = resident_mb("self"), resident_mb(pid)
        into = await self._in_guest(f"get({self._stream}).then((r) => drain(r.body))")
        out = await self._read_body(self._stream)
        return {
            f"stream of {megabytes} MB in, MB/s": self._stream / MEGABYTE / into * 1000,
            f"stream of {megabytes} MB out, MB/s": self._stream / MEGABYTE / out * 1000,
            "host grew by, MB": resident_mb("self") - before[0],
            "sandbox grew by, MB": resident_mb(pid) - before[1],
        }


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
        await runtime.eval(PROGRAM)
        rows = Rows(runtime, options.stream_mb)
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
        results |= await rows.streams()
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        print(f"{name:44}{value:10.2f}")


if __name__ == "__main__":
    asyncio.run(main())
