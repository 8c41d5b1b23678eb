"""Engines without a launcher, as on systems other than Linux."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import isolatejs
from fakes.other_system import OtherSystem
from fakes.raw_guest import end_of, evaluate, raw_pool
from isolatejs.errors import ConfinementError
from isolatejs.sandbox import pool as pool_module
from isolatejs.sandbox.seatbelt import seatbelt_command

if TYPE_CHECKING:
    from isolatejs.sandbox.confinement import Confinement


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "sys", OtherSystem("freebsd"))


@pytest.mark.parametrize("mode", ["off", "best_effort"])
async def test_an_engine_runs_ends_and_leaves_nothing(mode: Confinement) -> None:
    pool = raw_pool(confinement=mode)
    await pool.start()
    sandbox = await pool.lease(memory_limit_bytes=64 << 20)
    directory = pool._client.place["image"]  # type: ignore[union-attr]
    assert await evaluate(sandbox, "40 + 2") == "42"
    assert not any(layer.held for layer in pool.confinement.layers)
    sandbox.kill()
    assert (await end_of(sandbox)).reason == "killed"
    sandbox.kill()
    await sandbox.aclose()
    run = await pool.run_engine(
        ["run", "--no-config", "-q", "/work/a.js"], {"a.js": b"console.log(7)"}, 20, None
    )
    assert run.stdout == b"7\n", run.stderr
    await pool.close()
    assert os.path.basename(os.path.dirname(directory)) not in os.listdir("/tmp")


async def test_synchronous_calls_are_answered() -> None:
    async with (
        isolatejs.create_isolate_host(confinement="off", pool_size=0) as host,
        host.create_runtime(bindings={"files": isolatejs.MemoryFiles({"/a.txt": b"text"})}) as runtime,
    ):
        assert await runtime.eval("(await import('node:fs')).readFileSync('/a.txt', 'utf8')") == "text"


async def test_an_exit_tells_its_status_and_last_words() -> None:
    async with raw_pool(confinement="off") as pool:
        sandbox = await pool.lease(memory_limit_bytes=None)
        await evaluate(sandbox, "console.error('bye'); Deno.exit(4)")
        report = await end_of(sandbox)
        assert (report.reason, report.exit_code, report.stderr_tail) == ("exited", 4, "bye\n")
        await sandbox.aclose()


async def test_closing_ends_what_is_leased() -> None:
    pool = raw_pool(confinement="off")
    await pool.start()
    sandbox = await pool.lease(memory_limit_bytes=None)
    await pool.close()
    assert (await end_of(sandbox)).reason == "killed"
    await sandbox.aclose()


async def test_require_refuses_and_says_what_else_there_is() -> None:
    with pytest.raises(ConfinementError, match="best_effort"):
        await raw_pool().start()


def test_the_seatbelt_profile_quotes_its_paths() -> None:
    command = seatbelt_command('/a "b"/deno', "/image", "/private")
    assert command[:2] == ["/usr/bin/sandbox-exec", "-p"]
    assert r'(literal "/a \"b\"/deno")' in command[2]
    assert "(deny default)" in command[2]
