"""`server.ws`: what happens to WebSockets, sent into the program."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from isolatejs.errors import ConfigurationError, RuntimeDisposedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from isolatejs.capabilities.serve.bindings import WebSocketCommand
    from isolatejs.capabilities.serve.host import ServeHost

_CONNECTION_ID: Final = re.compile(r"ws_([1-9][0-9]{0,15})")


class AppServerSockets:
    """Events of upgraded connections, by their id.

    A connection is over when either side closes it, or its sandbox goes away; events that come later are
    dropped, as they are on a network.
    """

    def __init__(self, find: Callable[[int], ServeHost | None]) -> None:
        self._find = find

    async def open(self, connection_id: str) -> None:
        """The handshake is done. Returns when the program's `open` handler has finished."""
        number = _number(connection_id)
        if (serve := self._find(number)) is not None:
            await _quietly_gone(serve.connections.open(number), serve)

    async def message(self, connection_id: str, data: str | bytes | bytearray | memoryview) -> None:
        """A message came: text as str, binary as bytes. Returns when the program can take another one.

        Messages of one connection arrive in the order in which this is called.
        """
        number = _number(connection_id)
        if not isinstance(data, str):
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise ConfigurationError(f"data: a str or bytes, not {type(data).__name__}")
            data = bytes(data)
        if (serve := self._find(number)) is not None:
            await _quietly_gone(serve.connections.message(number, data), serve)

    async def close(self, connection_id: str, code: int = 1000, reason: str = "") -> None:
        """The connection is closed, with `code` 1005 when the peer gave none and 1006 when it was lost."""
        if isinstance(code, bool) or not isinstance(code, int) or not 1000 <= code <= 4999:
            raise ConfigurationError(f"code: a WebSocket close code from 1000 to 4999, not {code!r:.80}")
        if not isinstance(reason, str):
            raise ConfigurationError(f"reason: a str, not {type(reason).__name__}")
        number = _number(connection_id)
        if (serve := self._find(number)) is not None:
            await _quietly_gone(serve.connections.close_one(number, code, reason), serve)

    async def error(self, connection_id: str, exc: BaseException | str) -> None:
        """Something went wrong with the connection: the program's `error` handler gets name and message."""
        number = _number(connection_id)
        if (serve := self._find(number)) is not None:
            await _quietly_gone(serve.connections.fail(number, exc), serve)

    def commands(self, connection_id: str) -> AsyncIterator[WebSocketCommand]:
        """What the program sends on a connection, until one side closes it.

        The last command is the program's own `close`, if it was the program that closed. While nobody
        iterates, commands wait, and the program is held back when too many do. Ask for it before `open()`:
        it takes the place of `on_command` for this connection.
        """
        number = _number(connection_id)
        serve = self._find(number)
        connection = None if serve is None else serve.connections.get(number)
        if connection is None:
            return _nothing()
        return aiter(connection)


async def _quietly_gone(telling: object, serve: ServeHost) -> None:
    """A sandbox that ends meanwhile has closed the connection already."""
    try:
        await telling  # type: ignore[misc]
    except RuntimeDisposedError:
        if not serve.closed:
            raise


async def _nothing() -> AsyncIterator[WebSocketCommand]:
    return
    yield


def _number(connection_id: str) -> int:
    match = _CONNECTION_ID.fullmatch(connection_id) if isinstance(connection_id, str) else None
    if match is None:
        raise ConfigurationError(f"{connection_id!r:.80} is not the id of a WebSocket connection")
    return int(match[1])
