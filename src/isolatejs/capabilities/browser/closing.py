"""The end of a context, whatever its pages do: a page that spins answers nobody, and is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from isolatejs.limits import BROWSER_CONTEXT_CLOSE_MS, BROWSER_STATE_SAVE_MS
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.profiles import OpenProfile

_logger = program_logger("isolatejs.browser")


async def read_state(context: Any, **options: Any) -> Any:
    """The storage state of a context that closes. A page that does not answer is ended for it.

    Raises TimeoutError when there is none to be had, and what Playwright raises.
    """
    try:
        return await _within(context.storage_state(**options), BROWSER_STATE_SAVE_MS)
    except TimeoutError:
        await end_pages(context)
        return await _within(context.storage_state(**options), BROWSER_STATE_SAVE_MS)


async def close_or_kill(context: Any, profile: OpenProfile | None, reason: str | None = None) -> None:
    """Close a context; what does not close is killed. Raises what Playwright raises."""
    options = {"reason": reason} if reason else {}
    try:
        await _within(context.close(**options), BROWSER_CONTEXT_CLOSE_MS)
    except TimeoutError:
        _logger.warning("a browser context did not close in time: its pages are ended")
        if profile is not None and profile.directory is not None:
            await asyncio.to_thread(profile.directory.kill_browser)
        else:
            await end_pages(context)
        try:
            await _within(context.close(**options), BROWSER_CONTEXT_CLOSE_MS)
        except TimeoutError:
            _logger.error("a browser context could not be closed")


async def end_pages(context: Any) -> None:
    """End the renderers of a context's pages, also of one that spins."""
    ending = [asyncio.ensure_future(_end_page(context, page)) for page in context.pages]
    if ending:
        _, late = await asyncio.wait(ending, timeout=BROWSER_CONTEXT_CLOSE_MS / 1000)
        for task in late:
            task.cancel()


async def _end_page(context: Any, page: Any) -> None:
    from playwright.async_api import Error as PlaywrightError

    try:
        session = await context.new_cdp_session(page)
        await _within(session.send("Page.crash"), 500)
    except (PlaywrightError, TimeoutError) as error:  # the answer never comes from a page that is gone
        _logger.debug("a page is ended: %s", error)
    try:
        await page.close()
    except PlaywrightError as error:
        _logger.debug("a page was gone: %s", error)


async def _within(waiting: Awaitable[Any], limit_ms: float) -> Any:
    async with asyncio.timeout(limit_ms / 1000):
        return await waiting
