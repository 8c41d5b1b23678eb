"""pytest collects `*.test.ts` and `*.test.js`: one item a test, each file in a sandbox of its own.

Nothing of the library is loaded until there is such a file. Settings (pytest.ini, pyproject.toml):
`isolatejs_test_files` (patterns; empty turns the plugin off), `isolatejs_timeout_ms`, `isolatejs_allow_import`,
`isolatejs_browser` (a managed browser for each file), `isolatejs_allow_net` (hosts for fetch and pages); on the command
line `--update-snapshots`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import fnmatch
import os
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from os import PathLike
    from pathlib import Path

    from isolatejs.capabilities.testing.contract import UpdateMode
    from isolatejs.capabilities.testing.results import TestCase, TestError, TestEvent, TestResult
    from isolatejs.host.isolate_host import IsolateHost
    from isolatejs.host.test_project import TestProject

T = TypeVar("T")

_PATTERNS = [f"*.test.{extension}" for extension in ("ts", "tsx", "mts", "js", "jsx", "mjs")]
_SANDBOXES: pytest.StashKey[_Sandboxes] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("isolatejs_test_files", "file patterns of JavaScript tests", type="args", default=_PATTERNS)
    parser.addini("isolatejs_timeout_ms", "limit of each JavaScript test, in milliseconds", default="")
    parser.addini(
        "isolatejs_allow_import",
        "patterns of other files than sources that JavaScript tests can import",
        type="args",
        default=[],
    )
    parser.addini(
        "isolatejs_browser",
        "give JavaScript tests a `browser`: a confined one for each file",
        type="bool",
        default=False,
    )
    parser.addini(
        "isolatejs_allow_net",
        "hosts that JavaScript tests reach by fetch and in the browser",
        type="args",
        default=[],
    )
    parser.getgroup("isolatejs").addoption(
        "--update-snapshots",
        action="store_true",
        help="replace snapshots of JavaScript tests that do not match",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TestFileCollector | None:
    name = file_path.name
    if not any(fnmatch.fnmatch(name, pattern) for pattern in parent.config.getini("isolatejs_test_files")):
        return None
    return TestFileCollector.from_parent(parent, path=file_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Sections of a JavaScript test (console, log, captured output) hold text of its program."""
    outcome = yield
    if isinstance(item, TestItem):
        report = outcome.get_result()  # type: ignore[attr-defined]
        report.sections = [(_one_line(title), _plain_text(content)) for title, content in report.sections]


def pytest_unconfigure(config: pytest.Config) -> None:
    sandboxes = config.stash.get(_SANDBOXES, None)
    if sandboxes is not None:
        del config.stash[_SANDBOXES]
        sandboxes.close()


def _plain_text(text: str) -> str:
    from isolatejs.terminal_text import plain_text

    return plain_text(text)


def _one_line(text: str) -> str:
    from isolatejs.terminal_text import one_line

    return one_line(text)


def _update_mode(config: pytest.Config) -> UpdateMode:
    """As in Jest and `isolatejs test`: new snapshots are written, but not where CI is set."""
    if config.getoption("--update-snapshots"):
        return "all"
    return "none" if os.environ.get("CI", "").lower() not in ("", "0", "false") else "new"


class _Sandboxes:
    """A host on an event loop of its own, on a thread, for the whole session."""

    def __init__(self, config: pytest.Config) -> None:
        from isolatejs.host.isolate_host import create_isolate_host
        from isolatejs.host.test_project import TestOptions, TestProject

        timeout = config.getini("isolatejs_timeout_ms")
        options = TestOptions(
            timeout_ms=float(timeout) if timeout else None,
            allow_import=tuple(config.getini("isolatejs_allow_import")),
            update_snapshots=_update_mode(config),
            bindings=_bindings(config),
        )
        self.project: TestProject = TestProject(config.rootpath, options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="isolatejs-pytest", daemon=True)
        self._thread.start()

        async def open_host() -> IsolateHost:
            return await create_isolate_host(pool_size=1)

        self.host: IsolateHost = self.wait(open_host())

    @classmethod
    def of(cls, config: pytest.Config) -> _Sandboxes:
        """The session's, started when it is first needed."""
        sandboxes = config.stash.get(_SANDBOXES, None)
        if sandboxes is None:
            sandboxes = config.stash[_SANDBOXES] = cls(config)
        return sandboxes

    def start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C: the sandbox goes too
            raise

    def close(self) -> None:
        try:
            self.wait(self.host.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


def _bindings(config: pytest.Config) -> dict[str, Any]:
    """What the settings grant."""
    from isolatejs.capabilities.fetch.policy import create_fetch_binding
    from isolatejs.capabilities.fetch.policy.rules import names_this_machine

    bindings: dict[str, Any] = {}
    hosts = config.getini("isolatejs_allow_net")
    if hosts:
        loopback = any(names_this_machine(host) for host in hosts)
        bindings["fetch"] = create_fetch_binding(hosts, allow_loopback=loopback)
    if config.getini("isolatejs_browser"):
        bindings["browser"] = {"launch": True, "capture_console": True}
    return bindings


class TestFileCollector(pytest.File):
    """A file of JavaScript tests. The first of its items that runs, runs them all."""

    __test__ = False

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._run: _FileRun | None = None

    def collect(self) -> Iterator[TestItem]:
        sandboxes = _Sandboxes.of(self.config)
        file = sandboxes.project.file(self.path)
        for case in sandboxes.wait(sandboxes.project.collect(sandboxes.host, file)):
            yield TestItem.from_parent(self, name=_one_line(case.full_name), case=case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A file that does not load says why."""
        from isolatejs.errors import IsolateError

        if isinstance(excinfo.value, IsolateError):
            return _plain_text(str(excinfo.value))
        return super().repr_failure(excinfo)

    def result_of(self, item: TestItem) -> tuple[TestResult, str]:
        """The result of one test and what it wrote, running the file when that has not been done."""
        sandboxes = _Sandboxes.of(self.config)
        run = self._run
        if run is None:
            chosen = [
                other.case.id
                for other in self.session.items
                if isinstance(other, TestItem) and other.parent is self
            ]
            run = self._run = _FileRun(sandboxes, self.path, chosen)
        elif item.case.id in run.taken:
            run = _FileRun(sandboxes, self.path, [item.case.id])  # run again, by a plugin that retries
        return run.take(item.case.id)


class _FileRun:
    """One run of a file: results arrive as its tests end."""

    def __init__(self, sandboxes: _Sandboxes, path: Path, ids: list[int]) -> None:
        self.taken: set[int] = set()
        self._wanted = set(ids)
        self._ended: dict[int, concurrent.futures.Future[tuple[TestResult, str]]] = {
            number: concurrent.futures.Future() for number in ids
        }
        self._output: list[str] = []
        project = sandboxes.project
        self._work = sandboxes.start(
            project.run(
                sandboxes.host, project.file(path), ids=ids, on_event=self._event, on_console=self._write
            )
        )
        self._work.add_done_callback(self._over)

    def _write(self, entry: Any) -> None:
        self._output.append(entry.text)

    def _event(self, event: TestEvent) -> None:
        if event.type != "testEnd" or event.test is None:
            return
        future = self._ended.get(event.test.id)
        if future is not None and not future.done():
            result: Any = event.test
            future.set_result((result, "\n".join(self._output)))
            self._output.clear()

    def _over(self, work: concurrent.futures.Future[Any]) -> None:
        error = None if work.cancelled() else work.exception()
        if error is None and not work.cancelled() and work.result().errors:
            error = JavaScriptTestFailed(work.result().errors)
        for future in self._ended.values():
            if not future.done():
                future.set_exception(error or RuntimeError("the run ended without a result of this test"))

    def take(self, number: int) -> tuple[TestResult, str]:
        """The result of a test and what it wrote. That of the last one is there when snapshots are written, too.

        Raises JavaScriptTestFailed for errors of the file that belong to no test.
        """
        self.taken.add(number)
        try:
            result, output = self._ended[number].result()
            if self.taken >= self._wanted:
                errors = self._work.result().errors
                if errors and result.status != "fail":
                    raise JavaScriptTestFailed(errors)
            return result, output
        except KeyboardInterrupt:
            self._work.cancel()
            raise


class JavaScriptTestFailed(Exception):
    """A JavaScript test failed; `errors` say why."""

    def __init__(self, errors: tuple[TestError, ...]) -> None:
        super().__init__(_plain_text(errors[0].message) if errors else "")
        self.errors = errors


class _FailureText:
    """What is shown of a failure; `reprcrash.message` is its line in pytest's summary."""

    def __init__(self, text: str, message: str) -> None:
        self._text = _plain_text(text)
        self.reprcrash = SimpleNamespace(message=" ".join(_plain_text(message).split()))

    def __str__(self) -> str:
        return self._text

    def toterminal(self, terminal: Any) -> None:
        for line in self._text.split("\n"):
            terminal.line(line, red=line.startswith("E   "), bold=line.startswith(("E   ", ">   ")))


class TestItem(pytest.Item):
    """One JavaScript test."""

    __test__ = False

    def __init__(self, *, case: TestCase, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.case = case

    def runtest(self) -> None:
        parent = self.parent
        assert isinstance(parent, TestFileCollector)
        result, output = parent.result_of(self)
        if output:
            self.add_report_section("call", "console", output)
        if result.status in ("skip", "todo"):
            reason = _one_line(_plain_text(result.reason or result.status))
            raise pytest.skip.Exception(reason, _use_item_location=True)
        if result.status == "fail":
            raise JavaScriptTestFailed(result.errors)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, JavaScriptTestFailed):
            errors = excinfo.value.errors
            return _FailureText("\n\n".join(self._describe(error) for error in errors), errors[0].message)
        return super().repr_failure(excinfo, style)

    def _describe(self, error: TestError) -> str:
        """The failing line with those before it, the message, and where it is."""
        shown = self._source(error)
        named = error.message if error.name == "Error" else f"{error.name}: {error.message}"
        text = "\n".join([*shown, *(f"E   {line}" for line in named.split("\n"))])
        frames = [line.strip() for line in error.stack.splitlines() if line.lstrip().startswith("at ")]
        if frames:
            text += "\n\n" + "\n".join(f"    {frame}" for frame in frames[:10])
        if error.line is not None:
            text += f"\n\n{self._place(error)}:{error.line}: {error.name}"
        if error.cause is not None:
            text += f"\n\nCaused by:\n{self._describe(error.cause)}"
        return text

    def _source(self, error: TestError) -> list[str]:
        if error.line is None:
            return []
        lines = self._lines_of(self._file(error))
        if error.line > len(lines):
            return [f">   {error.source_line}"] if error.source_line else []
        first = max(1, error.line - 4)
        return [f"    {line}" for line in lines[first - 1 : error.line - 1]] + [
            f">   {lines[error.line - 1]}"
        ]

    def _lines_of(self, place: Path) -> list[str]:
        """The lines of a source file; none of other files, which an error may name to have them printed."""
        from isolatejs.capabilities.modules.source_rule import SourceRule

        name = place.relative_to(self.config.rootpath.resolve()).as_posix()
        if place != self.path and SourceRule(json=False).refusal(name, "") is not None:
            return []
        try:
            return place.read_text(encoding="utf-8-sig").split("\n") if place.is_file() else []
        except (OSError, UnicodeDecodeError):
            return []  # a module that is not a file of the project

    def _file(self, error: TestError) -> Path:
        if error.filename is None:
            return self.path
        root = self.config.rootpath.resolve()
        place = (root / error.filename.lstrip("/")).resolve()
        return place if place.is_relative_to(root) else self.path

    def _place(self, error: TestError) -> str:
        return self._file(error).relative_to(self.config.rootpath.resolve()).as_posix()

    def reportinfo(self) -> tuple[PathLike[str] | str, int | None, str]:
        return self.path, None if self.case.line is None else self.case.line - 1, self.name
