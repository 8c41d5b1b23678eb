"""Values there and back through a real runtime: each comes back as it went."""

from __future__ import annotations

import array
import dataclasses
import datetime as dt
import decimal
import enum
import math
import pathlib
import re
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import isolatejs
from isolatejs import (
    HOLE,
    UNDEFINED,
    URL,
    ArrayBuffer,
    BigInt,
    Blob,
    File,
    FormData,
    GuestError,
    Headers,
    JSDate,
    JSError,
    JSMap,
    JSSet,
    RegExp,
    Request,
    Response,
    TypedArray,
    ValueEncodingError,
)

INDEX = re.compile("0|[1-9][0-9]{0,9}")
ECHO = {"tools": {"give": lambda: None}}


@pytest.fixture(scope="module")
async def echo() -> Any:
    """`await echo(value)`: the value after a trip into the program and back."""
    slot: list[Any] = []
    bindings = {"tools": {"take": lambda: slot[0]}}
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(bindings=bindings) as runtime,
    ):

        async def echo(value: Any) -> Any:
            slot[:] = [value]
            return (await runtime.eval("[await take()]"))[0]

        yield echo


def same(left: Any, right: Any) -> bool:
    """Equality that tells -0 from 0, True from 1, and finds NaN equal."""
    if isinstance(left, float) and isinstance(right, (int, float)) and not isinstance(right, bool):
        if math.isnan(left) or (isinstance(right, float) and math.isnan(right)):
            return isinstance(right, float) and math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, JSMap):
        return isinstance(right, JSMap) and same(left.entries(), right.entries())
    if isinstance(left, tuple):
        return isinstance(right, tuple) and same(list(left), list(right))
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and list(left) == javascript_order(right)
            and all(same(left[k], right[k]) for k in left)
        )
    return bool(left == right)


def javascript_order(keys: Iterable[str]) -> list[str]:
    """Keys as a JavaScript object has them: array indexes first, by number, then the others as they came."""
    indexes = [key for key in keys if INDEX.fullmatch(key) and int(key) < 2**32 - 1]
    return sorted(indexes, key=int) + [key for key in keys if key not in set(indexes)]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.integers(-(2**80), 2**80).map(BigInt),
    st.floats(),
    st.text(st.characters(codec=None, exclude_categories=())),
    st.binary(max_size=50),
    st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=dt.UTC)
    ),
    st.just(UNDEFINED),
    st.builds(RegExp, st.sampled_from(["a+", "[^x]", "\\d"]), st.sampled_from(["", "g", "iu"])),
    st.binary(max_size=8).map(ArrayBuffer),
    st.lists(st.floats(width=32, allow_nan=False), max_size=4).map(
        lambda items: TypedArray("Float32Array", array.array("f", items).tobytes())
    ),
)
KEYS = st.text(max_size=8) | st.sampled_from(
    ["__proto__", "constructor", "then", "toJSON", "p", "t", "$", "__type"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(KEYS, inner, max_size=5),
        st.lists(st.tuples(st.integers(0, 9) | st.booleans() | st.text(max_size=3), inner), max_size=4).map(
            JSMap
        ),
        st.lists(st.integers(-5, 5) | st.text(max_size=3), max_size=4).map(JSSet),
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES)
async def test_random_values_come_back_as_they_went(echo: Any, value: Any) -> None:
    assert same(await echo(value), value)


async def test_keys_that_are_indexes_come_first(echo: Any) -> None:
    value = {"b": 1, "10": 2, "": 3, "9": 4, "01": 5, "4294967294": 6, "4294967295": 7, "-1": 8}
    assert list(await echo(value)) == ["9", "10", "4294967294", "b", "", "01", "4294967295", "-1"]
    assert same(await echo(value), value)


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (JSDate(math.nan), lambda v: isinstance(v, JSDate) and math.isnan(v.milliseconds)),
        (JSDate(8.64e15), lambda v: v == JSDate(8.64e15)),
        ([1, HOLE, 3], lambda v: v == [1, HOLE, 3]),
        (2**60, lambda v: v == 2**60 and isinstance(v, BigInt)),
        ({1: "a", 2.5: "b"}, lambda v: isinstance(v, JSMap)),
        ({3, 1, 2}, lambda v: v == {1, 2, 3}),
        ((1, 2), lambda v: v == [1, 2]),
        (bytearray(b"ab"), lambda v: v == b"ab"),
        (memoryview(b"ab"), lambda v: v == b"ab"),
        (
            array.array("d", [1.5]),
            lambda v: v == TypedArray("Float64Array", array.array("d", [1.5]).tobytes()),
        ),
        (URL("http://a/b"), lambda v: v == URL("http://a/b")),
        (Headers({"a": "b"}), lambda v: v.get("a") == "b"),
        (decimal.Decimal("1.50"), lambda v: v == "1.50"),
        (uuid.UUID(int=5), lambda v: v == str(uuid.UUID(int=5))),
        (pathlib.PurePosixPath("/a/b"), lambda v: v == "/a/b"),
        (dt.date(2026, 1, 2), lambda v: v == "2026-01-02"),
        ("\ud800 lone", lambda v: v == "\ud800 lone"),
    ],
)
async def test_python_forms(echo: Any, value: Any, back: Any) -> None:
    assert back(await echo(value))


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


class Record(msgspec.Struct, rename="camel"):
    first_name: str


async def test_records(echo: Any) -> None:
    assert await echo([Color.RED, Point(1, Point(2)), Record("Ada")]) == [
        "red",
        {"x": 1, "y": {"x": 2, "y": None}},
        {"firstName": "Ada"},
    ]


async def test_pydantic_and_numpy(echo: Any) -> None:
    numpy = pytest.importorskip("numpy")
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Model", a=(int, ...))
    assert await echo(model(a=1)) == {"a": 1}
    assert await echo(numpy.array([1, 2], dtype="int32")) == TypedArray("Int32Array", b"\1\0\0\0\2\0\0\0")
    with pytest.raises(GuestError):
        await echo(numpy.zeros((2, 2)))


async def test_cycles_shared_references_and_depth(echo: Any) -> None:
    cycle: dict[str, Any] = {"name": "root"}
    cycle["self"] = cycle
    back = await echo(cycle)
    assert back["self"] is back
    shared = [1]
    back = await echo([shared, shared])
    assert back[0] is back[1]
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    back = await echo(deep)
    depth = 0
    while back:
        back, depth = back[0], depth + 1
    assert depth == 20_000


async def test_errors_as_values(echo: Any) -> None:
    error = JSError("TypeError", "wrong", cause=JSError("RangeError", "inner"), fields={"code": 5})
    back = await echo(error)
    assert (back.name, back.message, back.cause.name, back.fields) == (
        "TypeError",
        "wrong",
        "RangeError",
        {"code": 5},
    )
    assert (await echo(ValueError("host side"))).name == "ValueError"


async def test_web_objects(echo: Any) -> None:
    request = await echo(Request("http://a/x", method="POST", headers={"h": "1"}, body=b"body"))
    assert (request.url, request.method, request.headers.get("h")) == ("http://a/x", "POST", "1")
    assert await request.bytes() == b"body"
    response = await echo(Response("text", status=201, headers={"x": "y"}))
    assert (response.status, response.headers.get("x"), await response.text()) == (201, "y", "text")
    blob = await echo(Blob([b"abc"], type="text/plain"))
    assert (await blob.bytes(), blob.type) == (b"abc", "text/plain")
    file = await echo(File([b"abc"], "a.txt", type="text/plain"))
    assert (file.name, await file.bytes()) == ("a.txt", b"abc")
    form = FormData()
    form.append("a", "1")
    form.append("a", "2")
    assert (await echo(form)).get_all("a") == ["1", "2"]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("await sink({a: [Symbol('x')]})", r"args\[0\]\.a\[0\]: a symbol cannot be sent"),
        (
            "await sink({socket: new (class Socket {})()})",
            r"args\[0\]\.socket: an instance of Socket cannot be sent",
        ),
        ("await sink({[Symbol('k')]: 1})", "symbol key"),
    ],
)
async def test_what_cannot_cross_is_named(host: isolatejs.IsolateHost, code: str, path: str) -> None:
    async with host.create_runtime(bindings={"tools": {"sink": lambda value: None}}) as runtime:
        with pytest.raises(GuestError, match=path):
            await runtime.eval(code)


async def test_what_cannot_go_in_is_named(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(ValueEncodingError, match=r"value\.a\[0\]"):
            await runtime.events.emit("x", {"a": [object()]})


async def test_getters_and_proxies_stay_in_the_program(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        assert await runtime.eval("await echo({get a() { return 5 }})") == {"a": 5}
        assert await runtime.eval("await echo(new Proxy({a: 1}, {get: () => 7}))") == {"a": 7}
        with pytest.raises(GuestError, match="trap"):
            await runtime.eval("await echo(new Proxy({a: 1}, {get: () => { throw new Error('trap') }}))")


async def test_abort_signals_are_live_both_ways(host: isolatejs.IsolateHost) -> None:
    controller = isolatejs.AbortController()
    seen: list[Any] = []
    bindings = {"tools": {"signal": lambda: controller.signal, "keep": lambda signal: seen.append(signal)}}
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval(
            "globalThis.s = await signal(); globalThis.c = new AbortController(); await keep(c.signal)"
        )
        assert await runtime.eval("s.aborted") is False
        controller.abort("because")
        assert await runtime.eval("[s.aborted, s.reason]") == [True, "because"]
        assert not seen[0].aborted
        await runtime.eval("c.abort('inside'); 0")
        assert (seen[0].aborted, seen[0].reason) == (True, "inside")


async def test_promises_cross(host: isolatejs.IsolateHost) -> None:
    async def later() -> int:
        return 9

    async with host.create_runtime(bindings={"tools": {"make": lambda: {"p": later()}}}) as runtime:
        assert await runtime.eval("await (await make()).p") == 9
        held = await runtime.eval(
            "({p: Promise.resolve(4), bad: new Promise((_, reject) => globalThis.spoil = reject)})"
        )
        await runtime.eval("spoil(new Error('held'))")
        assert await held["p"] == 4
        with pytest.raises(GuestError, match="held"):
            await held["bad"]
