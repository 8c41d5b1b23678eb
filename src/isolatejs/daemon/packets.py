"""What crosses between daemon and client: one JSON packet each, with descriptors, on a SOCK_SEQPACKET socket.

A request has `op` and `id`; its answer has the same `id` and either its fields or `error` and `message`.
The daemon tells of ends with packets that have `event`. See `server.py` for the operations.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from pathlib import Path
from typing import Any, Final

from isolatejs.errors import DaemonError
from isolatejs.sandbox.launcher.control import Message, receive, send

PROTOCOL: Final = 1
"""Raised whenever a packet changes its meaning; client and daemon must agree."""

__all__ = ["PROTOCOL", "Message", "default_socket_path", "peer_uid", "receive", "send"]


def default_socket_path() -> str:
    """Where the daemon of this user listens unless told otherwise."""
    named = os.environ.get("ISOLATEJS_DAEMON_SOCKET")
    if named:
        return named
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime else Path(tempfile.gettempdir()) / f"isolatejs-{os.getuid()}"
    return str(base / "isolatejs-daemon.sock")


def prepare_directory(socket_path: str) -> None:
    """Make the folder of a socket, private to this user. Raises DaemonError when another user owns it."""
    folder = Path(socket_path).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if socket_path == default_socket_path() and folder.stat().st_uid != os.getuid():
        raise DaemonError(f"the folder of the daemon's socket belongs to another user: {folder}")


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end."""
    data: bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", data)[1])


def peer_pid(connection: socket.socket) -> int:
    """The process id at the other end, as it was when it connected."""
    data: bytes = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", data)[0])


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
    }
