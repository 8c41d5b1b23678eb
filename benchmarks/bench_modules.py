"""Modules: real npm packages imported cold, programs in their languages; medians of several runtimes.

    python benchmarks/bench_modules.py [--rounds 7] [--json]

Every import is the first one of a fresh runtime that has run one small program. "host warm" has the package
in the host's cache of files, as the second runtime of a host does; "host cold" reads it from disk. "fastest tenth"
and "processor" (time of host and sandbox together) are of the cold imports. The rival is the engine itself,
unsandboxed, importing the same folder: a process with a warm compile cache of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration" / "modules"))

from npm import install_packages

from isolatejs import create_isolate_host, create_module_resolver
from isolatejs.capabilities.modules import host as modules_host
from isolatejs.capabilities.modules.source_cache import SourceCache
from isolatejs.sandbox.engine import find_engine

PACKAGES = ["react-dom/server", "zod", "hono", "lodash", "date-fns", "mathjs", "openai", "typescript"]
PROGRAMS = {
    "one line with an import, again and again": ("import { join } from 'node:path'; join('a', '{n}')", 300),
    "TypeScript program": (
        "interface A { a: number }\nconst x: A = { a: {n} };\nimport 'node:path'; x.a",
        300,
    ),
    "TypeScript with an enum": ("enum E { A = {n} }\nE.A", 100),
    "TSX, new each time": ("const jsx = 1; export default {n}; (() => <p>{n}</p>)", 10),
}


def ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


async def import_once(host: Any, resolver: Any, package: str) -> tuple[float, float]:
    """Milliseconds of the first import of a package in a fresh runtime: on the clock, and of processor time."""
    async with host.create_runtime(bindings={"modules": resolver}, memory_limit_mb=512) as runtime:
        await runtime.eval("import 'node:path'; 1")
        await asyncio.sleep(0.02)  # what the first program left to do is not the import's
        ran = processor_ms(runtime)
        began = time.perf_counter()
        await runtime.eval(f"import * as all from {package!r}; typeof all")
        took = ms(began)
        await asyncio.sleep(0.02)  # the kernel counts what a process ran when it goes to sleep
        return took, processor_ms(runtime) - ran


def processor_ms(runtime: Any) -> float:
    """Processor time so far of this process and of a runtime's sandbox with all its threads."""
    tasks = Path(f"/proc/{runtime._live.sandbox.pid}/task").iterdir()
    ran_ns = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    return time.process_time() * 1000 + ran_ns / 1e6


def import_bare(engine: str, folder: Path, package: str, cache: str) -> float:
    """Milliseconds that the bare engine says the same import takes."""
    program = (
        f"const t = performance.now(); await import('npm:{package}'); console.log(performance.now() - t)"
    )
    file = folder / "bench.mjs"
    file.write_text(program.replace("npm:", ""))
    done = subprocess.run(
        [engine, "run", "-A", "--no-lock", "--node-modules-dir=manual", str(file)],
        capture_output=True, text=True, cwd=folder, check=True, env={"DENO_DIR": cache, "HOME": cache},
    )  # fmt: skip
    return float(done.stdout)


async def measure(rounds: int) -> dict[str, Any]:
    """All figures in milliseconds, medians."""
    folder = install_packages("hoisted")
    figures: dict[str, Any] = {}
    resolver = create_module_resolver().mount_node_modules("/node_modules", folder)
    resolver.virtual("react/jsx-runtime", "export const jsx = () => 1")
    with tempfile.TemporaryDirectory() as cache:
        async with create_isolate_host(pool_size=2) as host:
            for package in PACKAGES:
                cold, processor, warm, bare = [], [], [], []
                for _ in range(rounds):
                    modules_host._cache = SourceCache()
                    took, ran = await import_once(host, resolver, package)
                    cold.append(took)
                    processor.append(ran)
                    warm.append((await import_once(host, resolver, package))[0])
                    bare.append(import_bare(find_engine().path, folder.parent, package, cache))
                figures[f"import {package}"] = {
                    "host cold": statistics.median(cold),
                    "fastest tenth": sorted(cold)[len(cold) // 10],
                    "processor": statistics.median(processor),
                    "host warm": statistics.median(warm),
                    "bare engine": statistics.median(bare),
                }
            async with host.create_runtime(bindings={"modules": resolver}) as runtime:
                for name, (program, count) in PROGRAMS.items():
                    filename = "/p.tsx" if name.startswith("TSX") else "/p.ts"
                    await runtime.eval(program.replace("{n}", "0"), filename)
                    took = []
                    for n in range(1, count + 1):
                        began = time.perf_counter()
                        await runtime.eval(program.replace("{n}", str(n)), filename)
                        took.append(ms(began))
                    figures[name] = {"each": statistics.median(took)}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.rounds))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, columns in figures.items():
        print(f"{name:<42}", "  ".join(f"{column} {value:8.2f} ms" for column, value in columns.items()))


if __name__ == "__main__":
    main()
