"""Reads frames off a channel's socket, within what its guest may cost the host. See `host_time.py`.

What arrives is handled for a slice of time; then others have their turn, and nothing more is read meanwhile. A guest
that is beyond its share is left alone until it has made up for it.
"""

from __future__ import annotations

import asyncio
import itertools
from time import perf_counter
from typing import TYPE_CHECKING

from isolatejs.errors import QuotaExceededError
from isolatejs.limits import HOST_TIME_DEBT_LIMIT_MS, HOST_TIME_SLICE_MS
from isolatejs.wire.framing import FrameDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from isolatejs.host_time import HostTimeBudget

_SLICE_S = HOST_TIME_SLICE_MS / 1000
_LOOK_S = 0.5
"""While a guest is left alone, its handlers may go on: so often it is seen what they cost."""


class FrameReading:
    """The receiving side of one channel."""

    def __init__(
        self,
        host_time: HostTimeBudget,
        handle: Callable[[memoryview, memoryview], bool],
        fail: Callable[[Exception], None],
    ) -> None:
        """`handle` takes a frame's header and attachments; False ends the reading. `fail` hears what it raised, and
        QuotaExceededError from a guest that is beyond all debts."""
        self._host_time = host_time
        host_time.exceeded = self._check_share
        self._handle = handle
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.ReadTransport | None = None
        self._frames = FrameDecoder()
        self._waiting: Iterator[tuple[memoryview, memoryview]] | None = None
        self._resuming: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.ReadTransport) -> None:
        """The connection stands."""
        self._transport = transport

    @property
    def partial(self) -> bool:
        """Whether something has arrived that was not handled yet."""
        return self._frames.partial or self._waiting is not None

    def feed(self, data: bytes) -> None:
        """Handle the frames in these bytes, now or when it is this guest's turn again."""
        self._handle_frames(self._frames.feed(data))

    def _handle_frames(self, frames: Iterator[tuple[memoryview, memoryview]]) -> None:
        host_time = self._host_time
        began = now = host_time.begin()
        self._waiting = None
        try:
            for header, attachments in frames:
                if not self._handle(header, attachments):
                    return
                now = perf_counter()
                if now - began > _SLICE_S and (following := next(frames, None)) is not None:
                    self._waiting = itertools.chain((following,), frames)
                    break
        except Exception as error:
            self._fail(error)
            return
        finally:
            host_time.measuring = False
        if host_time.add(now - began, now) or self._waiting is not None:
            self._check_share()

    def _check_share(self) -> None:
        if self._host_time.overdrawn:
            text = "the program costs the host more time than it may: it is beyond its share by more than"
            self._fail(
                QuotaExceededError(
                    f"{text} host_time_debt_ms={HOST_TIME_DEBT_LIMIT_MS}",
                    limit="host_time_debt_ms",
                    value=HOST_TIME_DEBT_LIMIT_MS,
                )
            )
            return
        if self._resuming is not None:
            return
        pause_s = self._host_time.pause_s
        if pause_s > 0 or self._waiting is not None:
            self._resuming = self._loop.call_later(min(pause_s, _LOOK_S), self._go_on)
            if self._transport is not None:
                self._transport.pause_reading()

    def _go_on(self) -> None:
        """The pause is over: handle what waits, and read again."""
        self._resuming = None
        if self._host_time.pause_s > 0 or self._host_time.overdrawn:
            self._check_share()  # handlers went on meanwhile
        elif self._waiting is not None:
            self._handle_frames(self._waiting)
        if self._resuming is None and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Nothing is read any more."""
        if self._resuming is not None:
            self._resuming.cancel()
            self._resuming = None
        self._waiting = None
        self._transport = None
        self._host_time.exceeded = None
