"""One runtime for all clauses of the platform: they share it, as scripts of one page would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import isolatejs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
async def platform() -> AsyncIterator[isolatejs.ScriptRuntime]:
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(memory_limit_mb=256) as runtime,
    ):
        await runtime.eval((FOLDER / "assertions.js").read_text(), filename="/assertions.js")
        for file in sorted((FOLDER / "clauses").glob("*.js")):
            await runtime.eval(file.read_text(), filename=f"/{file.name}")
        yield runtime
