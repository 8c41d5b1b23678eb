"""The packets between host and launcher: one JSON object each, with open files, on a SOCK_SEQPACKET pair.

Host to launcher: `configure` (once), `spawn`, `limit`, `look`, `deadline`, `check`. Launcher to host: `ready` (once),
`started`, `failed`, `checked`, `exited`. Standard library only, since both sides import it.
"""

from __future__ import annotations

import array
import json
import socket
import struct
from typing import Any, Final

PACKET_LIMIT_BYTES: Final = 160 * 1024
"""Below the kernel's default send buffer, so that one packet always fits. Larger things travel as a memfd."""
DESCRIPTORS_LIMIT: Final = 8
DEADLINE_PLACE: Final = struct.Struct("<4q")
"""What stands at a sandbox's place on a board of deadlines (see `deadlines.py`): when it has to be gone, by the
monotonic clock; at which processor time it has to be gone (nobody reads that yet); how long it may be busy by itself;
nothing. Nanoseconds, 0 for never."""

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """A packet. Raises ValueError for one that is too large."""
    packet = json.dumps(message, separators=(",", ":")).encode()
    if len(packet) > PACKET_LIMIT_BYTES:
        raise ValueError(f"a packet of {len(packet)} bytes, limit {PACKET_LIMIT_BYTES}")
    return packet


def send(connection: socket.socket, packet: bytes, descriptors: tuple[int, ...] = ()) -> None:
    """Send one packet. Raises BlockingIOError when the other side does not read."""
    ancillary = []
    if descriptors:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    connection.sendmsg([packet], ancillary, socket.MSG_NOSIGNAL)


def receive(connection: socket.socket) -> tuple[Message, list[int]] | None:
    """Receive one packet, or None at the end. Descriptors arrive close-on-exec."""
    descriptors = array.array("i")
    packet, ancillary, _, _ = connection.recvmsg(
        PACKET_LIMIT_BYTES + 1,
        socket.CMSG_SPACE(DESCRIPTORS_LIMIT * descriptors.itemsize),
        socket.MSG_CMSG_CLOEXEC,
    )
    if not packet:
        return None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return json.loads(packet), list(descriptors)
