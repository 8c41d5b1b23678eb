"""Cold start: the bare engine against a sandbox with every layer of the wall, in turns, on this machine.

    python benchmarks/bench_cold_start.py [--rounds 30] [--parallel 4] [--json]

Both run the same echo program and count from the request to the first echoed byte. The bare engine has the
same options and a clean environment, but no wall; "as shipped" is the engine with a cache directory of its
own, as anyone would start it. Also: leases from a warm pool, starts and ends a second, memory at rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from isolatejs.sandbox.engine import V8_FLAGS, engine_argv, find_engine
from isolatejs.sandbox.launcher.settings import ENVIRONMENT
from isolatejs.sandbox.pool import EmbeddedPool

ECHO = """const b = new Uint8Array(64);
for (;;) {
  const n = await Deno.stdin.read(b);
  if (n === null) break;
  Deno.stdout.writeSync(b.subarray(0, n));
}
"""


def start_bare(argv: list[str], environment: dict[str, str]) -> float:
    """Milliseconds from the start of a process without a wall to its first echo."""
    ours, theirs = socket.socketpair()
    began = time.perf_counter()
    with ours, theirs:
        process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, env=environment, cwd="/")
        ours.sendall(b"x")
        assert ours.recv(1) == b"x"
        took = (time.perf_counter() - began) * 1000
        process.kill()
        process.wait()
    return took


async def echo(pool: EmbeddedPool, memory_limit_bytes: int | None = 128 << 20) -> tuple[float, float]:
    """Milliseconds until the lease, and until the first echo."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    sandbox = await pool.lease(memory_limit_bytes=memory_limit_bytes)
    leased = time.perf_counter()
    await loop.sock_sendall(sandbox.channel_socket, b"x")
    assert await loop.sock_recv(sandbox.channel_socket, 1) == b"x"
    echoed = time.perf_counter()
    await sandbox.aclose()
    return (leased - began) * 1000, (echoed - began) * 1000


async def measure(image: Path, rounds: int, parallel: int) -> dict[str, float]:
    """All figures, medians."""
    engine = find_engine()
    bare_argv = engine_argv(engine.path, str(image), sync_replies="/dev/null")
    shipped_argv = [
        item for item in bare_argv if item not in ("--no-code-cache", "--v8-flags=" + ",".join(V8_FLAGS))
    ]
    bare, shipped, cold = [], [], []
    async with EmbeddedPool(pool_size=0, image_directory=image) as pool:
        await echo(pool)
        for _ in range(rounds):
            bare.append(await asyncio.to_thread(start_bare, bare_argv, ENVIRONMENT))
            with tempfile.TemporaryDirectory() as cache:
                environment = {**ENVIRONMENT, "DENO_DIR": cache}
                shipped.append(await asyncio.to_thread(start_bare, shipped_argv, environment))
            cold.append((await echo(pool))[1])
        throughput = await measure_throughput(pool, parallel)
        memory = await measure_memory(pool)
    warm = await measure_warm(image, rounds)
    figures = {
        "bare engine, ms": statistics.median(bare),
        "bare engine as shipped, ms": statistics.median(shipped),
        "sandbox, all layers, ms": statistics.median(cold),
        "lease from a warm pool, us": warm * 1000,
        f"starts and ends a second, {parallel} at a time": throughput,
        "PSS of an idle sandbox, 20 alive, MB": memory,
    }
    figures["ratio to the bare engine"] = figures["sandbox, all layers, ms"] / figures["bare engine, ms"]
    figures["ratio to the engine as shipped"] = (
        figures["sandbox, all layers, ms"] / figures["bare engine as shipped, ms"]
    )
    return figures


async def measure_throughput(pool: EmbeddedPool, parallel: int) -> float:
    """Sandboxes started, used and ended a second."""
    gate = asyncio.Semaphore(parallel)

    async def one() -> None:
        async with gate:
            await echo(pool)

    rates = []
    for _ in range(3):
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(100)))
        rates.append(100 / (time.perf_counter() - began))
    return statistics.median(rates)


async def measure_memory(pool: EmbeddedPool) -> float:
    """Mean PSS of 20 sandboxes that have answered once."""
    loop = asyncio.get_running_loop()
    sandboxes = [await pool.lease(memory_limit_bytes=128 << 20) for _ in range(20)]
    try:
        for sandbox in sandboxes:
            await loop.sock_sendall(sandbox.channel_socket, b"x")
            await loop.sock_recv(sandbox.channel_socket, 1)
        return statistics.mean(read_pss(sandbox.pid) for sandbox in sandboxes)
    finally:
        await asyncio.gather(*(sandbox.aclose() for sandbox in sandboxes))


def read_pss(pid: int) -> float:
    lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


async def measure_warm(image: Path, rounds: int) -> float:
    """Milliseconds of a lease that finds a warm sandbox."""
    samples = []
    async with EmbeddedPool(pool_size=1, image_directory=image) as pool:
        for _ in range(rounds):
            while pool.statistics()["warm"] < 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            samples.append((await echo(pool))[0])
    return statistics.median(samples)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "guest" / "main.js"
        program.parent.mkdir()
        program.write_text(ECHO)
        figures = asyncio.run(measure(Path(directory), options.rounds, options.parallel))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:48} {value:8.2f}")


if __name__ == "__main__":
    main()
