"""What a run gives, and the events on the way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from isolatejs import ConfigurationError, RuntimeDisposedError
from isolatejs.capabilities.testing.results import TestEvent, TestResult

if TYPE_CHECKING:
    from isolatejs.host.test_suite_runtime import TestRuntime

SUITE = """\
describe("math", () => {
  test("adds", () => { expect(1 + 1).toBe(2); });
  describe("deep", () => {
    test("fails", () => {
      const sum: number = 1 + 1;
      expect({ sum }).toEqual({ sum: 3 });
    });
  });
  test.skip("skipped", () => {});
  test.todo("to do");
});
test("outside", async () => {});
"""


async def test_counts_and_tests(tests: TestRuntime) -> None:
    result = await tests.run(SUITE, filename="/math.test.ts")
    assert (result.success, result.passed, result.failed, result.skipped, result.todo, result.total) == (
        False,
        2,
        1,
        1,
        1,
        5,
    )
    assert [(test.full_name, test.status) for test in result.tests] == [
        ("math > adds", "pass"),
        ("math > deep > fails", "fail"),
        ("math > skipped", "skip"),
        ("math > to do", "todo"),
        ("outside", "pass"),
    ]
    assert result.tests[1].name == "fails"
    assert result.tests[1].suite_path == ("math", "deep")
    assert result.duration_ms > 0
    assert result.errors == ()


async def test_suites(tests: TestRuntime) -> None:
    result = await tests.run(SUITE)
    outer, inner = result.suites
    assert (outer.name, outer.path, outer.full_name, outer.depth) == ("math", (), "math", 0)
    assert (outer.passed, outer.failed, outer.skipped, outer.todo, outer.total) == (1, 1, 1, 1, 4)
    assert (inner.name, inner.path, inner.full_name, inner.depth) == ("deep", ("math",), "math > deep", 1)
    assert (inner.failed, inner.total) == (1, 1)


async def test_error_of_a_failed_assertion(tests: TestRuntime) -> None:
    """The place is the user's TypeScript line; the compared values are Python's."""
    result = await tests.run(SUITE, filename="/math.test.ts")
    error = result.tests[1].error
    assert error is not None
    assert error.message.startswith("expect(received).toEqual(expected) // deep equality\n")
    assert (error.matcher_name, error.expected, error.actual) == ("toEqual", {"sum": 3}, {"sum": 2})
    assert (error.filename, error.line, error.source_line) == (
        "/math.test.ts",
        6,
        "      expect({ sum }).toEqual({ sum: 3 });",
    )
    assert error.diff is not None
    assert '-   "sum": 3' in error.diff
    assert "at /math.test.ts:6:" in error.stack
    assert "isolatejs" not in error.stack


async def test_compared_values_that_cannot_cross_are_text(tests: TestRuntime) -> None:
    result = await tests.run("test('f', () => { expect(() => 1).toBe(class A {}) })")
    error = result.tests[0].error
    assert error is not None
    assert (error.expected, error.actual) == ("[Function A]", "[Function anonymous]")


async def test_events_in_order(tests: TestRuntime) -> None:
    seen: list[TestEvent] = []
    off = tests.test.on_event(seen.append)
    result = await tests.run(SUITE)
    off()
    await tests.run("test('later', () => {})")
    assert [
        (event.type, event.test.name if event.test else event.suite.name if event.suite else None)
        for event in seen
    ] == [
        ("runStart", None),
        ("suiteStart", "math"),
        ("testStart", "adds"),
        ("testEnd", "adds"),
        ("suiteStart", "deep"),
        ("testStart", "fails"),
        ("testEnd", "fails"),
        ("suiteEnd", "deep"),
        ("testEnd", "skipped"),
        ("testEnd", "to do"),
        ("suiteEnd", "math"),
        ("testStart", "outside"),
        ("testEnd", "outside"),
        ("runEnd", None),
    ]
    assert (seen[0].test_count, seen[0].suite_count) == (5, 2)
    assert seen[2].test is not None
    assert seen[2].test.full_name == "math > adds"
    assert isinstance(seen[3].test, TestResult)
    assert seen[-1].result == result


async def test_event_handlers_are_best_effort(tests: TestRuntime, caplog: pytest.LogCaptureFixture) -> None:
    """What a handler raises is logged; the run and the other handlers go on."""
    seen: list[str] = []

    def broken(event: TestEvent) -> None:
        raise RuntimeError("handler is broken")

    tests.test.on_event(broken)
    tests.test.on_event(lambda event: seen.append(event.type))
    with caplog.at_level(logging.CRITICAL + 1):
        result = await tests.run("test('a', () => {})")
    assert result.success
    assert seen == ["runStart", "testStart", "testEnd", "runEnd"]


async def test_a_runtime_runs_many_files(tests: TestRuntime) -> None:
    first = await tests.run("globalThis.n = 1; test('a', () => {})")
    second = await tests.run("test('b', () => { expect(globalThis.n).toBe(1) })")
    assert first.success
    assert second.success
    assert [test.name for test in second.tests] == ["b"]


async def test_file_that_does_not_load(tests: TestRuntime) -> None:
    result = await tests.run(
        "test('a', () => {});\nthrow new TypeError('broken file')", filename="/broken.test.js"
    )
    assert not result.success
    assert result.total == 0
    assert (result.errors[0].name, result.errors[0].message) == ("TypeError", "broken file")
    assert (result.errors[0].filename, result.errors[0].line) == ("/broken.test.js", 2)


async def test_syntax_error_has_its_place(tests: TestRuntime) -> None:
    result = await tests.run("test('a', () => {});\nconst = 5;", filename="/broken.test.js")
    assert result.errors[0].name == "SyntaxError"
    assert (result.errors[0].filename, result.errors[0].line) == ("/broken.test.js", 2)


async def test_pattern_and_ids(tests: TestRuntime) -> None:
    result = await tests.run(SUITE, pattern="math (adds|deep)")
    assert [test.name for test in result.tests if test.status in ("pass", "fail")] == ["adds", "fails"]
    assert result.tests[4].reason == "its name does not match the pattern"
    result = await tests.run(SUITE, ids=[5])
    assert [test.name for test in result.tests if test.status == "pass"] == ["outside"]


async def test_collect_runs_nothing(tests: TestRuntime) -> None:
    cases = await tests.collect(
        "test('a', () => { throw new Error('ran') });\ndescribe('s', () => test('b', () => {}));",
        "/c.test.js",
    )
    assert [(case.full_name, case.line) for case in cases] == [("a", 1), ("s > b", 2)]


async def test_wrong_arguments_are_refused(tests: TestRuntime) -> None:
    with pytest.raises(ConfigurationError, match="code must be a str"):
        await tests.run(5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="timeout_ms"):
        await tests.run("", timeout_ms=-1)
    with pytest.raises(ConfigurationError, match="update_snapshots"):
        await tests.run("", update_snapshots="some")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="pattern"):
        await tests.run("", pattern=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="ids"):
        await tests.run("", ids=["x"])  # type: ignore[list-item]


async def test_disposed_runtime_refuses(tests: TestRuntime) -> None:
    await tests.dispose(reason="enough")
    with pytest.raises(RuntimeDisposedError, match="enough"):
        await tests.run("test('a', () => {})")


async def test_diagnostics(tests: TestRuntime) -> None:
    assert (await tests.diagnostics())["test"] == {"registered_tests": 0, "last_run": None}
    await tests.run(SUITE)
    facts = (await tests.diagnostics())["test"]
    assert facts["registered_tests"] == 5
    assert facts["last_run"]["failed"] == 1
