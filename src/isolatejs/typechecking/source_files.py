"""Files of one check: what the program calls them, and where they lie for the checker."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LANGUAGES: Final = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "typescriptreact",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascriptreact",
    ".json": "json",
}
_CONFIGURATION_NAMES: Final = frozenset(
    {"deno.json", "deno.jsonc", "package.json", "tsconfig.json", "jsconfig.json"}
)
"""Never written to disk, so that a program's file cannot become the checker's configuration."""
_NAME_LIMIT: Final = 200


@dataclass(frozen=True)
class SourceFile:
    """One file. `path` is absolute with an extension that the checker knows; `name` is the caller's name."""

    name: str
    path: str
    text: str
    is_asset: bool = False
    """Data that is imported as text or bytes: it lies there, and is no source."""

    @property
    def language(self) -> str:
        return _LANGUAGES[posixpath.splitext(self.path)[1]]

    @property
    def is_code(self) -> bool:
        return not self.is_asset and self.language != "json"

    @property
    def location(self) -> str:
        """Its place in the folder of a configuration."""
        return "root/" + self.path.lstrip("/")

    @property
    def belongs_on_disk(self) -> bool:
        """On disk an import finds it without its extension; configuration files would do harm there."""
        return posixpath.basename(self.path) not in _CONFIGURATION_NAMES


def well_formed(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which no file can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def source_file(name: str, text: str, *, cwd: str = "/") -> SourceFile:
    """A file by the name that the program gives it. Raises ConfigurationError for an impossible name."""
    plain = name.removeprefix("file://")
    if "\0" in plain or not plain.strip("/"):
        raise ConfigurationError(f"filename: {name!r} is not a file name")
    path = posixpath.normpath(posixpath.join("/", cwd, plain)).replace("//", "/")
    if path.endswith(".d.ts") is False and posixpath.splitext(path)[1] not in _LANGUAGES:
        path += ".ts"
    if (
        any(len(part.encode()) > _NAME_LIMIT for part in path.split("/"))
        or len(path.encode()) > 10 * _NAME_LIMIT
    ):
        raise ConfigurationError(f"filename: {name[:40]!r}... is too long")
    return SourceFile(name, path, text)


def asset_file(path: str, text: str) -> SourceFile:
    """A file that programs import as text or bytes."""
    return SourceFile(path, path, text, is_asset=True)


def source_files(
    code: str, filename: str, files: Mapping[str, str] | None, *, always_typescript: bool = False
) -> list[SourceFile]:
    """The program first, which is code whatever its name, then its other files."""
    stem, extension = posixpath.splitext(filename)
    if extension == ".json":
        stem, extension = filename, ".ts"
    elif always_typescript and extension in (".js", ".mjs", ".cjs"):
        extension = ".ts"
    program = replace(source_file(stem + extension, code), name=filename)
    others = [source_file(name, text) for name, text in (files or {}).items()]
    paths: set[str] = set()
    for file in (program, *others):
        if file.path in paths:
            raise ConfigurationError(f"files: {file.path} is given twice")
        paths.add(file.path)
    return [program, *others]
