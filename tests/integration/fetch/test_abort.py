"""Abort crosses both ways: the program's signal ends the host's work, an end there reaches the program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.web import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Waiting:
    """A callback that never answers, and knows how it ended."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.signal: Any = None

    async def __call__(self, request: Request, context: Any) -> Response:
        self.signal = context.signal
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        raise AssertionError


async def test_abort_cancels_the_callback_and_fires_its_signal(open_runtime: Any) -> None:
    waiting = Waiting()
    runtime = await open_runtime(waiting)
    pending = asyncio.create_task(
        runtime.eval("""
            globalThis.controller = new AbortController();
            await fetch("http://a/", { signal: controller.signal })
              .catch((error) => [error === controller.signal.reason, error.name, controller.signal.aborted])
        """)
    )
    await asyncio.wait_for(waiting.started.wait(), 10)
    assert not waiting.signal.aborted
    await runtime.eval("controller.abort()")
    assert await asyncio.wait_for(pending, 5) == [True, "AbortError", True]
    await asyncio.wait_for(waiting.cancelled.wait(), 5)
    assert waiting.signal.aborted


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        ("AbortSignal.abort()", "AbortError"),
        ("AbortSignal.abort(new RangeError('mine'))", "RangeError"),
        ("AbortSignal.any([AbortSignal.abort()])", "AbortError"),
    ],
)
async def test_an_aborted_signal_starts_nothing(open_runtime: Any, signal: str, name: str) -> None:
    asked: list[Request] = []
    runtime = await open_runtime(asked.append)
    code = f"await fetch('http://a/', {{ signal: {signal} }}).catch((error) => error.name)"
    assert await runtime.eval(code) == name
    assert asked == []


@pytest.mark.parametrize(
    "signal",
    ["AbortSignal.timeout(50)", "AbortSignal.any([new AbortController().signal, AbortSignal.timeout(50)])"],
)
async def test_a_timeout_ends_it_with_a_timeout_error(open_runtime: Any, signal: str) -> None:
    waiting = Waiting()
    runtime = await open_runtime(waiting)
    code = f"await fetch('http://a/', {{ signal: {signal} }}).catch((error) => error.name)"
    assert await runtime.eval(code) == "TimeoutError"
    await asyncio.wait_for(waiting.cancelled.wait(), 5)


@pytest.mark.parametrize("how", ["init", "request"])
async def test_abort_in_the_middle_of_the_body(open_runtime: Any, how: str) -> None:
    closed = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"x" * 100_000
            await asyncio.Event().wait()
        finally:
            closed.set()

    runtime = await open_runtime(lambda request: Response(body()))
    call = {
        "init": 'fetch("http://a/", { signal: controller.signal })',
        "request": 'fetch(new Request("http://a/", { signal: controller.signal }))',
    }[how]
    assert await runtime.eval(f"""
        const controller = new AbortController();
        const response = await {call};
        const reader = response.body.getReader();
        let size = 0;
        while (size < 100_000) size += (await reader.read()).value.length;
        const pending = reader.read();
        controller.abort(new RangeError("enough"));
        const message = (error) => error.message;
        [size, await pending.catch(message), await reader.read().catch(message)]
    """) == [100_000, "enough", "enough"]
    await asyncio.wait_for(closed.wait(), 5)


async def test_dispose_ends_everything(open_runtime: Any) -> None:
    waiting = Waiting()
    runtime = await open_runtime(waiting)
    pending = asyncio.create_task(runtime.eval("await fetch('http://a/')"))
    await asyncio.wait_for(waiting.started.wait(), 10)
    await runtime.dispose()
    await asyncio.wait_for(waiting.cancelled.wait(), 5)
    assert waiting.signal.aborted
    assert isinstance((await asyncio.gather(pending, return_exceptions=True))[0], Exception)


async def test_a_body_under_way_ends_with_the_runtime(open_runtime: Any) -> None:
    closed = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.set()

    runtime = await open_runtime(lambda request: Response(body()))
    await runtime.eval(
        "globalThis.reader = (await fetch('http://a/')).body.getReader(); await reader.read(); 0"
    )
    await runtime.dispose()
    await asyncio.wait_for(closed.wait(), 5)
