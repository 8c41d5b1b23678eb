"""The directory that the host writes for an engine: the engine cannot change it, and sees no other's."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

from isolatejs.sandbox.workspace import receive_workspace

if TYPE_CHECKING:
    from isolatejs.sandbox.pool import EmbeddedPool

ARGV = ["run", "--no-config", "--no-lock", "--no-code-cache", "--no-remote", "-q", "--allow-all", "-"]
ATTEMPTS = """
const attempts = {
  overwrite: () => Deno.writeTextFileSync("/work/given.txt", "mine"),
  create: () => Deno.writeTextFileSync("/work/new.txt", "mine"),
  open: () => Deno.openSync("/work/given.txt", { write: true }),
  truncate: () => Deno.truncateSync("/work/given.txt"),
  directory: () => Deno.mkdirSync("/work/folder"),
  link: () => Deno.symlinkSync("/engine/deno", "/work/link"),
  hard: () => Deno.linkSync("/work/given.txt", "/work/hard"),
  rename: () => Deno.renameSync("/work/given.txt", "/work/moved.txt"),
  remove: () => Deno.removeSync("/work/given.txt"),
  mode: () => Deno.chmodSync("/work/given.txt", 0o777),
  secret: () => Deno.readTextFileSync("/work/secret-of-another.txt"),
};
const outcome = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try { attempt(); outcome[name] = "done"; } catch { outcome[name] = "refused"; }
}
console.log(JSON.stringify(outcome));
"""


async def test_an_engine_cannot_change_its_directory_and_sees_no_other(pool: EmbeddedPool) -> None:
    loop = asyncio.get_running_loop()
    other = await pool.lease_engine(ARGV, memory_limit_bytes=256 << 20)
    receive_workspace(other.channel_socket).write({"secret-of-another.txt": b"secret"})
    sandbox = await pool.lease_engine(ARGV, memory_limit_bytes=256 << 20)
    workspace = receive_workspace(sandbox.channel_socket)
    try:
        workspace.write({"given.txt": b"given"})
        await loop.sock_sendall(sandbox.channel_socket, ATTEMPTS.encode())
        sandbox.channel_socket.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(20):
            answer = b""
            while data := await loop.sock_recv(sandbox.channel_socket, 65536):
                answer += data
        outcome = json.loads(answer)
        assert len(outcome) == 11
        assert set(outcome.values()) == {"refused"}
    finally:
        await sandbox.aclose()
        await other.aclose()
