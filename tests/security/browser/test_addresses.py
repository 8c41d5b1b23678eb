"""Addresses that a program, or a page that it steers, tries to reach through the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings

if TYPE_CHECKING:
    from isolatejs import ScriptRuntime

NAVIGATIONS = [
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    " file:///etc/passwd",
    "\\u0001file:///etc/passwd",
    "fi\\nle:///etc/passwd",
    "view-source:file:///etc/passwd",
    "view-source:http://example.com/",
    "chrome://version",
    "chrome://settings",
    "devtools://devtools/bundled/inspector.html",
    "chrome-extension://x/y",
    "filesystem:http://example.com/temporary/x",
    "ftp://example.com/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://[::ffff:169.254.169.254]/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://metadata.google.internal/",
]


@pytest.mark.parametrize("url", NAVIGATIONS)
async def test_navigation_to_a_forbidden_address(
    host: isolatejs.IsolateHost, chromium: Any, url: str
) -> None:
    """Without any fetch policy, too."""
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        answer = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          const attempt = (fn) => fn().then(() => "did it", (error) => error.message);
          [await attempt(() => page.goto("{url}")), await attempt(() => page.mainFrame().goto("{url}")),
           await attempt(() => page.request.get("{url}")),
           await attempt(async () => (await page.context().newCDPSession(page)).send("Page.navigate", {{ url: "{url}" }})),
           page.url(), await page.evaluate(() => document.body.innerText)];
        """)
    assert "did it" not in answer[:4]
    assert "refused" in answer[0] or "cannot be read" in answer[0], answer
    assert "root:" not in str(answer)
    assert answer[4] == "about:blank"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "chrome://version", "http://169.254.169.254/"])
async def test_a_forbidden_address_as_a_url_object(
    host: isolatejs.IsolateHost, chromium: Any, url: str
) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        answer = await runtime.eval(f"""
          const url = new URL("{url}");
          const context = await browser.newContext();
          const page = await context.newPage();
          const attempt = (fn) => fn().then(() => "did it", (error) => error.message);
          await page.route('**/continued', (route) => route.continue({{ url }}).catch((e) => route.fulfill({{ body: e.message }})));
          await page.route('**/fetched', (route) => route.fetch({{ url }}).then(
            () => 'did it', (e) => e.message).then((body) => route.fulfill({{ body }})));
          const routed = async (path) => {{
            await page.goto('http://example.com/' + path);
            throw new Error(await page.evaluate(() => document.body.innerText));
          }};
          [await attempt(() => page.goto(url)), await attempt(() => page.mainFrame().goto(url)),
           await attempt(async () => (await context.newCDPSession(page)).send("Page.navigate", {{ url }})),
           await attempt(() => browser.newContext({{ baseURL: url }})),
           await attempt(() => routed('continued')), await attempt(() => routed('fetched'))];
        """)
    assert [text for text in answer if "refused" not in text] == []


async def test_the_methods_of_a_policy_hold_for_routed_requests(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages
) -> None:
    policy = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True, methods=["GET"])
    async with host.create_runtime(bindings={"browser": bindings(chromium), "fetch": policy}) as runtime:
        answer = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          const refused = (route) => (error) => route.fulfill({{ body: error.message }});
          await page.route('**/continued', (route) => route.continue({{ method: 'DELETE' }}).catch(refused(route)));
          await page.route('**/fetched', (route) => route.fetch({{ method: 'POST' }}).catch(refused(route)));
          await page.route('**/fallen-back', (route) => route.fallback({{ method: 'PUT' }}));
          await page.goto("{allowed.url("/")}");
          await page.evaluate(() => Promise.all(['/continued', '/fetched', '/fallen-back'].map(
            (path) => fetch(path).then((response) => response.text(), (error) => error.message))));
        """)
    assert ["not allowed" in text or "Failed" in text for text in answer] == [True, True, True], answer
    assert {visit.method for visit in allowed.visits} == {"GET"}


STEERED = {
    "goto": "await attempt(() => page.goto(internal + '/'))",
    "goto by redirect": "await attempt(() => page.goto(allowed + '/redirect?' + internal + '/'))",
    "two redirects": "await attempt(() => page.goto(allowed + '/redirect?' + allowed + '/redirect?' + internal + '/'))",
    "fetch in the page": "await page.evaluate((u) => fetch(u, { mode: 'no-cors' }).then((r) => r.type, () => 'refused'), internal)",
    "fetch by redirect": "await page.evaluate((u) => fetch(u, { mode: 'no-cors' }).then((r) => r.type, () => 'refused'), "
    "allowed + '/redirect?' + internal + '/')",
    "image": "await page.setContent(`<img src='${internal}/'>`, { waitUntil: 'load' })",
    "stylesheet and script": "await page.setContent(`<link rel=stylesheet href='${internal}/'><script src='${internal}/'></script>`)",
    "iframe": "await page.setContent(`<iframe src='${internal}/'></iframe>`)",
    "iframe by redirect": "await page.setContent(`<iframe src='${allowed}/redirect?${internal}/'></iframe>`)",
    "window.open": "await page.evaluate((u) => { window.open(u) }, internal); await page.waitForTimeout(200)",
    "location": "await page.evaluate((u) => { location = u }, internal + '/'); await page.waitForTimeout(200)",
    "form": "await page.evaluate((u) => { const f = document.createElement('form'); f.action = u; f.method = 'post';"
    " document.body.append(f); f.submit() }, internal + '/'); await page.waitForTimeout(200)",
    "meta refresh": "await page.setContent(`<meta http-equiv=refresh content='0;url=${internal}/'>`); await page.waitForTimeout(200)",
    "beacon": "await page.evaluate((u) => { navigator.sendBeacon(u, 'x') }, internal + '/'); await page.waitForTimeout(200)",
    "event source": "await page.evaluate((u) => new Promise((r) => { new EventSource(u).onerror = r }).then(() => 1), internal + '/')",
    "WebSocket": "await page.evaluate((u) => new Promise((r) => { new WebSocket(u).onerror = r }).then(() => 1),"
    " internal.replace('http', 'ws') + '/ws')",
    "WebSocket by route": "await context.routeWebSocket(/ws/, (ws) => { ws.connectToServer() });"
    " await page.evaluate((u) => new Promise((r) => { const w = new WebSocket(u); w.onerror = w.onclose = r }).then(() => 1),"
    " internal.replace('http', 'ws') + '/ws')",
    "worker": "await page.evaluate((u) => new Promise((resolve) => { const w = new Worker(URL.createObjectURL(new Blob("
    "[`fetch('${u}', { mode: 'no-cors' }).then(() => postMessage(1), () => postMessage(2))`]))); w.onmessage = (e) => resolve(e.data) }),"
    " internal + '/')",
    "prefetch": "await page.setContent(`<link rel=prefetch href='${internal}/'><link rel=preconnect href='${internal}/'>`);"
    " await page.waitForTimeout(200)",
    "route.continue": "await page.route('**/x', (route) => attempt(() => route.continue({ url: internal + '/' })).then(() => route.abort()));"
    " await page.evaluate(() => fetch('/x').catch(() => 0))",
    "route.fallback": "await page.route('**/x', (route) => route.fallback({ url: internal + '/' }));"
    " await page.evaluate(() => fetch('/x').catch(() => 0))",
    "route.fetch": "await page.route('**/x', async (route) => { await attempt(() => route.fetch({ url: internal + '/' })); await route.abort() });"
    " await page.evaluate(() => fetch('/x').catch(() => 0))",
    "route.fetch by redirect": "await page.route('**/x', async (route) => { await attempt(() => route.fetch({ url: allowed + '/redirect?'"
    " + internal + '/', maxRedirects: 5 })); await route.abort() }); await page.evaluate(() => fetch('/x').catch(() => 0))",
    "request API": "await attempt(() => page.request.get(internal + '/'))",
    "request API by redirect": "await attempt(() => page.request.get(allowed + '/redirect?' + internal + '/'))",
    "request API, other spelling": "await attempt(() => page.request.fetch(allowed + '/redirect?' + internal + '/', { maxREDIRECTS: 9 }))",
    "request API, relative": "const c = await browser.newContext({ baseURL: allowed });"
    " await attempt(() => c.request.get(internal.replace('http:', '') + '/'));"
    " await attempt(() => c.request.get(internal.replace('http://', '\\\\\\\\\\\\\\\\') + '/'))",
    "base URL": "await attempt(async () => { const c = await browser.newContext({ baseURL: internal }); await c.request.get('/') })",
    "CDP navigate": "await attempt(async () => (await context.newCDPSession(page)).send('Page.navigate', { url: internal + '/' }))",
    "CDP evaluate": "await attempt(async () => (await context.newCDPSession(page)).send('Runtime.evaluate',"
    " { expression: `fetch('${internal}/')`, awaitPromise: true }))",
    "script tag": "await attempt(() => page.addScriptTag({ url: internal + '/' }))",
    "second context": "const c = await browser.newContext(); const p = await c.newPage(); await attempt(() => p.goto(internal + '/'))",
    "proxy option": "await attempt(() => browser.newContext({ proxy: { server: internal } }))",
}


@pytest.mark.parametrize("code", STEERED.values(), ids=STEERED.keys())
async def test_a_refused_host_is_never_reached(
    program: ScriptRuntime, allowed: Pages, internal: Pages, code: str
) -> None:
    await program.eval(f"{code}; null")
    assert internal.targets() == []
    assert "/" in allowed.targets()


async def test_service_workers_are_blocked_under_a_policy(program: ScriptRuntime, internal: Pages) -> None:
    answer = await program.eval("await attempt(() => browser.newContext({ serviceWorkers: 'allow' }));")
    assert answer[0] == "Error"
    assert "serviceWorkers" in answer[1]


async def test_web_rtc_is_absent_under_a_policy(program: ScriptRuntime) -> None:
    """Its datagrams would go past the proxy."""
    answer = await program.eval("""
      await page.reload();
      await page.evaluate(() => {
        const frame = document.createElement('iframe');
        document.body.append(frame);
        return [typeof RTCPeerConnection, typeof webkitRTCPeerConnection, typeof frame.contentWindow.RTCPeerConnection];
      });
    """)
    assert answer == ["undefined", "undefined", "undefined"]


async def test_the_policy_lets_pages_work(program: ScriptRuntime, allowed: Pages) -> None:
    """The same page, with a body, a redirect, a download of some size and keep-alive, through the proxy."""

    async def large(visit: Any) -> None:
        await visit.reply(b"x" * 3_000_000)

    allowed.routes["/large"] = large
    answer = await program.eval("""
      const page = await context.newPage();
      await page.goto(allowed + '/redirect?/');
      await page.evaluate(async () => [
        document.title,
        (await (await fetch('/echo', { method: 'POST', body: 'y'.repeat(200000) })).json()).body.length,
        (await (await fetch('/large')).text()).length,
        (await Promise.all(Array.from({ length: 20 }, () => fetch('/json').then((r) => r.json())))).length,
      ]);
    """)
    assert answer == ["allowed", 200_000, 3_000_000, 20]
    assert await program.eval("(await page.request.post(allowed + '/echo', { data: 'z' })).status()") == 200


async def test_a_policy_on_methods_holds_for_pages(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages
) -> None:
    fetch = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True, methods=["GET"])
    async with host.create_runtime(bindings={"browser": bindings(chromium), "fetch": fetch}) as runtime:
        answer = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          await page.goto("{allowed.url("/")}");
          [await page.evaluate(() => fetch('/echo', {{ method: 'POST' }}).then((r) => r.status, () => 'refused')),
           await page.request.post("{allowed.url("/echo")}").then((r) => r.status(), () => 'refused')];
        """)
    assert answer == ["refused", "refused"]
    assert [visit.method for visit in allowed.visits if visit.target == "/echo"] == []
