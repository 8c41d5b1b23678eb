"""Host half of the test framework: sends the file, keeps the record, notices a guest that is blocked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.testing import contract
from isolatejs.capabilities.testing.contract import FileMatch, InlineVerdict, RunSummary, RunTests
from isolatejs.capabilities.testing.snapshots import RunSnapshots
from isolatejs.errors import ExecutionTimeoutError, GuestProtocolError, IsolateError, RuntimeDisposedError
from isolatejs.limits import (
    TEST_BLOCKED_GRACE_MS,
    TEST_DEPTH_LIMIT,
    TEST_NAMES_LIMIT,
    TEST_WATCH_INTERVAL_MS,
    TESTS_LIMIT,
)
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.capabilities.testing.contract import (
        CheckInlineSnapshots,
        HookBegun,
        MatchFile,
        ReadSnapshots,
        RunStarted,
        SuiteEnded,
        SuiteStarted,
        TestEnded,
        TestStarted,
        WriteSnapshots,
    )
    from isolatejs.capabilities.testing.run_record import RunRecord
    from isolatejs.capabilities.testing.snapshots import SnapshotFiles
    from isolatejs.channel.incoming import IncomingCall, IncomingNote


_KIND_LIMIT = 40
"""Characters of a hook's kind, which errors tell."""


class OtherTestsError(IsolateError):
    """A file that was loaded again, to go on where a sandbox died, is not the file that it was."""


@dataclass(frozen=True, slots=True)
class TestingGrant:
    """What the test runtime gives this half. `snapshots` is None when there is no place for snapshots."""

    __test__ = False

    snapshots: SnapshotFiles | None = None


class TestingHost:
    """One per test runtime; one run at a time."""

    __test__ = False
    name: ClassVar[str] = "testing"
    contract: ClassVar[Any] = contract

    def __init__(self, granted: TestingGrant | None, scope: RuntimeScope) -> None:
        self._files = granted.snapshots if granted is not None else None
        self._snapshots: RunSnapshots | None = None
        self._scope = scope
        self._record: RunRecord | None = None
        self._budget_ms = 0.0
        self._since = 0.0

    def grant(self) -> dict[str, Any]:
        return {
            "snapshots": self._files is not None,
            "testsLimit": TESTS_LIMIT,
            "depthLimit": TEST_DEPTH_LIMIT,
            "namesLimit": TEST_NAMES_LIMIT,
        }

    async def run(self, message: RunTests, record: RunRecord) -> tuple[RunSummary, Callable[[Any], Any]]:
        """Run a file, recording into `record`. Gives the guest's summary and how to decode values in it."""
        self._record = record
        if self._files is not None:
            path = "/" + message.filename.removeprefix("/")
            self._snapshots = RunSnapshots(self._files, path, message.update)
        self._watch(message.load_timeout_ms)
        watcher = asyncio.ensure_future(self._end_when_blocked())
        try:
            reply = await self._scope.channel.call(message)
            return reply.into(RunSummary), reply.decode
        finally:
            self._record = self._snapshots = None
            watcher.cancel()

    async def check_inline_snapshots(self, message: CheckInlineSnapshots) -> bool:
        """What the parser says of a changed test file. Only a guest that has run no program tells the truth."""
        reply = await self._scope.channel.call(message)
        return reply.into(InlineVerdict).confirmed

    # --- a guest that is blocked -------------------------------------------------------------------
    def _watch(self, budget_ms: float) -> None:
        self._budget_ms = budget_ms
        self._since = asyncio.get_running_loop().time()

    async def _end_when_blocked(self) -> None:
        """The guest ends by itself whatever only waits. When it does not even answer, it is in a loop."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TEST_WATCH_INTERVAL_MS / 1000)
            over_ms = (loop.time() - self._since) * 1000 - self._budget_ms
            if self._budget_ms <= 0 or over_ms < 0:
                continue
            since = self._since
            try:
                await asyncio.wait_for(self._scope.channel.confirm_alive(), TEST_BLOCKED_GRACE_MS / 1000)
            except RuntimeDisposedError:
                return  # it has ended meanwhile, and the run tells why
            except TimeoutError:
                if since != self._since:
                    continue
                self._scope.fail(
                    ExecutionTimeoutError(
                        "the program never gave control back",
                        limit="timeout_ms",
                        value=self._budget_ms,
                        runtime_id=self._scope.runtime_id,
                    )
                )
                return

    # --- what the guest tells ----------------------------------------------------------------------
    @property
    def _current(self) -> RunRecord:
        if self._record is None:
            raise GuestProtocolError("the guest reports on a test run that nobody asked for")
        return self._record

    def run_started(self, message: RunStarted, note: IncomingNote) -> None:
        if not self._current.start(message):
            self._scope.fail(OtherTestsError("the file defines other tests when it is loaded again"))
        self._watch(0)

    def suite_started(self, message: SuiteStarted, note: IncomingNote) -> None:
        self._current.start_suite(message.suite)

    def suite_ended(self, message: SuiteEnded, note: IncomingNote) -> None:
        self._current.end_suite(message, note.decode)

    def hook_begun(self, message: HookBegun, note: IncomingNote) -> None:
        self._current.hook = (message.suite, message.kind[:_KIND_LIMIT])
        self._watch(message.budget_ms)

    def test_started(self, message: TestStarted, note: IncomingNote) -> None:
        self._watch(self._current.start_test(message.test).budget_ms)

    def test_ended(self, message: TestEnded, note: IncomingNote) -> None:
        self._current.end_test(message, note.decode)
        if not self._current.running:
            self._watch(0)

    async def read_snapshots(self, message: ReadSnapshots, call: IncomingCall) -> dict[str, str | None]:
        return {"text": await self._run_snapshots.read_own()}

    async def write_snapshots(self, message: WriteSnapshots, call: IncomingCall) -> None:
        await self._run_snapshots.write_own(message.entries)

    async def match_file(self, message: MatchFile, call: IncomingCall) -> FileMatch:
        return FileMatch(*await self._run_snapshots.match_file(message.path, message.text))

    @property
    def _run_snapshots(self) -> RunSnapshots:
        """Those of the run that is going on: no other file's, and none when nothing runs."""
        if self._snapshots is None:
            raise GuestVisibleError("Error", "this runtime has no place for snapshots, or runs no tests")
        return self._snapshots

    async def close(self) -> None:
        """Nothing is held."""
