"""Errors as text for people, models and workflows."""

from __future__ import annotations

import pytest

from isolatejs.typechecking.advice import advise
from isolatejs.typechecking.diagnostics import TypecheckDiagnostic
from isolatejs.typechecking.formatting import format_typecheck_errors


def error(
    message: str = "Type 'string' is not assignable to type 'number'.",
    *,
    code: int = 2322,
    line: str = "const a: number = 'x';",
    at: str = "a:",
    filename: str = "/index.ts",
) -> TypecheckDiagnostic:
    marked = at.rstrip(":")
    return TypecheckDiagnostic(
        code=code, message=message, filename=filename, line=3, column=line.index(at) + 1, length=len(marked),
        source_line=line,
    )  # fmt: skip


def test_pretty_form_marks_the_place() -> None:
    assert format_typecheck_errors([error()]) == (
        "/index.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.\n"
        "\n"
        "3 const a: number = 'x';\n"
        "        ~\n"
        "\n"
        "Found 1 error in /index.ts:3."
    )


@pytest.mark.parametrize("style", ["pretty", "model", "github"])
def test_nothing_to_say(style: str) -> None:
    assert format_typecheck_errors([], style=style) == ""


def test_unknown_style() -> None:
    with pytest.raises(ValueError, match="none of pretty, model, github"):
        format_typecheck_errors([], style="html")


def test_several_files_are_counted() -> None:
    text = format_typecheck_errors([error(), error(filename="/b.ts")])
    assert text.endswith("Found 2 errors in 2 files.")


def test_very_long_lines_are_cut_around_the_error() -> None:
    long = error(line="x" * 5_000 + " a: " + "y" * 5_000)
    shown = format_typecheck_errors([long]).splitlines()
    assert len(shown[2]) < 200
    assert shown[2][shown[3].index("~")] == "a"


def test_github_annotations_are_escaped() -> None:
    text = format_typecheck_errors([error("100%\nno: way", filename="src/a,b:c.ts")], style="github")
    assert text == ("::error file=src/a%2Cb%3Ac.ts,line=3,col=7,endColumn=8,title=TS2322::100%25%0Ano: way")


def test_a_program_that_could_not_be_checked_has_no_code() -> None:
    failed = [error("The program could not be checked: the checker process ended.", code=0)]
    for style in ("pretty", "model", "github"):
        assert "TS0" not in format_typecheck_errors(failed, style=style)
    assert format_typecheck_errors(failed).startswith(
        "/index.ts:3:7 - error: The program could not be checked"
    )


def test_form_for_models() -> None:
    text = format_typecheck_errors(
        [
            error(
                "Property 'nme' does not exist on type 'User'. Did you mean 'name'?",
                code=2551,
                line="u.nme;",
                at="nme",
            )
        ],
        style="model",
    )
    assert text == (
        "The program does not typecheck: 1 error.\n"
        "\n"
        "1. /index.ts, line 3, column 3 (TS2551)\n"
        "   code: u.nme;\n"
        "   at: nme\n"
        "   problem: Property 'nme' does not exist on type 'User'. Did you mean 'name'?\n"
        "   nearest: name\n"
        "   fix: Replace `nme` with `name`."
    )


@pytest.mark.parametrize(
    ("message", "code", "at", "expected", "fix"),
    [
        (
            "Type 'string' is not assignable to type 'number'.",
            2322,
            "value",
            "`number`, got `string`",
            "Number(value)",
        ),
        (
            "Argument of type 'number' is not assignable to parameter of type 'string'.",
            2345,
            "value",
            "`string`",
            "String(value)",
        ),
        (
            "Type 'Promise<number>' is not assignable to type 'number'.",
            2322,
            "value",
            "`number`",
            "await value",
        ),
        (
            "Type 'string | null' is not assignable to type 'string'.",
            2322,
            "value",
            "`string`",
            "value ?? fallback",
        ),
        (
            "Argument of type '{}' is not assignable to type 'P'.\n  Property 'x' is missing in type '{}'",
            2345,
            "value",
            "`P`, got `{}`",
            "Add the property `x`",
        ),
        (
            "Property 'json' does not exist on type 'Promise<Response>'.",
            2339,
            "value",
            "Promise<Response>",
            "Await the promise",
        ),
        ("Property 'x' does not exist on type 'User'.", 2339, "value", "a property of `User`", "has no `x`"),
        ("Expected 1 arguments, but got 2.", 2554, "value", "1 arguments, got 2", "exactly the declared"),
        ("Expected 1-2 arguments, but got 3.", 2554, "value", "1-2 arguments, got 3", "exactly the declared"),
        ("'value' is possibly 'undefined'.", 18048, "value", "neither null nor undefined", "`value?.`"),
        ("Cannot find name 'page'.", 2304, "value", "declared in the program", "newContext()"),
        ("Cannot find name 'fetch'.", 2304, "value", "declared in the program", "not granted"),
        (
            "Cannot find name 'banana'.",
            2304,
            "value",
            "declared in the program",
            "Declare or import `banana`",
        ),
        (
            "Cannot find module 'lodash' or its type declarations.",
            2307,
            "value",
            "a virtual module",
            "nothing can be installed",
        ),
        (
            "Property 'y' is missing in type 'A' but required in type 'B'.",
            2741,
            "value",
            "an object with y",
            "Add y",
        ),
        (
            "Type '{}' is missing the following properties from type 'B': x, y",
            2739,
            "value",
            "an object with x, y",
            "Add x, y",
        ),
        ("Something else entirely.", 9999, "value", "", ""),
    ],
)
def test_advice(message: str, code: int, at: str, expected: str, fix: str) -> None:
    advice = advise(error(message, code=code, line="call(value);", at=at))
    assert expected in advice.expected
    assert fix in advice.fix
    assert bool(advice.fix) == bool(fix)
