"""Running the tests of one file, and what the guest tells while it does."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from isolatejs.wire.message import Call, Door, EncodedValue, Message, Note, Number

Status = Literal["pass", "fail", "skip", "todo"]
UpdateMode = Literal["new", "all", "none"]
FileOutcome = Literal["same", "different", "absent", "added", "updated"]


class FailureReport(Message, frozen=True):
    """One failure: texts, the user's place (1-based), and what an assertion compared."""

    name: str
    message: str
    stack: str
    filename: str | None = None
    line: Number | None = None
    column: Number | None = None
    source_line: str | None = None
    matcher_name: str | None = None
    expected: EncodedValue | None = None
    actual: EncodedValue | None = None
    diff: str | None = None
    cause: FailureReport | None = None


class PlannedSuite(Message, frozen=True):
    """A suite of the file. Suite 0 is the file itself and is not listed."""

    id: Number
    parent: Number
    name: str
    line: Number | None = None
    column: Number | None = None


class PlannedTest(Message, frozen=True):
    """A test of the file. `budget_ms` is how long it may take in all, 0 for as long as it likes."""

    id: Number
    suite: Number
    name: str
    plan: Literal["run", "skip", "todo"]
    budget_ms: float = 0
    line: Number | None = None
    column: Number | None = None


class SnapshotCounts(Message, frozen=True):
    """What became of the snapshots of a run."""

    matched: Number = 0
    unmatched: Number = 0
    added: Number = 0
    updated: Number = 0
    unchecked: Number = 0


class InlineSnapshot(Message, frozen=True):
    """An inline snapshot that the test file lacks: the place of the matcher's name, and its text."""

    filename: str
    line: Number
    column: Number
    snapshot: str


class RunSummary(Message, frozen=True):
    """Answer to RunTests. `errors` belong to no test; `coverage` has counts by file.

    Of each file: `lines` ([line, count]), `functions` ([name, line, count]), `branches` ([line, [count of
    each way]]), branches as Istanbul defines them.
    """

    duration_ms: float
    errors: list[FailureReport]
    snapshots: SnapshotCounts
    inline_snapshots: list[InlineSnapshot]
    coverage: EncodedValue | None = None


class RunTests(Call, frozen=True):
    """Load a test file and run what it defines; answered with RunSummary."""

    door: ClassVar[Door] = Door.MANAGED

    code: str
    filename: str
    timeout_ms: float
    hook_timeout_ms: float
    load_timeout_ms: float
    retry: Number
    bail: Number
    max_concurrency: Number
    update: UpdateMode
    pattern: str | None
    ids: list[Number] | None
    list_only: bool
    locations: bool
    coverage: bool


class CheckInlineSnapshots(Call, frozen=True):
    """Whether `after` is `before` with these snapshots, in order, as arguments of snapshot matchers alone.

    Asked of a guest that has run no program. With `replaces` a call may have had another snapshot.
    """

    door: ClassVar[Door] = Door.MANAGED

    filename: str
    before: str
    after: str
    snapshots: list[str]
    replaces: bool


class InlineVerdict(Message, frozen=True):
    """Answer to CheckInlineSnapshots."""

    confirmed: bool


class ReadSnapshots(Call, frozen=True):
    """The text of the test file's own snapshot file, null when there is none."""


class WriteSnapshots(Call, frozen=True):
    """The snapshots of the test file, as pairs of name and value; the host writes the file."""

    entries: list[tuple[str, str]]


class MatchFile(Call, frozen=True):
    """Compare a text with a file; answered with FileMatch. The host writes it where mode and path allow that."""

    path: str
    text: str


class FileMatch(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a file snapshot. `text` is that of a file that is different and may be shown."""

    outcome: FileOutcome
    text: str | None


class RunStarted(Note, frozen=True):
    """The file has been loaded; these are its suites and tests in order."""

    suites: list[PlannedSuite]
    tests: list[PlannedTest]


class SuiteStarted(Note, frozen=True):
    """A suite begins."""

    suite: Number


class SuiteEnded(Note, frozen=True):
    """A suite is done; `errors` are those of its hooks."""

    suite: Number
    duration_ms: float
    errors: list[FailureReport]


class HookBegun(Note, frozen=True):
    """A hook around a suite is about to run. The host has to know, should it never end."""

    suite: Number
    kind: str
    budget_ms: float


class TestStarted(Note, frozen=True):
    """A test is about to run. The host has to know, should it never end."""

    __test__: ClassVar[bool] = False
    test: Number


class TestEnded(Note, frozen=True):
    """A test has a result."""

    __test__: ClassVar[bool] = False
    test: Number
    status: Status
    duration_ms: float
    errors: list[FailureReport] = msgspec.field(default_factory=list)
    retries: Number = 0
    reason: str | None = None
    line: Number | None = None
    column: Number | None = None


TO_HOST = (
    ReadSnapshots,
    WriteSnapshots,
    MatchFile,
    RunStarted,
    SuiteStarted,
    SuiteEnded,
    HookBegun,
    TestStarted,
    TestEnded,
)
TO_GUEST = (RunTests, CheckInlineSnapshots)
