"""Rules of the fetch policy, by all ways that a program has around the pages' own requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings
from isolatejs import ScriptRuntime
from isolatejs.playwright import create_playwright_session_handler


def policy(allowed: Pages, **more: Any) -> Any:
    return isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True, **more)


@pytest.fixture
async def reading(host: isolatejs.IsolateHost, chromium: Any, allowed: Pages) -> AsyncIterator[ScriptRuntime]:
    """A program whose policy allows GET alone, and no WebSockets."""
    fetch = policy(allowed, methods=["GET"], web_sockets=False, max_response_bytes=100_000)
    async with host.create_runtime(bindings={"browser": bindings(chromium), "fetch": fetch}) as runtime:
        await runtime.eval(f"""
          globalThis.context = await browser.newContext({{ baseURL: "{allowed.url("/")}" }});
          globalThis.page = await context.newPage();
          globalThis.attempt = (fn) => fn().then(() => 'did it', (error) => error.message);
          await page.goto('/');
        """)
        yield runtime


POSTS = {
    "relative post": "await attempt(() => page.request.post('/echo', { data: 'x' }))",
    "relative put of the context": "await attempt(() => context.request.put('/echo'))",
    "relative delete": "await attempt(() => page.request.delete('echo'))",
    "fetch with a method": "await attempt(() => page.request.fetch('/echo', { method: 'pAtCh' }))",
    "route.fetch": "await page.route('**/x', async (route) => route.fulfill({ body: await attempt(() => route.fetch({ url: '/echo', method: 'POST' })) }));"
    " await page.evaluate(() => fetch('/x').then((r) => r.text()))",
    "route.continue": "await page.route('**/x', async (route) => { const body = await attempt(() => route.continue({ url: '/echo', method: 'POST' }));"
    " await route.fulfill({ body }).catch(() => 0) }); await page.evaluate(() => fetch('/x').then((r) => r.text(), (e) => e.message))",
    "shared worker": "await page.evaluate(() => new Promise((resolve) => { if (typeof SharedWorker === 'undefined') return resolve('absent');"
    " const w = new SharedWorker(URL.createObjectURL(new Blob([`onconnect = (e) => fetch('${location.origin}/echo', { method: 'POST' })"
    ".then((r) => e.ports[0].postMessage(r.status), () => e.ports[0].postMessage('refused'))`]))); w.port.onmessage = (e) => resolve(e.data) }))",
    "worker": "await page.evaluate(() => new Promise((resolve) => { const w = new Worker(URL.createObjectURL(new Blob("
    "[`fetch('${location.origin}/echo', { method: 'POST' }).then((r) => postMessage(r.status), () => postMessage('refused'))`])));"
    " w.onmessage = (e) => resolve(e.data) }))",
}


@pytest.mark.parametrize("code", POSTS.values(), ids=POSTS.keys())
async def test_methods_hold(reading: ScriptRuntime, allowed: Pages, code: str) -> None:
    answer = await reading.eval(code)
    assert {visit.method for visit in allowed.visits} == {"GET"}, answer


async def test_relative_requests_that_are_allowed(reading: ScriptRuntime) -> None:
    answer = await reading.eval("""
      await page.route('**/x', async (route) => route.fulfill({ response: await route.fetch({ url: '/json' }) }));
      [(await (await page.request.get('/json')).json()).name, await page.evaluate(() => fetch('/x').then((r) => r.json()))];
    """)
    assert answer == ["Strawberry", {"name": "Strawberry"}]


async def test_the_host_header_is_the_hosts(reading: ScriptRuntime, allowed: Pages) -> None:
    await reading.eval("""
      await page.request.get('/json', { headers: { Host: 'other.example', ' host': 'other.example', hOsT: 'other.example' } });
      await page.route('**/x', async (route) => route.fulfill({ response: await route.fetch({ url: '/json', headers: { HOST: 'other.example' } }) }));
      await page.evaluate(() => fetch('/x').then((r) => r.json()));
    """)
    assert [visit.header("host") for visit in allowed.visits if visit.target == "/json"] == [
        allowed.authority
    ] * 2


async def test_large_responses_of_the_request_api(reading: ScriptRuntime, allowed: Pages) -> None:
    async def large(visit: Any) -> None:
        await visit.reply(b"x" * 3_000_000)

    allowed.routes["/large"] = large
    answer = await reading.eval("await attempt(async () => (await page.request.get('/large')).body())")
    assert answer != "did it"


SOCKETS = {
    "page": "await page.evaluate(() => new Promise((r) => { const w = new WebSocket(location.origin.replace('http', 'ws') + '/ws');"
    " w.onerror = w.onclose = r }).then(() => 1))",
    "worker": "await page.evaluate(() => new Promise((r) => { const w = new Worker(URL.createObjectURL(new Blob("
    "[`const w = new WebSocket('${location.origin.replace('http', 'ws')}/ws'); w.onopen = w.onerror = w.onclose = (e) => postMessage(e.type)`])));"
    " w.onmessage = (e) => r(e.data) }))",
    "by route": "await page.routeWebSocket('**', (ws) => { try { ws.connectToServer() } catch { ws.close() } });"
    " await page.reload(); await page.evaluate(() => new Promise((r) => { const w = new WebSocket(location.origin.replace('http', 'ws') + '/ws');"
    " w.onerror = w.onclose = r }).then(() => 1))",
    "another route": "await page.routeWebSocket('**/never', (ws) => ws.close());"
    " await page.reload(); await page.evaluate(() => new Promise((r) => { const w = new WebSocket(location.origin.replace('http', 'ws') + '/ws');"
    " w.onerror = w.onclose = r }).then(() => 1))",
}


@pytest.mark.parametrize("code", SOCKETS.values(), ids=SOCKETS.keys())
async def test_web_sockets_that_are_not_allowed(reading: ScriptRuntime, allowed: Pages, code: str) -> None:
    await reading.eval(code)
    assert "/ws" not in allowed.targets()


async def test_a_plain_web_socket_where_only_https_is_allowed(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages
) -> None:
    fetch = policy(allowed, schemes=["https"])
    async with host.create_runtime(bindings={"browser": bindings(chromium), "fetch": fetch}) as runtime:
        answer = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          await page.evaluate((url) => new Promise((resolve) => {{
            const w = new WebSocket(url);
            w.onopen = w.onerror = w.onclose = (event) => resolve(event.type);
          }}), "{allowed.url("/ws").replace("http", "ws")}");
        """)
    assert answer == "error"
    assert allowed.targets() == []


async def test_a_context_that_is_older_than_the_policy_ends(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages, internal: Pages
) -> None:
    """A worker or WebSocket of its pages would go on past the policy."""
    session = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options)
    )
    async with host.create_runtime(bindings={"browser": {"handler": session.handler}}) as runtime:
        await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          await page.goto("{allowed.url("/")}");
        """)
    given = {"browser": {"handler": session.handler}, "fetch": policy(allowed)}
    async with host.create_runtime(bindings=given) as runtime:
        answer = await runtime.eval(f"""
          const left = browser.contexts();
          const [page] = left.flatMap((context) => context.pages());
          const other = page ?? await (await browser.newContext()).newPage();
          const attempt = (fn) => fn().then(() => 'did it', (error) => error.message);
          await attempt(() => other.goto("{allowed.url("/redirect?")}{internal.url("/")}"));
          left.length;
        """)
    assert answer == 0
    assert internal.targets() == []
    await session.aclose()


OPEN = (
    "new Promise((r) => { const w = new WebSocket(u); w.onopen = w.onerror = w.onclose = (e) => r(e.type) })"
)


@pytest.mark.parametrize(
    "code",
    [
        f"(u) => {OPEN}",
        f"(u) => new Promise((resolve) => {{ const code = `const u = '${{u}}'; {OPEN}.then(postMessage)`;"
        " new Worker(URL.createObjectURL(new Blob([code]))).onmessage = (e) => resolve(e.data) })",
    ],
    ids=["page", "worker"],
)
async def test_web_sockets_that_are_allowed(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages, code: str
) -> None:
    """Also as the first connection of a context, when the browser has not given the proxy its credentials yet."""
    async with host.create_runtime(
        bindings={"browser": bindings(chromium), "fetch": policy(allowed)}
    ) as runtime:
        await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          await page.evaluate({code}, "{allowed.url("/ws").replace("http", "ws")}");
        """)
    assert allowed.targets() == ["/ws"]
