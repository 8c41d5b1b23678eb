"""One Chromium and one host for all attacks on the browser; a hostile program and a trap for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings, chromium, playwright_chromium

__all__ = ["chromium", "playwright_chromium"]


@pytest.fixture
async def allowed() -> AsyncIterator[Pages]:
    """The site that the policy lets pages reach."""
    async with Pages() as pages:
        pages.add("/", "<title>allowed</title>")
        yield pages


@pytest.fixture
async def internal() -> AsyncIterator[Pages]:
    """A service that nothing may reach; its visits are evidence."""
    async with Pages() as pages:
        pages.add("/", "<title>internal</title>secret")
        yield pages


@pytest.fixture
async def program(
    host: isolatejs.IsolateHost, chromium: Any, allowed: Pages, internal: Pages, tmp_path: Path
) -> AsyncIterator[isolatejs.ScriptRuntime]:
    """Under a fetch policy for `allowed` alone, with files, profiles, and a page."""
    (tmp_path / "files").mkdir()
    (tmp_path / "host-secret.txt").write_text("host secret")
    async with host.create_runtime(
        bindings={
            "browser": bindings(chromium, profiles=True),
            "files": isolatejs.create_file_bindings(root=tmp_path / "files", allow_write=True),
            "fetch": isolatejs.create_fetch_binding([allowed.authority], allow_loopback=True),
        }
    ) as runtime:
        await runtime.eval(f"""
          globalThis.allowed = "{allowed.url("")}";
          globalThis.internal = "{internal.url("")}";
          globalThis.hostFile = {str(tmp_path / "host-secret.txt")!r};
          globalThis.context = await browser.newContext();
          globalThis.page = await context.newPage();
          await page.goto(allowed + "/");
          globalThis.attempt = async (fn) => {{
            try {{ return ["did it", await fn()]; }} catch (error) {{ return [error.name, error.message]; }}
          }};
        """)
        internal.visits.clear()
        yield runtime
