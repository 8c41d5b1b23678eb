"""The program that a command runs: its code, the name it has in the sandbox, and the modules beside it."""

from __future__ import annotations

import glob
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.modules.progress import ModuleProgress
    from isolatejs.cli.grants import Permissions


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


NEAREST = Path("auto")
"""Value of a flag that looks for the nearest file: in the program's directory, then above."""


def create_resolver(
    program: ProgramSource,
    permissions: Permissions,
    on_progress: Callable[[ModuleProgress], None] | None = None,
) -> Any:
    """Modules of a program: the source files of its own directory and below, and what the flags mount.

    A flag that is `auto` means the nearest `node_modules`, `import_map.json` or `tsconfig.json`. None when there
    are no modules: the program then has no imports but the built-in ones. Raises typer.BadParameter.
    """
    node_modules = _nearest(program, permissions.node_modules, "node_modules", "--node-modules")
    import_map = _nearest(program, permissions.import_map, "import_map.json", "--import-map")
    tsconfig = _nearest(program, permissions.tsconfig, "tsconfig.json", "--tsconfig")
    if program.directory is None and node_modules is None and import_map is None and tsconfig is None:
        return None
    from isolatejs.capabilities.modules.bindings import create_module_resolver

    resolver = create_module_resolver()
    if program.directory is not None:
        entry = glob.escape(PurePosixPath(program.filename).name)
        sources = permissions.sources_of(program.directory, entry)
        resolver = resolver.source_tree(program.prefix, program.directory, only=sources)
    if node_modules is not None:
        resolver = resolver.mount_node_modules("/node_modules", node_modules)
    if import_map is not None:
        resolver = resolver.import_map(import_map)
    if tsconfig is not None:
        folder = tsconfig.resolve().parent
        root = _seen_at(program, folder)
        if folder != program.directory:
            resolver = resolver.source_tree(root, folder, only=permissions.sources_of(folder))
        resolver = resolver.tsconfig(tsconfig, root=root)
    if on_progress is not None:
        resolver = resolver.on_progress(on_progress)
    return resolver


def _nearest(program: ProgramSource, given: Path | None, name: str, flag: str) -> Path | None:
    """The file that a flag means. Raises typer.BadParameter when it is not there."""
    if given is None:
        return None
    if given != NEAREST:
        if not given.exists():
            raise typer.BadParameter(f"{flag}: {given}: No such file or directory")
        return given
    start = program.directory or Path.cwd()
    for folder in (start, *start.parents):
        if (folder / name).exists():
            return folder / name
    raise typer.BadParameter(f"{flag} auto: there is no {name} in {start} or above")


def _seen_at(program: ProgramSource, folder: Path) -> str:
    """Where the program sees a folder of the host: beside or above its own directory, as far as it has names."""
    seen = PurePosixPath(program.prefix)
    if program.directory is not None and program.directory.is_relative_to(folder):
        for _ in program.directory.relative_to(folder).parts:
            seen = seen.parent
    return seen.as_posix()
