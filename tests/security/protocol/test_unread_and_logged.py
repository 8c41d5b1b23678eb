"""Programs that let the host hold what nobody reads, or write what nobody wants to read."""

from __future__ import annotations

import logging
import tracemalloc
from typing import Any

import pytest

from isolatejs import IsolateHost
from isolatejs.limits import MIB, PROGRAM_LOG_LIMIT_LINES


async def test_bodies_that_a_tool_does_not_read(host: IsolateHost) -> None:
    """Hundreds of responses with a megabyte each: nothing of them is sent."""
    held: list[Any] = []
    program = """
        const body = () => new ReadableStream({
            pull(controller) { controller.enqueue(new Uint8Array(1e6)); },
        }, { highWaterMark: 0 });
        for (let i = 0; i < 500; i++) await keep(new Response(body()));
    """
    async with await host.create_runtime(bindings={"tools": {"keep": held.append}}) as runtime:
        tracemalloc.start()
        try:
            await runtime.eval(program)
            assert tracemalloc.get_traced_memory()[1] < 16 * MIB
        finally:
            tracemalloc.stop()
        assert len(held) == 500
        async for chunk in held[-1].body:
            assert len(chunk) > 0  # one that is read moves
            break


async def test_rejections_that_nobody_handles_flood_the_log(
    host: IsolateHost, caplog: pytest.LogCaptureFixture
) -> None:
    program = "for (let i = 0; i < 3_000; i++) setTimeout(() => { throw new Error('x'.repeat(2000)); }, 0); 1"
    caplog.set_level(logging.INFO)
    async with await host.create_runtime() as runtime:
        await runtime.eval(program)
        await runtime.wait_idle()
        last = (await runtime.diagnostics())["last_error"]
    assert last is not None
    assert len(last) <= 10_000
    lines = [record for record in caplog.records if "unhandled" in record.getMessage()]
    assert 0 < len(lines) <= PROGRAM_LOG_LIMIT_LINES
    assert sum(len(record.getMessage()) for record in caplog.records) < 4 * MIB


async def test_an_error_of_a_child_that_its_program_catches(
    host: IsolateHost, caplog: pytest.LogCaptureFixture
) -> None:
    """What a program deals with itself is no line in the embedder's log."""
    program = """
        import { createIsolateHost } from "@ricsam/isolate";
        const child = await createIsolateHost().createRuntime({});
        let caught = 0;
        for (let i = 0; i < 20; i++) {
            try { await child.eval("throw new Error('inner')"); } catch { caught++; }
        }
        await child.dispose();
        export default caught;
    """
    caplog.set_level(logging.WARNING, "isolatejs")
    async with host.create_runtime(nested_host={"max_runtimes": 2}) as runtime:
        assert await runtime.eval(program) == 20
    assert [record.getMessage() for record in caplog.records] == []
