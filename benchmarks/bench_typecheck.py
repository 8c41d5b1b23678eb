"""Typechecking: the warm checker beside `deno check`, new configurations, modules, and typed tool calls.

    python benchmarks/bench_typecheck.py [--json] [--rounds 3] [--checks 40]

`deno check` gets the same program, declarations and options, offline with a warm cache. Figures are medians
of the rounds, in milliseconds unless the name says otherwise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from isolatejs import typecheck
from isolatejs.capabilities.tools.signatures import inspect_tool
from isolatejs.sandbox.engine import find_engine
from isolatejs.typechecking.profiles import get_type_profile
from isolatejs.typechecking.standalone import close_checkers, standalone_checks

PROGRAM = """
interface Order { id: string; total: number; lines: { sku: string; count: number }[] }
const response = await fetch("https://example.com/orders");
const orders: Order[] = await response.json();
const totals = new Map<string, number>();
for (const order of orders) {
  for (const line of order.lines) totals.set(line.sku, (totals.get(line.sku) ?? 0) + line.count);
}
const top = [...totals].sort(([, a], [, b]) => b - a).slice(0, 10);
console.log(top.map(([sku, count]) => `${sku}: ${count}`).join("\\n"));
const seen%d: number = top.length;
"""


class User(msgspec.Struct):
    name: str
    age: int
    tags: list[str] = []


def greet(user: User, times: int = 1) -> list[User]:
    """Greet somebody."""
    return [user] * times


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def check(code: str, *, tenant: str | None = "benchmark", **options: Any) -> None:
    result = typecheck(code, tenant=tenant, **options)
    if not result.success:
        raise SystemExit(f"the benchmark's program does not typecheck: {result.errors[0]}")


def measure(checks: int) -> dict[str, float]:
    close_checkers()
    figures = {"first check of all": milliseconds(lambda: check(PROGRAM % 0))}
    time.sleep(2)  # until the next one is ready
    figures["first check of another tenant"] = milliseconds(lambda: check(PROGRAM % 0, tenant=None))
    warm = [milliseconds(lambda n=n: check(PROGRAM % n)) for n in range(1, checks + 1)]  # type: ignore[misc]
    figures["warm check, median"] = statistics.median(warm)
    figures["warm check, worst"] = max(warm)
    figures["the same program again"] = statistics.median(
        milliseconds(lambda: check(PROGRAM % 1)) for _ in range(9)
    )
    new = [
        milliseconds(
            lambda n=n: check("await greet({ name: 'a', age: 1 })", tools={"greet": greet, f"t{n}": greet})
        )  # type: ignore[misc]
        for n in range(5)
    ]
    figures["new configuration (another set of tools)"] = statistics.median(new)
    modules = {
        "@/env": "export const mode = 'x';",
        "/lib.ts": "import { mode } from '@/env'; export const l = mode;",
    }
    from isolatejs.capabilities.modules.bindings import as_module_resolver

    resolver = as_module_resolver(modules)
    code = "import { l } from '/lib.ts'; l.length;"
    check(code, modules=resolver)
    figures["warm check with virtual modules"] = statistics.median(
        milliseconds(lambda n=n: check(f"{code} // {n}", modules=resolver))  # type: ignore[misc]
        for n in range(9)
    )
    pid = standalone_checks()._tenants["benchmark"].pid
    status = Path(f"/proc/{pid}/status").read_text()
    figures["checker's resident memory, MB"] = int(status.split("VmRSS:")[1].split()[0]) / 1024
    figures["deno check"] = deno_check()
    signature = inspect_tool(greet)
    argument = [{"name": "Ada", "age": 36, "tags": ["a", "b"]}, 2]
    calls = 20_000
    figures["binding and validating a tool's arguments, µs"] = (
        milliseconds(lambda: [signature.bind(argument) for _ in range(calls)]) / calls * 1000
    )
    result = greet(User("Ada", 36), 2)
    figures["validating a tool's result, µs"] = (
        milliseconds(lambda: [signature.check_result(result) for _ in range(calls)]) / calls * 1000
    )
    return figures


def deno_check() -> float:
    """The same program through a process of its own each time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = {"lib": ["esnext"], "types": ["./globals.d.ts"], "noImplicitAny": False}
        (folder / "deno.json").write_text(json.dumps({"compilerOptions": options}))
        (folder / "globals.d.ts").write_text(get_type_profile().text_with_node)
        timings = []
        for n in range(4):
            (folder / "main.ts").write_text(PROGRAM % n)
            command = [find_engine().path, "check", "--no-lock", "--no-remote", "-q", "main.ts"]
            environment = {"DENO_DIR": name + "/cache", "NO_COLOR": "1"}
            timings.append(
                milliseconds(lambda: subprocess.run(command, cwd=folder, env=environment, check=True))  # noqa: B023
            )
    return statistics.median(timings[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checks", type=int, default=40)
    arguments = parser.parse_args()
    rounds = [measure(arguments.checks) for _ in range(arguments.rounds)]
    figures = {name: round(statistics.median(found[name] for found in rounds), 2) for name in rounds[0]}
    if arguments.json:
        json.dump(figures, sys.stdout)
        return
    for name, value in figures.items():
        print(f"{name:48} {value:10.2f}")


if __name__ == "__main__":
    main()
