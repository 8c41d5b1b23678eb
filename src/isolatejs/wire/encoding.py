"""From Python values to wire form. See `decoding.py` for the tagged form.

Plain JSON (None, bool, int in the safe range, finite float, str, list, tuple, dict with str keys, nothing
shared, nothing cyclic) takes the fast path. Everything else becomes nodes. What cannot cross raises
ValueEncodingError with the path to it.
"""

from __future__ import annotations

import array
import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import math
import os
import re
import sys
import uuid
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping, Set
from typing import Any, Protocol

import msgspec

from isolatejs.errors import AbortError, GuestError, ValueEncodingError
from isolatejs.limits import FRAME_HEADER_LIMIT_BYTES, VALUE_DEPTH_LIMIT
from isolatejs.web import AbortSignal, Blob, File, FormData, Headers, Request, Response
from isolatejs.web.preview import cut, preview
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
from isolatejs.wire.errors import text_for_program
from isolatejs.wire.message import SAFE_INTEGER, EncodedValue
from isolatejs.wire.unicode import is_well_formed, well_formed

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_encode_json = msgspec.json.Encoder().encode
_LEAVES = frozenset({str, bool, type(None)})
_KINDS_BY_FORMAT = {
    "b": "Int8Array",
    "B": "Uint8Array",
    "c": "Uint8Array",
    "h": "Int16Array",
    "H": "Uint16Array",
    "e": "Float16Array",
    "i": "Int32Array",
    "I": "Uint32Array",
    "l": "BigInt64Array" if array.array("l").itemsize == 8 else "Int32Array",
    "L": "BigUint64Array" if array.array("L").itemsize == 8 else "Uint32Array",
    "q": "BigInt64Array",
    "Q": "BigUint64Array",
    "f": "Float32Array",
    "d": "Float64Array",
}


_Path = str | tuple[Any, str, Any]
"""Where a value stands: a root, or the path of what holds it, the form of the step, and its index or key. It becomes
text only in an error."""
_LONG_TEXT = 256
"""Longer texts and bytes are written once, however often one object is named."""
_PATH_STEPS = 50
_KEY_CHARACTERS = 60


class Exporter(Protocol):
    """What the encoder asks of the channel for values that stay alive on this side."""

    def export_reference(self, kind: str, target: Any) -> list[int]: ...

    def open_body(self, chunks: AsyncIterable[bytes]) -> int: ...


def encode_value(value: Any, attachments: list[Any], exporter: Exporter) -> EncodedValue:
    """The wire form of a value; its bytes are appended to `attachments`."""
    if _is_plain(value):
        try:
            return EncodedValue(p=msgspec.Raw(_encode_json(value)))
        except (UnicodeEncodeError, RecursionError):
            pass  # lone surrogates, or deeper than the encoder goes: the tagged form holds both
    return EncodedValue(t=msgspec.Raw(_encode_json(_NodeWriter(attachments, exporter).write(value))))


def _is_plain(root: Any) -> bool:
    """Whether JSON holds the value exactly: plain types only, nothing shared, nothing cyclic, not too deep.

    A long text that stands in several places is shared as well: a guest may have sent one that stands in thousands.
    """
    if type(root) in _LEAVES:
        return True
    seen: set[int] = set()
    characters = 0
    lowest, highest = -SAFE_INTEGER, SAFE_INTEGER
    level = [root]
    for _ in range(VALUE_DEPTH_LIMIT):
        deeper: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is str:
                characters += len(value)
                if len(value) > _LONG_TEXT:
                    if id(value) in seen:
                        return False
                    seen.add(id(value))
            elif kind is int:
                if not lowest <= value <= highest:
                    return False
            elif kind is dict:
                if id(value) in seen:
                    return False
                seen.add(id(value))
                for key in value:
                    if type(key) is not str:
                        return False
                deeper += value.values()
            elif kind is list:
                if id(value) in seen:
                    return False
                seen.add(id(value))
                deeper += value
            elif kind is bool or value is None:
                continue
            elif kind is float:
                if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
                    return False
            elif kind is tuple:
                deeper += value
            else:
                return False
        if characters > FRAME_HEADER_LIMIT_BYTES:
            return False
        if not deeper:
            return True
        level = deeper
    return False


class _NodeWriter:
    """Writes one value as nodes, breadth by work list, so that depth costs no stack."""

    def __init__(self, attachments: list[Any], exporter: Exporter) -> None:
        self._attachments = attachments
        self._exporter = exporter
        self._nodes: list[Any] = []
        self._indexes: dict[int, int] = {}
        self._keep: list[Any] = []
        self._attached: dict[int, int] = {}
        self._work: list[Callable[[], None]] = []

    def write(self, value: Any) -> list[Any]:
        self._add(value, "value")
        while self._work:
            self._work.pop()()
        return self._nodes

    def _new(self, node: Any, value: Any = None) -> int:
        index = len(self._nodes)
        self._nodes.append(node)
        if value is not None:
            self._indexes[id(value)] = index
            self._keep.append(value)
        return index

    def _attach(self, data: Any) -> int:
        known = self._attached.get(id(data))
        if known is not None:
            return known
        index = len(self._attachments)
        self._attachments.append(data)
        if type(data) is bytes and len(data) > _LONG_TEXT:
            self._attached[id(data)] = index
            self._keep.append(data)
        return index

    def _bytes(self, kind: str, data: Any, value: Any) -> int:
        return self._new(["B", kind, self._attach(data)], value)

    def _leaf(self, value: Any) -> int | None:
        """The node of a scalar of the commonest kinds: no path is put together for these."""
        kind = type(value)
        if kind is str:
            if len(value) > _LONG_TEXT or not value.isascii():
                return None
        elif kind is int:
            if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
                return None
        elif kind is not bool and value is not None:
            return None
        self._nodes.append(value)
        return len(self._nodes) - 1

    def _add(self, value: Any, path: _Path) -> int:
        known = self._indexes.get(id(value))
        if known is not None:
            return known
        scalar = self._scalar(value)
        if scalar is not None:
            return scalar
        writer = self._writer_of(value)
        if writer is None:
            raise _refusal(path, f"{_describe(value)} cannot be sent")
        return writer(value, path)

    def _scalar(self, value: Any) -> int | None:
        if value is None or value is True or value is False:
            return self._new(value)
        if value is UNDEFINED:
            return self._new(["u"])
        if value is HOLE:
            return -1
        if isinstance(value, enum.Enum):
            return None
        if isinstance(value, str):
            text = str(value)
            kept = value if len(text) > _LONG_TEXT else None
            if not is_well_formed(text):
                return self._new(["W", self._attach(text.encode("utf-16-le", "surrogatepass"))], kept)
            return self._new(text, kept)
        if isinstance(value, int):
            if isinstance(value, BigInt) or not -SAFE_INTEGER <= value <= SAFE_INTEGER:
                return self._new(["n", format(value, "x")], value)
            return self._new(int(value))
        if isinstance(value, float):
            if math.isnan(value):
                return self._new(["NaN"])
            if math.isinf(value):
                return self._new(["Inf"] if value > 0 else ["-Inf"])
            return self._new(["-0"] if value == 0 and math.copysign(1, value) < 0 else float(value))
        return None

    def _writer_of(self, value: Any) -> Callable[[Any, _Path], int] | None:
        if type(value) is dict:
            return self._write_mapping
        for kind, method in _WRITERS.items():
            if isinstance(value, kind):
                return getattr(self, method)  # type: ignore[no-any-return]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._write_fields
        if hasattr(type(value), "model_fields") and hasattr(value, "model_dump"):
            return self._write_fields
        if hasattr(value, "__array_interface__") or type(value).__module__ == "array":
            return self._write_buffer
        if isinstance(value, os.PathLike):
            return lambda path_value, where: self._add(os.fspath(path_value), where)
        if callable(value) and not isinstance(value, type):
            return self._write_function
        if inspect.isawaitable(value):
            return self._write_promise
        if isinstance(value, (AsyncIterable, Iterator)):
            return self._write_iterator
        return None

    # --- containers --------------------------------------------------------------------------------
    def _write_list(self, value: Any, path: _Path) -> int:
        node: list[Any] = ["A"]
        index = self._new(node, value)

        def fill() -> None:
            for i, item in enumerate(value):
                leaf = self._leaf(item)
                node.append(self._add(item, (path, "[%s]", i)) if leaf is None else leaf)

        if value:
            self._work.append(fill)
        return index

    def _write_object(self, items: Mapping[str, Any], path: _Path, value: Any) -> int:
        node: list[Any] = ["O"]
        index = self._new(node, value)

        def fill() -> None:
            for key, item in items.items():
                if not is_well_formed(key):
                    raise _refusal(path, "a key with a lone surrogate cannot be sent")
                leaf = self._leaf(item)
                node.append(key)
                node.append(self._add(item, (path, ".%s", key)) if leaf is None else leaf)

        if items:
            self._work.append(fill)
        return index

    def _write_mapping(self, value: Mapping[Any, Any], path: _Path) -> int:
        if not isinstance(value, JSMap) and all(isinstance(key, str) for key in value):
            return self._write_object(value, path, value)
        node: list[Any] = ["M"]
        index = self._new(node, value)

        def fill() -> None:
            for key, item in value.items():
                node.append(self._add(key, (path, ".key(%s)", key)))
                node.append(self._add(item, (path, ".get(%s)", key)))

        if len(value):
            self._work.append(fill)
        return index

    def _write_set(self, value: Set[Any], path: _Path) -> int:
        node: list[Any] = ["S"]
        index = self._new(node, value)
        if len(value):
            self._work.append(
                lambda: node.extend([self._add(item, (path, ".item(%s)", i)) for i, item in enumerate(value)])
            )
        return index

    def _write_fields(self, value: Any, path: _Path) -> int:
        if dataclasses.is_dataclass(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        elif isinstance(value, msgspec.Struct):
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            fields = {encoded: getattr(value, name) for name, encoded in names}
        else:
            fields = {name: getattr(value, name) for name in type(value).model_fields}
        return self._write_object(fields, path, value)

    # --- leaves ------------------------------------------------------------------------------------
    def _write_enum(self, value: enum.Enum, path: _Path) -> int:
        return self._add(value.value, path)

    def _write_datetime(self, value: dt.datetime, path: _Path) -> int:
        moment = value if value.tzinfo is not None else value.astimezone()
        return self._new(["D", (moment - _EPOCH) // dt.timedelta(microseconds=1) / 1000], value)

    def _write_js_date(self, value: JSDate, path: _Path) -> int:
        return self._new(["D", None if math.isnan(value.milliseconds) else value.milliseconds], value)

    def _write_iso(self, value: dt.date | dt.time, path: _Path) -> int:
        return self._new(value.isoformat())

    def _write_text(self, value: Any, path: _Path) -> int:
        return self._new(str(value))

    def _write_reg_exp(self, value: RegExp, path: _Path) -> int:
        return self._new(["R", well_formed(value.source), value.flags], value)

    def _write_pattern(self, value: re.Pattern[Any], path: _Path) -> int:
        if not isinstance(value.pattern, str):
            raise _refusal(path, "a pattern of bytes cannot be sent")
        pairs = ((re.I, "i"), (re.M, "m"), (re.S, "s"))
        return self._new(
            [
                "R",
                well_formed(value.pattern),
                "".join(flag for bit, flag in pairs if value.flags & bit) + "u",
            ],
            value,
        )

    def _write_url(self, value: URL, path: _Path) -> int:
        return self._new(["U", value.href], value)

    def _write_array_buffer(self, value: ArrayBuffer, path: _Path) -> int:
        return self._bytes("ArrayBuffer", value.data, value)

    def _write_typed_array(self, value: TypedArray, path: _Path) -> int:
        return self._bytes(value.kind, value.data, value)

    def _write_bytes(self, value: bytes | bytearray, path: _Path) -> int:
        return self._bytes("Uint8Array", bytes(value) if isinstance(value, bytearray) else value, value)

    def _write_buffer(self, value: Any, path: _Path) -> int:
        view = value if isinstance(value, memoryview) else memoryview(value)
        code = view.format.lstrip("@=<") if sys.byteorder == "little" else view.format
        kind = _KINDS_BY_FORMAT.get(code)
        if kind is None or view.ndim != 1:
            raise _refusal(
                path,
                f"a buffer of format {view.format!r} and {view.ndim} dimensions cannot be sent "
                "(one dimension of a typed array's format can)",
            )
        return self._bytes(kind, view.tobytes(), value)

    def _write_js_error(self, value: JSError, path: _Path) -> int:
        return self._error(
            value, path, value.name, value.message, value.stack, value.dom, value.cause, value.fields
        )

    def _write_exception(self, value: BaseException, path: _Path) -> int:
        if isinstance(value, GuestError):
            cause = UNDEFINED if value.cause is None else value.cause
            return self._error(
                value, path, value.name, value.message, value.stack, False, cause, value.properties
            )
        text = text_for_program(value)
        cause = UNDEFINED if value.__cause__ is None or text != str(value) else value.__cause__
        if isinstance(value, AbortError):
            return self._error(value, path, value.name, value.message, "", True, cause, {})
        if isinstance(value, BaseExceptionGroup):
            errors = {"errors": list(value.exceptions)}
            return self._error(value, path, "AggregateError", value.message, "", False, cause, errors)
        return self._error(value, path, type(value).__name__, text, "", False, cause, {})

    def _error(
        self,
        value: Any,
        path: _Path,
        name: str,
        message: str,
        stack: str,
        dom: bool,
        cause: Any,
        fields: Mapping[str, Any],
    ) -> int:
        node: list[Any] = ["E", well_formed(name), well_formed(message), well_formed(stack), dom, -1, -1]
        index = self._new(node, value)

        def fill() -> None:
            if cause is not UNDEFINED:
                node[5] = self._add(cause, (path, ".%s", "cause"))
            if fields:
                node[6] = self._write_object(fields, path, fields)

        self._work.append(fill)
        return index

    # --- web objects -------------------------------------------------------------------------------
    def _body(self, value: Request | Response, path: _Path) -> list[int] | None:
        if value.body_used:
            raise _refusal(path, "its body has been read already and cannot be sent")
        if value.content is not None:
            return [0, self._attach(value.content)]
        return None if value.body is None else [1, self._exporter.open_body(value.body)]

    def _blob(self, value: Blob, path: _Path) -> int:
        if value.content is None:
            raise _refusal(
                path,
                "a Blob that is not in memory cannot be sent; send `Response(blob.stream())`, "
                "or `Blob([await blob.bytes()])` when it is small",
            )
        return self._attach(value.content)

    def _write_headers(self, value: Headers, path: _Path) -> int:
        return self._new(["Hd", list(value.multi_items())], value)

    def _write_request(self, value: Request, path: _Path) -> int:
        node = ["Rq", value.url, value.method, list(value.headers.multi_items()), self._body(value, path)]
        return self._new(node, value)

    def _write_response(self, value: Response, path: _Path) -> int:
        body = self._body(value, path)
        return self._new(
            ["Rs", value.status, value.status_text, list(value.headers.multi_items()), body, value.url or ""],
            value,
        )

    def _write_file(self, value: File, path: _Path) -> int:
        data = self._blob(value, path)
        return self._new(["Fi", value.type, well_formed(value.name), value.last_modified_ms, data], value)

    def _write_blob(self, value: Blob, path: _Path) -> int:
        return self._new(["Bl", value.type, self._blob(value, path)], value)

    def _write_form_data(self, value: FormData, path: _Path) -> int:
        node: list[Any] = ["FD"]
        index = self._new(node, value)
        for name, item in value.items():
            node.append(well_formed(name))
            node.append(self._add(item, (path, ".%s", name)))
        return index

    # --- live objects ------------------------------------------------------------------------------
    def _live(self, kind: str, value: Any) -> int:
        return self._new(["L", kind, *self._exporter.export_reference(kind, value)], value)

    def _write_function(self, value: Any, path: _Path) -> int:
        return self._live("function", value)

    def _write_promise(self, value: Awaitable[Any], path: _Path) -> int:
        return self._live("promise", value)

    def _write_iterator(self, value: Any, path: _Path) -> int:
        return self._live("iterator", value)

    def _write_signal(self, value: AbortSignal, path: _Path) -> int:
        reference = self._exporter.export_reference("signal", value)
        node: list[Any] = ["L", "signal", *reference]
        index = self._new(node, value)
        if value.aborted and len(reference) > 1:
            node.append(self._add(value.reason, (path, ".%s", "reason")))
        return index


_WRITERS: dict[type | tuple[type, ...], str] = {
    enum.Enum: "_write_enum",
    (list, tuple): "_write_list",
    (dict, Mapping): "_write_mapping",
    (bytes, bytearray): "_write_bytes",
    memoryview: "_write_buffer",
    (JSSet, set, frozenset): "_write_set",
    dt.datetime: "_write_datetime",
    (dt.date, dt.time): "_write_iso",
    JSDate: "_write_js_date",
    (uuid.UUID, decimal.Decimal): "_write_text",
    RegExp: "_write_reg_exp",
    re.Pattern: "_write_pattern",
    URL: "_write_url",
    ArrayBuffer: "_write_array_buffer",
    TypedArray: "_write_typed_array",
    JSError: "_write_js_error",
    BaseException: "_write_exception",
    Headers: "_write_headers",
    Request: "_write_request",
    Response: "_write_response",
    File: "_write_file",
    Blob: "_write_blob",
    FormData: "_write_form_data",
    AbortSignal: "_write_signal",
    msgspec.Struct: "_write_fields",
}
assert set(_KINDS_BY_FORMAT.values()) <= set(ARRAY_FORMATS)


def _refusal(path: _Path, reason: str) -> ValueEncodingError:
    where = _path_text(path)
    return ValueEncodingError(f"{where}: {reason}", path=where)


def _path_text(path: _Path) -> str:
    """The path as text: its root and its last steps. A program chooses how long it is, and what its keys are."""
    steps: list[str] = []
    while type(path) is tuple:
        path, form, key = path
        if len(steps) < _PATH_STEPS:
            keys = form.endswith("(%s)") and not isinstance(key, int)
            steps.append(form % (preview(key, _KEY_CHARACTERS) if keys else cut(str(key), _KEY_CHARACTERS)))
        elif len(steps) == _PATH_STEPS:
            steps.append("...")
    return f"{path}{''.join(reversed(steps))}"


def _describe(value: Any) -> str:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {value.__qualname__}" if isinstance(value, type) else f"a value of type {name}"
