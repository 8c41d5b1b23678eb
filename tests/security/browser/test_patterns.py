"""Regular expressions and globs that never end, and errors of callbacks: both are the program's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings
from isolatejs import ExecutionTimeoutError, ScriptRuntime

EVIL_PATH = "/" + "a" * 40 + "!"
GLOB = "**a" * 30 + "b"


@pytest.fixture
async def hostile(host: isolatejs.IsolateHost, chromium: Any, allowed: Pages) -> AsyncIterator[ScriptRuntime]:
    """A program with a page whose address makes patterns backtrack, and little time."""
    allowed.add(EVIL_PATH, "<title>evil</title>")
    async with host.create_runtime(
        bindings={"browser": bindings(chromium)}, execution_timeout_ms=2_500
    ) as runtime:
        await runtime.eval(f"""
          globalThis.page = await (await browser.newContext()).newPage();
          globalThis.evil = "{allowed.url(EVIL_PATH)}";
          await page.goto(evil);
        """)
        yield runtime


@pytest.fixture
async def neighbour(host: isolatejs.IsolateHost, chromium: Any) -> AsyncIterator[ScriptRuntime]:
    """Another tenant of the same browser, with a page that waits for it."""
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        await runtime.eval("globalThis.page = await (await browser.newContext()).newPage();")
        yield runtime


PATTERNS = {
    "frame": r"page.frame({ url: /(a|a)+$/ })",
    "waitForURL": r"await page.waitForURL(/(a+)+b$/)",
    "waitForURL of a frame": r"await page.mainFrame().waitForURL(/(a+)+b$/)",
    "waitForURL, glob": f"await page.waitForURL('{GLOB}')",
    "route": r"await page.route(/(a+)+b$/, (route) => route.abort()); await page.reload()",
    "route of the context": r"await page.context().route(/(a+)+b$/, (route) => route.abort()); await page.reload()",
    "route, glob": f"await page.route('{GLOB}', (route) => route.abort()); await page.reload()",
    "routeWebSocket": r"await page.routeWebSocket(/(a+)+b$/, () => {}); await page.reload();"
    " await page.evaluate((u) => { new WebSocket(u.replace('http', 'ws')) }, evil); await page.title()",
    "waitForResponse": r"const got = page.waitForResponse(/(a+)+b$/); await page.reload(); await got",
    "unroute": r"await page.route(/(a+)+b$/, () => {}); await page.unroute(/(a+)+b$/); await page.reload(); for (;;);",
    "toHaveText": r"await page.setContent('a'.repeat(40) + '!'); await page.getByText(/(a+)+b$/).click()",
    "clearCookies": r"await page.context().addCookies([{ name: 'a'.repeat(40), value: 'x', url: evil }]);"
    " await page.context().clearCookies({ name: /(a+)+b$/ })",
}


@pytest.mark.parametrize("code", PATTERNS.values(), ids=PATTERNS.keys())
async def test_a_pattern_without_end_holds_up_its_own_program_alone(
    hostile: ScriptRuntime, neighbour: ScriptRuntime, code: str
) -> None:
    longest = 0.0

    async def watch_the_loop() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.05)  # poll
            longest = max(longest, time.monotonic() - before)

    watching = asyncio.ensure_future(watch_the_loop())
    attack = asyncio.ensure_future(hostile.eval(f"{code}; 'ended'"))
    await asyncio.sleep(0.5)  # poll: the attack has begun
    answers = [await neighbour.eval(f"await page.evaluate(() => {n} + 1)") for n in range(3)]
    with pytest.raises((ExecutionTimeoutError, isolatejs.GuestError)):
        await attack
    watching.cancel()
    assert answers == [1, 2, 3]
    assert longest < 1.5


async def test_a_hostile_pattern_is_never_compiled_here(hostile: ScriptRuntime) -> None:
    """Compiling alone can take Python minutes; and what Python's `re` refuses, the page knows."""
    answer = await hostile.eval(r"""
      await page.setContent('<p>Grüße</p><p title="x y">2</p><button>Go "now"</button>');
      const ranges = new RegExp('[\\0-\\uffff]'.repeat(200) + '|Grü', 'i');
      [await page.getByText(/^\p{L}+$/u).count(), await page.getByText(/(?<=Gr)ü(?<end>ße)/).innerText(),
       await page.getByText(ranges).count(), await page.getByTitle(/X\sy/i).innerText(),
       await page.getByRole('button', { name: /go "now"/i }).count(), await page.locator('p', { hasText: /^\d$/ }).innerText(),
       await page.locator('p').filter({ hasNotText: /\d/ }).innerText()];
    """)
    assert answer == [1, "Grüße", 1, "2", 1, "2", "Grüße"]


CALLBACKS = {
    "onMessage": "await page.routeWebSocket(/ws/, (ws) => { ws.onMessage(() => { throw new TypeError('mine') }) });"
    " await page.evaluate(() => { const w = new WebSocket('ws://x.test/ws'); w.onopen = () => w.send('x') })",
    "onClose": "await page.routeWebSocket(/ws/, (ws) => { ws.onClose(() => { throw new TypeError('mine') }) });"
    " await page.evaluate(() => { const w = new WebSocket('ws://x.test/ws'); w.onopen = () => w.close() })",
    "a WebSocket handler": "await page.routeWebSocket(/ws/, () => { throw new TypeError('mine') });"
    " await page.evaluate(() => { new WebSocket('ws://x.test/ws') })",
    "headers that are none": "await page.route('**/x', (route) => route.continue({ headers: { a: { b: 5 } } }));"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "a header that is a number": "await page.route('**/x', (route) => route.fallback({ headers: { a: 5 } }));"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "fallback to a number": "await page.route('**/x', (route) => route.fallback({ url: 5 }));"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "fallback to an object": "await page.route('**/x', (route) => route.fallback({ method: {}, postData: [] }));"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "a route handler": "await page.route('**/x', () => { throw new TypeError('mine') });"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "a predicate": "await page.route(() => { throw new TypeError('mine') }, (route) => route.abort());"
    " await page.evaluate((u) => fetch(u + '/x').catch(() => 0), evil.slice(0, -42))",
    "a locator handler": "await page.addLocatorHandler(page.locator('html'), () => { throw new TypeError('mine') });"
    " await page.locator('body').hover({ timeout: 500 })",
    "an exposed function": "await page.exposeFunction('f', () => { throw new TypeError('mine') });"
    " await page.evaluate(() => f().catch(() => 0))",
    "an exposed function's symbol": "await page.exposeFunction('f', () => Symbol('x')); await page.evaluate(() => f().catch(() => 0))",
    "a listener": "page.on('console', () => { throw new TypeError('mine') }); await page.evaluate(() => console.log(1))",
}


@pytest.mark.parametrize("code", CALLBACKS.values(), ids=CALLBACKS.keys())
async def test_an_error_of_a_callback_is_not_raised_in_a_neighbours_call(
    hostile: ScriptRuntime, neighbour: ScriptRuntime, code: str
) -> None:
    attack = asyncio.ensure_future(hostile.eval(f"try {{ {code} }} catch {{}}; 0"))
    for _ in range(20):
        assert await neighbour.eval("await page.evaluate(() => 'mine')") == "mine"
        await asyncio.sleep(0.03)  # poll
    await asyncio.wait([attack], timeout=10)
    attack.cancel()
    assert await neighbour.eval("await page.title()") == ""


async def test_routes_are_counted(neighbour: ScriptRuntime) -> None:
    answer = await neighbour.eval("""
      const some = [];
      for (let i = 0; i < 1200; i++) some.push(page.route('**/never' + i, () => {}));
      const settled = await Promise.allSettled(some);
      const refused = settled.filter((one) => one.status === 'rejected');
      [refused.length, refused[0].reason.name, await page.title()];
    """)
    assert answer[0] == 200
    assert "more than 1000 routes" in answer[1] or answer[1] == "QuotaExceededError"
    assert answer[2] == ""
