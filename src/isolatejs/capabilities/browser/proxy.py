"""The way out of a shared browser's contexts under a fetch policy: a proxy on loopback that connects only where it may.

Interception of requests (session.py) does not see the hops of redirects, WebSockets, or what workers fetch. All
of these connect through here, so the policy decides on the address that is really connected to. It speaks just
what browsers say to a proxy: CONNECT, and requests with a whole URL, one per connection. A tunnel carries TLS, or
one exchange without, which is read and checked. Who has not the session's credentials is not served.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import socket
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

from isolatejs.errors import FetchError
from isolatejs.limits import (
    BROWSER_PROXY_CONNECTIONS_LIMIT,
    BROWSER_PROXY_HEAD_LIMIT_BYTES,
    BROWSER_PROXY_HEAD_TIMEOUT_MS,
)
from isolatejs.web.program_log import program_logger


class ProxyPolicy(Protocol):
    """What the proxy asks. Raises FetchError for what is refused, OSError when nothing answers."""

    @property
    def web_sockets(self) -> bool: ...

    @property
    def response_limit_bytes(self) -> int: ...

    def check_name(self, url: str, method: str = "GET") -> None: ...

    async def open_socket(self, url: str, method: str = "GET") -> socket.socket: ...


_logger = program_logger("isolatejs.browser")
_HOP_BY_HOP: Final = (
    b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:", b"host:",
)  # fmt: skip
_TLS_HANDSHAKE: Final = b"\x16"
_USER: Final = "isolatejs"
GREETING_URL: Final = "http://isolatejs.invalid/"
"""Asked for by the first page of a context: a browser learns the proxy's credentials by a request of a page, and would
open no WebSocket before."""


class PolicyProxy:
    """An HTTP proxy for the contexts of one session."""

    def __init__(self, policy: ProxyPolicy) -> None:
        self._policy = policy
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._password = secrets.token_urlsafe(24)
        self._authorization = b"Basic " + base64.b64encode(f"{_USER}:{self._password}".encode())

    async def options(self) -> dict[str, str]:
        """The `proxy` option of a context; the proxy listens from the first time on."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", 0, limit=BROWSER_PROXY_HEAD_LIMIT_BYTES
            )
        port = self._server.sockets[0].getsockname()[1]
        return {"server": f"http://127.0.0.1:{port}", "username": _USER, "password": self._password}

    def drop_connections(self) -> None:
        """End what was opened under another policy."""
        for task in self._connections:
            task.cancel()

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()
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
        except FetchError as error:
            _logger.info("a connection of the browser was refused: %.300s", error)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, TimeoutError) as error:
            _logger.debug("a connection of the browser ended: %s", error)
        except asyncio.CancelledError:
            pass  # the session is closing
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, version, fields = await _read_request(reader)
        if not self._is_authorized(fields):
            await _answer(
                writer,
                b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="isolatejs"',
            )
            return
        if method == "CONNECT":
            await self._serve_tunnel(target, reader, writer)
            return
        if target == GREETING_URL:
            await _answer(writer, b"HTTP/1.1 204 No Content")
            return
        if not target.lower().startswith("http://"):
            raise ValueError("a request without a whole URL")
        if _is_upgrade(fields) and not self._policy.web_sockets:
            raise FetchError("WebSockets are not allowed")
        try:
            upstream = await self._policy.open_socket(target, method)
        except FetchError as error:
            _logger.info("a connection of the browser was refused: %.300s", error)
            await _answer(writer, b"HTTP/1.1 403 Forbidden")
            return
        except OSError:
            await _answer(writer, b"HTTP/1.1 502 Bad Gateway")
            return
        up_reader, up_writer = await _streams(upstream)
        try:
            host, path = _origin(target)
            up_writer.write(
                f"{method} {path} {version}\r\nHost: {host}\r\n".encode("latin-1") + _closing(fields)
            )
            await self._relay_response(reader, writer, up_reader, up_writer)
        finally:
            up_writer.transport.abort()

    def _is_authorized(self, fields: list[bytes]) -> bool:
        given = [
            line.partition(b":")[2].strip()
            for line in fields
            if line.lower().startswith(b"proxy-authorization:")
        ]
        return len(given) == 1 and hmac.compare_digest(given[0], self._authorization)

    # --- tunnels -----------------------------------------------------------------------------------
    async def _serve_tunnel(
        self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            scheme, upstream = await self._open_tunnel(target)
        except FetchError as error:
            _logger.info("a connection of the browser was refused: %.300s", error)
            await _answer(writer, b"HTTP/1.1 403 Forbidden")
            return
        except OSError:
            await _answer(writer, b"HTTP/1.1 502 Bad Gateway")
            return
        up_reader, up_writer = await _streams(upstream)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.timeout(BROWSER_PROXY_HEAD_TIMEOUT_MS / 1000):
                first = await reader.readexactly(1)
            if first != _TLS_HANDSHAKE:
                await self._serve_plain(target, first, reader, writer, up_reader, up_writer)
            elif scheme == "https":
                up_writer.write(first)
                await _relay_both(reader, writer, up_reader, up_writer)
            else:
                raise FetchError("scheme 'https' is not allowed")
        finally:
            up_writer.transport.abort()

    async def _serve_plain(
        self,
        target: str,
        first: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        """One exchange without TLS in a tunnel, held to the policy like any other: a WebSocket, or a request."""
        method, path, version, fields = await _read_request(reader, first)
        if not path.startswith("/"):
            raise ValueError("a request in a tunnel with more than a path")
        is_upgrade = _is_upgrade(fields)
        if is_upgrade and not self._policy.web_sockets:
            raise FetchError("WebSockets are not allowed")
        try:
            self._policy.check_name(f"{'ws' if is_upgrade else 'http'}://{target}{path}", method)
        except FetchError as error:
            _logger.info("a connection of the browser was refused: %.300s", error)
            await _answer(writer, b"HTTP/1.1 403 Forbidden")
            return
        host, _ = _origin(f"http://{target}/")
        up_writer.write(f"{method} {path} {version}\r\nHost: {host}\r\n".encode("latin-1") + _closing(fields))
        await self._relay_response(reader, writer, up_reader, up_writer)

    async def _open_tunnel(self, target: str) -> tuple[str, socket.socket]:
        try:
            return "https", await self._policy.open_socket(f"https://{target}/")
        except FetchError:
            # A tunnel may also carry plain HTTP: Playwright's request API and WebSockets do.
            return "http", await self._policy.open_socket(f"http://{target}/")

    async def _relay_response(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        """Relay one exchange; the browser is told that the connection ends with it."""

        async def down() -> None:
            status = 100
            while status < 200 and status != 101:
                line, _, rest = (await up_reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
                status = int(line.split(b" ", 2)[1])
                writer.write(line + b"\r\n" + (_closing(rest.split(b"\r\n")) if status >= 200 else rest))
            await _relay(up_reader, writer, None if status == 101 else self._policy.response_limit_bytes)

        await _first(down(), _relay(reader, up_writer))


async def _read_request(
    reader: asyncio.StreamReader, first: bytes = b""
) -> tuple[str, str, str, list[bytes]]:
    """Method, target, version and header lines. Raises ValueError for what is no request."""
    async with asyncio.timeout(BROWSER_PROXY_HEAD_TIMEOUT_MS / 1000):
        head = first + await reader.readuntil(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    method, target, version = line.decode("latin-1").split(" ")
    if not version.startswith("HTTP/1.") or not target:
        raise ValueError("not a request of HTTP/1")
    return method, target, version, [field for field in fields if field]


def _origin(target: str) -> tuple[str, str]:
    """Host and path of a whole URL. The host is the URL's, whatever the header says."""
    parts = urlsplit(target)
    path = target[target.index("//") + 2 + len(parts.netloc) :].partition("#")[0]
    return parts.netloc.rpartition("@")[2], path if path.startswith("/") else f"/{path}"


def _is_upgrade(fields: list[bytes]) -> bool:
    return any(line.lower().startswith(b"upgrade:") for line in fields)


def _closing(fields: list[bytes]) -> bytes:
    """Header fields for a connection that carries one exchange; upgrades stay."""
    kept = [line for line in fields if line and not line.lower().startswith(_HOP_BY_HOP)]
    connection = b"Connection: Upgrade" if _is_upgrade(fields) else b"Connection: close"
    return b"\r\n".join([*kept, connection, b"", b""])


async def _streams(upstream: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(sock=upstream, limit=BROWSER_PROXY_HEAD_LIMIT_BYTES)


async def _answer(writer: asyncio.StreamWriter, head: bytes) -> None:
    writer.write(head + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


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


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None = None
) -> None:
    relayed = 0
    while data := await reader.read(65536):
        relayed += len(data)
        if limit is not None and relayed > limit:
            raise FetchError(f"a response of more than {limit} bytes")
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
