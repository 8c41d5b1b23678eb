"""The browser of `isolatejs test --browser`: one for all test files, with traces of what failed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from isolatejs.cli.output import Terminal
from isolatejs.errors import ConfigurationError
from isolatejs.limits import BROWSER_SESSION_CLOSE_MS

if TYPE_CHECKING:
    from types import TracebackType

    from isolatejs.capabilities.browser.managed.options import Network
    from isolatejs.capabilities.browser.managed.pool import BrowserPool

TRACES = Path("test-results")
"""Where traces are written, below the project."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_VARIABLE = "ISOLATEJS_CHROMIUM"
"""Names the executable in place of the one of Playwright or on PATH."""


class TestBrowser:
    """`async with TestBrowser("chromium") as browser`, then `browser.binding(filename)` for each file."""

    __test__ = False

    def __init__(
        self,
        name: str,
        *,
        headed: bool = False,
        trace: bool = False,
        network: Network = "policy",
        root: Path | None = None,
    ) -> None:
        self._name = name
        self._headed = headed
        self._network: Network = network
        self._pool: BrowserPool | None = None
        self._writing: set[asyncio.Future[None]] = set()
        self._trace = trace
        self._root = root or Path.cwd()
        self._stack = AsyncExitStack()
        self._traces: dict[str, list[Path]] = {}

    async def __aenter__(self) -> TestBrowser:
        self._directory = Path(self._stack.enter_context(TemporaryDirectory(prefix="isolatejs-traces-")))
        try:
            if self._headed:
                await self._open_window()
            else:
                await self._open_pool()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _open_pool(self) -> None:
        """A confined browser for each test file."""
        from isolatejs.capabilities.browser.managed.pool import BrowserPool

        executable = os.environ.get(CHROMIUM_VARIABLE)
        self._pool = BrowserPool(executable_path=executable, network=self._network)
        await self._stack.enter_async_context(self._pool)

    async def _open_window(self) -> None:
        """One browser of this process, on its display, for all files."""
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError as error:
            raise ConfigurationError("--browser needs Playwright: pip install isolatejs[browser]") from error
        playwright = await self._stack.enter_async_context(async_playwright())
        options: dict[str, Any] = {"headless": False}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options["args"] = ["--no-sandbox"]  # Chromium refuses to run as root with its own
        executable = _executable(playwright.chromium)
        if executable is not None:
            options["executable_path"] = executable
        try:
            self._browser = await playwright.chromium.launch(**options)
        except Error as error:
            reason = error.message.splitlines()[0]
            if _lacks_display():
                reason = "there is no display; leave out --headed, or run it under xvfb-run"
            raise ConfigurationError(f"the browser could not be started: {reason}") from error
        self._stack.push_async_callback(self._browser.close)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def binding(self, filename: str) -> dict[str, Any]:
        """The browser binding of one test file."""
        self._traces[filename] = []

        async def trace(context: Any) -> None:
            await context.tracing.start(screenshots=True, snapshots=True)
            self._trace_until_closed(filename, context)

        if self._pool is not None:
            traced = {"on_context": trace} if self._trace else {}
            return {"launch": self._pool, "capture_console": True, **traced}

        async def create_context(options: dict[str, Any]) -> Any:
            context = await self._browser.new_context(**options)
            if self._trace:
                await trace(context)
            return context

        return {"create_context": create_context, "capture_console": True}

    def _trace_until_closed(self, filename: str, context: Any) -> None:
        """Whoever closes the context, its trace is written first: whether it is kept is decided later."""
        close = context.close

        async def close_with_trace(**options: Any) -> None:
            writing = asyncio.ensure_future(write_trace())
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
            await asyncio.shield(writing)
            await close(**options)

        async def write_trace() -> None:
            from playwright.async_api import Error

            path = self._directory / f"{uuid4().hex}.zip"
            try:
                await context.tracing.stop(path=path)
            except Error as error:
                # A managed browser's driver writes the trace, and then misses our file on its own file system.
                if not path.exists():
                    Terminal().write_notice(f"no trace: {error.message.splitlines()[0]}")
                    return
            self._traces[filename].append(path)

        context.close = close_with_trace

    async def keep_traces(self, filename: str, *, failed: bool) -> list[Path]:
        """Move the traces of a file that failed into `test-results`; gives their paths."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=BROWSER_SESSION_CLOSE_MS / 1000)
        kept = []
        for index, path in enumerate(self._traces.pop(filename, []), 1):
            if not failed:
                path.unlink(missing_ok=True)
                continue
            stem = re.sub(r"[^A-Za-z0-9._-]+", "-", filename).strip("-.")
            target = self._root / TRACES / f"{stem}-{index}.zip"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
            kept.append(target)
        return kept


def _lacks_display() -> bool:
    return sys.platform.startswith("linux") and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _executable(chromium: Any) -> str | None:
    """The executable to start, None for Playwright's own."""
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        return named
    if Path(chromium.executable_path).exists():
        return None
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
