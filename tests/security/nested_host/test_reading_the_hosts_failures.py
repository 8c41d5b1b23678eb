"""A program that makes the host's own machinery fail, or meets it failing, and reads what it is told."""

from __future__ import annotations

import logging

import pytest

import isolatejs
from isolatejs.sandbox import pool

IMPORT = 'import { createIsolateHost } from "isolatejs"; const nested = createIsolateHost();\n'


async def test_a_sandbox_that_cannot_start_names_nothing_of_the_host(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel refuses an argument of 128 kB when all of the wall stands, deep in the launcher's code."""
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings={"tools": {"open": lambda: host.create_runtime()}}) as runtime,
    ):
        await runtime.eval("0")
        argv = pool.engine_argv
        monkeypatch.setattr(
            pool, "engine_argv", lambda *args, **named: [*argv(*args, **named), "x" * 140_000]
        )
        code = """
        const told = [];
        for (const attempt of [
          () => nested.createRuntime(),
          () => nested.createTestRuntime(),
          () => nested.getNamespacedRuntime("k"),
          () => open(),
        ]) {
          try { await attempt() } catch (e) { told.push([e.name, e.message]) }
        }
        told
        """
        with caplog.at_level(logging.WARNING, "isolatejs"):
            told = await runtime.eval(IMPORT + code)
        assert told == [["SandboxStartError", "The host could not do this"]] * 4
        assert "child.py" in caplog.text
        with pytest.raises(isolatejs.SandboxStartError, match="Argument list too long"):
            await host.create_runtime()
