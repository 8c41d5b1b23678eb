"""How sandboxes end, and how it is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import end_of, evaluate, leased, raw_pool

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool

TESTS = Path(__file__).resolve().parents[2]


async def wait_gone(pids: list[int], seconds: float) -> list[int]:
    """The processes that are still there after some time; zombies count as gone."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        alive = [pid for pid in pids if is_alive(pid)]
        if not alive or asyncio.get_running_loop().time() > deadline:
            return alive
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


async def test_a_kill_is_told_as_a_kill(pool: EmbeddedPool) -> None:
    async with leased(pool) as sandbox:
        sandbox.kill()
        report = await end_of(sandbox)
        assert (report.reason, report.signal, report.exit_code) == ("killed", signal.SIGKILL, None)
        sandbox.kill()  # again, and after the end


async def test_closing_twice_and_killing_after_it_is_harmless(pool: EmbeddedPool) -> None:
    sandbox = await pool.lease(memory_limit_bytes=None)
    await sandbox.aclose()
    await sandbox.aclose()
    sandbox.kill()
    sandbox.wake_watchdog()
    assert not is_alive(sandbox.pid)


async def test_a_kill_needs_no_event_loop(pool: EmbeddedPool) -> None:
    async with leased(pool) as sandbox:
        await asyncio.to_thread(sandbox.kill)
        assert (await end_of(sandbox)).reason == "killed"


@pytest.mark.parametrize("code", [0, 3])
async def test_an_exit_tells_its_status(pool: EmbeddedPool, code: int) -> None:
    async with leased(pool) as sandbox:
        assert await evaluate(sandbox, f"console.error('last words'); Deno.exit({code})") == ""
        report = await end_of(sandbox)
        assert (report.reason, report.exit_code, report.signal) == ("exited", code, None)
        assert report.stderr_tail == "last words\n"


async def test_a_process_that_is_killed_from_outside_is_noticed(pool: EmbeddedPool) -> None:
    async with leased(pool) as sandbox:
        os.kill(sandbox.pid, signal.SIGKILL)
        assert (await end_of(sandbox)).signal == signal.SIGKILL


async def test_sandboxes_die_with_their_launcher_and_the_next_lease_starts_a_new_one() -> None:
    async with raw_pool() as pool:
        async with leased(pool) as first, leased(pool) as second:
            assert pool._client is not None
            pool._client._process.kill()
            reports = [await end_of(first), await end_of(second)]
            assert {report.reason for report in reports} == {"killed"}
            assert await wait_gone([first.pid, second.pid], 1.0) == []
        async with leased(pool) as third:
            assert await evaluate(third, "'again'") == "again"


HOST = """
    import asyncio, sys
    from fakes.raw_guest import raw_pool, evaluate
    async def main():
        pool = raw_pool(pool_size=2)
        await pool.start()
        sandboxes = [await pool.lease(memory_limit_bytes=None) for _ in range(3)]
        await evaluate(sandboxes[0], "1")
        asyncio.get_running_loop().call_later(0, lambda: sandboxes[1].channel_socket.send(b"for (;;);"))
        await asyncio.sleep(0.1)
        pids = [sandbox.pid for sandbox in (*sandboxes, *pool._warm)]
        print(pool._client._process.pid, *pids, flush=True)
        await asyncio.sleep(60)
    asyncio.run(main())
"""


async def test_a_host_killed_with_sigkill_leaves_no_process_one_second_later() -> None:
    host = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", textwrap.dedent(HOST)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    try:
        assert host.stdout is not None
        pids = [int(pid) for pid in (await asyncio.to_thread(host.stdout.readline)).split()]
        assert len(pids) >= 4
        assert all(is_alive(pid) for pid in pids)
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
    assert await wait_gone(pids, 1.0) == []
