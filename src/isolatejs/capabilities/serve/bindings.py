"""What an embedder passes to an app server for its WebSockets, and the commands that it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WebSocketBindings", "WebSocketCommand"]

_CAMEL = {"connectionId": "connection_id", "wasClean": "was_clean"}


@dataclass(frozen=True, slots=True)
class WebSocketCommand:
    """What the program wants done with one of its WebSockets.

    `type` is "message" (send `data`, a str for text and bytes for binary) or "close" (close it with `code`
    and `reason`; it is gone for the program already). Fields are items too: `command["connectionId"]`.
    """

    type: Literal["message", "close"]
    connection_id: str
    data: str | bytes | None = None
    code: int | None = None
    reason: str | None = None

    def __getitem__(self, name: str) -> Any:
        name = _CAMEL.get(name, name)
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class WebSocketBindings:
    """`on_command(command)` or `on_command(command, context)` is called with each WebSocketCommand, one after
    another for each connection.

    It may be plain or async; while it runs, that connection's next commands wait, and the program is held
    back once a megabyte of them does. Without it, or for a connection that is read with
    `server.ws.commands(connection_id)`, commands wait for their reader in the same way.
    """

    on_command: Callable[[WebSocketCommand], Any] | None = None

    def __post_init__(self) -> None:
        if self.on_command is not None and not callable(self.on_command):
            raise ConfigurationError(
                f"web_sockets.on_command: a callable, not {type(self.on_command).__name__}"
            )
