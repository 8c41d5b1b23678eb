"""Managed browsers against Playwright's plain `launch`: start, memory, pages a second.

    python benchmarks/bench_managed_browser.py [--json] [--rounds 5] [--pages 30]

A start ends when an empty page has answered. `plain` starts a driver and a browser of its own, as a managed one does;
rounds alternate, so that both see the same load. Memory is the proportional share (PSS) of driver and browser with
one page, of a managed one with its init. A page is opened, navigated to a document on loopback with a script, a style
sheet and an image, read, and closed. Figures are medians; `ratio` is managed by plain.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from isolatejs import create_fetch_binding
from isolatejs.playwright import BrowserPool

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fakes.chromium import Pages, chromium_path
from fakes.loopback_server import Visit

DOCUMENT = (
    "<!doctype html><title>page</title><link rel=stylesheet href=/s.css><script src=/s.js></script><img src=/i.svg>"
    + "<p>text</p>" * 200
)


@asynccontextmanager
async def plain() -> AsyncIterator[tuple[Any, int]]:
    """A browser, and the process below which everything of it is."""
    from playwright.async_api import async_playwright

    before = _children(os.getpid())
    async with async_playwright() as playwright:
        # As the program file, so that no shell script of a distribution is counted.
        browser = await playwright.chromium.launch(
            executable_path=_program(), args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        (driver,) = _children(os.getpid()) - before
        yield browser, driver
        await browser.close()


@asynccontextmanager
async def managed(pool: BrowserPool, policy: Any) -> AsyncIterator[tuple[Any, int]]:
    leased = await pool.lease()
    leased.use_policy(policy.for_browser())
    yield leased.browser, leased._tenant.pid
    await leased.aclose()


def _program() -> str:
    from isolatejs.sandbox.browser.installation import find_chromium

    return find_chromium(chromium_path())


def _children(pid: int) -> set[int]:
    return {
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    }


def _tree(pid: int) -> set[int]:
    found = {pid}
    for child in _children(pid):
        found |= _tree(child)
    return found


def _pss_mb(pid: int) -> float:
    total = 0
    for process in _tree(pid):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


async def _first_page(browser: Any) -> Any:
    page = await (await browser.new_context()).new_page()
    assert await page.evaluate("1 + 1") == 2
    return page


async def _pages_a_second(browser: Any, url: str, count: int) -> float:
    context = await browser.new_context()
    began = time.perf_counter()
    for _ in range(count):
        page = await context.new_page()
        await page.goto(url)
        assert await page.title() == "page"
        await page.close()
    return count / (time.perf_counter() - began)


async def measure(rounds: int, count: int) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, list[float]]] = {}

    def note(row: str, side: str, value: float) -> None:
        figures.setdefault(row, {}).setdefault(side, []).append(value)

    async with Pages() as pages:
        url = pages.add("/", DOCUMENT)
        for path, kind in (("/s.css", "text/css"), ("/s.js", "text/javascript"), ("/i.svg", "image/svg+xml")):
            pages.routes[path] = _static(kind)
        policy = create_fetch_binding([pages.authority], allow_loopback=True)
        async with (
            BrowserPool(executable_path=chromium_path(), size=0) as cold,
            BrowserPool(executable_path=chromium_path(), size=1) as warm,
        ):
            for number in range(rounds + 1):
                for side in ("managed", "plain"):
                    opening = managed(cold, policy) if side == "managed" else plain()
                    began = time.perf_counter()
                    async with opening as (browser, pid):
                        await _first_page(browser)
                        started = time.perf_counter() - began
                        memory = _pss_mb(pid)
                        rate = await _pages_a_second(browser, url, count)
                    if number:  # the first round fills caches of the machine
                        note("cold start, ms", side, started * 1000)
                        note("memory, MB", side, memory)
                        note("pages a second", side, rate)
                while warm.statistics()["warm"] < 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # poll
                began = time.perf_counter()
                async with managed(warm, policy) as (browser, _):
                    await _first_page(browser)
                    if number:
                        note("warm start, ms", "managed", (time.perf_counter() - began) * 1000)
    rows = {}
    for row, sides in figures.items():
        medians = {side: round(statistics.median(values), 1) for side, values in sides.items()}
        beside = medians.get("plain") or round(statistics.median(figures["cold start, ms"]["plain"]), 1)
        rows[row] = {
            "managed": medians["managed"],
            "plain": beside,
            "ratio": round(medians["managed"] / beside, 2),
        }
    return rows


def _static(kind: str) -> Any:
    body = {"image/svg+xml": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}.get(kind, b"/* nothing */")

    async def serve(visit: Visit) -> None:
        await visit.reply(body, headers=[("content-type", kind)])

    return serve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=30)
    options = parser.parse_args()
    rows = asyncio.run(measure(options.rounds, options.pages))
    if options.json:
        print(json.dumps(rows))
        return
    print(f"load {os.getloadavg()[0]:.1f}")
    for name, row in rows.items():
        print(
            f"{name:16} managed {row['managed']:8.1f}   plain {row['plain']:8.1f}   ratio {row['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
