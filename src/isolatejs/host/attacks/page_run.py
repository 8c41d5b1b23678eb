"""Runs the corpus of pages in one browser: each with its own trap, several at a time."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.errors import IsolateError

from .corpus import ESCAPED
from .page_corpus import PAGE_CORPUS, PageAttack
from .run import Outcome, Verdict
from .traps import Site, Trap, own_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from isolatejs.host.isolate_host import IsolateHost
    from isolatejs.host.script_runtime import ScriptRuntime

AT_ONCE: Final = 6
LISTEN_S: Final = 1.5
"""So long a trap listens after its page was loaded."""
TIMEOUT_MS: Final = 30_000.0
_PROGRAM: Final = """
const context = await browser.newContext();
const page = await context.newPage();
page.setDefaultTimeout(5000);
let answer = "no";
try {
  await page.goto(URL, { waitUntil: "commit" }).catch(() => 0);
  await page.waitForTimeout(300);
  answer = String(await (async () => { CODE })());
} catch (error) {
  answer = error.message;
}
await page.waitForTimeout(LISTEN);
await context.close().catch(() => 0);
answer;
"""


async def run_page_attacks(
    host: IsolateHost, browser: Any, attacks: Sequence[PageAttack] = PAGE_CORPUS
) -> AsyncIterator[Outcome]:
    """Run the attacks with a browser binding, under a policy that allows one site."""
    async with Site() as site:
        bindings: dict[str, Any] = {"browser": browser}
        if _network_of(browser) == "policy":
            bindings["fetch"] = create_fetch_binding([site.authority], allow_loopback=True)
        turns = asyncio.Semaphore(AT_ONCE)
        async with host.create_runtime(bindings=bindings, execution_timeout_ms=None) as runtime:
            tasks = [
                asyncio.ensure_future(_run(runtime, site, attack, number, turns))
                for number, attack in enumerate(attacks)
            ]
            try:
                for task in asyncio.as_completed(tasks):
                    yield await task
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _network_of(browser: Any) -> str:
    launch = browser.get("launch") if isinstance(browser, dict) else getattr(browser, "launch", None)
    options = getattr(launch, "options", launch)
    network = options.get("network") if isinstance(options, dict) else getattr(options, "network", None)
    return network or "policy"


async def _run(
    runtime: ScriptRuntime, site: Site, attack: PageAttack, number: int, turns: asyncio.Semaphore
) -> Outcome:
    async with turns:
        began = time.perf_counter()
        trap = await Trap().open()
        try:
            program = _prepare(site, attack, number, trap)
            try:
                detail = str(await runtime.eval(program, execution_timeout_ms=TIMEOUT_MS))
            except IsolateError as error:
                detail = str(error)
            verdict: Verdict = "escaped" if trap.heard or detail.startswith(ESCAPED) else "contained"
            if trap.heard:
                detail = f"its trap heard {len(trap.heard)} times: {trap.heard[0]}"
        finally:
            trap.close()
        return Outcome(attack, verdict, detail[:300], (time.perf_counter() - began) * 1000)


def _prepare(site: Site, attack: PageAttack, number: int, trap: Trap) -> str:
    """Put the page on the site; the program that visits it."""
    own = f"{own_address()}:{trap.port}"
    words = {
        "OWN_AUTHORITY": own,
        "OWN": f"http://{own}",
        "AUTHORITY": f"127.0.0.1:{trap.port}",
        "TRAP": f"http://127.0.0.1:{trap.port}",
        "PORT": str(trap.port),
        "SITE": f"http://{site.authority}",
    }

    def filled(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    path = f"/{number}"
    site.pages[path] = (
        f"<!doctype html><title>page</title><body>{filled(attack.html)}",
        tuple((name, filled(value)) for name, value in attack.headers),
    )
    return (
        _PROGRAM.replace("URL", json.dumps(f"http://{site.authority}{path}"), 1)
        .replace("LISTEN", str(int(LISTEN_S * 1000)))
        .replace("CODE", filled(attack.program) if attack.program else "return 'no'")
    )
