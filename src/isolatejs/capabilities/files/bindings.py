"""What the embedder passes as `files`: directories of the host, memory, fsspec, or an object of its own."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.options import refuse_unknown_keys
from isolatejs.errors import ConfigurationError
from isolatejs.limits import FILE_DEPTH_LIMIT

from .adapted_files import (
    CHANGING_METHODS,
    OPTIONAL_METHODS,
    REQUIRED_METHODS,
    AdaptedFiles,
    FileBindings,
)
from .entries import DirectoryEntry, FileStat
from .file_tree import FileTree
from .fsspec_files import fsspec_files
from .memory_files import MemoryFiles
from .mounted_files import Mount, MountedFiles

if TYPE_CHECKING:
    from .rooted_files import HardLinks

Source = str | os.PathLike[str] | FileTree | FileBindings
"""What can be mounted: a directory of the host, or any other kind of files."""


def create_file_bindings(
    root: str | os.PathLike[str] | None = None,
    allow_write: bool = False,
    *,
    roots: Mapping[str, Source | tuple[Source, str]] | None = None,
    quota_bytes: int | None = None,
    quota_files: int | None = None,
    max_depth: int = FILE_DEPTH_LIMIT,
    hard_links: HardLinks = "refuse",
) -> MountedFiles:
    """Files below directories of the host, and nothing else of it.

    `root` appears to the program as `/`, read-only unless `allow_write`, which also makes it when it is
    missing. `roots` adds or replaces mounts:
    `{"/data": ("/srv/data", "r"), "/out": ("/srv/out", "rw")}`; a source may also be `MemoryFiles`,
    `fsspec_files(...)` or an object of your own, and without rights it is read-only.

    For each directory of the host: `quota_bytes` and `quota_files` bound what it may hold in all (bytes of
    regular files, entries), `max_depth` the levels below it. Links that leave it, special files, and
    regular files with several hard links are refused; `hard_links="read"` lets such files be read,
    `"allow"` also be changed (the other names may be outside of the root).

    A binding may serve several runtimes, which then share its quota. Raises ConfigurationError when a
    directory or an option is wrong.
    """
    if hard_links not in ("refuse", "read", "allow"):
        raise ConfigurationError(f'hard_links is {hard_links!r}; it can be "refuse", "read" or "allow"')
    if not isinstance(allow_write, bool):
        raise ConfigurationError(f"allow_write is {allow_write!r}; it has to be True or False")
    for name, value in (("quota_bytes", quota_bytes), ("quota_files", quota_files)):
        if value is not None and (type(value) is not int or value < 0):
            raise ConfigurationError(f"{name} is {value!r}; it has to be a number of at least 0, or None")
    if type(max_depth) is not int or not 1 <= max_depth <= 1_000:
        raise ConfigurationError(f"max_depth is {max_depth!r}; it has to be from 1 to 1000")

    def tree_of(source: Source, *, writable: bool) -> FileTree:
        if not isinstance(source, (str, os.PathLike)):
            return as_file_tree(source)
        if sys.platform == "win32":
            raise ConfigurationError(
                f"files: a directory of the host ({os.fspath(source)!r}) needs Linux or macOS; on Windows give "
                "MemoryFiles, fsspec_files(...) or an object of your own"
            )
        from .rooted_files import RootedFiles  # which no Windows can load

        directory = Path(source)
        if writable and not directory.exists():
            directory.mkdir(parents=True)
        if not directory.is_dir():
            raise ConfigurationError(f"the files root {str(directory)!r} is no directory")
        return RootedFiles(
            os.fspath(directory),
            quota_bytes=quota_bytes,
            quota_files=quota_files,
            max_depth=max_depth,
            hard_links=hard_links,
        )

    mounts: list[Mount] = []
    if root is not None:
        mounts.append(Mount("/", tree_of(root, writable=allow_write), allow_write))
    for place, entry in (roots or {}).items():
        source, rights = entry if isinstance(entry, tuple) else (entry, "r")
        if rights not in ("r", "rw"):
            raise ConfigurationError(f'the rights of root {place!r} are {rights!r}; they can be "r" or "rw"')
        if root is not None and place == "/":
            raise ConfigurationError('"/" is given twice: as root and in roots')
        try:
            tree = tree_of(source, writable=rights == "rw")
            writable = rights == "rw" and any(tree.rights().values())
            mounts.append(Mount(place.rstrip("/") or "/", tree, writable))
        except OSError as error:
            raise ConfigurationError(f"the mount point {place!r} is no absolute, normal path") from error
    if not mounts:
        raise ConfigurationError("create_file_bindings() needs a root or roots")
    try:
        return MountedFiles(mounts)
    except OSError as error:
        raise ConfigurationError(f"a mount point is no absolute, normal path: {error.filename!r}") from error


def as_file_tree(bindings: object) -> FileTree:
    """What an embedder passed as `files`, as a file tree.

    Takes the result of `create_file_bindings`, any FileTree, a dict with its options, an object with the
    methods of FileBindings, or a dict of such methods. Raises ConfigurationError for anything else.
    """
    if isinstance(bindings, FileTree):
        return bindings
    if isinstance(bindings, Mapping):
        return _from_mapping(bindings)
    missing = [name for name in REQUIRED_METHODS if not callable(getattr(bindings, name, None))]
    if missing:
        raise ConfigurationError(
            f"files: {type(bindings).__name__} has no {', '.join(missing)}; "
            "pass create_file_bindings(...) or an object with read_file, write_file, unlink, readdir, "
            "mkdir, rmdir, stat and rename"
        )
    return AdaptedFiles(bindings)


def _from_mapping(bindings: Mapping[Any, Any]) -> FileTree:
    options = tuple(inspect.signature(create_file_bindings).parameters)
    methods = (*REQUIRED_METHODS, *CHANGING_METHODS, *OPTIONAL_METHODS)
    known = methods if any(name in methods for name in bindings) else options
    refuse_unknown_keys(bindings, list(known), "files")
    if known is methods:
        return as_file_tree(SimpleNamespace(**bindings))
    return create_file_bindings(**bindings)


__all__ = [
    "DirectoryEntry",
    "FileBindings",
    "FileStat",
    "FileTree",
    "MemoryFiles",
    "as_file_tree",
    "create_file_bindings",
    "fsspec_files",
]
