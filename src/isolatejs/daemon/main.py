"""Runs a daemon: takes its lock and its socket, starts the pool, serves until drained."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import sys
from typing import TYPE_CHECKING

from isolatejs.daemon.metrics_endpoint import serve_metrics
from isolatejs.daemon.packets import prepare_directory, require_linux
from isolatejs.daemon.server import DaemonServer
from isolatejs.daemon.telemetry import report_metrics
from isolatejs.errors import DaemonError, IsolateError
from isolatejs.limits import DAEMON_DRAIN_TIMEOUT_MS
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.daemon.settings import DaemonSettings

LISTEN_BACKLOG = 128


def serve_daemon(settings: DaemonSettings, on_listening: Callable[[str], None] = lambda where: None) -> None:
    """Serve until SIGTERM (drains; a second one ends at once) or SIGINT.

    `on_listening` gets one line that says where. Raises DaemonError when another daemon serves there, or when
    the path is no socket.
    """
    require_linux()
    import fcntl  # this file is read on systems that lack it

    path = os.path.abspath(settings.socket_path)
    prepare_directory(path)
    with contextlib.ExitStack() as lock:
        descriptor = os.open(path + ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        lock.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DaemonError(f"another daemon serves at {path}") from None
        asyncio.run(_serve(path, settings, on_listening, lock.close))


def detach(serve: Callable[[Callable[[str], None]], None]) -> int:
    """Serve in a process of its own session; 0 in this one as soon as that listens, 1 when it ends first."""
    require_linux()
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            return 0 if pipe.read(1) else 1
    os.close(reader)
    os.setsid()

    def on_listening(where: str) -> None:
        os.write(writer, b"1")
        os.close(writer)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(null)

    try:
        serve(on_listening)
    except IsolateError as error:
        sys.stderr.write(f"isolate-daemon: {error}\n")
        return 1
    return 0


async def _serve(
    path: str, settings: DaemonSettings, on_listening: Callable[[str], None], free_path: Callable[[], None]
) -> None:
    pool = EmbeddedPool(pool_size=settings.pool_size, confinement=settings.confinement)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(pool)
        server = DaemonServer(_listen(path), pool, settings, free_path)
        where = path
        if settings.metrics_port is not None:
            port = await stack.enter_async_context(serve_metrics(settings.metrics_port, server.statistics))
            where += f", metrics at http://127.0.0.1:{port}/metrics"
        stack.callback(report_metrics(server.statistics))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, server.drain_or_stop, DAEMON_DRAIN_TIMEOUT_MS)
        loop.add_signal_handler(signal.SIGINT, server.stop)
        on_listening(where)
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
    except OSError as error:
        listener.close()
        raise DaemonError(f"cannot listen at {path}: {error.strerror or error}") from error
    finally:
        os.umask(previous)
    listener.listen(LISTEN_BACKLOG)
    return listener
