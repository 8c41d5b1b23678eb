"""A program uses the module capability to fill the host's memory or keep it busy."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING

import pytest

from isolatejs import GuestError, IsolateHost, create_isolate_host, create_module_resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


async def test_a_flood_of_large_modules_that_nobody_reads(host: IsolateHost, tmp_path: Path) -> None:
    """2,000 imports of 4 MB at once, by a program that then stops reading: the host keeps a few of them."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p/big.txt").write_bytes(b"x" * 4_000_000)
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with host.create_runtime(bindings={"modules": modules}, memory_limit_mb=1024) as runtime:
        program = """
            for (let i = 0; i < 2000; i++) import(`p/big.txt?${i}`).catch(() => {});
            await Promise.resolve();
            setTimeout(() => { for (;;); }, 20);
            await new Promise(() => {})"""
        with pytest.raises(Exception, match=r"execution_timeout_ms|memory_limit_mb"):
            await runtime.eval(program, execution_timeout_ms=2_000)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 400


async def test_query_strings_without_end(host: IsolateHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isolatejs.capabilities.modules.host.MODULES_LIMIT", 100)
    modules = create_module_resolver().virtual("/m.js", "export default 1")
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        with pytest.raises(GuestError, match="more than 100 modules"):
            await runtime.eval("for (let i = 0; i < 200; i++) await import(`/m.js?${i}`)")
        assert await runtime.eval("1 + 1") == 2


async def test_slow_loaders_hold_up_nothing_else(host: IsolateHost) -> None:
    """Loaders that never answer: other calls go on, and the end of the runtime ends them."""
    waiting = 0

    async def load(path: str) -> str:
        nonlocal waiting
        waiting += 1
        try:
            await asyncio.Event().wait()
        finally:
            waiting -= 1
        return ""

    modules = create_module_resolver().fallback(load)
    bindings = {"modules": modules, "tools": {"ping": lambda: "pong"}}
    async with host.create_runtime(bindings=bindings) as runtime:
        program = "for (let i = 0; i < 500; i++) import(`x${i}`).catch(() => {}); await ping()"
        assert await runtime.eval(program) == "pong"
        assert waiting <= 32
    assert waiting == 0


async def test_transpiling_hostile_sources(host: IsolateHost) -> None:
    """Sources that make a compiler sweat end as errors, in time, and the host goes on."""
    hostile = [
        "<a>" * 20_000,
        "const x = <a " + "b={[" * 2_000,
        "@d class A {} ; " + "(" * 5_000,
        "<p>{`" + "${" * 3_000,
        "enum E {" + "a = b." * 5_000,
        "\ud800<p/>".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ]
    async with host.create_runtime() as runtime:
        for source in hostile:
            with pytest.raises(GuestError):
                await runtime.eval(source, filename="/x.tsx", execution_timeout_ms=30_000)
        assert await runtime.eval("1 + 1") == 2
