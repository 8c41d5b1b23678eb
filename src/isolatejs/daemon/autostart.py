"""Finds the daemon, or starts one: once, however many clients race."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from isolatejs.daemon.connection import DaemonConnection
from isolatejs.daemon.packets import default_socket_path, prepare_directory, require_linux
from isolatejs.errors import ConfigurationError, DaemonError
from isolatejs.limits import DAEMON_IDLE_EXIT_MS, DAEMON_START_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOCKET_PATH_LIMIT_BYTES = 107
"""What the kernel takes as the path of a socket."""

OWN_COMMAND: tuple[str, ...] = (sys.executable, "-P", "-m", "isolatejs.daemon")
_LOOK_INTERVAL_S = 0.01
_started: list[subprocess.Popen[bytes]] = []
"""Daemons that this process started and that have not detached: kept so that they are reaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonOptions:
    """Which daemon a host uses.

    `socket_path`  where it listens; by default the `ISOLATEJS_DAEMON_SOCKET` environment variable, else a
                   private place of this user.
    `entrypoint`   command that starts one instead of `python -m isolatejs.daemon`; it gets `--socket PATH`.
    `cwd`          working directory of a daemon that is started.
    `timeout_ms`   how long to wait for one to answer.
    `auto_start`   start one when nobody listens.
    """

    socket_path: str | None = None
    entrypoint: str | list[str] | None = None
    cwd: str | None = None
    timeout_ms: float | None = None
    auto_start: bool = True


@dataclass(frozen=True, slots=True)
class DaemonAddress:
    """Resolved options: where the daemon is and how one is started."""

    socket_path: str
    command: tuple[str, ...]
    cwd: str | None
    timeout_s: float
    auto_start: bool


def resolve_address(options: DaemonOptions) -> DaemonAddress:
    """The address that options mean. Raises DaemonError for a path that no socket can have, or without Linux."""
    require_linux()
    path = os.path.abspath(options.socket_path or default_socket_path())
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT_BYTES:
        raise DaemonError(f"socket_path is longer than {SOCKET_PATH_LIMIT_BYTES} bytes: {path}")
    command: tuple[str, ...]
    if options.entrypoint is None:
        command = OWN_COMMAND
    elif isinstance(options.entrypoint, str):
        command = (options.entrypoint,)
    else:
        command = tuple(options.entrypoint)
    timeout_ms = DAEMON_START_TIMEOUT_MS if options.timeout_ms is None else options.timeout_ms
    if isinstance(timeout_ms, bool) or not isinstance(timeout_ms, (int, float)) or not timeout_ms > 0:
        raise ConfigurationError(f"daemon.timeout_ms: a positive number of milliseconds, not {timeout_ms!r}")
    if not command:
        raise ConfigurationError("daemon.entrypoint: a command, not an empty list")
    return DaemonAddress(path, command, options.cwd, timeout_ms / 1000, options.auto_start)


async def connect(address: DaemonAddress) -> DaemonConnection:
    """A connection to the daemon at an address, started when nobody listens there and that is allowed."""
    deadline = time.monotonic() + address.timeout_s
    try:
        return await DaemonConnection.open(address.socket_path, address.timeout_s)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        if not address.auto_start:
            raise DaemonError(
                f"no daemon listens at {address.socket_path} ({error.strerror}), and auto_start is off"
            ) from error
    prepare_directory(address.socket_path)
    async with _turn(address.socket_path + ".start", deadline):
        # Another client may have started it while this one waited for its turn.
        try:
            return await DaemonConnection.open(address.socket_path, address.timeout_s)
        except (FileNotFoundError, ConnectionRefusedError):
            return await _start(address, deadline)


@contextlib.asynccontextmanager
async def _turn(path: str, deadline: float) -> AsyncIterator[None]:
    """One client at a time, over all processes."""
    import fcntl  # this file is read on systems that lack it

    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DaemonError("another client has been starting the daemon for too long") from None
            await asyncio.sleep(_LOOK_INTERVAL_S)
        yield
    finally:
        os.close(descriptor)


async def _start(address: DaemonAddress, deadline: float) -> DaemonConnection:
    command = [*address.command, "--socket", address.socket_path]
    own = address.command == OWN_COMMAND
    if own:
        command += ["--detach", "--idle-exit-ms", str(DAEMON_IDLE_EXIT_MS)]
    with tempfile.TemporaryFile() as complaints:
        try:
            process = await asyncio.to_thread(
                subprocess.Popen,
                command,
                cwd=address.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ours lets go of it once it listens; what another command writes later would pile up there.
                stderr=complaints if own else subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            where = error.filename or command[0]
            raise DaemonError(f"the daemon cannot be started: {where}: {error.strerror}") from error
        try:
            connection = await _wait_listening(address, process, deadline, complaints)
        except BaseException:
            if process.poll() is None:
                process.kill()
                process.wait()
            raise
    if own:
        await asyncio.to_thread(process.wait)  # it has detached, and ends now
    else:
        _started.append(process)
    _started[:] = [one for one in _started if one.poll() is None]
    return connection


async def _wait_listening(
    address: DaemonAddress, process: subprocess.Popen[bytes], deadline: float, complaints: IO[bytes]
) -> DaemonConnection:
    while True:
        status = process.poll()
        try:
            return await DaemonConnection.open(address.socket_path, address.timeout_s)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            if status not in (None, 0):  # 0: it has detached
                complaints.seek(0)
                words = complaints.read()[-2000:].decode("utf-8", "replace").strip()
                raise DaemonError(
                    f"the daemon ended with status {status} instead of listening" + (words and f": {words}")
                ) from error
            if time.monotonic() > deadline:
                raise DaemonError(
                    f"the daemon did not listen at {address.socket_path} within {address.timeout_s:g} s"
                ) from error
        await asyncio.sleep(_LOOK_INTERVAL_S)
