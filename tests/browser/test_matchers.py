"""Playwright's web-first matchers: each passes, fails and is negated, with its retry and its message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings

HTML = """<title>Page</title>
<style>#v { color: rgb(1, 2, 3) }</style>
<div id=v class="a b" style="width: 10px">text here</div><div id=h hidden>hidden</div><div id=e></div>
<ul><li>one</li><li>two</li></ul>
<input id=c type=checkbox checked aria-label=Check><input id=u type=checkbox><input id=d disabled value=val><input id=f autofocus aria-invalid=true
 aria-errormessage=err aria-describedby=desc><p id=err>Wrong</p><p id=desc>Help</p>
<select id=s multiple><option selected>x<option selected>y</select>"""

CASES: dict[str, tuple[str, str]] = {
    "toBeAttached": ("page.locator('#v')", "page.locator('#no')"),
    "toBeChecked": ("page.locator('#c')", "page.locator('#u')"),
    "toBeDisabled": ("page.locator('#d')", "page.locator('#c')"),
    "toBeEditable": ("page.locator('#f')", "page.locator('#d')"),
    "toBeEmpty": ("page.locator('#e')", "page.locator('#v')"),
    "toBeEnabled": ("page.locator('#c')", "page.locator('#d')"),
    "toBeFocused": ("page.locator('#f')", "page.locator('#c')"),
    "toBeHidden": ("page.locator('#h')", "page.locator('#v')"),
    "toBeInViewport": ("page.locator('#v')", "page.locator('#h')"),
    "toBeVisible": ("page.locator('#v')", "page.locator('#h')"),
    "toContainClass('a')": ("page.locator('#v')", "page.locator('#e')"),
    "toContainText('here')": ("page.locator('#v')", "page.locator('#e')"),
    "toContainText(['one', 'two'])": ("page.locator('li')", "page.locator('p')"),
    "toHaveAccessibleDescription('Help')": ("page.locator('#f')", "page.locator('#c')"),
    "toHaveAccessibleErrorMessage('Wrong')": ("page.locator('#f')", "page.locator('#c')"),
    "toHaveAccessibleName(/check/i)": ("page.locator('#c')", "page.locator('#d')"),
    "toHaveAttribute('id', 'v')": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveClass(/\\bb\\b/)": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveCount(2)": ("page.locator('li')", "page.locator('p#err')"),
    "toHaveCSS('color', 'rgb(1, 2, 3)')": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveId('v')": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveJSProperty('id', 'v')": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveRole('checkbox')": ("page.locator('#c')", "page.locator('#d')"),
    "toHaveText('text here')": ("page.locator('#v')", "page.locator('#e')"),
    "toHaveText(['one', /tw./])": ("page.locator('li')", "page.locator('p')"),
    "toHaveValue('val')": ("page.locator('#d')", "page.locator('#f')"),
    "toHaveValues(['x', /y/])": ("page.locator('#s')", "page.locator('#s2')"),
    "toMatchAriaSnapshot('- list:\\n  - listitem: one\\n  - listitem: two')": (
        "page.locator('body')",
        "page.locator('#e')",
    ),
    "toHaveTitle(/Pa/)": ("page", "other"),
    "toHaveURL(/matchers$/)": ("page", "other"),
    "toHaveURL((url) => url.pathname === '/matchers')": ("page", "other"),
    "toBeOK()": ("good", "bad"),
}


@pytest.fixture
async def tests(host: isolatejs.IsolateHost, chromium: Any) -> AsyncIterator[isolatejs.TestRuntime]:
    async with host.create_test_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        yield runtime


def _call(matcher: str, timeout_ms: int) -> str:
    """The matcher's call with a timeout."""
    if matcher == "toBeOK()":
        return matcher
    if "(" not in matcher:
        return f"{matcher}({{ timeout: {timeout_ms} }})"
    return f"{matcher[:-1]}, {{ timeout: {timeout_ms} }})"


async def test_every_matcher(tests: isolatejs.TestRuntime, pages: Pages) -> None:
    url = pages.add("/matchers", HTML + "<select id=s2 multiple><option>x</select>")
    lines = []
    for matcher, (matching, other) in CASES.items():
        call, quick = _call(matcher, 5000), _call(matcher, 30)
        lines.append(f"""
          test({matcher!r}, async () => {{
            await expect({matching}).{call};
            await expect({other}).not.{call};
            await expect(expect({other}).{quick}).rejects.toThrow(/expect\\(\\w+\\)\\.{matcher.split("(")[0]}\\(.*\\) failed/);
            await expect(expect({matching}).not.{quick}).rejects.toThrow(/expect\\(\\w+\\)\\.not\\.{matcher.split("(")[0]}/);
          }});""")
    code = f"""
      let page, other, good, bad;
      beforeAll(async () => {{
        const context = await browser.newContext();
        page = await context.newPage();
        other = await context.newPage();
        await page.goto('{url}');
        await page.bringToFront();
        good = await page.request.get('{url}');
        bad = await page.request.get('{url}/missing');
      }});
      {"".join(lines)}
    """
    result = await tests.run(code, filename="/matchers.test.ts", timeout_ms=60_000)
    failures = {case.full_name: case.error.message for case in result.tests if case.error}
    assert failures == {}
    assert len(result.tests) == len(CASES)


async def test_matchers_retry_until_the_condition_holds(tests: isolatejs.TestRuntime) -> None:
    result = await tests.run(
        """
        test('becomes visible', async () => {
          const page = await (await browser.newContext()).newPage();
          await page.setContent('<p></p>');
          const check = expect(page.locator('p')).toHaveText('now', { timeout: 5000 });
          await page.evaluate(() => setTimeout(() => { document.querySelector('p').textContent = 'now' }, 200));
          await check;
        });
        """,
        filename="/retry.test.ts",
    )
    assert result.success, result.tests


async def test_message_of_a_failure(tests: isolatejs.TestRuntime) -> None:
    result = await tests.run(
        """
        test('fails', async () => {
          const page = await (await browser.newContext()).newPage();
          await page.setContent('<h1>Hello</h1>');
          await expect(page.getByRole('heading')).toHaveText('Nope', { timeout: 100 });
        });
        """,
        filename="/message.test.ts",
    )
    [test] = result.tests
    assert test.error is not None
    message = test.error.message
    assert message.startswith(
        "expect(locator).toHaveText(expected) failed\n\nLocator expected to have text 'Nope'"
    )
    assert 'Expect "toHaveText" getByRole("heading") with timeout 100ms' in message
    assert "Actual value: Hello" in message


async def test_ordinary_matchers_stay(tests: isolatejs.TestRuntime) -> None:
    result = await tests.run(
        """
        test('both kinds', async () => {
          const page = await (await browser.newContext()).newPage();
          expect(page).toBe(page);
          expect(page).toBeDefined();
          expect([1]).toEqual([1]);
          expect('text').toContain('ex');
        });
        """,
        filename="/ordinary.test.ts",
    )
    assert result.success, result.tests
