"""Programs and pages that try to end everybody's work: large messages, floods, spins, crashes, kills.

Each runs beside a neighbour with a managed browser of its own, which must go on, and beside the event loop, which
must never stand for long. Times are compared with a bound that a loaded machine keeps; what is counted is exact.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, chromium_path
from fakes.loopback_server import Visit
from isolatejs.playwright import BrowserPool

STANDSTILL_S = 5.0
"""No attack may hold the event loop for so long. Unmended, one of them holds it until the host is killed."""
OPEN = "globalThis.page = await (await browser.newContext()).newPage(); 1"

ATTACKS = {
    "a result of 300 MB": "page.evaluate(() => 'x'.repeat(300e6))",
    "a result of a million values": "page.evaluate(() => Array(1e6).fill(1))",
    "a result that is nested deeply": "page.evaluate(() => { let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a })",
    "a request body of 300 MB": "page.evaluate(() => fetch('/x', { method: 'POST', body: 'x'.repeat(300 * 2 ** 20) }).then(() => 'sent'))",
    "an exposed function called with 600 nested arrays": "page.exposeFunction('f', () => 1).then(() => page.evaluate(() => { let a = []; for (let i = 0; i < 600; i++) a = [a]; f(a); return 'called' }))",
    "an exposed function called with many values": "page.exposeFunction('f', () => 1).then(() => page.evaluate(() => { for (let i = 0; i < 20; i++) f(Array(1e5).fill(1)); return 'called' }))",
    "40 console messages of 4 MB": "page.evaluate(() => { for (let i = 0; i < 40; i++) console.log('x'.repeat(4e6)) })",
    "20,000 console messages": "page.evaluate(() => { for (let i = 0; i < 20000; i++) console.log(i) })",
    "1,000 requests": "page.evaluate(() => Promise.all(Array.from({ length: 1000 }, (_, i) => fetch('/json?' + i).catch(() => 0))).then(() => 'done'))",
    "300 frames": "page.evaluate(() => { for (let i = 0; i < 300; i++) document.body.append(Object.assign(document.createElement('iframe'), { srcdoc: 'x' })) })",
    "memory without end": "page.evaluate(() => { const a = []; for (;;) a.push(new Uint8Array(5e7).fill(1)) })",
    "a page that spins": "(page.evaluate(() => { for (;;); }).catch(() => 0), Promise.resolve('spins'))",
    "a page that crashes": "page.context().newCDPSession(page).then((cdp) => cdp.send('Page.crash'))",
    "popups": "page.evaluate(() => { for (let i = 0; i < 30; i++) open('about:blank') })",
}  # fmt: skip


class Loop:
    """Measures for how long the event loop stood at most."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def watch(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)  # poll
            self.longest_s = max(self.longest_s, time.perf_counter() - began - 0.01)


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[BrowserPool]:
    async with BrowserPool(executable_path=chromium_path(), size=1) as pool:
        yield pool


@pytest.fixture(scope="module")
async def neighbour(host: isolatejs.IsolateHost, pool: BrowserPool) -> AsyncIterator[isolatejs.ScriptRuntime]:
    """The same one through all attacks: at the end its page is still what it was."""
    async with host.create_runtime(bindings={"browser": {"launch": pool}}) as runtime:
        await runtime.eval(OPEN)
        await runtime.eval("await page.setContent('<title>neighbour</title>'); 1")
        yield runtime


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_neighbour_works_on(
    host: isolatejs.IsolateHost, pool: BrowserPool, neighbour: Any, allowed: Pages, name: str
) -> None:
    allowed.add("/", "<p>page")
    bindings = {
        "browser": {"launch": pool},
        "fetch": isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True),
    }
    loop, answers = Loop(), 0
    async with host.create_runtime(bindings=bindings) as attacker:
        await attacker.eval(OPEN)
        await attacker.eval(f"await page.goto({allowed.url('/')!r}); 1")
        watching = asyncio.ensure_future(loop.watch())
        attack = asyncio.ensure_future(
            attacker.eval(
                f"await Promise.race([{ATTACKS[name]}, new Promise((end) => setTimeout(end, 15000))])"
                ".then((value) => String(value).slice(0, 100), (error) => error.message.slice(0, 200))",
                execution_timeout_ms=60_000,
            )
        )
        while not attack.done() or answers < 3:
            assert await neighbour.eval("await page.title()") == "neighbour"
            answers += 1
            await asyncio.sleep(0.02)  # poll
        await attack
        watching.cancel()
    assert loop.longest_s < STANDSTILL_S
    assert answers >= 3


async def test_an_answer_that_is_too_large_fails_its_call_alone(
    host: isolatejs.IsolateHost, pool: BrowserPool
) -> None:
    async with host.create_runtime(bindings={"browser": {"launch": pool}}) as runtime:
        await runtime.eval(OPEN)
        answers = await runtime.eval("""
          const attempt = (fn) => page.evaluate(fn).then(() => 'did it', (error) => error.message);
          [await attempt(() => 'x'.repeat(120e6)), await attempt(() => Array(1e6).fill(1)),
           await page.evaluate(() => 1 + 1)];
        """)
    assert "than" in answers[0]
    assert "than" in answers[1]
    assert answers[2] == 2


async def test_the_memory_limit_ends_the_browser_in_its_own_words(host: isolatejs.IsolateHost) -> None:
    launch = {"executable_path": chromium_path(), "size": 0, "memory_limit_mb": 700}
    async with host.create_runtime(bindings={"browser": {"launch": launch}}) as runtime:
        await runtime.eval(OPEN)
        error = await runtime.eval("""
          await page.evaluate(() => { const a = []; for (;;) a.push(new Uint8Array(5e7).fill(1)) })
            .then(() => 'did it', (error) => error.message);
        """)
    assert "memory_limit_mb" in error


async def test_the_disk_limit_holds(host: isolatejs.IsolateHost, allowed: Pages) -> None:
    """A download of more fails, and the browser goes on."""

    async def large(visit: Visit) -> None:
        await visit.start(
            [("content-disposition", "attachment; filename=large"), ("content-length", str(100 * 2**20))]
        )
        for _ in range(100):
            visit.writer.write(bytes(2**20))
            await visit.writer.drain()

    allowed.routes["/large"] = large
    allowed.add("/", "<a href=/large>get</a>")
    bindings = {
        "browser": {"launch": {"executable_path": chromium_path(), "size": 0, "disk_limit_mb": 64}},
        "fetch": isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True),
    }
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval(OPEN)
        failure, title = await runtime.eval(f"""
          await page.goto({allowed.url("/")!r});
          const coming = page.waitForEvent('download');
          await page.getByText('get').click();
          const failure = await (await coming).failure();
          await page.setContent('<title>on</title>');
          [failure, await page.title()];
        """)
    assert failure
    assert title == "on"


async def test_60_browsers_killed_at_random_moments(
    host: isolatejs.IsolateHost, pool: BrowserPool, neighbour: Any
) -> None:
    """While they start or work. Whoever waits for one hears of it; nobody else does, and nothing is left."""
    chance = random.Random(17)
    tenants: list[Any] = []
    async with BrowserPool(executable_path=chromium_path(), size=0) as victims:
        spawn = victims._spawn

        async def noted() -> Any:
            tenants.append(await spawn())
            return tenants[-1]

        victims._spawn = noted  # type: ignore[method-assign]
        failed = 0
        for number in range(60):
            leasing = asyncio.ensure_future(victims.lease())
            while len(tenants) <= number:
                await asyncio.sleep(0.001)  # poll
            await asyncio.sleep(chance.random() * 0.6)  # poll
            tenants[number].kill()
            try:
                leased = await leasing
            except isolatejs.IsolateError as error:
                failed += 1
                assert "browser" in str(error)
            else:
                await leased.aclose()
                assert leased.ended is not None
            assert await neighbour.eval("await page.title()") == "neighbour"
        assert failed > 0
        assert all(tenant.exited.done() for tenant in tenants)
        assert victims.statistics()["alive"] == 0


@pytest.mark.parametrize(
    "doing",
    [
        "for (;;);",
        "setInterval(() => { for (const end = Date.now() + 1000; Date.now() < end;); }, 0)",
        "addEventListener('beforeunload', (event) => event.preventDefault())",
        "alert('wait')",
        "for (let i = 0; i < 50; i++) new Worker(URL.createObjectURL(new Blob(['for (;;);'])))",
    ],
)
async def test_the_end_of_a_runtime_is_the_end_of_its_pages(
    host: isolatejs.IsolateHost, pool: BrowserPool, doing: str
) -> None:
    """Whatever they do, also with a profile that has to be saved first."""
    files = isolatejs.MemoryFiles()
    bindings = {"browser": {"launch": pool, "profiles": True}, "files": files}
    async with host.create_runtime(bindings=bindings) as runtime:
        before = set(pool._alive) - set(pool._warm)
        await runtime.eval(
            "globalThis.page = await (await browser.newContext({ profile: 'p' })).newPage(); 1"
        )
        await runtime.eval(
            f"page.evaluate(() => {{ {doing} }}).catch(() => 0); page.on('dialog', () => 0); 1"
        )
        (leased,) = {one for one in pool._alive if one.browser.contexts} - before
        began = time.perf_counter()
    await asyncio.wait_for(leased._tenant.exited, 10)
    assert time.perf_counter() - began < 8
