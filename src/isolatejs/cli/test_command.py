"""`isolatejs test`: the test files of a project, each in a sandbox of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from isolatejs.cli.grants import Permissions, takes_permissions
from isolatejs.cli.output import Terminal, show_warnings
from isolatejs.cli.program_source import ProgramSource, create_resolver
from isolatejs.cli.run_command import EXIT_INTERRUPTED, EXIT_USAGE, run_until_interrupted
from isolatejs.cli.test_browser import TestBrowser
from isolatejs.errors import ConfigurationError, IsolateError

if TYPE_CHECKING:
    from isolatejs.capabilities.testing.results import TestRunResult
    from isolatejs.cli.test_reporters import Reporter
    from isolatejs.host.isolate_host import IsolateHost
    from isolatejs.host.test_project import TestFile, TestProject

EXIT_FAILED = 1


class ReporterName(StrEnum):
    """How results are shown."""

    pretty = "pretty"
    junit = "junit"
    json = "json"
    tap = "tap"


class BrowserName(StrEnum):
    """Browsers that tests can have."""

    chromium = "chromium"


class BrowserNetwork(StrEnum):
    """What pages of a test's browser reach."""

    policy = "policy"
    host = "host"


class TraceMode(StrEnum):
    """When Playwright's traces are kept."""

    off = "off"
    on_failure = "on-failure"


@takes_permissions
def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATHS]", help="Test files or directories; all of the project by default."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            "-t",
            "--test-name-pattern",
            metavar="PATTERN",
            help="Only tests whose name matches this regular expression.",
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Run again when a file changes.")] = False,
    reporter: Annotated[ReporterName, typer.Option(help="How results are shown.")] = ReporterName.pretty,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the report of junit, json or tap there."),
    ] = None,
    bail: Annotated[bool, typer.Option("--bail", help="Stop after the first failure.")] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", min=1, help="Files that run at once; the number of CPUs by default."
        ),
    ] = None,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Count what ran, into coverage/lcov.info.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", "-u", help="Replace snapshots that do not match.")
    ] = False,
    ci: Annotated[
        bool, typer.Option("--ci/--no-ci", help="Write no snapshots.", envvar="CI", show_default=False)
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=0.001,
            help="Limit of each test and hook. 5 seconds by default.",
        ),
    ] = None,
    retry: Annotated[
        int, typer.Option("--retry", metavar="N", min=0, help="Run a failed test up to N more times.")
    ] = 0,
    browser: Annotated[
        BrowserName | None,
        typer.Option("--browser", help="Give tests a `browser` with Playwright's API."),
    ] = None,
    browser_network: Annotated[
        BrowserNetwork,
        typer.Option(
            "--browser-network",
            help="What pages reach: hosts of --allow-net (public ones without), or whatever this machine does.",
        ),
    ] = BrowserNetwork.policy,
    headed: Annotated[
        bool, typer.Option("--headed", help="Show the browser, which then runs unconfined.")
    ] = False,
    trace: Annotated[
        TraceMode, typer.Option("--trace", help="Write traces of failed files into test-results/.")
    ] = TraceMode.off,
    *,
    permissions: Permissions,
) -> None:
    """Run test files (*.test.ts, *.spec.js, ...) in sandboxes.

    Tests import the project's own modules and its node_modules; everything else is denied unless granted.
    Exit status: 0 all passed, 1 something failed, 2 wrong usage or no test files, 130 interrupted.
    """
    from isolatejs.host.test_project import TestOptions, TestProject

    show_warnings()
    options = TestOptions(
        pattern=pattern,
        timeout_ms=None if timeout is None else timeout * 1000,
        bail=1 if bail else 0,
        retry=retry,
        update_snapshots="all" if update else "none" if ci else "new",
        coverage=coverage,
        memory_limit_mb=permissions.memory,
        nested_host=permissions.nested_host,
        allow_import=tuple(permissions.allow_import or ()),
        bindings=permissions.bindings(),
    )
    project = TestProject(Path.cwd(), options)
    if browser is None and (headed or trace is not TraceMode.off):
        Terminal().write_error(ConfigurationError("--headed and --trace go with --browser"))
        raise typer.Exit(EXIT_USAGE)
    shown = (
        None
        if browser is None
        else TestBrowser(
            browser.value,
            headed=headed,
            trace=trace is TraceMode.on_failure,
            network=browser_network.value,
        )
    )
    command = _TestCommand(
        project, permissions, paths or [], workers or os.cpu_count() or 1, reporter, output, shown
    )
    try:
        succeeded = run_until_interrupted(command.watch() if watch else command.run_once())
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except IsolateError as error:
        Terminal().write_error(error)
        raise typer.Exit(EXIT_USAGE) from None
    raise typer.Exit(0 if succeeded else EXIT_FAILED)


class _TestCommand:
    """One call of the command: it may run the files many times, when it watches."""

    def __init__(
        self,
        project: TestProject,
        permissions: Permissions,
        paths: list[Path],
        workers: int,
        reporter: ReporterName,
        output: Path | None,
        browser: TestBrowser | None = None,
    ) -> None:
        self._browser = browser
        self._project = project
        self._permissions = permissions
        self._paths = paths
        self._workers = workers
        self._reporter = reporter
        self._output = output

    async def run_once(self) -> bool:
        from isolatejs.host.isolate_host import create_isolate_host

        files = self._find()
        async with AsyncExitStack() as stack:
            if self._browser is not None:
                await stack.enter_async_context(self._browser)
            host = await stack.enter_async_context(
                create_isolate_host(pool_size=min(self._workers, len(files), 4))
            )
            return await self._run(host, files)

    async def watch(self) -> NoReturn:
        """Run, then run again what a change may have touched, until interrupted."""
        from isolatejs.cli.test_watch import SourceWatcher
        from isolatejs.host.isolate_host import create_isolate_host

        async with AsyncExitStack() as stack:
            if self._browser is not None:
                await stack.enter_async_context(self._browser)
            host = await stack.enter_async_context(create_isolate_host(pool_size=self._workers))
            files = self._find()
            watcher = SourceWatcher(self._project.root)
            while True:
                if files:
                    await self._run(host, files)
                Terminal().write_notice("watching for changes; Ctrl-C ends")
                changed = await watcher.wait_change()
                try:
                    every = self._find()
                except ConfigurationError as error:  # moved away: they may come back
                    Terminal().write_error(error)
                    every = []
                tests = [file for file in every if file.path in changed]
                # A change elsewhere may be behind any test.
                files = tests if len(tests) == len(changed) else every

    def _find(self) -> list[TestFile]:
        files = self._project.find(self._paths)
        if not files:
            where = ", ".join(map(str, self._paths)) or str(self._project.root)
            raise ConfigurationError(f"no test files (*.test.ts, *.spec.js, ...) in {where}")
        return files

    async def _run(self, host: IsolateHost, files: list[TestFile]) -> bool:
        from isolatejs.cli.test_coverage import CoverageReport
        from isolatejs.cli.test_reporters import create_reporter

        coverage = CoverageReport(self._project.root) if self._project.options.coverage else None
        with ExitStack() as stack:
            stream: Any = sys.stdout
            if self._output is not None:
                self._output.parent.mkdir(parents=True, exist_ok=True)
                stream = stack.enter_context(self._output.open("w", encoding="utf-8"))
            reporter = stack.enter_context(create_reporter(self._reporter.value, stream, len(files)))
            succeeded = await self._run_files(host, files, reporter, coverage)
        if coverage is not None:
            written = coverage.write()
            if self._reporter is ReporterName.pretty:
                Terminal().write_notice(coverage.summary())
            Terminal().write_notice(f"coverage: {written}")
        return succeeded

    def _modules(self, reporter: Reporter) -> Any:
        """The project's own modules and its packages, for one run of all files."""
        permissions = self._permissions
        packages = self._project.root / "node_modules"
        if permissions.node_modules is None and packages.is_dir():
            permissions = replace(permissions, node_modules=packages)
        return create_resolver(
            ProgramSource("", "/test.ts", self._project.root), permissions, reporter.modules_loaded
        )

    def _of_file(self, file: TestFile, modules: Any) -> TestProject:
        """The project as one of its files sees it."""
        bindings = {**self._project.options.bindings, "modules": modules}
        if self._browser is not None:
            bindings["browser"] = self._browser.binding(file.filename)
        return self._project.with_options(bindings=bindings)

    async def _run_files(
        self, host: IsolateHost, files: list[TestFile], reporter: Reporter, coverage: Any
    ) -> bool:
        waiting = list(reversed(files))
        modules = self._modules(reporter)
        succeeded = True

        async def work() -> None:
            nonlocal succeeded
            while waiting:
                file = waiting.pop()
                reporter.file_started(file)
                result = await self._of_file(file, modules).run(
                    host,
                    file,
                    on_event=partial(reporter.event, file),
                    on_console=partial(reporter.console, file),
                )
                if result.total == 0 and result.success:
                    result = _without_tests(result)
                reporter.file_ended(file, result)
                if self._browser is not None:
                    for path in await self._browser.keep_traces(file.filename, failed=not result.success):
                        Terminal().write_notice(f"trace: {path}")
                if coverage is not None:
                    coverage.add(result.coverage or {})
                if not result.success:
                    succeeded = False
                    if self._project.options.bail:
                        waiting.clear()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._workers, len(files))):
                group.create_task(work())
        return succeeded


def _without_tests(result: TestRunResult) -> TestRunResult:
    """A file that defines no test fails: it is a mistake, and nothing in it ever would."""
    from isolatejs.capabilities.testing.results import TestError

    text = "The file defines no test"
    return replace(result, success=False, errors=(TestError(text, stack=f"Error: {text}"),))
