"""Puts inline snapshots into the test file that ran.

The guest names a place and a text, and may lie about both. What is written is a template literal of ours, as
the argument of a snapshot matcher that is called at exactly that place; and a parser confirms, in a sandbox
that has run no program, that the file differs from what it was by that argument alone. Comments, strings and
regular expressions that look like a call are therefore left as they are.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from isolatejs.errors import GuestError, LimitError, SandboxCrashedError
from isolatejs.limits import INLINE_CHECK_TIMEOUT_MS, INLINE_SNAPSHOTS_LIMIT, SNAPSHOT_LIMIT_BYTES
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from isolatejs.capabilities.testing.contract import InlineSnapshot, UpdateMode
    from isolatejs.host.isolate_host import IsolateHost

_logger = program_logger("isolatejs.testing")

_SINGLE_TRIES: Final = 50
"""So many edits are tried one by one when not all of them are right: only a program that lies comes here."""
_CALL: Final = re.compile(
    r"(?:toMatchInlineSnapshot|toThrowErrorMatchingInlineSnapshot)\s*+\(\s*+"
    r"(`(?:[^\\`]|\\[\s\S])*+`|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')?\s*+,?\s*+\)"
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LINE_START: Final = re.compile("\r\n|[\r\n\u2028\u2029]")
"""Where the engine counts a new line."""
_INDENT: Final = re.compile(r"[ \t]*")
_SPECIAL: Final = re.compile(r"`|\\|\$\{|@(?=(?:vitest|jest)-)")
"""What is escaped: Vitest also obeys `@vitest-environment` in the middle of a string."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`literal` in place of the text from `start` to `end`, all that stands between the parentheses."""

    name_at: int
    start: int
    end: int
    literal: str
    text: str


async def insert_snapshots(
    host: IsolateHost,
    path: Path,
    filename: str,
    code: str,
    snapshots: Sequence[InlineSnapshot],
    mode: UpdateMode,
) -> None:
    """Put inline snapshots into the file at `path`, called `filename` in the sandbox, which ran as `code`.

    Nothing happens in the mode "none", or when the file is no longer what ran; with "new" only calls without
    a snapshot get one.
    """
    mine = [snapshot for snapshot in snapshots if snapshot.filename == filename]
    if not mine or mode == "none":
        return
    before = _read_raw(path)
    bare = before.removeprefix("\ufeff")
    if _LINE_END.sub("\n", bare) != code:
        return
    edits = find_edits(bare, mine[:INLINE_SNAPSHOTS_LIMIT], replaces=mode == "all")
    changed, written = bare, 0
    try:
        if edits:
            changed, written = await _apply_checked(host, filename, bare, edits, replaces=mode == "all")
    except (GuestError, LimitError, SandboxCrashedError) as error:
        _logger.warning("%s: its parser failed: %.200s", path.name, error)
    if written and len(changed) <= SNAPSHOT_LIMIT_BYTES and _read_raw(path) == before:
        mark = before[: len(before) - len(bare)]
        _write_raw(path, mark + changed)
    if written < len(mine):
        _logger.warning(
            "%s: inline snapshots that were not written: %d (where they belong, this file has no call of their matcher "
            "that takes a snapshot alone)",
            path.name,
            len(mine) - written,
        )


def find_edits(text: str, snapshots: Sequence[InlineSnapshot], *, replaces: bool) -> list[Edit]:
    """The edits of the snapshots whose place is a matcher's name before parentheses, in the file's order."""
    starts = [0, *(match.end() for match in _LINE_START.finditer(text))]
    line_end = "\r\n" if "\r\n" in text else "\n"
    edits: dict[int, Edit] = {}
    at_place = {(snapshot.line, snapshot.column): snapshot for snapshot in snapshots}  # the last one counts
    line, columns = 0, _Columns("")
    for _, snapshot in sorted(at_place.items()):
        if not 1 <= snapshot.line <= len(starts):
            continue
        begin = starts[snapshot.line - 1]
        if snapshot.line != line:
            end = starts[snapshot.line] if snapshot.line < len(starts) else len(text)
            line, columns = snapshot.line, _Columns(text[begin:end])
        name_at = begin + columns.code_points(snapshot.column - 1)
        call = _CALL.match(text, name_at)
        if call is None or (call.group(1) is not None and not replaces):
            continue
        start = text.index("(", name_at) + 1
        indent = _INDENT.match(text, begin)
        content = _content(snapshot.snapshot, "" if indent is None else indent.group())
        literal = "`" + _SPECIAL.sub(lambda match: "\\" + match.group(), content) + "`"
        edits[name_at] = Edit(
            name_at, start, call.end() - 1, literal.replace("\n", line_end), _LINE_END.sub("\n", content)
        )
    return [edits[place] for place in sorted(edits)]


async def _apply_checked(
    host: IsolateHost, filename: str, text: str, edits: list[Edit], *, replaces: bool
) -> tuple[str, int]:
    """The text with the edits that a parser confirms, and how many they are."""
    async with host.create_test_runtime(execution_timeout_ms=INLINE_CHECK_TIMEOUT_MS) as runtime:

        async def confirms(chosen: list[Edit]) -> bool:
            texts = [edit.text for edit in chosen]
            return await runtime.check_inline_snapshots(
                filename, text, _apply(text, chosen), texts, replaces=replaces
            )

        if not await confirms(edits):
            edits = [edit for edit in edits[:_SINGLE_TRIES] if await confirms([edit])]
            if not edits or not await confirms(edits):
                return text, 0
        return _apply(text, edits), len(edits)


def _apply(text: str, edits: Sequence[Edit]) -> str:
    pieces, at = [], 0
    for edit in edits:
        if edit.start < at:
            continue  # within another one: the check will not confirm it
        pieces += [text[at : edit.start], edit.literal]
        at = edit.end
    return "".join([*pieces, text[at:]])


class _Columns:
    """Columns of one line, which the engine counts in UTF-16 code units."""

    def __init__(self, line: str) -> None:
        self._length = len(line)
        self._ends: list[int] | None = None
        if not line.isascii():
            self._ends = list(accumulate(2 if character > "\uffff" else 1 for character in line))

    def code_points(self, utf16_units: int) -> int:
        """Where a column is in the text; past the end it is the end."""
        if self._ends is None:
            return max(0, min(utf16_units, self._length))
        return bisect.bisect_right(self._ends, max(0, utf16_units))


def _content(snapshot: str, indent: str) -> str:
    """The snapshot as it stands in the file: several lines are indented, with a line break at both ends."""
    if "\n" not in snapshot:
        return snapshot
    body = "\n".join(f"{indent}  {line}" if line else line for line in snapshot.split("\n"))
    return f"\n{body}\n{indent}"


def _write_raw(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "replace"))


def _read_raw(path: Path) -> str:
    """The file's text with its line ends and its byte order mark."""
    return path.read_bytes().decode("utf-8", "replace")
