"""`host.create_test_runtime()`: runs test files inside a sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import msgspec

from isolatejs.capabilities.events import call_event_handler
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.capabilities.testing.contract import CheckInlineSnapshots, RunTests
from isolatejs.capabilities.testing.host import OtherTestsError, TestingGrant
from isolatejs.capabilities.testing.results import TestError, TestRunResult
from isolatejs.capabilities.testing.run_record import RunRecord
from isolatejs.errors import (
    ConfigurationError,
    ExecutionTimeoutError,
    GuestError,
    IsolateError,
    LimitError,
    RuntimeDisposedError,
    SandboxCrashedError,
)
from isolatejs.host.options import check_milliseconds, check_positive_integer
from isolatejs.host.snapshot_files import TreeSnapshotFiles
from isolatejs.limits import HOOK_TIMEOUT_MS, TEST_CONCURRENCY, TEST_LOAD_TIMEOUT_MS, TEST_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from isolatejs.capabilities.testing.contract import RunSummary, UpdateMode
    from isolatejs.capabilities.testing.host import TestingHost
    from isolatejs.capabilities.testing.results import TestCase, TestEvent
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.web import AbortSignal

DEFAULT_FILENAME = "/index.test.ts"
Successor: TypeAlias = "Callable[[], AbstractAsyncContextManager[TestRuntime]]"
"""Gives a fresh test runtime with the same bindings, in which the rest of a file runs."""


class TestEvents:
    """Who listens to the events of test runs."""

    __test__ = False

    def __init__(self, live: LiveRuntime) -> None:
        self._live = live
        self._handlers: dict[object, Callable[[TestEvent], Any]] = {}

    def on_event(self, handler: Callable[[TestEvent], Any]) -> Callable[[], None]:
        """Call `handler` with every event (see TestEvent), synchronously and in order. Gives the way to stop.

        What it raises is logged and goes no further; an awaitable that it returns runs on by itself.
        """
        if not callable(handler):
            raise ConfigurationError(f"on_event: a callable, not {type(handler).__name__}")
        handlers = self._handlers
        listener = object()
        handlers[listener] = handler

        def off() -> None:
            handlers.pop(listener, None)

        return off

    def emit(self, event: TestEvent) -> None:
        for handler in list(self._handlers.values()):
            call_event_handler(handler, event, logger=self._live.scope.logger)


class TestRuns:
    """Test runs in one live runtime that has the testing capability."""

    __test__ = False

    def __init__(self, live: LiveRuntime) -> None:
        self._live = live
        self.events = TestEvents(live)
        self._last: TestRunResult | None = None
        self._registered = 0
        self._busy = False

    async def run(
        self,
        code: str,
        filename: str,
        *,
        timeout_ms: float | None,
        signal: AbortSignal | None,
        pattern: str | re.Pattern[str] | None = None,
        ids: Sequence[int] | None = None,
        hook_timeout_ms: float | None = None,
        retry: int = 0,
        bail: int = 0,
        max_concurrency: int = TEST_CONCURRENCY,
        update_snapshots: UpdateMode = "new",
        coverage: bool = False,
        locations: bool = False,
        successor: Successor | None = None,
    ) -> TestRunResult:
        """See TestRuntime.run."""
        message = _message(
            code,
            filename,
            timeout_ms=timeout_ms,
            hook_timeout_ms=hook_timeout_ms,
            pattern=pattern,
            ids=ids,
            retry=retry,
            bail=bail,
            max_concurrency=max_concurrency,
            update=update_snapshots,
            coverage=coverage,
            locations=locations,
        )
        record = RunRecord(self.events.emit)
        result = await self._run(message, record, signal, successor)
        self._last = result
        self._registered = result.total
        return result

    async def collect(
        self, code: str, filename: str, *, signal: AbortSignal | None = None
    ) -> tuple[TestCase, ...]:
        """The tests of a file, in order, without running them. Raises GuestError when it does not load."""
        message = _message(code, filename, update="none", list_only=True)
        record = RunRecord(lambda event: None)
        testing = self._testing
        summary, _ = await self._live.execute(
            lambda: testing.run(message, record),
            timeout_ms=self._live.scope.execution_timeout_ms,
            signal=signal,
        )
        if summary.errors:
            first = summary.errors[0]
            raise GuestError(
                first.message,
                name=first.name,
                stack=first.stack,
                filename=first.filename,
                line=first.line,
                column=first.column,
            )
        return record.planned

    async def _run(
        self,
        message: RunTests,
        record: RunRecord,
        signal: AbortSignal | None,
        successor: Successor | None,
    ) -> TestRunResult:
        """Run here, and what is left in one successor after the other, as long as each settles something."""
        runs, part = self, message
        loose: tuple[TestError, ...] = ()
        async with AsyncExitStack() as stack:
            while True:
                settled = record.settled
                try:
                    summary, decode = await runs._run_part(part, record, signal)
                    return record.result(summary, decode, loose)
                except (LimitError, SandboxCrashedError, OtherTestsError) as error:
                    failure, reason = _early_end(record, error, part)
                    over = _is_whole_run(error)
                loose += record.fail_running(failure)
                if message.bail and record.failures() >= message.bail:
                    reason = "an earlier test failed"
                    break
                rest = record.unfinished()
                if over or successor is None or not rest or record.settled == settled:
                    break
                runs = (await stack.enter_async_context(successor()))._runs
                bail = message.bail and message.bail - record.failures()
                part = msgspec.structs.replace(message, ids=rest, bail=bail)
                record.go_on_elsewhere()
        record.skip_rest(reason)
        return record.result(None, lambda encoded: None, loose)

    async def _run_part(
        self, message: RunTests, record: RunRecord, signal: AbortSignal | None
    ) -> tuple[RunSummary, Callable[[Any], Any]]:
        if self._busy:
            raise ConfigurationError("this runtime is running tests already: one run at a time")
        self._busy = True
        testing = self._testing
        try:
            return await self._live.execute(
                lambda: testing.run(message, record),
                timeout_ms=self._live.scope.execution_timeout_ms,
                signal=signal,
            )
        finally:
            self._busy = False

    async def check_inline_snapshots(self, message: CheckInlineSnapshots) -> bool:
        """See TestRuntime.check_inline_snapshots."""
        testing = self._testing
        return await self._live.execute(
            lambda: testing.check_inline_snapshots(message),
            timeout_ms=self._live.scope.execution_timeout_ms,
            signal=None,
        )

    @property
    def _testing(self) -> TestingHost:
        return cast("TestingHost", self._live.halves["testing"])

    def diagnostics(self) -> dict[str, Any]:
        """Tests of the last file, and its result in numbers."""
        last = self._last
        return {
            "registered_tests": self._registered,
            "last_run": None
            if last is None
            else {
                "success": last.success,
                "passed": last.passed,
                "failed": last.failed,
                "skipped": last.skipped,
                "todo": last.todo,
                "total": last.total,
                "duration_ms": last.duration_ms,
            },
        }


def testing_grant(bindings: Any, snapshots: Any = None) -> TestingGrant:
    """What a test runtime with these bindings gets: snapshots, in `snapshots` or else in its files."""
    files = bindings.get("files") if isinstance(bindings, Mapping) else getattr(bindings, "files", None)
    kept = files if snapshots is None else snapshots
    return TestingGrant() if kept is None else TestingGrant(TreeSnapshotFiles(as_file_tree(kept)))


class TestRuntime:
    """One sandbox with the test framework: `describe`, `test`, hooks, `expect`, `mock`."""

    __test__ = False

    def __init__(self, live: LiveRuntime) -> None:
        self._live = live
        self._runs = TestRuns(live)

    @property
    def id(self) -> str:
        """The runtime's id, as callbacks see it in `HostCallContext.runtime_id`."""
        return self._live.runtime_id

    @property
    def disposed(self) -> bool:
        """Whether the handle can no longer be used."""
        return self._live.ended

    @property
    def test(self) -> TestEvents:
        """Events of test runs: `off = runtime.test.on_event(handler)`."""
        return self._runs.events

    async def run(
        self,
        code: str,
        filename: str = DEFAULT_FILENAME,
        *,
        timeout_ms: float | None = None,
        signal: AbortSignal | None = None,
        pattern: str | re.Pattern[str] | None = None,
        ids: Sequence[int] | None = None,
        hook_timeout_ms: float | None = None,
        retry: int = 0,
        bail: int = 0,
        max_concurrency: int = TEST_CONCURRENCY,
        update_snapshots: UpdateMode = "new",
        coverage: bool = False,
        locations: bool = False,
        successor: Successor | None = None,
    ) -> TestRunResult:
        """Load a test file and run what it defines. Every test has a result, whatever they do.

        `timeout_ms` limits each test (default 5 s) and, when given, each hook; a test that is over its time
        fails alone. One that never gives control back ends the sandbox: it fails, and the tests after it
        are reported as skipped, with the reason; unless there is a `successor`, which gives a fresh test
        runtime (`lambda: host.create_test_runtime(...)`) that loads the file again and runs them. `pattern`
        is a JavaScript regular expression on names ("suite test"); `ids` picks tests by their number in the
        file. `bail` stops after that many failures. `update_snapshots` is "new" (write missing ones), "all"
        or "none". `coverage` counts what of the program's modules ran. `locations` tells where every test is
        defined.

        Raises AbortError when `signal` aborts (which ends the runtime), RuntimeDisposedError when it is
        already gone. Failures of tests are in the result, not raised.
        """
        return await self._runs.run(
            code,
            filename,
            timeout_ms=timeout_ms,
            signal=signal,
            pattern=pattern,
            ids=ids,
            hook_timeout_ms=hook_timeout_ms,
            retry=retry,
            bail=bail,
            max_concurrency=max_concurrency,
            update_snapshots=update_snapshots,
            coverage=coverage,
            locations=locations,
            successor=successor,
        )

    async def collect(
        self, code: str, filename: str = DEFAULT_FILENAME, *, signal: AbortSignal | None = None
    ) -> tuple[TestCase, ...]:
        """The tests of a file, in order, without running them. Raises GuestError when it does not load."""
        return await self._runs.collect(code, filename, signal=signal)

    async def check_inline_snapshots(
        self, filename: str, before: str, after: str, snapshots: list[str], *, replaces: bool
    ) -> bool:
        """Whether a changed test file differs by the literals of inline snapshots alone, in this order.

        With `replaces` a call may have had another snapshot. Only a runtime that has run nothing is asked.
        """
        message = CheckInlineSnapshots(
            filename=filename, before=before, after=after, snapshots=snapshots, replaces=replaces
        )
        return await self._runs.check_inline_snapshots(message)

    async def dispose(self, hard: bool = False, reason: str | None = None) -> None:
        """End the sandbox and wait until it is gone. May be called any number of times."""
        message = f"the test runtime {self.id} has been disposed" + (f": {reason}" if reason else "")
        await self._live.aclose(RuntimeDisposedError(message))

    async def diagnostics(self) -> dict[str, Any]:
        """Counts and state, with `test`: the tests of the last file and its result in numbers."""
        return {**self._live.diagnostics(), "test": self._runs.diagnostics()}

    async def __aenter__(self) -> TestRuntime:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dispose()


def _message(
    code: str,
    filename: str,
    *,
    timeout_ms: float | None = None,
    hook_timeout_ms: float | None = None,
    pattern: str | re.Pattern[str] | None = None,
    ids: Sequence[int] | None = None,
    retry: int = 0,
    bail: int = 0,
    max_concurrency: int = 1,
    update: UpdateMode = "new",
    coverage: bool = False,
    list_only: bool = False,
    locations: bool = False,
) -> RunTests:
    if not isinstance(code, str):
        raise ConfigurationError(f"run: code must be a str, not {type(code).__name__}")
    if not isinstance(filename, str) or not filename or "\0" in filename or "\n" in filename:
        raise ConfigurationError("run: filename must be a non-empty str without line breaks")
    if update not in ("new", "all", "none"):
        raise ConfigurationError(f'update_snapshots: "new", "all" or "none", not {update!r}')
    if pattern is not None and not isinstance(pattern, (str, re.Pattern)):
        raise ConfigurationError(f"pattern: a str or a compiled pattern, not {type(pattern).__name__}")
    if ids is not None and not all(type(number) is int for number in ids):
        raise ConfigurationError(f"ids: the numbers of tests, not {ids!r:.80}")
    given_ms = check_milliseconds(timeout_ms, "timeout_ms")
    test_ms = TEST_TIMEOUT_MS if given_ms is None else given_ms
    hook_ms = check_milliseconds(hook_timeout_ms, "hook_timeout_ms")
    if hook_ms is None:
        hook_ms = HOOK_TIMEOUT_MS if given_ms is None else given_ms
    load_ms = TEST_LOAD_TIMEOUT_MS if given_ms is None else max(given_ms, TEST_TIMEOUT_MS)
    return RunTests(
        code=code,
        filename=filename,
        timeout_ms=test_ms,
        hook_timeout_ms=hook_ms,
        load_timeout_ms=load_ms,
        retry=check_positive_integer(retry, "retry", 0),
        bail=check_positive_integer(bail, "bail", 0),
        max_concurrency=check_positive_integer(max_concurrency, "max_concurrency"),
        update=update,
        pattern=pattern.pattern if isinstance(pattern, re.Pattern) else pattern,
        ids=None if ids is None else list(ids),
        list_only=list_only,
        coverage=coverage,
        locations=locations,
    )


def _early_end(record: RunRecord, error: IsolateError, message: RunTests) -> tuple[TestError, str]:
    """What to say of a sandbox that died: to the test that was under way, and to those after it."""
    if isinstance(error, OtherTestsError):
        return TestError(str(error), stack=f"Error: {error}"), str(error)
    if isinstance(error, ExecutionTimeoutError) and not _is_whole_run(error):
        what = "a test" if record.loaded else "loading the test file"
        limit = message.timeout_ms if record.loaded else message.load_timeout_ms
        if record.hook is not None and not record.running:
            what, limit = f"a hook ({record.hook[1]})", message.hook_timeout_ms
        text = (
            f"Exceeded timeout of {limit:g} ms for {what}. "
            "It never gave control back, so the sandbox was ended."
        )
        reason = "the sandbox was ended because a test before it never gave control back"
        return TestError(text, stack=f"TimeoutError: {text}", name="TimeoutError"), reason
    text, name = f"The sandbox died: {error}", type(error).__name__
    reason = f"the sandbox died before it could run: {str(error).splitlines()[0]}"
    return TestError(text, stack=f"{name}: {text}", name=name), reason


def _is_whole_run(error: IsolateError) -> bool:
    """Whether the run as a whole was over its time, and not one test or hook of it."""
    return isinstance(error, ExecutionTimeoutError) and error.limit == "execution_timeout_ms"
