"""A pool of sandboxes without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.raw_guest import raw_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.pool import EmbeddedPool


@pytest.fixture(scope="session")
async def pool() -> AsyncIterator[EmbeddedPool]:
    async with raw_pool() as pool:
        yield pool
