"""What a channel tells of entries into the guest's program, so that none is without a limit. See `Door`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from isolatejs.errors import IsolateError
    from isolatejs.wire.message import Door


class Entry(Protocol):
    """An entry that is under way."""

    def finish(self) -> None:
        """The program has answered, or nobody waits any more."""
        ...


class Entries(Protocol):
    """Who limits the entries of one runtime. All that goes to the guest passes here; see `host/executions.py`."""

    def begin(self, door: Door) -> Entry | None:
        """A call is about to be sent. None when nothing of it has to be watched."""
        ...

    def begin_read(self) -> Entry | None:
        """The next bytes of one of the program's streams are waited for."""
        ...

    def cancelled(self, door: Door, *, by_guest: bool) -> None:
        """Nobody waits for the answer to a call any more; `by_guest` when it was the program's own doing."""
        ...

    async def how_it_ended(self) -> IsolateError:
        """The error for calls that were open when the runtime ended."""
        ...
