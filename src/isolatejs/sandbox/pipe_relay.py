"""Carries a channel over the stdin and stdout of a process, where a process cannot inherit a socket (Windows).

Two threads copy between its pipes and a socket pair, a bounded piece at a time: who does not read makes the
other side wait, as on a socket.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from socket import socketpair
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

PIECE_BYTES = 64 * 1024


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets: the one that the host uses and the one to relay."""
    pair = socketpair()
    for end in pair:
        if end.family == socket.AF_INET:  # Windows has no other kind
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return pair


def relay(process: subprocess.Popen[bytes], connection: socket.socket, kill: Callable[[], None]) -> None:
    """Let a socket stand for the pipes of `process`; both belong to the relay from now on.

    What arrives is what the process reads, unless it has no stdin; the end of stdout is the end of what is
    sent. When the other end is closed, or the process closes its stdin, `kill` is called. The threads end
    when the process has ended and the other end is closed.
    """
    assert process.stdout is not None
    outwards = threading.Thread(target=_carry_out, args=(process.stdout, connection), daemon=True)
    inwards = threading.Thread(
        target=_carry_in, args=(connection, process.stdin, kill, outwards), daemon=True
    )
    outwards.name, inwards.name = f"isolatejs-out-{process.pid}", f"isolatejs-in-{process.pid}"
    outwards.start()
    inwards.start()


def _carry_out(stdout: IO[bytes], connection: socket.socket) -> None:
    """Copy from the process until it ends or nobody is there to read."""
    with (
        stdout,
        contextlib.suppress(OSError),
    ):  # the other end of the socket is closed: so it is for `_carry_in`
        while piece := stdout.read(PIECE_BYTES):
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)


def _carry_in(
    connection: socket.socket, stdin: IO[bytes] | None, kill: Callable[[], None], outwards: threading.Thread
) -> None:
    """Copy to the process until the socket is closed, then end it and what `_carry_out` holds."""
    try:
        with contextlib.suppress(OSError):  # a reset socket, or a process that does not read any more
            while piece := connection.recv(PIECE_BYTES):
                _write_all(stdin, piece)
    finally:
        kill()
        if stdin is not None:
            stdin.close()
        outwards.join()
        connection.close()


def _write_all(stdin: IO[bytes] | None, piece: bytes) -> None:
    left = memoryview(piece if stdin is not None else b"")
    while left:
        assert stdin is not None
        left = left[stdin.write(left) :]
