"""Pages that flood the host with events, and pages that go on when their runtime has ended."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import isolatejs
from fakes.chromium import Pages, bindings
from isolatejs.limits import BROWSER_COLLECTED_LIMIT_BYTES, BROWSER_EVENTS_PER_SECOND_LIMIT
from isolatejs.playwright import create_playwright_session_handler

LARGE = "await page.evaluate(() => { for (let i = 0; i < 12; i++) console.log(i + 'x'.repeat(4e6)) })"
MANY = "await page.evaluate(() => { for (let i = 0; i < 20000; i++) console.log(i) })"


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_large_console_messages_that_nobody_asked_for_do_not_reach_the_host(
    host: isolatejs.IsolateHost, chromium: Any
) -> None:
    async with host.create_runtime(bindings={"browser": bindings(chromium)}) as runtime:
        await runtime.eval("globalThis.page = await (await browser.newContext()).newPage();")
        before = resident_bytes()
        await runtime.eval(LARGE)
        assert resident_bytes() - before < 30_000_000
        assert sum((await runtime.diagnostics())["browser"]["collected_data"].values()) == 0


async def test_collected_events_are_bounded_in_bytes(host: isolatejs.IsolateHost, chromium: Any) -> None:
    session = create_playwright_session_handler(
        create_context=lambda options: chromium.new_context(**options)
    )
    async with host.create_runtime(bindings={"browser": {"handler": session.handler}}) as runtime:
        await runtime.eval(f"const page = await (await browser.newContext()).newPage(); {LARGE}")
        async with asyncio.timeout(20):
            while len(session.get_collected_data()["browserConsoleLog"]) < 12:
                await asyncio.sleep(0.02)  # poll
    kept = session.get_collected_data()
    assert set(kept) == {
        "browserConsoleLog",
        "networkRequest",
        "networkResponse",
        "requestFailure",
        "pageError",
    }
    assert (
        sum(len(event.data["stdout"]) for event in kept["browserConsoleLog"]) < BROWSER_COLLECTED_LIMIT_BYTES
    )
    assert kept["browserConsoleLog"][7].data["stdout"].startswith("7xxx")
    assert "4000001 characters" in kept["browserConsoleLog"][7].data["stdout"]
    await session.aclose()


async def test_a_flood_of_console_messages_is_dropped_and_counted(
    host: isolatejs.IsolateHost, chromium: Any, caplog: Any
) -> None:
    heard: list[Any] = []
    started = time.monotonic()
    async with host.create_runtime(
        bindings={"browser": bindings(chromium, on_event=heard.append)}
    ) as runtime:
        await runtime.eval(f"const page = await (await browser.newContext()).newPage(); {MANY}")
        async with asyncio.timeout(60):
            while len(heard) + (await runtime.diagnostics())["browser"]["dropped_events"] < 20_000:
                await asyncio.sleep(0.05)  # poll
    seconds = int(time.monotonic() - started) + 2
    assert len(heard) <= seconds * BROWSER_EVENTS_PER_SECOND_LIMIT
    assert len([record for record in caplog.records if "floods" in record.message]) <= 1
    assert len(caplog.records) < 20


async def test_a_page_that_spins_ends_with_its_runtime(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages, tmp_path: Path
) -> None:
    """Its storage cannot be asked for; its context closes all the same, and others open the profile."""
    given = {
        "browser": bindings(chromium, profiles=True),
        "files": isolatejs.create_file_bindings(root=tmp_path, allow_write=True),
    }
    before = len(chromium.contexts)
    async with host.create_runtime(bindings=given) as runtime:
        await runtime.eval(f"""
          const page = await (await browser.newContext({{ profile: 'p' }})).newPage();
          await page.goto("{allowed.url("/")}");
          await page.evaluate(() => {{
            localStorage.setItem('v', 'kept');
            new Worker(URL.createObjectURL(new Blob([`setInterval(() => fetch("${{location.origin}}/json"), 50)`])));
            setTimeout(() => {{ for (;;); }}, 100);
          }});
        """)
        async with asyncio.timeout(20):
            while "/json" not in allowed.targets():
                await asyncio.sleep(0.02)  # poll
    assert len(chromium.contexts) == before
    allowed.visits.clear()
    async with host.create_runtime(bindings=given) as runtime:
        state = await runtime.eval(
            "(await (await browser.newContext({ profile: 'p' })).storageState()).origins"
        )
    assert state[0]["localStorage"] == [{"name": "v", "value": "kept"}]
    assert "/json" not in allowed.targets()
