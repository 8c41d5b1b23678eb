"""A real Chromium for tests, and small web pages on loopback for it."""

from __future__ import annotations

import json
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fakes.loopback_server import LoopbackServer, Visit

LAUNCH_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def chromium_path() -> str:
    """The executable, or the test is skipped (which scripts/test turns into a failure)."""
    found = os.environ.get("ISOLATEJS_TEST_CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("there is no Chromium: set ISOLATEJS_TEST_CHROMIUM or install `chromium`")
    return found


@asynccontextmanager
async def playwright_and_chromium() -> AsyncIterator[tuple[Any, Any]]:
    """Playwright, and a headless Chromium."""
    path = chromium_path()
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=LAUNCH_ARGS)
        try:
            yield playwright, browser
        finally:
            await browser.close()


def bindings(browser: Any, **more: Any) -> dict[str, Any]:
    """A factory-first browser binding."""
    return {
        "create_context": lambda options: browser.new_context(**options),
        "create_page": lambda context: context.new_page(),
        **more,
    }


class Pages(LoopbackServer):
    """`pages.html["/"] = "<h1>Hello</h1>"`, and some answers that every test has."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.routes["/json"] = self._json
        self.routes["/echo"] = self._echo
        self.routes["/file.txt"] = self._download
        self.routes["/redirect"] = self._redirect

    def add(self, path: str, html: str, headers: list[tuple[str, str]] | None = None) -> str:
        """Serve HTML; gives its URL."""

        async def serve(visit: Visit) -> None:
            await visit.reply(
                html.encode(), headers=[("content-type", "text/html; charset=utf-8"), *(headers or [])]
            )

        self.routes[path] = serve
        return self.url(path)

    async def _json(self, visit: Visit) -> None:
        await visit.reply(b'{"name":"Strawberry"}', headers=[("content-type", "application/json")])

    async def _echo(self, visit: Visit) -> None:
        body = (await visit.body()).decode()
        answer = {"method": visit.method, "headers": dict(visit.headers), "body": body}
        await visit.reply(json.dumps(answer).encode(), headers=[("content-type", "application/json")])

    async def _download(self, visit: Visit) -> None:
        await visit.reply(
            b"downloaded", headers=[("content-disposition", 'attachment; filename="../../name.txt"')]
        )

    async def _redirect(self, visit: Visit) -> None:
        to = visit.target.partition("?")[2]
        await visit.reply(status="302 Found", headers=[("location", to)])

    def targets(self) -> list[str]:
        """What was asked for so far."""
        return [visit.target for visit in self.visits]


@pytest.fixture(scope="session")
async def playwright_chromium() -> AsyncIterator[tuple[Any, Any]]:
    async with playwright_and_chromium() as both:
        yield both


@pytest.fixture(scope="session")
async def chromium(playwright_chromium: tuple[Any, Any]) -> Any:
    return playwright_chromium[1]
