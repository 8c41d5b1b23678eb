"""The host's record of one run: checked against what the guest may honestly say, turned into results."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

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
from isolatejs.limits import (
    INLINE_SNAPSHOTS_LIMIT,
    TEST_DEPTH_LIMIT,
    TEST_ERROR_TEXTS_LIMIT,
    TEST_ERROR_VALUES_LIMIT_BYTES,
    TEST_ERRORS_LIMIT,
    TEST_NAMES_LIMIT,
    TESTS_LIMIT,
)
from isolatejs.web.values import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from isolatejs.capabilities.testing.contract import (
        FailureReport,
        PlannedSuite,
        PlannedTest,
        RunStarted,
        RunSummary,
        Status,
        SuiteEnded,
        TestEnded,
    )
    from isolatejs.wire.message import EncodedValue

ROOT = 0
"""The file itself as a suite."""
_BETWEEN = " > "
"""Stands between the names of suites and of a test."""
_LONGEST_MS = 1e12
_SHORT = 200
"""Characters of a text that are kept when the errors of a run have reached their limit."""


class RunRecord:
    """One run, from its plan to its result. `emit` receives every event in order."""

    def __init__(self, emit: Callable[[TestEvent], None]) -> None:
        self._emit = emit
        self._begun = time.monotonic()
        self._suites: dict[int, PlannedSuite] = {}
        self._plan: dict[int, PlannedTest] = {}
        self._counts: dict[int, Counter[Status]] = {}
        self._error_texts = 0
        self._error_values = 0
        self._results: dict[int, TestResult] = {}
        self._suite_results: dict[int, SuiteResult] = {}
        self._open_suites: dict[int, None] = {}
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
        self._check_plan(message)
        self._suites = {suite.id: suite for suite in message.suites}
        self._counts = {suite.id: Counter() for suite in message.suites}
        self._plan = {test.id: test for test in message.tests}
        self.loaded = True
        self._emit(TestEvent("runStart", test_count=len(self._plan), suite_count=len(self._suites)))
        return True

    def _check_plan(self, message: RunStarted) -> None:
        """Ids are in order, and what the names come to with those around them is within its limit."""
        around = {ROOT: (0, 0)}  # depth, and characters of the full name
        total = 0
        for number, suite in enumerate(message.suites, 1):
            if suite.id != number or suite.parent not in around:
                raise GuestProtocolError("the suites of a test run are out of order")
            depth, length = around[suite.parent]
            around[number] = depth + 1, length + len(suite.name) + len(_BETWEEN)
            total += around[number][1] + depth
            if depth >= TEST_DEPTH_LIMIT or total > TEST_NAMES_LIMIT:
                raise GuestProtocolError("the suites of a test file are too deep or their names too long")
        for number, test in enumerate(message.tests, 1):
            if test.id != number or test.suite not in around:
                raise GuestProtocolError("the tests of a test run are out of order")
            total += around[test.suite][1] + len(test.name)
            if total > TEST_NAMES_LIMIT:
                raise GuestProtocolError("the names of a test file's tests are too long")

    def start_suite(self, suite_id: int) -> None:
        if suite_id in self._repeated_suites:
            if suite_id in self._open_suites:
                self._repeated_suites.discard(suite_id)
            return
        suite = self._suites.get(suite_id)
        if suite is None or suite_id in self._open_suites or suite_id in self._suite_results:
            raise GuestProtocolError("a suite started that is not to start")
        self._open_suites[suite_id] = None
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
        reason = None if message.reason is None else self._text(message.reason)
        self._finish(test, message.status, message.duration_ms, errors, message.retries, reason)

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
                status: Status = "todo" if test.plan == "todo" else "skip"
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
        counts = _counted(Counter(test.status for test in tests))
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
            inline_snapshots=tuple(summary.inline_snapshots[:INLINE_SNAPSHOTS_LIMIT]) if summary else (),
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
        path = self._path(test.suite)
        return TestCase(test.id, test.name, _BETWEEN.join((*path, test.name)), path, test.line, test.column)

    def _path(self, suite_id: int) -> tuple[str, ...]:
        """The names of a suite and of those around it, outermost first."""
        return tuple(reversed([self._suites[number].name for number in self._upwards(suite_id)]))

    def _upwards(self, suite_id: int) -> Iterator[int]:
        while suite_id != ROOT:
            yield suite_id
            suite_id = self._suites[suite_id].parent

    def _finish(
        self,
        test: PlannedTest,
        status: Status,
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
            _duration(duration_ms),
            errors,
            retries,
            reason,
        )
        self.running.discard(test.id)
        self._results[test.id] = result
        for suite_id in self._upwards(test.suite):
            self._counts[suite_id][status] += 1
        self._emit(TestEvent("testEnd", test=result))

    def _close_suite(self, suite_id: int, duration_ms: float, errors: tuple[TestError, ...]) -> None:
        del self._open_suites[suite_id]
        self.hook = None
        result = self._suite(suite_id, duration_ms, errors, counted=True)
        self._suite_results[suite_id] = result
        self._emit(TestEvent("suiteEnd", suite=result))

    def _suite(
        self, suite_id: int, duration_ms: float, errors: tuple[TestError, ...], *, counted: bool
    ) -> SuiteResult:
        path = self._path(suite_id)
        return SuiteResult(
            name=path[-1],
            path=path[:-1],
            full_name=_BETWEEN.join(path),
            depth=len(path) - 1,
            **_counted(self._counts[suite_id] if counted else Counter()),
            duration_ms=_duration(duration_ms),
            errors=errors,
            line=self._suites[suite_id].line,
        )

    def _is_in(self, test_id: int, suite_id: int) -> bool:
        """Whether a test is in a suite or below it."""
        return suite_id == ROOT or suite_id in self._upwards(self._plan[test_id].suite)

    def _errors(
        self,
        reports: Sequence[FailureReport],
        decode: Callable[[EncodedValue], Any],
        test: PlannedTest | None = None,
    ) -> tuple[TestError, ...]:
        errors = [self._error(report, decode) for report in reports[:TEST_ERRORS_LIMIT]]
        return tuple(error if test is None else _placed(error, test) for error in errors)

    def _text(self, given: str) -> str:
        """A text that is kept with the results: cut when all of them have reached their limit."""
        left = max(_SHORT, TEST_ERROR_TEXTS_LIMIT - self._error_texts)
        self._error_texts += min(len(given), left)
        return given if len(given) <= left else f"{given[:left]}…"

    def _error(
        self, report: FailureReport, decode: Callable[[EncodedValue], Any], depth: int = 0
    ) -> TestError:
        text = self._text

        def value(encoded: EncodedValue | None) -> Any:
            """A compared value; `undefined` is None, as in the value of `eval`."""
            if encoded is None:
                return None
            self._error_values += sum(len(part) for part in (encoded.p, encoded.t) if part is not UNSET)
            if self._error_values > TEST_ERROR_VALUES_LIMIT_BYTES:
                return None
            decoded = decode(encoded)
            return None if decoded is UNDEFINED else decoded

        return TestError(
            message=text(report.message),
            stack=text(report.stack),
            name=text(report.name),
            filename=None if report.filename is None else text(report.filename),
            line=report.line,
            column=report.column,
            source_line=None if report.source_line is None else text(report.source_line),
            matcher_name=None if report.matcher_name is None else text(report.matcher_name),
            expected=value(report.expected),
            actual=value(report.actual),
            diff=None if report.diff is None else text(report.diff),
            cause=None
            if report.cause is None or depth >= 8
            else self._error(report.cause, decode, depth + 1),
        )


def _names(suites: Sequence[PlannedSuite], tests: Sequence[PlannedTest]) -> list[tuple[int, int, str]]:
    """What tells one plan from another."""
    return [(suite.id, suite.parent, suite.name) for suite in suites] + [
        (test.id, test.suite, test.name) for test in tests
    ]


def _duration(given_ms: float) -> float:
    """A time that the guest measured: a number of it, whatever it said."""
    return given_ms if 0 <= given_ms <= _LONGEST_MS else 0.0


def _placed(error: TestError, test: PlannedTest) -> TestError:
    """An error without a place of its own belongs where its test is defined."""
    if error.line is not None or test.line is None:
        return error
    return replace(error, line=test.line, column=test.column)


def _counted(by_status: Counter[Status]) -> dict[str, Any]:
    return {
        "passed": by_status["pass"],
        "failed": by_status["fail"],
        "skipped": by_status["skip"],
        "todo": by_status["todo"],
        "total": by_status.total(),
    }
