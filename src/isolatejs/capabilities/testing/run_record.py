"""The host's record of one run: checked against what the guest may honestly say, turned into results."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from isolatejs.capabilities.testing.contract import SnapshotCounts
from isolatejs.capabilities.testing.results import (
    SuiteResult,
    TestCase,
    TestError,
    TestEvent,
    TestResult,
    TestRunResult,
)
from isolatejs.errors import GuestProtocolError
from isolatejs.limits import TEST_ERRORS_LIMIT, TESTS_LIMIT
from isolatejs.web.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from isolatejs.capabilities.testing.contract import (
        FailureReport,
        PlannedSuite,
        PlannedTest,
        RunStarted,
        RunSummary,
        SuiteEnded,
        TestEnded,
    )
    from isolatejs.wire.message import EncodedValue

ROOT = 0
"""The file itself as a suite."""


class RunRecord:
    """One run, from its plan to its result. `emit` receives every event in order."""

    def __init__(self, emit: Callable[[TestEvent], None]) -> None:
        self._emit = emit
        self._begun = time.monotonic()
        self._suites: dict[int, PlannedSuite] = {}
        self._plan: dict[int, PlannedTest] = {}
        self._paths: dict[int, tuple[str, ...]] = {ROOT: ()}
        self._below: dict[int, list[int]] = {ROOT: []}
        self._results: dict[int, TestResult] = {}
        self._suite_results: dict[int, SuiteResult] = {}
        self._open_suites: list[int] = []
        self.running: set[int] = set()
        self.hook: tuple[int, str] | None = None
        self.loaded = False
        self._repeated_tests: set[int] = set()
        self._repeated_suites: set[int] = set()

    # --- what the guest tells ----------------------------------------------------------------------
    def start(self, message: RunStarted) -> bool:
        """Take the plan. Ids count up from 1, and a suite comes after the one around it.

        False, and the plan is not taken, when another sandbox goes on with the run and has other tests.
        """
        if self.loaded:
            raise GuestProtocolError("a test run started twice")
        if len(message.tests) > TESTS_LIMIT or len(message.suites) > TESTS_LIMIT:
            raise GuestProtocolError(f"a test file defines more than {TESTS_LIMIT} tests or suites")
        if self._plan:
            self.loaded = _names(message.suites, message.tests) == _names(
                list(self._suites.values()), list(self._plan.values())
            )
            return self.loaded
        for number, suite in enumerate(message.suites, 1):
            if suite.id != number or suite.parent not in self._paths:
                raise GuestProtocolError("the suites of a test run are out of order")
            self._suites[suite.id] = suite
            self._paths[suite.id] = (*self._paths[suite.parent], suite.name)
            self._below[suite.id] = []
        for number, test in enumerate(message.tests, 1):
            if test.id != number or test.suite not in self._paths:
                raise GuestProtocolError("the tests of a test run are out of order")
            self._plan[test.id] = test
            self._below[test.suite].append(test.id)
        self.loaded = True
        self._emit(TestEvent("runStart", test_count=len(self._plan), suite_count=len(self._suites)))
        return True

    def start_suite(self, suite_id: int) -> None:
        if suite_id in self._repeated_suites:
            if suite_id in self._open_suites:
                self._repeated_suites.discard(suite_id)
            return
        suite = self._suites.get(suite_id)
        if suite is None or suite_id in self._open_suites or suite_id in self._suite_results:
            raise GuestProtocolError("a suite started that is not to start")
        self._open_suites.append(suite_id)
        self._emit(TestEvent("suiteStart", suite=self._suite(suite_id, 0.0, (), counted=False)))

    def end_suite(self, message: SuiteEnded, decode: Callable[[EncodedValue], Any]) -> None:
        if message.suite in self._repeated_suites:
            return
        if message.suite not in self._open_suites:
            raise GuestProtocolError("a suite ended that has not started")
        self._close_suite(message.suite, message.duration_ms, self._errors(message.errors, decode))

    def start_test(self, test_id: int) -> PlannedTest:
        test = self._plan.get(test_id)
        if test is None or test_id in self._results or test_id in self.running:
            raise GuestProtocolError("a test started that is not to start")
        self.running.add(test_id)
        self.hook = None
        self._emit(TestEvent("testStart", test=self.case(test)))
        return test

    def end_test(self, message: TestEnded, decode: Callable[[EncodedValue], Any]) -> None:
        if message.test in self._repeated_tests:
            return
        test = self._plan.get(message.test)
        if test is None or message.test in self._results:
            raise GuestProtocolError("a test ended that is not to end")
        if test.line is None and message.line is not None:
            test = self._plan[test.id] = msgspec.structs.replace(
                test, line=message.line, column=message.column
            )
        errors = self._errors(message.errors, decode, test)
        if message.status == "fail" and not errors:
            errors = (TestError("The test failed without an error"),)
        self._finish(test, message.status, message.duration_ms, errors, message.retries, message.reason)

    # --- the end -----------------------------------------------------------------------------------
    def fail_running(self, error: TestError) -> tuple[TestError, ...]:
        """The sandbox is gone: tests under way, or those whose hook was, fail with this error.

        Returns it when there is no test to take it.
        """
        spoiled = set(self.running)
        if self.hook is not None and not spoiled:
            spoiled = {
                test for test in self._plan if self._is_in(test, self.hook[0]) and test not in self._results
            }
        self.hook = None
        for number in sorted(spoiled):
            test = self._plan[number]
            self._finish(test, "fail", 0.0, (_placed(error, test),), 0, None)
        return () if spoiled else (error,)

    def skip_rest(self, reason: str) -> None:
        """Give a result to every test that has none, and an end to every suite."""
        for test in self._plan.values():
            if test.id not in self._results:
                status = "todo" if test.plan == "todo" else "skip"
                self._finish(test, status, 0.0, (), 0, reason if test.plan == "run" else None)
        for suite_id in reversed(list(self._open_suites)):
            self._close_suite(suite_id, 0.0, ())

    @property
    def settled(self) -> int:
        """How many tests have a result."""
        return len(self._results)

    def unfinished(self) -> list[int]:
        """Tests that were to run and have no result."""
        return [
            test.id for test in self._plan.values() if test.plan == "run" and test.id not in self._results
        ]

    def failures(self) -> int:
        """How many tests failed."""
        return sum(result.status == "fail" for result in self._results.values())

    def go_on_elsewhere(self) -> None:
        """Another sandbox loads the file again and runs the rest: what it repeats is heard only once."""
        self.loaded = False
        self._repeated_tests = set(self._results)
        self._repeated_suites = {*self._open_suites, *self._suite_results}

    def result(
        self,
        summary: RunSummary | None,
        decode: Callable[[EncodedValue], Any],
        extra_errors: Sequence[TestError] = (),
    ) -> TestRunResult:
        """The result. Tests that the guest forgot, because the program broke its framework, did not pass."""
        if any(test not in self._results for test in self._plan):
            text = "the run ended without a result of this test"
            extra_errors = (*extra_errors, *self.fail_running(TestError(text, stack=f"Error: {text}")))
            self.skip_rest(text)
        errors = (*self._errors(summary.errors, decode), *extra_errors) if summary else tuple(extra_errors)
        tests = tuple(self._results[number] for number in self._plan)
        counts = _count(tests)
        coverage = decode(summary.coverage) if summary is not None and summary.coverage is not None else None
        result = TestRunResult(
            success=counts["failed"] == 0
            and not errors
            and not any(s.errors for s in self._suite_results.values()),
            **counts,
            snapshots=SnapshotCounts() if summary is None else summary.snapshots,
            duration_ms=(time.monotonic() - self._begun) * 1000,
            suites=tuple(
                self._suite_results[number] for number in self._suites if number in self._suite_results
            ),
            tests=tests,
            errors=errors,
            inline_snapshots=tuple(summary.inline_snapshots) if summary else (),
            coverage=coverage if isinstance(coverage, dict) else None,
        )
        self._emit(TestEvent("runEnd", result=result))
        return result

    @property
    def planned(self) -> tuple[TestCase, ...]:
        """Every test of the file, in order."""
        return tuple(self.case(test) for test in self._plan.values())

    # --- parts -------------------------------------------------------------------------------------
    def case(self, test: PlannedTest) -> TestCase:
        path = self._paths[test.suite]
        return TestCase(test.id, test.name, " > ".join((*path, test.name)), path, test.line, test.column)

    def _finish(
        self,
        test: PlannedTest,
        status: Any,
        duration_ms: float,
        errors: tuple[TestError, ...],
        retries: int,
        reason: str | None,
    ) -> None:
        case = self.case(test)
        result = TestResult(
            case.id,
            case.name,
            case.full_name,
            case.suite_path,
            case.line,
            case.column,
            status,
            max(0.0, duration_ms),
            errors,
            retries,
            reason,
        )
        self.running.discard(test.id)
        self._results[test.id] = result
        self._emit(TestEvent("testEnd", test=result))

    def _close_suite(self, suite_id: int, duration_ms: float, errors: tuple[TestError, ...]) -> None:
        self._open_suites.remove(suite_id)
        self.hook = None
        result = self._suite(suite_id, duration_ms, errors, counted=True)
        self._suite_results[suite_id] = result
        self._emit(TestEvent("suiteEnd", suite=result))

    def _suite(
        self, suite_id: int, duration_ms: float, errors: tuple[TestError, ...], *, counted: bool
    ) -> SuiteResult:
        path = self._paths[suite_id]
        tests = (
            [self._results[test] for test in self._results if self._is_in(test, suite_id)] if counted else []
        )
        return SuiteResult(
            name=path[-1],
            path=path[:-1],
            full_name=" > ".join(path),
            depth=len(path) - 1,
            **_count(tests),
            duration_ms=duration_ms,
            errors=errors,
            line=self._suites[suite_id].line,
        )

    def _is_in(self, test_id: int, suite_id: int) -> bool:
        """Whether a test is in a suite or below it."""
        current = self._plan[test_id].suite
        while current not in (suite_id, ROOT):
            current = self._suites[current].parent
        return current == suite_id

    def _errors(
        self,
        reports: Sequence[FailureReport],
        decode: Callable[[EncodedValue], Any],
        test: PlannedTest | None = None,
    ) -> tuple[TestError, ...]:
        errors = (_error(report, decode) for report in reports[:TEST_ERRORS_LIMIT])
        return tuple(error if test is None else _placed(error, test) for error in errors)


def _names(suites: Sequence[PlannedSuite], tests: Sequence[PlannedTest]) -> list[tuple[int, int, str]]:
    """What tells one plan from another."""
    return [(suite.id, suite.parent, suite.name) for suite in suites] + [
        (test.id, test.suite, test.name) for test in tests
    ]


def _error(report: FailureReport, decode: Callable[[EncodedValue], Any], depth: int = 0) -> TestError:
    return TestError(
        message=report.message,
        stack=report.stack,
        name=report.name,
        filename=report.filename,
        line=report.line,
        column=report.column,
        source_line=report.source_line,
        matcher_name=report.matcher_name,
        expected=_value(report.expected, decode),
        actual=_value(report.actual, decode),
        diff=report.diff,
        cause=_error(report.cause, decode, depth + 1) if report.cause is not None and depth < 8 else None,
    )


def _value(encoded: EncodedValue | None, decode: Callable[[EncodedValue], Any]) -> Any:
    """A compared value; `undefined` is None, as in the value of `eval`."""
    value = None if encoded is None else decode(encoded)
    return None if value is UNDEFINED else value


def _placed(error: TestError, test: PlannedTest) -> TestError:
    """An error without a place of its own belongs where its test is defined."""
    if error.line is not None or test.line is None:
        return error
    return replace(error, line=test.line, column=test.column)


def _count(tests: Sequence[TestResult]) -> dict[str, Any]:
    by_status = {"pass": 0, "fail": 0, "skip": 0, "todo": 0}
    for test in tests:
        by_status[test.status] += 1
    return {
        "passed": by_status["pass"],
        "failed": by_status["fail"],
        "skipped": by_status["skip"],
        "todo": by_status["todo"],
        "total": len(tests),
    }
