"""One host for the tests of a file, a runtime for each program."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from isolatejs import IsolateHost, create_isolate_host

from .npm import install_packages

if TYPE_CHECKING:
    from pathlib import Path

Evaluate = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=2) as host:
        yield host


@pytest_asyncio.fixture(loop_scope="module")
async def evaluate(host: IsolateHost) -> Evaluate:
    """Runs one program in a runtime of its own, which has these modules."""

    async def run(
        code: str,
        modules: Any = None,
        *,
        filename: str = "/index.js",
        memory_limit_mb: int = 256,
        **bindings: Any,
    ) -> Any:
        async with host.create_runtime(
            bindings={"modules": modules, **bindings}, memory_limit_mb=memory_limit_mb
        ) as runtime:
            return await runtime.eval(code, filename=filename)

    return run


@pytest.fixture(scope="session")
def hoisted() -> Path:
    return install_packages("hoisted")


@pytest.fixture(scope="session")
def isolated() -> Path:
    return install_packages("isolated")
