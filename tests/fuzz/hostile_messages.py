"""Frames, messages and values as a hostile guest writes them, generated from the contracts.

What a message holds is chosen by bytes, so that a fuzzer and a test can both choose. A new message of a contract is
generated from the day it is added.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import inspect as types

import isolatejs.capabilities
import isolatejs.channel.contract
from isolatejs.wire.errors import EncodedError
from isolatejs.wire.framing import encode_frame
from isolatejs.wire.message import Body, Call, EncodedValue, wire_name

_json = msgspec.json.encode
TOOL_NAMES = ("rows", "tree", "branch", "table", "sets", "scalars", "anything")
"""Tools of `lied_to_host`."""


def contracts() -> dict[str, Any]:
    """Every contract by its capability: found, not listed."""
    found = {"channel": isolatejs.channel.contract}
    for folder in pkgutil.iter_modules(isolatejs.capabilities.__path__):
        if folder.ispkg:
            try:
                name = f"isolatejs.capabilities.{folder.name}.contract"
                found[folder.name] = importlib.import_module(name)
            except ModuleNotFoundError:
                continue  # a folder without messages
    return found


CONTRACTS = contracts()
MESSAGES = [message for contract in CONTRACTS.values() for message in contract.TO_HOST]
"""Whatever a guest can send, of itself."""
ANSWERS = sorted(
    {
        value
        for contract in CONTRACTS.values()
        for value in vars(contract).values()
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__.startswith("isolatejs.")
        and value not in MESSAGES
    },
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
"""Whatever a guest can answer with, or that is a part of what it sends."""


class Choices:
    """Decisions out of an input's bytes; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that were not used yet."""
        return len(self._data) - self._at

    def byte(self) -> int:
        """The next byte."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, count: int) -> int:
        """A number from 0 to `count - 1`."""
        return (self.byte() if count <= 256 else self.byte() << 8 | self.byte()) % count

    def one_of(self, things: Sequence[Any]) -> Any:
        """One of them."""
        return things[self.below(len(things))]

    def text(self) -> str:
        """A piece of the input as text."""
        size = self.below(24)
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece.decode("utf-8", "replace")


LARGEST_LIST_BYTES = 1024 * 1024
NUMBERS = (0, 1, -1, 2, 3, 5, 7, 255, 2**31, 2**53 - 1, 2**53, 2**61 - 1, 3 * (2**61 - 1), 10**40, -(10**40))
SCALARS: tuple[bytes, ...] = (
    b"0", b"1", b"-1", b"1.5", b"true", b"null", b'""', b'"a"', b'"\\u00e9"', b"9007199254740993", b"1e400",
    b'"\\ud800"', b'"__proto__"', b"{}", b"[]", b'["u"]', b'["NaN"]', b'["-0"]', b'["Inf"]', b"1e308",
)  # fmt: skip


def frame(header: bytes, *attachments: bytes) -> bytes:
    """One frame as the wire has it."""
    return encode_frame(header, attachments)


@dataclass
class Hostile:
    """Writes fields of messages. `size` is about how many parts the large shapes get."""

    choices: Choices
    size: int = 200
    attachments: list[bytes] = field(default_factory=list)

    def message(self, kind: type) -> bytes:
        """JSON of a message, or of another struct of a contract."""
        return self.of(types.type_info(kind))

    def of(self, info: Any, depth: int = 0) -> bytes:
        """JSON of a type."""
        if isinstance(info, types.Metadata):
            return self.of(info.type, depth)
        if isinstance(info, types.StructType):
            if info.cls is EncodedValue:
                return self.value()
            if info.cls is Body:
                return self.choices.one_of(
                    (b'{"a":0}', b'{"s":1}', b'{"s":3}', b'{"a":-1}', b'{"s":%d}' % 2**61)
                )
            return self._struct(info, depth)
        if isinstance(info, types.UnionType):
            members = [m for m in info.types if depth < 40 or isinstance(m, types.NoneType)] or info.types
            return self.of(self.choices.one_of(members), depth + 1)
        if isinstance(info, types.ListType):
            return self._list(info.item_type, depth)
        if isinstance(info, types.VarTupleType):
            return self._list(info.item_type, depth)
        if isinstance(info, types.TupleType):
            return b"[%s]" % b",".join(self.of(item, depth + 1) for item in info.item_types)
        if isinstance(info, types.DictType):
            return b'{"a":%s}' % self.of(info.value_type, depth + 1)
        if isinstance(info, types.LiteralType):
            return _json(self.choices.one_of(info.values))
        if isinstance(info, types.BoolType):
            return self.choices.one_of((b"true", b"false"))
        if isinstance(info, types.IntType):
            return b"%d" % self.number()
        if isinstance(info, types.FloatType):
            return self.choices.one_of((b"0", b"1.5", b"-1e15", b"1e308", b"5"))
        if isinstance(info, types.StrType):
            return _json(self.text())
        if isinstance(info, types.NoneType):
            return b"null"
        return self.choices.one_of(SCALARS)

    def _struct(self, info: Any, depth: int) -> bytes:
        parts = []
        for each in info.fields:
            if not each.required and self.choices.below(4) == 0:
                continue
            parts.append(b"%s:%s" % (_json(each.encode_name), self.of(each.type, depth + 1)))
        if info.array_like:
            return b"[%s]" % b",".join(part.partition(b":")[2] for part in parts)
        return b"{%s}" % b",".join(parts)

    def _list(self, item: Any, depth: int) -> bytes:
        count = (
            self.choices.one_of((0, 1, 2, 3)) if depth > 3 else self.choices.one_of((0, 1, 2, 3, self.size))
        )
        one = self.of(item, depth + 1)
        count = min(count, 1 + LARGEST_LIST_BYTES // len(one))
        return b"[%s]" % b",".join([one] * count)

    def number(self) -> int:
        """A number: small, at a limit, or one of many that have one hash."""
        kind = self.choices.below(4)
        if kind == 0:
            return self.choices.below(8)
        if kind == 1:
            return self.choices.byte() * (2**61 - 1) + 1
        return int(self.choices.one_of(NUMBERS))

    def text(self) -> str:
        """Text: short, long, a name that means something, or a piece of the input."""
        kind = self.choices.below(8)
        if kind == 0:
            return self.choices.text()
        if kind == 1:
            return self.choices.one_of(("a", "/", " ", "\n", "é", "aA", "%")) * self.size * 8
        if kind == 2:
            return str(self.choices.one_of(TOOL_NAMES))
        return (
            str(
                self.choices.one_of(
                    (
                        "",
                        "/",
                        "/a/b.txt",
                        "https://example.com/",
                        "GET",
                        "run",
                        "output",
                        "log",
                        "import",
                        "__proto__",
                        "constructor",
                        "ModuleResolutionError",
                        "AbortError",
                        "/src/x.ts",
                        "a.b",
                        "\udc00",
                        "1",
                        "newPage",
                    )
                )
            )
            .encode("utf-8", "replace")
            .decode()
        )

    # --- values ------------------------------------------------------------------------------------
    def value(self) -> bytes:
        """An EncodedValue: one of the shapes below."""
        shape = self.choices.one_of(SHAPES)
        return bytes(shape(self))

    def attach(self, data: bytes) -> int:
        """The index of a new attachment."""
        self.attachments.append(data)
        return len(self.attachments) - 1


def _t(nodes: Sequence[bytes]) -> bytes:
    return b'{"t":[%s]}' % b",".join(nodes)


def _mentions(tag: bytes, numbers: Sequence[int]) -> bytes:
    return b'["%s",%s]' % (tag, b",".join(b"%d" % number for number in numbers))


def _plain(h: Hostile) -> bytes:
    return b'{"p":%s}' % h.choices.one_of((
        b"null", b"1", b'"x"', b"[]", b"{}", b'{"a":[1,2]}', b"[[1,2],[3]]", b'[{"a":1}]', b"[1e999]", b"",
    ))  # fmt: skip


def _deep(h: Hostile) -> bytes:
    opening = h.choices.one_of((b"[", b'{"a":'))
    closing = b"]" if opening == b"[" else b"}"
    return b'{"p":%s0%s}' % (opening * h.size, closing * h.size)


def _wide(h: Hostile) -> bytes:
    return b'{"p":[%s]}' % b",".join(
        [h.choices.one_of((b"[]", b"{}", b'{"":0}', b"0", b'""', b"[[[]]]"))] * h.size
    )


def _doubled(h: Hostile) -> bytes:
    """Each node names the next one twice: two to the power of their number, as a tree."""
    levels = min(h.size, 20 + h.choices.below(400))
    make: Callable[[int], bytes] = h.choices.one_of((
        lambda n: b'["A",%d,%d]' % (n, n),
        lambda n: b'["O","left",%d,"right",%d]' % (n, n),
        lambda n: b'["O","next",%d,"other",%d]' % (n, n),
        lambda n: b'["M",%d,%d]' % (n, n),
        lambda n: b'["S",%d]' % n,
        lambda n: b'["O","items",%d]' % n if n % 2 else b'["A",%d,%d]' % (n, n),
        lambda n: b'["E","Error","m","s",false,%d,-1]' % n,
        lambda n: b'["O","names",%d]' % n if n % 2 else b'["O","a",%d,"b",%d]' % (n, n),
    ))  # fmt: skip
    inner = b'{"t":[%s]}' % b",".join([*(make(n) for n in range(1, levels)), b'["O"]'])
    if h.choices.below(2):
        return inner
    return b'{"t":[["A",1],%s]}' % b",".join([*(make(n) for n in range(2, levels)), b'["O"]'])


def _rows_of_rows(h: Hostile) -> bytes:
    """Few rows, each named many times."""
    rows = _mentions(b"A", [2] * h.size)
    row = _mentions(h.choices.one_of((b"A", b"S")), [3] * h.size)
    if h.choices.below(2):
        return _t([b'["A",1]', rows, row, h.choices.one_of(SCALARS)])
    return _t([b'["A",4,1]', rows, row, h.choices.one_of(SCALARS), b'["O"]'])


def _cycle(h: Hostile) -> bytes:
    return _t([
        b'["A",1]',
        h.choices.one_of((
            b'["A",1]', b'["O","left",1]', b'["M",1,1]', b'["S",1]', b'["E","","","",false,1,1]', b'["FD","a",1]',
            b'["L","signal",1,1,1]', b'["O","next",1,"names",1]', b'["A",0]', b'["O","rows",0]',
        )),
    ])  # fmt: skip


def _copies(h: Hostile) -> bytes:
    """Many nodes that name one attachment."""
    index = h.attach(b"ab" * h.size * 20)
    node: bytes = h.choices.one_of((
        b'["B","Uint8Array",%d]', b'["B","ArrayBuffer",%d]', b'["B","Float16Array",%d]', b'["W",%d]',
        b'["Bl","text/plain",%d]', b'["Fi","","n",1,%d]', b'["Rs",200,"",[],[0,%d],""]',
        b'["Rq","http://a/","POST",[],[0,%d]]',
    )) % index  # fmt: skip
    holder = h.choices.one_of((b"A", b"S"))
    return _t([_mentions(holder, range(1, h.size + 1)), *[node] * h.size])


def _one_key(h: Hostile) -> bytes:
    """A map or set that is given one expensive key again and again, by two nodes that are equal."""
    first, second = h.attach(b"xy" * h.size * 20), h.attach(b"xy" * h.size * 20)
    long = b"7" * min(h.size * 20, 900_000)
    make: Callable[[int], bytes] = h.choices.one_of((
        lambda at: b'["W",%d]' % at,
        lambda at: b'["B","ArrayBuffer",%d]' % at,
        lambda at: b'"%s"' % long,
        lambda at: b'["n","%s"]' % long,
        lambda at: b'["U","%s"]' % long,
        lambda at: b'["R","%s",""]' % long,
        lambda at: b'["D",5]',
        lambda at: b'["f","%s"]' % long,
    ))  # fmt: skip
    holder = h.choices.one_of((b"S", b"M", b"A"))
    root = _mentions(holder, [1, 2] * h.size)
    if h.choices.below(2):
        return _t([root, make(first), make(second)])
    return _t([b'["A",3]', make(first), make(second), root])


def _colliding(h: Hostile) -> bytes:
    """Integers and live values whose numbers have one hash."""
    count = h.size
    numbers = [(2 * k + 1) * (2**61 - 1) for k in range(count)]
    form: Callable[[int], bytes] = h.choices.one_of((
        lambda n: b'["n","%x"]' % n,
        lambda n: b'["L","function",%d,1]' % n,
        lambda n: b'["L","iterator",%d,%d]' % (n, n),
        lambda n: b'["L","signal",%d,1]' % (n % 2**53 | 1),
        lambda n: b'["Rs",200,"",[],[1,%d],""]' % n,
        lambda n: b'["Rs",200,"",[],[1,%d],""]' % (n % 2**53 | 1),
        lambda n: b"%d" % n,
        lambda n: b"%d.0" % n,
        lambda n: b'["D",%d]' % (n % 2**48),
        lambda n: b'["L","function",%d]' % (n % 12),
    ))  # fmt: skip
    holder = h.choices.one_of((b"A", b"S"))
    root = _mentions(holder, range(1, count + 1))
    return _t([root, *map(form, numbers)])


def _web(h: Hostile) -> bytes:
    """Web objects with more of something than they should have."""
    many = b",".join([b'["a%d","b"]' % h.choices.byte(), b'["set-cookie","c"]'] * h.size)
    different = b",".join(b'["a%d","b"]' % k for k in range(h.size))
    pairs = h.choices.one_of((many, different, b'["a"]', b'["a","\\r\\n"]', b""))
    address = b"http://" + h.choices.one_of(
        (b"a/" + b"x" * h.size * 50, b"a." * h.size, b"[::1]/", "é".encode() * 60)
    )
    node: bytes = h.choices.one_of((
        b'["Hd",[%s]]' % pairs,
        b'["Rq","%s","GET",[%s],null]' % (address, pairs),
        b'["Rs",200,"%s",[%s],null,"%s"]' % (b"x" * h.size, pairs, address),
        b'["Rs",%d,"",[],null,""]' % h.number(),
        b'["FD",%s]' % b",".join([b'"a",2'] * h.size),
        b'["U","%s"]' % address,
        b'["Fi","t","n",%d,0]' % h.number(),
    ))  # fmt: skip
    return _t([b'["A",%s]' % b",".join([b"1"] * h.choices.one_of((1, 2, h.size))), node, b'"text"'])


def _errors(h: Hostile) -> bytes:
    """Errors with causes of causes, and fields."""
    nodes = [b'["E","%s","m","s",%s,%d,%d]' % (b"N" * (n % 7), b"true" if n % 3 else b"false", n + 1, h.size + 1)
             for n in range(h.size)]  # fmt: skip
    return _t([*nodes, b"1", b'["O","a",0,"errors",0]'])


def _random(h: Hostile) -> bytes:
    """Nodes out of the input, that name each other at random."""
    count = 2 + h.choices.below(12)
    nodes = [b'["A",1]']
    for _ in range(count):
        tag = h.choices.one_of(
            ("A", "O", "M", "S", "E", "D", "R", "U", "W", "B", "Hd", "Rq", "Rs", "Bl", "Fi", "FD", "L", "n", "f",
             "u", "x", "")
        )  # fmt: skip
        parts: list[bytes] = [b'"%s"' % tag.encode()]
        for _ in range(h.choices.below(7)):
            kind = h.choices.below(6)
            if kind < 3:
                parts.append(b"%d" % h.choices.below(count + 1))
            elif kind == 3:
                parts.append(_json(h.text()[:40]))
            elif kind == 4:
                parts.append(h.choices.one_of(SCALARS))
            else:
                parts.append(b"%d" % h.number())
        nodes.append(b"[%s]" % b",".join(parts) if h.choices.below(8) else h.choices.one_of(SCALARS))
    return _t(nodes)


SHAPES = (
    _plain, _deep, _wide, _doubled, _rows_of_rows, _cycle, _copies, _one_key, _colliding, _web, _errors, _random,
)  # fmt: skip


def message_frame(kind: type, hostile: Hostile, number: int = 1) -> bytes:
    """A frame with one message of a guest."""
    payload = hostile.message(kind)
    sizes = _json([len(part) for part in hostile.attachments])
    name = _json(wire_name(kind))
    if issubclass(kind, Call):
        header = b"[0,%d,%s,%s,%s]" % (number, name, payload, sizes)
    else:
        header = b"[3,%s,%s,%s]" % (name, payload, sizes)
    return frame(header, *hostile.attachments)


def answer_frame(kind: type, hostile: Hostile, number: int) -> bytes:
    """A frame that answers a call of the host: with a struct, or with an error."""
    payload = hostile.message(kind)
    sizes = _json([len(part) for part in hostile.attachments])
    return frame(
        b"[%d,%d,%s,%s]" % (2 if kind is EncodedError else 1, number, payload, sizes), *hostile.attachments
    )


def any_frame(choices: Choices) -> bytes:
    """A frame of any kind."""
    hostile = Hostile(choices, choices.one_of((1, 3, 20, 200, 2_000)))
    kind = choices.below(16)
    if kind >= 7:
        return message_frame(choices.one_of(MESSAGES), hostile, hostile.number() | 1)
    if kind == 0:
        payload = hostile.message(EncodedError)
        head = choices.one_of((b"2,%d" % hostile.number(), b"7,%d" % hostile.number()))
        sizes = b"" if head.startswith(b"7") else b",%s" % _json([len(p) for p in hostile.attachments])
        return frame(b"[%s,%s%s]" % (head, payload, sizes), *hostile.attachments)
    if kind == 1:
        return frame(b"[5,%d]" % hostile.number(), b"x" * hostile.size)
    if kind == 2:
        return frame(b"[%d,%d]" % (choices.one_of((4, 6, 9)), hostile.number()))
    if kind == 3:
        return frame(b"[8,%d,%d]" % (hostile.number(), hostile.number()))
    if kind == 4:
        return frame(b"[1,%d,%s]" % (hostile.number(), hostile.message(choices.one_of(ANSWERS))))
    if kind == 5:
        tool = _json(choices.one_of(TOOL_NAMES))
        payload = b'{"path":%s,"args":%s}' % (tool, hostile.value())
        sizes = _json([len(p) for p in hostile.attachments])
        return frame(
            b'[0,%d,"tools.callTool",%s,%s]' % (1 + 2 * choices.below(4), payload, sizes),
            *hostile.attachments,
        )
    return frame(_json([choices.below(12), hostile.text(), hostile.number()]), b"y" * choices.below(9))
