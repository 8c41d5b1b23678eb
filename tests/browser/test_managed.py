"""Managed browsers: `bindings={"browser": {"launch": ...}}`, as a user sees them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, chromium_path
from isolatejs.playwright import BrowserPool


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[BrowserPool]:
    async with BrowserPool(executable_path=chromium_path(), size=1) as pool:
        yield pool


@pytest.fixture
async def managed(
    host: isolatejs.IsolateHost, pool: BrowserPool, pages: Pages, tmp_path: Path
) -> AsyncIterator[isolatejs.ScriptRuntime]:
    """A runtime with the globals `context`, `page` and `base`, whose pages reach `pages` alone."""
    bindings = {
        "browser": {"launch": pool, "profiles": True},
        "fetch": isolatejs.create_fetch_binding([pages.authority], allow_loopback=True),
        "files": isolatejs.create_file_bindings(root=tmp_path, allow_write=True),
    }
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval(f"""
          globalThis.base = "{pages.url("")}";
          globalThis.context = await browser.newContext({{ baseURL: base }});
          globalThis.page = await context.newPage();
        """)
        yield runtime


async def test_pages_load_run_and_are_pictured(managed: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "<title>shop</title><button onclick='document.title = \"bought\"'>Buy</button>")
    title, magic = await managed.eval("""
      await page.goto('/');
      await page.getByRole('button', { name: 'Buy' }).click();
      [await page.title(), [...(await page.screenshot()).subarray(0, 4)]];
    """)
    assert (title, magic) == ("bought", [0x89, 0x50, 0x4E, 0x47])


async def test_requests_of_pages_and_of_the_request_api(
    managed: isolatejs.ScriptRuntime, pages: Pages
) -> None:
    pages.add("/", "<p>hello")
    answers = await managed.eval("""
      await page.goto('/');
      const sent = await page.evaluate(async () =>
        (await fetch('/echo', { method: 'POST', body: 'from the page', headers: { 'X-Own': '1' } })).json());
      const api = await (await page.request.post('/echo', { data: 'from the api' })).json();
      [sent.method, sent.body, sent.headers['x-own'], api.method, api.body];
    """)
    assert answers == ["POST", "from the page", "1", "POST", "from the api"]


async def test_downloads_and_uploads_pass_the_files_binding(
    managed: isolatejs.ScriptRuntime, pages: Pages, tmp_path: Path
) -> None:
    pages.add(
        "/",
        "<a href='/file.txt'>get</a><input type=file onchange='this.files[0].text().then(t => document.title = t)'>",
    )
    (tmp_path / "up.txt").write_text("uploaded")
    await managed.eval("""
      await page.goto('/');
      const coming = page.waitForEvent('download');
      await page.getByText('get').click();
      await (await coming).saveAs('/down.txt');
      await page.locator('input').setInputFiles('/up.txt');
      await page.waitForFunction(() => document.title === 'uploaded');
    """)
    assert (tmp_path / "down.txt").read_text() == "downloaded"


async def test_a_storage_profile_is_kept(managed: isolatejs.ScriptRuntime, pages: Pages) -> None:
    pages.add("/", "<p>hello")
    kept = await managed.eval("""
      const first = await browser.newContext({ profile: 'me' });
      const page1 = await first.newPage();
      await page1.goto(base + '/');
      await page1.evaluate(() => localStorage.setItem('key', 'value'));
      await first.close();
      const second = await browser.newContext({ profile: 'me' });
      const page2 = await second.newPage();
      await page2.goto(base + '/');
      await page2.evaluate(() => localStorage.getItem('key'));
    """)
    assert kept == "value"


async def test_profiles_as_directories_are_refused_in_words(
    managed: isolatejs.ScriptRuntime, host: isolatejs.IsolateHost, pool: BrowserPool
) -> None:
    error = await managed.eval("""
      await browser.newContext({ profile: { id: 'me', mode: 'persistent' } }).catch((error) => error.message);
    """)
    assert 'mode "storage"' in error
    with pytest.raises(isolatejs.ConfigurationError, match="storage"):
        await host.create_runtime(
            bindings={"browser": {"launch": pool, "profiles": {"default_mode": "persistent"}}}
        )


async def test_a_launcher_that_was_killed_is_started_again(
    managed: isolatejs.ScriptRuntime, pool: BrowserPool
) -> None:
    """Its browsers end with it, in words; the next context has another."""
    assert pool._launcher is not None
    os.kill(pool._launcher._process.pid, signal.SIGKILL)
    await asyncio.wait_for(pool._launcher.ended, 10)
    error, title = await managed.eval("""
      const failed = await page.title().then(() => "did it", (error) => error.message);
      const again = await (await browser.newContext()).newPage();
      await again.setContent("<title>again</title>");
      [failed, await again.title()];
    """)
    assert "browser" in error
    assert title == "again"


async def test_nothing_of_browsers_is_left_in_the_host(
    host: isolatejs.IsolateHost, pool: BrowserPool
) -> None:
    """Neither descriptors nor tasks."""

    async def once() -> tuple[int, int]:
        async with host.create_runtime(bindings={"browser": {"launch": pool}}) as runtime:
            await runtime.eval("await (await browser.newContext()).newPage(); 1")
        async with asyncio.timeout(30):
            while pool.statistics()["alive"] != 1 or pool.statistics()["warm"] != 1:
                await asyncio.sleep(0.05)  # poll
        return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())

    await once()
    first = await once()
    assert await once() == first


async def test_each_runtime_has_a_browser_of_its_own(host: isolatejs.IsolateHost, pool: BrowserPool) -> None:
    """And none that somebody used before."""
    seen = set()
    for _ in range(2):
        async with host.create_runtime(bindings={"browser": {"launch": pool}}) as runtime:
            await runtime.eval("await (await browser.newContext()).newPage(); 1")
            (browser,) = [one for one in pool._alive if one not in pool._warm]
            seen.add(browser)
        await asyncio.wait_for(browser._tenant.exited, 10)
    assert len(seen) == 2


async def test_diagnostics_tell_whose_browser_it_is(
    host: isolatejs.IsolateHost, pool: BrowserPool, chromium: Any
) -> None:
    async with host.create_runtime(bindings={"browser": {"launch": pool}}) as runtime:
        assert (await runtime.diagnostics())["browser"]["kind"] == "managed"
    async with host.create_runtime(
        bindings={"browser": {"create_context": lambda options: chromium.new_context(**options)}}
    ) as runtime:
        assert (await runtime.diagnostics())["browser"]["kind"] == "shared"


async def test_require_refuses_a_browser_that_is_shared(host: isolatejs.IsolateHost) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="launch"):
        await host.create_runtime(
            bindings={"browser": {"create_context": lambda options: None, "require": "managed"}}
        )


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        ("yes", "True, a dict, or a BrowserPool"),
        ({"size": -1}, "browser.launch.size"),
        ({"netwrok": "host"}, "network"),
        ({"network": "all"}, "browser.launch.network"),
        ({"memory_limit_mb": 10}, "browser.launch.memory_limit_mb"),
    ],
)
async def test_wrong_launch_options(host: isolatejs.IsolateHost, launch: Any, words: str) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match=re.escape(words)):
        await host.create_runtime(bindings={"browser": {"launch": launch}})


async def test_the_hosts_network_excludes_a_policy(host: isolatejs.IsolateHost) -> None:
    bindings = {
        "browser": {"launch": {"network": "host", "size": 0}},
        "fetch": isolatejs.create_fetch_binding("*"),
    }
    with pytest.raises(isolatejs.ConfigurationError, match="network"):
        await host.create_runtime(bindings=bindings)


async def test_a_browser_that_has_ended_is_replaced(
    managed: isolatejs.ScriptRuntime, pool: BrowserPool
) -> None:
    """The page's calls fail in words; the next context has a browser again."""
    (browser,) = [one for one in pool._alive if one not in pool._warm]
    browser._tenant.kill()
    await asyncio.wait_for(browser._tenant.exited, 10)
    error, title = await managed.eval("""
      const failed = await page.title().then(() => "did it", (error) => error.message);
      const again = await (await browser.newContext()).newPage();
      await again.setContent("<title>again</title>");
      [failed, await again.title()];
    """)
    assert "browser has ended" in error
    assert title == "again"


async def test_certificates_of_servers_are_judged(host: isolatejs.IsolateHost, pool: BrowserPool) -> None:
    """A page sees Chromium's own error for a server that is not trusted, and may ignore it as ever."""
    import ssl

    certificates = Path(__file__).parents[1] / "fakes" / "certificates"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates / "good.example.com.pem")
    trusting = ssl.create_default_context(cafile=str(certificates / "ca.pem"))

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with Pages(tls=tls) as secure:
        secure.add("/", "<title>secure</title>")
        policy = isolatejs.create_fetch_binding(
            ["good.example.com", "bad.example.com"],
            allow_loopback=True,
            resolver=resolve,
            ssl_context=trusting,
        )
        async with host.create_runtime(bindings={"browser": {"launch": pool}, "fetch": policy}) as runtime:
            answers = await runtime.eval(f"""
              const open = async (url, options) => {{
                const page = await (await browser.newContext(options)).newPage();
                const api = await page.request.get(url).then((r) => r.status(), (e) => e.message);
                return [await page.goto(url).then(() => page.title(), (e) => e.message), api];
              }};
              const good = "https://good.example.com:{secure.port}/", bad = "https://bad.example.com:{secure.port}/";
              [await open(good), await open(bad), await open(bad, {{ ignoreHTTPSErrors: true }})];
            """)
    (title, api), (refused, refused_api), (ignored, ignored_api) = answers
    assert (title, api) == ("secure", 200)
    assert "ERR_CERT" in refused
    assert "certificate" in refused_api
    assert (ignored, ignored_api) == ("secure", 200)


def _processes_below(pid: int) -> set[int]:
    """All descendants of a process."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(fields[1])
    found, last = {pid}, set()
    while found != last:
        last = set(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {pid}


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def test_nothing_is_left_when_the_host_is_killed() -> None:
    program = f"""
import asyncio, isolatejs
async def main():
    launch = {{"executable_path": {chromium_path()!r}, "size": 0}}
    async with isolatejs.create_isolate_host() as host:
        async with host.create_runtime(bindings={{"browser": {{"launch": launch}}}}) as runtime:
            await runtime.eval("await (await browser.newContext()).newPage(); 1")
            print("open", flush=True)
            await asyncio.sleep(600)
asyncio.run(main())
"""
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert await asyncio.to_thread(process.stdout.readline) == "open\n"
        started = _processes_below(process.pid)
        assert len(started) > 5
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    async with asyncio.timeout(10):
        while any(map(_is_running, started)):
            await asyncio.sleep(0.05)  # poll
