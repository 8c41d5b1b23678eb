"""The proxy of shared browsers: whom it serves, and what it lets through."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from isolatejs.capabilities.browser.proxy import PolicyProxy
from isolatejs.errors import FetchError


class Upstream:
    """A policy, and the server behind it: what it was asked, what it received, what it answers."""

    web_sockets = True
    response_limit_bytes = 1_000
    schemes = ("http", "https", "ws")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.received = b""
        self.tasks: list[asyncio.Task[None]] = []

    async def open_socket(self, url: str, method: str = "GET") -> socket.socket:
        self.asked.append((url, method))
        self.check_name(url, method)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.tasks.append(asyncio.ensure_future(self._serve(theirs)))
        return ours

    def check_name(self, url: str, method: str = "GET") -> None:
        if url.partition(":")[0] not in self.schemes or method == "DELETE" or "refused" in url:
            raise FetchError("refused")

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        with connection:
            data = await loop.sock_recv(connection, 65536)
            self.received += data
            if data:
                await loop.sock_sendall(connection, self.answer)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Upstream, Any, str]]:
    upstream = Upstream()
    proxy = PolicyProxy(upstream)
    options = await proxy.options()
    token = base64.b64encode(f"{options['username']}:{options['password']}".encode()).decode()

    async def send(data: str, *, then: bytes = b"") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(options["server"].rpartition(":")[2]))
        writer.write(data.encode("latin-1"))
        answer = b""
        async with asyncio.timeout(10):
            try:
                if then:
                    answer = await reader.readuntil(b"\r\n\r\n")
                    writer.write(then)
                answer += await reader.read()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
        writer.close()
        return answer

    yield upstream, send, f"Proxy-Authorization: Basic {token}\r\n"
    await proxy.aclose()
    await asyncio.gather(*upstream.tasks, return_exceptions=True)


@pytest.mark.parametrize("given", ["", "Proxy-Authorization: Basic eDp5\r\n", "Proxy-Authorization: x\r\n"])
async def test_nobody_else_is_served(served: Any, given: str) -> None:
    upstream, send, _ = served
    for line in ("GET http://a.example/ HTTP/1.1", "CONNECT a.example:443 HTTP/1.1"):
        assert (await send(f"{line}\r\n{given}\r\n")).startswith(b"HTTP/1.1 407 ")
    assert upstream.asked == []


async def test_the_host_is_that_of_the_url(served: Any) -> None:
    upstream, send, secret = served
    head = f"POST http://a.example:81/x?y#z HTTP/1.1\r\nhost: other.example\r\nHOST: third\r\n{secret}Accept: a\r\n\r\n"
    assert (await send(head)).endswith(b"\r\n\r\nok")
    assert upstream.asked == [("http://a.example:81/x?y#z", "POST")]
    assert (
        upstream.received
        == b"POST /x?y HTTP/1.1\r\nHost: a.example:81\r\nAccept: a\r\nConnection: close\r\n\r\n"
    )


async def test_methods_are_checked_where_the_request_is_seen(served: Any) -> None:
    upstream, send, secret = served
    assert (await send(f"DELETE http://a.example/ HTTP/1.1\r\n{secret}\r\n")).startswith(b"HTTP/1.1 403 ")
    assert upstream.received == b""


async def test_a_large_response_is_cut_off(served: Any) -> None:
    upstream, send, secret = served
    upstream.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000
    answer = await send(f"GET http://a.example/ HTTP/1.1\r\n{secret}\r\n")
    assert len(answer) < 300_000
    connect = f"CONNECT a.example:80 HTTP/1.1\r\n{secret}\r\n"
    assert len(await send(connect, then=b"GET / HTTP/1.1\r\n\r\n")) < 300_000


TLS = b"\x16\x03\x01hello"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: other.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


async def test_tunnels(served: Any) -> None:
    upstream, send, secret = served
    connect = f"CONNECT a.example:443 HTTP/1.1\r\n{secret}\r\n"
    assert (await send(connect, then=TLS)).endswith(b"ok")
    assert upstream.received == TLS
    upstream.received = b""
    assert (await send(connect, then=UPGRADE)).endswith(b"ok")
    assert b"Host: a.example:443\r\n" in upstream.received
    assert b"other.example" not in upstream.received
    assert (await send(f"CONNECT refused:1 HTTP/1.1\r\n{secret}\r\n")).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("schemes", "web_sockets", "data"),
    [
        (("https",), True, UPGRADE),  # a WebSocket without TLS where only https is allowed
        (("http", "ws"), True, TLS),
        (("http", "https", "ws"), False, UPGRADE),
        (("https", "ws"), True, b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (("http", "https", "ws"), True, b"DELETE /x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (("http", "https", "ws"), True, b"GET http://a.example/ HTTP/1.1\r\n\r\n"),
        (("http", "https", "ws"), True, b"\x00\x01\r\n\r\n"),
    ],
)
async def test_what_a_tunnel_does_not_carry(
    served: Any, schemes: tuple[str, ...], web_sockets: bool, data: bytes
) -> None:
    upstream, send, secret = served
    upstream.schemes, upstream.web_sockets = schemes, web_sockets
    await send(f"CONNECT a.example:443 HTTP/1.1\r\n{secret}\r\n", then=data)
    assert upstream.received == b""


NONSENSE = [
    "GET / HTTP/1.1", "GET http: HTTP/1.1", "GET  HTTP/1.1", "x", "GET http://[x/ HTTP/1.1", "GET //x HTTP/1.1",
    "CONNECT  HTTP/1.1", "GET http://a.example/ HTTP/9", "GET file:///x HTTP/1.1", "A B C D",
]  # fmt: skip


@pytest.mark.parametrize("line", NONSENSE)
async def test_nonsense_ends_its_connection_alone(served: Any, line: str, caplog: Any) -> None:
    upstream, send, secret = served
    await send(f"{line}\r\n{secret}\r\n")
    assert upstream.received == b""
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert (await send(f"GET http://a.example/ HTTP/1.1\r\n{secret}\r\n")).endswith(b"ok")
