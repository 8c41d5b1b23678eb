"""One runtime takes all that it can get of what runtimes share; its neighbour goes on meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.loopback_server import LoopbackServer, Visit
from isolatejs import host_time
from isolatejs.capabilities.files.file_threads import walk_in_thread
from isolatejs.channel.current_call import CurrentCall, current_call
from isolatejs.host_time import HostTimeBudget
from isolatejs.limits import FILE_WALKS_LIMIT

WAIT_S = 60
"""Far more than a neighbour has to wait: for a loaded machine."""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What the greedy one's work waits for; it opens when the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


class SlowFiles:
    """An embedder's files whose reads wait in a thread, as those of an fsspec file system that hangs do."""

    protocol = "slow"

    def __init__(self, gate: threading.Event) -> None:
        self.gate = gate
        self.waiting = 0

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        self.waiting += 1
        self.gate.wait(WAIT_S)
        return {"name": path, "type": "file", "size": 1}

    def invalidate_cache(self) -> None:
        pass


async def reached(condition: Any) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.01)  # poll


async def test_threads_of_files(host: isolatejs.IsolateHost, gate: threading.Event, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(4 << 20))
    slow = SlowFiles(gate)
    greedy_files = isolatejs.fsspec_files(slow)
    async with (
        host.create_runtime(bindings={"files": greedy_files}) as greedy,
        host.create_runtime(bindings={"files": isolatejs.create_file_bindings(tmp_path)}) as neighbour,
    ):
        taking = asyncio.create_task(
            greedy.eval(
                "import fs from 'node:fs/promises'; "
                "await Promise.allSettled(Array.from({length: 200}, (_, i) => fs.stat(`/f${i}`))); 1"
            )
        )
        await reached(lambda: slow.waiting >= 2)
        async with asyncio.timeout(WAIT_S / 2):
            code = "import fs from 'node:fs/promises'; (await fs.readFile('/large')).length + (await fs.readdir('/')).length"
            assert await neighbour.eval(code) == (4 << 20) + 1
        assert not taking.done()
        gate.set()
        await taking


async def test_walks_of_whole_trees(gate: threading.Event) -> None:
    began: list[int] = []

    async def walk(owner: HostTimeBudget, number: int) -> None:
        current_call.set(CurrentCall(owner, channel=None))  # type: ignore[arg-type]
        await walk_in_thread(lambda: (began.append(number), gate.wait(WAIT_S)))

    greedy, neighbour = HostTimeBudget(), HostTimeBudget()
    walks = [asyncio.create_task(walk(greedy, 1)) for _ in range(3 * FILE_WALKS_LIMIT)]
    await reached(lambda: began == [1])
    walks.append(asyncio.create_task(walk(neighbour, 2)))
    await reached(lambda: 2 in began)
    assert began == [1, 2]
    gate.set()
    await asyncio.gather(*walks)


async def test_connections_of_a_fetch_binding(host: isolatejs.IsolateHost) -> None:
    hanging, free = asyncio.Event(), 0

    async def hang(visit: Visit) -> None:
        nonlocal free
        free += 1
        await hanging.wait()
        await visit.reply(b"late")

    async def answer(visit: Visit) -> None:
        await visit.reply(b"here")

    async with (
        LoopbackServer() as server,
        isolatejs.create_fetch_binding("*", allow_loopback=True, max_connections=8) as shared,
        host.create_runtime(bindings={"fetch": shared}) as greedy,
        host.create_runtime(bindings={"fetch": shared}) as neighbour,
    ):
        server.routes |= {"/hang": hang, "/": answer}
        hang_url = server.url("/hang")
        taking = asyncio.create_task(
            greedy.eval(
                f"await Promise.allSettled(Array.from({{length: 200}}, () => fetch('{hang_url}'))); 1"
            )
        )
        await reached(lambda: free >= 4)
        async with asyncio.timeout(WAIT_S / 2):
            assert await neighbour.eval(f"(await fetch('{server.url()}')).text()") == "here"
        assert not taking.done()
        hanging.set()
        await taking


async def test_connections_come_back(host: isolatejs.IsolateHost) -> None:
    """However a response ends: read, given up, or a redirect; with one connection for all."""

    async def answer(visit: Visit) -> None:
        await visit.reply(b"x" * 100_000)

    async def redirect(visit: Visit) -> None:
        await visit.reply(b"", status="302 Found", headers=[("location", "/")])

    async with (
        LoopbackServer() as server,
        isolatejs.create_fetch_binding("*", allow_loopback=True, max_connections=1) as shared,
        host.create_runtime(bindings={"fetch": shared}) as runtime,
    ):
        server.routes |= {"/": answer, "/redirect": redirect}
        code = f"""
            for (let i = 0; i < 3; i++) {{
                await (await fetch("{server.url()}")).text();
                await (await fetch("{server.url("/redirect")}")).text();
                await (await fetch("{server.url()}")).body.cancel();
                await fetch("{server.url("/redirect")}", {{redirect: "error"}}).catch(() => {{}});
                await fetch("{server.url("/absent")}").then((r) => r.text(), () => {{}});
                const controller = new AbortController();
                const response = await fetch("{server.url()}", {{signal: controller.signal}});
                controller.abort();
                await response.text().catch(() => {{}});
            }}
            7
        """
        async with asyncio.timeout(WAIT_S):
            assert await runtime.eval(code) == 7


async def test_names_that_nobody_answers_for(
    host: isolatejs.IsolateHost, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, waiting = socket.getaddrinfo, []

    def look_up(name: Any, *args: Any, **options: Any) -> Any:
        if str(name).endswith(".hang.example"):
            waiting.append(name)
            gate.wait(WAIT_S)
            raise socket.gaierror("no answer")
        return system(name, *args, **options)

    async def answer(visit: Visit) -> None:
        await visit.reply(b"here")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with (
        LoopbackServer() as server,
        isolatejs.create_fetch_binding("*", allow_loopback=True) as shared,
        host.create_runtime(bindings={"fetch": shared}) as greedy,
        host.create_runtime(bindings={"fetch": shared}) as neighbour,
    ):
        server.routes["/"] = answer
        taking = asyncio.create_task(
            greedy.eval(
                "await Promise.allSettled(Array.from({length: 100}, (_, i) => fetch(`http://n${i}.hang.example/`))); 1"
            )
        )
        await reached(lambda: len(waiting) >= 8)
        async with asyncio.timeout(WAIT_S / 2):
            local = server.url(host="localhost")
            assert await neighbour.eval(f"(await fetch('{local}')).text()") == "here"
            assert await asyncio.to_thread(lambda: 8) == 8  # the embedder's own threads are free
        assert not taking.done()
        gate.set()
        await taking


# --- time of the event loop --------------------------------------------------------------------------
def spin(seconds: float) -> None:
    """Use so much processor time of the host."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


FLOOD = "for (;;) await Promise.all(Array.from({length: 50}, () => spin(0.02)))"


async def test_a_runtime_that_wants_all_the_time_of_the_loop_is_slowed(
    host: isolatejs.IsolateHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_time, "_BURST_S", 0.3)
    async with (
        host.create_runtime(bindings={"tools": {"spin": spin}}) as greedy,
        host.create_runtime(bindings={"tools": {"spin": spin}}) as neighbour,
    ):
        await neighbour.eval("1")
        flooding = asyncio.create_task(greedy.eval(FLOOD))
        account = greedy._live.channel.host_time
        reading = greedy._live.channel._reading
        paused = 0
        async with asyncio.timeout(WAIT_S):
            while paused < 2:
                assert await neighbour.eval("spin(0.001); 1") == 1
                paused += account.pause_s > 0 and reading._resuming is not None
        assert not flooding.done()
        assert neighbour._live.channel.host_time.pause_s <= 0
        flooding.cancel()
        await asyncio.wait([flooding])


async def test_alone_it_is_not_slowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_time, "_BURST_S", 0.3)
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings={"tools": {"spin": spin}}) as alone,
    ):
        await asyncio.sleep(
            host_time._CONTENTION_S + 0.1
        )  # poll: what tests before this one have cost is past
        flooding = asyncio.create_task(alone.eval(FLOOD))
        async with asyncio.timeout(WAIT_S):
            while alone._live.channel.host_time.spent_s < 1:
                await asyncio.sleep(0.01)  # poll
                assert alone._live.channel.host_time.pause_s <= 0
        flooding.cancel()
        await asyncio.wait([flooding])


async def test_one_whose_debt_grows_all_the_same_is_ended(
    host: isolatejs.IsolateHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handlers go on while it is not read."""
    monkeypatch.setattr(host_time, "_BURST_S", 0.3)
    monkeypatch.setattr(host_time, "_DEBT_S", 0.3)
    monkeypatch.setattr(host_time, "HOST_TIME_SHARE", 0.01)  # a loaded machine gives this process little more

    async def work() -> None:
        while True:
            spin(0.02)
            await asyncio.sleep(0)

    async with (
        host.create_runtime(bindings={"tools": {"work": work}}) as greedy,
        host.create_runtime() as neighbour,
    ):
        working = asyncio.create_task(
            greedy.eval("work(); setInterval(() => work(), 50); await new Promise(() => {})")
        )
        async with asyncio.timeout(WAIT_S):
            while not working.done():
                await neighbour.eval("1")
                await asyncio.sleep(0.01)  # poll
        with pytest.raises(isolatejs.QuotaExceededError, match="host_time_debt_ms=30000") as caught:
            await working
        assert caught.value.limit == "host_time_debt_ms"
        assert await neighbour.eval("1 + 1") == 2


async def test_what_a_child_costs_counts_for_its_parent(host: isolatejs.IsolateHost) -> None:
    code = """
        import { createIsolateHost } from "isolatejs";
        const host = await createIsolateHost();
        const child = await host.createRuntime({bindings: {tools: {echo: (x) => x}}});
        await child.eval("for (let i = 0; i < 200; i++) await echo(i)");
    """
    async with host.create_runtime() as parent:
        await parent.eval("1")
        before = parent._live.channel.host_time.spent_s
        await parent.eval(code)
        (child,) = parent._live.children
        costs = child.handle._live.channel.host_time
        assert costs.root is parent._live.channel.host_time
        assert parent._live.channel.host_time.spent_s - before > costs.spent_s > 0
