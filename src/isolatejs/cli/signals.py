"""The signals that end a command, on any system."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
ENDING: Final = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


def on_ending_signal(stop: Callable[[signal.Signals], None]) -> None:
    """Call `stop` in the running loop whenever a signal asks this process to end."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        try:
            loop.add_signal_handler(number, stop, number)
        except NotImplementedError:  # the loop of Windows
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(stop, signal.Signals(number)))
