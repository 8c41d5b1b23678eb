"""`isolatejs test --browser chromium`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from fakes.chromium import Pages, chromium_path

PASSING = """
import { expect, test } from "vitest";
test("passes", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.setContent("<h1>Hello</h1>");
  await expect(page.getByRole("heading")).toHaveText("Hello");
});
"""
FAILING = PASSING.replace('toHaveText("Hello")', 'toHaveText("Nope", { timeout: 50 })')


async def _isolatejs(directory: Path, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "isolatejs.cli.main", *arguments,
        cwd=directory,
        env={**os.environ, "ISOLATEJS_CHROMIUM": chromium_path(), "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_tests_have_a_browser_and_failures_leave_a_trace(tmp_path: Path) -> None:
    (tmp_path / "good.test.ts").write_text(PASSING)
    (tmp_path / "bad.test.ts").write_text(FAILING)
    status, output = await _isolatejs(tmp_path, "test", "--browser", "chromium", "--trace", "on-failure")
    assert status == 1, output
    assert "1 failed, 1 passed" in output
    assert [path.name for path in (tmp_path / "test-results").iterdir()] == ["bad.test.ts-1.zip"]  # noqa: ASYNC240


async def test_a_browser_to_look_at_needs_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("displays are windows of Linux")
    (tmp_path / "a.test.ts").write_text("test('x', () => {});")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    status, output = await _isolatejs(tmp_path, "test", "--browser", "chromium", "--headed")
    assert status == 2
    assert "there is no display; leave out --headed, or run it under xvfb-run" in output


async def test_browser_options_go_together(tmp_path: Path) -> None:
    (tmp_path / "good.test.ts").write_text(PASSING)
    status, output = await _isolatejs(tmp_path, "test", "--headed")
    assert status == 2
    assert "--headed and --trace go with --browser" in output


async def test_pages_reach_what_the_flags_allow(tmp_path: Path) -> None:
    """A server of this machine is named, or it is not there; the word for everything is `host`."""
    async with Pages() as pages:
        pages.add("/", "<title>mine</title>")
        (tmp_path / "net.test.ts").write_text(f"""
          test("reaches", async () => {{
            const page = await (await browser.newContext()).newPage();
            await page.goto("{pages.url("/")}");
            await expect(page).toHaveTitle("mine");
          }});
        """)
        refused = await _isolatejs(tmp_path, "test", "--browser", "chromium")
        named = await _isolatejs(tmp_path, "test", "--browser", "chromium", "--allow-net", pages.authority)
        everything = await _isolatejs(tmp_path, "test", "--browser", "chromium", "--browser-network", "host")
    assert refused[0] == 1, refused
    assert "loopback" in refused[1]
    assert named[0] == 0, named
    assert everything[0] == 0, everything


async def test_the_pytest_plugin_gives_a_browser(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nisolatejs_browser = true\nisolatejs_timeout_ms = 60000\n")
    (tmp_path / "good.test.ts").write_text(PASSING)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(chromium_path()).parent}:{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert "1 passed" in output.decode()
