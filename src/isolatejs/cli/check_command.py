"""`isolatejs check`: type errors of program files, for people, for machines and for GitHub."""

from __future__ import annotations

import posixpath
import stat
import sys
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from isolatejs.cli.grants import load_tools
from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_SOURCE_LIMIT_BYTES
from isolatejs.terminal_text import for_terminal
from isolatejs.typechecking.check import typecheck
from isolatejs.typechecking.formatting import format_typecheck_errors

if TYPE_CHECKING:
    from isolatejs.typechecking.diagnostics import TypecheckDiagnostic

EXIT_ERRORS = 1
EXIT_USAGE = 2


class OutputFormat(StrEnum):
    """How errors are printed."""

    pretty = "pretty"
    model = "model"
    json = "json"
    github = "github"


class ProfileName(StrEnum):
    """The built-in profiles."""

    backend = "backend"
    agent = "agent"
    browser_test = "browser-test"


FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILES", help="Program files (TypeScript or JavaScript).")
]
ProfileOption = Annotated[
    ProfileName, typer.Option("--profile", help="What the runtime of these programs has.")
]
CapabilityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--capability", metavar="NAME", help="Add to the profile: fetch, files, tests, browser... Repeatable."
    ),
]


def check(
    files: FilesArgument,
    profile: ProfileOption = ProfileName.backend,
    capability: CapabilityOption = None,
    output: Annotated[
        OutputFormat, typer.Option("--output", help="Form of the errors.")
    ] = OutputFormat.pretty,
    tools: Annotated[
        str | None,
        typer.Option("--tools", metavar="MODULE:NAME", help="Python functions that programs may call."),
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
    except OSError as error:
        typer.echo(f"isolatejs check: {error.filename}: {error.strerror}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    except ConfigurationError as error:
        typer.echo(f"isolatejs check: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    text = render(errors, output)
    if text:
        typer.echo(for_terminal(text) if sys.stdout.isatty() else text)
    if errors:
        raise typer.Exit(EXIT_ERRORS)


def _check_files(paths: list[Path], **options: Any) -> list[TypecheckDiagnostic]:
    """All errors of the files and of what they import, with file names as the user gave them."""
    found: list[TypecheckDiagnostic] = []
    modules = _NearbyFiles()
    waiting = deque((path, path.resolve()) for path in paths)
    checked: set[Path] = set()
    while waiting:
        path, place = waiting.popleft()
        if place in checked:
            continue
        checked.add(place)
        result = typecheck(
            _text(path), filename=place.as_posix(), modules=modules, tenant="isolatejs check", **options
        )
        found.extend(msgspec.structs.replace(error, filename=str(path)) for error in result.errors)
        waiting.extend((_near(imported), imported) for imported in modules.take_found_programs())
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: no text in UTF-8 (byte {error.start})") from None


def _near(place: Path) -> Path:
    """The path as a user below the working directory would write it."""
    here = Path.cwd().resolve()
    return place.relative_to(here) if place.is_relative_to(here) else place


@dataclass(frozen=True)
class _FoundFile:
    path: str
    format: str
    language: str
    source: bytes


class _NearbyFiles:
    """Files that programs import by path, read from disk as they are asked for."""

    def __init__(self) -> None:
        self._found: dict[Path, None] = {}

    def take_found_programs(self) -> list[Path]:
        """The programs that were imported since the last time."""
        found, self._found = list(self._found), {}
        return found

    async def find_module(self, specifier: str, importer: str, type: str) -> _FoundFile | None:
        if not specifier.startswith(("./", "../", "/")):
            return None
        wanted = Path(posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier)))
        for path in (
            wanted,
            *(wanted.with_name(wanted.name + ending) for ending in _ENDINGS),
            wanted / "index.ts",
        ):
            if _is_source(path):
                if _is_program(path):
                    self._found[path.resolve()] = None
                language = path.suffix.lstrip(".").replace("m", "").replace("c", "")
                return _FoundFile(
                    path=path.as_posix(),
                    format="json" if path.suffix == ".json" else "module",
                    language=language,
                    source=path.read_bytes(),
                )
        return None


def _is_source(path: Path) -> bool:
    """Whether an import may mean this file: a program can write any path into its import."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # among others a name that is too long
        return False
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size <= MODULE_SOURCE_LIMIT_BYTES
        and path.suffix in (*_ENDINGS, ".json")
    )


def _is_program(path: Path) -> bool:
    is_declaration = path.name.endswith((".d.ts", ".d.mts"))
    return path.suffix in _ENDINGS and not is_declaration and "node_modules" not in path.parts


_ENDINGS = (".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs")


def render(errors: list[TypecheckDiagnostic], output: OutputFormat) -> str:
    """Errors in one of the output forms. JSON is one object with `success` and `errors`."""
    if output is OutputFormat.json:
        return msgspec.json.encode({"success": not errors, "errors": errors}).decode()
    return format_typecheck_errors(errors, style=output.value)
