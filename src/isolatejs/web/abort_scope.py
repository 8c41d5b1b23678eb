"""Lets an AbortSignal cancel asyncio code, the way `asyncio.timeout()` lets a clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from isolatejs.web.abort import AbortSignal

__all__ = ["AbortScope"]


class AbortScope:
    """`async with AbortScope(signal): ...` cancels what is inside when the signal aborts.

    The cancellation leaves the block as the signal's AbortError. A signal that is aborted already raises
    it at once, and nothing inside starts. None is a signal that never aborts.
    """

    __slots__ = ("_cancelling", "_exited", "_fired", "_loop", "_remove", "_signal", "_task")

    def __init__(self, signal: AbortSignal | None) -> None:
        self._signal = signal
        self._fired = self._exited = False

    async def __aenter__(self) -> None:
        signal = self._signal
        if signal is None:
            return
        signal.throw_if_aborted()
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[object] = task
        self._loop = asyncio.get_running_loop()
        self._cancelling = task.cancelling()
        self._remove: Callable[[], None] = signal.add_listener(self._on_abort)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._signal is None:
            return
        self._exited = True
        self._remove()
        if self._fired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise self._signal.to_error() from error

    def _on_abort(self, _: AbortSignal) -> None:
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if not self._exited:
            self._fired = True
            self._task.cancel()
