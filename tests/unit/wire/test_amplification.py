"""What a guest writes once is made once: sharing is never paid for by mention, and no number is chosen for its hash."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from msgspec import inspect as types

from fuzz.hostile_messages import CONTRACTS
from isolatejs.errors import GuestProtocolError, ValueEncodingError
from isolatejs.limits import FETCH_URL_LIMIT_BYTES, HEADERS_LIMIT_COUNT, MIB, VALUE_NODES_LIMIT
from isolatejs.web.preview import cut, preview
from isolatejs.web.values import JSMap
from isolatejs.wire.decoding import decode_arguments, decode_value
from isolatejs.wire.encoding import encode_value
from isolatejs.wire.frames import Attachments, decode_header
from isolatejs.wire.message import SAFE_INTEGER, EncodedValue

NOBODY: Any = None


def tagged(*nodes: Any) -> EncodedValue:
    return EncodedValue(t=msgspec.Raw(msgspec.json.encode(nodes)))


def mentions(tag: str, indexes: Any) -> list[Any]:
    return [tag, *indexes]


@pytest.mark.parametrize(
    "node",
    [
        ["B", "Uint8Array", 0],
        ["B", "ArrayBuffer", 0],
        ["B", "Int8Array", 0],
        ["W", 0],
        ["Bl", "", 0],
        ["Fi", "", "n", 1, 0],
        ["Rs", 200, "", [], [0, 0], ""],
    ],
)
@pytest.mark.parametrize("values", [1, 50])
def test_copies_of_one_attachment(node: list[Any], values: int) -> None:
    """Many nodes, of one value or of many in one frame, that name one attachment of a megabyte."""
    part = memoryview(b"ab" * (MIB // 2))
    attachments = Attachments([part])
    value = tagged(mentions("A", range(1, 1_001)), *[node] * 1_000)
    tracemalloc.start()
    try:
        made = [decode_value(value, attachments, NOBODY) for _ in range(values)]
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB + values * 1_000 * 3_000
    finally:
        tracemalloc.stop()
    assert len(made[-1]) == 1_000


@pytest.mark.parametrize("tag", ["M", "S"])
@pytest.mark.parametrize(
    "node",
    [
        ["B", "ArrayBuffer", 0],
        ["B", "Uint8Array", 1],
        ["W", 0],
        "x" * 500_000,
        ["n", "7" * 500_000],
        ["U", "x" * 500_000],
        ["R", "x" * 500_000, ""],
    ],
    ids=["ArrayBuffer", "Uint8Array", "ill-formed text", "text", "BigInt", "URL", "RegExp"],
)
def test_one_long_key_again_and_again(tag: str, node: Any) -> None:
    """Two nodes that are equal, or one, as the key of a Map or Set, named by turns."""
    parts = Attachments([memoryview(b"ab" * MIB), memoryview(b"ab" * MIB)])
    other = [*node[:-1], 1 - node[-1]] if isinstance(node, list) and node[0] in ("B", "W") else node
    began = time.process_time()
    made = decode_value(tagged(mentions(tag, [1, 2] * 20_000), node, other), parts, NOBODY)
    assert time.process_time() - began < 2
    assert len(made) == 1


def test_a_graph_is_counted_as_the_tree_that_it_stands_for() -> None:
    levels = [["A", n, n] for n in range(2, 102)]
    doubled = decode_arguments(tagged(["A", 1, 101], *levels, ["A"]), [], NOBODY).copies()
    assert doubled == [VALUE_NODES_LIMIT + 1, 0]
    assert decode_arguments(tagged(["A", 1], ["A", 1]), [], NOBODY).copies() == [VALUE_NODES_LIMIT + 1]
    twice = decode_arguments(
        tagged(["A", 1, 1], mentions("A", [2] * 10), ["A", 3, 3], 5), [], NOBODY
    ).copies()
    assert twice == [31 - 4, 31 - 4]
    assert decode_arguments(tagged(["A", 1, 2], ["A", 3], ["O", "a", 3], 5), [], NOBODY).copies() == ()


def test_many_mentions_are_counted_in_one_pass() -> None:
    count = 200_000
    began = time.process_time()
    rows = decode_arguments(tagged(["A", 1], mentions("A", [2] * count), ["A"]), [], NOBODY).copies()
    assert rows == [count + 1 - 3]
    assert time.process_time() - began < 2


@pytest.mark.parametrize("number", [-1, SAFE_INTEGER + 1, 2**61 - 1, 10**30])
@pytest.mark.parametrize(
    "frame",
    ["[0,%d,\"n\",null]", "[1,%d,null]", "[2,%d,null]", "[4,%d]", "[5,%d]", "[6,%d]", "[7,%d,null]", "[8,%d,1]",
     "[8,1,%d]", "[9,%d]", '[0,1,"n",null,[%d]]', '[0,1,"n",null,[],%d]', '[3,"n",null,[],%d]'],
)  # fmt: skip
def test_numbers_of_frames_that_share_a_hash(frame: str, number: int) -> None:
    with pytest.raises(GuestProtocolError):
        decode_header((frame % number).encode())
    decode_header((frame % 1).encode())


@pytest.mark.parametrize("number", [-1, SAFE_INTEGER + 1, 3 * (2**61 - 1)])
@pytest.mark.parametrize("node", [["L", "function", 0, 1], ["L", "function", 1, 0], ["L", "function", 0]])
def test_references_that_share_a_hash(node: list[Any], number: int) -> None:
    lie = [number if part == 0 else part for part in node]
    with pytest.raises(GuestProtocolError, match="no number"):
        decode_value(tagged(lie), [], NOBODY)


def test_every_number_of_every_contract_has_a_range() -> None:
    unbounded = []
    for name, contract in CONTRACTS.items():
        for kind in vars(contract).values():
            if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
                continue
            waiting: list[Any] = [types.type_info(kind)]
            seen = set()
            while waiting:
                info = waiting.pop()
                if isinstance(info, types.IntType) and (info.ge is None or info.le is None):
                    unbounded.append(f"{name}.{kind.__name__}")
                if isinstance(info, types.StructType):
                    if info.cls in seen:
                        continue
                    seen.add(info.cls)
                    waiting += [field.type for field in info.fields]
                for part in ("item_type", "key_type", "value_type", "type"):
                    if isinstance(inner := getattr(info, part, None), types.Type):
                        waiting.append(inner)
                waiting += getattr(info, "types", ()) or getattr(info, "item_types", ())
    assert not unbounded, f"use Number of wire/message.py in {sorted(set(unbounded))}"


@pytest.mark.parametrize(
    "node",
    [
        ["Rq", "http://a/" + "x" * FETCH_URL_LIMIT_BYTES, "GET", [], None],
        ["Rs", 200, "", [], None, "http://a/" + "x" * FETCH_URL_LIMIT_BYTES],
        ["Rq", "http://a/", "GET", [["a", "b" * 70_000]], None],
        ["Rq", "http://a/", "GET", [["a", ""]] * (HEADERS_LIMIT_COUNT + 1), None],
        ["Rs", 200, "", [["a", "b" * 300_000]], None, ""],
        ["Hd", [["a", ""]] * (HEADERS_LIMIT_COUNT + 1)],
    ],
    ids=["URL", "URL of a response", "header", "headers", "header of a response", "Headers"],
)
def test_web_objects_are_measured_before_they_are_parsed(node: list[Any]) -> None:
    with pytest.raises(ValueEncodingError, match="cannot be sent"):
        decode_value(tagged(node), [], NOBODY)


# --- what goes back to a guest -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    ["x" * MIB, "\ud800" * MIB, 1 << 3_900_000, bytes(MIB)],
    ids=["text", "ill-formed text", "BigInt", "bytes"],
)
def test_what_a_guest_named_often_is_sent_back_once(part: Any) -> None:
    attachments: list[Any] = []
    encoded = encode_value([part] * 10_000, attachments, NOBODY)
    assert len(bytes(encoded.t)) + sum(map(len, attachments)) < 4 * MIB  # type: ignore[arg-type]
    assert decode_value(encoded, [memoryview(data) for data in attachments], NOBODY) == [part] * 10_000


def test_deep_values_and_long_keys_cost_no_paths() -> None:
    deep: list[Any] = []
    inner = deep
    for _ in range(30_000):
        inner.append([])
        inner = inner[0]
    wide = {"k" * MIB: {"k" * MIB: [[] for _ in range(10_000)]}, 1: 2}
    began = time.process_time()
    for value in (deep, wide):
        encode_value(value, [], NOBODY)
    with pytest.raises(ValueEncodingError) as raised:
        encode_value({"k" * MIB: [object()]}, [], NOBODY)
    assert len(str(raised.value)) < 1_000
    assert time.process_time() - began < 5


def test_a_key_that_is_a_graph_is_not_written_out() -> None:
    graph: Any = []
    for _ in range(200):
        graph = [graph, graph]
    encode_value(JSMap([(graph, 1)]), [], NOBODY)
    with pytest.raises(ValueEncodingError):
        encode_value(JSMap([(graph, object())]), [], NOBODY)


# --- as text -------------------------------------------------------------------------------------------


def test_previews_show_what_repr_shows() -> None:
    for value in ([1, "a", (2,), {"b": None}, 1.5, b"x"], JSMap([(1, [2])]), {"set": {1}}, "text", True):
        assert preview(value) == repr(value)


def test_previews_have_a_bound() -> None:
    graph: Any = []
    for _ in range(2_000):
        graph = [graph, graph]
    holds_itself = JSMap()
    holds_itself["self"] = holds_itself
    began = time.process_time()
    for value in (graph, holds_itself, "x" * 10 * MIB, 1 << 4_000_000, [[0] * MIB] * 10, object()):
        assert len(preview(value, 500)) <= 600
    assert time.process_time() - began < 1
    assert cut("abc", 2) == "ab... [1 more characters]"
