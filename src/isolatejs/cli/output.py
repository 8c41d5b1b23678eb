"""How console entries, values and errors look on a terminal."""

from __future__ import annotations

import datetime
import logging
import math
import os
import re
import sys
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any, TextIO

from isolatejs.errors import GuestError, IsolateError, LimitError, SandboxCrashedError
from isolatejs.limits import VALUE_NODES_LIMIT
from isolatejs.terminal_text import SafeFormatter, for_terminal, json_text
from isolatejs.web.preview import preview
from isolatejs.web.values import HOLE, UNDEFINED, URL, TypedArray

if TYPE_CHECKING:
    from isolatejs.capabilities.console.bindings import ConsoleEntry

_RED, _YELLOW, _DIM, _BOLD_RED = "31", "33", "2", "1;31"
_LEVEL_STYLES = {"error": _RED, "warn": _YELLOW, "debug": _DIM}
_SILENT_TYPES = frozenset({"groupEnd", "countReset", "clear"})
_JSON_DEPTH = 200
"""Deeper values are cut: readers of JSON have limits, too."""
_TEXTS = (URL, datetime.date, datetime.time)
"""What stands as its text."""
_JSON_INTEGER_BITS = 10_000
"""Python refuses to write out integers of more than 14,000 bits."""
_VALUE_CHARACTERS = 1_000_000
"""Text of one value: more than anybody reads, less than a value that shares its parts can become."""


def wants_color(stream: TextIO) -> bool:
    """Whether to write colours: a terminal, unless NO_COLOR says no or FORCE_COLOR says yes."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def show_warnings() -> None:
    """Warnings on standard error, without what a terminal would act on: they tell messages of programs."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter())
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)


class Terminal:
    """Writes to standard output and error: colours and safe text on a terminal, plain text elsewhere."""

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self.color = wants_color(self._stdout)
        self.has_status = self._stderr.isatty() and os.environ.get("TERM") != "dumb"
        """Whether there is a place for a line that is shown for a while."""
        self._status = ""

    def write_entry(self, entry: ConsoleEntry, *, all_to_stderr: bool = False) -> None:
        """One console entry: warnings, errors and traces to standard error, the rest to standard output."""
        if entry.type in _SILENT_TYPES or (entry.type == "group" and not entry.stdout):
            return
        to_stderr = all_to_stderr or entry.level in ("warn", "error") or entry.type == "trace"
        style = _LEVEL_STYLES.get(entry.level)
        if entry.type == "group":
            style = "1"
        self._write(self._stderr if to_stderr else self._stdout, entry.text, style)

    def write_value(self, value: Any) -> None:
        """The value of a program's last expression, as Python shows it; a string as it is."""
        self._write(self._stdout, value if isinstance(value, str) else bounded_repr(value))

    def write_json(self, document: dict[str, Any]) -> None:
        """One line of JSON. What JSON does not know stands as its text."""
        self._stdout.write(json_text(as_json(document)) + "\n")
        self._stdout.flush()

    def write_notice(self, text: str) -> None:
        """A line of the command itself, for standard error."""
        self._write(self._stderr, text, _DIM)

    def write_line(self, text: str) -> None:
        """A line for standard error as it is."""
        self._write(self._stderr, text)

    def show_status(self, text: str) -> None:
        """One line below all others, until another takes its place; "" takes it away. Only on a terminal."""
        if not self.has_status or text == self._status:
            return
        self._status = text
        self._draw(text)

    def _draw(self, text: str) -> None:
        width = os.get_terminal_size(self._stderr.fileno()).columns or 80
        shown = for_terminal(text)[: max(0, width - 1)]
        self._stderr.write(f"\r\x1b[K{self._styled(shown, _DIM, self._stderr) if shown else ''}")
        self._stderr.flush()

    def write_error(self, error: BaseException) -> None:
        """An error with the place and the source line that it comes from."""
        self._write(
            self._stderr, f"{self._styled('error', _BOLD_RED, self._stderr)}: {describe_error(error)}"
        )

    def _write(self, stream: TextIO, text: str, style: str | None = None) -> None:
        if stream.isatty():
            text = for_terminal(text)
        if style is not None:
            text = self._styled(text, style, stream)
        try:
            if self._status:
                self._draw("")
            stream.write(text + "\n")
            stream.flush()
            if self._status:
                self._draw(self._status)
        except BrokenPipeError:
            # The reader has gone (`isolatejs run x.js | head -1`): end as other commands do.
            _detach(stream)
            raise SystemExit(141) from None

    def _styled(self, text: str, style: str, stream: TextIO) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if wants_color(stream) else text


def describe_error(error: BaseException) -> str:
    """An error as text: for one of the program its stack, the source line and the place in it."""
    if isinstance(error, GuestError):
        return _describe_guest_error(error)
    if isinstance(error, SandboxCrashedError) and error.stderr_tail.strip() not in str(error):
        return f"{error}\n{error.stderr_tail.strip()}"
    if isinstance(error, IsolateError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _describe_guest_error(error: GuestError) -> str:
    headline = f"{error.name}: {error.message}" if error.message else error.name
    lines = [headline]
    frames = _frames(error.stack)
    if error.source_line is not None and error.line is not None:
        number = str(error.line)
        lines.append(f"  {number} | {error.source_line.rstrip()}")
        if error.column is not None:
            lead = re.sub(r"[^\t]", " ", error.source_line[: error.column - 1])
            lines.append(f"  {' ' * len(number)} | {lead}^")
    if frames:
        lines.extend(f"    {frame}" for frame in frames)
    elif error.filename is not None and error.line is not None:
        lines.append(f"    at {error.filename}:{error.line}:{error.column or 1}")
    if isinstance(error.cause, GuestError):
        lines.append(f"Caused by {_describe_guest_error(error.cause)}")
    elif error.cause is not None:
        lines.append(f"Caused by {error.cause if isinstance(error.cause, str) else preview(error.cause)}")
    return "\n".join(lines)


def _frames(stack: str) -> list[str]:
    return [line.strip() for line in stack.splitlines() if line.lstrip().startswith("at ")]


def error_document(error: BaseException) -> dict[str, Any]:
    """An error for `--json`."""
    document: dict[str, Any] = {
        "type": type(error).__name__,
        "name": type(error).__name__,
        "message": str(error),
    }
    if isinstance(error, GuestError):
        document |= {
            "name": error.name,
            "message": error.message,
            "stack": error.stack,
            "filename": error.filename,
            "line": error.line,
            "column": error.column,
            "source_line": error.source_line,
        }
    elif isinstance(error, LimitError):
        document |= {"limit": error.limit, "value": error.value}
    return document


def as_json(value: Any) -> Any:
    """The nearest that JSON has: null for undefined and NaN, arrays for sets and bytes, pairs for other maps.

    What is shared stands at each of its places; past VALUE_NODES_LIMIT parts and a depth of 200 it is cut.
    """
    return _JsonForm().of(value, ())


class _JsonForm:
    def __init__(self) -> None:
        self._left = VALUE_NODES_LIMIT

    def of(self, value: Any, around: tuple[int, ...]) -> Any:
        self._left -= 1
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= _JSON_INTEGER_BITS else preview(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if value is UNDEFINED or value is HOLE:
            return None
        if isinstance(value, bytes | bytearray | memoryview):
            return self._items(list(bytes(value)))
        if isinstance(value, TypedArray):
            return self._items([self.of(item, around) for item in value.tolist()])
        if id(value) in around or len(around) > _JSON_DEPTH or self._left < 0:
            return "[Circular]" if id(value) in around else "[...]"
        inside = (*around, id(value))
        if isinstance(value, Mapping):
            pairs = [(key, self.of(item, inside)) for key, item in value.items()]
            if all(isinstance(key, str) for key, _ in pairs):
                return dict(pairs)
            return [[self.of(key, inside), item] for key, item in pairs]
        if isinstance(value, Set | list | tuple):
            return [self.of(item, inside) for item in value]
        return str(value) if isinstance(value, _TEXTS) else preview(value, _VALUE_CHARACTERS)

    def _items(self, items: list[Any]) -> Any:
        self._left -= len(items)
        return items if self._left >= 0 else "[...]"


def bounded_repr(value: Any) -> str:
    """`repr(value)`, cut where it would be endless: what is shared stands at each of its places."""
    return preview(value, _VALUE_CHARACTERS)


def _detach(stream: TextIO) -> None:
    """Point a stream whose reader has gone to nowhere, so that the exit does not fail on it."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, stream.fileno())
    finally:
        os.close(null)
