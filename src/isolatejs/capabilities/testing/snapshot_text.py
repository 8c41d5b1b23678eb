"""The text of a snapshot file, in Jest's format (v1).

Jest and Vitest execute such a file, so the guest never gives its text: it gives names and values, and what
stands here writes them as template literals that hold nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADERS: Final = (
    "// Jest Snapshot v1, https://jestjs.io/docs/snapshot-testing",
    "// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html",
    "// Bun Snapshot v1, https://bun.sh/docs/test/snapshots",
)
_FAMILIES: Final = ("// Jest Snapshot v", "// Vitest Snapshot v", "// Bun Snapshot v")
_LITERAL: Final = r"`([^\\`]*(?:\\[\s\S][^\\`]*)*)`"
_ENTRY: Final = re.compile(rf"^exports\[{_LITERAL}\] = {_LITERAL};$", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\([\s\S])")
_SPECIAL: Final = re.compile(r"`|\\|\$\{")
_DIGITS: Final = re.compile(r"([0-9]+)")


def is_snapshot_file(text: str) -> bool:
    """Whether a file is one that a test runner wrote, or is empty."""
    return not text.strip() or text.startswith(_FAMILIES)


def parse_entries(text: str) -> dict[str, str]:
    """The snapshots of a file by their names."""
    return {_ESCAPED.sub(r"\1", key): _ESCAPED.sub(r"\1", value) for key, value in _ENTRY.findall(text)}


def render_entries(entries: Mapping[str, str], before: str) -> str:
    """The text of a file with these snapshots, under the header of the runner that wrote it before."""
    header = next((HEADERS[i] for i, family in enumerate(_FAMILIES) if before.startswith(family)), HEADERS[0])
    written = (
        f"exports[{template_literal(key)}] = {template_literal(entries[key])};"
        for key in sorted(entries, key=_naturally)
    )
    return f"{header}\n\n" + "\n\n".join(written) + "\n"


def template_literal(text: str) -> str:
    """A JavaScript template literal that means this text and has no substitution."""
    return "`" + _SPECIAL.sub(lambda match: "\\" + match.group(), text) + "`"


def _naturally(key: str) -> list[tuple[int, str]]:
    """Numbers in names count by their value: "test 10" comes after "test 9"."""
    parts = _DIGITS.split(key)
    return [
        (len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (0, part)
        for index, part in enumerate(parts)
    ]
