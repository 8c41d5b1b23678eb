"""A daemon for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

import isolatejs
from fakes.daemon_process import DaemonProcess, running_daemon, short_directory


@pytest.fixture(scope="session")
def daemon() -> Iterator[DaemonProcess]:
    with running_daemon("--pool-size", "1") as daemon:
        yield daemon


@pytest.fixture
def socket_path() -> Iterator[str]:
    """Where nobody listens yet."""
    with short_directory() as directory:
        yield str(directory / "d.sock")


@pytest.fixture
async def first(daemon: DaemonProcess) -> AsyncIterator[isolatejs.IsolateHost]:
    async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
        yield host


@pytest.fixture
async def second(daemon: DaemonProcess) -> AsyncIterator[isolatejs.IsolateHost]:
    async with isolatejs.create_isolate_host(daemon=daemon.options) as host:
        yield host
