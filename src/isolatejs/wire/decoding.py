"""From wire form to Python values.

A tagged value is a flat list of nodes; node 0 is the root and nodes name each other by index, so cycles,
shared references and any depth need no recursion. A node is a JSON scalar (itself) or `[tag, ...]`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from isolatejs.errors import GuestProtocolError, ValueEncodingError
from isolatejs.limits import BIGINT_DIGITS_LIMIT, MIB, VALUE_NODES_LIMIT
from isolatejs.web import Blob, File, FormData, Headers, Request, Response
from isolatejs.web.values import (
    ARRAY_FORMATS,
    HOLE,
    UNDEFINED,
    URL,
    ArrayBuffer,
    BigInt,
    JSDate,
    JSError,
    JSMap,
    JSSet,
    RegExp,
    TypedArray,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from isolatejs.wire.message import EncodedValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_decode_json = msgspec.json.Decoder().decode
_decode_nodes = msgspec.json.Decoder(list[Any]).decode
_SCALARS = {
    "u": UNDEFINED,
    "NaN": math.nan,
    "Inf": math.inf,
    "-Inf": -math.inf,
    "-0": -0.0,
}


class Importer(Protocol):
    """What the decoder asks of the channel for values that stay alive on the other side."""

    def import_reference(self, kind: str, reference: int, serial: int, detail: Any) -> Any: ...

    def bring_home(self, kind: str, reference: int) -> Any: ...

    def accept_body(self, stream: int) -> StreamedBody: ...


class StreamedBody(Protocol):
    """A body that the other side sends in pieces."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def stop(self) -> None: ...


def decode_value(encoded: EncodedValue, attachments: Sequence[memoryview], importer: Importer) -> Any:
    """The Python form of a value.

    Raises GuestProtocolError when it is malformed, ValueEncodingError when it has more than VALUE_NODES_LIMIT
    parts (found out before any of them is made) and for a Request or Response that JavaScript has and Python
    has not, QuotaExceededError when it brings too many streams.
    """
    try:
        if encoded.t is msgspec.UNSET:
            if encoded.p is msgspec.UNSET:
                return UNDEFINED
            _check_size(encoded.p, b"[{,")
            return _decode_json(encoded.p)
        # A comma may stand between two mentions of one node; an object is no node, and costs most.
        _check_size(encoded.t, b"[{{{{")
        return _NodeReader(_decode_nodes(encoded.t), attachments, importer).read()
    except (GuestProtocolError, ValueEncodingError):
        raise
    except RecursionError:
        raise GuestProtocolError("a plain value nested too deeply") from None
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise GuestProtocolError(f"malformed value: {error}") from None


def _check_size(raw: msgspec.Raw, marks: bytes) -> None:
    """Raise ValueEncodingError when JSON holds more than VALUE_NODES_LIMIT of the marks outside its strings."""
    data = bytes(raw)
    if len(data) <= VALUE_NODES_LIMIT or _count(data, marks) <= VALUE_NODES_LIMIT:
        return  # the usual case: strings that hold marks need not be told apart
    data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    found, outside = 0, True
    for start in range(0, len(data), MIB):
        pieces = data[start : start + MIB].split(b'"')
        found += _count(b"".join(pieces[0 if outside else 1 :: 2]), marks)
        if found > VALUE_NODES_LIMIT:
            raise ValueEncodingError(f"a value of more than {VALUE_NODES_LIMIT} parts is too large to send")
        outside ^= len(pieces) % 2 == 0


def _count(data: bytes, marks: bytes) -> int:
    return sum(data.count(mark) for mark in marks)


class _NodeReader:
    def __init__(self, nodes: list[Any], attachments: Sequence[memoryview], importer: Importer) -> None:
        if not nodes or len(nodes) > VALUE_NODES_LIMIT:
            raise GuestProtocolError(f"a value of {len(nodes)} nodes (limit {VALUE_NODES_LIMIT})")
        self._nodes = nodes
        self._attachments = attachments
        self._importer = importer
        self._made: dict[int, Any] = {}
        self._fill: list[Callable[[], None]] = []
        self._bodies: list[StreamedBody] = []

    def read(self) -> Any:
        try:
            root = self._make(0)
            while self._fill:
                self._fill.pop()()
        except BaseException:
            for body in self._bodies:  # nobody will read them
                body.stop()
            raise
        return root

    def _make(self, index: int) -> Any:
        if type(index) is not int or index < 0:
            raise GuestProtocolError("a node index that is no index")
        if index in self._made:
            return self._made[index]
        node = self._nodes[index]
        if type(node) is not list:
            if type(node) is dict:
                raise GuestProtocolError("a node that is an object")
            return node
        tag = node[0]
        if tag in _SCALARS:
            return _SCALARS[tag]
        value = getattr(self, "_make_" + tag)(index, node) if tag in _TAGS else None
        if tag not in _TAGS:
            raise GuestProtocolError(f"unknown value tag {tag!r:.40}")
        self._made[index] = value
        return value

    def _bytes(self, index: Any) -> bytes:
        if type(index) is not int or index < 0:
            raise GuestProtocolError("an attachment index that is no index")
        return bytes(self._attachments[index])

    # --- containers: made empty, filled later -----------------------------------------------------
    def _make_A(self, index: int, node: list[Any]) -> list[Any]:
        made: list[Any] = []
        self._made[index] = made

        def fill() -> None:
            made.extend(HOLE if item == -1 else self._make(item) for item in node[1:])

        self._fill.append(fill)
        return made

    def _make_O(self, index: int, node: list[Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self._made[index] = made

        def fill() -> None:
            for key, item in zip(node[1::2], node[2::2], strict=True):
                if type(key) is not str:
                    raise GuestProtocolError("an object key that is no string")
                made[key] = self._make(item)

        self._fill.append(fill)
        return made

    def _make_M(self, index: int, node: list[Any]) -> JSMap:
        made = JSMap()
        self._made[index] = made

        def fill() -> None:
            for key, item in zip(node[1::2], node[2::2], strict=True):
                made[self._make(key)] = self._make(item)

        self._fill.append(fill)
        return made

    def _make_S(self, index: int, node: list[Any]) -> JSSet:
        made = JSSet()
        self._made[index] = made

        def fill() -> None:
            for item in node[1:]:
                made.add(self._make(item))

        self._fill.append(fill)
        return made

    def _make_E(self, index: int, node: list[Any]) -> JSError:
        _, name, message, stack, dom, cause, fields = node
        made = JSError(_text(name), _text(message), _text(stack), dom=dom is True)
        self._made[index] = made

        def fill() -> None:
            if cause != -1:
                made.cause = self._make(cause)
            if fields != -1:
                own = self._make(fields)
                if type(own) is not dict:
                    raise GuestProtocolError("error fields that are no object")
                made.fields = own

        self._fill.append(fill)
        return made

    # --- leaves ------------------------------------------------------------------------------------
    def _make_n(self, index: int, node: list[Any]) -> BigInt:
        digits = _text(node[1])
        if len(digits) > BIGINT_DIGITS_LIMIT:
            raise GuestProtocolError(
                f"a BigInt of {len(digits)} hexadecimal digits (limit {BIGINT_DIGITS_LIMIT})"
            )
        return BigInt(int(digits, 16))

    def _make_f(self, index: int, node: list[Any]) -> float:
        return float(_text(node[1]))

    def _make_D(self, index: int, node: list[Any]) -> datetime | JSDate:
        milliseconds = node[1]
        if milliseconds is None:
            return JSDate(math.nan)
        if type(milliseconds) not in (int, float):
            raise GuestProtocolError("a date that is no number")
        try:
            return _EPOCH + timedelta(milliseconds=milliseconds)
        except OverflowError:
            return JSDate(float(milliseconds))

    def _make_R(self, index: int, node: list[Any]) -> RegExp:
        return RegExp(_text(node[1]), _text(node[2]))

    def _make_U(self, index: int, node: list[Any]) -> URL:
        return URL(_text(node[1]))

    def _make_W(self, index: int, node: list[Any]) -> str:
        return self._bytes(node[1]).decode("utf-16-le", "surrogatepass")

    def _make_B(self, index: int, node: list[Any]) -> bytes | ArrayBuffer | TypedArray:
        kind, data = node[1], self._bytes(node[2])
        if kind == "Uint8Array":
            return data
        if kind == "ArrayBuffer":
            return ArrayBuffer(data)
        if kind not in ARRAY_FORMATS:
            raise GuestProtocolError("an unknown kind of typed array")
        return TypedArray(kind, data)

    # --- web objects -------------------------------------------------------------------------------
    def _body(self, reference: Any) -> bytes | StreamedBody | None:
        """`[0, attachment]` is bytes, `[1, stream]` a stream, null nothing."""
        if reference is None:
            return None
        kind, number = reference
        if kind == 0:
            return self._bytes(number)
        body = self._importer.accept_body(number)
        self._bodies.append(body)
        return body

    def _pairs(self, pairs: Any) -> list[tuple[str, str]]:
        return [(_text(key), _text(value)) for key, value in pairs]

    def _make_Hd(self, index: int, node: list[Any]) -> Headers:
        return Headers(self._pairs(node[1]))

    def _make_Rq(self, index: int, node: list[Any]) -> Request:
        _, url, method, headers, body = node
        pairs, content = self._pairs(headers), self._body(body)
        try:
            return Request(_text(url), method=_text(method), headers=pairs, body=content)
        except ValueError as error:
            raise ValueEncodingError(f"a Request cannot be sent: {error}") from None

    def _make_Rs(self, index: int, node: list[Any]) -> Response:
        _, status, status_text, headers, body, url = node
        if type(status) is not int:
            raise GuestProtocolError("a status that is no number")
        pairs, content = self._pairs(headers), self._body(body)
        try:
            return Response(
                content, status=status, status_text=_text(status_text), headers=pairs, url=_text(url)
            )
        except ValueError as error:
            raise ValueEncodingError(f"a Response cannot be sent: {error}") from None

    def _make_Bl(self, index: int, node: list[Any]) -> Blob:
        return Blob([self._bytes(node[2])], type=_text(node[1]))

    def _make_Fi(self, index: int, node: list[Any]) -> File:
        _, kind, name, modified, data = node
        return File([self._bytes(data)], _text(name), type=_text(kind), last_modified_ms=int(modified))

    def _make_FD(self, index: int, node: list[Any]) -> FormData:
        made = FormData()
        for name, item in zip(node[1::2], node[2::2], strict=True):
            made.append(_text(name), self._make(item))
        return made

    # --- live objects ------------------------------------------------------------------------------
    def _make_L(self, index: int, node: list[Any]) -> Any:
        """`[kind, number, serial]` is the other side's, for the serial-th time; `[kind, number]` is one of ours."""
        _, kind, reference, *rest = node
        if type(reference) is not int:
            raise GuestProtocolError("a reference that is no number")
        if not rest:
            return self._importer.bring_home(_text(kind), reference)
        serial, *detail = rest
        if type(serial) is not int:
            raise GuestProtocolError("a reference whose serial is no number")
        extra = self._make(detail[0]) if detail else None
        return self._importer.import_reference(_text(kind), reference, serial, extra)


_TAGS = frozenset(name.removeprefix("_make_") for name in vars(_NodeReader) if name.startswith("_make_"))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise GuestProtocolError("text expected in a value")
    return value
