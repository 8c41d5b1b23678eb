"""Where a host writes the deadlines of its sandboxes, for the launcher to read. See `launcher/deadlines.py`.

Each host has a board of its own, also those that share a daemon: nobody can set another one's deadlines.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from .launcher.control import DEADLINE_PLACE

if TYPE_CHECKING:
    from collections.abc import Callable


class DeadlineBoard:
    """An anonymous file with one place for each sandbox that has a deadline, created for the first of them."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._free: list[int] = []
        self._places = 0

    def claim(self, announce: Callable[[int, int], None]) -> DeadlinePlace:
        """A place. `announce` tells the launcher: it takes a descriptor, which it has to close, and an offset."""
        if self._descriptor is None:
            self._descriptor = os.memfd_create("isolatejs-deadlines", os.MFD_CLOEXEC)
        if self._free:
            offset = self._free.pop()
        else:
            offset = self._places * DEADLINE_PLACE.size
            self._places += 1
        place = DeadlinePlace(self, offset)
        place.write()
        announce(os.dup(self._descriptor), offset)
        return place

    def write(self, offset: int, data: bytes) -> None:
        """Set a place."""
        if self._descriptor is not None:
            os.pwrite(self._descriptor, data, offset)

    def release(self, offset: int) -> None:
        """The place may be another one's."""
        self._free.append(offset)

    def close(self) -> None:
        """The launcher is gone, or the connection to the daemon that has it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class DeadlinePlace:
    """The place of one sandbox."""

    def __init__(self, board: DeadlineBoard, offset: int) -> None:
        self.offset = offset
        self._board = board
        self._deadline_ns = 0
        self._busy_ns = 0

    def set_deadline(self, deadline: float) -> None:
        """When the sandbox has to be gone, in seconds of the monotonic clock; infinity for never."""
        self._deadline_ns = 0 if deadline == math.inf else int(deadline * 1e9)
        self.write()

    def limit_busy(self, limit_s: float) -> None:
        """How long the sandbox may keep a processor busy outside of executions; infinity for ever."""
        self._busy_ns = 0 if limit_s == math.inf else int(limit_s * 1e9)
        self.write()

    def write(self) -> None:
        """Put it on the board."""
        self._board.write(self.offset, DEADLINE_PLACE.pack(self._deadline_ns, 0, self._busy_ns, 0))

    def release(self) -> None:
        """The sandbox is gone."""
        self.abandon()
        self._board.release(self.offset)

    def abandon(self) -> None:
        """The sandbox is another one's now. Its launcher may read this place for a while: nobody gets it."""
        self._deadline_ns = self._busy_ns = 0
        self.write()
