"""What a test run gives, and the events that it sends. All of it is plain, frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from isolatejs.capabilities.testing.contract import InlineSnapshot, SnapshotCounts, Status

EventType = Literal["runStart", "suiteStart", "testStart", "testEnd", "suiteEnd", "runEnd"]


@dataclass(frozen=True, slots=True)
class TestError:
    """Why a test failed.

    `message` is what Jest would print. `stack` has the program's frames only; `filename`, `line` and
    `column` (1-based) are the nearest of them in the user's source, `source_line` is its text. For a failed
    assertion `matcher_name` says which, `expected` and `actual` are the compared values (plain data as such,
    anything else as text) and `diff` is their difference in lines, None when it would say no more than the
    message.
    """

    __test__ = False

    message: str
    stack: str = ""
    name: str = "Error"
    filename: str | None = None
    line: int | None = None
    column: int | None = None
    source_line: str | None = None
    matcher_name: str | None = None
    expected: Any = None
    actual: Any = None
    diff: str | None = None
    cause: TestError | None = None


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test before it has a result. `suite_path` holds the names of its suites, outermost first.

    `line` and `column` say where it is defined; None unless the run was asked for locations, or it failed.
    """

    __test__ = False

    id: int
    name: str
    full_name: str
    suite_path: tuple[str, ...]
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class TestResult(TestCase):
    """A test with its result.

    `error` is the first of `errors`. `retries` says how often it was run again, `reason` why it was skipped.
    """

    status: Status = "pass"
    duration_ms: float = 0.0
    errors: tuple[TestError, ...] = ()
    retries: int = 0
    reason: str | None = None

    @property
    def error(self) -> TestError | None:
        return self.errors[0] if self.errors else None


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """A suite. Counts are those of the tests in it and below; 0 in a `suiteStart` event.

    `path` holds the names of the suites around it, `depth` their number. `errors` are those of its hooks.
    """

    name: str
    path: tuple[str, ...]
    full_name: str
    depth: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    todo: int = 0
    total: int = 0
    duration_ms: float = 0.0
    errors: tuple[TestError, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TestRunResult:
    """The result of one file.

    `success` is true when nothing failed: no test, no hook, no loading of the file. `errors` belong to no
    test (the file did not load, an `afterAll` threw, the sandbox died). `inline_snapshots` are places and texts
    as the program tells them: what is not checked against the source is not to be written.
    """

    __test__ = False

    success: bool
    passed: int
    failed: int
    skipped: int
    todo: int
    total: int
    duration_ms: float
    suites: tuple[SuiteResult, ...]
    tests: tuple[TestResult, ...]
    errors: tuple[TestError, ...] = ()
    snapshots: SnapshotCounts = field(default_factory=SnapshotCounts)
    inline_snapshots: tuple[InlineSnapshot, ...] = ()
    coverage: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TestEvent:
    """Something happened in a run.

    runStart has `test_count` and `suite_count`; suiteStart and suiteEnd have `suite`; testStart has `test`
    as a TestCase, testEnd as a TestResult; runEnd has `result`.
    """

    __test__ = False

    type: EventType
    test: TestCase | TestResult | None = None
    suite: SuiteResult | None = None
    result: TestRunResult | None = None
    test_count: int = 0
    suite_count: int = 0
