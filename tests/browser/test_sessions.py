"""Sessions, factories and handlers: who owns contexts, how long they live, and what is collected of them."""

# ruff: noqa: ASYNC240, ASYNC110
from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings
from isolatejs.playwright import create_playwright_session_handler


async def test_handler_and_factories_cannot_be_mixed(host: isolatejs.IsolateHost, chromium: Any) -> None:
    handler = create_playwright_session_handler(create_context=lambda options: None).handler
    with pytest.raises(isolatejs.ConfigurationError, match="handler cannot be mixed with create_context"):
        await host.create_runtime(bindings={"browser": bindings(chromium, handler=handler)})
    with pytest.raises(isolatejs.ConfigurationError, match="is needed"):
        await host.create_runtime(bindings={"browser": {}})
    with pytest.raises(isolatejs.ConfigurationError, match="did you mean 'create_context'"):
        await host.create_runtime(bindings={"browser": {"create_contex": print}})
    with pytest.raises(isolatejs.ConfigurationError, match="is needed"):
        create_playwright_session_handler()


async def test_contexts_end_with_their_runtime(host: isolatejs.IsolateHost, chromium: Any) -> None:
    runtime = await host.create_runtime(bindings={"browser": bindings(chromium)})
    await runtime.eval("const c = await browser.newContext(); await c.newPage(); await c.newPage(); null")
    assert len(chromium.contexts) == 1
    assert (await runtime.diagnostics())["browser"]["pages"] == 2
    await runtime.dispose()
    assert chromium.contexts == []


async def test_a_namespaced_session_of_factories_keeps_its_contexts(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages
) -> None:
    url = pages.add("/", "<title>Kept</title><button onclick='document.title = 1'>b</button>")
    binding = {"browser": bindings(chromium)}
    session = await host.get_namespaced_runtime("factory-first", bindings=binding)
    await session.eval(f"""
      globalThis.page = await (await browser.newContext()).newPage();
      await page.goto("{url}");
    """)
    await session.dispose()
    assert len(chromium.contexts) == 1
    again = await host.get_namespaced_runtime("factory-first", bindings=binding)
    title = await again.eval("""
      const [context] = browser.contexts();
      await page.getByRole('button').click();
      [await context.pages()[0].title(), context.pages()[0] === page];
    """)
    assert title == ["1", True]
    await again.dispose()
    await host.dispose_namespace("factory-first")
    assert chromium.contexts == []


async def test_console_and_events_of_pages(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    url = pages.add("/", "<script>console.warn('from the page'); fetch('/missing')</script>")
    heard: list[Any] = []
    events: list[Any] = []
    async with host.create_runtime(
        bindings={
            "browser": bindings(chromium, capture_console=True, on_event=events.append),
            "console": lambda entry: heard.append(entry),
        }
    ) as runtime:
        await runtime.eval(f"""
          const page = await (await browser.newContext()).newPage();
          const done = page.waitForEvent('requestfinished', (request) => request.url().endsWith('missing'));
          await page.goto("{url}");
          await done;
          await page.evaluate(() => {{ setTimeout(() => {{ throw new TypeError('thrown') }}) }});
          await page.waitForEvent('pageerror').catch(() => null);
        """)
    assert any(entry.type == "browserOutput" and "from the page" in entry.stdout for entry in heard)
    kinds = {event.type for event in events}
    assert {"browserConsoleLog", "networkRequest", "networkResponse"} <= kinds
    assert {(event.context_id, event.page_id) for event in events} == {("ctx_1", "page_1")}
    request = next(event for event in events if event.type == "networkRequest")
    response = next(event for event in events if event.type == "networkResponse")
    assert request.data["requestId"] == response.data["requestId"] == "req_1"
    assert request.data["url"] == url
    assert response.data["status"] == 200


async def test_collected_data(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    url = pages.add(
        "/", "<script>console.log(1); setTimeout(() => { throw new TypeError('thrown') })</script>"
    )
    playwright = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options)
    )
    errors: list[Any] = []
    failed = asyncio.Event()

    def listen(event: Any) -> None:
        if event.type == "pageError":
            errors.append(event)
            failed.set()

    off = playwright.on_event(listen)
    async with host.create_runtime(bindings={"browser": {"handler": playwright.handler}}) as runtime:
        await runtime.eval(
            f"const p = await (await browser.newContext()).newPage(); await p.goto('{url}'); null"
        )
        async with asyncio.timeout(10):
            await failed.wait()
    assert errors[0].data["name"] == "TypeError"
    assert errors[0].data["message"] == "thrown"
    data = playwright.get_collected_data()
    assert [event.data["stdout"] for event in data["browserConsoleLog"]] == ["1"]
    assert data["networkResponse"][0].data["status"] == 200
    assert playwright.get_tracked_resources() == {"contexts": ["ctx_1"], "pages": ["page_1"]}
    playwright.clear_collected_data()
    assert not any(playwright.get_collected_data().values())
    off()
    await playwright.aclose()
    assert chromium.contexts == []


async def test_objects_that_the_program_forgot_are_released(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages
) -> None:
    pages.add("/", "")
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        await runtime.eval(f"""
          globalThis.page = await (await browser.newContext()).newPage();
          await page.goto("{pages.url("/")}");
          page.locator('nobody').or(page.locator('html')).first();
        """)
        before = (await runtime.diagnostics())["browser"]["objects"]
        await runtime.eval("for (let i = 0; i < 50; i++) page.getByText(`${i}`).first().nth(2); null")
        assert (await runtime.diagnostics())["browser"]["objects"] == before


async def test_contexts_are_counted_while_they_open(host: isolatejs.IsolateHost, chromium: Any) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        answer = await runtime.eval("""
          const opening = Array.from({ length: 40 }, () => browser.newContext());
          const failed = (await Promise.allSettled(opening)).filter((one) => one.status === 'rejected');
          [failed.length, failed[0]?.reason.name, browser.contexts().length];
        """)
    assert answer == [8, "QuotaExceededError", 32]


async def test_a_context_that_nobody_waits_for_ends_with_its_runtime(
    host: isolatejs.IsolateHost, chromium: Any
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def create_context(options: dict[str, Any]) -> Any:
        asked.set()
        await go_on.wait()
        return await chromium.new_context(**options)

    runtime = await host.create_runtime(bindings={"browser": {"create_context": create_context}})
    await runtime.eval("browser.newContext(); null")
    async with asyncio.timeout(10):
        await asked.wait()
        disposing = asyncio.ensure_future(runtime.dispose())
        await asyncio.sleep(0)
        go_on.set()
        await disposing
    assert chromium.contexts == []


async def test_a_closed_handler_opens_nothing(host: isolatejs.IsolateHost, chromium: Any) -> None:
    playwright = create_playwright_session_handler(create_context=lambda options: chromium.new_context())
    async with host.create_runtime(bindings={"browser": {"handler": playwright.handler}}) as runtime:
        await playwright.aclose()
        assert await runtime.eval("await browser.newContext().catch((error) => error.message)") == (
            "the browser session is closed"
        )
    assert chromium.contexts == []


async def test_runtimes_of_one_handler_use_their_own_files(
    host: isolatejs.IsolateHost, chromium: Any, tmp_path: Path
) -> None:
    playwright = create_playwright_session_handler(create_context=lambda options: chromium.new_context())
    heard: list[Any] = []
    runtimes = [
        await host.create_runtime(
            bindings={
                "browser": {"handler": playwright.handler, "on_event": heard.append},
                "files": isolatejs.create_file_bindings(root=tmp_path / name, allow_write=True),
            }
        )
        for name in ("one", "two")
    ]
    take = """
      const page = await (await browser.newContext()).newPage();
      await page.evaluate(() => console.log('heard'));
      (await page.screenshot({ path: '/shot.png' })).length > 0;
    """
    assert await runtimes[0].eval(take)
    assert (tmp_path / "one/shot.png").exists()
    assert not (tmp_path / "two/shot.png").exists()
    for runtime in runtimes:
        await runtime.dispose()
    assert [event.data["stdout"] for event in heard] == ["heard", "heard"]
    await playwright.aclose()


async def test_a_policy_holds_while_another_runtime_uses_the_handler(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages
) -> None:
    url = pages.add("/", "")
    playwright = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options)
    )
    browser = {"handler": playwright.handler}
    held = isolatejs.create_fetch_binding(["nowhere.example"])
    strict = await host.create_runtime(bindings={"browser": browser, "fetch": held})
    await strict.eval("globalThis.page = await (await browser.newContext()).newPage(); null")
    visit = f"await page.goto('{url}').then(() => 'did it', (error) => error.message)"
    async with host.create_runtime(bindings={"browser": browser}):
        assert "not allowed" in await strict.eval(visit)
    assert "not allowed" in await strict.eval(visit)
    await strict.dispose()
    await playwright.aclose()
    assert pages.visits == []


@pytest.mark.parametrize("owner", ["factories", "handler"])
async def test_listeners_and_routes_survive_their_acquire(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages, owner: str
) -> None:
    url = pages.add("/", "")
    playwright = create_playwright_session_handler(create_context=lambda options: chromium.new_context())
    browser = bindings(chromium) if owner == "factories" else {"handler": playwright.handler}
    first = await host.get_namespaced_runtime(f"listening-{owner}", bindings={"browser": browser})
    await first.eval(f"""
      globalThis.seen = [];
      globalThis.page = await (await browser.newContext()).newPage();
      page.on('console', (message) => seen.push(message.text()));
      await page.route('**/routed', (route) => route.fulfill({{ body: 'by the program' }}));
      await page.exposeFunction('ask', () => 'answered');
      await page.goto("{url}");
    """)
    await first.dispose()
    again = await host.get_namespaced_runtime(f"listening-{owner}", bindings={"browser": browser})
    answer = await again.eval("""
      const next = page.waitForEvent('console', { timeout: 5000 });
      await page.evaluate(() => console.log('again'));
      await next;
      [seen, await page.evaluate(() => fetch('/routed').then((r) => r.text())), await page.evaluate(() => ask())];
    """)
    assert answer == [["again"], "by the program", "answered"]
    await again.dispose()
    await host.dispose_namespace(f"listening-{owner}")
    await playwright.aclose()


async def test_an_acquire_opens_contexts_by_its_own_factory(
    host: isolatejs.IsolateHost, chromium: Any
) -> None:
    made: list[int] = []

    def binding(number: int) -> dict[str, Any]:
        async def create_context(options: dict[str, Any]) -> Any:
            made.append(number)
            return await chromium.new_context(**options)

        return {"browser": {"create_context": create_context}}

    for number in (1, 2):
        session = await host.get_namespaced_runtime("factories", bindings=binding(number))
        await session.eval("await browser.newContext(); null")
        await session.dispose()
    await host.dispose_namespace("factories")
    assert made == [1, 2]


async def test_a_page_that_is_only_listened_to_is_kept(host: isolatejs.IsolateHost, chromium: Any) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        await runtime.eval("""
          globalThis.seen = [];
          globalThis.sentinels = [];
          await (async () => {
            const page = await (await browser.newContext()).newPage();
            page.on('console', (message) => seen.push(message.text()));
            for (let i = 0; i < 3; i++) sentinels.push(new WeakRef({}));
          })();
          null;
        """)
        await runtime.eval("""
          for (let i = 0; i < 2000 && sentinels.some((one) => one.deref() !== undefined); i++) {
            globalThis.garbage = Array.from({ length: 20_000 }, () => ({}));
            await new Promise((resolve) => setTimeout(resolve, 0));
          }
          null;
        """)
        seen = await runtime.eval("""
          const page = browser.contexts()[0].pages()[0];
          const heard = page.waitForEvent('console');
          await page.evaluate(() => console.log('heard'));
          await heard;
          seen;
        """)
    assert seen == ["heard"]


async def test_only_what_has_events_is_listened_to(
    host: isolatejs.IsolateHost, chromium: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        answer = await runtime.eval("""
          const page = await (await browser.newContext()).newPage();
          const attempt = async (fn) => { try { return await fn() } catch (error) { return error.message } };
          [typeof page.locator('x').on, typeof page.keyboard.on, await attempt(() => page.on('consle', () => {})),
           await attempt(() => page.waitForEvent('nonsense'))];
        """)
    assert answer == ["undefined", "undefined", "unknown event consle", "unknown event nonsense"]
    assert caplog.records == []


@pytest.mark.parametrize("given", ["both", "write", "none"])
async def test_files_of_a_handler(
    host: isolatejs.IsolateHost, chromium: Any, tmp_path: Path, given: str
) -> None:
    """Its callbacks come first; what has none goes by the files binding."""
    written: dict[str, bytes] = {}
    callbacks: dict[str, Any] = {}
    if given != "none":
        callbacks["write_file"] = written.__setitem__
    if given == "both":
        callbacks["read_file"] = lambda path: b"from the callback"
    playwright = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options), **callbacks
    )
    (tmp_path / "upload.txt").write_text("from the files")
    files = isolatejs.create_file_bindings(root=tmp_path, allow_write=True)
    async with host.create_runtime(
        bindings={"browser": {"handler": playwright.handler}, "files": files}
    ) as runtime:
        read = await runtime.eval("""
          const page = await (await browser.newContext()).newPage();
          await page.screenshot({ path: '/shot.png' });
          await page.setContent('<input type=file>');
          await page.setInputFiles('input', '/upload.txt');
          await page.$eval('input', (input) => input.files[0].text());
        """)
    assert read == ("from the callback" if given == "both" else "from the files")
    assert list(written) == ([] if given == "none" else ["/shot.png"])
    assert (tmp_path / "shot.png").exists() is (given == "none")
    await playwright.aclose()


async def test_a_handler_that_stands_in_front_of_another(host: isolatejs.IsolateHost, chromium: Any) -> None:
    playwright = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options)
    )
    asked: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(playwright.handler, name)

    async with host.create_runtime(bindings={"browser": {"handler": Counting()}}) as runtime:
        assert await runtime.eval("(await (await browser.newContext()).newPage()).url()") == "about:blank"
    assert "new_context" in asked
    await playwright.aclose()
    with pytest.raises(isolatejs.ConfigurationError, match="object has no objects"):
        await host.create_runtime(bindings={"browser": {"handler": object()}})
