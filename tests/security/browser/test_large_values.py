"""Values of a page that would fill what tenants of a shared browser share: its driver and their connection."""

from __future__ import annotations

from typing import Any

import pytest

import isolatejs
from fakes.chromium import bindings

DEEP = "let o = []; const root = o; for (let i = 0; i < {depth}; i++) o = o[0] = []; return root"
VALUES = {
    "text": ("() => 'x'.repeat(300e6)", "the result has more than 33554432 characters"),
    "an array": ("() => Array.from({ length: 40 }, () => 'x'.repeat(1e6))", "the result has more than"),
    "bytes": ("() => new Uint8Array(30e6)", "the result has more than"),
    "lists that nest": (
        f"() => {{ {DEEP.replace('{depth}', '600')} }}",
        "object reference chain is too long",
    ),
    "lists that nest deep": (
        f"() => {{ {DEEP.replace('{depth}', '100000')} }}",
        "object reference chain is too long",
    ),
    "an error": ("() => { throw new Error('x'.repeat(3e6)) }", "(6"),
    "a rejection": ("async () => { throw new Error('x'.repeat(3e6)) }", "(6"),
    "text of a promise": ("async () => 'x'.repeat(60e6)", "the result has more than"),
    "a getter that never ends": (
        "() => { const f = () => ({ get next() { return f() } }); return f() }",
        "object reference chain is too long",
    ),
}


@pytest.mark.parametrize(("code", "message"), VALUES.values(), ids=VALUES.keys())
async def test_a_value_is_refused_in_the_page(
    host: isolatejs.IsolateHost, chromium: Any, code: str, message: str
) -> None:
    async with (
        host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime,
        host.create_runtime(bindings={"browser": bindings(chromium)}) as neighbour,
    ):
        await neighbour.eval("globalThis.page = await (await browser.newContext()).newPage(); 0")
        answer = await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          const attempt = (fn) => fn().then(() => 'did it', (error) => error.message);
          [await attempt(() => page.evaluate({code})), await attempt(() => page.locator('html').evaluate({code})),
           await attempt(async () => (await page.evaluateHandle({code})).jsonValue()), await page.evaluate(() => 'still here')];
        """)
        assert answer[3] == "still here"
        for text in answer[:3]:
            assert message in text
        assert await neighbour.eval("await page.evaluate(() => 1 + 1)") == 2


async def test_a_result_that_the_page_forges(host: isolatejs.IsolateHost, chromium: Any) -> None:
    """The page works against the function around the program's: its own program is told, or misled."""
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        answer = await runtime.eval("""
          const page = await (await browser.newContext()).newPage();
          const attempt = (fn) => fn().then((value) => ['did it', value], (error) => [error.name, error.message.slice(0, 60)]);
          const forge = async (code) => {
            await page.goto('about:blank');
            await attempt(() => page.evaluate(code));
            return await attempt(() => page.evaluate(() => 1));
          };
          [await forge("JSON.stringify = () => ({ length: 5 })"), await forge("JSON.stringify = () => '[[9],[]]'"),
           await forge("JSON.stringify = () => 'not json'"), await forge("JSON.stringify = () => '!mine'")].map(([what]) => what);
        """)
    assert "did it" not in (answer[0], answer[2], answer[3])
