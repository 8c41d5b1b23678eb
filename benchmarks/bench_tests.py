"""The test framework against `deno test`, Vitest and Jest: 100 trivial tests in a file, and 100 files.

    python benchmarks/bench_tests.py [--rivals DIRECTORY] [--repeat N]

DIRECTORY is one where `npm install vitest jest` was run; without it, only isolatejs and `deno test` are
measured. Command lines are measured whole, from start to exit; in-process figures are of a warm host.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import isolatejs
from isolatejs.sandbox.engine import find_engine

TESTS = 100
FILES = 100
GLOBAL_TESTS = "\n".join(f'test("t{i}", () => {{ expect({i}).toBe({i}); }});' for i in range(TESTS))
DENO_TESTS = "\n".join(
    f'Deno.test("t{i}", () => {{ if ({i} !== {i}) throw new Error(); }});' for i in range(TESTS)
)
ONE_GLOBAL = 'test("one", () => { expect(1).toBe(1); });\n'
ONE_DENO = 'Deno.test("one", () => { if (1 !== 1) throw new Error(); });\n'


def milliseconds(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


async def in_process(repeat: int) -> dict[str, list[float]]:
    """A warm host: run in a runtime that ran before, and from creating the runtime to its disposal."""
    figures: dict[str, list[float]] = {"again": [], "with listener": [], "fresh runtime": []}
    async with isolatejs.create_isolate_host(pool_size=2) as host:
        async with host.create_test_runtime() as runtime:
            await runtime.run(GLOBAL_TESTS, filename="/a.test.js")
            for _ in range(repeat):
                begun = time.perf_counter()
                result = await runtime.run(GLOBAL_TESTS, filename="/a.test.js")
                figures["again"].append(milliseconds(begun))
                assert result.passed == TESTS
            off = runtime.test.on_event(lambda event: None)
            for _ in range(repeat):
                begun = time.perf_counter()
                await runtime.run(GLOBAL_TESTS, filename="/a.test.js")
                figures["with listener"].append(milliseconds(begun))
            off()
        for _ in range(repeat):
            await _wait_pool_full(host)
            begun = time.perf_counter()
            async with host.create_test_runtime() as runtime:
                await runtime.run(GLOBAL_TESTS, filename="/a.test.js")
                figures["fresh runtime"].append(milliseconds(begun))
    return figures


async def _wait_pool_full(host: isolatejs.IsolateHost) -> None:
    """Give the pool the time that it has between the requests of an application."""
    await asyncio.sleep(0.3)
    await host.diagnostics()


def command(arguments: list[str], cwd: Path, repeat: int) -> list[float]:
    figures = []
    for _ in range(repeat):
        begun = time.perf_counter()
        done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
        figures.append(milliseconds(begun))
        if done.returncode != 0:
            raise SystemExit(f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return figures


def write_project(root: Path, name: str, one: str, many: str) -> tuple[Path, Path]:
    """A directory with one file of many tests, and one with many files of one test."""
    single, several = root / f"{name}-one", root / f"{name}-many"
    for directory in (single, several):
        directory.mkdir()
    (single / "a.test.js").write_text(many)
    for i in range(FILES):
        (several / f"f{i}.test.js").write_text(one)
    return single, several


def commands(root: Path, rivals: Path | None) -> dict[str, tuple[list[str], Path, Path]]:
    ours = write_project(root, "isolatejs", ONE_GLOBAL, GLOBAL_TESTS)
    deno = write_project(root, "deno", ONE_DENO, DENO_TESTS)
    listed = {
        "isolatejs test": ([sys.executable, "-m", "isolatejs.cli.main", "test"], *ours),
        "deno test": ([find_engine().path, "test", "--no-config", "--no-lock", "--parallel", "-q"], *deno),
    }
    if rivals is None:
        return listed
    for name, arguments in (("vitest", ["run", "--globals"]), ("jest", ["--silent"])):
        program = rivals / "node_modules" / ".bin" / name
        if not program.exists():
            continue
        directories = write_project(rivals, f"bench-{name}", ONE_GLOBAL, GLOBAL_TESTS)
        for directory in directories:
            (directory / "package.json").write_text('{"name": "bench"}')
        listed[name] = ([str(program), *arguments], *directories)
    return listed


def show(label: str, figures: list[float]) -> None:
    print(
        f"{label:44} {statistics.median(figures):9.1f} ms   (min {min(figures):.1f}, max {max(figures):.1f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rivals", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    for label, figures in asyncio.run(in_process(max(options.repeat, 10))).items():
        show(f"{TESTS} tests, warm host, {label}", figures)
    with tempfile.TemporaryDirectory() as name:
        listed = commands(Path(name), options.rivals)
        try:
            for label, (arguments, single, several) in listed.items():
                show(f"{TESTS} tests, {label}", command(arguments, single, options.repeat))
                show(f"{FILES} files, {label}", command(arguments, several, max(1, options.repeat // 2)))
        finally:
            if options.rivals is not None:
                for directory in options.rivals.glob("bench-*"):
                    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
