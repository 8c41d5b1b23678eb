"""What crosses between daemon and client: one JSON packet each, with descriptors, on a SOCK_SEQPACKET socket.

A request has `op` and `id`; its answer has the same `id` and either its fields or `error` and `message`.
The daemon tells of what happens on its own with packets that have `event`. See `operations.py` for the
operations.
"""

from __future__ import annotations

import array
import functools
import importlib.metadata
import json
import os
import socket
import stat
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from isolatejs.errors import DaemonError
from isolatejs.sandbox.launcher.control import DESCRIPTORS_LIMIT, PACKET_LIMIT_BYTES, Message, encode, send

__all__ = [
    "DESCRIPTORS_LIMIT", "PACKET_LIMIT_BYTES", "PROTOCOL", "Message", "close_all", "default_socket_path", "encode",
    "exit_packet", "is_trusted", "memfd_of", "peer", "prepare_directory", "read_memfd", "receive",
    "require_linux", "send", "version",
]  # fmt: skip

PROTOCOL: Final = 3
"""Raised whenever a packet changes its meaning; client and daemon must agree."""


@functools.cache
def version() -> str:
    """The version of this library: guest files come from the daemon, what answers them from the client."""
    return importlib.metadata.version("isolatejs")


def receive(connection: socket.socket) -> tuple[Message, list[int]] | None:
    """Receive one packet, or None at the end. Descriptors arrive close-on-exec.

    Raises ValueError for what is no packet of ours; the descriptors that came with it are closed.
    """
    received = array.array("i")
    # Not socket.recv_fds(): that ignores its flags, and the descriptors would reach child processes.
    packet, ancillary, flags, _ = connection.recvmsg(
        PACKET_LIMIT_BYTES,
        socket.CMSG_SPACE(DESCRIPTORS_LIMIT * received.itemsize),
        socket.MSG_CMSG_CLOEXEC,
    )
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(data[: len(data) - len(data) % received.itemsize])
    descriptors = list(received)
    try:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("a packet that is too large")
        message = json.loads(packet) if packet else None
        if packet and not isinstance(message, dict):
            raise ValueError("a packet that is no object")
    except (ValueError, RecursionError) as error:
        close_all(descriptors)
        raise ValueError(f"a malformed packet: {error}") from error
    if message is None:
        close_all(descriptors)
        return None
    return message, descriptors


def close_all(descriptors: list[int] | tuple[int, ...]) -> None:
    """Close descriptors that nobody wants."""
    for descriptor in descriptors:
        os.close(descriptor)


def memfd_of(name: str, data: bytes) -> int:
    """An anonymous file with `data`, for what is too large for a packet."""
    descriptor = os.memfd_create(name)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    return descriptor


def read_memfd(descriptor: int) -> bytes:
    """The contents of a received file, which is closed."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read()


def is_memfd(descriptor: int) -> bool:
    """Whether a descriptor is an anonymous file, which has seals: reading it never waits for anybody."""
    import fcntl  # not to be had on Windows

    try:
        fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError:
        return False
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def require_linux() -> None:
    """Raise DaemonError on other systems: sandboxes are passed on as descriptors, pidfds among them."""
    if sys.platform != "linux":
        raise DaemonError("the daemon needs Linux; without daemon= the host starts its sandboxes itself")


def default_socket_path() -> str:
    """Where the daemon of this user listens unless told otherwise. Raises DaemonError without Linux."""
    require_linux()
    named = os.environ.get("ISOLATEJS_DAEMON_SOCKET")
    if named:
        return named
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path(tempfile.gettempdir()) / f"isolatejs-{os.getuid()}"
    return str(base / "isolatejs-daemon.sock")


def prepare_directory(socket_path: str) -> None:
    """Make the folder of a socket, private to this user.

    Raises DaemonError when others could put something in the socket's place: for a folder that another user owns or
    may write to, and for a link in the place that nobody named.
    """
    folder = Path(socket_path).parent
    named = bool(os.environ.get("ISOLATEJS_DAEMON_SOCKET")) or socket_path != default_socket_path()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat() if named else folder.lstat()
    except OSError as error:
        raise DaemonError(f"the folder of the daemon's socket cannot be made: {error}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise DaemonError(f"the folder of the daemon's socket is a link: {folder}")
    if found.st_uid != os.getuid() and not (named and found.st_uid == 0):
        raise DaemonError(f"the folder of the daemon's socket belongs to another user: {folder}")
    if found.st_mode & 0o022 and not (named and found.st_mode & stat.S_ISVTX):
        raise DaemonError(f"other users may write to the folder of the daemon's socket: chmod 700 {folder}")


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process id and user id of the other end, as the kernel noted them when it connected or listened."""
    data: bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", data)
    return int(pid), int(uid)


def is_trusted(uid: int) -> bool:
    """Whether the process at the other end may talk to this one: the same user, or root."""
    return uid in (os.getuid(), 0)


def exit_packet(sandbox: str, report: Any) -> Message:
    """How a sandbox's end is told."""
    return {
        "event": "exited",
        "sandbox": sandbox,
        "reason": report.reason,
        "exit_code": report.exit_code,
        "signal": report.signal,
        "stderr_tail": report.stderr_tail,
        "peak_memory_bytes": report.peak_memory_bytes,
        "detail": report.detail,
    }
