"""Everything that a program can pile up ends as `memory`, in time, and disturbs nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import end_of, evaluate, leased

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import ExitReport, Sandbox

MIB = 1 << 20
LIMIT_BYTES = 64 * MIB
OVERSHOOT_BYTES = 64 * MIB

BOMBS = {
    "array": "const a = []; for (;;) a.push(1, 2, 3, 4)",
    "objects": "const a = []; for (;;) a.push({ a: 1, b: [1] })",
    "Map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, i)",
    "Set of strings": "const s = new Set(); for (let i = 0; ; i++) s.add('k' + i)",
    "strings": "const a = []; for (let i = 0; ; i++) a.push('abc'.repeat(10000) + i)",
    "ArrayBuffer untouched": "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))",
    "ArrayBuffer caught": "const a = []; for (;;) { try { a.push(new ArrayBuffer(1 << 20)) } catch {} }",
    "Uint8Array": "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))",
    "SharedArrayBuffer": "const a = []; for (;;) a.push(new Uint8Array(new SharedArrayBuffer(1e6)).fill(1))",
    "Blob": "const a = []; for (;;) a.push(new Blob([new Uint8Array(1 << 20).fill(1)]))",
    "WebAssembly.Memory": """const a = []; for (;;) {
        const m = new WebAssembly.Memory({ initial: 100 }); new Uint8Array(m.buffer).fill(1); a.push(m) }""",
    "WebAssembly.Memory.grow": "const m = new WebAssembly.Memory({ initial: 1 }); for (;;) m.grow(100)",
    "structuredClone": """const o = { a: 'x'.repeat(1e5) }, a = [];
        for (;;) a.push(structuredClone(o), structuredClone(new Uint8Array(1e5)))""",
    "timers": "for (;;) setTimeout(() => {}, 1e6)",
    "promises": "const a = []; for (;;) a.push(new Promise(() => {}))",
    "encoded text": "const a = []; for (;;) a.push(new TextEncoder().encode('x'.repeat(1e6)))",
    "functions": "const a = []; for (let i = 0; ; i++) a.push(new Function('return ' + i))",
    "streams": """const a = []; for (;;) {
        const c = new CompressionStream('gzip'), w = c.writable.getWriter();
        w.write(new Uint8Array(1e5)); a.push(c, w) }""",
    "growing while it yields": """(async () => { const a = []; for (;;) {
        a.push(new Array(1000).fill(1)); await null } })()""",
}


async def detonate(sandbox: Sandbox, code: str, *, wake: bool = True) -> ExitReport:
    """Run a bomb as the host runs programs: it wakes the watchdog, and asks it when an allocation failed."""
    if wake:
        sandbox.wake_watchdog()
    answer = await evaluate(sandbox, code)
    assert answer == "" or "alloc" in answer or "grow" in answer, answer
    if answer:
        assert await sandbox.check_memory()
    return await end_of(sandbox)


@pytest.mark.parametrize("code", BOMBS.values(), ids=BOMBS.keys())
async def test_a_bomb_ends_as_memory_within_its_limit(pool: EmbeddedPool, code: str) -> None:
    loop = asyncio.get_running_loop()
    async with leased(pool) as sibling, leased(pool, LIMIT_BYTES) as sandbox:
        began = loop.time()
        report = await detonate(sandbox, code)
        assert report.reason == "memory", report
        assert loop.time() - began < 18  # 2 s on a quiet machine; benchmarks measure it
        assert report.peak_memory_bytes is not None
        assert report.peak_memory_bytes <= LIMIT_BYTES + OVERSHOOT_BYTES
        assert await evaluate(sibling, "'untouched'") == "untouched"


@pytest.mark.parametrize("name", ["array", "Map", "Uint8Array", "Blob"])
async def test_a_bomb_after_a_long_rest_stays_within_the_hard_limit(pool: EmbeddedPool, name: str) -> None:
    async with leased(pool, LIMIT_BYTES) as sandbox:
        await asyncio.sleep(1.5)  # the watchdog has become lazy
        report = await detonate(sandbox, BOMBS[name], wake=False)
        assert report.reason == "memory"
        assert report.peak_memory_bytes is not None
        assert report.peak_memory_bytes <= LIMIT_BYTES + OVERSHOOT_BYTES


async def test_a_buffer_beyond_the_limit_is_refused_and_the_program_goes_on(pool: EmbeddedPool) -> None:
    async with leased(pool, LIMIT_BYTES) as sandbox:
        answer = await evaluate(sandbox, "new ArrayBuffer(2 ** 34)")
        assert answer.startswith("threw RangeError")
        assert await sandbox.check_memory() is False
        assert await evaluate(sandbox, "1 + 1") == "2"


CHURNS = {
    "young objects": "let s = 0; for (let i = 0; i < 1e7; i++) { const o = { a: [i] }; s += o.a[0] } 'done'",
    "20 MB cache": """const m = new Map(); for (let i = 0; i < 1e6; i++) {
        m.set(i, { v: 'x' + i, a: [i, i, i, i] }); if (m.size > 1e5) m.delete(i - 1e5) } 'done'""",
    "buffers": "let n = 0; for (let i = 0; i < 1000; i++) n += new Uint8Array(1e6).fill(1).length; 'done'",
    "joined strings": """for (let k = 0; k < 10; k++) { const a = [];
        for (let i = 0; i < 2e5; i++) a.push('item' + i); a.join(',') } 'done'""",
}


@pytest.mark.parametrize("code", CHURNS.values(), ids=CHURNS.keys())
async def test_garbage_within_the_default_limit_is_no_bomb(pool: EmbeddedPool, code: str) -> None:
    async with leased(pool, 128 * MIB) as sandbox:
        assert await evaluate(sandbox, code) == "done"


async def test_a_flood_of_stderr_is_bounded_and_its_end_is_kept(pool: EmbeddedPool) -> None:
    async with leased(pool) as sibling, leased(pool) as sandbox:
        flood = "const end = Date.now() + 500; while (Date.now() < end) console.error('x'.repeat(1000))"
        await evaluate(sandbox, f"(() => {{ {flood} }})()")
        assert await evaluate(sibling, "1") == "1"
        await evaluate(sandbox, "console.error('the end'); Deno.exit(1)")
        report = await end_of(sandbox)
        assert len(report.stderr_tail) <= 16 * 1024
        assert report.stderr_tail.endswith("the end\n")


async def test_output_that_nobody_reads_blocks_only_the_writer(pool: EmbeddedPool) -> None:
    async with leased(pool) as sibling, leased(pool, LIMIT_BYTES) as sandbox:
        code = b"for (;;) Deno.stdout.writeSync(new Uint8Array(65536))"
        await asyncio.get_running_loop().sock_sendall(sandbox.channel_socket, code)
        assert await evaluate(sibling, "'untouched'") == "untouched"
        sandbox.kill()
        assert (await end_of(sandbox)).reason == "killed"
