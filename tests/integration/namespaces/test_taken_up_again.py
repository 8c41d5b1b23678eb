"""What a session that is taken up again says of itself."""

from __future__ import annotations

import pytest

import isolatejs


async def test_the_working_directory_is_the_new_one_everywhere(host: isolatejs.IsolateHost) -> None:
    code = """
    import path from "node:path";
    import fs from "node:fs";
    [process.cwd(), path.resolve("x"), fs.readdirSync(".")]
    """
    files = isolatejs.MemoryFiles({"/one/a.txt": b"", "/two/b.txt": b""})
    async with host.get_namespaced_runtime("cwd", bindings={"files": files}, cwd="/one") as session:
        assert await session.eval(code) == ["/one", "/one/x", ["a.txt"]]
    async with host.get_namespaced_runtime("cwd", bindings={"files": files}, cwd="/two") as session:
        assert await session.eval("process.cwd()") == "/two"
        assert await session.eval(code) == ["/two", "/two/x", ["b.txt"]]
    await host.dispose_namespace("cwd")


async def test_diagnostics_say_whether_it_was_reused(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("again") as session:
        facts = await session.diagnostics()
        assert facts["reused"] is False
        assert facts["pending_fetches"] == facts["pending_modules"] == 0
    async with host.get_namespaced_runtime("again") as session:
        assert (await session.diagnostics())["reused"] is True
    await host.dispose_namespace("again")


async def test_the_reason_of_a_soft_dispose_is_told(host: isolatejs.IsolateHost) -> None:
    session = await host.get_namespaced_runtime("why")
    await session.dispose(reason="until tomorrow")
    with pytest.raises(isolatejs.RuntimeDisposedError, match="until tomorrow"):
        await session.eval("1")
    await host.dispose_namespace("why")
