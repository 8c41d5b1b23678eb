"""A pool whose engine is a program in machine code: the attacker has the whole process from its first instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.native_guest import native, native_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.pool import EmbeddedPool
    from isolatejs.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
async def pool() -> AsyncIterator[EmbeddedPool]:
    async with native_pool() as pool:
        yield pool


@pytest.fixture
async def sandbox(pool: EmbeddedPool) -> AsyncIterator[Sandbox]:
    async with native(pool) as sandbox:
        yield sandbox


@pytest.fixture
async def neighbour(pool: EmbeddedPool) -> AsyncIterator[Sandbox]:
    """Another sandbox of the same launcher."""
    async with native(pool) as sandbox:
        yield sandbox
