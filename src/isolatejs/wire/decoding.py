"""From wire form to Python values.

A tagged value is a flat list of nodes; node 0 is the root and nodes name each other by index, so cycles,
shared references and any depth need no recursion. A node is a JSON scalar (itself) or `[tag, ...]`.

What a guest writes once is made once: nothing here costs more for being named often. Where a value is then read as a
tree (`decode_arguments`), the decoder says how many parts that tree has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from isolatejs.errors import GuestProtocolError, ValueEncodingError
from isolatejs.limits import (
    BIGINT_DIGITS_LIMIT,
    FETCH_HEADERS_LIMIT_BYTES,
    FETCH_URL_LIMIT_BYTES,
    HEADERS_LIMIT_COUNT,
    MIB,
    RESPONSE_HEADERS_LIMIT_BYTES,
    VALUE_NODES_LIMIT,
)
from isolatejs.web import Blob, File, FormData, Headers, Request, Response
from isolatejs.web.preview import cut
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
    key_identity,
)
from isolatejs.wire.frames import Attachments
from isolatejs.wire.message import SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

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


@dataclass(frozen=True, slots=True)
class Arguments:
    """A decoded array of arguments."""

    values: list[Any]
    _reader: _NodeReader | None

    def copies(self) -> Sequence[int]:
        """Of each argument, how many parts more than all arguments have it has when what it shares is copied for each
        mention; a text counts by its length. 0 where little is shared, more than VALUE_NODES_LIMIT for what holds
        itself or is as large as a tree."""
        return () if self._reader is None else self._reader.copies_of_items()


def decode_value(encoded: EncodedValue, attachments: Sequence[memoryview], importer: Importer) -> Any:
    """The Python form of a value.

    Raises GuestProtocolError when it is malformed, ValueEncodingError when it has more than VALUE_NODES_LIMIT
    parts (found out before any of them is made) and for a Request or Response that JavaScript has and Python
    has not, QuotaExceededError when it brings too many streams.
    """
    return _decode(encoded, attachments, importer)[0]


def decode_arguments(
    encoded: EncodedValue, attachments: Sequence[memoryview], importer: Importer
) -> Arguments:
    """The Python form of an array of arguments, for those who read them as trees. Raises as `decode_value` does."""
    values, reader = _decode(encoded, attachments, importer)
    if type(values) is not list:
        raise GuestProtocolError("arguments that are no array")
    return Arguments(values, reader)


def _decode(
    encoded: EncodedValue, attachments: Sequence[memoryview], importer: Importer
) -> tuple[Any, _NodeReader | None]:
    try:
        if encoded.t is msgspec.UNSET:
            if encoded.p is msgspec.UNSET:
                return UNDEFINED, None
            _check_size(encoded.p, b"[{,")
            return _decode_json(encoded.p), None
        # A comma may stand between two mentions of one node; an object is no node, and costs most.
        _check_size(encoded.t, b"[{{{{")
        reader = _NodeReader(_decode_nodes(encoded.t), attachments, importer)
        return reader.read(), reader
    except (GuestProtocolError, ValueEncodingError):
        raise
    except RecursionError:
        raise GuestProtocolError("a plain value nested too deeply") from None
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise GuestProtocolError(f"malformed value: {cut(str(error))}") from None


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
        # A caller that has no frame (a test, an answer that was kept) has plain views.
        self._attachments = attachments if type(attachments) is Attachments else Attachments(attachments)
        self._importer = importer
        self._made: list[Any] = [_NOT_MADE] * len(nodes)
        self._fill: list[int] = []
        self._keys: dict[int, Any] = {}
        self._same_keys: dict[Any, Any] = {}
        self._same_bytes: dict[bytes, bytes] = {}
        self._bodies: list[StreamedBody] = []
        self._shares = False

    def read(self) -> Any:
        nodes, made, fill = self._nodes, self._made, self._fill
        try:
            root = self._make(0)
            while fill:
                index = fill.pop()
                node = nodes[index]
                _FILLERS[node[0]](self, made[index], node)
        except BaseException:
            for body in self._bodies:  # nobody will read them
                body.stop()
            raise
        return root

    def _make(self, index: int) -> Any:
        if type(index) is not int or index < 0:
            raise GuestProtocolError("a node index that is no index")
        node = self._nodes[index]
        if type(node) is not list:
            if type(node) is dict:
                raise GuestProtocolError("a node that is an object")
            return node
        value = self._made[index]
        if value is not _NOT_MADE:
            self._shares = True
            return value
        tag = node[0]
        if tag in _SCALARS:
            return _SCALARS[tag]
        holder = _HOLDERS.get(tag)
        if holder is not None:
            value = self._made[index] = holder()
            if len(node) > 1:
                self._fill.append(index)
            return value
        leaf = _LEAVES.get(tag)
        if leaf is None:
            raise GuestProtocolError(f"unknown value tag {tag!r:.40}")
        value = leaf(self, node)
        self._made[index] = value
        if tag == "E":
            self._fill.append(index)
        return value

    def _bytes(self, index: Any) -> bytes:
        """The bytes of an attachment: one object for all that name it."""
        if type(index) is not int or index < 0:
            raise GuestProtocolError("an attachment index that is no index")
        return self._attachments.data(index)

    def _key(self, index: int) -> Any:
        """What a key of a Map or an item of a Set is told apart by, worked out once for each node.

        Equal keys have the same object: otherwise a table would compare them, however long they are, each time.
        """
        known = self._keys.get(index)
        if known is not None:
            return known
        value = self._make(index)
        identity = key_identity(value)
        if type(value) in _LONG_KEYS:
            if type(value) in (bytes, ArrayBuffer, TypedArray):
                identity = key_identity(self._with_same_bytes(value))
            identity = self._same_keys.setdefault(identity, identity)
            self._keys[index] = identity
        return identity

    def _with_same_bytes(self, value: Any) -> Any:
        data = value if type(value) is bytes else value.data
        data = self._same_bytes.setdefault(data, data)
        if type(value) is bytes:
            return data
        return ArrayBuffer(data) if type(value) is ArrayBuffer else TypedArray(value.kind, data)

    # --- containers: made empty, filled later -----------------------------------------------------
    def _fill_A(self, made: list[Any], node: list[Any]) -> None:
        nodes, make = self._nodes, self._make
        append = made.append
        for item in _rest(node):
            if type(item) is not int:
                raise GuestProtocolError("a node index that is no index")
            if item < 0:
                if item != -1:
                    raise GuestProtocolError("a node index that is no index")
                append(HOLE)
                continue
            child = nodes[item]
            append(child if type(child) in _PLAIN else make(item))

    def _fill_O(self, made: dict[str, Any], node: list[Any]) -> None:
        nodes, make = self._nodes, self._make
        for key, item in zip(node[1::2], node[2::2], strict=True):
            if type(key) is not str:
                raise GuestProtocolError("an object key that is no string")
            if type(item) is int and item >= 0:
                child = nodes[item]
                made[key] = child if type(child) in _PLAIN else make(item)
            else:
                raise GuestProtocolError("a node index that is no index")

    def _fill_M(self, made: JSMap, node: list[Any]) -> None:
        nodes, make, put = self._nodes, self._make, made.put
        for key, item in zip(node[1::2], node[2::2], strict=True):
            if type(key) is not int or type(item) is not int or key < 0 or item < 0:
                raise GuestProtocolError("a node index that is no index")
            name, child = nodes[key], nodes[item]
            value = child if type(child) in _PLAIN else make(item)
            if type(name) is int or (type(name) is str and len(name) < _LONG_TEXT):
                put(key_identity(name), name, value)
            else:
                put(self._key(key), make(key), value)

    def _fill_S(self, made: JSSet, node: list[Any]) -> None:
        nodes, make, put = self._nodes, self._make, made.put
        for item in _rest(node):
            if type(item) is not int or item < 0:
                raise GuestProtocolError("a node index that is no index")
            child = nodes[item]
            if type(child) is int or (type(child) is str and len(child) < _LONG_TEXT):
                put(key_identity(child), child)
            else:
                put(self._key(item), make(item))

    def _fill_E(self, made: JSError, node: list[Any]) -> None:
        cause, fields = node[5:]
        if cause != -1:
            made.cause = self._make(cause)
        if fields != -1:
            own = self._make(fields)
            if type(own) is not dict:
                raise GuestProtocolError("error fields that are no object")
            made.fields = own

    def _fill_FD(self, made: FormData, node: list[Any]) -> None:
        for name, item in zip(node[1::2], node[2::2], strict=True):
            made.append(_text(name), self._make(item))

    # --- leaves ------------------------------------------------------------------------------------
    def _make_E(self, node: list[Any]) -> JSError:
        _, name, message, stack, dom, _, _ = node
        return JSError(_text(name), _text(message), _text(stack), dom=dom is True)

    def _make_n(self, node: list[Any]) -> BigInt:
        digits = _text(node[1])
        if len(digits) > BIGINT_DIGITS_LIMIT:
            raise GuestProtocolError(
                f"a BigInt of {len(digits)} hexadecimal digits (limit {BIGINT_DIGITS_LIMIT})"
            )
        return BigInt(int(digits, 16))

    def _make_f(self, node: list[Any]) -> float:
        return float(_text(node[1]))

    def _make_D(self, node: list[Any]) -> datetime | JSDate:
        milliseconds = node[1]
        if milliseconds is None:
            return JSDate(math.nan)
        if type(milliseconds) not in (int, float):
            raise GuestProtocolError("a date that is no number")
        try:
            return _EPOCH + timedelta(milliseconds=milliseconds)
        except OverflowError:
            return JSDate(float(milliseconds))

    def _make_R(self, node: list[Any]) -> RegExp:
        return RegExp(_text(node[1]), _text(node[2]))

    def _make_U(self, node: list[Any]) -> URL:
        return URL(_text(node[1]))

    def _make_W(self, node: list[Any]) -> str:
        index = node[1]
        if type(index) is not int or index < 0:
            raise GuestProtocolError("an attachment index that is no index")
        return self._attachments.text(index)

    def _make_B(self, node: list[Any]) -> bytes | ArrayBuffer | TypedArray:
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

    def _make_Hd(self, node: list[Any]) -> Headers:
        return Headers(_pairs(node[1], None))

    def _make_Rq(self, node: list[Any]) -> Request:
        _, url, method, headers, body = node
        pairs = _pairs(headers, FETCH_HEADERS_LIMIT_BYTES)
        _check_url(url)
        content = self._body(body)
        try:
            return Request(url, method=_text(method), headers=pairs, body=content)
        except ValueError as error:
            raise ValueEncodingError(f"a Request cannot be sent: {cut(str(error))}") from None

    def _make_Rs(self, node: list[Any]) -> Response:
        _, status, status_text, headers, body, url = node
        if type(status) is not int:
            raise GuestProtocolError("a status that is no number")
        pairs = _pairs(headers, RESPONSE_HEADERS_LIMIT_BYTES)
        _check_url(url)
        content = self._body(body)
        try:
            return Response(content, status=status, status_text=_text(status_text), headers=pairs, url=url)
        except ValueError as error:
            raise ValueEncodingError(f"a Response cannot be sent: {cut(str(error))}") from None

    def _make_Bl(self, node: list[Any]) -> Blob:
        return Blob([self._bytes(node[2])], type=_text(node[1]))

    def _make_Fi(self, node: list[Any]) -> File:
        _, kind, name, modified, data = node
        if type(modified) not in (int, float) or not -SAFE_INTEGER <= modified <= SAFE_INTEGER:
            raise GuestProtocolError("the time of a file that is no time")
        return File([self._bytes(data)], _text(name), type=_text(kind), last_modified_ms=int(modified))

    # --- live objects ------------------------------------------------------------------------------
    def _make_L(self, node: list[Any]) -> Any:
        """`[kind, number, serial]` is the other side's, for the serial-th time; `[kind, number]` is one of ours."""
        _, kind, reference, *rest = node
        if type(reference) is not int or not 0 <= reference <= SAFE_INTEGER:
            raise GuestProtocolError("a reference that is no number")
        if not rest:
            return self._importer.bring_home(_text(kind), reference)
        serial, *detail = rest
        if type(serial) is not int or not 0 <= serial <= SAFE_INTEGER:
            raise GuestProtocolError("a reference whose serial is no number")
        extra = self._make(detail[0]) if detail else None
        return self._importer.import_reference(_text(kind), reference, serial, extra)

    # --- as a tree ---------------------------------------------------------------------------------
    def copies_of_items(self) -> Sequence[int]:
        nodes = self._nodes
        long = sum(len(node) // _LONG_TEXT for node in nodes if type(node) is str and len(node) > _LONG_TEXT)
        if not self._shares and not long:
            return ()
        there = len(nodes) + long
        sizes: dict[int, int] = {}
        trees = [0 if item == -1 else self._tree_size(item, sizes) for item in _rest(nodes[0])]
        return [tree if tree == _ENDLESS else max(0, tree - there) for tree in trees]

    def _tree_size(self, root: int, sizes: dict[int, int]) -> int:
        """Parts of a node as a tree, saturating; what holds itself has no end. `sizes` is filled on the way."""
        nodes = self._nodes
        below: dict[int, list[int]] = {}
        waiting = [root]
        while waiting:
            index = waiting[-1]
            inner = below.get(index)
            if inner is None:
                if index in sizes:  # another one named it, too
                    waiting.pop()
                    continue
                size, inner = self._opened(nodes[index])
                sizes[index] = size
                if inner:
                    below[index] = inner
                    waiting += {child for child in inner if child not in sizes}
                continue
            waiting.pop()
            # One that is still open holds this one: a cycle.
            size = sizes[index] + sum(_ENDLESS if child in below else sizes[child] for child in inner)
            sizes[index] = min(size, _ENDLESS)
            del below[index]
        return sizes[root]

    def _opened(self, node: Any) -> tuple[int, list[int]]:
        """The size of a node with the scalars that it names, and the other nodes that it names."""
        nodes = self._nodes
        size, inner = self._own_size(node), []
        for child in _children(node):
            part = nodes[child]
            if type(part) is list:
                inner.append(child)
            elif type(part) is str and len(part) > _LONG_TEXT:
                size += 1 + len(part) // _LONG_TEXT
            else:
                size += 1
        return size, inner

    def _own_size(self, node: Any) -> int:
        """What a copy of a node takes without those that it names."""
        if type(node) is str:
            return 1 + len(node) // _LONG_TEXT
        if type(node) is list:
            if node[0] == "n":
                return 1 + len(node[1]) // _LONG_TEXT
            if node[0] in ("B", "W"):
                return 1 + len(self._attachments[node[2 if node[0] == "B" else 1]]) // _LONG_TEXT
        return 1


def _children(node: Any) -> Sequence[int]:
    """The nodes that a node which was read without an error names."""
    if type(node) is not list:
        return ()
    match node[0]:
        case "A":
            return [item for item in _rest(node) if item >= 0]
        case "S" | "M":
            return node[1:]
        case "O" | "FD":
            return node[2::2]
        case "E":
            return [item for item in node[5:] if item >= 0]
        case "L":
            return node[4:5]
    return ()


_ENDLESS: Final = VALUE_NODES_LIMIT + 1
_NOT_MADE: Final = object()
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Nodes that are their value."""
_LONG_TEXT: Final = 64
_LONG_KEYS: Final = frozenset({str, int, BigInt, bytes, ArrayBuffer, TypedArray, URL, RegExp})
"""Keys whose comparison takes a time that grows with them."""
_HOLDERS: Final[dict[str, Callable[[], Any]]] = {
    "A": list,
    "O": dict,
    "M": JSMap,
    "S": JSSet,
    "FD": FormData,
}
_FILLERS: Final[dict[str, Callable[[_NodeReader, Any, list[Any]], None]]] = {
    name.removeprefix("_fill_"): method
    for name, method in vars(_NodeReader).items()
    if name.startswith("_fill_")
}
_LEAVES: Final[dict[str, Callable[[_NodeReader, list[Any]], Any]]] = {
    name.removeprefix("_make_"): method
    for name, method in vars(_NodeReader).items()
    if name.startswith("_make_")
}


def _rest(node: list[Any]) -> Iterable[Any]:
    return islice(node, 1, None)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise GuestProtocolError("text expected in a value")
    return value


def _check_url(url: Any) -> None:
    if len(_text(url)) > FETCH_URL_LIMIT_BYTES:
        raise ValueEncodingError(f"a URL of more than {FETCH_URL_LIMIT_BYTES} characters cannot be sent")


def _pairs(pairs: Any, limit: int | None) -> list[tuple[str, str]]:
    """Headers, counted before anything is done with them."""
    if len(pairs) > HEADERS_LIMIT_COUNT:
        raise ValueEncodingError(f"more than {HEADERS_LIMIT_COUNT} headers cannot be sent")
    found = [(_text(key), _text(value)) for key, value in pairs]
    if limit is not None and sum(len(key) + len(value) for key, value in found) > limit:
        raise ValueEncodingError(f"headers of more than {limit} characters cannot be sent")
    return found
