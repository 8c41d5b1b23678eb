"""Frames and values of a guest that lies, against a channel with the host side of every contract.

An input is read in one of four ways, by its first byte: as what a socket gave, as one header with its attachments,
or as choices among the messages of all contracts with fields, graphs and numbers that are hostile by construction.
`fuzz_one` raises Violation when the host fails in another way than by refusing, or when it spends more processor
time or memory than it may for a message of this size.
"""

from __future__ import annotations

import zlib

from fuzz.hostile_messages import MESSAGES, SHAPES, TOOL_NAMES, Choices, any_frame, frame
from fuzz.lied_to_host import Violation, feed
from isolatejs.limits import FRAME_HEADER_LIMIT_BYTES

__all__ = ["SEEDS", "Violation", "fuzz_one"]


def stream_of(data: bytes) -> list[bytes]:
    """What the socket gives for an input: in pieces."""
    if not data:
        return []
    kind, rest = data[0] % 4, data[1:]
    if kind == 0:
        return [rest]
    if kind == 1:
        header, _, body = rest.partition(b"\0")
        return [frame(header, body)] if len(header) < FRAME_HEADER_LIMIT_BYTES else []
    choices = Choices(rest)
    pieces = [any_frame(choices)]
    while kind == 3 and choices.left > 0 and len(pieces) < 6:
        pieces.append(any_frame(choices))
    return pieces


def fuzz_one(data: bytes) -> None:
    """Run one input. Raises Violation."""
    pieces = stream_of(data)
    if not pieces:
        return
    feed(pieces).check("input")
    if zlib.crc32(data) % 8 == 0:
        feed(pieces, memory=True).check("input")


SEEDS: list[bytes] = [
    bytes([0]) + frame(b'[0,1,"tools.callTool",{"path":"anything","args":{"p":[1,"a"]}}]'),
    bytes([1]) + b'[3,"evaluation.errorEscaped",{"error":{"t":[["A",1,1],["A",2,2],["A"]]}}]',
    bytes([1]) + b'[0,1,"tools.callTool",{"path":"anything","args":{"t":[["A",1],["B","Uint8Array",0]]}},[3]]\0abc',
    bytes([1]) + b'[0,1,"fetch.sendRequest",{"url":"https://a/","headers":[["a","b"]],"body":{"s":1}}]',
    bytes([1]) + b'[5,1]\0bytes',
    bytes([1]) + b'[0,1,"channel.callFunction",{"reference":2,"args":{"p":[1]}}]',
    bytes([1]) + b'[3,"console.entryLogged",{"type":"output","level":"log","stdout":"x","groupDepth":0,"timestamp":1}]',
    *(bytes([2, size, 8 + index % 8, index]) + bytes([shape] * 12)
      for index in range(len(MESSAGES)) for size, shape in ((2, index % len(SHAPES)), (3, (index * 5) % len(SHAPES)))),
    *(bytes([2, 3, 5, tool, shape]) + bytes(range(9)) for tool in range(len(TOOL_NAMES)) for shape in range(len(SHAPES))),
    bytes([3]) + bytes(range(200)),
]  # fmt: skip
