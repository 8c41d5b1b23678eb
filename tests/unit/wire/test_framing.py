"""Frames: any split of the bytes gives the same frames; anything else is the one documented error."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isolatejs.errors import GuestProtocolError
from isolatejs.wire.decoding import decode_value
from isolatejs.wire.frames import decode_header, split_attachments
from isolatejs.wire.framing import FrameDecoder, encode_frame
from isolatejs.wire.message import EncodedValue

FRAMES = st.lists(st.tuples(st.binary(max_size=40), st.lists(st.binary(max_size=40), max_size=3)), max_size=5)


@given(frames=FRAMES, cuts=st.lists(st.integers(1, 30), max_size=40))
def test_any_split_gives_the_same_frames(frames: list[tuple[bytes, list[bytes]]], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(header, parts) for header, parts in frames)
    decoder = FrameDecoder()
    received = []
    for cut in [*cuts, len(stream) + 1]:
        piece, stream = stream[:cut], stream[cut:]
        received += [(bytes(header), bytes(attached)) for header, attached in decoder.feed(piece)]
    assert received == [(header, b"".join(parts)) for header, parts in frames]
    assert not decoder.partial


def test_a_frame_that_comes_two_bytes_at_a_time_costs_about_its_bytes() -> None:
    header, attachments = b"[" * 100_000, b"x" * 100_000
    stream = encode_frame(header, [attachments])
    decoder = FrameDecoder()
    tracemalloc.start()
    try:
        for start in range(0, len(stream) - 2, 2):
            assert list(decoder.feed(stream[start : start + 2])) == []
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 2 * len(stream)
    assert list(decoder.feed(stream[-2:])) == [(header, attachments)]


@pytest.mark.parametrize("prefix", [b"\xff\xff\xff\xff\0\0\0\0", b"\0\0\0\0\xff\xff\xff\xff"])
def test_a_frame_of_4_gb_is_refused_at_its_announcement(prefix: bytes) -> None:
    with pytest.raises(GuestProtocolError, match="limit"):
        list(FrameDecoder().feed(prefix))


@given(st.binary(max_size=300))
def test_any_header_decodes_or_raises_the_one_error(data: bytes) -> None:
    try:
        decode_header(data)
    except GuestProtocolError:
        pass


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_json_header_decodes_or_raises_the_one_error(value: object) -> None:
    try:
        decode_header(msgspec.json.encode(value))
    except GuestProtocolError:
        pass


@given(st.binary(max_size=20), st.lists(st.integers(-5, 30), max_size=5))
def test_attachment_sizes_add_up_or_are_refused(data: bytes, sizes: list[int]) -> None:
    try:
        parts = split_attachments(memoryview(data), sizes)
    except GuestProtocolError:
        return
    assert b"".join(parts) == data


class NoImporter:
    """Refuses live values."""

    def import_reference(self, kind: str, reference: int, detail: object) -> object:
        raise GuestProtocolError("no live values here")

    def accept_body(self, stream: int) -> object:
        raise GuestProtocolError("no streams here")


TAGS = st.sampled_from(
    [
        "u",
        "NaN",
        "-0",
        "n",
        "f",
        "A",
        "O",
        "M",
        "S",
        "E",
        "D",
        "R",
        "U",
        "W",
        "B",
        "Hd",
        "Rq",
        "Rs",
        "Bl",
        "Fi",
        "FD",
        "L",
        "__class__",
        "init__",
        "",
        "_",
    ]
)
NODES = st.lists(st.lists(TAGS | JSON | st.integers(-2, 6), max_size=6) | JSON, max_size=7)


@given(NODES, st.lists(st.binary(max_size=5), max_size=3))
def test_any_nodes_decode_or_raise_the_one_error(nodes: list[object], attachments: list[bytes]) -> None:
    try:
        parts = [memoryview(part) for part in attachments]
        decode_value(EncodedValue(t=msgspec.Raw(msgspec.json.encode(nodes))), parts, NoImporter())  # type: ignore[arg-type]
    except GuestProtocolError:
        pass
