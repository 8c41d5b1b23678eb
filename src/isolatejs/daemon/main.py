"""Runs a daemon: takes its lock and its socket, starts the pool, serves until drained."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import stat
from typing import TYPE_CHECKING

from isolatejs.daemon.packets import prepare_directory
from isolatejs.daemon.server import DaemonServer
from isolatejs.errors import DaemonError
from isolatejs.limits import DAEMON_DRAIN_TIMEOUT_MS, POOL_SIZE
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.sandbox.confinement import Confinement


def serve_daemon(
    socket_path: str,
    *,
    pool_size: int = POOL_SIZE,
    confinement: Confinement = "require",
    idle_exit_ms: float | None = None,
    on_listening: Callable[[], None] | None = None,
) -> None:
    """Serve at `socket_path` until SIGTERM (drains; a second one ends at once) or SIGINT.

    Raises DaemonError when another daemon serves there, or when the path is no socket.
    """
    path = os.path.abspath(socket_path)
    prepare_directory(path)
    lock = os.open(path + ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DaemonError(f"another daemon serves at {path}") from None
        asyncio.run(_serve(path, pool_size, confinement, idle_exit_ms, on_listening))
    finally:
        os.close(lock)


def detach(serve: Callable[[Callable[[], None]], None]) -> int:
    """Serve in a process of its own session; returns 0 in this one as soon as that listens, 1 when it ends first."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            return 0 if pipe.read(1) else 1
    os.close(reader)
    os.setsid()

    def on_listening() -> None:
        os.write(writer, b"1")
        os.close(writer)

    try:
        serve(on_listening)
    except DaemonError:
        return 1
    return 0


async def _serve(
    path: str,
    pool_size: int,
    confinement: Confinement,
    idle_exit_ms: float | None,
    on_listening: Callable[[], None] | None,
) -> None:
    async with EmbeddedPool(pool_size=pool_size, confinement=confinement) as pool:
        server = DaemonServer(_listen(path), pool, idle_exit_ms=idle_exit_ms)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, server.drain, DAEMON_DRAIN_TIMEOUT_MS)
        loop.add_signal_handler(signal.SIGINT, server.stop)
        if on_listening is not None:
            on_listening()
        await server.run()


def _listen(path: str) -> socket.socket:
    """A listening socket, readable by this user only. Only called with the lock held, so a socket is stale."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise DaemonError(f"{path} is there and is no socket")
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    previous = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(previous)
    listener.listen(128)
    return listener
