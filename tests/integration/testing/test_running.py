"""Order, hooks, time limits, retries, and errors that nobody caught."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from isolatejs import AbortController, AbortError, RuntimeDisposedError, create_module_resolver

if TYPE_CHECKING:
    from isolatejs import IsolateHost
    from isolatejs.capabilities.testing.results import TestRunResult
    from isolatejs.host.test_suite_runtime import TestRuntime


def statuses(result: TestRunResult) -> dict[str, str]:
    return {test.full_name: test.status for test in result.tests}


def messages(result: TestRunResult) -> dict[str, str]:
    return {test.full_name: test.error.message if test.error else "" for test in result.tests}


async def test_hooks_run_around_suites_and_tests_in_order(tests: TestRuntime) -> None:
    result = await tests.run("""
        const log = [];
        const hook = name => () => { log.push(name) };
        beforeAll(hook("beforeAll")); beforeAll(async () => { log.push("beforeAll 2") });
        beforeEach(hook("beforeEach")); afterEach(hook("afterEach")); afterAll(hook("afterAll"));
        test("one", () => { log.push("one") });
        describe("inner", () => {
          beforeAll(hook("inner beforeAll")); afterAll(hook("inner afterAll"));
          beforeEach(hook("inner beforeEach")); afterEach(hook("inner afterEach"));
          test("two", () => { log.push("two") });
        });
        test("order", () => {
          expect(log).toEqual([
            "beforeAll", "beforeAll 2", "beforeEach", "one", "afterEach",
            "inner beforeAll", "beforeEach", "inner beforeEach", "two", "inner afterEach", "afterEach", "inner afterAll",
            "beforeEach",
          ]);
        });
    """)
    assert result.success, messages(result)


async def test_failing_hooks_fail_the_tests_they_spoil_and_no_others(tests: TestRuntime) -> None:
    result = await tests.run("""
        describe("all", () => { beforeAll(() => { throw new Error("before all") }); test("a", () => {}); test("b", () => {}) });
        describe("each", () => {
          let n = 0;
          beforeEach(() => { if (n++ === 0) throw new Error("before each") });
          test("a", () => {}); test("b", () => {});
        });
        describe("after", () => { afterEach(() => { throw new Error("after each") }); test("a", () => {}) });
        describe("end", () => { afterAll(() => { throw new Error("after all") }); test("a", () => {}) });
        test("untouched", () => {});
    """)
    assert messages(result) == {
        "all > a": "before all",
        "all > b": "before all",
        "each > a": "before each",
        "each > b": "",
        "after > a": "after each",
        "end > a": "",
        "untouched": "",
    }
    assert [error.message for error in result.errors] == ["after all"]
    assert not result.success


async def test_afterEach_runs_after_a_failure(tests: TestRuntime) -> None:  # noqa: N802
    result = await tests.run("""
        let cleaned = 0;
        afterEach(() => { cleaned++ });
        test("fails", () => { throw new Error("x") });
        test("was cleaned", () => { expect(cleaned).toBe(1) });
    """)
    assert statuses(result) == {"fails": "fail", "was cleaned": "pass"}


async def test_a_test_that_hangs_times_out_alone(tests: TestRuntime) -> None:
    begun = time.monotonic()
    result = await tests.run(
        """
        let aborted = false;
        test("hangs", ({ signal }) => { signal.onabort = () => { aborted = true }; return new Promise(() => {}) });
        test("own limit", () => new Promise(() => {}), 50);
        test("sees the abort", () => { expect(aborted).toBe(true) });
        describe("hook", () => { beforeEach(() => new Promise(() => {}), 50); test("x", () => {}) });
        test("goes on", () => {});
        """,
        timeout_ms=200,
    )
    assert statuses(result) == {
        "hangs": "fail",
        "own limit": "fail",
        "sees the abort": "pass",
        "hook > x": "fail",
        "goes on": "pass",
    }
    assert messages(result)["hangs"].startswith("Exceeded timeout of 200 ms for a test")
    assert messages(result)["own limit"].startswith("Exceeded timeout of 50 ms for a test")
    assert messages(result)["hook > x"].startswith("Exceeded timeout of 50 ms for a hook (beforeEach)")
    assert result.tests[0].error is not None
    assert result.tests[0].error.line == 3
    assert time.monotonic() - begun < 10


async def test_a_test_that_blocks_is_reported_and_nothing_is_lost(tests: TestRuntime) -> None:
    result = await tests.run(
        """
        test("before", () => {});
        describe("suite", () => { test("blocks", () => { while (true) {} }); test("next", () => {}) });
        test("after", () => {});
        test.todo("later");
        """,
        timeout_ms=200,
    )
    assert statuses(result) == {
        "before": "pass",
        "suite > blocks": "fail",
        "suite > next": "skip",
        "after": "skip",
        "later": "todo",
    }
    assert "It never gave control back" in messages(result)["suite > blocks"]
    assert "never gave control back" in (result.tests[3].reason or "")
    assert [suite.name for suite in result.suites] == ["suite"]
    with pytest.raises(RuntimeDisposedError):
        await tests.run("test('a', () => {})")


async def test_the_rest_of_a_file_runs_in_a_successor(host: IsolateHost) -> None:
    """Every test that blocks, or takes all memory, fails alone."""
    events: list[str] = []
    async with host.create_test_runtime() as runtime:
        runtime.test.on_event(lambda event: events.append(event.type))
        result = await runtime.run(
            """
            let loaded = 0; beforeAll(() => { loaded++ });
            test("before", () => {});
            describe("suite", () => {
              test("blocks", () => { while (true) {} });
              test("next", () => { expect(loaded).toBe(1) });
              test.skip("skipped", () => {});
            });
            describe("hook", () => { beforeAll(() => { for (;;) {} }); test("a", () => {}); test("b", () => {}) });
            test("greedy", () => { const hoard = []; for (;;) hoard.push(new Array(100_000).fill(hoard.length)) });
            test.todo("later");
            test("fails", () => { throw new Error("honestly") });
            test("after", () => {});
            test("blocks last", () => { while (true) {} });
            """,
            timeout_ms=500,
            successor=lambda: host.create_test_runtime(memory_limit_mb=128),
        )
    assert statuses(result) == {
        "before": "pass",
        "suite > blocks": "fail",
        "suite > next": "pass",
        "suite > skipped": "skip",
        "hook > a": "fail",
        "hook > b": "fail",
        "greedy": "fail",
        "later": "todo",
        "fails": "fail",
        "after": "pass",
        "blocks last": "fail",
    }
    assert messages(result)["fails"] == "honestly"
    assert "for a hook (beforeAll)" in messages(result)["hook > a"]
    assert "memory_limit_mb" in messages(result)["greedy"]
    assert [(suite.name, suite.passed, suite.failed) for suite in result.suites] == [
        ("suite", 1, 1),
        ("hook", 0, 2),
    ]
    assert result.errors == ()
    assert [events.count(kind) for kind in ("runStart", "suiteStart", "suiteEnd", "testEnd", "runEnd")] == [
        1, 2, 2, 11, 1,
    ]  # fmt: skip


async def test_a_successor_respects_bail(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            "test('a', () => { for (;;) {} }); test('b', () => {})",
            timeout_ms=200,
            bail=1,
            successor=host.create_test_runtime,
        )
    assert statuses(result) == {"a": "fail", "b": "skip"}
    assert result.tests[1].reason == "an earlier test failed"


async def test_a_file_that_is_another_one_when_loaded_again_does_not_go_on(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            "test('a', () => { for (;;) {} }); test(`b ${crypto.randomUUID()}`, () => {})",
            timeout_ms=200,
            successor=host.create_test_runtime,
        )
    assert [test.status for test in result.tests] == ["fail", "skip"]
    assert result.tests[1].reason == "the file defines other tests when it is loaded again"


async def test_a_blocking_hook_fails_its_tests(tests: TestRuntime) -> None:
    result = await tests.run(
        "describe('s', () => { beforeAll(() => { for (;;) {} }); test('a', () => {}); test('b', () => {}) }); test('c', () => {})",
        timeout_ms=200,
    )
    assert statuses(result) == {"s > a": "fail", "s > b": "fail", "c": "skip"}
    assert "for a hook (beforeAll)" in messages(result)["s > a"]


async def test_a_sandbox_out_of_memory_loses_no_result(tests: TestRuntime) -> None:
    result = await tests.run("""
        test("fine", () => {});
        test("greedy", () => { const hoard = []; for (;;) hoard.push(new Array(100_000).fill(hoard.length)) });
        test("rest", () => {});
    """)
    assert statuses(result) == {"fine": "pass", "greedy": "fail", "rest": "skip"}
    assert "memory_limit_mb" in messages(result)["greedy"]


async def test_unhandled_rejections_belong_to_the_test_that_caused_them(tests: TestRuntime) -> None:
    result = await tests.run("""
        test("sync", () => { Promise.reject(new Error("from sync")) });
        test("timer", async () => { setTimeout(() => { throw new Error("from timer") }, 1); await new Promise(r => setTimeout(r, 20)) });
        describe.concurrent("together", () => {
          test("guilty", async () => { await new Promise(r => setTimeout(r, 10)); Promise.reject(new Error("from guilty")); await new Promise(r => setTimeout(r, 10)) });
          test("guilty timer", async () => { setTimeout(() => { throw new Error("from its timer") }, 5); await new Promise(r => setTimeout(r, 20)) });
          test("innocent", async () => { await new Promise(r => setTimeout(r, 30)) });
        });
        test("last", () => {});
    """)
    assert messages(result) == {
        "sync": "from sync",
        "timer": "from timer",
        "together > guilty": "from guilty",
        "together > guilty timer": "from its timer",
        "together > innocent": "",
        "last": "",
    }


async def test_concurrent_tests_run_together_and_keep_their_assertions_apart(tests: TestRuntime) -> None:
    result = await tests.run("""
        const pause = () => new Promise(r => setTimeout(r, 50));
        let running = 0, most = 0;
        const body = (count) => async () => {
          expect.assertions(count);
          most = Math.max(most, ++running);
          await pause();
          for (let i = 0; i < 2; i++) expect(i).toBe(i);
          running--;
        };
        test.concurrent("a", body(2)); test.concurrent("b", body(3)); test.concurrent("c", body(2));
        test("after them", () => { expect(most).toBe(3); expect(running).toBe(0) });
    """)
    assert statuses(result) == {"a": "pass", "b": "fail", "c": "pass", "after them": "pass"}
    assert "Expected three assertions to be called but received two assertion calls" in messages(result)["b"]


async def test_retry_repeats_and_fails(tests: TestRuntime) -> None:
    result = await tests.run("""
        let n = 0, m = 0;
        test("flaky", { retry: 3 }, () => { expect(++n).toBe(3) });
        test("repeated", { repeats: 2 }, () => { m++ });
        test("was repeated", () => { expect(m).toBe(3) });
        test.fails("known bug", () => { expect(1).toBe(2) });
        test.fails("fixed bug", () => {});
    """)
    assert statuses(result) == {
        "flaky": "pass",
        "repeated": "pass",
        "was repeated": "pass",
        "known bug": "pass",
        "fixed bug": "fail",
    }
    assert result.tests[0].retries == 2


async def test_only_skip_and_conditions(tests: TestRuntime) -> None:
    result = await tests.run("""
        test("no", () => { throw new Error() });
        test.only("chosen", () => {});
        describe("d", () => { test.only("too", () => {}); test("not", () => { throw new Error() }) });
        describe.only("all of it", () => { test("x", () => {}); test.skip("y", () => {}) });
        test.only.skipIf(true)("skipped if", () => { throw new Error() });
        test.only("skips itself", ({ skip }) => { skip("not today") });
    """)
    assert statuses(result) == {
        "no": "skip",
        "chosen": "pass",
        "d > too": "pass",
        "d > not": "skip",
        "all of it > x": "pass",
        "all of it > y": "skip",
        "skipped if": "skip",
        "skips itself": "skip",
    }
    assert result.tests[-1].reason == "not today"
    assert result.success


async def test_each_names(tests: TestRuntime) -> None:
    result = await tests.run("""
        test.each([[1, "a"], [2, { b: 1 }]])("%i %s #%#", () => {});
        test.each([{ name: "x", deep: { n: 5 } }])("$name has $deep.n", () => {});
        test.each`a | b
          ${1} | ${"y"}`("$a and $b", ({ a, b }) => { expect([a, b]).toEqual([1, "y"]) });
        describe.each(["p", "q"])("suite %s", (letter) => { test("letter", () => { expect("pq").toContain(letter) }) });
        test.for([[1, 2]])("for %s", ([a, b], { expect }) => { expect(a + b).toBe(3) });
    """)
    assert list(statuses(result)) == [
        "1 a #0",
        '2 {"b": 1} #1',
        "x has 5",
        "1 and y",
        "suite p > letter",
        "suite q > letter",
        "for 1",
    ]
    assert result.success, messages(result)


async def test_soft_failures_are_all_reported(tests: TestRuntime) -> None:
    result = await tests.run(
        "test('soft', () => { expect.soft(1).toBe(2); expect.soft('a').toBe('b'); globalThis.end = true })"
    )
    assert len(result.tests[0].errors) == 2


async def test_bail_stops(tests: TestRuntime) -> None:
    result = await tests.run("test('a', () => { throw 1 }); test('b', () => {}); test('c', () => {})", bail=1)
    assert statuses(result) == {"a": "fail", "b": "skip", "c": "skip"}
    assert result.tests[1].reason == "an earlier test failed"


async def test_abort_ends_the_runtime(tests: TestRuntime) -> None:
    controller = AbortController()
    running = asyncio.ensure_future(
        tests.run("test('a', () => new Promise(() => {}))", signal=controller.signal)
    )
    started = asyncio.Event()
    tests.test.on_event(lambda event: started.set() if event.type == "testStart" else None)
    await started.wait()
    controller.abort()
    with pytest.raises(AbortError):
        await running
    with pytest.raises(RuntimeDisposedError):
        await tests.run("")


async def test_aborted_signal_starts_nothing(tests: TestRuntime) -> None:
    controller = AbortController()
    controller.abort()
    with pytest.raises(AbortError):
        await tests.run("test('a', () => {})", signal=controller.signal)
    assert (await tests.run("test('a', () => {})")).success


async def test_errors_that_come_after_the_end_are_told(tests: TestRuntime) -> None:
    """Their test has its result already, so they are errors of the run, with its name."""
    result = await tests.run("""
        test("quick", () => { setTimeout(() => { throw new Error("late") }, 20) });
        test("slow", () => new Promise(r => setTimeout(r, 60)));
        beforeAll(() => { setTimeout(() => Promise.reject(new Error("of a hook")), 30) });
    """)
    assert statuses(result) == {"quick": "pass", "slow": "pass"}
    causes = sorted(error.cause.message for error in result.errors if error.cause)
    assert causes == ["late", "of a hook"]
    assert any('The test "quick" left an error behind' in error.message for error in result.errors)
    assert not result.success


async def test_soft_failures_of_hooks_count(tests: TestRuntime) -> None:
    result = await tests.run("beforeAll(() => { expect.soft(1).toBe(2) }); test('a', () => {})")
    assert statuses(result) == {"a": "fail"}


async def test_defining_tests_inside_a_test_is_an_error(tests: TestRuntime) -> None:
    result = await tests.run("test('outer', () => { test('inner', () => {}) }); test('next', () => {})")
    assert statuses(result) == {"outer": "fail", "next": "pass"}
    assert "cannot be called inside a test" in messages(result)["outer"]


async def test_describe_that_throws_fails_its_tests(tests: TestRuntime) -> None:
    result = await tests.run(
        "describe('bad', () => { test('a', () => {}); throw new Error('in describe') }); test('b', () => {})"
    )
    assert statuses(result) == {"bad > a": "fail", "b": "pass"}
    assert messages(result)["bad > a"] == "in describe"


async def test_async_describe(tests: TestRuntime) -> None:
    result = await tests.run("""
        describe("later", async () => {
          test("before", () => {});
          await new Promise(r => setTimeout(r, 5));
          test("after", () => {});
        });
        test("outside", () => {});
    """)
    assert statuses(result) == {"later > before": "pass", "later > after": "pass", "outside": "pass"}


async def test_limits_that_the_file_sets_hold(tests: TestRuntime) -> None:
    """Also for the host, which would else take a busy test for a blocked one."""
    result = await tests.run(
        """
        vi.setConfig({ testTimeout: 5000 });
        test("busy", () => { const end = performance.now() + 1500; while (performance.now() < end); });
        """,
        timeout_ms=100,
    )
    assert result.success, messages(result)


async def test_node_assert_tells_what_it_compared(tests: TestRuntime) -> None:
    result = await tests.run(
        "import assert from 'node:assert'; test('a', () => { assert.deepEqual({ a: 1 }, { a: 2 }) })"
    )
    error = result.tests[0].error
    assert error is not None
    assert (error.matcher_name, error.expected, error.actual) == ("deepEqual", {"a": 2}, {"a": 1})


async def test_names_match_in_both_spellings(tests: TestRuntime) -> None:
    code = "describe('s', () => { test('a', () => {}); test('b', () => {}) })"
    for pattern in ("s a$", "^s > a$"):
        assert (await tests.run(code, pattern=pattern)).passed == 1


async def test_describe_may_use_what_the_file_declares_below(tests: TestRuntime) -> None:
    """As in Vitest; bodies that need nothing from below run at once, as in Jest."""
    result = await tests.run("""
        let order = [];
        describe("late", () => { beforeEach(() => {}); for (const name of NAMES) test(name, () => {}) });
        describe("early", () => { order.push("body"); test("now", () => { expect(order).toEqual(["body", "after"]) }) });
        order.push("after");
        const NAMES = ["a", "b"];
    """)
    assert statuses(result) == {"late > a": "pass", "late > b": "pass", "early > now": "pass"}


async def test_programs_find_the_environment_of_a_test_runner(host: IsolateHost) -> None:
    code = "test('t', () => { expect({ ...process.env }).toEqual(EXPECTED) })"
    runner = '{ NODE_ENV: "test", TEST: "true", VITEST: "true", JEST_WORKER_ID: "1" }'
    async with host.create_test_runtime() as runtime:
        assert (await runtime.run(code.replace("EXPECTED", runner))).success
    modules = create_module_resolver().environment({"NODE_ENV": "staging", "TOKEN": "t"})
    own = '{ NODE_ENV: "staging", TOKEN: "t", TEST: "true", VITEST: "true", JEST_WORKER_ID: "1" }'
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        assert (await runtime.run(code.replace("EXPECTED", own))).success
    async with host.create_runtime(bindings={"modules": modules}) as script:
        assert await script.eval("({ ...process.env })") == {"NODE_ENV": "staging", "TOKEN": "t"}
