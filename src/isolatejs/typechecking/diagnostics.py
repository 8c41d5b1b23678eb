"""One finding of the checker, and how it is made from what the language server says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

CANNOT_FIND_MODULE: Final = 2307
_ERROR_SEVERITY: Final = 1
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


_NAMED_IMPORT: Final = re.compile(r'[Ii]mport "([^"]+)"')
_ATTRIBUTE: Final = re.compile(r"""\s*,?\s*\{?\s*(?:with|assert)\s*:?\s*\{\s*type\s*:\s*["'](\w+)["']""")
_CHECKER_PLACE: Final = re.compile(
    r"""(?:file://)?/[^"'\s]*isolatejs-check-[^/"'\s]+/(?:scope-[0-9a-f]+/)?(?:root/|types/\d+/)?"""
)
"""Where the checker keeps a program's files: none of the program's business."""


class TypecheckDiagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """An error: TypeScript's `code` and `message`, and its place.

    `line` and `column` are 1-based, `column` and `length` count UTF-16 code units as TypeScript does (so they
    are characters for all text in the Basic Multilingual Plane). `source_line` is the text of the line.
    `filename` is the program's own name for the file.
    """

    code: int
    message: str
    filename: str
    line: int
    column: int
    length: int
    source_line: str

    def __str__(self) -> str:
        code = f" TS{self.code}" if self.code else ""  # 0: no finding, the checker could not go on
        return f"{self.filename}:{self.line}:{self.column} - error{code}: {self.message}"


def diagnostic_from_server(
    item: Mapping[str, Any], filename: str, lines: list[str]
) -> TypecheckDiagnostic | None:
    """Translate one item of a diagnostics answer; None for hints and warnings."""
    if item.get("severity", _ERROR_SEVERITY) != _ERROR_SEVERITY:
        return None
    start, end = item["range"]["start"], item["range"]["end"]
    line = lines[start["line"]] if start["line"] < len(lines) else ""
    width = len(line.encode("utf-16-le", "surrogatepass")) // 2
    last = end["character"] if end["line"] == start["line"] else width
    code = item.get("code")
    message = str(item["message"])
    if code in _MODULE_CODES:
        specifier = specifier_at(item, lines)
        if start == end:  # the import that JSX compiles to; TypeScript's own error stands at the JSX
            return None
        code, message = CANNOT_FIND_MODULE, f"Cannot find module '{specifier}' or its type declarations."
    return TypecheckDiagnostic(
        code=int(code) if isinstance(code, int | str) and str(code).isdigit() else 0,
        message=_CHECKER_PLACE.sub("/", _INSTALL_ADVICE.sub("", message)),
        filename=filename,
        line=start["line"] + 1,
        column=start["character"] + 1,
        length=max(last - start["character"], 1),
        source_line=line,
    )


def is_missing_module(item: Mapping[str, Any]) -> bool:
    """Whether the server could not find what an import names."""
    return item.get("code") in _MODULE_CODES


def attribute_type_at(item: Mapping[str, Any], lines: list[str]) -> str:
    """`json` of `with { type: "json" }` after the specifier that a diagnostic marks, else nothing."""
    end = item["range"]["end"]
    if end["line"] >= len(lines):
        return ""
    units = lines[end["line"]].encode("utf-16-le", "surrogatepass")
    found = _ATTRIBUTE.match(units[2 * end["character"] :].decode("utf-16-le", "replace"))
    return "" if found is None else found.group(1)


def specifier_at(item: Mapping[str, Any], lines: list[str]) -> str:
    """The text of the import specifier that a diagnostic marks, without its quotes."""
    start, end = item["range"]["start"], item["range"]["end"]
    if start["line"] != end["line"] or start["line"] >= len(lines):
        return "?"
    units = lines[start["line"]].encode("utf-16-le", "surrogatepass")
    text: str = units[2 * start["character"] : 2 * end["character"]].decode("utf-16-le", "replace")
    named = _NAMED_IMPORT.search(str(item["message"])) if not text else None
    return text.strip().strip("\"'`") if named is None else named.group(1)
