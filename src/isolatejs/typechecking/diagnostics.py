"""One finding of the checker, and how it is made from what the language server says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from isolatejs.limits import TYPECHECK_LINE_LIMIT_CHARACTERS, TYPECHECK_MESSAGE_LIMIT_CHARACTERS
from isolatejs.typechecking.server_messages import ERROR

if TYPE_CHECKING:
    from isolatejs.typechecking.lines import Line
    from isolatejs.typechecking.server_messages import Item

CANNOT_FIND_MODULE: Final = 2307
_MODULE_CODES: Final = frozenset(
    {
        "no-local",
        "no-cache",
        "no-cache-npm",
        "not-installed-npm",
        "not-installed-jsr",
        "resolver-error",
        "import-prefix-missing",
        "no-export-npm",
        "redirect",
    }
)
_INSTALL_ADVICE: Final = re.compile(
    r" (?:Do you need to (?:change|install)|Try changing the 'lib').*$", re.DOTALL
)
"""Advice to change the configuration or to install something, which a program cannot do."""


_NAMED_IMPORT: Final = re.compile(r'[Ii]mport "([^"]++)"')
_ATTRIBUTE: Final = re.compile(
    r"""\s*+,?+\s*+\{?+\s*+(?:with|assert)\s*+:?+\s*+\{\s*+type\s*+:\s*+["'](\w{1,40}+)["']"""
)
_ATTRIBUTE_LIMIT_CHARACTERS: Final = 1_000
"""Between an import's specifier and the end of its attributes."""
_SPECIFIER_LIMIT_CHARACTERS: Final = 8_000
"""What is longer names no module."""


class TypecheckDiagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """An error: TypeScript's `code` and `message`, and its place.

    `line` and `column` are 1-based, `column` and `length` count UTF-16 code units as TypeScript does (so they
    are characters for all text in the Basic Multilingual Plane). `source_line` is the text of the line; of a
    very long line it is the part around the error, which begins at `source_column`. `filename` is the program's
    own name for the file.
    """

    code: int
    message: str
    filename: str
    line: int
    column: int
    length: int
    source_line: str
    source_column: int = 1

    def __str__(self) -> str:
        code = f" TS{self.code}" if self.code else ""  # 0: no finding, the checker could not go on
        return f"{self.filename}:{self.line}:{self.column} - error{code}: {self.message}"


def diagnostic_from_server(
    item: Item, filename: str, line: Line, places: tuple[tuple[str, str], ...] = ()
) -> TypecheckDiagnostic | None:
    """Translate one item of a diagnostics answer about `line`; None for hints and warnings.

    `places` are paths that mean something to the checker only, and what the program calls them.
    """
    if item.severity != ERROR:
        return None
    start, end = item.range.start, item.range.end
    first = min(start.character, line.width)
    last = min(end.character, line.width) if end.line == start.line else line.width
    code = item.code
    message = item.message
    if code in _MODULE_CODES:
        if start == end:  # the import that JSX compiles to; TypeScript's own error stands at the JSX
            return None
        code = CANNOT_FIND_MODULE
        message = f"Cannot find module '{specifier_at(item, line)}' or its type declarations."
    for place, name in places:
        message = message.replace(place, name)
    window = 0
    if line.width > TYPECHECK_LINE_LIMIT_CHARACTERS:
        window = max(first - TYPECHECK_LINE_LIMIT_CHARACTERS // 2, 0)
    return TypecheckDiagnostic(
        code=_number(code),
        message=shortened(_INSTALL_ADVICE.sub("", message), TYPECHECK_MESSAGE_LIMIT_CHARACTERS),
        filename=filename,
        line=start.line + 1,
        column=first + 1,
        length=max(last - first, 1),
        source_line=line.part(window, window + TYPECHECK_LINE_LIMIT_CHARACTERS),
        source_column=window + 1,
    )


def is_missing_module(item: Item) -> bool:
    """Whether the server could not find what an import names."""
    return item.code in _MODULE_CODES


def attribute_type_at(item: Item, line: Line) -> str:
    """`json` of `with { type: "json" }` after the specifier that a diagnostic marks, else nothing."""
    end = item.range.end
    if end.line != item.range.start.line:
        return ""
    found = _ATTRIBUTE.match(line.part(end.character, end.character + _ATTRIBUTE_LIMIT_CHARACTERS))
    return "" if found is None else found.group(1)


def specifier_at(item: Item, line: Line) -> str:
    """The text of the import specifier that a diagnostic marks, without its quotes."""
    start, end = item.range.start, item.range.end
    if start.line != end.line:
        return "?"
    text = line.part(start.character, min(end.character, start.character + _SPECIFIER_LIMIT_CHARACTERS))
    if not text:
        named = _NAMED_IMPORT.search(item.message)
        return "" if named is None else named.group(1)
    return text.strip().strip("\"'`")


def shortened(text: str, limit: int) -> str:
    """The text, cut where it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def _number(code: int | str | None) -> int:
    """TypeScript's code; 0 for what is none."""
    if isinstance(code, str):
        return int(code) if code.isdecimal() and len(code) < 10 else 0
    return code or 0
