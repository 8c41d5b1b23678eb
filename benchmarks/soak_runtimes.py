"""Many runtimes, and one runtime that is used very often: nothing is left behind and nothing grows.

    python benchmarks/soak_runtimes.py [--runtimes 1000] [--alive 50] [--calls 100000]

First runtimes are created, used and disposed, `--alive` of them at a time; the table has one line for each tenth
of them. Then one runtime answers `--calls` evals and makes as many tool calls. Ends with status 1 when a process,
descriptor, task, thread or file is left over.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import isolatejs

MIB = 1 << 20


def resident_mb(pid: int | str) -> float:
    """Resident size of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def proportional_mb(pid: int) -> float:
    """Proportional set size of a process: what it shares counts in parts."""
    return int(Path(f"/proc/{pid}/smaps_rollup").read_text().split("\nPss:")[1].split()[0]) / 1024


def descendants(pid: int) -> list[int]:
    """Processes below one, however deep."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def left_behind() -> dict[str, int]:
    """What this process holds of the system."""
    gc.collect()
    return {
        "processes": len(descendants(os.getpid())),
        "descriptors": len([*Path("/proc/self/fd").iterdir()]),
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "temporary files": len([*Path(tempfile.gettempdir()).iterdir()]),
    }


async def many_runtimes(count: int, alive: int) -> None:
    """Create, use and dispose `count` runtimes, `alive` at a time."""
    print(f"{count} runtimes, {alive} alive at a time")
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        launcher = descendants(os.getpid())[0]
        room = asyncio.Semaphore(alive)

        async def use(number: int) -> None:
            async with room, host.create_runtime(bindings={"tools": {"double": lambda n: 2 * n}}) as runtime:
                assert await runtime.eval(f"double({number})") == 2 * number

        tenth = max(1, count // 10)
        for first in range(0, count, tenth):
            started = time.perf_counter()
            numbers = range(first, min(first + tenth, count))
            await asyncio.gather(*(use(number) for number in numbers))
            seconds = time.perf_counter() - started
            print(
                f"{numbers[-1] + 1:8} {len(numbers) / seconds:6.1f} a second   host {resident_mb('self'):6.1f} MB"
                f"   launcher {resident_mb(launcher):5.1f} MB   {left_behind()}",
                flush=True,
            )


async def all_at_once(count: int) -> None:
    """`count` runtimes that are alive together, and all answer."""
    print(f"{count} runtimes alive at once")
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        runtimes = []
        tenth = max(1, count // 10)
        for first in range(0, count, tenth):
            started = time.perf_counter()
            added = [await host.create_runtime() for _ in range(min(tenth, count - first))]
            await asyncio.gather(*(runtime.eval("globalThis.mine = 1; mine") for runtime in added))
            runtimes += added
            each = (time.perf_counter() - started) / len(added) * 1000
            print(f"{len(runtimes):8} {each:6.1f} ms each   host {resident_mb('self'):6.1f} MB", flush=True)
        started = time.perf_counter()
        answers = await asyncio.gather(*(runtime.eval("mine + 1") for runtime in runtimes))
        assert answers == [2] * count
        print(f"   all answered in {(time.perf_counter() - started) * 1000:.0f} ms")
        sandboxes = descendants(os.getpid())[1:]
        print(f"   {sum(map(proportional_mb, sandboxes)) / len(sandboxes):.1f} MB each (PSS)")


async def one_runtime(calls: int) -> None:
    """One runtime that answers many evals and makes many tool calls."""
    print(f"{calls} evals, then {calls} tool calls, in one runtime")
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings={"tools": {"next": lambda n: n + 1}}, memory_limit_mb=128) as runtime,
    ):
        sandbox = descendants(os.getpid())[-1]
        await runtime.eval("globalThis.call = async (n) => { for (let i = 0; i < n; i++) await next(i); }")
        tenth = max(1, calls // 10)
        for kind in ("evals", "tool calls"):
            for done in range(tenth, calls + 1, tenth):
                started = time.perf_counter()
                if kind == "evals":
                    for number in range(done - tenth, done):
                        assert await runtime.eval(f"{number} + 1") == number + 1
                else:
                    await runtime.eval(f"await call({tenth})")
                each = (time.perf_counter() - started) / tenth * 1e6
                print(
                    f"{done:8} {kind:10} {each:6.1f} us each   sandbox {resident_mb(sandbox):6.1f} MB"
                    f"   host {resident_mb('self'):6.1f} MB",
                    flush=True,
                )


async def main(options: argparse.Namespace) -> int:
    async with isolatejs.create_isolate_host(pool_size=0) as host, host.create_runtime() as runtime:
        await runtime.eval("1")  # what is loaded once is no growth
    before = left_behind()
    await many_runtimes(options.runtimes, options.alive)
    if options.at_once:
        await all_at_once(options.at_once)
    await one_runtime(options.calls)
    after = left_behind()
    left = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    print(f"left behind: {left or 'nothing'}")
    return 1 if left else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Many runtimes, and one that is used often.")
    parser.add_argument("--runtimes", type=int, default=1_000)
    parser.add_argument("--alive", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=0, help="so many alive together (16 MB each)")
    parser.add_argument("--calls", type=int, default=100_000)
    sys.exit(asyncio.run(main(parser.parse_args())))
