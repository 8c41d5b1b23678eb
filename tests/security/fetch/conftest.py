"""A host, a loopback server and runtimes for each test, and a service that no program may reach."""

from __future__ import annotations

import pytest

from fakes.fetch_runtimes import host, open_runtime, server
from fakes.loopback_server import LoopbackServer, Visit

__all__ = ["host", "internal", "open_runtime", "server"]


@pytest.fixture
async def internal(server: LoopbackServer) -> LoopbackServer:  # noqa: F811 - a fixture's parameter is its name
    """A service of the host's that no program may reach."""

    async def secret(visit: Visit) -> None:
        await visit.reply(b"the secret of the host")

    server.routes["/"] = secret
    return server
