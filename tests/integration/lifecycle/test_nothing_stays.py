"""Whatever happens to the host, nothing of it stays: no process, descriptor, task or folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import isolatejs

SCRIPT = """
import asyncio, sys, isolatejs

async def main():
    async with isolatejs.create_isolate_host(pool_size=1) as host:
        runtimes = [await host.create_runtime() for _ in range(3)]
        loops = [asyncio.create_task(runtime.eval("for (;;) {}")) for runtime in runtimes[:2]]
        print("ready", host._provider._client._process.pid, *(r._live.sandbox.pid for r in runtimes), flush=True)
        await asyncio.Event().wait()

try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


def alive(pid: int) -> bool:
    """Whether a process runs: a zombie that nobody reaps does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def wait_gone(pids: list[int], timeout_s: float) -> list[int]:
    """Wait until none of the processes runs; gives those that still do."""
    deadline = time.monotonic() + timeout_s
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)  # poll
    return left


@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_no_process_outlives_its_host(how: signal.Signals, status: int) -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        word, *pids = host.stdout.readline().split()
        assert word == "ready"
        processes = [int(pid) for pid in pids]
        assert all(map(alive, processes))
        host.send_signal(how)
        assert host.wait(20) == status
    assert wait_gone(processes, 5) == []


def test_no_process_outlives_its_launcher() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        _, launcher, *pids = host.stdout.readline().split()
        os.kill(int(launcher), signal.SIGKILL)
        assert wait_gone([int(pid) for pid in pids], 5) == []
        host.kill()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def temporary_folders() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if "isolatejs" in name}


async def test_many_runtimes_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests leave theirs elsewhere
    folders = temporary_folders()
    open_before = descriptors()
    tasks_before = len(asyncio.all_tasks())
    async with isolatejs.create_isolate_host(pool_size=1) as host:
        pids: list[int] = []

        async def one(number: int) -> None:
            async with host.create_runtime(bindings={"tools": {"twice": lambda x: x * 2}}) as runtime:
                pids.append(runtime._live.sandbox.pid)
                assert await runtime.eval(f"twice({number})") == number * 2

        for start in range(0, 60, 10):
            await asyncio.gather(*(one(start + i) for i in range(10)))
        assert wait_gone(pids, 5) == []
        assert (await host.diagnostics())["runtimes"] == 0
    assert descriptors() <= open_before
    assert len(asyncio.all_tasks()) <= tasks_before
    assert temporary_folders() <= folders


async def test_abandoned_runtime_is_ended_with_its_host() -> None:
    host = await isolatejs.create_isolate_host(pool_size=0)
    runtime = await host.create_runtime()
    waiting = asyncio.create_task(runtime.eval("await new Promise(() => {})"))
    await runtime.eval("1")
    pid = runtime._live.sandbox.pid
    await host.close()
    with pytest.raises(isolatejs.RuntimeDisposedError):
        await waiting
    assert wait_gone([pid], 5) == []


async def test_evals_and_tool_calls_do_not_make_it_grow() -> None:
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(memory_limit_mb=256, bindings={"tools": {"f": lambda x: x}}) as runtime,
    ):
        pid = runtime._live.sandbox.pid

        def anonymous_mb() -> float:
            fields = Path(f"/proc/{pid}/statm").read_text().split()
            return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20

        async def round() -> float:
            for i in range(1_500):
                assert await runtime.eval(f"{i} + 1") == i + 1
            await runtime.eval("for (let i = 0; i < 5000; i++) await f(i)")
            for i in range(300):
                await runtime.eval(f"await {i}")
            return anonymous_mb()

        await round()
        first = await round()
        last = first
        for _ in range(3):
            last = await round()
        assert last - first < 25


def test_importing_starts_nothing_and_costs_little() -> None:
    code = (
        "import sys, threading; before = set(sys.modules); import isolatejs; "
        "heavy = {'asyncio', 'httpx', 'msgspec', 'typer', 'rich', 'playwright'} & (set(sys.modules) - before); "
        "print(sorted(heavy), threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 1"


async def test_an_app_server_that_is_given_up_while_it_loads_leaves_no_sandbox() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        said = asyncio.Event()
        opening = asyncio.create_task(
            host.create_app_server(
                code="await ready(); serve({ fetch: () => new Response() })",
                bindings={"tools": {"ready": lambda: said.set()}},
            ).__aenter__()
        )
        await said.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        facts = await host.diagnostics()
        assert (facts["runtimes"], facts["servers"], facts["pool"]["alive"]) == (0, 0, 0)


async def test_a_wrong_typecheck_option_leaves_no_sandbox() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        with pytest.raises(isolatejs.ConfigurationError, match="typecheck"):
            await host.create_runtime(typecheck={"bogus": 1})
        facts = await host.diagnostics()
        assert (facts["runtimes"], facts["pool"]["alive"]) == (0, 0)


async def test_every_close_of_a_host_waits_until_it_is_closed() -> None:
    host = await isolatejs.create_isolate_host(pool_size=1)
    runtime = await host.create_runtime()
    first = asyncio.create_task(host.close())
    await asyncio.sleep(0)
    first.cancel()
    await host.close()
    assert (await host.diagnostics())["pool"]["alive"] == 0
    assert runtime._live.sandbox.exited.done()


async def test_a_runtime_that_is_opened_while_its_host_closes_is_refused() -> None:
    host = await isolatejs.create_isolate_host(pool_size=1)
    opening = asyncio.create_task(host.create_runtime().__aenter__())
    await asyncio.sleep(0)
    await host.close()
    with pytest.raises(isolatejs.RuntimeDisposedError, match="the host is closed"):
        await opening
