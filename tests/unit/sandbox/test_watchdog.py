"""When the watchdog looks: never later than planned, and at many in one go."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from isolatejs.sandbox.launcher import watchdog
from isolatejs.sandbox.launcher.processes import Process
from isolatejs.sandbox.launcher.watchdog import LONGEST_INTERVAL_S, SHORTEST_INTERVAL_S, Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Stands for `time` in the watchdog."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Looks(Watchdog):
    """A watchdog that remembers when it looked at whom, and finds what it is told to find."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.times: dict[str, list[float]] = {}
        self.wakes = 0

    def check(self, process: Process) -> bool:
        self.times.setdefault(process.id, []).append(self.clock.now)
        return super().check(process)

    def run(self, seconds: float) -> None:
        """Let time pass as the launcher's loop does."""
        end = self.clock.now + seconds
        while (timeout := self.next_timeout()) is not None and self.clock.now + timeout <= end:
            self.clock.now += timeout
            self.wakes += 1
            self.look()
        self.clock.now = end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watchdog, "time", clock)
    return clock


@pytest.fixture
def statm() -> Iterator[int]:
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def watched(looks: Looks, statm: int, id: str) -> Process:
    """A process that is far from its limit and does not grow."""
    process = Process(id, 0, -1, -1, -1, (), statm, limit_bytes=1 << 50)
    process.anonymous_limit = process.mapped_limit = 1 << 60
    process.interval = SHORTEST_INTERVAL_S
    looks._schedule(process)
    return process


def longest_gap(times: list[float]) -> float:
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def test_many_idle_ones_are_looked_at_in_few_wakes_and_never_late(clock: Clock, statm: int) -> None:
    looks = Looks(clock)
    for number in range(1000):
        watched(looks, statm, str(number))
        looks.run(0.003)
    looks.run(4)
    began, looks.wakes = clock.now, 0
    looks.run(8)
    assert looks.wakes < 400  # one look a wake would be 10,000
    for times in looks.times.values():
        assert longest_gap(times) <= LONGEST_INTERVAL_S + 1e-6
        lately = [time for time in times if time >= began]
        assert 9 <= len(lately) <= 16


def test_one_that_runs_is_looked_at_often_while_many_idle(clock: Clock, statm: int) -> None:
    looks = Looks(clock)
    for number in range(1000):
        watched(looks, statm, str(number))
    busy = watched(looks, statm, "busy")
    looks.run(5)
    assert busy.interval == LONGEST_INTERVAL_S
    looks.wake(busy)
    woken = clock.now
    looks.run(0.1)
    lately = [time - woken for time in looks.times["busy"] if time >= woken]
    assert len(lately) >= 4
    assert lately[0] <= SHORTEST_INTERVAL_S + 1e-6


def test_one_over_its_limit_and_the_dead_are_forgotten(
    clock: Clock, statm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(clock)
    big, dead = watched(looks, statm, "big"), watched(looks, statm, "dead")
    killed: list[str] = []
    monkeypatch.setattr(Process, "kill", lambda process: killed.append(process.id))
    big.anonymous_limit, dead.alive = 1, False
    looks.run(2)
    assert killed == ["big"]
    assert big.over_limit
    assert looks.next_timeout() is None
