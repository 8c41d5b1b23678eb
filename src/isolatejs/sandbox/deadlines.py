"""Where a host writes the deadlines of its sandboxes, for the launcher to read. See `launcher/deadlines.py`.

Each host has a board of its own, also those that share a daemon: nobody can set another one's deadlines.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from typing import TYPE_CHECKING, Final

from isolatejs.errors import QuotaExceededError
from isolatejs.limits import DEADLINE_BOARD_LIMIT_BYTES

from .launcher.control import DEADLINE_PLACE

if TYPE_CHECKING:
    from collections.abc import Callable

_NANOSECONDS: Final = struct.Struct("<q")


class DeadlineBoard:
    """An anonymous file with one place for each sandbox that has a deadline, created for the first of them."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._memory: mmap.mmap | None = None
        self._free: list[int] = []
        self._used_bytes = 0

    def claim(self, announce: Callable[[int, int], None]) -> DeadlinePlace:
        """A place. `announce` tells the launcher: it takes a descriptor, which it has to close, and an offset."""
        if self._memory is None or self._descriptor is None:
            import fcntl  # not to be had on Windows

            self._descriptor = os.memfd_create("isolatejs-deadlines", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(self._descriptor, DEADLINE_BOARD_LIMIT_BYTES)  # takes memory where it is used
            # Nobody can take from under this process what it has mapped.
            fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
            self._memory = mmap.mmap(self._descriptor, DEADLINE_BOARD_LIMIT_BYTES)
        if self._free:
            offset = self._free.pop()
        else:
            offset = self._used_bytes
            self._used_bytes += DEADLINE_PLACE.size
            if self._used_bytes > DEADLINE_BOARD_LIMIT_BYTES:
                raise QuotaExceededError(
                    "no more places for deadlines",
                    limit="deadline_board_bytes",
                    value=DEADLINE_BOARD_LIMIT_BYTES,
                )
        place = DeadlinePlace(self, self._memory, offset)
        announce(os.dup(self._descriptor), offset)
        return place

    def release(self, offset: int) -> None:
        """The place may be another one's."""
        self._free.append(offset)

    def close(self) -> None:
        """The launcher is gone, or the connection to the daemon that has it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = self._memory = None


class DeadlinePlace:
    """The place of one sandbox."""

    __slots__ = ("_board", "_memory", "_offset")

    def __init__(self, board: DeadlineBoard, memory: mmap.mmap, offset: int) -> None:
        self._board = board
        self._memory = memory
        self._offset = offset
        DEADLINE_PLACE.pack_into(memory, offset, 0, 0, 0, 0)

    def set_deadline(self, deadline: float) -> None:
        """When the sandbox has to be gone, in seconds of the monotonic clock; infinity for never."""
        _NANOSECONDS.pack_into(self._memory, self._offset, 0 if deadline == math.inf else int(deadline * 1e9))

    def limit_busy(self, limit_s: float) -> None:
        """How long the sandbox may keep a processor busy outside of executions; infinity for ever."""
        limit_ns = 0 if limit_s == math.inf else int(limit_s * 1e9)
        _NANOSECONDS.pack_into(self._memory, self._offset + 2 * _NANOSECONDS.size, limit_ns)

    def release(self) -> None:
        """The sandbox is gone."""
        self.abandon()
        self._board.release(self._offset)

    def abandon(self) -> None:
        """The sandbox is another one's now. Its launcher may read this place for a while: nobody gets it."""
        DEADLINE_PLACE.pack_into(self._memory, self._offset, 0, 0, 0, 0)
