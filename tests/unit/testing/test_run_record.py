"""The host's record: what it makes of an honest guest, and what it refuses of a dishonest one."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from isolatejs.capabilities.testing.contract import (
    FailureReport,
    PlannedSuite,
    PlannedTest,
    RunStarted,
    RunSummary,
    SnapshotCounts,
    SuiteEnded,
    TestEnded,
)
from isolatejs.capabilities.testing.results import TestError
from isolatejs.capabilities.testing.run_record import RunRecord
from isolatejs.errors import GuestProtocolError
from isolatejs.wire.message import EncodedValue

if TYPE_CHECKING:
    from isolatejs.capabilities.testing.results import TestEvent

PLAN = RunStarted(
    suites=[PlannedSuite(1, 0, "outer"), PlannedSuite(2, 1, "inner")],
    tests=[PlannedTest(1, 2, "a", "run"), PlannedTest(2, 1, "b", "run"), PlannedTest(3, 0, "c", "todo")],
)
SUMMARY = RunSummary(1.0, [], SnapshotCounts(), [])


def decode(encoded: Any) -> Any:
    return encoded


def record(events: list[TestEvent] | None = None) -> RunRecord:
    made = RunRecord(events.append if events is not None else lambda event: None)
    made.start(PLAN)
    return made


def run_honestly(made: RunRecord) -> None:
    made.start_suite(1)
    made.start_suite(2)
    made.start_test(1)
    made.end_test(TestEnded(1, "pass", 1.0), decode)
    made.end_suite(SuiteEnded(2, 1.0, []), decode)
    made.start_test(2)
    made.end_test(TestEnded(2, "fail", 1.0, [FailureReport("Error", "no", "Error: no")]), decode)
    made.end_suite(SuiteEnded(1, 1.0, []), decode)
    made.end_test(TestEnded(3, "todo", 0.0), decode)


def test_honest_run() -> None:
    events: list[TestEvent] = []
    made = record(events)
    run_honestly(made)
    result = made.result(SUMMARY, decode)
    assert [test.full_name for test in result.tests] == ["outer > inner > a", "outer > b", "c"]
    assert (result.passed, result.failed, result.todo, result.total, result.success) == (1, 1, 1, 3, False)
    assert [(suite.full_name, suite.passed, suite.failed) for suite in result.suites] == [
        ("outer", 1, 1),
        ("outer > inner", 1, 0),
    ]
    assert events[0].type == "runStart"
    assert events[-1].result == result


def test_names_that_look_like_paths_stay_apart() -> None:
    """Two suites of one name are two suites."""
    made = RunRecord(lambda event: None)
    made.start(
        RunStarted([PlannedSuite(1, 0, "s"), PlannedSuite(2, 0, "s")], [PlannedTest(1, 2, "t", "run")])
    )
    made.start_suite(2)
    made.start_test(1)
    made.end_test(TestEnded(1, "pass", 1.0), decode)
    made.end_suite(SuiteEnded(2, 1.0, []), decode)
    assert [suite.total for suite in made.result(SUMMARY, decode).suites] == [1]


def test_early_end_reports_everything() -> None:
    made = record()
    made.start_suite(1)
    made.start_suite(2)
    made.start_test(1)
    loose = made.fail_running(TestError("was running", name="TimeoutError"))
    made.skip_rest("did not run")
    result = made.result(None, decode, loose)
    assert loose == ()
    assert [(test.status, test.reason) for test in result.tests] == [
        ("fail", None),
        ("skip", "did not run"),
        ("todo", None),
    ]
    assert result.tests[0].error is not None
    assert result.tests[0].error.message == "was running"
    assert [suite.name for suite in result.suites] == ["outer", "inner"]


def test_early_end_without_a_test_is_an_error_of_the_run() -> None:
    made = record()
    loose = made.fail_running(TestError("died", name="SandboxCrashedError"))
    made.skip_rest("did not run")
    result = made.result(None, decode, loose)
    assert [error.message for error in result.errors] == ["died"]
    assert not result.success


def test_another_sandbox_goes_on_where_one_died() -> None:
    """It tells of everything once more; what is settled is heard once, and every event comes once."""
    events: list[TestEvent] = []
    made = record(events)
    made.start_suite(1)
    made.start_suite(2)
    made.start_test(1)
    assert made.fail_running(TestError("died")) == ()
    assert made.unfinished() == [2]
    made.go_on_elsewhere()
    assert made.start(PLAN)
    made.start_suite(1)
    made.start_suite(2)
    made.end_test(TestEnded(1, "skip", 0.0), decode)
    made.end_suite(SuiteEnded(2, 1.0, []), decode)
    made.start_test(2)
    made.end_test(TestEnded(2, "pass", 1.0), decode)
    made.end_suite(SuiteEnded(1, 1.0, []), decode)
    made.end_test(TestEnded(3, "todo", 0.0), decode)
    result = made.result(SUMMARY, decode)
    assert [test.status for test in result.tests] == ["fail", "pass", "todo"]
    assert [(suite.name, suite.passed, suite.failed) for suite in result.suites] == [
        ("outer", 1, 1),
        ("inner", 0, 1),
    ]
    assert [event.type for event in events] == [
        "runStart", "suiteStart", "suiteStart", "testStart", "testEnd", "suiteEnd", "testStart", "testEnd",
        "suiteEnd", "testEnd", "runEnd",
    ]  # fmt: skip


def test_another_sandbox_with_other_tests_does_not_go_on() -> None:
    made = record()
    made.go_on_elsewhere()
    assert not made.start(RunStarted(PLAN.suites, PLAN.tests[:2]))
    assert not made.loaded


def test_forgotten_tests_did_not_pass() -> None:
    """A program can break its own framework, but not into success."""
    made = record()
    made.start_test(2)
    result = made.result(SUMMARY, decode)
    assert not result.success
    assert [test.status for test in result.tests] == ["skip", "fail", "todo"]


def test_negative_durations_are_none() -> None:
    made = record()
    made.start_test(2)
    made.end_test(TestEnded(2, "pass", -5.0), decode)
    for test in (1, 3):
        made.end_test(TestEnded(test, "skip", 0.0), decode)
    assert made.result(SUMMARY, decode).tests[1].duration_ms == 0


def test_failure_without_error_gets_one() -> None:
    made = record()
    made.start_test(2)
    made.end_test(TestEnded(2, "fail", 1.0), decode)
    for test in (1, 3):
        made.end_test(TestEnded(test, "skip", 0.0), decode)
    assert made.result(SUMMARY, decode).tests[1].error is not None


LIES = {
    "starting twice": lambda made: made.start(PLAN),
    "an unknown test": lambda made: made.start_test(99),
    "a test twice": lambda made: (made.start_test(1), made.start_test(1)),
    "a result twice": lambda made: (
        made.end_test(TestEnded(1, "pass", 1.0), decode),
        made.end_test(TestEnded(1, "pass", 1.0), decode),
    ),
    "a result of no test": lambda made: made.end_test(TestEnded(0, "pass", 1.0), decode),
    "an unknown suite": lambda made: made.start_suite(0),
    "a suite twice": lambda made: (made.start_suite(1), made.start_suite(1)),
    "the end of a suite that has not begun": lambda made: made.end_suite(SuiteEnded(1, 1.0, []), decode),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_lies_are_refused(lie: Any) -> None:
    with pytest.raises(GuestProtocolError):
        lie(record())


@pytest.mark.parametrize(
    "plan",
    [
        RunStarted([PlannedSuite(2, 0, "s")], []),
        RunStarted([PlannedSuite(1, 1, "its own parent")], []),
        RunStarted([], [PlannedTest(1, 7, "t", "run")]),
        RunStarted([], [PlannedTest(0, 0, "t", "run")]),
        RunStarted([], [PlannedTest(1, 0, "t", "run"), PlannedTest(1, 0, "t", "run")]),
    ],
    ids=["ids", "cycle", "suite", "number", "twice"],
)
def test_plans_out_of_order_are_refused(plan: RunStarted) -> None:
    with pytest.raises(GuestProtocolError):
        RunRecord(lambda event: None).start(plan)


def suites_of(count: int, name: str = "s", *, chained: bool = False) -> list[PlannedSuite]:
    return [PlannedSuite(number, number - 1 if chained else 0, name) for number in range(1, count + 1)]


def test_a_chain_of_suites_within_each_other_is_refused() -> None:
    with pytest.raises(GuestProtocolError, match="too deep"):
        RunRecord(lambda event: None).start(RunStarted(suites=suites_of(20_000, chained=True), tests=[]))


def test_long_names_that_every_test_would_repeat_are_refused() -> None:
    suites = suites_of(1, "x" * 1_000_000)
    tests = [PlannedTest(number, 1, "t", "run") for number in range(1, 10_001)]
    with pytest.raises(GuestProtocolError, match="too long"):
        RunRecord(lambda event: None).start(RunStarted(suites=suites, tests=tests))
    with pytest.raises(GuestProtocolError, match="too long"):
        RunRecord(lambda event: None).start(
            RunStarted(suites=suites_of(99, "x" * 10_000, chained=True), tests=[])
        )


def test_a_plan_keeps_nothing_that_grows_with_depth_times_suites() -> None:
    """Parents are known by their numbers; paths are made when they are told."""
    suites = [PlannedSuite(n, n - 1 if n % 90 != 1 else 0, "s") for n in range(1, 50_001)]
    made = RunRecord(lambda event: None)
    tracemalloc.start()
    made.start(RunStarted(suites=suites, tests=[PlannedTest(1, 90, "t", "run")]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000 * 1_000
    assert len(made.planned[0].suite_path) == 90


def test_ends_of_suites_cost_no_look_at_all_tests() -> None:
    """Time for twice as many suites and tests is about twice as long, not four times."""

    def run(count: int) -> float:
        made = RunRecord(lambda event: None)
        tests = [PlannedTest(n, n, "t", "run") for n in range(1, count + 1)]
        made.start(RunStarted(suites=suites_of(count), tests=tests))
        began = time.process_time()
        for number in range(1, count + 1):
            made.start_suite(number)
            made.start_test(number)
            made.end_test(TestEnded(number, "pass", 1.0), decode)
        for number in range(1, count + 1):
            made.end_suite(SuiteEnded(number, 1.0, []), decode)
        return time.process_time() - began

    small, large = min(run(1_000) for _ in range(3)), min(run(8_000) for _ in range(2))
    assert large < 8 * 3 * max(small, 0.005)


def test_counts_of_suites_include_those_below() -> None:
    events: list[TestEvent] = []
    run_honestly(record(events))
    ends = {event.suite.name: event.suite for event in events if event.type == "suiteEnd" and event.suite}
    assert (ends["inner"].passed, ends["inner"].total) == (1, 1)
    assert (ends["outer"].passed, ends["outer"].failed, ends["outer"].total) == (1, 1, 2)


def test_texts_of_errors_have_a_limit_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isolatejs.capabilities.testing.run_record.TEST_ERROR_TEXTS_LIMIT", 10_000)
    monkeypatch.setattr("isolatejs.capabilities.testing.run_record.TEST_ERROR_VALUES_LIMIT_BYTES", 10_000)
    made = RunRecord(lambda event: None)
    made.start(RunStarted(suites=[], tests=[PlannedTest(n, 0, "t", "run") for n in range(1, 101)]))
    value = EncodedValue(p=msgspec.Raw(b'"' + b"v" * 4_000 + b'"'))
    for number in range(1, 101):
        made.start_test(number)
        report = FailureReport("Error", "m" * 5_000, "s" * 5_000, expected=value)
        made.end_test(TestEnded(number, "fail", 1.0, [report]), lambda encoded: "v" * 4_000)
    result = made.result(SUMMARY, decode)
    errors = [test.errors[0] for test in result.tests]
    assert errors[0].message == "m" * 5_000
    assert errors[0].expected == "v" * 4_000
    assert sum(len(error.message) + len(error.stack) for error in errors) < 10_000 + 100 * 420
    assert sum(error.expected is not None for error in errors) == 2
    assert errors[-1].message == "m" * 200 + "…"


@pytest.mark.parametrize("duration_ms", [float("nan"), float("inf"), -1.0, 1e300])
def test_times_that_are_none(duration_ms: float) -> None:
    made = record()
    made.start_suite(1)
    made.start_test(1)
    made.end_test(TestEnded(1, "pass", duration_ms), decode)
    made.end_suite(SuiteEnded(1, duration_ms, []), decode)
    result = made.result(SUMMARY, decode)
    assert result.tests[0].duration_ms == result.suites[0].duration_ms == 0.0
