"""The browser examples of the document: Python around, JavaScript unchanged but for the address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import isolatejs
from fakes.chromium import LAUNCH_ARGS, Pages, bindings, chromium_path
from isolatejs.playwright import create_playwright_session_handler

EXAMPLE = "<title>Example Domain</title><h1>Example Domain</h1>"


def example_com(pages: Pages) -> str:
    return pages.add("/", EXAMPLE)


async def test_add_browser_support(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    heard: list[str] = []
    runtime = await host.create_runtime(
        bindings={"browser": bindings(chromium), "console": lambda entry: heard.append(entry.stdout)}
    )
    await runtime.eval(f"""
      const ctx = await browser.newContext({{
        viewport: {{ width: 1280, height: 720 }},
      }});
      const page = await ctx.newPage();
      await page.goto("{example_com(pages)}");
      console.log(await page.title());
      console.log(typeof browser.close);
      console.log(page.viewportSize().width);
      console.log(typeof globalThis.page, typeof globalThis.context);
      const session = await ctx.newCDPSession(page);
      console.log((await session.send("Runtime.evaluate", {{ expression: "1 + 1" }})).result.value);
      const shim = await page.target().createCDPSession();
      console.log((await shim.send("Runtime.evaluate", {{ expression: "2 + 2" }})).result.value);
      console.log(browser.contexts().length, ctx.pages().length);
      await page.close();
      await ctx.close();
      console.log(browser.contexts().length);
    """)
    await runtime.dispose()
    assert [line.strip() for line in heard] == [
        "Example Domain", "undefined", "1280", "undefined undefined", "2", "4", "1 1", "0",
    ]  # fmt: skip
    assert chromium.contexts == []


async def test_browser_in_an_app_server(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    server = await host.create_app_server(
        entry="/server.js",
        bindings={
            "browser": bindings(chromium),
            "modules": isolatejs.create_module_resolver().virtual(
                "/server.js",
                f"""
                serve({{ async fetch() {{
                  const page = await (await browser.newContext()).newPage();
                  await page.goto("{example_com(pages)}");
                  return new Response(await page.title());
                }} }});
                """,
            ),
        },
    )
    result = await server.handle(isolatejs.Request("http://app/"))
    assert result.response is not None
    assert await result.response.text() == "Example Domain"
    await server.dispose()
    assert chromium.contexts == []


async def test_persist_browser_profiles(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages, tmp_path: Path
) -> None:
    url = pages.add("/", EXAMPLE, [("set-cookie", "session=abc; Max-Age=3600")])
    runtime = await host.create_runtime(
        bindings={
            "files": isolatejs.create_file_bindings(root=tmp_path, allow_write=True),
            "browser": bindings(chromium, profiles=True),
        }
    )
    cookies = await runtime.eval(f"""
      const ctx = await browser.newContext({{ profile: "auth/main" }});
      const page = await ctx.newPage();
      await page.goto("{url}");
      await ctx.storageState({{ path: "/snapshots/auth.json" }});
      await ctx.close();

      const restored = await browser.newContext({{
        storageState: "/snapshots/auth.json",
      }});
      const cookies = await restored.cookies();
      await restored.close();
      cookies.map(({{ name, value }}) => name + "=" + value);
    """)
    assert cookies == ["session=abc"]
    await runtime.dispose()
    stored = json.loads((tmp_path / ".browser-profiles/auth/main/storage-state.json").read_text())
    assert stored["cookies"][0]["name"] == "session"


async def test_persistent_profile(
    host: isolatejs.IsolateHost, playwright_chromium: Any, pages: Pages, tmp_path: Path
) -> None:
    given: list[str] = []
    playwright, _ = playwright_chromium

    async def create_persistent_context(user_data_dir: str, options: dict[str, Any]) -> Any:
        given.append(user_data_dir)
        return await playwright.chromium.launch_persistent_context(
            user_data_dir, **options, headless=True, executable_path=chromium_path(), args=LAUNCH_ARGS
        )

    url = example_com(pages)
    async with host.create_runtime(
        bindings={
            "files": isolatejs.create_file_bindings(root=tmp_path, allow_write=True),
            "browser": {
                "profiles": {"default_mode": "persistent"},
                "create_persistent_context": create_persistent_context,
                "create_page": lambda context: context.new_page(),
            },
        }
    ) as runtime:
        await runtime.eval(f"""
          const ctx = await browser.newContext({{ profile: "chrome/main" }});
          const page = await ctx.newPage();
          await page.goto("{url}");
          await page.evaluate(() => localStorage.setItem("kept", "yes"));
          await ctx.close();
        """)
        assert not Path(given[0]).exists()  # noqa: ASYNC240
        kept = await runtime.eval(f"""
          const again = await browser.newContext({{ profile: "chrome/main" }});
          const second = await again.newPage();
          await second.goto("{url}");
          const kept = await second.evaluate(() => localStorage.getItem("kept"));
          await again.close();
          kept;
        """)
    assert kept == "yes"
    assert given[0] != given[1]


async def test_run_tests_inside_the_sandbox(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    runtime = await host.create_test_runtime(
        key="example/browser-test", bindings={"browser": bindings(chromium, capture_console=True)}
    )
    running: list[str] = []
    unsubscribe = runtime.test.on_event(
        lambda event: running.append(event.test.full_name) if event.type == "testStart" else None
    )
    result = await runtime.run(
        f"""
        let ctx;
        let page;
        beforeAll(async () => {{
          ctx = await browser.newContext();
          page = await ctx.newPage();
        }});
        afterAll(async () => {{
          await ctx.close();
        }});
        test("loads a page", async () => {{
          expect((await browser.contexts()).length).toBe(1);
          expect((await ctx.pages()).length).toBe(1);
          await page.goto("{example_com(pages)}", {{
            waitUntil: "domcontentloaded",
          }});
          await expect(page).toHaveTitle(/Example Domain/);
        }});
        """,
        filename="/browser-test.ts",
        timeout_ms=10_000,
    )
    assert result.success, result
    assert running == ["loads a page"]
    unsubscribe()
    await runtime.dispose()


async def test_nested_test_runtime(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}, nested_host={}) as runtime:
        result = await runtime.eval(f"""
          import {{ createIsolateHost }} from "@ricsam/isolate";

          const nestedHost = createIsolateHost();
          const child = await nestedHost.createTestRuntime({{
            bindings: {{
              browser,
            }},
          }});
          const result = await child.run(`
            let ctx;
            let page;
            beforeAll(async () => {{
              ctx = await browser.newContext();
              page = await ctx.newPage();
            }});
            afterAll(async () => {{
              await ctx.close();
            }});
            test("loads a nested page", async () => {{
              await page.goto("{example_com(pages)}");
              await expect(page).toHaveTitle(/Example Domain/);
            }});
          `);
          await child.dispose();
          await nestedHost.close();
          [result.success, result.tests?.map((test) => test.error?.message)];
        """)
        assert result[0] is True, result


async def test_reuse_a_namespaced_session(host: isolatejs.IsolateHost, chromium: Any, pages: Pages) -> None:
    playwright = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options),
        create_page=lambda context: context.new_page(),
    )
    binding = {"browser": {"handler": playwright.handler}}
    session = await host.get_namespaced_runtime("playwright:preview:session", bindings=binding)
    response = await session.eval(f"""
      globalThis.ctx = await browser.newContext();
      globalThis.page = await globalThis.ctx.newPage();
      await globalThis.page.goto("{example_com(pages)}");
    """)
    assert response["kind"] == "Response"
    assert response["status"] == 200
    await session.dispose()
    assert playwright.get_tracked_resources() == {"contexts": ["ctx_1"], "pages": ["page_1"]}

    reused = await host.get_namespaced_runtime("playwright:preview:session", bindings=binding)
    started: list[str] = []
    unsubscribe = reused.test.on_event(lambda event: started.append(event.type))
    results = await reused.run_tests("""
      test("sees the existing browser state", async () => {
        const contexts = await browser.contexts();
        expect(contexts.length).toBe(1);
        const pages = await contexts[0].pages();
        expect(pages.length).toBe(1);
        expect(pages[0]).toBe(globalThis.page);
        await expect(globalThis.page).toHaveTitle("Example Domain");
      });
    """)
    assert results.success, results
    assert "testStart" in started
    unsubscribe()
    await host.dispose_namespace("playwright:preview:session")
    assert playwright.get_tracked_resources() == {"contexts": ["ctx_1"], "pages": ["page_1"]}
    await playwright.aclose()
    assert playwright.get_tracked_resources() == {"contexts": [], "pages": []}
