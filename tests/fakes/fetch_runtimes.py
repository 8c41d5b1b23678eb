"""Fixtures of the fetch tests: a loopback server, and runtimes whose `fetch` may reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fakes.loopback_server import LoopbackServer
from isolatejs.capabilities.fetch.policy import FetchBinding, create_fetch_binding
from isolatejs.host.isolate_host import IsolateHost, create_isolate_host
from isolatejs.host.script_runtime import ScriptRuntime

__all__ = ["OpenRuntime", "host", "open_runtime", "server"]

OpenRuntime = Callable[..., Awaitable[ScriptRuntime]]


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as server:
        yield server


@pytest.fixture
async def open_runtime(host: IsolateHost) -> AsyncIterator[OpenRuntime]:
    """A runtime with this `fetch` binding; the default is the policy for 127.0.0.1."""
    closing: list[FetchBinding] = []

    async def open_(fetch: Any = None, **options: Any) -> ScriptRuntime:
        if fetch is None:
            fetch = create_fetch_binding("127.0.0.1", allow_loopback=True)
        if isinstance(fetch, FetchBinding):
            closing.append(fetch)
        return await host.create_runtime(bindings={"fetch": fetch}, **options)

    yield open_
    for binding in closing:
        await binding.aclose()
