"""Finds the daemon, or starts one: once, however many clients race."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isolatejs.daemon.connection import DaemonConnection
from isolatejs.daemon.packets import default_socket_path, prepare_directory
from isolatejs.errors import DaemonError
from isolatejs.limits import DAEMON_IDLE_EXIT_MS, DAEMON_START_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_PATH_LIMIT_BYTES = 107
"""What the kernel takes as the path of a socket."""


OWN_COMMAND: tuple[str, ...] = (sys.executable, "-m", "isolatejs.daemon")
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
    """The address that options mean. Raises DaemonError for a path that no socket can have."""
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
    return DaemonAddress(path, command, options.cwd, timeout_ms / 1000, options.auto_start)


async def connect(address: DaemonAddress) -> DaemonConnection:
    """A connection to the daemon at an address, started when nobody listens there and that is allowed."""
    deadline = time.monotonic() + address.timeout_s
    try:
        return await DaemonConnection.open(address.socket_path, address.timeout_s)
    except OSError as error:
        if not address.auto_start:
            raise DaemonError(
                f"no daemon listens at {address.socket_path} ({error.strerror}), and auto_start is off"
            ) from error
    prepare_directory(address.socket_path)
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(_lock_until, stack, address.socket_path + ".start", deadline)
        # Another client may have started it while this one waited for its turn.
        try:
            return await DaemonConnection.open(address.socket_path, address.timeout_s)
        except OSError:
            process = await asyncio.to_thread(_start, address)
        return await _wait_listening(address, process, deadline)


def _lock_until(stack: contextlib.ExitStack, path: str, deadline: float) -> None:
    stack.enter_context(_locked(path, deadline))


@contextlib.contextmanager
def _locked(path: str, deadline: float) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DaemonError("another client has been starting the daemon for too long") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _start(address: DaemonAddress) -> subprocess.Popen[bytes]:
    command = [*address.command, "--socket", address.socket_path]
    if address.command == OWN_COMMAND:
        command += ["--detach", "--idle-exit-ms", str(DAEMON_IDLE_EXIT_MS)]
    try:
        return subprocess.Popen(
            command,
            cwd=address.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise DaemonError(f"the daemon cannot be started: {command[0]}: {error.strerror}") from error


async def _wait_listening(
    address: DaemonAddress, process: subprocess.Popen[bytes], deadline: float
) -> DaemonConnection:
    while True:
        try:
            connection = await DaemonConnection.open(address.socket_path, address.timeout_s)
            if address.command == OWN_COMMAND:
                await asyncio.to_thread(process.wait)  # it has detached, and ends now
            else:
                _started.append(process)
            _started[:] = [one for one in _started if one.poll() is None]
            return connection
        except OSError as error:
            status = process.poll()
            if status not in (None, 0):  # 0: it has detached
                raise DaemonError(f"the daemon ended with status {status} instead of listening") from error
            if time.monotonic() > deadline:
                process.kill()
                await asyncio.to_thread(process.wait)
                raise DaemonError(
                    f"the daemon did not listen at {address.socket_path} within {address.timeout_s:g} s"
                ) from error
        await asyncio.sleep(0.01)
