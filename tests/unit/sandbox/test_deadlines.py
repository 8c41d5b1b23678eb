"""Boards of deadlines: what the launcher makes of what hosts write there."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from isolatejs.sandbox.deadlines import DeadlineBoard, DeadlinePlace
from isolatejs.sandbox.launcher.control import DEADLINE_PLACE
from isolatejs.sandbox.launcher.deadlines import Deadlines
from isolatejs.sandbox.launcher.processes import Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the launcher is for Linux")
BUSY = "while True: pass"
RESTING = "import time; time.sleep(600)"


class Started:
    """A process as the launcher knows it, with the host's end of its channel."""

    def __init__(self, code: str) -> None:
        self.child = subprocess.Popen([sys.executable, "-c", code])
        self.ours, self.theirs = socket.socketpair()
        pid = self.child.pid
        self.process = Process.__new__(Process)
        self.process.id, self.process.pid, self.process.pidfd = str(pid), pid, os.pidfd_open(pid)
        self.process.alive, self.process.late = True, ""

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.process.pidfd)
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def deadlines() -> Deadlines:
    deadlines = Deadlines()
    deadlines.begin(os.open("/proc", os.O_PATH))
    return deadlines


@pytest.fixture
def board() -> Iterator[DeadlineBoard]:
    board = DeadlineBoard()
    yield board
    board.close()


@pytest.fixture(params=[BUSY, RESTING])
def started(request: pytest.FixtureRequest) -> Iterator[Started]:
    started = Started(request.param)
    yield started
    started.close()


def serve(deadlines: Deadlines, until: float) -> None:
    """What the launcher's loop does."""
    while (now := time.monotonic()) < until:
        timeout = deadlines.next_timeout()
        time.sleep(min(timeout or 0.0, until - now) if timeout is not None else until - now)
        deadlines.look()


def watch(deadlines: Deadlines, board: DeadlineBoard, started: Started) -> DeadlinePlace:
    deadlines.keep_channel(started.process, started.ours.fileno())

    def announce(descriptor: int, offset: int) -> None:
        deadlines.watch(started.process, descriptor, offset)
        os.close(descriptor)

    return board.claim(announce)


def test_a_deadline_that_passes_kills(deadlines: Deadlines, board: DeadlineBoard, started: Started) -> None:
    place = watch(deadlines, board, started)
    place.set_deadline(time.monotonic() + 0.3)
    serve(deadlines, time.monotonic() + 0.2)
    assert started.process.late == ""
    serve(deadlines, time.monotonic() + 0.5)
    assert started.process.late == "deadline"
    assert started.child.wait(10) == -9


def test_one_that_is_met_does_not(deadlines: Deadlines, board: DeadlineBoard, started: Started) -> None:
    place = watch(deadlines, board, started)
    place.set_deadline(time.monotonic() + 0.3)
    serve(deadlines, time.monotonic() + 0.1)
    place.set_deadline(math.inf)
    serve(deadlines, time.monotonic() + 0.5)
    assert started.process.late == ""


@pytest.mark.parametrize("started", [RESTING], indirect=True)
def test_an_answer_waits_for_the_host(deadlines: Deadlines, board: DeadlineBoard, started: Started) -> None:
    place = watch(deadlines, board, started)
    started.theirs.send(b"an answer")
    place.set_deadline(time.monotonic() + 0.1)
    serve(deadlines, time.monotonic() + 0.5)
    assert started.process.late == ""
    started.ours.recv(100)
    serve(deadlines, time.monotonic() + 0.3)
    assert started.process.late == "deadline"


@pytest.mark.parametrize("started", [BUSY], indirect=True)
def test_what_waits_excuses_nobody_who_is_busy(
    deadlines: Deadlines, board: DeadlineBoard, started: Started
) -> None:
    place = watch(deadlines, board, started)
    started.theirs.send(b"an answer")
    place.set_deadline(time.monotonic() + 0.1)
    until = time.monotonic() + 30
    while not started.process.late and time.monotonic() < until:  # a loaded machine
        serve(deadlines, time.monotonic() + 0.2)
    assert started.process.late == "deadline"


def test_busy_without_a_pause(deadlines: Deadlines, board: DeadlineBoard) -> None:
    busy, resting = Started(BUSY), Started(RESTING)
    try:
        for started in (busy, resting):
            watch(deadlines, board, started).limit_busy(0.8)
        until = time.monotonic() + 60
        while not busy.process.late and time.monotonic() < until:
            serve(deadlines, time.monotonic() + 0.2)
        assert (busy.process.late, resting.process.late) == ("busy", "")
    finally:
        busy.close()
        resting.close()


def test_a_board_that_is_cut_off_sets_nothing(deadlines: Deadlines, started: Started) -> None:
    deadlines.keep_channel(started.process, started.ours.fileno())
    board = os.memfd_create("short")
    os.pwrite(board, DEADLINE_PLACE.pack(1, 0, 0, 0)[:-1], 0)
    for offset in (0, 64):
        deadlines.watch(started.process, board, offset)
        serve(deadlines, time.monotonic() + 0.2)
        assert started.process.late == ""
    os.pwrite(board, DEADLINE_PLACE.pack(1, 0, 0, 0), 0)
    deadlines.watch(started.process, board, 0)
    assert started.process.late == "deadline"
    os.close(board)


def test_nobody_can_cut_off_a_board_that_is_mapped(board: DeadlineBoard) -> None:
    descriptors: list[int] = []
    board.claim(lambda descriptor, offset: descriptors.append(descriptor))
    with pytest.raises(PermissionError):
        os.ftruncate(descriptors[0], 0)
    os.close(descriptors[0])


def test_nothing_stays_open(deadlines: Deadlines, started: Started) -> None:
    before = len(os.listdir("/proc/self/fd"))
    board = DeadlineBoard()
    place = watch(deadlines, board, started)
    deadlines.forget(started.process)
    place.release()
    board.close()
    del place  # with the mapping, which has a descriptor of its own
    assert deadlines.next_timeout() is None
    assert len(os.listdir("/proc/self/fd")) == before
