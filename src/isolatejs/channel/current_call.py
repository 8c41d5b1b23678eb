"""For whom the host works now: set while a handler of a guest's call runs, and in all tasks that it starts.

What shares something between runtimes (threads, connections, processes) asks here whose turn it is.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable

    from isolatejs.channel.channel import Channel


@dataclass(eq=False, slots=True)
class CurrentCall:
    """One call of a guest that is being answered."""

    owner: Hashable
    """Whose: the runtime's account of host time, or that of the tree that it belongs to."""
    channel: Channel
    task: asyncio.Task[None] | None = None
    """Set when it has begun."""
    given_up: bool = False
    """Whether the guest itself has cancelled it."""
    number: int = 0
    """The guest's number for it, 0 for a note."""
    name: str = ""
    """Of its message."""
    abort: Callable[[], None] | None = None
    """Called when the guest cancels it, before its handler is cancelled."""
    facts: Any = None
    """Of the request on whose behalf the guest calls (a RequestFacts), None for nobody's."""

    @property
    def origin(self) -> CurrentCall | None:
        """The call of the parent's program that let this guest run, where this is a child of a nested host."""
        return None if self.facts is None else self.facts.origin


current_call: ContextVar[CurrentCall | None] = ContextVar("isolatejs_current_call", default=None)
_EMBEDDER = "embedder"


def call_of(channel: Channel) -> CurrentCall | None:
    """The call of this channel's guest on whose behalf the host works now: that call, or one that led to it."""
    call = current_call.get()
    while call is not None and call.channel is not channel:
        call = call.origin
    return call


def current_owner() -> Hashable:
    """The owner for fair queues. The embedder's own work, which no guest asked for, is one owner, too."""
    call = current_call.get()
    return _EMBEDDER if call is None else call.owner
