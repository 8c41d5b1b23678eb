"""A Playwright client for one confined driver: bounds what the driver says before it is parsed.

Driver and browser parse what pages send, so what they say is hostile, too. Messages have a limit in bytes and in
parts, errors of one message stay with the call that it answers, and a driver that talks without end gets a share of
the event loop. This file uses Playwright's private classes; `tests/browser/test_playwright_internals.py` fails when
they change.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from isolatejs.limits import (
    BROWSER_EVENT_LIMIT_PARTS,
    BROWSER_MESSAGE_LIMIT_BYTES,
    BROWSER_MESSAGE_LIMIT_PARTS,
    BROWSER_PROTOCOL_OBJECTS_LIMIT,
    BROWSER_UNSENT_LIMIT_BYTES,
)
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Playwright

_logger = program_logger("isolatejs.browser")
_ID_PREFIX: Final = b'{"id":"'
_ID_LIMIT: Final = 64
_CHUNK_BYTES: Final = 1024 * 1024
_LARGE_PARTS: Final = 4_000
_LARGE_BYTES: Final = 4 * 1024 * 1024
"""Answers beyond one of these are read in a thread: they would take longer than 10 ms of the event loop."""
SHARE: Final = 0.5
"""Part of the event loop's time that the messages of one driver may take when they never end."""
BURST_S: Final = 0.2
"""Time above its share that a driver may use at once."""


class DriverBroken(Exception):
    """The driver said what no driver says, or went away."""


class DriverConnection:
    """Playwright's client on a socket.

    `on_end` is called once, with the reason, when it is of no more use; `explain` gives the reason when the driver
    went away by itself.
    """

    def __init__(self, explain: Callable[[], Awaitable[str]], on_end: Callable[[str], None]) -> None:
        from playwright._impl.connection import Connection

        self._explain = explain
        self._on_end = on_end
        self._connection = Connection(asyncio.get_running_loop())
        # Paths are those of another file system: files travel as streams.
        self._connection.mark_as_remote()
        self._connection.onmessage = self._send
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._used_s = 0.0
        self._allowance = BURST_S
        self._metered_at = time.monotonic()

    async def open(self, channel: socket.socket) -> Playwright:
        """Speak with the driver behind `channel`, which this object owns from now on."""
        from playwright.async_api._generated import Playwright

        reader, self._writer = await asyncio.open_connection(sock=channel, limit=_CHUNK_BYTES)
        self._reading = asyncio.get_running_loop().create_task(self._read(reader), name="isolatejs driver")
        return Playwright(await self._connection.initialize_playwright())

    async def aclose(self) -> None:
        """Wait until nothing of a connection that has ended is left."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    def end(self, reason: str) -> None:
        """Drop the connection; calls that wait for answers fail with `reason`."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._connection.close(reason)
        on_end, self._on_end = self._on_end, lambda _: None
        on_end(reason)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        from playwright._impl.utils.tasks import wait_for_next_task

        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "little")
                if length > BROWSER_MESSAGE_LIMIT_BYTES:
                    await self._skip(reader, length)
                    continue
                data = await reader.readexactly(length)
                self._used_s = 0.0
                await self._take(data)
                del data
                # As Playwright's own transport does: the next message is dispatched in the next task.
                await wait_for_next_task()
                await self._pay(self._used_s)
        except (OSError, EOFError):
            self.end(await self._explain())
        except DriverBroken as error:
            self.end(str(error))

    async def _skip(self, reader: asyncio.StreamReader, length: int) -> None:
        """Pass over a message that is too large; when it answers a call, the call fails."""
        head = await reader.readexactly(_ID_LIMIT)
        left = length - len(head)
        while left:
            left -= len(await reader.readexactly(min(left, _CHUNK_BYTES)))
        self._refuse(head, f"the answer of the browser is larger than {BROWSER_MESSAGE_LIMIT_BYTES} bytes")

    async def _take(self, data: bytes) -> None:
        parts = data.count(b"{") + data.count(b"[") + data.count(b",")
        limit = BROWSER_MESSAGE_LIMIT_PARTS if data.startswith(_ID_PREFIX) else BROWSER_EVENT_LIMIT_PARTS
        if parts > limit:
            self._refuse(data[:_ID_LIMIT], f"the answer of the browser has more than {limit} parts")
            return
        large = parts > _LARGE_PARTS or len(data) > _LARGE_BYTES
        try:
            message = await asyncio.to_thread(json.loads, data) if large else json.loads(data)
        except RecursionError:
            self._refuse(data[:_ID_LIMIT], "the answer of the browser is nested too deeply")
            return
        except ValueError:
            raise DriverBroken("the browser's driver said what is not JSON") from None
        if type(message) is not dict:
            raise DriverBroken("the browser's driver said what is not a message")
        id = message.get("id")
        callback = self._connection._callbacks.get(id) if isinstance(id, str) else None
        started = time.monotonic()
        try:
            if large and callback is not None and not message.get("error"):
                # What Playwright does with an answer, but for that the loop goes on meanwhile.
                validated = await asyncio.to_thread(self._validated, callback, message.get("result"))
                if self._connection._callbacks.pop(str(id), None) is callback:
                    callback.resolve(validated)
            else:
                self._connection.dispatch(message)
                self._used_s += time.monotonic() - started
        except Exception as error:
            if callback is not None:
                self._connection._callbacks.pop(str(id), None)
                callback.reject(
                    _playwright_error(f"the answer of the browser cannot be read: {type(error).__name__}")
                )
            _logger.info("a message of a browser's driver was dropped: %s", error)
        if len(self._connection._objects) > BROWSER_PROTOCOL_OBJECTS_LIMIT:
            raise DriverBroken(f"the browser has more than {BROWSER_PROTOCOL_OBJECTS_LIMIT} objects")

    def _validated(self, callback: Any, result: Any) -> Any:
        from playwright._impl.protocol.validator_primitives import find_validator

        validator = find_validator(callback.type, callback.method, "Result")
        return validator(result, "", self._connection._validator_from_wire_context())

    def _refuse(self, head: bytes, reason: str) -> None:
        """The call that this message answers fails; any other message is dropped."""
        _logger.info("a message of a browser's driver was dropped: %s", reason)
        if head.startswith(_ID_PREFIX):
            id = head[len(_ID_PREFIX) :].partition(b'"')[0].decode("ascii", "replace")
            callback = self._connection._callbacks.pop(id, None)
            if callback is not None:
                callback.reject(_playwright_error(reason))

    async def _pay(self, used_s: float) -> None:
        """Wait when the driver's messages took more than their share of the loop's time."""
        now = time.monotonic()
        self._allowance = min(BURST_S, self._allowance + (now - self._metered_at) * SHARE) - used_s
        self._metered_at = now
        if self._allowance < 0:
            await asyncio.sleep(-self._allowance / SHARE)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            data = json.dumps(message, allow_nan=False).encode()
        except ValueError as error:
            raise _playwright_error(str(error)) from None
        assert self._writer is not None
        if self._writer.transport.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() + len(data) > BROWSER_UNSENT_LIMIT_BYTES:
            self.end("the browser's driver does not read what it is told")
            return
        self._writer.write(len(data).to_bytes(4, "little") + data)


def _playwright_error(text: str) -> Exception:
    from playwright.async_api import Error

    return Error(text)
