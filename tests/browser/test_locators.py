"""Playwright's documented examples of locators and actions, unchanged, inside the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import isolatejs

SIGN_UP = """
<h3>Sign up</h3>
<label><input type="checkbox" /> Subscribe</label><br/>
<label for="user">User Name</label><input id="user">
<label>Password <input type="password" /></label>
<input type="email" placeholder="name@example.com" />
<button onclick="document.title = 'sent'">Submit</button>
<span>Welcome, John!</span>
<img alt="playwright logo" src="data:," width="100" height="100" />
<span title='Issues count'>25 issues</span>
<button data-testid="directions">Itineraire</button>
"""
PRODUCTS = """
<ul>
  <li><h3>Product 1</h3><button onclick="this.textContent = 'Added 1'">Add to cart</button></li>
  <li><h3>Product 2</h3><button onclick="this.textContent = 'Added 2'">Add to cart</button></li>
</ul>
<ul id="fruit"><li>apple</li><li>banana</li><li>orange</li></ul>
"""

EXAMPLES: dict[str, tuple[str, str, Any]] = {
    "quick guide": (
        SIGN_UP,
        """
        await page.getByLabel('User Name').fill('John');
        await page.getByLabel('Password').fill('secret-password');
        await page.getByRole('button', { name: 'Submit' }).click();
        [await page.getByText('Welcome, John!').isVisible(), await page.getByLabel('User Name').inputValue()];
        """,
        [True, "John"],
    ),
    "by role": (
        SIGN_UP,
        """
        await page.getByRole('checkbox', { name: 'Subscribe' }).check();
        await page.getByRole('button', { name: /submit/i }).click();
        [await page.getByRole('heading', { name: 'Sign up' }).isVisible(),
         await page.getByRole('checkbox').isChecked(), await page.title()];
        """,
        [True, True, "sent"],
    ),
    "reused locator": (
        SIGN_UP,
        "const locator = page.getByRole('button', { name: 'Submit' }); await locator.hover(); await locator.click();"
        "await page.title();",
        "sent",
    ),
    "placeholder, alt text, title, test id": (
        SIGN_UP,
        """
        await page.getByPlaceholder('name@example.com').fill('playwright@microsoft.com');
        await page.getByAltText('playwright logo').click();
        await page.getByTestId('directions').click();
        [await page.getByTitle('Issues count').textContent(),
         await page.getByText('Welcome, John', { exact: true }).count(),
         await page.getByText(/welcome, [A-Za-z]+/i).count()];
        """,
        ["25 issues", 0, 1],
    ),
    "css and xpath": (
        SIGN_UP,
        "[await page.locator('css=button').count(), await page.locator('xpath=//button').count(),"
        " await page.locator('#user').count()];",
        [2, 2, 1],
    ),
    "filter": (
        PRODUCTS,
        """
        await page.getByRole('listitem').filter({ hasText: 'Product 2' })
          .getByRole('button', { name: 'Add to cart' }).click();
        await page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Product 1' }) })
          .getByRole('button').click();
        [await page.getByRole('listitem').filter({ hasNotText: 'Product' }).count(),
         await page.getByRole('listitem').filter({ hasNot: page.getByRole('heading') }).count(),
         await page.getByText('Added 2').count(), await page.getByText('Added 1').count()];
        """,
        [3, 3, 1, 1],
    ),
    "and, or, nth, all": (
        PRODUCTS,
        """
        const rows = page.locator('#fruit').getByRole('listitem');
        const texts = [];
        for (const row of await rows.all()) texts.push(await row.textContent());
        const either = page.getByText('apple').or(page.getByText('orange'));
        [texts, await rows.nth(1).textContent(), await rows.first().textContent(), await rows.last().textContent(),
         await either.count(), await page.getByRole('listitem').and(page.getByText('banana')).count(),
         await rows.allTextContents(), await rows.evaluateAll((list) => list.map((element) => element.textContent))];
        """,
        [
            ["apple", "banana", "orange"],
            "banana",
            "apple",
            "orange",
            2,
            1,
            ["apple", "banana", "orange"],
            ["apple", "banana", "orange"],
        ],
    ),
    "written as text": (
        PRODUCTS,
        "`${page.getByRole('button', { name: 'Add' }).first()}`;",
        "getByRole('button', { name: 'Add' }).first()",
    ),
    "select options": (
        "<select id=a><option value=blue>Blue<option value=red>Red</select>"
        "<select id=b multiple><option>red<option>green<option>blue</select>",
        """
        [await page.locator('#a').selectOption('blue'), await page.locator('#a').selectOption({ label: 'Red' }),
         await page.locator('#b').selectOption(['red', 'green', 'blue']), await page.selectOption('#a', { index: 0 })];
        """,
        [["blue"], ["red"], ["red", "green", "blue"], ["blue"]],
    ),
    "mouse click": (
        "<button id=b>Item</button><script>window.seen = []; "
        "for (const t of ['click','dblclick','contextmenu','mouseover']) b.addEventListener(t, "
        "(e) => { e.preventDefault(); seen.push(t + (e.shiftKey ? '+shift' : '')); });</script>",
        """
        await page.getByRole('button').dblclick();
        await page.getByText('Item').click({ button: 'right' });
        await page.getByText('Item').click({ modifiers: ['Shift'] });
        await page.getByText('Item').click({ position: { x: 0, y: 0 } });
        await page.getByText('Item').dispatchEvent('click');
        await page.evaluate(() => seen);
        """,
        [
            "mouseover",
            "click",
            "click",
            "dblclick",
            "contextmenu",
            "click+shift",
            "click",
            "click",
        ],
    ),
    "keys and characters": (
        "<textarea id=area></textarea>",
        """
        await page.locator('#area').pressSequentially('Hello World!');
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.down('Shift');
        for (let i = 0; i < ' World'.length; i++) await page.keyboard.press('ArrowLeft');
        await page.keyboard.up('Shift');
        await page.keyboard.press('Backspace');
        await page.locator('#area').press('End');
        await page.keyboard.type('?');
        await page.keyboard.insertText('嗨');
        await page.locator('#area').inputValue();
        """,
        "Hello!?嗨",
    ),
    "drag and drop": (
        "<div id=from draggable=true style='width:50px;height:50px'>from</div><div id=to "
        "style='width:90px;height:90px' ondragover='event.preventDefault()' ondrop='this.textContent=`dropped`'>to</div>",
        "await page.locator('#from').dragTo(page.locator('#to')); await page.locator('#to').textContent();",
        "dropped",
    ),
    "mouse and touch": (
        "<div id=pad style='position:absolute;left:0;top:0;width:200px;height:200px' "
        "onmousemove='this.dataset.at = event.clientX + `,` + event.clientY' onmousedown='this.dataset.down = 1'></div>",
        """
        await page.mouse.move(10, 20);
        await page.mouse.down();
        await page.mouse.move(60, 70, { steps: 5 });
        await page.mouse.up();
        await page.mouse.wheel(0, 5);
        await page.locator('#pad').evaluate((pad) => [pad.dataset.at, pad.dataset.down]);
        """,
        ["60,70", "1"],
    ),
    "frames": (
        "<iframe name=child srcdoc='<button onclick=\"this.textContent=1\">In</button>'></iframe>",
        """
        await page.frameLocator('iframe').getByRole('button').click();
        const frame = page.frame('child');
        const again = page.frames()[1];
        [await page.locator('iframe').contentFrame().getByRole('button').textContent(), frame.name(),
         frame === again, frame.parentFrame() === page.mainFrame(), page.mainFrame().childFrames().length,
         await frame.evaluate(() => document.body.innerText), page.frame({ name: 'child' }) === frame,
         page.frame('nobody')];
        """,
        ["1", "child", True, True, 1, "1", True, None],
    ),
    "state": (
        "<input id=i disabled value=v><input id=r readonly><p hidden>p</p><input type=checkbox checked id=c>",
        """
        [await page.locator('#i').isDisabled(), await page.locator('#i').isEnabled(),
         await page.locator('#r').isEditable(), await page.locator('p').isHidden(), await page.isChecked('#c'),
         await page.locator('#i').getAttribute('value'), await page.locator('#nobody').count(),
         (await page.locator('#r').boundingBox()).height > 5, await page.locator('p').innerHTML()];
        """,
        [True, False, False, True, True, "v", 0, True, "p"],
    ),
    "setChecked, clear, focus, blur": (
        "<input type=checkbox id=c><input id=i value=text onblur='this.dataset.left = 1'>",
        """
        await page.locator('#c').setChecked(true);
        await page.locator('#i').focus();
        await page.locator('#i').clear();
        await page.locator('#i').blur();
        [await page.locator('#c').isChecked(), await page.locator('#i').inputValue(),
         await page.locator('#i').getAttribute('data-left')];
        """,
        [True, "", "1"],
    ),
    "aria snapshot": (
        "<h1>todos</h1><input placeholder='What needs to be done?'>",
        "await page.locator('body').ariaSnapshot();",
        '- heading "todos" [level=1]\n- textbox "What needs to be done?"',
    ),
}


@pytest.mark.parametrize(("html", "code", "expected"), EXAMPLES.values(), ids=EXAMPLES.keys())
async def test_example(page: isolatejs.ScriptRuntime, html: str, code: str, expected: Any) -> None:
    await page.eval(
        f"await page.setContent({html!r})" if "\n" not in html else f"await page.setContent(`{html}`)"
    )
    assert await page.eval(code) == expected


async def test_strictness_and_timeouts_are_playwrights_errors(page: isolatejs.ScriptRuntime) -> None:
    await page.eval("await page.setContent('<button>a</button><button>b</button>')")
    name, message = await page.eval(
        "try { await page.getByRole('button').click() } catch (e) { [e.name, e.message] }".replace(
            "[e.name", "globalThis.caught = [e.name"
        )
        + "; globalThis.caught"
    )
    assert name == "Error"
    assert "locator.click: " in message
    assert 'strict mode violation: getByRole("button") resolved to 2 elements' in message
    name, message = await page.eval("""
      const error = await page.getByText('nobody').click({ timeout: 50 }).catch((error) => error);
      [error.name, error.message];
    """)
    assert name == "TimeoutError"
    assert message.startswith("locator.click: Timeout 50ms exceeded.")


async def test_a_wrong_option_is_named(page: isolatejs.ScriptRuntime) -> None:
    message = await page.eval(
        "await page.getByText('x').click({ timeOut: 5 }).catch((error) => error.message)"
    )
    assert message == "click: unknown option 'timeOut'"
