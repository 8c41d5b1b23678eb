"""Values of every shape and size: keys that look like tags, holes, surrogates, buffers, references shared."""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import (
    HOLE,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    GuestError,
    JSMap,
    JSSet,
    TypedArray,
    ValueEncodingError,
)

if TYPE_CHECKING:
    from isolatejs import IsolateHost

ECHO = {"tools": {"echo": lambda value: value}}
NAMES = [
    "__proto__",
    "constructor",
    "then",
    "toJSON",
    "p",
    "t",
    "a",
    "s",
    "L",
    "u",
    "NaN",
    "__type",
    "$",
    "",
    "0",
]


@pytest.mark.parametrize("extra", [None, math.nan], ids=["plain form", "tagged form"])
async def test_no_key_is_taken_for_anything_else(host: IsolateHost, extra: Any) -> None:
    value: dict[str, Any] = {name: [extra is None, index, {name: "deep"}] for index, name in enumerate(NAMES)}
    value["extra"] = extra
    async with host.create_runtime(bindings={"tools": {"give": lambda: [value]}}) as runtime:
        back = await runtime.eval("await give()")
        assert list(back[0]) == [*sorted(NAMES, key=lambda name: name != "0"), "extra"]
        for name in NAMES:
            assert back[0][name] == value[name]
        code = """
          const [v] = await give();
          [Object.getPrototypeOf(v) === Object.prototype, Object.hasOwn(v, '__proto__'), v['__proto__'][1], ({}).deep]
        """
        assert await runtime.eval(code) == [True, True, 0, UNDEFINED]


@pytest.mark.parametrize(
    "value",
    [
        '{"p": 1}',
        '{"t": [["u"]]}',
        '{"p": 1, "t": 2}',
        '["u"]',
        '[["L", "function", 1]]',
        '["O", "a", 1]',
        "[-1]",
    ],
)
async def test_values_that_look_like_the_wire_form(host: IsolateHost, value: str) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        same = f"JSON.stringify((await echo([{value}, undefined]))[0]) === JSON.stringify({value})"
        assert await runtime.eval(same) is True
        same = f"JSON.stringify(await echo({value})) === JSON.stringify({value})"
        assert await runtime.eval(same) is True


async def test_a_then_of_the_host_is_no_thenable_trap(host: IsolateHost) -> None:
    """A returned object with a callable `then` is awaited by JavaScript; inside a container it stays as it is."""
    async with host.create_runtime(bindings=ECHO) as runtime:
        assert await runtime.eval("(await echo([{ then: 5 }]))[0].then") == 5
        assert await runtime.eval("(await echo({ then: 5 })).then") == 5


async def test_patched_prototypes_change_nothing(host: IsolateHost) -> None:
    code = """
      Object.prototype.toJSON = () => 'forged';
      Array.prototype.toJSON = () => 'forged';
      String.prototype.toJSON = () => 'forged';
      Map.prototype.forEach = Set.prototype.forEach = () => { throw new Error('patched') };
      Array.prototype.push = () => { throw new Error('patched') };
      BigInt.prototype.toString = Date.prototype.getTime = () => 'forged';
      Object.defineProperty(Object.prototype, 't', { get: () => [['u']], configurable: true });
      await echo({ a: [1, 'x'], m: new Map([[1, new Set([2n])]]), d: new Date(5) })
    """
    async with host.create_runtime(bindings=ECHO) as runtime:
        back = await runtime.eval(code)
        assert (back["a"], back["m"], back["d"].timestamp()) == (
            [1, "x"],
            JSMap([(1, JSSet([BigInt(2)]))]),
            0.005,
        )


async def test_numbers_keep_what_json_would_lose(host: IsolateHost) -> None:
    """Behaviours, weakness 10: NaN and Infinity became null there, -0 became 0."""
    async with host.create_runtime(bindings=ECHO) as runtime:
        code = "const a = await echo([NaN, Infinity, -Infinity, -0, 2 ** 53, 1e300, 5e-324]); "
        check = "[Number.isNaN(a[0]), a[1] === Infinity, a[2] === -Infinity, Object.is(a[3], -0), a[4], a[5], a[6]]"
        back = await runtime.eval(code + check)
        assert back == [True, True, True, True, float(2**53), 1e300, 5e-324]
        assert isinstance(back[4], float)


async def test_collections_are_what_they_were(host: IsolateHost) -> None:
    """Behaviours, weakness 10: Map, Set and Error became {} there, a Float32Array an object of indexes."""
    code = """
      const o = {};
      const [m, s, e, f] = await echo([new Map([[o, 1], ['k', o]]), new Set([o, 2]), new TypeError('m'), new Float32Array([1.5])]);
      [m instanceof Map, [...m.keys()][0] === m.get('k'), s instanceof Set, s.has(2), e instanceof TypeError, f]
    """
    async with host.create_runtime(bindings=ECHO) as runtime:
        assert await runtime.eval(code) == [
            True,
            True,
            True,
            True,
            True,
            TypedArray("Float32Array", struct.pack("<f", 1.5)),
        ]


async def test_the_same_object_twice_is_shared_not_circular(host: IsolateHost) -> None:
    """Behaviours, weakness 10: the same object twice was called circular there."""
    seen: list[Any] = []

    def take(first: Any, second: Any, third: Any) -> list[Any]:
        seen.append((first, second, third))
        return [first, second]

    async with host.create_runtime(bindings={"tools": {"take": take}}) as runtime:
        code = """
          const shared = { n: 1 };
          const [a, b] = await take(shared, [shared], new Map([[shared, shared]]));
          [a === b[0], a.n]
        """
        assert await runtime.eval(code) == [True, 1]
    (first, second, third) = seen[0]
    assert first is second[0] is third[next(iter(third))]


async def test_a_hundred_thousand_items_a_megabyte_of_text(host: IsolateHost) -> None:
    numbers = list(range(100_000))
    mixed: list[Any] = [math.nan if number % 2 else number for number in numbers]
    records = [{"id": number, "name": f"item {number}", "tags": ["a", "b"]} for number in range(20_000)]
    text = "aé€🌈" * 250_000
    values = {
        "numbers": numbers,
        "mixed": mixed,
        "records": records,
        "text": text,
        "bad": "\ud800" * 1_000_000,
    }
    bindings = {"tools": {"give": lambda name: values[name], "echo": lambda value: value}}
    async with host.create_runtime(bindings=bindings, memory_limit_mb=256) as runtime:
        assert await runtime.eval("(await give('numbers')).reduce((a, b) => a + b)") == sum(numbers)
        assert await runtime.eval("await echo(await give('numbers'))") == numbers
        back = await runtime.eval("await echo(await give('mixed'))")
        assert len(back) == 100_000
        assert back[::2] == mixed[::2]
        assert all(math.isnan(item) for item in back[1::2])
        assert await runtime.eval("await echo(await give('records'))") == records
        assert await runtime.eval("await echo(await give('text'))") == text
        assert await runtime.eval("const t = await give('bad'); [t.length, await echo(t)]") == [
            1_000_000,
            values["bad"],
        ]


async def test_lone_surrogates_in_values_and_keys(host: IsolateHost) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        assert await runtime.eval("await echo(['\\ud800', 'a\\udc00b', '🌈'])") == [
            "\ud800",
            "a\udc00b",
            "🌈",
        ]
        with pytest.raises(GuestError, match=r"args\[0\]\.a: a key with a lone surrogate"):
            await runtime.eval("await echo({ a: { '\\ud800': 1 } })")
        with pytest.raises(ValueEncodingError, match=r"value\.a: .*lone surrogate"):
            await runtime.events.emit("x", {"a": {"\ud800": 1}})


async def test_sparse_arrays_keep_their_holes(host: IsolateHost) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        code = "const a = [1, , undefined, , 5]; a.length = 7; const b = await echo(a); [b, b.length, 1 in b, 2 in b]"
        assert await runtime.eval(code) == [[1, HOLE, UNDEFINED, HOLE, 5, HOLE, HOLE], 7, False, True]


@pytest.mark.parametrize(
    ("kind", "size", "sample"),
    [
        ("Int8Array", 1, "-1"),
        ("Uint8ClampedArray", 1, "255"),
        ("Int16Array", 2, "-300"),
        ("Uint16Array", 2, "60000"),
        ("Float16Array", 2, "1.5"),
        ("Int32Array", 4, "-70000"),
        ("Uint32Array", 4, "4000000000"),
        ("Float32Array", 4, "0.5"),
        ("Float64Array", 8, "Math.PI"),
        ("BigInt64Array", 8, "-5n"),
        ("BigUint64Array", 8, "2n ** 63n"),
    ],
)
async def test_typed_arrays_of_every_kind(host: IsolateHost, kind: str, size: int, sample: str) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        code = f"""
          const whole = new {kind}([{sample}, {sample}, {sample}]);
          const back = await echo(whole.subarray(1));
          [back instanceof {kind}, back.length, back[0] === whole[0], back.buffer.byteLength, await echo(new {kind}(0))]
        """
        assert await runtime.eval(code) == [True, 2, True, 2 * size, TypedArray(kind, b"")]


async def test_buffers_views_and_what_they_share(host: IsolateHost) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        code = """
          const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
          const back = await echo({ buffer, view: new DataView(buffer, 1, 2), bytes: new Uint8Array(buffer, 3) });
          [back.buffer instanceof ArrayBuffer, back.view instanceof DataView, back.view.getUint8(0), back]
        """
        assert await runtime.eval(code) == [
            True,
            True,
            2,
            {"buffer": ArrayBuffer(b"\1\2\3\4"), "view": TypedArray("DataView", b"\2\3"), "bytes": b"\4"},
        ]
        assert await runtime.eval("await echo(new Uint8Array(0))") == b""
        detached = "const b = new ArrayBuffer(4); structuredClone(b, { transfer: [b] }); await echo(new Uint8Array(b))"
        with pytest.raises(GuestError, match="detached"):
            await runtime.eval(detached)


class Widget:
    pass


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (lambda: {"a": [1, Widget()]}, r"value\.a\[1\]: a value of type .*Widget"),
        (lambda: [{"k": Widget}], r"value\[0\]\.k: the class Widget"),
        (lambda: JSMap([(1, Widget())]), r"value\.get\(1\)"),
        (lambda: {Widget()}, r"value\.item\(0\)"),
        (lambda: [re.compile(b"x")], r"value\[0\]: a pattern of bytes"),
        (
            lambda: ValueError("x").with_traceback(None) and {"n": 1 + 2j},
            r"value\.n: a value of type complex",
        ),
    ],
)
async def test_what_the_host_cannot_send_is_named_by_path(host: IsolateHost, value: Any, path: str) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(ValueEncodingError, match=path):
            await runtime.events.emit("x", value())
        assert await runtime.eval("1") == 1


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("{ a: [Symbol('x')] }", r"args\[0\]\.a\[0\]: a symbol"),
        ("new Map([['k', [Symbol.iterator]]])", r"args\[0\]\.get\(k\)\[0\]: a symbol"),
        ("new Set([new (class Point {})()])", r"args\[0\]\.item: an instance of Point"),
        ("[new WeakMap()]", r"args\[0\]\[0\]: an instance of WeakMap"),
        ("{ e: Object.assign(new Error('x'), { s: Symbol() }) }", r"args\[0\]\.e\.s: a symbol"),
        ("Object.create({ inherited: 1 })", r"args\[0\]: an instance of Object"),
    ],
)
async def test_what_the_program_cannot_send_is_named_by_path(
    host: IsolateHost, value: str, path: str
) -> None:
    async with host.create_runtime(bindings=ECHO) as runtime:
        with pytest.raises(GuestError, match=path) as caught:
            await runtime.eval(f"await echo({value})")
        assert caught.value.name == "TypeError"
        assert await runtime.eval("await echo(1)") == 1
