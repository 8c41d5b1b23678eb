"""A host for all tests, and a runtime for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import isolatejs


@pytest.fixture(scope="session")
async def host() -> AsyncIterator[isolatejs.IsolateHost]:
    async with isolatejs.create_isolate_host(pool_size=2) as host:
        yield host


@pytest.fixture
async def runtime(host: isolatejs.IsolateHost) -> AsyncIterator[isolatejs.ScriptRuntime]:
    async with host.create_runtime() as runtime:
        yield runtime
