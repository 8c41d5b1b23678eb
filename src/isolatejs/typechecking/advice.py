"""What to do about an error: what was expected, the nearest valid name, and the fix, in a sentence each.

Read from TypeScript's code and message, so it costs nothing. Made for a language model that repairs its own
program; the words are plain enough for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from isolatejs.typechecking.diagnostics import CANNOT_FIND_MODULE, TypecheckDiagnostic

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Advice:
    """Each part is empty when the error does not tell."""

    expected: str = ""
    nearest: str = ""
    fix: str = ""


_SUGGESTION: Final = re.compile(r"Did you mean (?:to write |the (?:static|instance) member )?'([^']++)'\?")
_FIRST_NAME: Final = re.compile(r"'([^']++)'")
_ARGUMENTS: Final = re.compile(r"\AExpected ([\w -]{1,40}) arguments?, but got (\d{1,9})\b")
_NOT_ASSIGNABLE: Final = "' is not assignable to "
_IS_MISSING: Final = "' is missing"
_LIST_OF_PROPERTIES: Final = "': "

_ARGUMENT_ERROR: Final = 2345
_ABSENT_GLOBALS: Final = {
    "Deno": "There is no Deno namespace in this runtime; use the web platform and the tools.",
    "WebSocket": "Outbound WebSockets are not granted to this program.",
    "require": "Use import instead of require.",
    "module": "Use export instead of module.exports.",
    "exports": "Use export instead of exports.",
    "__dirname": "Use import.meta.dirname.",
    "__filename": "Use import.meta.filename.",
    "window": "There is no window; the global object is globalThis.",
    "document": "There is no DOM in this runtime.",
    "localStorage": "There is no storage; keep values in variables, or write files if they are granted.",
    "sessionStorage": "There is no storage; keep values in variables, or write files if they are granted.",
    "alert": "There is nobody to show a dialog to; use console.log.",
    "fetch": "Outbound HTTP is not granted to this program; it has no fetch.",
    "getDirectory": "Files are not granted to this program.",
    "browser": "A browser is not granted to this program.",
    "serve": "Only app servers have serve.",
    "page": "There is no implicit page; make one: const page = await (await browser.newContext()).newPage();",
    "context": "There is no implicit context; make one: const context = await browser.newContext();",
    "expect": "Only test runtimes have expect.",
    "test": "Only test runtimes have test.",
    "describe": "Only test runtimes have describe.",
}


def advise(error: TypecheckDiagnostic) -> Advice:
    """The advice for one error."""
    suggestion = _SUGGESTION.search(error.message)
    if suggestion is not None:
        wrong = marked_text(error)
        nearest = suggestion.group(1)
        return Advice(
            nearest=nearest, fix=f"Replace `{wrong}` with `{nearest}`." if wrong else f"Use `{nearest}`."
        )
    rule = _RULES.get(error.code)
    if rule is not None:
        return rule(error)
    return _assignability(error)


def marked_text(error: TypecheckDiagnostic) -> str:
    """The part of the source line that the error marks."""
    units = error.source_line.encode("utf-16-le", "surrogatepass")
    first = max(error.column - error.source_column, 0)
    marked = units[2 * first : 2 * (first + error.length)]
    return marked.decode("utf-16-le", "replace").strip()


def _assignability(error: TypecheckDiagnostic) -> Advice:
    types = _types_of(error.message)
    if types is None:
        return Advice()
    given, wanted = types
    marked = marked_text(error)
    is_value = error.code == _ARGUMENT_ERROR and bool(
        marked
    )  # otherwise the mark is on what it is assigned to
    value = marked if is_value else "value"
    missing = _missing_name(error.message)
    if given == f"Promise<{wanted}>" or (given.startswith("Promise<") and not wanted.startswith("Promise<")):
        fix = f"Await it: `await {value}`."
    elif missing:
        fix = f"Add the property `{missing}`."
    elif given == "null" or "| null" in given or "| undefined" in given:
        fix = f"Handle null and undefined first, for example `{value} ?? fallback`."
    elif (given, wanted) == ("string", "number"):
        fix = f"Convert it with `Number({value})`, or use a number."
    elif wanted == "string" and given in ("number", "boolean", "bigint"):
        fix = f"Convert it with `String({value})`, or use a string."
    else:
        fix = f"Make {f'`{marked}`' if marked else 'it'} a `{wanted}`."
    return Advice(expected=f"`{wanted}`, got `{given}`", fix=fix)


def _types_of(message: str) -> tuple[str, str] | None:
    """The two types of "Type 'A' is not assignable to type 'B'", in the first line that says so."""
    before, found, after = message.partition(_NOT_ASSIGNABLE)
    line = before.rpartition("\n")[2]
    _, given_found, given = line.partition("Type '" if "Argument of type '" not in line else "type '")
    _, wanted_found, rest = after.partition("type '")
    wanted = _until_quote(rest)
    return (given, wanted) if found and given_found and wanted_found and wanted else None


def _until_quote(text: str) -> str:
    """A type up to the quote that closes it; one before a letter or bracket belongs to the type."""
    end = text.find("'")
    while end >= 0:
        after = text[end + 1 : end + 2]
        if not (after.isalnum() or after in ("_", "[", "]")) and text[end - 1 : end] != "\\":
            return text[:end]
        end = text.find("'", end + 1)
    return ""


def _missing_name(message: str) -> str:
    """`x` of "Property 'x' is missing"."""
    before, found, _ = message.partition(_IS_MISSING)
    name = before.rpartition("Property '")[2] if found and "Property '" in before else ""
    return "" if "\n" in name else name


def _unknown_name(error: TypecheckDiagnostic) -> Advice:
    name = _FIRST_NAME.search(error.message)
    if name is None:
        return Advice()
    known = _ABSENT_GLOBALS.get(name.group(1))
    return Advice(
        expected="a name that is declared in the program or given by its runtime",
        fix=known or f"Declare or import `{name.group(1)}`, or remove it: this runtime has no such name.",
    )


def _unknown_property(error: TypecheckDiagnostic) -> Advice:
    name = _FIRST_NAME.search(error.message)
    _, _, after = error.message.partition("on type '")
    owner = _until_quote(after)
    if name is None or not owner:
        return Advice()
    if owner.startswith("Promise<"):
        return Advice(
            expected=f"a property of `{owner}`", fix="Await the promise first: `(await value).property`."
        )
    return Advice(
        expected=f"a property of `{owner}`",
        fix=f"`{owner}` has no `{name.group(1)}`; use a property that its declaration lists.",
    )


def _missing_property(error: TypecheckDiagnostic) -> Advice:
    name = _missing_name(error.message)
    if not name:
        first_line = error.message.partition("\n")[0]
        name = first_line.rpartition(_LIST_OF_PROPERTIES)[2] if _LIST_OF_PROPERTIES in first_line else ""
    return Advice(expected=f"an object with {name}" if name else "", fix=f"Add {name}." if name else "")


def _argument_count(error: TypecheckDiagnostic) -> Advice:
    found = _ARGUMENTS.search(error.message)
    if found is None:
        return Advice()
    return Advice(
        expected=f"{found.group(1)} arguments, got {found.group(2)}",
        fix="Pass exactly the declared arguments.",
    )


def _possibly_empty(error: TypecheckDiagnostic) -> Advice:
    marked = marked_text(error)
    return Advice(
        expected="a value that is neither null nor undefined",
        fix=f"Check it first, or use `{marked}?.`" if marked else "Check it first, or use `?.`",
    )


def _unknown_module(error: TypecheckDiagnostic) -> Advice:
    return Advice(
        expected="a virtual module, a file of the program, a mounted package, or a node: module",
        fix="Import a module that exists, or write the code without it; nothing can be installed.",
    )


def _unknown_export(error: TypecheckDiagnostic) -> Advice:
    return Advice(expected="an exported name of the module", fix="Import a name that the module exports.")


_RULES: Final[dict[int, Callable[[TypecheckDiagnostic], Advice]]] = {
    2304: _unknown_name,
    2552: _unknown_name,
    2580: _unknown_name,
    2584: _unknown_name,
    2591: _unknown_name,
    2339: _unknown_property,
    2739: _missing_property,
    2740: _missing_property,
    2741: _missing_property,
    2554: _argument_count,
    2555: _argument_count,
    2531: _possibly_empty,
    2532: _possibly_empty,
    2533: _possibly_empty,
    18047: _possibly_empty,
    18048: _possibly_empty,
    18049: _possibly_empty,
    2305: _unknown_export,
    CANNOT_FIND_MODULE: _unknown_module,
}
