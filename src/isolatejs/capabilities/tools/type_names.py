"""Shapes as TypeScript types, with a name for each record, enum and NewType that they mention."""

from __future__ import annotations

import datetime
import inspect
import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from isolatejs.capabilities.tools import shapes
from isolatejs.capabilities.tools.shapes import Shape

IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")
RESERVED_WORDS: Final = frozenset(
    """
    arguments await break case catch class const continue debugger default delete do else enum eval
    export extends false finally for function if implements import in instanceof interface let new null
    package private protected public return static super switch this throw true try typeof var void
    while with yield
    """.split()
)


def is_tool_name(name: object, *, top_level: bool) -> bool:
    """Whether a program can write it: an identifier, which for a global function is no reserved word either."""
    if not isinstance(name, str) or not name.replace("$", "_").isidentifier():
        return False
    return not (top_level and name in RESERVED_WORDS)


_WEB_TYPES: Final = frozenset(
    {
        "Request",
        "Response",
        "Headers",
        "Blob",
        "File",
        "FormData",
        "URL",
        "AbortSignal",
        "ArrayBuffer",
        "RegExp",
    }
)
_PLATFORM_TYPES: Final = frozenset(
    """
    Array Atomics Awaited BigInt Blob Boolean Body Cache Console Crypto DataView Date Document Element
    Error Event EventListener EventTarget Exclude Extract File Function Generator Headers Intl Iterable
    Iterator JSON Location Map Math MessageEvent MessagePort Node NonNullable Number Object Omit
    Parameters Partial Performance Pick Promise PropertyDescriptor Proxy ProxyHandler Range Readonly
    Record Reflect RegExp Request Required Response ReturnType Selection Set String Symbol Temporal Text
    Thenable ThisType Touch URL URLPattern URLSearchParams WeakMap WeakRef WeakSet WebAssembly Worker
    """.split()
)
_DECLARED: Final = re.compile(r"^(?:declare )?(?:interface|type|class|namespace) ([\w$]+)", re.MULTILINE)


@lru_cache(maxsize=1)
def taken_type_names() -> frozenset[str]:
    """Types that programs have already: an interface of such a name would merge with the present one."""
    folders = Path(__file__).parents[1].glob("*/types.d.ts")
    return _PLATFORM_TYPES.union(*(_DECLARED.findall(path.read_text(encoding="utf-8")) for path in folders))


Comment = Callable[[list[str], str], str]


class TypeNames:
    """Writes types, and keeps what has to be declared for them in `pending`."""

    def __init__(self) -> None:
        self.pending: list[Callable[[Comment], str]] = []
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()
        self._inward: set[type[Any]] = set()

    def note(self, shape: Shape, *, inward: bool) -> None:
        """Name every type that a shape mentions; a record that a program sends has optional fields."""
        match shape:
            case shapes.Record(cls):
                known = cls in self._names and (not inward or cls in self._inward)
                if inward:
                    self._inward.add(cls)
                if known:
                    return
                if cls not in self._names:
                    self._declare(cls, cls.__name__, lambda comment: self._interface(shape, comment))
                for field in shape.fields:
                    self.note(field.shape, inward=inward)
            case shapes.EnumOf(cls):
                if cls not in self._names:
                    self._declare(cls, cls.__name__, lambda comment: self._enum(shape, comment))
            case shapes.Named(name, inner):
                if shape not in self._names:
                    self._declare(shape, name, lambda _: f"type {self._names[shape]} = {self.text(inner)};\n")
                self.note(inner, inward=inward)
            case shapes.UnionOf(members) | shapes.TupleOf(members):
                for member in members:
                    self.note(member, inward=inward)
            case (
                shapes.ListOf(inner)
                | shapes.SetOf(inner)
                | shapes.StreamOf(inner)
                | shapes.PromiseOf(inner)
                | shapes.Constrained(inner)
            ):
                self.note(inner, inward=inward)
            case shapes.DictOf(key, value):
                self.note(key, inward=inward)
                self.note(value, inward=inward)
            case shapes.FunctionOf(parameters, returns):
                for parameter in parameters or ():
                    self.note(parameter, inward=not inward)
                self.note(returns, inward=inward)

    def text(self, shape: Shape, *, inward: bool = True) -> str:
        """The TypeScript type of a shape that `note` has seen."""
        match shape:
            case shapes.Unchecked(known):
                return "unknown" if known else "any"
            case shapes.Scalar(cls):
                return _scalar(cls)
            case shapes.LiteralOf(values):
                return " | ".join(_literal(value) for value in values)
            case shapes.Record(cls) | shapes.EnumOf(cls):
                return self._names[cls]
            case shapes.Named():
                return self._names[shape]
            case shapes.Constrained(inner):
                return self.text(inner, inward=inward)
            case shapes.ListOf(item):
                return self.many(item, inward=inward)
            case shapes.SetOf(item):
                return f"Set<{self.text(item, inward=inward)}>"
            case shapes.TupleOf(items):
                return f"[{', '.join(self.text(item, inward=inward) for item in items)}]"
            case shapes.DictOf(key, value):
                return self._mapping(key, value, inward)
            case shapes.UnionOf(members):
                ordered = sorted(members, key=lambda member: member == shapes.NONE)
                return " | ".join(dict.fromkeys(self._grouped(member, inward) for member in ordered))
            case shapes.FunctionOf(parameters, returns):
                return self._function(parameters, returns, inward)
            case shapes.StreamOf(item):
                return f"AsyncIterable<{self.text(item, inward=inward)}>"
            case shapes.PromiseOf(inner):
                return f"Promise<{self.text(inner, inward=inward)}>"
            case shapes.Instance(cls):
                return _instance(cls)
        raise TypeError(f"no TypeScript form of {shape!r}")

    def many(self, item: Shape, *, inward: bool) -> str:
        """The type of an array."""
        text = self.text(item, inward=inward)
        return f"({text})[]" if " | " in text or " => " in text else f"{text}[]"

    def _grouped(self, shape: Shape, inward: bool) -> str:
        text = self.text(shape, inward=inward)
        return f"({text})" if " => " in text else text

    def _mapping(self, key: Shape, value: Shape, inward: bool) -> str:
        values = self.text(value, inward=inward)
        base = key
        while isinstance(base, shapes.Named | shapes.Constrained):
            base = base.inner
        if base in (shapes.Scalar(str), shapes.Unchecked()):
            return f"Record<string, {values}>"
        if isinstance(base, shapes.LiteralOf | shapes.EnumOf):
            return f"Partial<Record<{self.text(key)}, {values}>>"
        if inward and base in (shapes.Scalar(int), shapes.Scalar(float)):
            return f"Record<number, {values}> | Map<number, {values}>"
        return f"Map<{self.text(key)}, {values}>"

    def _function(self, parameters: tuple[Shape, ...] | None, returns: Shape, inward: bool) -> str:
        result = self.text(returns.value if isinstance(returns, shapes.PromiseOf) else returns, inward=inward)
        result = "void" if result == "null" else result
        result = f"{result} | Promise<{result}>" if inward else f"Promise<{result}>"
        if parameters is None:
            return f"(...args: any[]) => {result}"
        listed = ", ".join(
            f"arg{index}: {self.text(item, inward=not inward)}" for index, item in enumerate(parameters)
        )
        return f"({listed}) => {result}"

    def _declare(self, key: Any, wanted: str, write: Callable[[Comment], str]) -> None:
        name = re.sub(r"[^A-Za-z0-9_$]", "_", wanted)
        if name in taken_type_names() or name in _WEB_TYPES:
            name = f"Tool{name}"
        base, number = name, 2
        while name in self._taken:
            name, number = f"{base}{number}", number + 1
        self._taken.add(name)
        self._names[key] = name
        self.pending.append(write)

    def _interface(self, record: shapes.Record, comment: Comment) -> str:
        text = f"{comment(_documentation(record.type), '')}interface {self._names[record.type]} {{\n"
        is_sent = record.type in self._inward
        for field in record.fields:
            name = field.wire_name if IDENTIFIER.match(field.wire_name) else json.dumps(field.wire_name)
            optional = field.optional if is_sent else not field.always_present
            lines = field.description.splitlines() if field.description else []
            text += comment(lines, "  ")
            text += f"  {name}{'?' if optional else ''}: {self.text(field.shape, inward=is_sent)};\n"
        return text + "}\n"

    def _enum(self, shape: shapes.EnumOf, comment: Comment) -> str:
        values = " | ".join(_literal(member.value) for member in shape.type)
        return f"{comment(_documentation(shape.type), '')}type {self._names[shape.type]} = {values};\n"


def _documentation(cls: type[Any]) -> list[str]:
    """A class's own docstring; the ones that Python and its libraries generate say nothing."""
    text = cls.__dict__.get("__doc__")
    if not text or text.startswith((f"{cls.__name__}(", "An enumeration.", "!!! abstract")):
        return []
    return inspect.cleandoc(text).splitlines()


def _scalar(cls: type[Any]) -> str:
    if cls is type(None):
        return "null"
    if cls is bool:
        return "boolean"
    if issubclass(cls, int | float):
        return "number"
    if issubclass(cls, bytes | bytearray | memoryview):
        return "Uint8Array"
    if cls is datetime.datetime:
        return "Date"
    return "string"


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return "unknown"


def _instance(cls: type[Any]) -> str:
    if cls.__module__.startswith("isolatejs.web") and cls.__name__ in _WEB_TYPES:
        return cls.__name__
    if cls.__name__ == "BigInt" and cls.__module__.startswith("isolatejs.web"):
        return "bigint"
    if any(base.__name__ == "PurePath" for base in cls.__mro__):
        return "string"
    return "any"
