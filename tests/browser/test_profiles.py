"""Profiles of a real browser: what comes back, who has one open, and what a crash leaves."""

# ruff: noqa: ASYNC240, ASYNC110
from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.chromium import LAUNCH_ARGS, Pages, bindings, chromium_path


@pytest.fixture
async def profiles(host: isolatejs.IsolateHost, playwright_chromium: Any, tmp_path: Path) -> Any:
    """A runtime with storage and persistent profiles, the list of user data directories, its contexts."""
    playwright, chromium = playwright_chromium
    given: list[str] = []
    contexts: list[Any] = []

    async def create_persistent_context(user_data_dir: str, options: dict[str, Any]) -> Any:
        given.append(user_data_dir)
        context = await playwright.chromium.launch_persistent_context(
            user_data_dir, **options, executable_path=chromium_path(), args=LAUNCH_ARGS
        )
        contexts.append(context)
        return context

    async with host.create_runtime(
        bindings={
            "files": isolatejs.create_file_bindings(root=tmp_path, allow_write=True),
            "browser": bindings(chromium, profiles=True, create_persistent_context=create_persistent_context),
        }
    ) as runtime:
        yield runtime, given, contexts


async def test_storage_profiles(profiles: Any, pages: Pages, tmp_path: Path) -> None:
    runtime = profiles[0]
    url = pages.add("/", "")
    answer = await runtime.eval(f"""
      const results = [];
      const visit = async (options, write) => {{
        const context = await browser.newContext({{ profile: options }});
        const page = await context.newPage();
        await page.goto("{url}");
        results.push(await page.evaluate(() => localStorage.getItem('v')));
        await page.evaluate((v) => localStorage.setItem('v', v), write);
        await context.close();
      }};
      await visit('a/b', '1');
      await visit('a/b', '2');
      await visit({{ id: 'a/b', autosave: false }}, '3');
      await visit({{ id: 'a/b', mode: 'storage', reset: true, autosave: false }}, '4');
      await visit('a/b', '5');
      await visit('other', '6');
      const open = await browser.newContext({{ profile: 'a/b' }});
      results.push(await browser.newContext({{ profile: 'a/b' }}).catch((error) => error.message));
      await open.close();
      await (await browser.newContext({{ profile: 'a/b' }})).close();
      results.push(await browser.newContext({{ profile: {{ id: 'x', mod: 1 }} }}).catch((error) => error.message));
      results;
    """)
    assert answer == [
        None, "1", "2", None, "2", None, "the profile a/b is open already", "profile: unknown option 'mod'",
    ]  # fmt: skip
    assert (tmp_path / ".browser-profiles/a/b/storage-state.json").exists()


async def test_a_persistent_profile_is_kept_when_its_browser_ends(profiles: Any, pages: Pages) -> None:
    runtime, given, contexts = profiles
    url = pages.add("/", "")
    await runtime.eval(f"""
      globalThis.context = await browser.newContext({{ profile: {{ id: 'p', mode: 'persistent' }} }});
      const page = await context.newPage();
      await page.goto("{url}");
      await page.evaluate(() => localStorage.setItem('v', 'kept'));
      null;
    """)
    await contexts[0].close()  # not by the program
    async with asyncio.timeout(20):
        while Path(given[0]).exists():
            await asyncio.sleep(0.01)
    kept = await runtime.eval(f"""
      const again = await browser.newContext({{ profile: {{ id: 'p', mode: 'persistent' }} }});
      const second = await again.newPage();
      await second.goto("{url}");
      const kept = await second.evaluate(() => localStorage.getItem('v'));
      await again.close();
      const fresh = await browser.newContext({{ profile: {{ id: 'p', mode: 'persistent', reset: true }} }});
      const third = await fresh.newPage();
      await third.goto("{url}");
      [kept, await third.evaluate(() => localStorage.getItem('v')), await fresh.close() ?? null];
    """)
    assert kept == ["kept", None, None]
    assert not any(Path(directory).exists() for directory in given)


async def test_profiles_are_absent_unless_granted(host: isolatejs.IsolateHost, chromium: Any) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        message = await runtime.eval(
            "await browser.newContext({ profile: 'x' }).catch((error) => error.message)"
        )
    assert message == "browser profiles are not enabled (bindings.browser.profiles)"


HOST = """
import asyncio, sys
import isolatejs
from playwright.async_api import async_playwright

executable, root, url, *arguments = sys.argv[1:]

async def main():
    async with async_playwright() as playwright, isolatejs.create_isolate_host() as host:
        directories = []
        async def create_persistent_context(user_data_dir, options):
            directories.append(user_data_dir)
            return await playwright.chromium.launch_persistent_context(
                user_data_dir, **options, executable_path=executable, args=arguments)
        runtime = await host.create_runtime(bindings={
            "files": isolatejs.create_file_bindings(root=root, allow_write=True),
            "browser": {
                "create_persistent_context": create_persistent_context,
                "profiles": {"default_mode": "persistent"},
            },
        })
        await runtime.eval(f'''
          const visit = async () => {{
            const context = await browser.newContext({{ profile: "p" }});
            const page = await context.newPage();
            await page.goto("{url}");
            const before = await page.evaluate(() => localStorage.getItem("v"));
            await page.evaluate((v) => localStorage.setItem("v", v), before === null ? "kept" : "lost");
            return context;
          }};
          await (await visit()).close();
          await visit();
          null;
        ''')
        print(directories[-1], flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_host_that_is_killed_leaves_the_profile_as_it_was_kept(
    host: isolatejs.IsolateHost, playwright_chromium: Any, pages: Pages, tmp_path: Path
) -> None:
    playwright, _ = playwright_chromium
    url = pages.add("/", "")
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, chromium_path(), str(tmp_path / "files"), url, *LAUNCH_ARGS,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None

    async def create_persistent_context(user_data_dir: str, options: dict[str, Any]) -> Any:
        return await playwright.chromium.launch_persistent_context(
            user_data_dir, **options, executable_path=chromium_path(), args=LAUNCH_ARGS
        )

    async with (
        asyncio.timeout(60),
        host.create_runtime(
            bindings={
                "files": isolatejs.create_file_bindings(root=tmp_path / "files", allow_write=True),
                "browser": {
                    "create_persistent_context": create_persistent_context,
                    "profiles": {"default_mode": "persistent"},
                },
            }
        ) as runtime,
    ):
        abandoned = Path((await other.stdout.readline()).decode().strip())
        assert abandoned.is_dir()
        visit = f"""
          const context = await browser.newContext({{ profile: "p" }});
          const page = await context.newPage();
          await page.goto("{url}");
          const found = await page.evaluate(() => localStorage.getItem("v"));
          await context.close();
          found;
        """
        with pytest.raises(isolatejs.GuestError, match="the profile p is open already"):
            await runtime.eval(visit)
        other.send_signal(signal.SIGKILL)
        await other.wait()
        assert await runtime.eval(visit) == "kept"
        while abandoned.exists():  # until the browser of the killed host has ended, too
            assert await runtime.eval(visit) == "kept"
