"""Leasing: warm, cold, many at once, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import end_of, evaluate, leased, raw_pool
from isolatejs.errors import ConfigurationError, IsolateError
from isolatejs.sandbox.parked import ParkedSandbox

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool


async def wait_until_warm(pool: EmbeddedPool, count: int) -> None:
    async with asyncio.timeout(20):
        while pool.statistics()["warm"] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_an_empty_pool_means_a_cold_start(pool: EmbeddedPool) -> None:
    async with leased(pool) as sandbox:
        assert await evaluate(sandbox, "40 + 2") == "42"


async def test_a_warm_sandbox_is_leased_without_waiting_for_anything() -> None:
    async with raw_pool(pool_size=2) as pool:
        await wait_until_warm(pool, 2)
        lease = pool.lease(memory_limit_bytes=64 << 20)
        with pytest.raises(StopIteration) as stopped:
            lease.send(None)  # a coroutine that suspended would not stop here
        sandbox = stopped.value.value
        assert await evaluate(sandbox, "'warm'") == "warm"
        await sandbox.aclose()
        await wait_until_warm(pool, 2)


async def test_a_warm_sandbox_that_died_is_not_leased() -> None:
    async with raw_pool(pool_size=1) as pool:
        await wait_until_warm(pool, 1)
        victim = pool._warm[0]
        os.kill(victim.pid, 9)
        await end_of(victim)
        async with leased(pool) as sandbox:
            assert sandbox.id != victim.id


async def test_fifty_leases_at_once_are_fifty_processes(pool: EmbeddedPool) -> None:
    sandboxes = await asyncio.gather(*(pool.lease(memory_limit_bytes=None) for _ in range(50)))
    try:
        answers = await asyncio.gather(*(evaluate(sandbox, "1 + 1") for sandbox in sandboxes))
        assert answers == ["2"] * 50
        assert len({sandbox.pid for sandbox in sandboxes}) == 50
        assert pool.statistics()["alive"] == 50
    finally:
        await asyncio.gather(*(sandbox.aclose() for sandbox in sandboxes))
    assert pool.statistics()["alive"] == 0


async def test_a_hundred_sandboxes_leave_no_process_and_no_descriptor(pool: EmbeddedPool) -> None:
    async with leased(pool):
        pass
    before = len(os.listdir("/proc/self/fd"))
    assert pool._client is not None
    launcher_before = len(os.listdir(f"/proc/{pool._client._process.pid}/fd"))
    pids = []
    for _ in range(10):
        sandboxes = await asyncio.gather(*(pool.lease(memory_limit_bytes=64 << 20) for _ in range(10)))
        pids += [sandbox.pid for sandbox in sandboxes]
        await asyncio.gather(*(sandbox.aclose() for sandbox in sandboxes))
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(os.listdir(f"/proc/{pool._client._process.pid}/fd")) == launcher_before
    assert not set(map(str, pids)) & set(os.listdir("/proc"))


async def test_closing_kills_what_is_leased_and_refuses_more() -> None:
    pool = raw_pool(pool_size=1)
    await pool.start()
    sandbox = await pool.lease(memory_limit_bytes=None)
    await pool.close()
    assert str(sandbox.pid) not in os.listdir("/proc")
    assert (await end_of(sandbox)).reason == "killed"
    await sandbox.aclose()
    with pytest.raises(IsolateError, match="closed"):
        await pool.lease(memory_limit_bytes=None)


async def test_a_one_shot_run_of_the_engine_behind_the_wall(pool: EmbeddedPool) -> None:
    files = {"a.ts": b"const n: number = 41; console.log(n + 1, Deno.cwd())", "sub/b.ts": b""}
    run = await pool.run_engine(["run", "--no-config", "-q", "/work/a.ts"], files, 20, 256 << 20)
    assert (run.exit_code, run.stdout) == (0, b"42 /work\n"), run.stderr


async def test_a_one_shot_run_that_fails_tells_its_status_and_last_words(pool: EmbeddedPool) -> None:
    run = await pool.run_engine(
        ["run", "--no-config", "-q", "/work/a.ts"], {"a.ts": b"throw new Error('oh')"}, 20, None
    )
    assert run.exit_code == 1
    assert "oh" in run.stderr


async def test_a_one_shot_run_that_hangs_is_ended_in_time(pool: EmbeddedPool) -> None:
    with pytest.raises(TimeoutError):
        await pool.run_engine(["run", "--no-config", "-q", "/work/a.ts"], {"a.ts": b"for (;;);"}, 0.5, None)
    while pool.statistics()[
        "alive"
    ]:  # killed, and not yet reported: the test's time limit ends a wait for ever
        await asyncio.sleep(0.01)  # poll


async def test_a_request_that_no_packet_holds_is_refused_alone(pool: EmbeddedPool) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ConfigurationError, match="too long"):
        await pool.run_engine(["eval", "1"], {f"{i:0200}.js": b"" for i in range(2_000)}, 20, None)
    assert len(os.listdir("/proc/self/fd")) == before
    async with asyncio.timeout(20), leased(pool) as sandbox:
        assert await evaluate(sandbox, "40 + 2") == "42"


@pytest.mark.parametrize("limit_bytes", [2**70, 2**62, 0, -1])
async def test_a_memory_limit_that_no_system_call_takes_is_refused_alone(
    pool: EmbeddedPool, limit_bytes: int
) -> None:
    async with leased(pool) as sandbox:
        with pytest.raises(ConfigurationError, match="memory_limit_mb"):
            await pool.lease(memory_limit_bytes=limit_bytes)
        assert await evaluate(sandbox, "40 + 2") == "42"


async def test_closing_while_the_launcher_starts_leaves_none() -> None:
    pool = raw_pool()
    starting = asyncio.create_task(pool.start())
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(IsolateError, match="closed"):
        await starting
    client = pool._client
    assert client is None or client._process.poll() is not None


async def test_what_is_kept_for_a_session_cannot_keep_its_process(pool: EmbeddedPool) -> None:
    class Broken:
        async def aclose(self) -> None:
            raise RuntimeError("it does not close")

    sandbox = await pool.lease(memory_limit_bytes=None)
    with pytest.raises(RuntimeError, match="does not close"):
        await ParkedSandbox(sandbox, kept={"browser": Broken()}).aclose()
    assert sandbox.exited.done()
