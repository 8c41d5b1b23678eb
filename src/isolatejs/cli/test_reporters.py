"""How the results of `isolatejs test` are shown: for machines here, for people in test_pretty."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from isolatejs.cli.output import Terminal, as_json
from isolatejs.terminal_text import json_text, one_line, plain_text

if TYPE_CHECKING:
    from types import TracebackType

    from isolatejs.capabilities.console.bindings import ConsoleEntry
    from isolatejs.capabilities.modules.progress import ModuleProgress
    from isolatejs.capabilities.testing.results import TestError, TestEvent, TestResult, TestRunResult
    from isolatejs.host.test_project import TestFile


class Reporter(ABC):
    """Told what happens; writes to its stream. A context manager: leaving it ends the report."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.started = time.monotonic()

    def file_started(self, file: TestFile) -> None:  # noqa: B027  (not every reporter cares)
        """A file begins to run. Several may run at once."""

    def modules_loaded(self, progress: ModuleProgress) -> None:  # noqa: B027
        """A file waits for its imports; the progress is of the runtime whose key is the file's name."""

    def event(self, file: TestFile, event: TestEvent) -> None:  # noqa: B027
        """Something happened in a running file."""

    def console(self, file: TestFile, entry: ConsoleEntry) -> None:
        """The program of a running file wrote something; beside a report it goes to standard error."""
        Terminal().write_entry(entry, all_to_stderr=True)

    @abstractmethod
    def file_ended(self, file: TestFile, result: TestRunResult) -> None:
        """A file has its result."""

    def close(self) -> None:  # noqa: B027
        """Nothing comes any more."""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def create_reporter(name: str, stream: TextIO, file_count: int) -> Reporter:
    """The reporter of a name: pretty, junit, json or tap."""
    if name == "junit":
        return JUnitReporter(stream)
    if name == "json":
        return JsonReporter(stream)
    if name == "tap":
        return TapReporter(stream)
    from isolatejs.cli.test_pretty import PrettyReporter

    return PrettyReporter(stream, file_count)


def error_text(error: TestError) -> str:
    """Message and stack of an error, and of its causes."""
    text = (
        error.stack
        if error.stack.startswith(f"{error.name}: {error.message}")
        else f"{error.message}\n{error.stack}"
    )
    return text if error.cause is None else f"{text}\nCaused by: {error_text(error.cause)}"


class JsonReporter(Reporter):
    """One JSON document: totals, and every file with its tests and errors."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._files: list[dict[str, Any]] = []
        self._totals = dict.fromkeys(("passed", "failed", "skipped", "todo", "total"), 0)
        self._success = True

    def file_ended(self, file: TestFile, result: TestRunResult) -> None:
        self._success = self._success and result.success
        for name in self._totals:
            self._totals[name] += getattr(result, name)
        self._files.append(
            {
                "file": file.filename.removeprefix("/"),
                "success": result.success,
                "duration_ms": round(result.duration_ms, 3),
                "tests": [self._test(test) for test in result.tests],
                "errors": [self._error(error) for error in result.errors],
            }
        )

    def _test(self, test: TestResult) -> dict[str, Any]:
        return {
            "name": test.name,
            "full_name": test.full_name,
            "suite_path": test.suite_path,
            "status": test.status,
            "duration_ms": round(test.duration_ms, 3),
            "line": test.line,
            "retries": test.retries,
            "reason": test.reason,
            "errors": [self._error(error) for error in test.errors],
        }

    def _error(self, error: TestError) -> dict[str, Any]:
        return {
            "name": error.name,
            "message": error.message,
            "stack": error.stack,
            "filename": error.filename,
            "line": error.line,
            "column": error.column,
            "matcher_name": error.matcher_name,
            "expected": as_json(error.expected),
            "actual": as_json(error.actual),
            "diff": error.diff,
        }

    def close(self) -> None:
        document = {
            "success": self._success,
            **self._totals,
            "duration_ms": round(self.elapsed_s * 1000, 3),
            "files": sorted(self._files, key=lambda entry: str(entry["file"])),
        }
        self.stream.write(json_text(document) + "\n")
        self.stream.flush()


class TapReporter(Reporter):
    """TAP version 14 (https://testanything.org/): a point a test, details in YAML."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._count = 0
        stream.write("TAP version 14\n")

    def file_ended(self, file: TestFile, result: TestRunResult) -> None:
        self.stream.write(f"# {_tap_name(file.filename.removeprefix('/'))}\n")
        for test in result.tests:
            directive = {"skip": " # SKIP", "todo": " # TODO"}.get(test.status, "")
            if directive and test.reason:
                directive += f" {_tap_name(test.reason)}"
            self._point(
                test.status != "fail", f"{_tap_name(test.full_name)}{directive}", test.error, test.duration_ms
            )
        for error in result.errors:
            self._point(False, _tap_name(file.filename.removeprefix("/")), error, 0.0)
        self.stream.flush()

    def _point(self, ok: bool, name: str, error: TestError | None, duration_ms: float) -> None:
        self._count += 1
        self.stream.write(f"{'ok' if ok else 'not ok'} {self._count} - {name}\n")
        self.stream.write(f"  ---\n  duration_ms: {duration_ms:.3f}\n")
        if error is not None:
            self.stream.write(f"  message: {json_text(error.message)}\n")
            if error.line is not None:
                place = f"{error.filename or ''}:{error.line}:{error.column}"
                self.stream.write(f"  at: {json_text(place)}\n")
            self.stream.write(f"  stack: {json_text(error_text(error))}\n")
        self.stream.write("  ...\n")

    def close(self) -> None:
        self.stream.write(f"1..{self._count}\n")
        self.stream.flush()


def _tap_name(name: str) -> str:
    return one_line(" ".join(plain_text(name).split())).replace("\\", "\\\\").replace("#", "\\#")


class JUnitReporter(Reporter):
    """JUnit XML: a testsuite a file."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._suites: dict[str, str] = {}
        self._totals = {"tests": 0, "failures": 0, "skipped": 0, "errors": 0}

    def file_ended(self, file: TestFile, result: TestRunResult) -> None:
        name = file.filename.removeprefix("/")
        counts = {
            "tests": result.total + len(result.errors),
            "failures": result.failed,
            "skipped": result.skipped + result.todo,
            "errors": len(result.errors),
        }
        for key, value in counts.items():
            self._totals[key] += value
        rows = [
            f'  <testsuite name={_attribute(name)} {_numbers(counts)} time="{result.duration_ms / 1000:.3f}">'
        ]
        rows += [self._case(name, test) for test in result.tests]
        for error in result.errors:
            rows.append(f'    <testcase classname={_attribute(name)} name={_attribute(name)} time="0">')
            rows.append(_problem("error", error))
            rows.append("    </testcase>")
        rows.append("  </testsuite>")
        self._suites[name] = "\n".join(rows)

    def _case(self, name: str, test: TestResult) -> str:
        line = f' file={_attribute(name)} line="{test.line}"' if test.line is not None else ""
        head = (
            f"    <testcase classname={_attribute(name)} name={_attribute(test.full_name)}{line} "
            f'time="{test.duration_ms / 1000:.3f}"'
        )
        if test.status == "pass":
            return f"{head}/>"
        if test.status in ("skip", "todo"):
            reason = f" message={_attribute(test.reason)}" if test.reason else ""
            return f"{head}>\n      <skipped{reason}/>\n    </testcase>"
        failures = "\n".join(_problem("failure", error) for error in test.errors)
        return f"{head}>\n{failures}\n    </testcase>"

    def close(self) -> None:
        self.stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self.stream.write(
            f'<testsuites name="isolatejs" {_numbers(self._totals)} time="{self.elapsed_s:.3f}">\n'
        )
        for name in sorted(self._suites):
            self.stream.write(self._suites[name] + "\n")
        self.stream.write("</testsuites>\n")
        self.stream.flush()


_NOT_XML = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, and the control characters that it can but a terminal acts on."""


def _problem(tag: str, error: TestError) -> str:
    attributes = f"message={_attribute(error.message)} type={_attribute(error.name)}"
    return f"      <{tag} {attributes}>{_text(error_text(error))}</{tag}>"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text), {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _numbers(counts: dict[str, int]) -> str:
    return " ".join(f'{key}="{value}"' for key, value in counts.items())
