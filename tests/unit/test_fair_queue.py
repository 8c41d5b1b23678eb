"""Shared threads, processes and connections: nobody waits behind all that another one has asked for."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any

import pytest

from isolatejs.errors import QuotaExceededError
from isolatejs.fair_queue import FairQueue, FairThreads, Turn


def enter(queue: FairQueue, owner: str, begun: list[str]) -> Turn:
    turn = Turn(owner, lambda: begun.append(owner))
    queue.enter(turn)
    return turn


@pytest.mark.parametrize(
    ("places", "share", "most"), [(8, 1, 4), (100, 3, 75), (3, 2, 2), (1, 1, 1), (2, 1, 1)]
)
def test_one_owner_never_takes_all_places(places: int, share: float, most: int) -> None:
    queue, begun = FairQueue(places, share=share), []
    for _ in range(2 * places):
        enter(queue, "greedy", begun)
    assert begun == ["greedy"] * most
    enter(queue, "neighbour", begun)
    assert begun.count("neighbour") == (places > 1)


def test_many_greedy_owners_leave_a_place_for_the_next() -> None:
    queue, begun = FairQueue(100, share=3), []
    for number in range(3):
        for _ in range(200):
            enter(queue, f"greedy {number}", begun)
    enter(queue, "neighbour", begun)
    assert "neighbour" in begun


def test_owners_take_turns() -> None:
    queue, begun = FairQueue(1), []
    first = enter(queue, "a", begun)
    turns = [enter(queue, owner, begun) for owner in "aaaabbc"]
    queue.leave(first)
    order = "abcabaa"
    for step, owner in enumerate(order):
        assert begun[1:] == list(order[: step + 1])
        queue.leave(next(turn for turn in turns if turn.state == "begun" and turn.owner == owner))


def test_a_turn_that_is_given_up_holds_nobody_back() -> None:
    queue, begun = FairQueue(1), []
    first, waiting, last = (enter(queue, owner, begun) for owner in "abc")
    queue.leave(waiting)
    queue.leave(waiting)
    queue.leave(first)
    queue.leave(first)
    assert begun == ["a", "c"]
    queue.leave(last)
    enter(queue, "d", begun)
    assert begun[-1] == "d"


def test_the_queue_of_one_owner_is_bounded() -> None:
    queue, begun = FairQueue(1, waiting_limit=3, name="things"), []
    for _ in range(4):
        enter(queue, "a", begun)
    with pytest.raises(QuotaExceededError, match="things: more than 3"):
        enter(queue, "a", begun)
    enter(queue, "b", begun)


async def test_a_cancelled_wait_gives_its_place_back() -> None:
    queue = FairQueue(1)

    async def hold(event: asyncio.Event) -> None:
        async with queue.turn("a"):
            await event.wait()

    event = asyncio.Event()
    holding, waiting = asyncio.create_task(hold(event)), asyncio.create_task(hold(event))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    event.set()
    await holding
    async with asyncio.timeout(10), queue.turn("b"):
        pass


async def test_a_place_is_taken_until_its_thread_has_really_ended() -> None:
    threads, go, running = FairThreads(2, "test"), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        running.release()
        go.wait(60)

    first = asyncio.create_task(threads.run("greedy", work))
    await asyncio.to_thread(running.acquire)
    first.cancel()
    await asyncio.wait([first])
    second: Future[Any] = threads.submit("greedy", work)
    assert await threads.run("neighbour", lambda: 1) == 1
    assert not second.running()
    go.set()
    await asyncio.wrap_future(second)


async def test_what_work_raises_reaches_who_asked() -> None:
    threads = FairThreads(1, "test")
    with pytest.raises(ZeroDivisionError):
        await threads.run("a", lambda: 1 // 0)
    assert await threads.run("a", lambda: 2) == 2
