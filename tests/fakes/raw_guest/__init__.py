"""Talks to the guest in `guest/main.js`: a sandbox without a kernel, whose program has all of `Deno`."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.sandbox import ExitReport, Sandbox

IMAGE = Path(__file__).parent
ANSWER_TIMEOUT_S = 20.0


def raw_pool(**options: object) -> EmbeddedPool:
    """A pool whose sandboxes run the raw guest."""
    return EmbeddedPool(image_directory=IMAGE, **{"pool_size": 0, **options})  # type: ignore[arg-type]


async def evaluate(sandbox: Sandbox, code: str) -> str:
    """Run code in the sandbox; "" when the sandbox ended instead of answering."""
    loop = asyncio.get_running_loop()
    answer = b""
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        try:
            await loop.sock_sendall(sandbox.channel_socket, code.encode())
            while not answer.endswith(b"\n"):
                data = await loop.sock_recv(sandbox.channel_socket, 65536)
                if not data:
                    break
                answer += data
        except (BrokenPipeError, ConnectionResetError):
            return ""
    return answer.decode().rstrip("\n")


def process_file(sandbox: Sandbox, name: str) -> str:
    """A file of the sandbox's process as the machine sees it."""
    return (Path("/proc") / str(sandbox.pid) / name).read_text()


async def end_of(sandbox: Sandbox) -> ExitReport:
    """How the sandbox ended."""
    async with asyncio.timeout(ANSWER_TIMEOUT_S):
        return await asyncio.shield(sandbox.exited)


@asynccontextmanager
async def leased(pool: EmbeddedPool, memory_limit_bytes: int | None = None) -> AsyncIterator[Sandbox]:
    """A sandbox that is up and answers."""
    sandbox = await pool.lease(memory_limit_bytes=memory_limit_bytes)
    try:
        assert await evaluate(sandbox, "1 + 1") == "2"
        yield sandbox
    finally:
        await sandbox.aclose()
