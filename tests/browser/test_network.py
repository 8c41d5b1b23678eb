"""Playwright's documented examples of requests, routes, WebSockets and the request API, inside the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import isolatejs
    from fakes.chromium import Pages


async def test_mocked_api(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add(
        "/",
        "<ul id=l></ul><script>fetch('/api/v1/fruits').then(r => r.json()).then(all => "
        "l.innerHTML = all.map(f => `<li>${f.name}</li>`).join(''))</script>",
    )
    texts = await page.eval("""
      await page.route('*/**/api/v1/fruits', async route => {
        const json = [{ name: 'Strawberry', id: 21 }];
        await route.fulfill({ json });
      });
      await page.goto('/');
      await page.getByText('Strawberry').waitFor();
      await page.getByRole('listitem').allTextContents();
    """)
    assert texts == ["Strawberry"]
    assert "/api/v1/fruits" not in pages.targets()


async def test_modified_response(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.route('**/json', async route => {
        const response = await route.fetch();
        const json = await response.json();
        json.name = 'Loquat';
        await route.fulfill({ response, json });
      });
      await page.goto('/');
      await page.evaluate(() => fetch('/json').then((response) => response.json()));
    """)
    assert answer == {"name": "Loquat"}


async def test_modified_and_aborted_requests(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.goto('/');
      await page.route('**/*', async route => {
        const headers = route.request().headers();
        delete headers['x-secret'];
        await route.continue({ headers: { ...headers, 'x-added': 'yes' }, method: 'POST', postData: 'body' });
      });
      const echoed = await page.evaluate(() => fetch('/echo', { headers: { 'x-secret': '1' } }).then((r) => r.json()));
      await page.unrouteAll();
      await context.route(/\\.png$/, (route) => route.abort());
      const failed = await page.evaluate(() => fetch('/a.png').catch((error) => error.name));
      await context.unroute(/\\.png$/);
      const found = await page.evaluate(() => fetch('/a.png').then((r) => r.status));
      await page.route((url) => url.pathname === '/predicate', (route) => route.fulfill({ status: 201 }));
      const predicate = await page.evaluate(() => fetch('/predicate').then((r) => r.status));
      [echoed.method, echoed.headers['x-added'], echoed.headers['x-secret'] ?? null, echoed.body, failed, found, predicate];
    """)
    assert answer == ["POST", "yes", None, "body", "TypeError", 404, 201]


async def test_a_route_by_predicate_ends(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.goto('/');
      const predicate = (url) => url.pathname === '/predicate';
      const first = (route) => route.fulfill({ status: 201 });
      const second = (route) => route.fulfill({ status: 202 });
      const status = () => page.evaluate(() => fetch('/predicate').then((r) => r.status));
      await page.route(predicate, first);
      await page.route(predicate, second);
      const seen = [await status()];
      await page.unroute(predicate, second);
      seen.push(await status());
      await page.unroute(predicate);
      [...seen, await status()];
    """)
    assert answer == [202, 201, 404]


async def test_a_request_is_sent_again(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.goto('/');
      const sent = page.waitForRequest('**/echo');
      await page.evaluate(() => fetch('/echo', { method: 'PUT', body: 'text', headers: { 'x-a': 'b' } }).then(() => 0));
      const echo = await (await page.request.fetch(await sent)).json();
      [echo.method, echo.body, echo.headers['x-a']];
    """)
    assert answer == ["PUT", "text", "b"]


async def test_redirects_of_requests_are_counted(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    answer = await page.eval("""
      const attempt = (url, options) => page.request.get(url, options).then((r) => r.status(), (e) => e.message);
      [await attempt('/redirect?/redirect?/json', { maxRedirects: 1 }),
       await attempt('/redirect?/redirect?/json', { maxRedirects: 2 }),
       await attempt('/redirect?/json', { maxRedirects: undefined }),
       await attempt('/redirect?/json', { maxRedirects: Infinity })];
    """)
    assert answer == [
        "request.get: Max redirect count exceeded", 200, 200, "request.get: maxRedirects is a number of redirects",
    ]  # fmt: skip


async def test_waiting_for_requests_and_responses(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "<button onclick=\"fetch('/json', {method: 'POST', body: '{}'})\">Update</button>")
    answer = await page.eval("""
      await page.goto('/');
      const responsePromise = page.waitForResponse('**/json');
      const requestPromise = page.waitForRequest((request) => request.url().endsWith('/json') && request.method() === 'POST');
      await page.getByText('Update').click();
      const response = await responsePromise;
      const request = await requestPromise;
      const withRegExp = page.waitForResponse(/json$/);
      await page.getByText('Update').click();
      await withRegExp;
      [response.status(), response.ok(), await response.json(), response.headers()['content-type'],
       response.request() === request, request.postData(), request.postDataJSON(), request.resourceType(),
       request.frame() === page.mainFrame(), (await request.response()) === response,
       (await response.body()).length, await response.headerValue('content-type'), await response.finished()];
    """)
    assert answer == [
        200, True, {"name": "Strawberry"}, "application/json", True, "{}", {}, "fetch", True, True, 21,
        "application/json", None,
    ]  # fmt: skip


async def test_network_events(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "<script>fetch('/json')</script>")
    answer = await page.eval("""
      const seen = [];
      page.on('request', request => seen.push('>> ' + request.method() + ' ' + new URL(request.url()).pathname));
      page.on('response', response => seen.push('<< ' + response.status() + ' ' + new URL(response.url()).pathname));
      const finished = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/json'));
      await page.goto('/');
      await finished;
      const redirected = await page.goto('/redirect?/json');
      const chain = redirected.request().redirectedFrom();
      [seen.filter((line) => !line.includes('favicon')).slice(0, 4), new URL(redirected.url()).pathname,
       new URL(chain.url()).pathname, chain.redirectedTo() === redirected.request()];
    """)
    assert answer == [[">> GET /", "<< 200 /", ">> GET /json", "<< 200 /json"], "/json", "/redirect", True]


async def test_request_api(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    answer = await page.eval("""
      const issues = await page.request.get('/json');
      const posted = await context.request.post(base + '/echo', { data: { title: 'Bug' }, headers: { 'x-a': 'b' } });
      const form = await context.request.post('/echo', { form: { a: '1' } });
      const fetched = await context.request.fetch('/echo', { method: 'PUT', data: 'text' });
      const redirected = await page.request.get('/redirect?/json');
      const stopped = await page.request.get('/redirect?/json', { maxRedirects: 0 });
      const echo = await posted.json();
      const missing = await page.request.get('/missing');
      [issues.ok(), issues.status(), await issues.json(), (await issues.body()).length, echo.method, echo.body,
       echo.headers['content-type'], echo.headers['x-a'], (await form.json()).body, (await fetched.json()).method,
       await redirected.json(), stopped.status(), missing.ok(), missing.statusText(), missing.headers()['content-length']];
    """)
    assert answer == [
        True, 200, {"name": "Strawberry"}, 21, "POST", '{"title":"Bug"}', "application/json", "b", "a=1", "PUT",
        {"name": "Strawberry"}, 302, False, "Not Found", "11",
    ]  # fmt: skip


async def test_mocked_web_socket(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.routeWebSocket('wss://example.com/ws', ws => {
        ws.onMessage(message => {
          if (message === 'request')
            ws.send('response');
        });
      });
      await page.goto('/');
      await page.evaluate(() => new Promise((resolve, reject) => {
        const socket = new WebSocket('wss://example.com/ws');
        socket.onopen = () => socket.send('request');
        socket.onmessage = (event) => resolve(event.data);
        socket.onerror = () => reject(new Error('failed'));
      }));
    """)
    assert answer == "response"


async def test_extra_headers_and_offline(page: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "")
    answer = await page.eval("""
      await page.setExtraHTTPHeaders({ 'x-page': '1' });
      await context.setExtraHTTPHeaders({ 'x-context': '2' });
      await page.goto('/');
      const { headers } = await page.evaluate(() => fetch('/echo').then((r) => r.json()));
      await context.setOffline(true);
      const offline = await page.evaluate(() => fetch('/echo').catch((error) => error.message));
      [headers['x-page'], headers['x-context'], offline];
    """)
    assert answer == ["1", "2", "Failed to fetch"]
