"""Results for people: a line a file, failures with their source line, and live progress on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TextIO

from isolatejs.cli.output import wants_color
from isolatejs.cli.test_reporters import Reporter
from isolatejs.terminal_text import for_terminal, one_line, plain_text

if TYPE_CHECKING:
    from isolatejs.capabilities.console.bindings import ConsoleEntry
    from isolatejs.capabilities.modules.progress import ModuleProgress
    from isolatejs.capabilities.testing.results import TestError, TestEvent, TestRunResult
    from isolatejs.host.test_project import TestFile

_GREEN, _RED, _YELLOW, _DIM, _BOLD = "32", "31", "33", "2", "1"
_SLOW_MS = 300


class PrettyReporter(Reporter):
    """On a terminal a live line says what runs; in a pipe there are only results."""

    def __init__(self, stream: TextIO, file_count: int) -> None:
        super().__init__(stream)
        self._color = wants_color(stream)
        self._file_count = file_count
        self._results: list[tuple[TestFile, TestRunResult]] = []
        self._running: dict[str, str] = {}
        self._loading: dict[str, str] = {}
        self._tests_done = 0
        self._console_heading = ""
        self._live: Any = _live(stream) if stream.isatty() else None

    # --- events ------------------------------------------------------------------------------------
    def file_started(self, file: TestFile) -> None:
        self._running[file.filename] = ""
        self._show_progress()

    def modules_loaded(self, progress: ModuleProgress) -> None:
        filename = progress.key or ""
        if progress.done:
            self._loading.pop(filename, None)
        else:
            size = f"{progress.size_bytes / 1e6:.1f} MB"
            self._loading[filename] = f"loading {progress.modules:,} modules, {size}"
        self._show_progress()

    def event(self, file: TestFile, event: TestEvent) -> None:
        if event.type == "testStart" and event.test is not None:
            self._running[file.filename] = event.test.full_name
        elif event.type == "testEnd":
            self._tests_done += 1
        else:
            return
        self._show_progress()

    def console(self, file: TestFile, entry: ConsoleEntry) -> None:
        """What a program writes, under the name of its test."""
        if not entry.text:
            return
        running = self._running.get(file.filename) or "while it was loaded"
        heading = self._name(file.filename.removeprefix("/"), running)
        if heading != self._console_heading:
            self._console_heading = heading
            self._line(self._style(heading, _DIM))
        for line in self._safe(entry.text).split("\n"):
            self._line(f"  {line}")

    def file_ended(self, file: TestFile, result: TestRunResult) -> None:
        self._running.pop(file.filename, None)
        self._results.append((file, result))
        self._write_file(file, result)
        self._show_progress()

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        for name, test in self._running.items():
            running = self._name(name.removeprefix("/"), test)
            self._line(f" {self._style('○', _YELLOW)} {running} (interrupted)")
        failed = [(file, result) for file, result in self._results if not result.success]
        for file, result in failed:
            self._write_failures(file, result)
        self._write_summary(len(failed))

    # --- live --------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Draw the live line now; it is drawn ten times a second by itself."""
        if self._live is not None:
            self._live.refresh()

    def _show_progress(self) -> None:
        if self._live is None:
            return
        from rich.text import Text

        names = [
            self._name(name.removeprefix("/"), test, self._loading.get(name))
            for name, test in list(self._running.items())[:6]
        ]
        head = (
            f"{len(self._results)}/{self._file_count} files, {self._tests_done} tests, {self.elapsed_s:.1f} s"
        )
        self._live.update(Text("\n".join([head, *(f"  {name}" for name in names)]), style="dim"))

    # --- text --------------------------------------------------------------------------------------
    def _style(self, text: str, *styles: str) -> str:
        return f"\x1b[{';'.join(styles)}m{text}\x1b[0m" if self._color and styles else text

    def _safe(self, text: str) -> str:
        """Text of a program without what a terminal would act on; its colours only where there are any."""
        return for_terminal(text) if self._color else plain_text(text)

    def _name(self, *names: str | None) -> str:
        """Names of a file and a test, on one line."""
        return one_line(plain_text(" > ".join(filter(None, names))))

    def _line(self, text: str = "") -> None:
        text = for_terminal(text)  # the one way out: whatever was forgotten above ends here
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            self.stream.write(text + "\n")
            self.stream.flush()

    def _write_file(self, file: TestFile, result: TestRunResult) -> None:
        mark = self._style("✓", _GREEN) if result.success else self._style("✗", _RED)
        parts = [f"{result.total} test{'' if result.total == 1 else 's'}"]
        if result.failed:
            parts.append(self._style(f"{result.failed} failed", _RED))
        if result.skipped + result.todo:
            parts.append(self._style(f"{result.skipped + result.todo} skipped", _YELLOW))
        name = self._name(file.filename.removeprefix("/"))
        time = self._style(f"{result.duration_ms:.0f} ms", _YELLOW if result.duration_ms > _SLOW_MS else _DIM)
        self._line(f" {mark} {name} ({', '.join(parts)}) {time}")
        for test in result.tests:
            if test.status == "fail":
                self._line(f"   {self._style('✗', _RED)} {self._name(test.full_name)}")

    def _write_failures(self, file: TestFile, result: TestRunResult) -> None:
        name = file.filename.removeprefix("/")
        for test in result.tests:
            for error in test.errors:
                self._line()
                self._line(f"{self._style(' FAIL ', _BOLD, '41')} {self._name(name, test.full_name)}")
                self._write_error(name, error)
        for error in result.errors:
            self._line()
            self._line(f"{self._style(' FAIL ', _BOLD, '41')} {self._name(name)}")
            self._write_error(name, error)
        for suite in result.suites:
            for error in suite.errors:
                if error not in result.errors and not any(
                    error.message == e.message for t in result.tests for e in t.errors
                ):
                    self._line()
                    self._line(f"{self._style(' FAIL ', _BOLD, '41')} {self._name(name, suite.full_name)}")
                    self._write_error(name, error)

    def _write_error(self, name: str, error: TestError, prefix: str = "") -> None:
        title = f"{prefix}{self._name(error.name)}: " if error.name != "Error" or prefix else ""
        self._line(self._style(title, _RED) + self._diff(self._safe(error.message)))
        if error.source_line is not None and error.line is not None:
            number = str(error.line)
            caret = " " * min(max(0, (error.column or 1) - 1), len(error.source_line))
            self._line()
            self._line(f"  {self._style(f'{number} |', _DIM)} {self._safe(error.source_line.rstrip())}")
            self._line(f"  {' ' * len(number)} {self._style('|', _DIM)} {caret}{self._style('^', _RED)}")
        frames = [line.strip() for line in error.stack.splitlines() if line.lstrip().startswith("at ")]
        if not frames and error.line is not None:
            frames = [f"at {(error.filename or name).removeprefix('/')}:{error.line}:{error.column or 1}"]
        for frame in frames[:10]:
            self._line(self._style(f"    {self._safe(_relative(frame))}", _DIM))
        if error.cause is not None:
            self._write_error(name, error.cause, "Caused by ")

    def _diff(self, message: str) -> str:
        """Colours for the lines of a diff and for expected and received values."""
        if not self._color:
            return message
        lines = []
        for line in message.split("\n"):
            if line.startswith(("- ", "Expected")) or line == "-":
                lines.append(self._style(line, _GREEN))
            elif line.startswith(("+ ", "Received")) or line == "+":
                lines.append(self._style(line, _RED))
            else:
                lines.append(line)
        return "\n".join(lines)

    def _write_summary(self, failed_files: int) -> None:
        def total(name: str) -> int:
            return sum(getattr(result, name) for _, result in self._results)

        def counted(failed: int, passed: int, skipped: int, todo: int) -> str:
            parts = [
                self._style(f"{failed} failed", _RED) if failed else "",
                self._style(f"{passed} passed", _GREEN) if passed else "",
                self._style(f"{skipped} skipped", _YELLOW) if skipped else "",
                f"{todo} todo" if todo else "",
            ]
            return ", ".join(part for part in parts if part) or "none"

        self._line()
        self._line(
            f" Files  {counted(failed_files, len(self._results) - failed_files, 0, 0)} ({len(self._results)})"
        )
        tests = counted(total("failed"), total("passed"), total("skipped"), total("todo"))
        self._line(f" Tests  {tests} ({total('total')})")
        written = sum(result.snapshots.added + result.snapshots.updated for _, result in self._results)
        if written:
            self._line(f" Snapshots  {written} written")
        self._line(f" Time   {self.elapsed_s:.2f} s")


def _relative(frame: str) -> str:
    """A frame whose file is named from the project's directory, as a terminal can open it."""
    return re.sub(r"(^at |\()/", r"\1", frame)


def _live(stream: TextIO) -> Any:
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(file=stream, highlight=False), transient=True, refresh_per_second=10)
    live.start()
    return live
