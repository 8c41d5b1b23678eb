"""jsrun: V8 in the Python process, without a sandbox."""

from __future__ import annotations

import time

import jsrun

SANDBOXED = False


async def new_runtime() -> float:
    started = time.perf_counter()
    with jsrun.Runtime() as runtime:
        runtime.eval("1 + 1")
        return time.perf_counter() - started


async def evals(count: int) -> float:
    with jsrun.Runtime() as runtime:
        runtime.eval("1 + 1")
        started = time.perf_counter()
        for _ in range(count):
            runtime.eval("1 + 1")
        return (time.perf_counter() - started) / count


async def tool_calls(count: int) -> float:
    async def add(a: int, b: int) -> int:
        return a + b

    with jsrun.Runtime() as runtime:
        runtime.bind_function("add", add)
        code = f"(async () => {{ let n = 0; for (let i = 0; i < {count}; i++) n = await add(n, 1); return n }})()"
        started = time.perf_counter()
        await runtime.eval_async(code)
        return (time.perf_counter() - started) / count
