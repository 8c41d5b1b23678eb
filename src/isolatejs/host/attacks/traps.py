"""What an attack of a page must not reach: listeners of its own on TCP and UDP; and the one site that it may."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_HEAD_LIMIT_BYTES = 64 * 1024
_WORKER = (
    "addEventListener('message', (event) => { fetch(event.data, { mode: 'no-cors' });"
    " new WebSocket(event.data.replace('http', 'ws')); });"
    " addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));"
    " addEventListener('activate', () => clients.claim());"
)


def own_address() -> str:
    """An address of this machine beside loopback; loopback when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            address: str = probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
    return address


class Trap:
    """Listens on one port of all addresses, TCP and UDP, and notes what comes."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._servers: list[asyncio.Server] = []
        self._transports: list[asyncio.BaseTransport] = []
        self.port = 0

    async def open(self) -> Trap:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._servers.append(await asyncio.start_server(self._on_connection, "0.0.0.0", 0))
        self.port = self._servers[0].sockets[0].getsockname()[1]
        await self._datagrams(loop, socket.AF_INET, "0.0.0.0")
        if socket.has_ipv6:
            try:
                self._servers.append(
                    await asyncio.start_server(self._on_connection, "::", self.port, family=socket.AF_INET6)
                )
                await self._datagrams(loop, socket.AF_INET6, "::")
            except OSError:
                pass  # a machine without IPv6
        return self

    async def _datagrams(
        self, loop: asyncio.AbstractEventLoop, family: socket.AddressFamily, host: str
    ) -> None:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(host, self.port), family=family
        )
        self._transports.append(transport)

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append("a TCP connection")
        try:
            async with asyncio.timeout(1):
                first = await reader.read(1024)
                self.heard[-1] += f": {first[:80]!r}"
        except (OSError, TimeoutError):
            pass  # it connected, that is enough
        finally:
            writer.transport.abort()

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, trap: Trap) -> None:
        self._trap = trap

    def datagram_received(self, data: bytes, address: object) -> None:
        self._trap.heard.append(f"a datagram: {data[:40]!r}")


@dataclass
class Site:
    """The allowed site: pages by path, with headers; `/redirect?URL` and `/worker.js` are always there."""

    pages: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    authority: str = ""

    async def __aenter__(self) -> Site:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_LIMIT_BYTES)
        self.authority = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b" ", 2)[1].decode("latin-1")))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, IndexError):
            pass  # a browser that went away, or never spoke
        finally:
            writer.close()

    def _answer(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        status, kind, body = "200 OK", "text/html; charset=utf-8", ""
        headers: tuple[tuple[str, str], ...] = ()
        if path == "/redirect":
            status, headers = "307 Temporary Redirect", (("location", query),)
        elif path == "/worker.js":
            kind, body = "text/javascript", _WORKER
        elif path in self.pages:
            body, headers = self.pages[path]
        else:
            status = "404 Not Found"
        content = body.encode()
        lines = [
            f"HTTP/1.1 {status}",
            f"content-type: {kind}",
            f"content-length: {len(content)}",
            "connection: close",
            *(f"{name}: {value}" for name, value in headers),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
