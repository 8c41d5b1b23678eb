"""A host for all tests, and a runtime for each test. Some folders run on an embedded host and on a daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import isolatejs
from fakes.daemon_process import running_daemon

ON_BOTH = ("host", "namespaces", "nested", "values")
"""Folders whose tests run twice: what a host promises holds whoever owns the processes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder = Path(metafunc.definition.path).parent
    if "host" in metafunc.fixturenames and folder.parent == Path(__file__).parent and folder.name in ON_BOTH:
        metafunc.parametrize("host", ["embedded", "daemon"], indirect=True, scope="session")


@pytest.fixture(scope="session")
async def host(request: pytest.FixtureRequest) -> AsyncIterator[isolatejs.IsolateHost]:
    if getattr(request, "param", "embedded") == "embedded":
        async with isolatejs.create_isolate_host(pool_size=2) as host:
            yield host
        return
    with running_daemon() as daemon:
        async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
            yield host


@pytest.fixture
async def runtime(host: isolatejs.IsolateHost) -> AsyncIterator[isolatejs.ScriptRuntime]:
    async with host.create_runtime() as runtime:
        yield runtime
