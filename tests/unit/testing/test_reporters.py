"""Reports for machines: well-formed whatever names and messages hold."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from isolatejs.capabilities.modules.progress import ModuleProgress
from isolatejs.capabilities.testing.results import SuiteResult, TestError, TestResult, TestRunResult
from isolatejs.cli.test_coverage import CoverageReport
from isolatejs.cli.test_pretty import PrettyReporter
from isolatejs.cli.test_reporters import create_reporter
from isolatejs.errors import ConfigurationError
from isolatejs.host.test_project import TestFile

NASTY = 'a <b> & "c" # d\n\x1b[31m \x00 ]]>'
FILE = TestFile(Path("/p/src/a.test.ts"), "/src/a.test.ts")


def result() -> TestRunResult:
    error = TestError(
        NASTY, stack=f"Error: {NASTY}\n    at /src/a.test.ts:3:5", filename="/src/a.test.ts", line=3, column=5
    )
    tests = (
        TestResult(1, "ok", "s > ok", ("s",), 1, 1, "pass", 1.5),
        TestResult(2, NASTY, f"s > {NASTY}", ("s",), 3, 1, "fail", 2.0, (error,)),
        TestResult(3, "skipped", "skipped", (), 4, 1, "skip", 0.0, (), 0, "not today"),
        TestResult(4, "todo", "todo", (), 5, 1, "todo"),
    )
    suite = SuiteResult("s", (), "s", 0, 1, 1, 0, 0, 2)
    return TestRunResult(False, 1, 1, 1, 1, 4, 5.0, (suite,), tests, (TestError("after all"),))


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_live_line_says_what_a_file_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    reporter = PrettyReporter(stream, 1)
    with reporter:
        reporter.file_started(FILE)
        reporter.modules_loaded(ModuleProgress("r", FILE.filename, 1200, 3_400_000, done=False))
        reporter.refresh()
        assert "src/a.test.ts > loading 1,200 modules, 3.4 MB" in stream.getvalue()
        seen = len(stream.getvalue())
        reporter.modules_loaded(ModuleProgress("r", FILE.filename, 1200, 3_400_000, done=True))
        reporter.refresh()
        assert "loading" not in stream.getvalue()[seen:]
        reporter.file_ended(FILE, result())


def report(name: str) -> str:
    stream = io.StringIO()
    with create_reporter(name, stream, 1) as reporter:
        reporter.file_started(FILE)
        reporter.file_ended(FILE, result())
    return stream.getvalue()


def test_junit() -> None:
    root = ElementTree.fromstring(report("junit").encode())
    assert root.attrib["tests"] == "5"
    assert (root.attrib["failures"], root.attrib["errors"], root.attrib["skipped"]) == ("1", "1", "2")
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.attrib["name"] == "src/a.test.ts"
    cases = suite.findall("testcase")
    assert cases[0].attrib["name"] == "s > ok"
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith('a <b> & "c" # d\n')
    assert (cases[1].attrib["file"], cases[1].attrib["line"]) == ("src/a.test.ts", "3")
    assert cases[2].find("skipped") is not None
    assert cases[4].find("error") is not None


def test_json() -> None:
    document = json.loads(report("json"))
    assert (document["success"], document["total"], document["failed"]) == (False, 4, 1)
    (file,) = document["files"]
    assert file["file"] == "src/a.test.ts"
    assert file["tests"][1]["errors"][0]["message"] == NASTY
    assert file["errors"][0]["message"] == "after all"


def test_tap() -> None:
    lines = report("tap").splitlines()
    assert lines[0] == "TAP version 14"
    points = [line for line in lines if line.startswith(("ok", "not ok"))]
    assert points[0] == "ok 1 - s > ok"
    assert points[1].startswith('not ok 2 - s > a <b> & "c" \\# d')
    assert points[2] == "ok 3 - skipped # SKIP not today"
    assert points[3] == "ok 4 - todo # TODO"
    assert points[4] == "not ok 5 - src/a.test.ts"
    assert lines[-1] == "1..5"


def test_pretty_in_a_pipe_has_no_escapes() -> None:
    text = report("pretty")
    assert "\x1b" not in text.replace(NASTY, "")
    assert " ✗ src/a.test.ts (4 tests, 1 failed, 2 skipped)" in text
    assert " Tests  1 failed, 1 passed, 1 skipped, 1 todo (4)" in text
    assert "at src/a.test.ts:3:5" in text


def test_pretty_colours_keep_a_program_from_driving_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x00" not in report("pretty")


def test_lcov_adds_up_files(tmp_path: Path) -> None:
    coverage = CoverageReport(tmp_path)
    first = {"lines": [[1, 1], [2, 0]], "functions": [["f", 1, 1]], "branches": [[3, [0, 0]], [1, [1, 0]]]}
    second = {
        "lines": [[1, 2], [2, 0], [3, 0]],
        "functions": [["f", 1, 0]],
        "branches": [[3, [0, 0]], [1, [2, 0]]],
    }
    coverage.add({"/src/f.js": first})
    coverage.add({"/src/f.js": second, "/src/g.js": {"lines": [[1, 1]]}})
    assert coverage.write() == Path("coverage/lcov.info")
    assert (tmp_path / "coverage/lcov.info").read_text() == (
        "TN:\nSF:src/f.js\nFN:1,f\nFNDA:1,f\nFNF:1\nFNH:1\n"
        "BRDA:1,1,0,3\nBRDA:1,1,1,0\nBRDA:3,0,0,0\nBRDA:3,0,1,0\nBRF:4\nBRH:1\n"
        "DA:1,3\nDA:2,0\nDA:3,0\nLF:3\nLH:1\nend_of_record\n"
        "TN:\nSF:src/g.js\nFNF:0\nFNH:0\nBRF:0\nBRH:0\nDA:1,1\nLF:1\nLH:1\nend_of_record\n"
    )
    assert coverage.summary() == (
        "  lines  branches\n"
        "  33.3%     25.0%  src/f.js  2-3; branches in 1\n"
        " 100.0%         -  src/g.js\n"
        "  50.0%     25.0%  all files"
    )


@pytest.mark.parametrize(
    "report",
    [
        {"/a\nSF:/etc/passwd": {"lines": [[1, 1]]}},
        {"/a": 5},
        {"/a": {"lines": ["x", [1], [-1, 1], [1, -1], [1, "y"]], "functions": [["f"], [1, 2, 3]]}},
        {"/a": {"branches": ["x", [1], [0, [1]], [1, 2], [1, [-1]], [1, ["2"]], [1, [True]]]}},
        {"/passwd\x1b[2J": {"lines": [[1, 1]]}},
        {"/passwd" * 1_000: {"lines": [[1, 1]]}},
        {"/a": {"lines": [[2**31, 1], [1, 2**53], [True, True]]}},
    ],
    ids=["path", "shape", "counts", "branches", "escape", "long path", "numbers"],
)
def test_dishonest_coverage_leaves_no_trace(report: dict[str, object], tmp_path: Path) -> None:
    coverage = CoverageReport(tmp_path)
    coverage.add(report)
    coverage.write()
    text = (tmp_path / "coverage/lcov.info").read_text()
    assert "passwd" not in text
    assert "DA:" not in text


@pytest.mark.parametrize("kind", ["branches", "functions", "lines"])
def test_shared_parts_of_a_coverage_report_are_counted_as_often_as_they_are_mentioned(
    kind: str, tmp_path: Path
) -> None:
    began = time.thread_time()
    shared: dict[str, list[Any]] = {
        "branches": [1, [0] * 100_000],
        "functions": ["f" * 1_000_000, 1, 1],
        "lines": [1, 1],
    }
    entries = [shared[kind]] * 20_000
    coverage = CoverageReport(tmp_path)
    coverage.add({f"/{n}.js": {kind: entries} for n in range(200)})
    coverage.write()
    assert ("left out" in coverage.summary()) is True
    assert (tmp_path / "coverage/lcov.info").stat().st_size < 100_000_000
    assert time.thread_time() - began < 60


def test_coverage_is_not_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "coverage").mkdir()
    (tmp_path / "coverage/lcov.info").symlink_to(victim)
    coverage = CoverageReport(tmp_path)
    coverage.add({"/a": {"lines": [[1, 1]]}})
    with pytest.raises(ConfigurationError, match="symbolic link"):
        coverage.write()
    assert victim.read_text() == "mine"


def test_places_that_are_nowhere_cost_nothing() -> None:
    """A program that took its framework over says any number for a line and a column."""
    error = TestError("x", stack="Error: x", line=2**53 - 1, column=2**53 - 1, source_line="code")
    test = TestResult(1, "t", "t", (), None, None, "fail", 1.0, (error,))
    for name in ("pretty", "tap", "json", "junit"):
        stream = io.StringIO()
        with create_reporter(name, stream, 1) as reporter:
            reporter.file_ended(FILE, TestRunResult(False, 0, 1, 0, 0, 1, 5.0, (), (test,)))
        assert len(stream.getvalue()) < 10_000, name
