"""The way out of a browser's contexts under a fetch policy: a proxy on loopback that connects only where it may.

Interception of requests (session.py) does not see the hops of redirects, WebSockets, or what workers fetch. All
of these connect through here, so the policy decides on the address that is really connected to. It speaks just
what browsers say to a proxy: CONNECT, and requests with a whole URL, one per connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

from isolatejs.errors import FetchError
from isolatejs.limits import BROWSER_PROXY_CONNECTIONS_LIMIT, BROWSER_PROXY_HEAD_LIMIT_BYTES
from isolatejs.web.program_log import program_logger

OpenSocket = Callable[[str], Awaitable[socket.socket]]
"""Given a URL, a socket connected to its host. Raises FetchError when the policy refuses, or OSError."""

_logger = program_logger("isolatejs.browser")
_HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")


class PolicyProxy:
    """An HTTP proxy for the contexts of one session."""

    def __init__(self, open_socket: OpenSocket) -> None:
        self.open_socket = open_socket
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def address(self) -> str:
        """The proxy's URL; it listens from the first time on."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", 0, limit=BROWSER_PROXY_HEAD_LIMIT_BYTES
            )
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= BROWSER_PROXY_CONNECTIONS_LIMIT:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError) as error:
            _logger.debug("a connection of the browser ended: %s", error)
        except asyncio.CancelledError:
            pass  # the session is closing
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode("latin-1").split(" ")
        try:
            upstream = await self._connect(method, target)
        except FetchError as error:
            _logger.info("a connection of the browser was refused: %s", error)
            await _answer(writer, b"HTTP/1.1 403 Forbidden")
            return
        except OSError:
            await _answer(writer, b"HTTP/1.1 502 Bad Gateway")
            return
        up_reader, up_writer = await asyncio.open_connection(
            sock=upstream, limit=BROWSER_PROXY_HEAD_LIMIT_BYTES
        )
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _relay_both(reader, writer, up_reader, up_writer)
            else:
                up_writer.write(_origin_form(method, target, version) + _closing(rest))
                await _relay_response(reader, writer, up_reader, up_writer)
        finally:
            up_writer.transport.abort()

    async def _connect(self, method: str, target: str) -> socket.socket:
        if method != "CONNECT":
            return await self.open_socket(target)
        try:
            return await self.open_socket(f"https://{target}/")
        except FetchError:
            # A tunnel may also carry plain WebSockets.
            return await self.open_socket(f"http://{target}/")


def _origin_form(method: str, target: str, version: str) -> bytes:
    rest = target.split("://", 1)[1]
    at = min((found for mark in "/?" if (found := rest.find(mark)) >= 0), default=len(rest))
    path = rest[at:]
    return f"{method} {path if path.startswith('/') else '/' + path} {version}\r\n".encode("latin-1")


def _closing(fields: bytes) -> bytes:
    """Header fields for a connection that carries one exchange; upgrades stay."""
    lines = fields.rstrip(b"\r\n").split(b"\r\n")
    upgrades = any(line.lower().startswith(b"upgrade:") for line in lines)
    kept = [line for line in lines if line and not line.lower().startswith(_HOP_BY_HOP)]
    return b"\r\n".join([*kept, b"Connection: Upgrade" if upgrades else b"Connection: close", b"", b""])


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


async def _relay_response(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    up_reader: asyncio.StreamReader,
    up_writer: asyncio.StreamWriter,
) -> None:
    """Relay one exchange; the browser is told that the connection ends with it."""

    async def down() -> None:
        status = 100
        while status < 200 and status != 101:
            line, _, fields = (await up_reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            status = int(line.split(b" ", 2)[1])
            writer.write(line + b"\r\n" + (_closing(fields) if status >= 200 else fields))
        await _relay(up_reader, writer)

    await _first(down(), _relay(reader, up_writer))


async def _relay_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    up_reader: asyncio.StreamReader,
    up_writer: asyncio.StreamWriter,
) -> None:
    await _first(_relay(up_reader, writer), _relay(reader, up_writer))


async def _first(down: Awaitable[None], up: Awaitable[None]) -> None:
    """Both ways until the answer has ended; the question may end before."""
    upward = asyncio.ensure_future(up)
    try:
        await down
    finally:
        upward.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await upward


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
