"""`isolatejs check`: type errors of program files, for people, for machines and for GitHub."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from isolatejs.cli.grants import load_tools
from isolatejs.errors import ConfigurationError
from isolatejs.typechecking.check import typecheck
from isolatejs.typechecking.formatting import format_typecheck_errors

if TYPE_CHECKING:
    from isolatejs.typechecking.diagnostics import TypecheckDiagnostic

EXIT_ERRORS = 1
EXIT_USAGE = 2


class OutputFormat(str, Enum):
    """How errors are printed."""

    pretty = "pretty"
    model = "model"
    json = "json"
    github = "github"


class ProfileName(str, Enum):
    """The built-in profiles."""

    backend = "backend"
    agent = "agent"
    browser_test = "browser-test"


FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILES", help="Program files (TypeScript or JavaScript).")]
ProfileOption = Annotated[ProfileName, typer.Option("--profile", help="What the runtime of these programs has.")]
CapabilityOption = Annotated[
    list[str] | None,
    typer.Option("--capability", metavar="NAME", help="Add to the profile: fetch, files, tests, browser... Repeatable."),
]


def check(
    files: FilesArgument,
    profile: ProfileOption = ProfileName.backend,
    capability: CapabilityOption = None,
    output: Annotated[OutputFormat, typer.Option("--output", help="Form of the errors.")] = OutputFormat.pretty,
    tools: Annotated[
        str | None, typer.Option("--tools", metavar="MODULE:NAME", help="Python functions that programs may call.")
    ] = None,
    node_modules: Annotated[
        Path | None, typer.Option("--node-modules", metavar="DIR", help="Packages that programs may import.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse variables and parameters without a type as well.")
    ] = False,
) -> None:
    """Check the types of programs, each as a program of its own. Nothing is run.

    Files that a program imports by relative path are checked with it. Exit status: 0 no errors, 1 errors,
    2 wrong usage.
    """
    options: dict[str, Any] = {"noImplicitAny": True} if strict else {}
    try:
        errors = _check_files(
            files,
            profile=profile.value,
            capabilities=capability or (),
            tools=load_tools(tools) if tools else None,
            node_modules=node_modules,
            compiler_options=options,
        )
    except (ConfigurationError, OSError) as error:
        typer.echo(f"isolatejs check: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    text = render(errors, output)
    if text:
        typer.echo(text)
    if errors:
        raise typer.Exit(EXIT_ERRORS)


def _check_files(paths: list[Path], **options: Any) -> list[TypecheckDiagnostic]:
    """All errors, each once, with file names as the user gave them."""
    sources = {str(path.resolve()): path for path in paths}
    texts = {name: path.read_text(encoding="utf-8") for name, path in sources.items()}
    neighbours = {
        str(near): near.read_text(encoding="utf-8")
        for folder in {path.resolve().parent for path in paths}
        for near in sorted(folder.rglob("*.[jt]s*"))
        if near.is_file() and str(near) not in texts and "node_modules" not in near.parts
    }
    found: dict[TypecheckDiagnostic, None] = {}
    for name, text in texts.items():
        others = {other: content for other, content in {**neighbours, **texts}.items() if other != name}
        result = typecheck(text, filename=name, files=others, **options)
        for error in result.errors:
            if error.filename in sources:
                shown = msgspec.structs.replace(error, filename=str(sources[error.filename]))
                found[shown] = None
    return list(found)


def render(errors: list[TypecheckDiagnostic], output: OutputFormat) -> str:
    """Errors in one of the output forms. JSON is one object with `success` and `errors`."""
    if output is OutputFormat.json:
        return msgspec.json.encode({"success": not errors, "errors": errors}).decode()
    return format_typecheck_errors(errors, style=output.value)
