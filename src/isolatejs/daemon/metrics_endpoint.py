"""`GET /metrics` on a loopback port, for Prometheus to read. It tells counts only, no names."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from isolatejs.daemon.metrics import CONTENT_TYPE, prometheus_text
from isolatejs.errors import DaemonError
from isolatejs.limits import METRICS_HEAD_LIMIT_BYTES, METRICS_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


@contextlib.asynccontextmanager
async def serve_metrics(port: int, statistics: Callable[[], Mapping[str, Any]]) -> AsyncIterator[int]:
    """Serve on 127.0.0.1 while the context lasts; gives the port. Raises DaemonError when it is taken."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), METRICS_TIMEOUT_MS / 1000)
            writer.write(_response(head, statistics))
            await asyncio.wait_for(writer.drain(), METRICS_TIMEOUT_MS / 1000)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a reader who asks for nothing, or goes away
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, "127.0.0.1", port, limit=METRICS_HEAD_LIMIT_BYTES)
    except OSError as error:
        raise DaemonError(f"the metrics port {port} cannot be had: {error.strerror}") from error
    async with server:
        yield server.sockets[0].getsockname()[1]


def _response(head: bytes, statistics: Callable[[], Mapping[str, Any]]) -> bytes:
    method, target, *_ = [*head.split(b"\r\n", 1)[0].split(b" "), b"", b""]
    if target.split(b"?")[0] != b"/metrics":
        status, kind, body = "404 Not Found", "text/plain", b"see /metrics\n"
    elif method not in (b"GET", b"HEAD"):
        status, kind, body = "405 Method Not Allowed", "text/plain", b"GET it\n"
    else:
        status, kind, body = "200 OK", CONTENT_TYPE, prometheus_text(statistics()).encode()
    fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status}\r\n{fields}\r\n".encode() + (b"" if method == b"HEAD" else body)
