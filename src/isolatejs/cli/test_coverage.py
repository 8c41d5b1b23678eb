"""Coverage of all files of a run: added up, written as lcov, summed up in a line a file."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError
from isolatejs.limits import (
    COVERAGE_ENTRIES_LIMIT,
    COVERAGE_FUNCTION_LIMIT_CHARACTERS,
    COVERAGE_PATH_LIMIT_CHARACTERS,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


class CoverageReport:
    """Counts by line, function and branch of every module that a test imported.

    A report comes from a guest: what it shares is counted as often as it mentions it, and there is an end to it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines: dict[str, dict[int, int]] = defaultdict(dict)
        self._functions: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        self._branches: dict[str, dict[tuple[int, int], list[int]]] = defaultdict(dict)
        self._kept = 0
        self._left_out = False

    def add(self, report: Mapping[str, Any]) -> None:
        """Add what one test file's run counted. Entries that no honest guest sends are left out."""
        room = COVERAGE_ENTRIES_LIMIT
        for path, counts in report.items():
            if not _is_path(path) or not isinstance(counts, dict):
                continue
            room -= 1 + sum(_size(counts, name) for name in ("lines", "functions", "branches"))
            if room < 0 or self._kept > COVERAGE_ENTRIES_LIMIT:
                self._left_out = True
                return
            before = self._size_of(path)
            lines = self._lines[path]
            for entry in _entries(counts, "lines"):
                match entry:
                    case [int(line), int(count)] if _is_line(line) and _is_count(count):
                        lines[line] = lines.get(line, 0) + count
            functions = self._functions[path]
            for entry in _entries(counts, "functions"):
                match entry:
                    case [str(name), int(line), int(count)] if _is_line(line) and _is_count(count):
                        key = (" ".join(name[:COVERAGE_FUNCTION_LIMIT_CHARACTERS].split()), line)
                        functions[key] = functions.get(key, 0) + count
            branches = self._branches[path]
            for index, entry in enumerate(_entries(counts, "branches")):
                match entry:
                    case [int(line), list(ways)] if _is_line(line) and all(_is_count(way) for way in ways):
                        known = branches.get((line, index), [])
                        branches[line, index] = [a + b for a, b in zip_longest(known, ways, fillvalue=0)]

            self._kept += self._size_of(path) - before

    def _size_of(self, path: str) -> int:
        """How many entries there are of a module."""
        ways = sum(map(len, self._branches[path].values()))
        return 1 + len(self._lines[path]) + len(self._functions[path]) + ways

    def write(self) -> Path:
        """Write `coverage/lcov.info` (geninfo's tracefile format) and give its path. Raises ConfigurationError."""
        target = self._root / "coverage" / "lcov.info"
        for place in (target.parent, target):
            if place.is_symlink():  # a program with the project's files may have made it
                raise ConfigurationError(f"coverage: {place} is a symbolic link, and is not followed")
        target.parent.mkdir(exist_ok=True)
        target.write_text("".join(self._record(path) for path in sorted(self._lines)), encoding="utf-8")
        return target.relative_to(self._root)

    def _record(self, path: str) -> str:
        functions, branches, lines = self._functions[path], self._branches[path], self._lines[path]
        rows = ["TN:", f"SF:{path.removeprefix('/')}"]
        rows += [f"FN:{line},{name}" for name, line in functions]
        rows += [f"FNDA:{count},{name}" for (name, _), count in functions.items()]
        rows += [f"FNF:{len(functions)}", f"FNH:{sum(count > 0 for count in functions.values())}"]
        rows += [
            f"BRDA:{line},{block},{way},{count}"
            for line, block in sorted(branches)
            for way, count in enumerate(branches[line, block])
        ]
        ways = [count for counts in branches.values() for count in counts]
        rows += [f"BRF:{len(ways)}", f"BRH:{sum(count > 0 for count in ways)}"]
        rows += [f"DA:{line},{lines[line]}" for line in sorted(lines)]
        rows += [f"LF:{len(lines)}", f"LH:{sum(count > 0 for count in lines.values())}", "end_of_record"]
        return "\n".join(rows) + "\n"

    def summary(self) -> str:
        """A table: file, shares of its lines and branches that ran, lines where something did not."""
        if not self._lines and not self._left_out:
            return "no module of the project was imported"
        rows = ["  lines  branches"]
        every_line: list[int] = []
        every_way: list[int] = []
        for path in sorted(self._lines):
            lines, branches = self._lines[path], self._branches[path]
            ways = [count for counts in branches.values() for count in counts]
            missed = [line for line in sorted(lines) if lines[line] == 0]
            partly = sorted({line for line, block in branches if 0 in branches[line, block]} - set(missed))
            notes = [_ranges(missed), f"branches in {_ranges(partly)}" if partly else ""]
            rows.append(_row(lines.values(), ways, path.removeprefix("/"), "; ".join(filter(None, notes))))
            every_line += lines.values()
            every_way += ways
        if len(self._lines) > 1:
            rows.append(_row(every_line, every_way, "all files", ""))
        if self._left_out:
            rows.append(f"left out: what is beyond {COVERAGE_ENTRIES_LIMIT} lines, functions and branches")
        return "\n".join(rows)


def _row(lines: Collection[int], ways: Collection[int], name: str, notes: str) -> str:
    return f"{_share(lines):>7}  {_share(ways):>8}  {name}  {notes}".rstrip()


def _share(counts: Collection[int]) -> str:
    """How many of the counts are not zero: "66.7%"."""
    return f"{100 * sum(count > 0 for count in counts) / len(counts):.1f}%" if counts else "-"


def _is_path(path: object) -> bool:
    return isinstance(path, str) and len(path) <= COVERAGE_PATH_LIMIT_CHARACTERS and path.isprintable()


def _is_line(line: int) -> bool:
    return 0 < line < 2**31


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _size(counts: Mapping[str, Any], name: str) -> int:
    """The number of entries of a kind, with the ways of each branch."""
    entries = _entries(counts, name)
    inner = sum(
        len(part) for entry in entries if isinstance(entry, list) for part in entry if isinstance(part, list)
    )
    return len(entries) + inner


def _entries(counts: Mapping[str, Any], name: str) -> list[Any]:
    entries = counts.get(name)
    return entries if isinstance(entries, list) else []


def _ranges(lines: list[int]) -> str:
    """Lines in short: "3-5, 9"."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and parts[-1][1] == line - 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
