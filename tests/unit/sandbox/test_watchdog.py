"""When the watchdog looks and what it counts: who runs is seen in time, who is idle costs next to nothing."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.launcher import linux, watchdog
from isolatejs.sandbox.launcher.processes import Process
from isolatejs.sandbox.launcher.settings import THREADS_LIMIT
from isolatejs.sandbox.launcher.watchdog import (
    GROWING_INTERVAL_S,
    GROWTH_BYTES,
    PROCESSOR_NS,
    ROUND_INTERVALS_S,
    Watchdog,
    read_usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 1 << 20
STATUS = """Name:\tdeno
VmSize:\t {size} kB
RssAnon:\t {anonymous} kB
RssFile:\t 21740 kB
VmData:\t {data} kB
VmPTE:\t {tables} kB
VmSwap:\t {swap} kB
Threads:\t{threads}
"""
ORDINARY = {"size": 18_000_000, "anonymous": 9000, "data": 556_000, "tables": 460, "swap": 0, "threads": 6}


class Clock:
    """Stands for `time` in the watchdog: the time of day, and the processor time of each process."""

    def __init__(self) -> None:
        self.now = 0.0
        self.used: dict[int, int] = {}

    def monotonic(self) -> float:
        return self.now

    def clock_gettime_ns(self, clock: int) -> int:
        for pid, used in self.used.items():
            if clock == linux.processor_clock(pid):
                return used
        return 0


class Looks(Watchdog):
    """A watchdog that remembers when it looked at whom."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.times: dict[str, list[float]] = {}
        self.wakes = 0

    def check(self, process: Process) -> bool:
        self.times.setdefault(process.id, []).append(self.clock.now)
        return super().check(process)

    def run(self, seconds: float, *, busy: tuple[int, ...] = ()) -> None:
        """Let time pass as the launcher's loop does; the busy ones use a processor each."""
        end = self.clock.now + seconds
        while (timeout := self.next_timeout()) is not None and self.clock.now + timeout <= end:
            self.clock.now += timeout
            for pid in busy:
                self.clock.used[pid] = int(self.clock.now * 1e9)
            self.wakes += 1
            self.look()
        self.clock.now = end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watchdog, "time", clock)
    return clock


class Subject:
    """A process whose /proc/PID/status is a file of ours."""

    def __init__(self, path: Path, id: str, pid: int) -> None:
        self._path = path / id
        self.set()
        self.process = Process(id, pid, -1, -1, None, (), os.open(self._path, os.O_RDONLY))

    def set(self, **changes: int) -> None:
        self._path.write_text(STATUS.format(**{**ORDINARY, **changes}))

    def end_main_thread(self) -> None:
        self._path.write_text(f"Name:\tdeno\nState:\tZ (zombie)\nThreads:\t{3}\n")


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    subject = Subject(tmp_path, "1", 1)
    yield subject
    os.close(subject.process.status)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    killed: list[str] = []
    monkeypatch.setattr(Process, "kill", lambda process: killed.append(process.id))
    return killed


def limited(process: Process, limit_bytes: int) -> None:
    process.limit_bytes = process.anonymous_limit = limit_bytes
    process.mapped_limit = 1 << 60


def longest_gap(times: list[float]) -> float:
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def test_many_idle_ones_are_asked_in_few_rounds_and_never_looked_at(clock: Clock) -> None:
    looks = Looks(clock)
    for number in range(1000):
        looks.watch(Process(str(number), number, -1, -1, None, (), -1))
    looks.run(10)
    assert looks.times == {}
    assert 190 <= looks.wakes <= 210


def test_one_that_runs_is_looked_at_in_time_while_many_idle(clock: Clock, subject: Subject) -> None:
    looks = Looks(clock)
    for number in range(1000):
        looks.watch(Process(f"idle {number}", 10 + number, -1, -1, None, (), -1))
    looks.watch(subject.process)
    looks.run(3)
    began = clock.now
    looks.run(3, busy=(1,))
    assert set(looks.times) == {"1"}
    assert longest_gap([began, *looks.times["1"]]) <= ROUND_INTERVALS_S[1] + 1e-6


def test_a_little_work_at_a_time_is_looked_at_when_it_adds_up(clock: Clock, subject: Subject) -> None:
    looks = Looks(clock)
    looks.watch(subject.process)
    for _ in range(20):
        clock.used[1] = clock.used.get(1, 0) + PROCESSOR_NS // 4
        looks.run(0.1)
    assert 5 <= len(looks.times["1"]) <= 6


def test_one_that_grows_is_looked_at_again_at_once(clock: Clock, subject: Subject) -> None:
    looks = Looks(clock)
    looks.watch(subject.process)
    looks.wake(subject.process)
    for step in range(20):
        subject.set(anonymous=9000 + step * 2 * GROWTH_BYTES // 1024)
        looks.run(GROWING_INTERVAL_S)
    assert len(looks.times["1"]) >= 18


@pytest.mark.parametrize("field", ["anonymous", "tables", "swap"])
def test_memory_of_every_kind_counts(clock: Clock, subject: Subject, killed: list[str], field: str) -> None:
    looks = Looks(clock)
    limited(subject.process, 64 * MIB)
    assert not looks.check(subject.process)
    subject.set(**{field: 65 * 1024})
    assert looks.check(subject.process)
    assert killed == ["1"]
    assert subject.process.over_limit
    assert subject.process.peak_bytes > 64 * MIB


def test_one_whose_main_thread_has_ended_is_killed_at_the_second_look(
    clock: Clock, subject: Subject, killed: list[str]
) -> None:
    looks = Looks(clock)
    looks.watch(subject.process)
    subject.end_main_thread()
    assert read_usage(subject.process) is None
    looks.run(ROUND_INTERVALS_S[0], busy=(1,))
    assert killed == []  # it may be about to end as a whole
    looks.run(GROWING_INTERVAL_S + 1e-6)
    assert killed == ["1"]


def test_too_many_threads_end_a_sandbox_and_its_stderr_says_so(
    clock: Clock, subject: Subject, killed: list[str]
) -> None:
    looks = Looks(clock)
    subject.set(threads=THREADS_LIMIT)
    looks.check(subject.process)
    assert killed == []
    subject.set(threads=THREADS_LIMIT + 1)
    looks.check(subject.process)
    assert killed == ["1"]
    assert f"limit {THREADS_LIMIT}" in subject.process._tail.decode()


def test_one_that_is_forgotten_is_not_looked_at_again(clock: Clock, subject: Subject) -> None:
    looks = Looks(clock)
    looks.watch(subject.process)
    looks.wake(subject.process)
    looks.forget(subject.process)
    looks.run(1, busy=(1,))
    assert looks.times == {}
    assert looks.next_timeout() is None
