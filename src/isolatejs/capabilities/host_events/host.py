"""The embedder's end of named events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.events import call_event_handler
from isolatejs.capabilities.host_events import contract
from isolatejs.capabilities.host_events.contract import DeliverEvent, EventEmitted
from isolatejs.errors import ConfigurationError
from isolatejs.wire.unicode import well_formed

if TYPE_CHECKING:
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingNote

EventHandler = Callable[[Any], object]


class HostEvents:
    """`runtime.events`: listen to what the program emits, and emit to the program."""

    name: ClassVar[str] = "host_events"
    contract: ClassVar[Any] = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        self._scope = scope
        self._handlers: dict[str, dict[object, EventHandler]] = {}

    def on(self, name: str, handler: EventHandler) -> Callable[[], None]:
        """Call `handler(payload)` for each event `name` that the program emits. Returns a function that stops it.

        Handlers are synchronous and best effort: an exception is logged and goes no further.
        """
        if not callable(handler):
            raise ConfigurationError(f"handler: a callable, not {type(handler).__name__}")
        handlers = self._handlers.setdefault(_event_name(name), {})
        listener = object()
        handlers[listener] = handler

        def off() -> None:
            handlers.pop(listener, None)
            if not handlers and self._handlers.get(name) is handlers:
                del self._handlers[name]

        return off

    async def emit(self, name: str, payload: Any = None) -> None:
        """Call the program's handlers of event `name` with `payload`; returns when they have been called."""
        name = well_formed(_event_name(name))
        attachments: list[Any] = []
        encoded = self._scope.channel.encode(payload, attachments)
        await self._scope.channel.call(DeliverEvent(name, encoded), attachments)

    def grant(self) -> dict[str, Any]:
        return {}

    def event_emitted(self, message: EventEmitted, note: IncomingNote) -> None:
        handlers = self._handlers.get(message.name)
        if not handlers:
            return
        payload = note.decode(message.payload)
        for handler in tuple(handlers.values()):
            call_event_handler(handler, payload, logger=self._scope.logger)

    async def close(self) -> None:
        self._handlers.clear()


def _event_name(name: Any) -> str:
    if not isinstance(name, str):
        raise ConfigurationError(f"name: a str, not {type(name).__name__}")
    return name
