"""What a value may become is counted before it is made."""

from __future__ import annotations

import tracemalloc
from typing import Any

import msgspec
import pytest

from isolatejs.errors import GuestProtocolError, ValueEncodingError
from isolatejs.limits import FRAME_HEADER_LIMIT_BYTES, MIB
from isolatejs.wire.decoding import decode_value
from isolatejs.wire.frames import NoteFrame, decode_header, encode_header
from isolatejs.wire.message import EncodedValue

NOBODY: Any = None
_decode_message = msgspec.json.Decoder(EncodedValue).decode


def arrived(form: str, content: bytes) -> EncodedValue:
    """The value as a handler gets it: its frame and its message are decoded."""
    frame = decode_header(encode_header(NoteFrame("n", msgspec.Raw(b'{"%s":%s}' % (form.encode(), content)))))
    assert isinstance(frame, NoteFrame)
    return _decode_message(frame.payload)


@pytest.mark.parametrize("form", ["p", "t"])
@pytest.mark.parametrize("part", [b"[]", b'{"":0}', b'[[],"\\""]'])
def test_a_small_frame_does_not_become_many_objects(form: str, part: bytes) -> None:
    count = FRAME_HEADER_LIMIT_BYTES // (len(part) + 1) - 10
    content = b"[" + b",".join([part] * count) + b"]"
    tracemalloc.start()
    try:
        with pytest.raises(ValueEncodingError, match="too large to send"):
            decode_value(arrived(form, content), [], NOBODY)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(content) + 16 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["[{," * 3_000_000, 'a"[,{\\' * 1_500_000, "\\" * 6_000_001 + "[" * 10, ""])
def test_marks_inside_strings_are_text(text: str) -> None:
    value = [text, {text[:20]: [text[:9]] * 10}]
    assert decode_value(arrived("p", msgspec.json.encode(value)), [], NOBODY) == value
    nodes = [["A", 1, 1, 1], text]
    assert decode_value(arrived("t", msgspec.json.encode(nodes)), [], NOBODY) == [text] * 3


def test_a_million_records_pass() -> None:
    content = b"[" + b",".join([b'{"id":1,"x":0.5}'] * 1_000_000) + b"]"
    assert len(decode_value(arrived("p", content), [], NOBODY)) == 1_000_000


@pytest.mark.parametrize("content", [b"{}", b"1", b'"text"', b"null"])
def test_nodes_that_are_no_list(content: bytes) -> None:
    with pytest.raises(GuestProtocolError):
        decode_value(arrived("t", content), [], NOBODY)
