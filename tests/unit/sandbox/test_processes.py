"""What the end of a process is called."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.launcher.processes import STDERR_KEPT_BYTES, Process

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stderr() -> Iterator[tuple[int, int]]:
    read_end, write_end = os.pipe2(os.O_NONBLOCK)
    yield read_end, write_end
    os.close(read_end)
    os.close(write_end)


def ended(stderr: tuple[int, int], code: int, text: str = "", **state: object) -> dict[str, object]:
    process = Process("7", 1, -1, stderr[0], None, (), -1)
    for name, value in state.items():
        setattr(process, name, value)
    process._exit_status = code
    os.write(stderr[1], text.encode())
    return process.describe_end()


@pytest.mark.parametrize(
    ("code", "text", "state", "reason"),
    [
        (0, "", {}, "exited"),
        (3, "error: nothing to do with memory", {}, "exited"),
        (-signal.SIGKILL, "", {}, "killed"),
        (-signal.SIGKILL, "", {"over_limit": True}, "memory"),
        (-signal.SIGTRAP, "# Fatal JavaScript out of memory: heap", {"limit_bytes": 1}, "memory"),
        (-signal.SIGTRAP, "# Fatal JavaScript out of memory: heap", {}, "crashed"),
        (-signal.SIGABRT, "memory allocation of 4096 bytes failed", {"limit_bytes": 1}, "memory"),
        (-signal.SIGTRAP, "", {"limit_bytes": 64, "anonymous_limit": 100, "last_anonymous": 95}, "memory"),
        (-signal.SIGTRAP, "", {"limit_bytes": 64, "anonymous_limit": 100, "last_anonymous": 20}, "crashed"),
        (-signal.SIGSEGV, "", {"limit_bytes": 64, "anonymous_limit": 100}, "crashed"),
        (128 + signal.SIGTRAP, "invalid size error", {"limit_bytes": 1}, "memory"),
    ],
)
def test_reasons(
    stderr: tuple[int, int], code: int, text: str, state: dict[str, object], reason: str
) -> None:
    report = ended(stderr, code, text, **state)
    assert report["reason"] == reason
    assert report["exit_code"] == (code if code >= 0 else None)
    assert report["signal"] == (-code if code < 0 else None)
    assert report["stderr_tail"] == text


def test_only_the_end_of_stderr_is_kept(stderr: tuple[int, int]) -> None:
    report = ended(stderr, 1, "x" * (2 * STDERR_KEPT_BYTES) + "the end")
    tail = str(report["stderr_tail"])
    assert len(tail) == STDERR_KEPT_BYTES
    assert tail.endswith("the end")


def test_last_words_do_not_drive_a_terminal(stderr: tuple[int, int]) -> None:
    report = ended(stderr, 1, "one\n\x1b]0;title\x07\ttwo\x9b2J \u2028é")
    assert report["stderr_tail"] == "one\n\ufffd]0;title\ufffd\ttwo\ufffd2J \ufffdé"
