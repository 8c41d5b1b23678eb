"""What of a directory may be imported: source files, and not whatever else lies beside them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

SOURCE_ENDINGS: Final = frozenset(
    {".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".wasm", ".css", ".graphql", ".gql"}
)
"""Endings of files that hold code. JSON is not among them: it is data, and keys of services are kept in it."""
PROJECT_FILES: Final = (
    "package.json", "deno.json", "deno.jsonc", "jsr.json", "tsconfig.json", "jsconfig.json", "import_map.json",
    "pyproject.toml", ".git",
)  # fmt: skip
"""What makes a directory a project, whose JSON files belong to its sources."""


@dataclass(frozen=True, slots=True)
class SourceRule:
    """Source files that are not hidden; JSON with `json`; and what the patterns of `also` name.

    A pattern (`*.txt`, `data/*.csv`, `.env`) without a slash is one of file names, else of paths below the
    directory. Its `*` does not stand for the dot of a hidden name.
    """

    json: bool = True
    also: tuple[str, ...] = ()

    def refusal(self, path: str, type: str) -> str | None:
        """Why a file cannot be imported, None when it can. `type` is that of the import attributes."""
        parts = path.split("/")
        if any(_names(pattern, parts) for pattern in self.also):
            return None
        if any(part.startswith(".") for part in parts):
            return "hidden files and directories are not imported"
        ending = posixpath.splitext(path)[1].lower()
        if ending == ".json" and type in ("", "json"):
            return (
                None
                if self.json
                else "JSON files are imported in projects only (where there is a package.json)"
            )
        if ending not in SOURCE_ENDINGS:
            return f"only source files are imported, not {ending or 'files without an ending'}"
        if type:
            return f"source files are imported as code, not as {type}"
        return None


def is_project(directory: Path) -> bool:
    """Whether a directory, or one above it, is marked as a project. A home directory is none, nor is `/`."""
    try:
        home = Path.home()
    except RuntimeError:  # an account without one
        home = None
    for folder in (directory, *directory.parents):
        if folder in (home, Path(folder.anchor)):
            return False
        if any((folder / name).exists() for name in PROJECT_FILES):
            return True
    return False


def _names(pattern: str, parts: list[str]) -> bool:
    wanted = pattern.removeprefix("./").split("/")
    if len(wanted) == 1:
        return _matches(wanted[0], parts[-1]) and not any(part.startswith(".") for part in parts[:-1])
    return len(wanted) == len(parts) and all(map(_matches, wanted, parts))


def _matches(pattern: str, name: str) -> bool:
    return fnmatchcase(name, pattern) and name.startswith(".") <= pattern.startswith(".")
