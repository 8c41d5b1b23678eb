"""A host for all attacks of a session: what one attack breaks, the next would notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import isolatejs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(scope="session")
async def host() -> AsyncIterator[isolatejs.IsolateHost]:
    async with isolatejs.create_isolate_host(pool_size=1) as host:
        yield host
