"""Script runtimes: start, eval, tools, bytes, cancellation; beside other systems in the same run.

    python benchmarks/bench_runtime.py [--rounds N] [--uvloop]

Prints a table of medians and writes nothing. Rivals that are not installed are left out
(pip install mini-racer jsrun pydeno).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import isolatejs

RIVALS = ("mini_racer", "jsrun_runtime", "pydeno_pool")
MIB = 1 << 20


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def new_runtime_warm(host: isolatejs.IsolateHost) -> float:
    await _until_warm(host)
    started = time.perf_counter()
    async with host.create_runtime() as runtime:
        await runtime.eval("1 + 1")
        return time.perf_counter() - started


async def _until_warm(host: isolatejs.IsolateHost) -> None:
    """Wait until the pool is full and its processes have loaded what they load ahead."""
    while (await host.diagnostics())["pool"]["warm"] < 1:  # noqa: ASYNC110 - the pool has no event for it
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)  # the kernel loads ahead when nobody asks for the process


async def new_runtime_cold() -> float:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        started = time.perf_counter()
        async with host.create_runtime() as runtime:
            await runtime.eval("1 + 1")
            return time.perf_counter() - started


async def fifty_at_once() -> float:
    """Seconds for one of 50 runtimes that are created, used and disposed at once."""
    async with isolatejs.create_isolate_host(pool_size=0) as host:

        async def one() -> None:
            async with host.create_runtime() as runtime:
                await runtime.eval("1 + 1")

        return await timed(lambda: asyncio.gather(*(one() for _ in range(50)))) / 50


async def abort_of_a_loop() -> float:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        runtime = await host.create_runtime()
        await runtime.eval("1")
        controller = isolatejs.AbortController()
        running = asyncio.create_task(runtime.eval("for (;;) {}", signal=controller.signal))
        await asyncio.sleep(0.1)  # it is in its loop
        sandbox = runtime._live.sandbox
        started = time.perf_counter()
        controller.abort()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.wait([sandbox.exited])
        return time.perf_counter() - started


async def timeout_of_100_ms() -> float:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        runtime = await host.create_runtime()
        await runtime.eval("1")
        started = time.perf_counter()
        await asyncio.gather(runtime.eval("for (;;) {}", execution_timeout_ms=100), return_exceptions=True)
        return time.perf_counter() - started


async def idle_memory_mb(count: int) -> float:
    """Proportional set size of one idle runtime among `count`."""
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        runtimes = [await host.create_runtime() for _ in range(count)]
        for runtime in runtimes:
            await runtime.eval("1")
        return sum(proportional_kb(runtime._live.sandbox.pid) for runtime in runtimes) / count / 1024


def proportional_kb(pid: int) -> int:
    """Proportional set size of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


async def inside(rounds: int) -> dict[str, float]:
    """What happens within one runtime, in seconds."""

    async def add(a: int, b: int) -> int:
        return a + b

    async def count(n: int) -> Any:
        for i in range(n):
            yield i

    tools = {"add": add, "count": count, "sink": len, "source": lambda n: b"x" * n}
    results: dict[str, list[float]] = {}
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings={"tools": tools}, memory_limit_mb=512) as runtime,
    ):
        await runtime.eval(
            """
            globalThis.one = async (n) => { for (let i = 0; i < n; i++) await add(i, 1) };
            globalThis.all = (n) => Promise.all(Array.from({length: n}, (_, i) => add(i, 1))).then(() => 0);
            globalThis.each = async (n) => { for await (const _ of count(n)); };
            globalThis.mega = new Uint8Array(1 << 20); 0
            """
        )

        async def note(name: str, times: int, code: str) -> None:
            results.setdefault(name, []).append(await timed(lambda: runtime.eval(code)) / times)

        for _ in range(rounds):
            started = time.perf_counter()
            for _ in range(500):
                await runtime.eval("1 + 1")
            results.setdefault("eval('1+1')", []).append((time.perf_counter() - started) / 500)
            await note("tool call, one after another", 1000, "one(1000)")
            await note("tool call, 2,000 at once", 2000, "all(2000)")
            await note("item of an async iterator", 1000, "each(1000)")
            await note("1 MB of bytes to a tool", 1, "sink(mega)")
            await note("1 MB of bytes back", 1, "source(1 << 20).then((b) => b.length)")
    return {name: statistics.median(values) for name, values in results.items()}


async def rivals(rounds: int) -> dict[str, dict[str, float | str]]:
    found: dict[str, dict[str, float | str]] = {}
    for name in RIVALS:
        try:
            rival = importlib.import_module(f"rivals.{name}")
        except ImportError as error:
            print(f"({name} left out: {error})", file=sys.stderr)
            continue
        row: dict[str, float | str] = {}
        for task, call in (
            ("new runtime", rival.new_runtime),
            ("eval('1+1')", lambda rival=rival: rival.evals(300)),
            ("tool call, one after another", lambda rival=rival: rival.tool_calls(300)),
        ):
            try:
                row[task] = statistics.median([await call() for _ in range(rounds)])
            except Exception as error:
                row[task] = f"failed: {type(error).__name__}"
        found[name] = row
    return found


def show(name: str, seconds: float | str, unit: str = "") -> None:
    if isinstance(seconds, str):
        text = seconds
    elif unit:
        text = f"{seconds:.1f} {unit}"
    else:
        text = f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"
    print(f"{name:<55} {text:>14}")


async def main(rounds: int) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, medians of {rounds} rounds")
    async with isolatejs.create_isolate_host(pool_size=2) as host:
        show(
            "new runtime, warm, to its first eval",
            statistics.median([await new_runtime_warm(host) for _ in range(rounds)]),
        )
    show(
        "new runtime, cold, all layers", statistics.median([await new_runtime_cold() for _ in range(rounds)])
    )
    each = statistics.median([await fifty_at_once() for _ in range(max(1, rounds // 3))])
    show("created, used and disposed, 50 at once", 1 / each, "a second")
    for name, seconds in (await inside(rounds)).items():
        show(name, seconds)
    show(
        "abort of while (true), to the process gone",
        statistics.median([await abort_of_a_loop() for _ in range(rounds)]),
    )
    show(
        "execution_timeout_ms=100 on while (true)",
        statistics.median([await timeout_of_100_ms() for _ in range(rounds)]),
    )
    show("memory of an idle runtime (PSS, 20 alive)", await idle_memory_mb(20), "MB")
    for rival, row in (await rivals(rounds)).items():
        for task, value in row.items():
            show(f"{rival}: {task}", value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop")
    options = parser.parse_args()
    if options.uvloop:
        import uvloop

        uvloop.run(main(options.rounds))
    else:
        asyncio.run(main(options.rounds))
