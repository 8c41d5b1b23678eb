"""Nested hosts: a tree of depth 4 with 30 runtimes is created, used and torn down.

    python benchmarks/bench_nested.py [--rounds N]

Prints medians: seconds to build the tree, to call from every leaf up to the root, and from the end of the root to
the end of the last descendant.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time

import isolatejs

COUNTS = (2, 2, 6)
"""Children of a runtime at each depth: 2 + 4 + 24 = 30 below the root."""

PROGRAM = """
import { createIsolateHost } from "@ricsam/isolate";
globalThis.grow = async (counts) => {
  if (counts.length === 0) return 1;
  const host = createIsolateHost();
  globalThis.children = await Promise.all(Array.from({ length: counts[0] }, () => host.createRuntime({
    bindings: { tools: { up: (n) => globalThis.up ? globalThis.up(n + 1) : n + 1 } },
  })));
  const sums = await Promise.all(children.map(async (child) => {
    await child.eval(`globalThis.text = ${JSON.stringify(text)}; 0`);
    await child.eval(text);
    return await child.eval(`grow(${JSON.stringify(counts.slice(1))})`);
  }));
  return 1 + sums.reduce((a, b) => a + b);
};
globalThis.climb = async () => globalThis.children
  ? (await Promise.all(children.map((child) => child.eval("climb()")))).flat()
  : [await up(0)];
0
"""


async def one_round() -> tuple[float, float, float]:
    policy = {"max_total_resources": 40, "max_runtimes": 40}
    async with isolatejs.create_isolate_host(pool_size=2) as host:
        runtime = await host.create_runtime(nested_host=policy)
        await runtime.eval(f"globalThis.text = {json.dumps(PROGRAM)}; 0")
        await runtime.eval(PROGRAM)
        started = time.perf_counter()
        total = await runtime.eval(f"grow({list(COUNTS)})")
        built = time.perf_counter() - started
        if total != 31:
            raise AssertionError(f"the tree has {total} runtimes, not 31")
        started = time.perf_counter()
        heights = await runtime.eval("climb()")
        used = time.perf_counter() - started
        if heights != [3] * 24:
            raise AssertionError(f"leaves are at {heights}")
        lives = list(host._factory.live)
        started = time.perf_counter()
        runtime._live.end_now(isolatejs.RuntimeDisposedError("over"))
        await asyncio.wait([live.sandbox.exited for live in lives])
        return built, used, time.perf_counter() - started


async def main(rounds: int) -> None:
    results = [await one_round() for _ in range(rounds)]
    for name, column in zip(("built", "used", "torn down"), zip(*results, strict=True), strict=True):
        print(f"31 runtimes, depth 4, {name:<10} {statistics.median(column) * 1e3:9.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(main(parser.parse_args().rounds))
