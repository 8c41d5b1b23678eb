"""The browser of `isolatejs test --browser`: one for all test files, with traces of what failed."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from types import TracebackType

TRACES = Path("test-results")
"""Where traces are written, below the project."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_VARIABLE = "ISOLATEJS_CHROMIUM"
"""Names the executable in place of the one of Playwright or on PATH."""


class TestBrowser:
    """`async with TestBrowser("chromium") as browser`, then `browser.binding(filename)` for each file."""

    __test__ = False

    def __init__(
        self, name: str, *, headed: bool = False, trace: bool = False, root: Path | None = None
    ) -> None:
        self._name = name
        self._headed = headed
        self._trace = trace
        self._root = root or Path.cwd()
        self._stack = AsyncExitStack()
        self._traces: dict[str, list[Path]] = {}

    async def __aenter__(self) -> TestBrowser:
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError as error:
            raise ConfigurationError("--browser needs Playwright: pip install isolatejs[browser]") from error
        playwright = await self._stack.enter_async_context(async_playwright())
        options: dict[str, Any] = {"headless": not self._headed}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options["args"] = ["--no-sandbox"]  # Chromium refuses to run as root with its own
        executable = _executable(playwright.chromium)
        if executable is not None:
            options["executable_path"] = executable
        try:
            self._browser = await playwright.chromium.launch(**options)
        except Error as error:
            await self._stack.aclose()
            reason = error.message.splitlines()[0]
            if self._headed and _lacks_display():
                reason = "there is no display; leave out --headed, or run it under xvfb-run"
            raise ConfigurationError(f"the browser could not be started: {reason}") from error
        self._stack.push_async_callback(self._browser.close)
        self._directory = Path(self._stack.enter_context(TemporaryDirectory(prefix="isolatejs-traces-")))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def binding(self, filename: str) -> dict[str, Any]:
        """The browser binding of one test file."""
        self._traces[filename] = []

        async def create_context(options: dict[str, Any]) -> Any:
            context = await self._browser.new_context(**options)
            if self._trace:
                await context.tracing.start(screenshots=True, snapshots=True)
                self._trace_until_closed(filename, context)
            return context

        return {"create_context": create_context, "capture_console": True}

    def _trace_until_closed(self, filename: str, context: Any) -> None:
        """Whoever closes the context, its trace is written first: whether it is kept is decided later."""
        close = context.close

        async def close_with_trace(**options: Any) -> None:
            from playwright.async_api import Error

            path = self._directory / f"{uuid4().hex}.zip"
            try:
                await context.tracing.stop(path=path)
            except Error as error:
                Terminal().write_notice(f"no trace: {error.message.splitlines()[0]}")
            else:
                self._traces[filename].append(path)
            await close(**options)

        context.close = close_with_trace

    def keep_traces(self, filename: str, *, failed: bool) -> list[Path]:
        """Move the traces of a file that failed into `test-results`; gives their paths."""
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
