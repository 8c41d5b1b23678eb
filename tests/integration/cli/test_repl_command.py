"""`isolatejs repl` with its input from a pipe, and on a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "isolatejs.cli.main", "repl"]


def repl(*lines: str, arguments: tuple[str, ...] = (), cwd: Path | None = None) -> tuple[str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_values_are_shown_as_the_sandbox_sees_them() -> None:
    out, err = repl("1 + 1", "'text'", "({a: new Map([[1, 2n]])})", "[undefined, null]", "() => 1")
    assert out.splitlines() == [
        "2",
        '"text"',
        "{ a: Map(1) { 1 => 2n } }",
        "[ undefined, null ]",
        "[Function (anonymous)]",
    ]
    assert err == ""


def test_declarations_last() -> None:
    out, _ = repl(
        "const a: number = 20",
        "let b = 1, {c, d: [e]} = {c: 2, d: [3]}",
        "function add(x: number) { return x + a }",
        "class P { y = 5 }",
        "b += 10",
        "add(b) + c + e",
        "new P().y",
        "_ + 1",
    )
    assert out.splitlines()[-3:] == ["36", "5", "6"]


def test_input_goes_on_until_it_is_complete() -> None:
    out, _ = repl("function f() {", "  return `a", "b`", "}", "f()")
    assert out.splitlines() == ['"a\\nb"']


def test_await_and_errors() -> None:
    out, err = repl("await Promise.resolve(3)", "throw new RangeError('no')", "const = 1", "4")
    assert out.splitlines() == ["3", "4"]
    assert "RangeError: no" in err
    assert "SyntaxError" in err


def test_commands(tmp_path: Path) -> None:
    (tmp_path / "lib.ts").write_text("export const loaded: number = 7;\nconsole.log('loading');\n")
    out, err = repl(
        ".help",
        ".load lib.ts",
        "loaded",
        ".reset",
        "typeof loaded",
        ".load nope.ts",
        ".what",
        ".exit",
        "1",
        cwd=tmp_path,
    )
    assert out.splitlines() == ["loading", "7", '"undefined"']
    assert ".load FILE" in err
    assert "nope.ts: No such file" in err
    assert "no command .what" in err


def test_time_limit_starts_a_new_sandbox() -> None:
    out, err = repl("const a = 1", "while (true) {}", "typeof a", arguments=("--timeout", "0.5"))
    assert out.splitlines() == ['"undefined"']
    assert "execution_timeout_ms" in err
    assert "a new sandbox was started" in err


def test_interrupt_on_a_terminal_ends_the_program_and_not_the_session() -> None:
    with _Terminal() as terminal:
        terminal.wait_for("> ")
        terminal.type("console.log('running'); while (true) {}\r")
        terminal.wait_for("\nrunning\r\n")
        terminal.interrupt_until("interrupted")
        terminal.wait_for("a new sandbox was started")
        terminal.type("6 * 7\r")
        terminal.wait_for("42\r\n> ")
        terminal.type("\x04")
        assert terminal.process.wait(30) == 0


class _Terminal:
    """The REPL on a pseudo terminal."""

    def __enter__(self) -> _Terminal:
        self._main, other = pty.openpty()
        self.process = subprocess.Popen(
            COMMAND,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "XDG_STATE_HOME": "/nonexistent"},
        )
        os.close(other)
        self._seen = ""
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._main)

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def wait_for(self, text: str, timeout_s: float = 30.0) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in self._seen:
            self._read(deadline - time.monotonic())
            assert time.monotonic() < deadline, f"{text!r} did not come: {self._seen!r}"
        self._seen = self._seen.partition(text)[2]

    def interrupt_until(self, text: str) -> None:
        """Ctrl-C, again while the program has not been reached by it."""
        deadline = time.monotonic() + 30
        while text not in self._seen:
            assert time.monotonic() < deadline, self._seen
            self.process.send_signal(signal.SIGINT)
            self._read(0.5)
        self._seen = self._seen.partition(text)[2]

    def _read(self, timeout_s: float) -> None:
        if select.select([self._main], [], [], max(timeout_s, 0))[0]:
            self._seen += os.read(self._main, 65536).decode()
