"""mini-racer: V8 in the Python process, without web platform or sandbox."""

from __future__ import annotations

import time

from py_mini_racer import MiniRacer

SANDBOXED = False


async def new_runtime() -> float:
    started = time.perf_counter()
    context = MiniRacer()
    context.eval("1 + 1")
    elapsed = time.perf_counter() - started
    context.close()
    return elapsed


async def evals(count: int) -> float:
    context = MiniRacer()
    context.eval("1 + 1")
    started = time.perf_counter()
    for _ in range(count):
        context.eval("1 + 1")
    elapsed = (time.perf_counter() - started) / count
    context.close()
    return elapsed


async def tool_calls(count: int) -> float:
    async def add(a: int, b: int) -> int:
        return a + b

    context = MiniRacer()
    async with context.wrap_py_function(add) as function:
        context.eval("this.install = (f) => { globalThis.add = f }")
        context.eval("globalThis")["add"] = function
        code = f"(async () => {{ let n = 0; for (let i = 0; i < {count}; i++) n = await add(n, 1); return n }})()"
        started = time.perf_counter()
        await context.eval(code)
        elapsed = (time.perf_counter() - started) / count
    context.close()
    return elapsed
