"""The one way out of a managed browser: reads each of its requests and lets the fetch policy's own code send it.

It accepts on a socket in the tenant's network namespace, where nothing else listens. TLS of pages ends here and
begins anew towards the server, so that methods, headers, sizes and WebSockets are seen where the connection is opened.
The browser trusts one certificate, whose key is in this package: nobody but this proxy can be reached with it. A
server whose own certificate is not trusted is shown with another, so that the browser says what it always says.
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
import ssl
from contextlib import suppress
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from isolatejs.capabilities.browser.managed.http_exchange import HttpExchanges
from isolatejs.channel.current_call import CurrentCall, current_call
from isolatejs.errors import FetchError
from isolatejs.limits import BROWSER_PROXY_HEAD_LIMIT_BYTES, MANAGED_BROWSER_CONNECTIONS_LIMIT
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from isolatejs.web.request import Request
    from isolatejs.web.response import Response

__all__ = ["TRUSTED_KEY_HASH", "PolicyUpstream", "TenantProxy", "trusted_certificate"]

TRUSTED_KEY_HASH: Final = "clK4X76aUQ7vHF68KsavGYstj3ahmLFwioyN8h006c0="
"""SHA-256 of the public key of inner-trusted.pem, as Chromium's --ignore-certificate-errors-spki-list wants it."""
_TLS_HANDSHAKE: Final = 0x16
_ACCEPT_AGAIN_S: Final = 0.2
_HANDSHAKE_TIMEOUT_S: Final = 30.0
_FIRST_BYTES_TIMEOUT_S: Final = 60.0
_logger = program_logger("isolatejs.browser")


class PolicyUpstream(Protocol):
    """The fetch policy as the proxy uses it. Everything raises FetchError for what it refuses."""

    def allows(self, url: str, method: str) -> bool:
        """Whether a request passes the rules of names."""
        ...

    async def reach(self, host: str, port: int) -> Any:
        """A connection for what comes next, or None when the host is known well."""
        ...

    async def is_trusted(self, host: str, port: int, stream: Any) -> bool:
        """Whether the certificate of an https server is trusted."""
        ...

    async def keep(self, host: str, port: int, stream: Any) -> None:
        """Keep what `reach` gave for the first request without TLS."""
        ...

    async def tidy(self, host: str, port: int, stream: Any) -> None:
        """Close what `reach` opened, and what was kept for requests to this host which never came."""
        ...

    async def send(self, request: Request, *, trusted: bool = True) -> Response:
        """One hop of a request."""
        ...

    async def open_stream(self, url_text: str, *, trusted: bool = True) -> tuple[Any, str]:
        """A connection for a WebSocket, and the Host it is for."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class TenantProxy:
    """Serves one tenant's connections, under the policy that `use` gave last; without one it refuses everything."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        listener.setblocking(False)
        self._connections: set[asyncio.Task[None]] = set()
        self._dropping: set[asyncio.Task[None]] = set()
        """What is left of former policies."""
        self._upstream: PolicyUpstream | None = None
        # What is shared (threads that look names up, host time) counts this tenant as one, whoever caused its start.
        self._context = contextvars.copy_context()
        self._context.run(current_call.set, CurrentCall(owner=self, channel=cast("Any", None)))
        self._accepting = asyncio.get_running_loop().create_task(
            self._accept(), name="isolatejs proxy", context=self._context
        )

    def use(self, upstream: PolicyUpstream | None) -> None:
        """Obey another policy from now on. Connections of the former one end."""
        before, self._upstream = self._upstream, upstream
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        if before is not None:
            dropping = asyncio.get_running_loop().create_task(_drop(before, connections))
            self._dropping.add(dropping)
            dropping.add_done_callback(self._dropping.discard)

    async def aclose(self) -> None:
        """Accept no more, and end every connection."""
        self._accepting.cancel()
        self.use(None)
        await asyncio.wait([self._accepting, *self._connections, *self._dropping])

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(self._listener)
            except OSError as error:  # the host has no descriptor left
                _logger.warning("a connection of a browser could not be accepted: %s", error)
                await asyncio.sleep(_ACCEPT_AGAIN_S)
                continue
            if len(self._connections) >= MANAGED_BROWSER_CONNECTIONS_LIMIT:
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(self._serve(connection), context=self._context)
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _serve(self, connection: socket.socket) -> None:
        upstream = self._upstream
        try:
            if upstream is not None:
                await self._serve_under(upstream, connection)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            _logger.debug("a connection of a browser ended: %s", error)
        except FetchError as error:
            _logger.info("a connection of a browser was refused: %s", error)
        except Exception:  # of one connection: the others, and the tenant, go on
            _logger.warning("a connection of a browser failed", exc_info=True)
        finally:
            connection.close()

    async def _serve_under(self, upstream: PolicyUpstream, connection: socket.socket) -> None:
        head = await _read_head(connection)
        line, _, _ = head.partition(b"\r\n")
        method, target, _ = line.decode("ascii", "replace").split(" ")
        if method != "CONNECT":
            async with _Streams(connection) as (reader, writer):
                reader.feed_data(head)
                await HttpExchanges(upstream, reader, writer, origin=None, trusted=True).run()
            return
        if not head.endswith(b"\r\n\r\n"):
            raise ValueError("a tunnel that is used before it stands")
        host, port = _authority(target)
        stream = await self._reach(upstream, connection, host, port)
        try:
            await self._serve_tunnel(upstream, connection, host, port, stream)
        finally:
            if stream is not None:
                await upstream.tidy(host, port, stream)

    async def _serve_tunnel(
        self, upstream: PolicyUpstream, connection: socket.socket, host: str, port: int, stream: Any
    ) -> None:
        await _send_all(connection, b"HTTP/1.1 200 Connection established\r\n\r\n")
        authority = f"[{host}]" if ":" in host else host
        if await _first_byte(connection) != _TLS_HANDSHAKE:
            await upstream.keep(host, port, stream)
            async with _Streams(connection) as (reader, writer):
                exchanges = HttpExchanges(
                    upstream, reader, writer, origin=f"http://{authority}:{port}", trusted=True
                )
                await exchanges.run()
            return
        trusted = await upstream.is_trusted(host, port, stream)
        async with _Streams(connection, _inner_tls(trusted)) as (reader, writer):
            exchanges = HttpExchanges(
                upstream, reader, writer, origin=f"https://{authority}:{port}", trusted=trusted
            )
            await exchanges.run()

    async def _reach(self, upstream: PolicyUpstream, connection: socket.socket, host: str, port: int) -> Any:
        try:
            return await upstream.reach(host, port)
        except FetchError:
            await _send_all(connection, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            raise


async def _drop(upstream: PolicyUpstream, connections: list[asyncio.Task[None]]) -> None:
    if connections:
        await asyncio.wait(connections)
    await upstream.aclose()


class _Streams:
    """asyncio streams on an accepted socket, with TLS when there is a context; aborted at the end."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext | None = None) -> None:
        self._connection = connection
        self._context = context

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=BROWSER_PROXY_HEAD_LIMIT_BYTES)
        task = asyncio.current_task()
        assert task is not None
        protocol = _Protocol(reader, task)
        options: dict[str, Any] = {}
        if self._context is not None:
            options = {"ssl": self._context, "ssl_handshake_timeout": _HANDSHAKE_TIMEOUT_S}
        self._transport, _ = await loop.connect_accepted_socket(lambda: protocol, self._connection, **options)
        return reader, asyncio.StreamWriter(self._transport, protocol, reader, loop)

    async def __aexit__(self, *_: object) -> None:
        self._transport.abort()


class _Protocol(asyncio.StreamReaderProtocol):
    """Ends the task that serves a connection when the browser closes it: no answer is waited for in vain."""

    def __init__(self, reader: asyncio.StreamReader, task: asyncio.Task[Any]) -> None:
        super().__init__(reader)
        self._serving = task

    def eof_received(self) -> bool | None:
        self._serving.cancel()
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._serving.cancel()
        super().connection_lost(error)


async def _read_head(connection: socket.socket) -> bytes:
    """The first bytes of a connection, up to and with the end of the head; what follows may be there, too."""
    loop = asyncio.get_running_loop()
    head = b""
    async with asyncio.timeout(_FIRST_BYTES_TIMEOUT_S):
        while b"\r\n\r\n" not in head:
            data = await loop.sock_recv(connection, 16384)
            if not data:
                raise EOFError("it ended within its head")
            head += data
            if len(head) > BROWSER_PROXY_HEAD_LIMIT_BYTES:
                raise ValueError("a head that is too long")
    return head


def _authority(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise ValueError("a tunnel to nowhere")
    return host.removeprefix("[").removesuffix("]"), int(port)


async def _first_byte(connection: socket.socket) -> int:
    """The first byte that comes through a tunnel, which stays there to be read."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def on_readable() -> None:
        if not readable.done():
            readable.set_result(None)

    loop.add_reader(connection, on_readable)
    try:
        async with asyncio.timeout(_FIRST_BYTES_TIMEOUT_S):
            await readable
    finally:
        loop.remove_reader(connection)
    first = connection.recv(1, socket.MSG_PEEK)
    if not first:
        raise EOFError("a tunnel that was not used")
    return first[0]


async def _send_all(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        await asyncio.get_running_loop().sock_sendall(connection, data)


@cache
def _inner_tls(trusted: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    name = "inner-trusted.pem" if trusted else "inner-untrusted.pem"
    with resources.as_file(resources.files(__package__) / name) as path:
        context.load_cert_chain(path)
    return context


def trusted_certificate() -> str:
    """The certificate that a tenant's driver trusts, without its key."""
    text = (resources.files(__package__) / "inner-trusted.pem").read_text()
    return text[text.index("-----BEGIN CERTIFICATE-----") :]
