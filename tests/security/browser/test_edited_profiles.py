"""A program edits the profile that is kept in its files, to have the browser show it a file of the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.chromium import LAUNCH_ARGS, Pages, bindings, chromium_path

SECRET = "host secret"


@pytest.fixture
async def profiles(
    host: isolatejs.IsolateHost, playwright_chromium: Any, allowed: Pages, tmp_path: Path
) -> Any:
    """A program with persistent profiles in its own files."""
    playwright, chromium = playwright_chromium
    (tmp_path / "files").mkdir()

    async def create_persistent_context(user_data_dir: str, options: dict[str, Any]) -> Any:
        return await playwright.chromium.launch_persistent_context(
            user_data_dir, **options, executable_path=chromium_path(), args=LAUNCH_ARGS
        )

    async with host.create_runtime(
        bindings={
            "files": isolatejs.create_file_bindings(root=tmp_path / "files", allow_write=True),
            "browser": bindings(
                chromium,
                profiles={"default_mode": "persistent"},
                create_persistent_context=create_persistent_context,
            ),
        }
    ) as runtime:
        await runtime.eval(f"""
          globalThis.fs = await import('node:fs/promises');
          globalThis.place = '/.browser-profiles/p';
          globalThis.open = () => browser.newContext({{ profile: 'p' }});
          const context = await open();
          const page = await context.newPage();
          await page.goto("{allowed.url("/")}");
          await context.addCookies([{{ name: 'c', value: 'kept', url: "{allowed.url("/")}", expires: Date.now() / 1000 + 3600 }}]);
          await page.evaluate(async () => {{
            localStorage.setItem('v', 'kept');
            await new Promise((resolve, reject) => {{
              const opened = indexedDB.open('d', 1);
              opened.onupgradeneeded = () => opened.result.createObjectStore('s').put('kept', 'k');
              opened.onsuccess = () => {{ opened.result.close(); resolve(); }};
              opened.onerror = reject;
            }});
          }});
          await context.close();
        """)
        yield runtime


async def test_a_profile_keeps_cookies_and_storage_and_nothing_that_steers(
    profiles: Any, allowed: Pages
) -> None:
    kept = await profiles.eval(f"""
      const {{ names }} = JSON.parse(await fs.readFile(place + '/profile+manifest.json', 'utf8'));
      const context = await open();
      const page = await context.newPage();
      await page.goto("{allowed.url("/")}");
      const stored = await page.evaluate(async () => [localStorage.getItem('v'), await new Promise((resolve, reject) => {{
        const opened = indexedDB.open('d', 1);
        opened.onsuccess = () => {{
          const get = opened.result.transaction('s').objectStore('s').get('k');
          get.onsuccess = () => resolve(get.result);
        }};
        opened.onerror = reject;
      }})]);
      const cookies = (await context.cookies()).map((cookie) => cookie.value);
      await context.close();
      [stored, cookies, names.filter((name) => /Preferences|Sessions|State|Extension|Service/.test(name))];
    """)
    assert kept == [["kept", "kept"], ["kept"], []]


async def test_an_edited_profile_shows_no_file_of_the_host(profiles: Any, tmp_path: Path) -> None:
    """Preferences that restore a session, and startup pages, laid beside what was kept."""
    (tmp_path / "host-secret.txt").write_text(SECRET)
    answer = await profiles.eval(f"""
      const url = 'file://{tmp_path}/host-secret.txt';
      const manifest = JSON.parse(await fs.readFile(place + '/profile+manifest.json', 'utf8'));
      const add = async (name, text) => {{
        await fs.writeFile(`${{place}}/profile+${{manifest.place}}/${{manifest.names.length}}`, text);
        manifest.names.push(name);
      }};
      await add('Default/Preferences', JSON.stringify({{
        session: {{ restore_on_startup: 4, startup_urls: [url] }}, profile: {{ exit_type: 'Crashed' }} }}));
      await add('Default/Sessions/Session_1', url);
      await fs.writeFile(place + '/profile+manifest.json', JSON.stringify(manifest));
      const opened = await open().catch((error) => error.message);
      const shown = typeof opened === 'string' ? [opened]
        : await Promise.all(opened.pages().map(async (page) => [page.url(), await page.content()]));
      shown;
    """)
    assert SECRET not in str(answer)
    assert "the profile p is damaged" in str(answer)
