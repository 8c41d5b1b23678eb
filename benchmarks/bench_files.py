"""Files: 10 MB read and written in each way that a program has, small operations, 1 GB in constant memory.

    python benchmarks/bench_files.py [--rounds N] [--skip-large]

Prints one JSON object: medians in milliseconds, and for the large files seconds and the growth of the host.
The bare copy is what Python itself needs for the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import isolatejs

MB = 1_000_000
PROGRAMS = {
    "read 10 MB, getFile().arrayBuffer()": "await (await file.getFile()).arrayBuffer()",
    "read 10 MB, getFile().stream()": "for await (const _ of (await file.getFile()).stream());",
    "write 10 MB, createWritable()": """
        const w = await out.createWritable();
        await w.write(data);
        await w.close();""",
    "read 10 MB, fs.promises.readFile": 'await fs.promises.readFile("/ten")',
    "write 10 MB, fs.promises.writeFile": 'await fs.promises.writeFile("/out", data)',
    "read 10 MB, fs.readFileSync": 'fs.readFileSync("/ten")',
    "write 10 MB, fs.writeFileSync": 'fs.writeFileSync("/out", data)',
    "stat, one after another": 'await fs.promises.stat("/ten")',
    "statSync, one after another": 'fs.statSync("/ten")',
    "read 1 KB, one after another": 'await fs.promises.readFile("/small")',
    "write 1 KB, one after another": 'await fs.promises.writeFile("/out", small)',
}
LARGE = {
    "write 1 GB, createWritable()": """
        const w = await (await root.getFileHandle("giga", { create: true })).createWritable();
        for (let i = 0; i < 1024; i++) await w.write(mega);
        await w.close();""",
    "read 1 GB, getFile().stream()": """
        let size = 0;
        for await (const c of (await (await root.getFileHandle("giga")).getFile()).stream()) size += c.length;
        if (size !== 2 ** 30) throw new Error(`${size} bytes`);""",
}
PRELUDE = """
    import fs from "node:fs";
    const root = await getDirectory("/");
    const file = await root.getFileHandle("ten"), out = await root.getFileHandle("out", { create: true });
    const data = new Uint8Array(10e6).fill(7), small = data.subarray(0, 1000), mega = new Uint8Array(1 << 20);
"""


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def bare_copy(root: Path, rounds: int) -> dict[str, float]:
    """The same file through Python alone."""
    times: dict[str, list[float]] = {"bare Python, read 10 MB": [], "bare Python, write 10 MB": []}
    data = bytes(10 * MB)
    for _ in range(rounds):
        begin = time.perf_counter()
        (root / "ten").read_bytes()
        times["bare Python, read 10 MB"].append(time.perf_counter() - begin)
        begin = time.perf_counter()
        (root / "bare").write_bytes(data)
        times["bare Python, write 10 MB"].append(time.perf_counter() - begin)
    return {name: round(statistics.median(each) * 1000, 3) for name, each in times.items()}


async def measure(runtime: isolatejs.ScriptRuntime, body: str, rounds: int) -> float:
    """Median milliseconds of the body, measured in the program."""
    times = await runtime.eval(
        f"""{PRELUDE}
        const times = [];
        for (let round = 0; round < {rounds}; round++) {{
          const begin = performance.now();
          {{ {body} }}
          times.push(performance.now() - begin);
        }}
        times
        """
    )
    return round(statistics.median(times), 3)


async def main(rounds: int, large: bool) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "ten").write_bytes(bytes(10 * MB))
        (root / "small").write_bytes(bytes(1000))
        results.update(bare_copy(root, rounds))
        files = isolatejs.create_file_bindings(root, allow_write=True)
        async with isolatejs.create_isolate_host() as host:
            for name, body in PROGRAMS.items():
                async with host.create_runtime(bindings={"files": files}) as runtime:
                    await measure(runtime, body, 2)
                    often = 200 if "one after another" in name else rounds
                    results[name] = await measure(runtime, body, often)
            if large:
                async with host.create_runtime(bindings={"files": files}) as runtime:
                    for name, body in LARGE.items():
                        before = resident_mb()
                        begin = time.perf_counter()
                        await runtime.eval(PRELUDE + body)
                        grown = max(0.0, resident_mb() - before)
                        seconds = time.perf_counter() - begin
                        results[name] = {"seconds": round(seconds, 2), "host_grew_mb": round(grown, 1)}
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--skip-large", action="store_true")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(main(options.rounds, not options.skip_large)), indent=1))
