"""An embedded host against a host with a daemon, in turns, on this machine.

    python benchmarks/bench_daemon.py [--rounds 200] [--json]

The daemon hands the sandbox's socket to the client, so that evaluations and tool calls cost the same; what
goes through it is the lease, and taking a session up again. "re-acquire" is `get_namespaced_runtime()` of a
parked session, "and first eval" until its first answer. Medians, and the fastest tenth for a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import isolatejs

BINDINGS = {"tools": {"double": lambda x: 2 * x}}


async def measure_round(host: isolatejs.IsolateHost, runtime: isolatejs.ScriptRuntime) -> dict[str, float]:
    """Milliseconds of each thing, once."""
    took = {}
    began = time.perf_counter()
    await runtime.eval("1")
    took["eval"] = time.perf_counter() - began

    began = time.perf_counter()
    await runtime.eval("await double(21)")
    took["eval with a tool call"] = time.perf_counter() - began

    began = time.perf_counter()
    session = await host.get_namespaced_runtime("bench", bindings=BINDINGS)
    took["re-acquire"] = time.perf_counter() - began
    await session.eval("1")
    took["re-acquire and first eval"] = time.perf_counter() - began

    began = time.perf_counter()
    await session.dispose()
    took["put aside"] = time.perf_counter() - began

    while await count_warm(host) < 1:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.005)
    began = time.perf_counter()
    fresh = await host.create_runtime(bindings=BINDINGS)
    took["new runtime from a warm pool"] = time.perf_counter() - began
    await fresh.dispose()
    return {name: seconds * 1000 for name, seconds in took.items()}


async def count_warm(host: isolatejs.IsolateHost) -> int:
    diagnostics = await host.diagnostics()
    return int(diagnostics["daemon"]["pool_warm"] if "daemon" in diagnostics else diagnostics["pool"]["warm"])


async def measure(socket_path: str, rounds: int) -> dict[str, dict[str, float]]:
    """For each thing: embedded and daemon, medians and fast tenths in ms, and their ratio."""
    samples: dict[str, list[dict[str, float]]] = {"embedded": [], "daemon": []}
    options = {"socket_path": socket_path, "auto_start": False}
    async with (
        isolatejs.create_isolate_host(pool_size=2) as embedded,
        isolatejs.create_isolate_host(daemon=options) as through_daemon,
    ):
        hosts = {"embedded": embedded, "daemon": through_daemon}
        runtimes = {name: await host.create_runtime(bindings=BINDINGS) for name, host in hosts.items()}
        gc.disable()
        for number in range(rounds + 5):
            for name, host in hosts.items():
                round_ = await measure_round(host, runtimes[name])
                if number >= 5:  # the first ones warm up
                    samples[name].append(round_)
            gc.collect()
    figures = {}
    for thing in samples["embedded"][0]:
        row = {}
        for name, rows in samples.items():
            values = sorted(row[thing] for row in rows)
            row[name] = statistics.median(values)
            row[f"{name}, fast tenth"] = values[len(values) // 10]
        row["ratio"] = row["daemon"] / row["embedded"]
        figures[thing] = row
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ijs-") as directory:
        path = f"{directory}/d.sock"
        daemon = subprocess.Popen([sys.executable, "-m", "isolatejs.daemon", "--socket", path])
        try:
            while not Path(path).exists():
                assert daemon.poll() is None, "the daemon ended"
                time.sleep(0.01)
            figures = asyncio.run(measure(path, options.rounds))
        finally:
            daemon.terminate()
            daemon.wait()
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for thing, row in figures.items():
        print(
            f"{thing:30} embedded {row['embedded']:7.3f} ms ({row['embedded, fast tenth']:.3f})   "
            f"daemon {row['daemon']:7.3f} ms ({row['daemon, fast tenth']:.3f})   ratio {row['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
