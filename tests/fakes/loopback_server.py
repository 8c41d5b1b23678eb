"""An HTTP/1.1 server on loopback for tests: routes are async functions, what came is recorded."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class Visit:
    """One request that the server got, and the means to answer it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client has closed the connection; watch it with `wait_gone()`."""

    def header(self, name: str) -> str | None:
        """The value of a header, joined."""
        values = [value for present, value in self.headers if present == name]
        return ", ".join(values) if values else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The request's body as it comes."""
        if self.header("transfer-encoding") == "chunked":
            while size := int((await self.reader.readline()).strip(), 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readline()
        else:
            left = int(self.header("content-length") or 0)
            while left:
                chunk = await self.reader.read(min(left, 65536))
                if not chunk:
                    raise EOFError("the client stopped in the middle of its body")
                left -= len(chunk)
                yield chunk

    async def body(self) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def reply(
        self, body: bytes = b"", *, status: str = "200 OK", headers: list[tuple[str, str]] | None = None
    ) -> None:
        """A whole response."""
        await self.start([*(headers or []), ("content-length", str(len(body)))], status=status)
        self.writer.write(body)
        await self.writer.drain()

    async def start(self, headers: list[tuple[str, str]], *, status: str = "200 OK") -> None:
        """The head of a response."""
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.writer.write("\r\n".join(lines).encode("latin-1"))
        await self.writer.drain()

    async def send_chunk(self, data: bytes) -> None:
        """A piece of a chunked response; an empty one ends it."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def wait_gone(self) -> None:
        """Wait until the client has closed the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.gone.set()


Route = Callable[[Visit], Awaitable[None]]


class LoopbackServer:
    """`async with LoopbackServer() as server`, then `server.routes["/path"] = handler`."""

    def __init__(self, address: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self._tls = tls
        self.routes: dict[str, Route] = {}
        self.visits: list[Visit] = []
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> LoopbackServer:
        self._server = await asyncio.start_server(self._serve, self.address, 0, limit=2**20, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"{self.address}:{self.port}"

    def url(self, path: str = "/", host: str | None = None) -> str:
        """The URL of a path, by address or by another name for it."""
        return f"http{'s' if self._tls else ''}://{host or self.address}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._visit(reader, writer):
                pass
        except (ConnectionError, EOFError, asyncio.CancelledError):
            pass  # the client, or the test, is gone
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        request_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = request_line.split(" ")
        headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]
        visit = Visit(method, target, headers, reader, writer)
        self.visits.append(visit)
        route = self.routes.get(target.partition("?")[0])
        if route is None:
            await visit.reply(f"no {target}".encode(), status="404 Not Found")
        else:
            await route(visit)
        return not visit.gone.is_set()
