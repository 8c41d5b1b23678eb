"""A test runtime for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import isolatejs
    from isolatejs.host.test_suite_runtime import TestRuntime


@pytest.fixture
async def tests(host: isolatejs.IsolateHost) -> AsyncIterator[TestRuntime]:
    async with host.create_test_runtime(key="tests") as runtime:
        yield runtime
