"""Packages that a program imports, as its checker needs them: their declarations, and where their code lies.

A folder of packages can hold a gigabyte; a checker gets the packages that the program names and what these
depend on, as far as types go: manifests, declarations, TypeScript, JSON. Code is there by name only, since the
checker reads none of it. Manifests are parsed as JSON and nothing else is.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.modules.mounted_tree import MountedTree, OutsideError
from isolatejs.limits import (
    MODULE_MANIFEST_LIMIT_BYTES,
    TYPECHECK_PACKAGE_FILES_LIMIT,
    TYPECHECK_PACKAGES_LIMIT_BYTES,
)
from isolatejs.typechecking.language_server import CheckFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME: Final = r"(?:@[\w.-]{1,214}/)?[\w.-]{1,214}"
_IMPORTED: Final = re.compile(rf"""["']({_NAME})(?=["'/])""")
_PACKAGE_NAME: Final = re.compile(_NAME)
_WITH_CONTENT: Final = (".ts", ".mts", ".cts", ".tsx", ".json")
_BY_NAME: Final = (".js", ".mjs", ".cjs", ".jsx")
_DEPENDENCIES: Final = ("dependencies", "peerDependencies", "optionalDependencies")


@dataclass
class PackageFiles:
    """Files by path below `node_modules`, and links: path -> where it leads, relative to its folder."""

    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def imported_packages(folder: str, texts: Iterable[str], also: Iterable[str] = ()) -> tuple[str, ...]:
    """Names in quotes that are packages of the folder, sorted. A string that only looks like one costs time."""
    names = set(also)
    for text in texts:
        names.update(_IMPORTED.findall(text))
    return tuple(sorted(name for name in names if _is_name(name) and _is_there(folder, name)))


def package_files(folder: str, names: Iterable[str]) -> PackageFiles:
    """The packages of these names with what they depend on. Raises CheckFailedError for too many files."""
    return _Copy(MountedTree(Path(folder))).of(names)


class _Copy:
    def __init__(self, tree: MountedTree) -> None:
        self._tree = tree
        self._found = PackageFiles()
        self._size = 0
        self._done: set[str] = set()

    def of(self, names: Iterable[str]) -> PackageFiles:
        waiting = [("", name) for name in names]
        while waiting:
            importer, name = waiting.pop()
            for wanted in (name, f"@types/{name.removeprefix('@').replace('/', '__')}"):
                place = self._find(importer, wanted)
                if place is not None and place not in self._done:
                    self._done.add(place)
                    waiting += [(place, dependency) for dependency in self._copy(place)]
        return self._found

    def _find(self, importer: str, name: str) -> str | None:
        """Where a package really is, looked for as Node does: upwards from the package that imports it."""
        for folder in _folders_upwards(importer):
            asked = posixpath.join(folder, name)
            try:
                located = self._tree.locate(asked)
            except OutsideError:
                return None
            if located is not None and located.is_directory and located.place:
                if located.place != asked:
                    self._found.links[asked] = posixpath.relpath(
                        located.place, posixpath.dirname(asked) or "."
                    )
                return located.place
        return None

    def _copy(self, place: str) -> list[str]:
        """Take a package's files; the names of its dependencies."""
        folders = [place]
        while folders:
            folder = folders.pop()
            with os.scandir(posixpath.join(self._tree.root, folder)) as entries:
                for entry in entries:
                    path = posixpath.join(folder, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != "node_modules":
                            folders.append(path)
                    elif entry.name.endswith(_WITH_CONTENT):
                        self._take(path)
                    elif entry.name.endswith(_BY_NAME):
                        self._add(path, b"")
        return _dependencies(self._found.files.get(posixpath.join(place, "package.json"), b""))

    def _take(self, path: str) -> None:
        try:
            read = self._tree.read(path)
        except OutsideError:
            return
        if read is not None:
            self._add(path, read[1])

    def _add(self, path: str, content: bytes) -> None:
        self._found.files[path] = content
        self._size += len(content)
        if (
            self._size > TYPECHECK_PACKAGES_LIMIT_BYTES
            or len(self._found.files) > TYPECHECK_PACKAGE_FILES_LIMIT
        ):
            raise CheckFailedError(
                f"the packages that it imports have more than {TYPECHECK_PACKAGES_LIMIT_BYTES} bytes of "
                f"declarations, or more than {TYPECHECK_PACKAGE_FILES_LIMIT} files"
            )


def _is_name(name: str) -> bool:
    """Whether it names a package and not a folder above one."""
    return _PACKAGE_NAME.fullmatch(name) is not None and not any(
        part.startswith(".") for part in name.removeprefix("@").split("/")
    )


def _is_there(folder: str, name: str) -> bool:
    """Whether a package is there, itself or its types."""
    return any(
        Path(folder, wanted).is_dir()
        for wanted in (name, f"@types/{name.removeprefix('@').replace('/', '__')}")
    )


def _folders_upwards(place: str) -> Iterator[str]:
    """The `node_modules` folders to look in, the nearest first; "" is the folder of packages itself."""
    while place:
        if posixpath.basename(place) != "node_modules":
            yield posixpath.join(place, "node_modules")
        place = posixpath.dirname(place)
        if posixpath.basename(place) == "node_modules":
            yield place
            place = posixpath.dirname(place)
    yield ""


def _dependencies(manifest: bytes) -> list[str]:
    if len(manifest) > MODULE_MANIFEST_LIMIT_BYTES:
        return []
    try:
        data: Any = json.loads(manifest)
    except (ValueError, RecursionError):
        return []
    if not isinstance(data, dict):
        return []
    given = [data[kind] for kind in _DEPENDENCIES if isinstance(data.get(kind), dict)]
    return [name for table in given for name in table if _is_name(name)]
