"""One Chromium and one host for all browser tests; pages and a runtime for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import isolatejs
from fakes.chromium import Pages, bindings, chromium, playwright_chromium

__all__ = ["chromium", "playwright_chromium"]


@pytest.fixture(scope="session")
async def host() -> AsyncIterator[isolatejs.IsolateHost]:
    async with isolatejs.create_isolate_host(pool_size=2) as host:
        yield host


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with Pages() as pages:
        yield pages


@pytest.fixture
async def page(
    host: isolatejs.IsolateHost, chromium: Any, pages: Pages, tmp_path: Any
) -> AsyncIterator[isolatejs.ScriptRuntime]:
    """A runtime with the globals `context`, `page` and `base` (the pages' origin), and writable files."""
    files = isolatejs.create_file_bindings(root=tmp_path, allow_write=True)
    async with host.create_runtime(bindings={"browser": bindings(chromium), "files": files}) as runtime:
        await runtime.eval(f"""
          globalThis.base = "{pages.url("")}";
          globalThis.context = await browser.newContext({{ baseURL: base }});
          globalThis.page = await context.newPage();
        """)
        yield runtime
