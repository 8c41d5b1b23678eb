"""What a runtime costs the host: counted, and held to a share while others want one."""

from __future__ import annotations

import asyncio

import pytest

from isolatejs.host_time import HostLoad, HostTimeBudget
from isolatejs.limits import HOST_TIME_BURST_MS, HOST_TIME_DEBT_LIMIT_MS, HOST_TIME_SHARE

BURST_S = HOST_TIME_BURST_MS / 1000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def load() -> HostLoad:
    return HostLoad()


def test_a_burst_is_free(clock: Clock, load: HostLoad) -> None:
    greedy, neighbour = HostTimeBudget(load=load, clock=clock), HostTimeBudget(load=load, clock=clock)
    neighbour.charge(0.001)
    greedy.charge(BURST_S * 0.9)
    assert greedy.pause_s == 0


def test_beyond_it_a_runtime_gets_its_share(clock: Clock, load: HostLoad) -> None:
    """It takes all the time it gets: in the long run that is its share, and its neighbour is not slowed."""
    greedy, neighbour = HostTimeBudget(load=load, clock=clock), HostTimeBudget(load=load, clock=clock)
    began = clock.now
    while clock.now < began + 100:
        if greedy.pause_s > 0:
            clock.now += greedy.pause_s
        clock.now += 0.05
        greedy.charge(0.05)
        neighbour.charge(0.005)
        assert not greedy.overdrawn
        assert neighbour.pause_s == 0
    assert greedy.spent_s == pytest.approx(HOST_TIME_SHARE * 100 + BURST_S, rel=0.02)


def test_alone_it_is_never_slowed(clock: Clock, load: HostLoad) -> None:
    alone = HostTimeBudget(load=load, clock=clock)
    for _ in range(1000):
        clock.now += 1
        alone.charge(1)
    assert alone.pause_s == 0
    assert not alone.overdrawn


def test_one_message_that_stops_the_host_for_long_is_a_debt(clock: Clock, load: HostLoad) -> None:
    greedy, neighbour = HostTimeBudget(load=load, clock=clock), HostTimeBudget(load=load, clock=clock)
    neighbour.charge(0.001)
    clock.now += 10
    greedy.charge(10)
    assert greedy.pause_s == pytest.approx((10 - BURST_S) / HOST_TIME_SHARE)
    assert not greedy.overdrawn
    greedy.charge(HOST_TIME_DEBT_LIMIT_MS / 1000)
    assert greedy.overdrawn


def test_waiting_for_a_processor_slows_and_ends_nobody(clock: Clock, load: HostLoad) -> None:
    greedy, neighbour = HostTimeBudget(load=load, clock=clock), HostTimeBudget(load=load, clock=clock)
    neighbour.charge(0.001)
    greedy.charge(HOST_TIME_DEBT_LIMIT_MS, 1.0)
    assert greedy.pause_s > 0
    assert greedy.spent_s == 1.0
    assert not greedy.overdrawn


def test_a_tree_has_one_budget(clock: Clock, load: HostLoad) -> None:
    parent, neighbour = HostTimeBudget(load=load, clock=clock), HostTimeBudget(load=load, clock=clock)
    children = [HostTimeBudget(HostTimeBudget(parent, clock=clock), clock=clock) for _ in range(4)]
    neighbour.charge(0.001)
    for child in children:
        assert child.root is parent
        child.charge(BURST_S * 0.9)
    assert parent.spent_s == pytest.approx(4 * BURST_S * 0.9)
    assert all(child.pause_s > 0 for child in children)
    assert parent.pause_s > 0


async def test_steps_of_a_coroutine_are_charged_and_its_waits_are_not() -> None:
    budget = HostTimeBudget()

    async def work() -> int:
        for _ in range(2):
            await asyncio.sleep(0.2)
            sum(range(300_000))
        return 7

    assert await budget.metered(work()) == 7
    assert 0 < budget.spent_s < 0.2


async def test_a_metered_coroutine_hears_of_its_cancellation() -> None:
    budget, cleaned = HostTimeBudget(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(1)

    task = asyncio.create_task(asyncio.wait_for(budget.metered(work()), 60))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [1]
