"""Errors as text: for a terminal, for a language model, and as annotations of a GitHub workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isolatejs.typechecking.advice import advise, marked_text
from isolatejs.typechecking.diagnostics import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isolatejs.typechecking.diagnostics import TypecheckDiagnostic

SOURCE_LINE_LIMIT = 160
"""Longer lines are cut around the error."""
MODEL_ERRORS_LIMIT = 50
"""A model that repairs its program mends the first ones and asks again; more would only fill its context."""
MODEL_MESSAGE_LIMIT = 1_000
"""Characters of each part of an error."""


def format_typecheck_errors(errors: Iterable[TypecheckDiagnostic], *, style: str = "pretty") -> str:
    """Errors as text; empty for none.

    Styles: `pretty` as the TypeScript compiler prints them, `model` with what was expected, the nearest valid
    name and the fix for each, `github` as workflow annotations. Raises ValueError for another style.
    """
    listed = list(errors)
    if style == "pretty":
        return _pretty(listed)
    if style == "model":
        return _for_model(listed)
    if style == "github":
        return "\n".join(_annotation(error) for error in listed)
    raise ValueError(f"style: {style!r} is none of pretty, model, github")


def _pretty(errors: list[TypecheckDiagnostic]) -> str:
    if not errors:
        return ""
    blocks = []
    for error in errors:
        line, column = _excerpt(error)
        gutter = f"{error.line} "
        length = max(1, min(error.length, len(line) - column))
        blocks.append(f"{error}\n\n{gutter}{line}\n{' ' * (len(gutter) + column)}{'~' * length}\n")
    places = {error.filename for error in errors}
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    where = f"{len(places)} files" if len(places) > 1 else f"{errors[0].filename}:{errors[0].line}"
    return "\n".join([*blocks, f"Found {count} in {where}."])


def _excerpt(error: TypecheckDiagnostic) -> tuple[str, int]:
    """The source line without tabs, cut when it is very long, and where in it the error begins."""
    before = error.source_line.encode("utf-16-le", "surrogatepass")[
        : 2 * max(error.column - error.source_column, 0)
    ]
    column = len(before.decode("utf-16-le", "replace"))
    line = error.source_line.replace("\t", " ")
    if len(line) <= SOURCE_LINE_LIMIT:
        return line, column
    start = max(0, column - SOURCE_LINE_LIMIT // 2)
    return line[start : start + SOURCE_LINE_LIMIT], column - start


def _for_model(errors: list[TypecheckDiagnostic]) -> str:
    if not errors:
        return ""
    blocks = [f"The program does not typecheck: {len(errors)} error{'s' if len(errors) > 1 else ''}."]
    for number, error in enumerate(errors[:MODEL_ERRORS_LIMIT], 1):
        advice = advise(error)
        line, _ = _excerpt(error)
        marked = shortened(marked_text(error), SOURCE_LINE_LIMIT)
        message = shortened(error.message, MODEL_MESSAGE_LIMIT)
        code = f" (TS{error.code})" if error.code else ""
        parts = [f"{number}. {error.filename}, line {error.line}, column {error.column}{code}"]
        parts.append(f"   code: {line.strip()}")
        if marked and marked != line.strip():
            parts.append(f"   at: {marked}")
        parts.append("   problem: " + message.replace("\n", "\n   "))
        for label, text in (("expected", advice.expected), ("nearest", advice.nearest), ("fix", advice.fix)):
            if text:
                parts.append(f"   {label}: {shortened(text, MODEL_MESSAGE_LIMIT)}")
        blocks.append("\n".join(parts))
    if len(errors) > MODEL_ERRORS_LIMIT:
        blocks.append(f"{len(errors) - MODEL_ERRORS_LIMIT} more errors are left out; mend these first.")
    return "\n\n".join(blocks)


def _annotation(error: TypecheckDiagnostic) -> str:
    """A workflow command (https://docs.github.com/actions/reference/workflow-commands-for-github-actions)."""
    properties = {
        "file": error.filename.lstrip("/") if error.filename.startswith("//") else error.filename,
        "line": error.line,
        "col": error.column,
        "endColumn": error.column + error.length,
        "title": f"TS{error.code}" if error.code else "Typecheck",
    }
    listed = ",".join(f"{name}={_escape(str(value), property=True)}" for name, value in properties.items())
    return f"::error {listed}::{_escape(error.message, property=False)}"


def _escape(text: str, *, property: bool) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property else text
