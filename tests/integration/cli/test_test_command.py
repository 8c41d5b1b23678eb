"""`isolatejs test` as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

COMMAND = [sys.executable, "-m", "isolatejs.cli.main", "test"]
ENVIRONMENT = {
    key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR", "CI")
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/math.ts").write_text(
        "export function add(a: number, b: number): number {\n"
        "  if (a < 0) {\n    return 0;\n  }\n  return a + b;\n}\n"
    )
    (tmp_path / "src/math.test.ts").write_text(
        'import { add } from "./math";\n\ntest("adds", () => { expect(add(1, 2)).toBe(3); });\n'
    )
    (tmp_path / "failing.test.js").write_text(
        'test("fails", () => {\n  expect({ a: 1 }).toEqual({ a: 2 });\n});\n'
    )
    return tmp_path


def started(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command while it runs; standard error goes with its output."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
    )


def run(project: Path, *arguments: str, check: int = 0) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=project, capture_output=True, text=True, timeout=120, env=ENVIRONMENT
    )
    assert done.returncode == check, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_pretty_shows_the_failing_line(project: Path) -> None:
    text = run(project, check=1)
    assert "\x1b" not in text
    assert " ✓ src/math.test.ts (1 test)" in text
    assert " ✗ failing.test.js (1 test, 1 failed)" in text
    assert "  2 |   expect({ a: 1 }).toEqual({ a: 2 });\n    |                    ^" in text
    assert '-   "a": 2,\n+   "a": 1,' in text
    assert "at failing.test.js:2:20" in text
    assert "Tests  1 failed, 1 passed (2)" in text


def test_paths_and_pattern(project: Path) -> None:
    assert "Tests  1 passed (1)" in run(project, "src")
    assert "Tests  1 passed, 1 skipped (2)" in run(project, "-t", "adds")


def test_nothing_found_is_wrong_usage(project: Path) -> None:
    run(project, "nowhere", check=2)
    (project / "empty").mkdir()
    run(project, "empty", check=2)


def test_machine_reports(project: Path) -> None:
    document = json.loads(run(project, "--reporter", "json", check=1))
    assert (document["passed"], document["failed"]) == (1, 1)
    assert ElementTree.fromstring(run(project, "--reporter", "junit", check=1)).attrib["failures"] == "1"
    assert run(project, "--reporter", "tap", check=1).rstrip().endswith("1..2")
    run(project, "--reporter", "junit", "-o", "out/junit.xml", check=1)
    assert ElementTree.parse(project / "out/junit.xml").getroot().attrib["tests"] == "2"


def test_bail(project: Path) -> None:
    (project / "a.test.js").write_text('test("one", () => { throw new Error("x") }); test("two", () => {});')
    document = json.loads(run(project, "--bail", "--workers", "1", "--reporter", "json", check=1))
    assert [file["file"] for file in document["files"]] == ["a.test.js"]
    assert [test["status"] for test in document["files"][0]["tests"]] == ["fail", "skip"]


def test_coverage(project: Path) -> None:
    run(project, "src", "--coverage")
    text = (project / "coverage/lcov.info").read_text()
    assert "SF:src/math.ts\n" in text
    assert "DA:3,0\n" in text
    assert "DA:5,1\n" in text


def test_snapshots_are_written_beside_the_file_and_into_it(project: Path) -> None:
    file = project / "src/snap.test.js"
    file.write_text(
        'test("s", () => {\n  expect([1]).toMatchSnapshot();\n  expect("x").toMatchInlineSnapshot();\n});\n'
    )
    run(project, "src/snap.test.js", "--ci", check=1)
    assert not (project / "src/__snapshots__").exists()
    run(project, "src/snap.test.js")
    assert (project / "src/__snapshots__/snap.test.js.snap").exists()
    assert 'toMatchInlineSnapshot(`"x"`)' in file.read_text()
    run(project, "src/snap.test.js", "--ci")


def test_files_are_out_of_reach_unless_granted(project: Path) -> None:
    (project / "secret.txt").write_text("secret")
    (project / "read.test.js").write_text(
        'test("reads", async () => {\n'
        '  const file = await (await getDirectory("/")).getFileHandle("secret.txt");\n'
        '  expect(await (await file.getFile()).text()).toBe("secret");\n});\n'
    )
    run(project, "read.test.js", check=1)
    run(project, "read.test.js", "--allow-read", ".")


def test_watch_runs_again_when_a_file_changes(project: Path) -> None:
    with started(project, "src", "--watch") as process:
        try:
            assert "1 passed" in read_until(process, "watching")
            (project / "src/math.ts").write_text("export const add = () => 5;\n")
            assert "1 failed" in read_until(process, "watching")
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 130


def test_watch_goes_on_while_the_files_are_away(project: Path) -> None:
    with started(project, "src", "--watch") as process:
        try:
            read_until(process, "watching")
            (project / "src/math.test.ts").rename(project / "away.txt")
            assert "no test files" in read_until(process, "watching")
            (project / "away.txt").rename(project / "src/math.test.ts")
            assert "1 passed" in read_until(process, "watching")
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 130


def test_tests_after_one_that_blocks_are_run(project: Path) -> None:
    (project / "block.test.js").write_text(
        'test("before", () => {});\ntest("blocks", () => { for (;;) {} });\ntest("after", () => {});\n'
    )
    text = run(project, "block.test.js", "--timeout", "0.5", check=1)
    assert "Tests  1 failed, 2 passed (3)" in text
    assert "at block.test.js:2:1" in text


def test_interrupting_says_what_was_running(project: Path) -> None:
    (project / "block.test.js").write_text('test("blocks", () => { console.log("now"); for (;;) {} });\n')
    with started(project, "block.test.js", "--timeout", "60") as process:
        read_until(process, "now")
        process.send_signal(signal.SIGINT)
        assert "block.test.js > blocks (interrupted)" in read_until(process, "Time")
    assert process.returncode == 130


def test_a_file_without_tests_fails(project: Path) -> None:
    (project / "none.test.js").write_text('describe("nothing", () => {});\n')
    assert "The file defines no test" in run(project, "none.test.js", check=1)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Output up to the line that holds the text."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} did not come:\n{seen}")


def test_console_is_shown_with_the_name_of_its_test(project: Path) -> None:
    (project / "noise.test.js").write_text('test("noisy", () => { console.log("said %s", "this"); });\n')
    assert "noise.test.js > noisy\n  said this\n" in run(project, "noise.test.js")
    assert json.loads(run(project, "noise.test.js", "--reporter", "json"))["passed"] == 1


def test_import_map_tsconfig_and_packages(project: Path) -> None:
    package = project / "vendor" / "greeter"
    package.mkdir(parents=True)
    (package / "index.js").write_text("export const greeting = 'hello';")
    (project / "import_map.json").write_text('{"imports": {"words": "greeter"}}')
    (project / "tsconfig.json").write_text('{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}')
    (project / "flags.test.ts").write_text(
        'import { greeting } from "words"; import { add } from "@/math";\n'
        'test("both", () => { expect([greeting, add(1, 1)]).toEqual(["hello", 2]); });\n'
    )
    flags = ("--node-modules", "vendor", "--import-map", "auto", "--tsconfig", "auto")
    assert "Tests  1 passed (1)" in run(project, "flags.test.ts", *flags)
    run(project, "flags.test.ts", check=1)


def test_sandboxes_of_ones_own_are_granted(project: Path) -> None:
    (project / "nested.test.ts").write_text(
        'test("creates", async () => {\n'
        '  const { createIsolateHost } = await import("isolatejs");\n'
        "  const runtime = await createIsolateHost().createRuntime({});\n"
        '  expect(await runtime.eval("1 + 1")).toBe(2);\n'
        "});\n"
    )
    assert "Tests  1 passed (1)" in run(project, "nested.test.ts", "--allow-nested")
    assert "Cannot find module 'isolatejs'" in run(project, "nested.test.ts", check=1)
