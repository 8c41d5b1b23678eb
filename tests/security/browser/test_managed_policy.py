"""The rules of a fetch policy hold for everything that a managed browser sends, whichever way it sends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, chromium_path
from fakes.loopback_server import Visit
from isolatejs.playwright import BrowserPool

PAGE = """<script>
const attempt = (fn) => fn().then((value) => String(value), (error) => 'refused: ' + error.message);
</script>"""


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[BrowserPool]:
    async with BrowserPool(executable_path=chromium_path(), size=1) as pool:
        yield pool


async def _run(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages, program: str, **rules: Any
) -> Any:
    """A program with `page` on the allowed site, under these rules."""
    allowed.add("/page", PAGE)
    policy = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True, **rules)
    async with host.create_runtime(bindings={"browser": {"launch": pool}, "fetch": policy}) as runtime:
        return await runtime.eval(f"""
          const site = {allowed.url("")!r};
          const context = await browser.newContext({{ baseURL: site }});
          const page = await context.newPage();
          await page.goto('/page');
          const attempt = (fn) => fn().then((value) => value, (error) => 'refused: ' + error.message);
          {program}
        """)


async def test_methods_hold_for_pages_workers_beacons_and_the_request_api(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    answers = await _run(
        host,
        pool,
        allowed,
        """
          const inPage = (fn) => page.evaluate(fn);
          const answers = {
            get: await inPage(() => fetch('/json').then((r) => r.status)),
            post: await inPage(() => attempt(() => fetch('/echo', { method: 'POST', body: 'x' }))),
            put: await inPage(() => attempt(() => fetch('/echo', { method: 'PUT' }))),
            api: await attempt(async () => (await page.request.post('/echo', { data: 'x' })).status()),
            put_by_api: await attempt(async () => (await page.request.put('/echo')).status()),
            delete_by_api: await attempt(async () => (await page.request.delete('/echo')).status()),
          };
          await inPage(() => navigator.sendBeacon('/echo', 'x'));
          await inPage(() => globalThis.fetchLater?.('/echo', { method: 'POST', activateAfter: 0 }));
          await inPage(() => new Promise((done) => {
            const source = "onconnect = (e) => fetch('" + location.origin + "/echo', { method: 'POST' })"
              + ".then(() => e.ports[0].postMessage('sent'), () => e.ports[0].postMessage('refused'))";
            const worker = new SharedWorker(URL.createObjectURL(new Blob([source])));
            worker.port.onmessage = done;
          }));
          await inPage(() => { const form = document.createElement('form'); form.method = 'post'; form.action = '/echo';
            const frame = document.createElement('iframe'); frame.name = 'f'; document.body.append(frame, form);
            form.target = 'f'; form.submit(); });
          await page.route('**/routed', async (route) =>
            route.fulfill({ response: await route.fetch({ url: site + '/echo', method: 'POST' }) }));
          await attempt(() => inPage(() => fetch('/routed').then((r) => r.status)));
          await page.waitForTimeout(500);
          answers;
        """,
        methods=["GET"],
    )
    assert answers["get"] == 200
    assert {visit.method for visit in allowed.visits} == {"GET"}, allowed.visits
    assert all("refused" in str(answers[name]) for name in answers if name != "get"), answers


async def test_a_preflight_is_answered_for_the_server_when_its_method_is_not_allowed(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    async def answer(visit: Visit) -> None:
        await visit.reply(b"yes", headers=[("access-control-allow-origin", "null")])

    allowed.routes["/cors"] = answer
    answers = await _run(
        host,
        pool,
        allowed,
        """
          const other = await context.newPage();
          await other.goto('data:text/html,<p>another origin');
          [await other.evaluate((url) => fetch(url, { headers: { 'X-Own': '1' } }).then((r) => r.text()), site + '/cors'),
           await other.evaluate((url) => fetch(url, { method: 'DELETE' }).then(() => 'did it', () => 'refused'), site + '/cors')];
        """,
        methods=["GET"],
    )
    assert answers == ["yes", "refused"]
    assert {visit.method for visit in allowed.visits} == {"GET"}


async def test_web_sockets_are_refused_where_the_policy_has_none(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    program = """
      await page.evaluate((url) => new Promise((done) => {
        const socket = new WebSocket(url.replace('http', 'ws') + '/socket');
        socket.onopen = () => done('open'); socket.onerror = () => done('refused');
      }), site);
    """
    assert await _run(host, pool, allowed, program, web_sockets=False) == "refused"
    assert "/socket" not in allowed.targets()
    await _run(host, pool, allowed, program)
    assert "/socket" in allowed.targets()


async def test_plain_http_is_refused_where_the_policy_has_https_alone(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    policy = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True, schemes=["https"])
    async with host.create_runtime(bindings={"browser": {"launch": pool}, "fetch": policy}) as runtime:
        answers = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          const url = {allowed.url("")!r};
          [await page.goto(url + '/').then(() => 'did it', () => 'refused'),
           await page.evaluate((url) => new Promise((done) => {{
             const socket = new WebSocket(url.replace('http', 'ws') + '/');
             socket.onopen = () => done('open'); socket.onerror = () => done('refused'); }}), url),
           await page.evaluate((url) => fetch(url, {{ mode: 'no-cors' }}).then(() => 'did it', () => 'refused'), url)];
        """)
    assert answers == ["refused", "refused", "refused"]
    assert allowed.visits == []


async def test_no_way_to_say_another_host(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    """An allowed address may serve other sites, too."""
    await _run(
        host,
        pool,
        allowed,
        """
          await attempt(() => page.request.get('/echo', { headers: { Host: 'other.example' } }));
          await page.route('**/continued', (route) => route.continue({ url: site + '/echo', headers: { Host: 'other.example' } }));
          await attempt(() => page.evaluate(() => fetch('/continued').then((r) => r.status)));
          await page.route('**/fetched', async (route) =>
            route.fulfill({ response: await route.fetch({ url: site + '/echo', headers: { Host: 'other.example' } }) }));
          await attempt(() => page.evaluate(() => fetch('/fetched').then((r) => r.status)));
          await context.setExtraHTTPHeaders({ Host: 'other.example' }).catch(() => 0);
          await attempt(() => page.goto('/echo'));
        """,
    )
    assert {visit.header("host") for visit in allowed.visits} == {allowed.authority}


async def test_responses_have_the_size_of_the_policy(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    async def large(visit: Visit) -> None:
        await visit.start([("transfer-encoding", "chunked"), ("content-type", "text/plain")])
        for _ in range(64):
            await visit.send_chunk(bytes(64 * 1024))
        await visit.send_chunk(b"")

    allowed.routes["/large"] = large
    answers = await _run(
        host,
        pool,
        allowed,
        """
          [await page.evaluate(() => attempt(() => fetch('/large').then((r) => r.text()).then((t) => t.length))),
           await attempt(async () => (await (await page.request.get('/large')).body()).length)];
        """,
        max_response_bytes=2**20,
    )
    assert all(str(answer).startswith("refused") for answer in answers), answers


async def test_a_session_taken_again_obeys_its_new_policy(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages, internal: Pages
) -> None:
    """Pages and contexts that are older than the policy, too: their redirects and WebSockets."""
    allowed.add("/page", PAGE)
    wide = isolatejs.create_fetch_binding([allowed.authority, internal.authority], allow_loopback=True)
    narrow = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True)
    key = "browser-session"
    async with host.get_namespaced_runtime(
        key, bindings={"browser": {"launch": pool}, "fetch": wide}
    ) as session:
        await session.eval(f"""
          globalThis.page = await (await browser.newContext()).newPage();
          await page.goto({allowed.url("/page")!r});
          await page.evaluate((url) => fetch(url, {{ mode: 'no-cors' }}), {internal.url("/")!r});
        """)
    assert internal.visits
    internal.visits.clear()
    async with host.get_namespaced_runtime(
        key, bindings={"browser": {"launch": pool}, "fetch": narrow}
    ) as session:
        answers = await session.eval(f"""
          await page.evaluate(async (url) => [
            await attempt(() => fetch(url, {{ mode: 'no-cors' }})),
            await attempt(() => fetch('/redirect?' + url, {{ mode: 'no-cors' }})),
            await new Promise((done) => {{ const socket = new WebSocket(url.replace('http', 'ws'));
              socket.onopen = () => done('open'); socket.onerror = () => done('refused'); }}),
          ], {internal.url("/")!r});
        """)
    await host.dispose_namespace(key)
    assert all("refused" in answer for answer in answers), answers
    assert internal.visits == []


async def test_a_childs_pages_obey_the_parents_policy(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages, internal: Pages
) -> None:
    """Whatever `fetch` it gives its child."""
    policy = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True)
    async with host.create_runtime(bindings={"browser": {"launch": pool}, "fetch": policy}) as runtime:
        answers = await runtime.eval(f"""
          import {{ createIsolateHost }} from "isolatejs";
          const child = await createIsolateHost().createRuntime({{
            bindings: {{ browser, fetch: async () => new Response('anything') }},
          }});
          const answers = await child.eval(`
            const page = await (await browser.newContext()).newPage();
            const attempt = (url) => page.goto(url).then(() => 'did it', () => 'refused');
            [await attempt({internal.url("/")!r}), await attempt({allowed.url("/")!r})];
          `);
          answers;
        """)
    assert answers == ["refused", "did it"]
    assert internal.visits == []


async def test_the_clipboard_is_each_tenants_own(
    host: isolatejs.IsolateHost, pool: BrowserPool, allowed: Pages
) -> None:
    allowed.add("/page", "<input id=i>")
    policy = isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True)
    program = """
      const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
      const page = await context.newPage();
      await page.goto(URL);
      STEP
    """.replace("URL", repr(allowed.url("/page")))
    bindings = {"browser": {"launch": pool}, "fetch": policy}
    async with host.create_runtime(bindings=bindings) as one, host.create_runtime(bindings=bindings) as two:
        await one.eval(
            program.replace("STEP", "await page.evaluate(() => navigator.clipboard.writeText('secret')); 1")
        )
        pasted = await two.eval(
            program.replace(
                "STEP",
                "await page.locator('#i').press('Control+V'); "
                "[await page.locator('#i').inputValue(), await page.evaluate(() => navigator.clipboard.readText().catch(() => ''))]",
            )
        )
    assert pasted == ["", ""]
