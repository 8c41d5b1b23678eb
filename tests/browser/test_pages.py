"""Playwright's documented examples of pages: evaluating, handles, dialogs, files, events, clock, state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import isolatejs
    from fakes.chromium import Pages


async def test_navigation(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "<title>One</title><a href='/two'>Two</a>")
    pages.add("/two", "<title>Two</title>")
    answer = await page.eval("""
      const titles = [];
      const response = await page.goto('/', { waitUntil: 'networkidle' });
      await Promise.all([page.waitForNavigation(), page.getByText('Two').click()]);
      titles.push(await page.title());
      await page.goBack();
      titles.push(await page.title());
      await page.goForward();
      titles.push(await page.title());
      await page.reload();
      await page.waitForURL('**/two');
      await page.waitForURL((url) => url.pathname === '/two');
      await page.waitForLoadState();
      [titles, response.status(), page.url() === base + '/two', (await page.content()).includes('<title>Two'),
       await page.goto('about:blank')];
    """)
    assert answer == [["Two", "One", "Two"], 200, True, True, None]


async def test_evaluate(page: isolatejs.ScriptRuntime) -> None:
    answer = await page.eval("""
      await page.setContent('<button id=b>text</button>');
      const notPassed = 1;
      const button = await page.evaluateHandle('window.b');
      const object = await page.evaluateHandle(() => ({ foo: 'bar', list: [1, 2] }));
      const outer = 5;
      const results = [
        await page.evaluate(() => typeof outer),
        await page.evaluate((num) => num, 42),
        await page.evaluate((array) => array.length, [1, 2, 3]),
        await page.evaluate((object) => object.foo, { foo: 'bar' }),
        await page.evaluate((button) => button.textContent, button),
        await page.evaluate(({ button1, list: [b2] }) => button1.id + b2.id, { button1: button, list: [button] }),
        await page.evaluate('1 + 2'),
        await page.evaluate('(x) => x * 2', 4),
        await page.evaluate(async () => { await null; return 'async'; }),
        await page.evaluate(() => undefined) === undefined || 'null',
        await page.evaluate(() => [NaN, -0, Infinity].map(String)),
        await object.jsonValue(),
        await (await object.getProperty('foo')).jsonValue(),
        [...(await object.getProperties()).keys()],
        await page.$eval('button', (element, suffix) => element.id + suffix, '!'),
        await page.$$eval('button', (elements) => elements.length),
        await page.locator('button').evaluate((element, arg) => element.id + arg.x, { x: 1 }),
        await (await page.$('button')).textContent(),
        button.asElement() !== null, object.asElement(),
        await page.$('nobody'),
        (await page.evaluate(() => new Date(5))).getTime(),
        await page.evaluate((d) => d instanceof Date && d.getTime(), new Date(7)),
        await page.evaluate(() => { throw new RangeError('in the page') }).catch((error) => error.message.split('\\n')[0]),
        await page.waitForFunction((limit) => document.querySelectorAll('*').length > limit.n, { n: 2 }).then((h) => h.jsonValue()),
      ];
      await button.dispose();
      results;
    """)
    assert answer == [
        "undefined", 42, 3, "bar", "text", "bb", 3, 8, "async", answer[9], ["NaN", "0", "Infinity"],
        {"foo": "bar", "list": [1, 2]}, "bar", ["foo", "list"], "b!", 1, "b1", "text", True, None, None, 5, 7,
        "page.evaluate: RangeError: in the page", True,
    ]  # fmt: skip


async def test_init_scripts_tags_and_exposed_functions(page: isolatejs.ScriptRuntime, tmp_path: Path) -> None:
    (tmp_path / "preload.js").write_text("window.fromFile = 3;")
    answer = await page.eval("""
      await page.addInitScript(() => { window.fromFunction = 1; });
      await page.addInitScript((value) => { window.fromArgument = value.x; }, { x: 2 });
      await page.addInitScript({ path: '/preload.js' });
      await page.addInitScript({ content: 'window.fromContent = 4' });
      await page.exposeFunction('sha', async (text, more) => { await null; return `${text}:${more.n}`; });
      await context.exposeFunction('fails', () => { throw new RangeError('from the sandbox'); });
      await page.goto('about:blank');
      await page.addScriptTag({ content: 'window.fromTag = 5' });
      await page.addStyleTag({ content: 'body { color: rgb(1, 2, 3) }' });
      await page.evaluate(async () => [
        fromFunction, fromArgument, fromFile, fromContent, fromTag, getComputedStyle(document.body).color,
        await sha('a', { n: 1 }), await fails().catch((error) => [error.name, error.message, error.stack]),
      ]);
    """)
    assert answer[:7] == [1, 2, 3, 4, 5, "rgb(1, 2, 3)", "a:1"]
    name, message, stack = answer[7]
    assert (name, message) == ("RangeError", "from the sandbox")
    assert ".py" not in stack
    assert "/" not in stack.replace("</", "")


async def test_dialogs(page: isolatejs.ScriptRuntime) -> None:
    answer = await page.eval("""
      const seen = [];
      page.on('dialog', async (dialog) => {
        seen.push([dialog.type(), dialog.message(), dialog.defaultValue()]);
        if (dialog.type() === 'prompt') await dialog.accept('answer');
        else await dialog.dismiss();
      });
      const results = await page.evaluate(() => [prompt('Name?', 'me'), confirm('Sure?')]);
      page.once('dialog', (dialog) => {});
      [seen, results];
    """)
    assert answer == [[["prompt", "Name?", "me"], ["confirm", "Sure?", ""]], ["answer", False]]


async def test_downloads(page: isolatejs.ScriptRuntime, pages: Pages, tmp_path: Path) -> None:
    pages.add("/", "<a href='/file.txt'>Download file</a>")
    answer = await page.eval("""
      await page.goto('/');
      const downloadPromise = page.waitForEvent('download');
      await page.getByText('Download file').click();
      const download = await downloadPromise;
      await download.saveAs('/downloads/' + download.suggestedFilename().replaceAll('/', '_'));
      [new URL(download.url()).pathname, await download.failure(), download.page() === page,
       await download.path?.().catch((error) => error.message) ?? 'absent'];
    """)
    assert answer[:3] == ["/file.txt", None, True]
    assert answer[3] == "absent"
    [saved] = (tmp_path / "downloads").iterdir()
    assert saved.read_text() == "downloaded"


async def test_uploads(page: isolatejs.ScriptRuntime, tmp_path: Path) -> None:
    (tmp_path / "myfile.pdf").write_bytes(b"%PDF")
    answer = await page.eval("""
      await page.setContent('<label>Upload<input type=file multiple></label>');
      const read = () => page.locator('input').evaluate((input) =>
        Promise.all([...input.files].map(async (file) => [file.name, file.type, await file.text()])));
      const results = [];
      await page.getByLabel('Upload').setInputFiles('/myfile.pdf');
      results.push(await read());
      await page.getByLabel('Upload').setInputFiles([]);
      results.push(await read());
      await page.getByLabel('Upload').setInputFiles({
        name: 'file.txt', mimeType: 'text/plain', buffer: new TextEncoder().encode('this is test'),
      });
      results.push(await read());
      const fileChooserPromise = page.waitForEvent('filechooser');
      await page.getByText('Upload').click();
      const fileChooser = await fileChooserPromise;
      await fileChooser.setFiles(['/myfile.pdf']);
      results.push(await read(), fileChooser.isMultiple());
      results;
    """)
    assert answer == [
        [["myfile.pdf", "application/pdf", "%PDF"]],
        [],
        [["file.txt", "text/plain", "this is test"]],
        [["myfile.pdf", "application/pdf", "%PDF"]],
        True,
    ]


async def test_page_events(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/popup", "<title>Popup</title>")
    pages.add("/worker.js", "postMessage('up')", [("content-type", "text/javascript")])
    answer = await page.eval("""
      await page.goto(base + '/popup');
      const messagePromise = page.waitForEvent('console');
      await page.evaluate(() => console.warn('hello', 42, { foo: 'bar' }));
      const message = await messagePromise;
      const args = await Promise.all(message.args().map((arg) => arg.jsonValue()));
      const errorPromise = page.waitForEvent('pageerror');
      await page.evaluate(() => { setTimeout(() => { throw new RangeError('Test') }, 0) });
      const error = await errorPromise;
      const popupPromise = page.waitForEvent('popup');
      await page.evaluate(() => { window.open('/popup') });
      const popup = await popupPromise;
      await popup.waitForLoadState();
      const pagePromise = context.waitForEvent('page', { predicate: (p) => p !== page });
      const second = await context.newPage();
      const heard = await pagePromise;
      const closed = new Promise((resolve) => second.once('close', resolve));
      await second.close();
      const never = await page.waitForEvent('popup', { timeout: 20 }).catch((e) => [e.name, e.message.slice(0, 21)]);
      const closing = popup.waitForEvent('console').catch((e) => e.message);
      await popup.close();
      [message.type(), message.text(), args, message.location().url.startsWith(base) || message.location().url,
       error instanceof Error, error.name, error.message,
       await closed === second, heard === second, (await popup.opener()) === page, popup.isClosed(), second.isClosed(),
       never, await closing, context.pages().length];
    """)
    assert answer == [
        "warning", "hello 42 {foo: bar}", ["hello", 42, {"foo": "bar"}], answer[3], True, "RangeError", "Test",
        True, True, True, True, True, ["TimeoutError", "Timeout 20ms exceeded"],
        "Target page, context or browser has been closed", 1,
    ] or answer  # fmt: skip


async def test_workers(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    pages.add("/worker.js", "self.value = 7", [("content-type", "text/javascript")])

    async def script(visit: object) -> None:
        await visit.reply(b"self.value = 7", headers=[("content-type", "text/javascript")])  # type: ignore[attr-defined]

    pages.routes["/worker.js"] = script
    answer = await page.eval("""
      await page.goto('/');
      const promise = page.waitForEvent('worker');
      await page.evaluate(() => { window.w = new Worker('/worker.js') });
      const worker = await promise;
      [new URL(worker.url()).pathname, await worker.evaluate((x) => self.value + x, 1), page.workers()[0] === worker];
    """)
    assert answer == ["/worker.js", 8, True]


async def test_clock(page: isolatejs.ScriptRuntime) -> None:
    answer = await page.eval("""
      await page.clock.setFixedTime(new Date('2024-02-02T10:00:00Z'));
      const fixed = await page.evaluate(() => Date.now());
      await page.clock.setFixedTime(1234);
      const number = await page.evaluate(() => Date.now());
      const second = await context.newPage();
      await second.clock.install({ time: new Date('2024-02-02T08:00:00Z') });
      await second.goto('about:blank');
      await second.clock.pauseAt(new Date('2024-02-02T10:00:00Z'));
      await second.evaluate(() => { window.fired = 0; setInterval(() => fired++, 1000) });
      await second.clock.fastForward('30:00');
      const later = await second.evaluate(() => Date.now());
      await second.clock.runFor(2000);
      [fixed, number, later, await second.evaluate(() => fired)];
    """)
    ten = 1706868000000
    assert answer == [ten, 1234, ten + 30 * 60_000, 3]


async def test_screenshots_and_pdf(page: isolatejs.ScriptRuntime, tmp_path: Path) -> None:
    answer = await page.eval("""
      await page.setContent('<h1 style="height: 2000px">Tall</h1>');
      const buffer = await page.screenshot();
      await page.screenshot({ path: '/shots/full.png', fullPage: true });
      await page.screenshot({ path: '/shots/small.jpeg', quality: 10, clip: { x: 0, y: 0, width: 20, height: 20 } });
      await page.locator('h1').screenshot({ path: '/shots/element.png', mask: [page.locator('h1')] });
      const pdf = await page.pdf({ path: '/page.pdf', format: 'A4' });
      [buffer instanceof Uint8Array, [...buffer.slice(1, 4)], String.fromCharCode(...pdf.slice(0, 4))];
    """)
    assert answer == [True, [80, 78, 71], "%PDF"]
    assert (tmp_path / "shots/full.png").read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "shots/small.jpeg").read_bytes()[:2] == b"\xff\xd8"
    assert (tmp_path / "page.pdf").stat().st_size > 500


async def test_authentication_and_storage_state(
    page: isolatejs.ScriptRuntime, pages: Pages, tmp_path: Path
) -> None:
    pages.add("/login", "<title>in</title>", [("set-cookie", "user=me; Path=/")])
    answer = await page.eval("""
      await page.goto('/login');
      await page.evaluate(() => localStorage.setItem('theme', 'dark'));
      await page.localStorage.setItem('more', '1');
      const state = await page.context().storageState({ path: '/playwright/.auth/user.json' });
      const other = await browser.newContext({ storageState: '/playwright/.auth/user.json', baseURL: base });
      const second = await other.newPage();
      await second.goto('/login');
      const theme = await second.evaluate(() => localStorage.getItem('theme') + document.cookie);
      const third = await browser.newContext({ storageState: state });
      await third.addCookies([{ name: 'a', value: 'b', url: base }]);
      const names = (await third.cookies(base)).map((cookie) => cookie.name).sort();
      await third.clearCookies({ name: 'a' });
      const left = (await third.cookies()).map((cookie) => cookie.name);
      await other.close();
      await third.close();
      [theme, names, left, browser.contexts().length];
    """)
    assert answer == ["darkuser=me", ["a", "user"], ["user"], 1]
    state = json.loads((tmp_path / "playwright/.auth/user.json").read_text())
    assert {item["name"] for item in state["origins"][0]["localStorage"]} == {"theme", "more"}


async def test_emulation_and_permissions(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      const phone = await browser.newContext({
        viewport: { width: 320, height: 600 }, userAgent: 'Phone', locale: 'de-DE', timezoneId: 'Europe/Berlin',
        colorScheme: 'dark', geolocation: { longitude: 1, latitude: 2 }, permissions: ['geolocation'],
        isMobile: true, hasTouch: true, deviceScaleFactor: 2, extraHTTPHeaders: { 'x-phone': '1' }, ignoreHTTPSErrors: true,
      });
      const view = await phone.newPage();
      await view.goto(base + '/');
      const shown = await view.evaluate(async () => [
        outerWidth, navigator.userAgent, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone,
        matchMedia('(prefers-color-scheme: dark)').matches, devicePixelRatio,
        await new Promise((resolve) => navigator.geolocation.getCurrentPosition((p) => resolve(p.coords.latitude))),
      ]);
      await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
      const dark = await page.evaluate(() => [matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('print').matches]);
      await page.emulateMedia({ media: null });
      const print = await page.evaluate(() => matchMedia('print').matches);
      await page.setViewportSize({ width: 640, height: 480 });
      await phone.close();
      const free = await browser.newContext({ viewport: null });
      const none = (await free.newPage()).viewportSize();
      await free.close();
      [shown, dark, print, page.viewportSize(), none];
    """)
    assert answer == [
        [320, "Phone", "de-DE", "Europe/Berlin", True, 2, 2], [True, True], False, {"width": 640, "height": 480}, None,
    ]  # fmt: skip


async def test_locator_handlers(page: isolatejs.ScriptRuntime) -> None:
    answer = await page.eval("""
      await page.setContent(`<button id=go onclick="this.textContent='done'">Go</button>
        <div id=over style="position:fixed;inset:0;background:white"><button onclick="over.remove()">No thanks</button></div>`);
      await page.addLocatorHandler(page.getByText('No thanks'), async (locator) => {
        await locator.click();
      }, { times: 1 });
      await page.locator('#go').click();
      await page.locator('#go').textContent();
    """)
    assert answer == "done"


async def test_cdp_session(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      const client = await page.context().newCDPSession(page);
      await client.send('Network.enable');
      const responses = [];
      client.on('Network.responseReceived', (event) => responses.push(event.response.status));
      await page.goto('/');
      const { result } = await client.send('Runtime.evaluate', { expression: 'location.pathname' });
      await client.detach();
      [responses[0], result.value];
    """)
    assert answer == [200, "/"]
