"""Values between programs and pages keep their kind, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from isolatejs import ScriptRuntime

KINDS = [
    "undefined", "null", "[undefined, null]", "({ a: undefined, b: { c: [] } })", "NaN", "-0", "-Infinity", "[2n ** 70n]", "'\\ud83d \\0'",
    "/\\p{L}+/giu", "/a/v", "new URL('https://a.example/x?y#z')", "new Date(5)", "new Date(NaN)", "new Uint8Array([1, 2, 255])",
    "new Float64Array([0.5, -0])", "new BigInt64Array([5n])", "new Uint8Array([1, 2]).buffer", "({ ['__proto__']: 1 })",
    "new Error('failed')", "'x'.repeat(300000)",
]  # fmt: skip


@pytest.mark.parametrize("code", KINDS)
async def test_a_value_comes_back_as_it_was(page: ScriptRuntime, code: str) -> None:
    assert (
        await page.eval(f"""
      const {{ inspect }} = await import('node:util');
      const shown = (value) => value instanceof Error ? `${{value.name}}: ${{value.message}}` : inspect(value, {{ depth: 9 }});
      const sent = {code};
      const [back, own] = [await page.evaluate((value) => value, sent), await page.evaluate(() => ({code}))];
      const handle = await page.evaluateHandle((value) => value, sent);
      [shown(back) === shown(sent), shown(own) === shown(sent), shown(await handle.jsonValue()) === shown(sent)]
        .every(Boolean) || [shown(sent), shown(back), shown(own)];
    """)
        is True
    )


async def test_cycles_and_shared_parts(page: ScriptRuntime) -> None:
    assert await page.eval("""
      const sent = { list: [] };
      sent.self = sent;
      sent.list.push(sent, sent.list);
      const back = await page.evaluate((value) => {
        const shared = { x: 1 };
        return { ok: value.self === value && value.list[0] === value && value.list[1] === value.list, value, pair: [shared, shared] };
      }, sent);
      [back.ok, back.value.self === back.value, back.value.list[1] === back.value.list, back.pair[0] === back.pair[1]];
    """) == [True, True, True, True]


async def test_handles_in_arguments(page: ScriptRuntime) -> None:
    assert await page.eval("""
      await page.setContent('<p id=a>one</p><p>two</p>');
      const element = await page.$('#a');
      const object = await page.evaluateHandle(() => ({ n: 5, f: () => 7 }));
      [await page.evaluate(([e, { o }]) => e.textContent + o.f(), [element, { o: object }]),
       await element.evaluate((e, more) => e.id + more, undefined), await page.$eval('p', (e, x) => e.textContent + x, 3),
       await page.$$eval('p', (all, x) => all.length + x, 1n).catch((error) => error.message.split('\\n')[0]),
       await page.locator('p').evaluateAll((all, x) => all.map((one) => one.textContent + x), '!'),
       await page.evaluate(() => document.body), await page.evaluate('1 + 1'), await page.evaluate('const x = 5; x * 2'),
       await page.evaluate('(x) => x + 1', 1), await page.evaluate(() => ({ toJSON: () => 'json' })),
       await (await page.waitForFunction((x) => x > 1 && { x }, 2)).jsonValue(), await page.evaluate(async () => { await 0; return 4 })];
    """) == [
        "one7", "aundefined", "one3", "page.$$eval: TypeError: Cannot mix BigInt and other types, use explicit conversions",
        ["one!", "two!"], "ref: <Node>", 2, 10, 2, {"toJSON": {}}, {"x": 2}, 4,
    ]  # fmt: skip


async def test_a_page_with_a_strict_policy_for_scripts(page: ScriptRuntime) -> None:
    assert await page.eval("""
      await page.route('**/strict', (route) => route.fulfill({ contentType: 'text/html', body: '<p>',
        headers: { 'content-security-policy': "default-src 'none'" } }));
      await page.goto('/strict');
      [await page.evaluate((x) => x + 1, 1), (await page.evaluate(() => undefined)) === undefined, await page.locator('p').evaluate((p) => p.tagName)];
    """) == [2, True, "P"]


async def test_bytes_are_buffers(page: ScriptRuntime) -> None:
    assert await page.eval("""
      await page.route('**/posted', (route) => route.fulfill({ body: route.request().postDataBuffer() }));
      await page.goto(base + '/json');
      const [response] = await Promise.all([
        page.waitForResponse('**/posted'), page.evaluate(() => fetch('/posted', { method: 'POST', body: 'hi' }).then((r) => r.text()))]);
      const body = await response.body();
      const frames = [];
      await page.routeWebSocket('**/socket', (socket) => socket.onMessage((message) => frames.push(message)));
      await page.reload();
      await page.evaluate(() => new Promise((resolve) => { const s = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
        s.onopen = () => { s.send(new Uint8Array([104, 105])); s.send('text'); resolve() } }));
      while (frames.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      [(await page.screenshot()).toString('latin1', 1, 4), body.toString(),
       (await (await page.request.get('/json')).body()).toString('base64').slice(0, 4), frames[0].toString(), frames[1]];
    """) == ["PNG", "hi", "eyJu", "hi", "text"]


async def test_values_of_exposed_functions(page: ScriptRuntime) -> None:
    assert await page.eval("""
      const seen = [];
      await page.setContent('<iframe srcdoc="<p>">');
      const exposed = await context.exposeFunction('give', async (...args) => { seen.push(args); return args.at(-1) });
      const here = await page.evaluate(async () => [await give(undefined, 1n), String(await give(/a/u)), await give()]);
      await page.goto('/json');
      const there = await page.evaluate(async () => (await give({ a: undefined, b: new Date(5) })).b.getTime());
      const twice = await page.exposeFunction('give', () => 1).catch((error) => error.message);
      const keys = await page.evaluate(() => Object.getOwnPropertyNames(globalThis).filter((name) => name.startsWith('__exposed')));
      [here[0] === 1n, here[1], here[2] === undefined, there, seen[0][0] === undefined, 'a' in seen[3][0], twice, keys.length];
    """) == [True, "/a/u", True, 5, True, True, 'Function "give" has been already registered', 0]


async def test_arguments_of_exposed_functions_are_bounded_in_the_page(page: ScriptRuntime) -> None:
    assert await page.eval("""
      await page.exposeFunction('give', () => 1);
      await page.evaluate(async () => {
        let deep = [];
        for (let i = 0; i < 600; i++) deep = [deep];
        return [await give(deep).catch((error) => error.message), await give('x'.repeat(40e6)).catch((error) => error.message)];
      });
    """) == ["object reference chain is too long.", "the arguments have more than 33554432 characters"]
