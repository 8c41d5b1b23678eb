"""Coverage of all files of a run: added up, written as lcov, summed up in a line a file."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class CoverageReport:
    """Counts by line and by function of every module that a test imported."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines: dict[str, dict[int, int]] = defaultdict(dict)
        self._functions: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)

    def add(self, report: Mapping[str, Any]) -> None:
        """Add what one test file's run counted. Entries that no honest guest sends are left out."""
        for path, counts in report.items():
            if (
                not isinstance(path, str)
                or not isinstance(counts, dict)
                or any(mark in path for mark in "\r\n\0")
            ):
                continue
            lines = self._lines[path]
            for entry in _entries(counts, "lines"):
                match entry:
                    case [int(line), int(count)] if line > 0 and count >= 0:
                        lines[line] = lines.get(line, 0) + count
            functions = self._functions[path]
            for entry in _entries(counts, "functions"):
                match entry:
                    case [str(name), int(line), int(count)] if line > 0 and count >= 0:
                        key = (" ".join(name.split()), line)
                        functions[key] = functions.get(key, 0) + count

    def write(self) -> Path:
        """Write `coverage/lcov.info` (geninfo's tracefile format) and give its path."""
        target = self._root / "coverage" / "lcov.info"
        target.parent.mkdir(exist_ok=True)
        target.write_text("".join(self._record(path) for path in sorted(self._lines)), encoding="utf-8")
        return target.relative_to(self._root)

    def _record(self, path: str) -> str:
        functions, lines = self._functions[path], self._lines[path]
        rows = ["TN:", f"SF:{path.removeprefix('/')}"]
        rows += [f"FN:{line},{name}" for name, line in functions]
        rows += [f"FNDA:{count},{name}" for (name, _), count in functions.items()]
        rows += [f"FNF:{len(functions)}", f"FNH:{sum(count > 0 for count in functions.values())}"]
        rows += [f"DA:{line},{lines[line]}" for line in sorted(lines)]
        rows += [f"LF:{len(lines)}", f"LH:{sum(count > 0 for count in lines.values())}", "end_of_record"]
        return "\n".join(rows) + "\n"

    def summary(self) -> str:
        """A table: file, share of its lines that ran, lines that did not."""
        rows = []
        for path in sorted(self._lines):
            lines = self._lines[path]
            missed = sorted(line for line, count in lines.items() if count == 0)
            share = 100 * (len(lines) - len(missed)) / len(lines) if lines else 100.0
            rows.append(f"{share:6.1f}%  {path.removeprefix('/')}  {_ranges(missed)}".rstrip())
        return "\n".join(rows) or "no module of the project was imported"


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
