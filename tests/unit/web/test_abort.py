"""AbortController and AbortSignal, after the DOM standard."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref

import pytest

from isolatejs.errors import AbortError, SignalTimeoutError
from isolatejs.web import AbortController, AbortSignal
from isolatejs.web.abort_scope import AbortScope


def test_new_signal_is_not_aborted() -> None:
    signal = AbortController().signal
    assert not signal.aborted
    assert signal.reason is None
    signal.throw_if_aborted()


def test_abort_tells_listeners_once_with_the_reason() -> None:
    controller = AbortController()
    told: list[object] = []
    controller.signal.add_listener(lambda signal: told.append(signal.reason))
    controller.abort("first")
    controller.abort("second")
    assert told == ["first"]
    assert controller.signal.reason == "first"


def test_abort_without_reason_gives_an_abort_error() -> None:
    controller = AbortController()
    controller.abort()
    assert isinstance(controller.signal.reason, AbortError)
    with pytest.raises(AbortError):
        controller.signal.throw_if_aborted()


def test_thrown_error_carries_another_reason() -> None:
    cause = RuntimeError("why")
    with pytest.raises(AbortError, match="why") as caught:
        AbortSignal.abort(cause).throw_if_aborted()
    assert caught.value.reason is cause
    assert caught.value.__cause__ is cause


def test_listener_of_an_aborted_signal_is_told_at_once() -> None:
    told: list[object] = []
    AbortSignal.abort("x").add_listener(lambda signal: told.append(signal.reason))
    assert told == ["x"]


def test_removed_listener_is_not_told() -> None:
    controller = AbortController()
    told: list[object] = []
    remove = controller.signal.add_listener(told.append)
    remove()
    remove()
    controller.abort()
    assert told == []


def test_failing_listener_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    controller = AbortController()
    told: list[object] = []

    def fail(_: AbortSignal) -> None:
        raise ValueError("from the listener")

    controller.signal.add_listener(fail)
    controller.signal.add_listener(told.append)
    with caplog.at_level(logging.ERROR, logger="isolatejs.abort"):
        controller.abort()
    assert told == [controller.signal]
    assert "from the listener" in caplog.text


def test_timeout_needs_no_event_loop() -> None:
    assert AbortSignal.timeout(0).aborted
    assert not AbortSignal.timeout(60_000).aborted
    fired = threading.Event()
    signal = AbortSignal.timeout(1)
    signal.add_listener(lambda _: fired.set())
    assert fired.wait(5)
    assert isinstance(signal.reason, SignalTimeoutError)


@pytest.mark.parametrize("bad", [-1, float("nan")])
def test_timeout_refuses_what_is_no_time(bad: float) -> None:
    with pytest.raises(ValueError, match="timeout_ms"):
        AbortSignal.timeout(bad)


async def test_timeout_on_the_event_loop_raises_a_timeout_error() -> None:
    signal = AbortSignal.timeout(5)
    reason = await asyncio.wait_for(signal.wait(), 5)
    assert isinstance(reason, SignalTimeoutError)
    assert reason.name == "TimeoutError"
    with pytest.raises(TimeoutError):
        signal.throw_if_aborted()


async def test_wait_is_woken_from_another_thread() -> None:
    controller = AbortController()
    waiting = asyncio.create_task(controller.signal.wait())
    await asyncio.to_thread(controller.abort, "from a thread")
    assert await asyncio.wait_for(waiting, 5) == "from a thread"


def test_any_follows_the_first_source() -> None:
    first, second = AbortController(), AbortController()
    both = AbortSignal.any([first.signal, second.signal])
    nested = AbortSignal.any([both, AbortController().signal])
    second.abort("second")
    first.abort("first")
    assert (both.reason, nested.reason) == ("second", "second")


def test_any_of_an_aborted_signal_is_aborted() -> None:
    assert AbortSignal.any([AbortController().signal, AbortSignal.abort("now")]).reason == "now"
    assert not AbortSignal.any([]).aborted


def test_any_sees_the_deadline_of_a_timeout() -> None:
    assert isinstance(AbortSignal.any([AbortSignal.timeout(0)]).reason, SignalTimeoutError)


async def test_any_with_a_timeout_wakes_its_waiter() -> None:
    signal = AbortSignal.any([AbortController().signal, AbortSignal.timeout(5)])
    assert isinstance(await asyncio.wait_for(signal.wait(), 5), SignalTimeoutError)


def test_a_dropped_composite_is_freed_while_its_source_lives() -> None:
    controller = AbortController()
    ref = weakref.ref(AbortSignal.any([controller.signal]))
    gc.collect()
    assert ref() is None


def test_a_composite_with_a_listener_outlives_its_owner() -> None:
    controller = AbortController()
    told: list[object] = []
    AbortSignal.any([controller.signal]).add_listener(lambda signal: told.append(signal.reason))
    gc.collect()
    controller.abort("heard")
    assert told == ["heard"]


async def test_a_listened_timeout_fires_when_nobody_keeps_it() -> None:
    fired = asyncio.Event()
    AbortSignal.any([AbortSignal.timeout(5)]).add_listener(lambda _: fired.set())
    gc.collect()
    await asyncio.wait_for(fired.wait(), 5)


def test_many_composites_leave_nothing_on_their_source() -> None:
    controller = AbortController()
    for _ in range(100):
        AbortSignal.any([controller.signal]).add_listener(lambda _: None)()
    gc.collect()
    assert not controller.signal._strong_dependents
    assert not list(controller.signal._weak_dependents or ())


async def test_scope_turns_an_abort_into_an_abort_error() -> None:
    controller = AbortController()
    asyncio.get_running_loop().call_soon(controller.abort, "stop")
    with pytest.raises(AbortError) as caught:
        async with AbortScope(controller.signal):
            await asyncio.Event().wait()
    assert caught.value.reason == "stop"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_scope_starts_nothing_when_aborted_already() -> None:
    with pytest.raises(AbortError):
        async with AbortScope(AbortSignal.abort()):
            pytest.fail("the block ran")


async def test_scope_leaves_a_real_cancellation_alone() -> None:
    async def work() -> None:
        async with AbortScope(AbortController().signal):
            started.set()
            await asyncio.Event().wait()

    started = asyncio.Event()
    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_scope_that_has_ended_is_not_cancelled_later() -> None:
    controller = AbortController()
    async with AbortScope(controller.signal):
        controller.abort()
    await asyncio.get_running_loop().run_in_executor(None, lambda: None)
