"""The program that a command runs: its code, the name it has in the sandbox, and the modules beside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """`filename` is the name in the sandbox; `directory` the host directory of its imports, if any."""

    code: str
    filename: str
    directory: Path | None = None

    @property
    def prefix(self) -> str:
        """The directory of the program as the sandbox sees it."""
        return PurePosixPath(self.filename).parent.as_posix()


def load_program(file: str | None, code: str | None) -> ProgramSource:
    """The program of `FILE`, `-` (standard input) or `-e CODE`.

    A file below the current directory keeps its path relative to it (`src/main.ts` is `/src/main.ts`),
    so that errors point at it and nothing else of the machine's paths is told; another one keeps its name.
    """
    if (file is None) == (code is None):
        raise typer.BadParameter("give a FILE, - for standard input, or -e CODE")
    if code is not None:
        return ProgramSource(code, "/eval.ts")
    assert file is not None
    if file == "-":
        return ProgramSource(sys.stdin.read(), "/stdin.ts")
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file}: not UTF-8 text") from error
    return ProgramSource(text, _sandbox_name(path), path.resolve().parent)


def _sandbox_name(path: Path) -> str:
    resolved = path.resolve()
    working = Path.cwd()
    if resolved.is_relative_to(working):
        return "/" + resolved.relative_to(working).as_posix()
    return "/" + resolved.name


def create_resolver(program: ProgramSource, node_modules: Path | None, import_map: Path | None) -> Any:
    """Modules of a program: the source files of its own directory and below, and what the flags mount.

    None when there are none: the program then has no imports but the built-in ones.
    """
    if program.directory is None and node_modules is None and import_map is None:
        return None
    from isolatejs.capabilities.modules.bindings import create_module_resolver

    resolver = create_module_resolver()
    if program.directory is not None:
        resolver = resolver.source_tree(program.prefix, program.directory)
    if node_modules is not None:
        resolver = resolver.mount_node_modules("/node_modules", node_modules)
    if import_map is not None:
        resolver = resolver.import_map(import_map)
    return resolver
