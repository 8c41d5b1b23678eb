"""An engine in a directory of its own: the host writes, the engine reads, wherever the host runs."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import isolatejs
from fakes.daemon_process import running_daemon
from isolatejs.sandbox.pool import EmbeddedPool
from isolatejs.sandbox.workspace import Workspace, receive_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.sandbox.provider import SandboxProvider
    from isolatejs.sandbox.sandbox import Sandbox

ARGV = ["run", "--no-config", "--no-lock", "--no-code-cache", "--no-remote", "-q", "--allow-all", "-"]


@asynccontextmanager
async def engine(pool: SandboxProvider) -> AsyncIterator[tuple[Sandbox, Workspace]]:
    sandbox = await pool.lease_engine(ARGV, memory_limit_bytes=256 << 20)
    workspace = receive_workspace(sandbox.channel_socket)
    try:
        yield sandbox, workspace
    finally:
        workspace.close()
        await sandbox.aclose()


async def output_of(sandbox: Sandbox, program: str) -> str:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sandbox.channel_socket, program.encode())
    sandbox.channel_socket.shutdown(socket.SHUT_WR)
    text = b""
    async with asyncio.timeout(20):
        while data := await loop.sock_recv(sandbox.channel_socket, 65536):
            text += data
    return text.decode()


async def test_what_the_host_writes_is_what_the_engine_reads(pool: EmbeddedPool) -> None:
    async with engine(pool) as (sandbox, workspace):
        workspace.write({"a/b/c.txt": b"deep", "d.txt": b"flat"})
        workspace.write({"d.txt": b"again"})
        workspace.make_directory("gone/inner")
        workspace.remove("gone")
        workspace.remove("never there")
        program = "console.log(['a/b/c.txt', 'd.txt'].map((name) => Deno.readTextFileSync(name)).join());"
        program += "try { Deno.statSync('gone'); } catch (error) { console.log(error.name); }"
        assert await output_of(sandbox, program) == "deep,again\nNotFound\n"


@pytest.mark.skipif(os.name == "nt", reason="needs Linux or macOS")
async def test_without_confinement_it_is_a_directory_of_the_machine() -> None:
    async with EmbeddedPool(pool_size=0, confinement="off") as pool, engine(pool) as (sandbox, workspace):
        workspace.write({"a/b.txt": b"text"})
        assert await output_of(sandbox, "console.log(Deno.readTextFileSync('a/b.txt'))") == "text\n"
    assert not Path(workspace.path).exists()


async def test_the_daemon_gives_one_as_well() -> None:
    with running_daemon("--pool-size", "0") as daemon:
        async with (
            isolatejs.create_isolate_host(daemon=daemon.options) as host,
            engine(host._provider) as (sandbox, workspace),
        ):
            workspace.write({"a.txt": b"through the daemon"})
            output = await output_of(sandbox, "console.log(Deno.readTextFileSync('a.txt'))")
    assert output == "through the daemon\n"
