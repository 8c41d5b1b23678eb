"""Which files the snapshots of a test file may be.

A test is hostile, and what it leaves in a project is found by other tools: pytest imports `conftest.py` and
runs doctests of `test*.txt`, Jest and Vitest execute `NAME.snap` when a test file is called NAME, npm, Nx and
TypeScript read JSON files of certain names, site generators execute the front matter of a page. So only files
that no tool executes or collects are ever written, and only where snapshots are kept.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

SNAPSHOT_FOLDERS: Final = frozenset({"__snapshots__", "__file_snapshots__"})
"""Folders that hold nothing but snapshots, so that a file in them may be replaced."""

INERT_ENDINGS: Final = frozenset(
    {".snap", ".txt", ".out", ".log", ".golden", ".expected", ".csv", ".css", ".html", ".svg", ".json"}
)
"""Endings of text that is only looked at. Scripts, Markdown (which site generators execute), YAML and TOML
(which deployment tools apply by the folder), SQL and patches (which migrations apply) are not among them."""

_NAME: Final = re.compile(r"\w(?:[\w @+=,().-]{0,200}[\w)])?")
"""A plain name: not hidden, and the same on file systems that drop trailing dots and spaces."""
_FOLDER: Final = re.compile(r"\w(?:[\w @+=,()-]{0,200}[\w)])?")
"""A folder's name has no dot: Python loads plugins that a text in `x.dist-info` or `x.egg-info` names."""
_COLLECTED_TEXTS: Final = re.compile(r"^test|requirements|constraints|cmakelists|entry_points|top_level")
"""Names of .txt files that pytest (doctests), pip, CMake and Python's package metadata look for."""
_DOCTEST: Final = re.compile(r"^[ \t]*>>>", re.MULTILINE)
"""What pytest executes in text files, of which names a project decides."""


def own_snapshot_path(test_path: str) -> str | None:
    """`/a/__snapshots__/b.test.ts.snap` of `/a/b.test.ts`; None when that is not a path."""
    if not _is_normal(test_path) or test_path == "/":
        return None
    folder, name = posixpath.split(test_path)
    return posixpath.join(folder, "__snapshots__", f"{name}.snap")


def in_snapshot_folder(path: str, test_folder: str) -> bool:
    """Whether a file below the test file's folder is in a folder for snapshots."""
    return any(part in SNAPSHOT_FOLDERS for part in _below(path, test_folder)[:-1])


def read_refusal(path: str, test_folder: str) -> str | None:
    """Why a file cannot be compared with, None when it can: any file of the project that is not hidden."""
    if not _is_normal(path):
        return "the path is not an absolute, normal one"
    parts = _below(path, test_folder) or path[1:].split("/")
    if any(part.startswith(".") for part in parts):
        return "hidden files are not snapshots"
    return None


def write_refusal(path: str, test_folder: str) -> str | None:
    """Why a file cannot be written as a file snapshot, None when its name is one that can."""
    below = _below(path, test_folder) if _is_normal(path) else []
    if not below:
        return f"file snapshots are written below {test_folder}, the folder of the test file"
    for part in below[:-1]:
        if _FOLDER.fullmatch(part) is None or part.casefold() == "node_modules":
            return f"{part[:100]!r} is not a plain name of a folder of file snapshots"
    if _NAME.fullmatch(below[-1]) is None:
        return f"{below[-1][:100]!r} is not a plain name of a file snapshot"
    stem, ending = posixpath.splitext(below[-1])
    if ending not in INERT_ENDINGS:
        endings = ", ".join(sorted(INERT_ENDINGS - {".json"}))
        return (
            f"files that end with {ending[:20] or 'nothing'} are compared, but never written, because other tools may "
            f"execute or collect them; written are {endings} and .snap.json (as {below[-1][:100]}.txt)"
        )
    return _collected(stem, ending, is_dedicated=in_snapshot_folder(path, test_folder))


def _collected(stem: str, ending: str, *, is_dedicated: bool) -> str | None:
    """What looks for a file of this name although its ending is inert."""
    if ending == ".snap" and "." in stem:
        return f"{stem[:100]}.snap would be the snapshots of a test file, which Jest and Vitest execute"
    if ending == ".json" and not stem.endswith((".snap", ".snapshot")):
        return f"tools read JSON files by their names: call it {stem[:100]}.snap.json"
    if ending == ".txt" and _COLLECTED_TEXTS.search(stem.casefold()):
        return "other tools look for text files of this name"
    if not is_dedicated and stem.split(".")[0].casefold() == "index":
        return "an index is served for its folder: keep it in __snapshots__"
    return None


def text_refusal(path: str, text: str) -> str | None:
    """Why this text cannot be written: tools execute doctests in text files, and the front matter of a page."""
    if path.endswith(".html") and text.lstrip("\ufeff \t\r\n").startswith("---"):
        return "a page that begins with --- has front matter, which site generators execute"
    if path.endswith(".txt") and _DOCTEST.search(text) is not None:
        return "a line that begins with >>> is a doctest, which pytest may execute: end the name with .out"
    return None


def _is_normal(path: str) -> bool:
    return (
        path.startswith("/") and not path.startswith("//") and "\0" not in path and "\\" not in path
        and posixpath.normpath(path) == path
    )  # fmt: skip


def _below(path: str, folder: str) -> list[str]:
    """The parts of a path below a folder; none when it is not below it."""
    prefix = folder.rstrip("/") + "/"
    return path[len(prefix) :].split("/") if path.startswith(prefix) else []
