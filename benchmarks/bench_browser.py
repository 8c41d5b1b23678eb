"""100 locator actions from a sandbox, against the same script in plain Playwright for Python.

    python benchmarks/bench_browser.py [--json] [--rounds 5] [--actions 100]

One action is a fill or a click by locator on a page of loopback; both sides use one headless Chromium. A second
row counts reads (`textContent`). Figures are medians of the rounds; `ratio` is sandbox by plain.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from isolatejs.host.isolate_host import create_isolate_host

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fakes.chromium import Pages, bindings, playwright_and_chromium

PAGE = """<label>Name <input></label>
<button onclick="count.textContent = +count.textContent + 1">Add</button><p id=count>0</p>"""
PROGRAM = """
globalThis.actions = async (count) => {
  for (let i = 0; i < count / 2; i++) {
    await page.getByLabel("Name").fill(`text ${i}`);
    await page.getByRole("button", { name: "Add" }).click();
  }
};
globalThis.reads = async (count) => {
  for (let i = 0; i < count; i++) await page.locator("#count").textContent();
};
"""


async def plain_actions(page: Any, count: int) -> None:
    for i in range(count // 2):
        await page.get_by_label("Name").fill(f"text {i}")
        await page.get_by_role("button", name="Add").click()


async def plain_reads(page: Any, count: int) -> None:
    for _ in range(count):
        await page.locator("#count").text_content()


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    await work()
    return (time.perf_counter() - start) * 1000


async def measure(rounds: int, count: int) -> dict[str, dict[str, float]]:
    results: dict[str, dict[str, float]] = {}
    async with Pages() as pages, playwright_and_chromium() as (_, browser), create_isolate_host() as host:
        url = pages.add("/", PAGE)
        page = await (await browser.new_context()).new_page()
        await page.goto(url)
        async with host.create_runtime(bindings={"browser": bindings(browser)}) as runtime:
            await runtime.eval(
                f"globalThis.page = await (await browser.newContext()).newPage(); await page.goto('{url}');{PROGRAM}"
            )
            for name, plain in (("actions", plain_actions), ("reads", plain_reads)):
                sandbox, direct = [], []
                for _ in range(rounds + 1):
                    direct.append(await timed(lambda plain=plain: plain(page, count)))
                    sandbox.append(await timed(lambda name=name: runtime.eval(f"await {name}({count})")))
                ours, theirs = statistics.median(sandbox[1:]), statistics.median(direct[1:])
                results[name] = {
                    "sandbox_ms": round(ours, 1),
                    "plain_ms": round(theirs, 1),
                    "ratio": round(ours / theirs, 2),
                }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--actions", type=int, default=100)
    options = parser.parse_args()
    results = asyncio.run(measure(options.rounds, options.actions))
    if options.json:
        print(json.dumps(results))
        return
    for name, row in results.items():
        print(
            f"{options.actions} {name:8} sandbox {row['sandbox_ms']:8.1f} ms   plain {row['plain_ms']:8.1f} ms"
            f"   ratio {row['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
