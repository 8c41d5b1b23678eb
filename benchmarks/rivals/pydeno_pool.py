"""pydeno: a pool of sandboxed worker processes."""

from __future__ import annotations

import time

from pydeno import AsyncPydeno

SANDBOXED = True


async def new_runtime() -> float:
    async with AsyncPydeno() as pool:
        async with pool.checkout() as session:
            await session.feed_run("1 + 1")
        started = time.perf_counter()
        async with pool.checkout() as session:
            await session.feed_run("1 + 1")
            return time.perf_counter() - started


async def evals(count: int) -> float:
    async with AsyncPydeno() as pool, pool.checkout() as session:
        await session.feed_run("1 + 1")
        started = time.perf_counter()
        for _ in range(count):
            await session.feed_run("1 + 1")
        return (time.perf_counter() - started) / count


async def tool_calls(count: int) -> float:
    count = min(count, 900)  # its budget of calls in one session
    code = f"let n = 0; for (let i = 0; i < {count}; i++) n = await add(n, 1); n"
    async with AsyncPydeno() as pool, pool.checkout() as session:
        started = time.perf_counter()
        await session.feed_run(code, external_lookup={"add": lambda a, b: a + b})
        return (time.perf_counter() - started) / count
