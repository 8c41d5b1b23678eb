"""Checkers of the test process end with its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.pool import EmbeddedPool
from isolatejs.typechecking.checker import Checkers
from isolatejs.typechecking.standalone import close_checkers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from isolatejs.typechecking.checker import Checker


@pytest.fixture(scope="session", autouse=True)
def _checkers() -> Iterator[None]:
    yield
    close_checkers()


@pytest.fixture(scope="session")
async def checker() -> AsyncIterator[Checker]:
    """A checker as one runtime has it."""
    async with EmbeddedPool(pool_size=0) as pool:
        checkers = Checkers(pool)
        checker = checkers.checker()
        yield checker
        checker.close()
        await checkers.close()
