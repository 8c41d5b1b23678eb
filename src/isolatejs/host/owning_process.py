"""Which process a host belongs to. A forked child inherits the object, but not the event loop that serves it."""

from __future__ import annotations

import os

from isolatejs.errors import RuntimeDisposedError


class OwningProcess:
    """The process that created an object."""

    __slots__ = ("_pid",)

    def __init__(self) -> None:
        self._pid = os.getpid()

    def check(self, what: str) -> None:
        """Raise RuntimeDisposedError in any other process: waiting there would never end."""
        if os.getpid() != self._pid:
            raise RuntimeDisposedError(
                f"{what} belongs to the process that created it (pid {self._pid}), and this is a fork of it: "
                "create a host in each process"
            )
