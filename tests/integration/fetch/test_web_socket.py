"""Outbound WebSocket from inside a sandbox, against a real server of the `websockets` library."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from websockets import ConnectionClosed
from websockets.asyncio.server import Server, ServerConnection, serve

from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.web import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from websockets.typing import Subprotocol


class Echo:
    """Echoes, and does what a few words say."""

    def __init__(self) -> None:
        self.closed: asyncio.Queue[tuple[int | None, str | None]] = asyncio.Queue()
        self.headers: dict[str, str] = {}
        self.server: Server

    async def __call__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers = {name.lower(): value for name, value in connection.request.headers.raw_items()}
        try:
            await self._answer(connection)
        except ConnectionClosed:
            pass
        await self.closed.put((connection.close_code, connection.close_reason))

    async def _answer(self, connection: ServerConnection) -> None:
        async for message in connection:
            if message == "close":
                await connection.close(4001, "as you say")
            elif message == "drop":
                connection.transport.abort()
            elif isinstance(message, str) and message.startswith("many "):
                for number in range(int(message[5:])):
                    await connection.send(f"{number}")
            else:
                await connection.send(message)

    @property
    def url(self) -> str:
        port = next(iter(self.server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/"


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()

    def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((protocol for protocol in offered if protocol == "chat"), None)

    async with serve(echo, "127.0.0.1", 0, select_subprotocol=choose, max_size=2**25) as echo.server:
        yield echo


async def test_text_binary_and_close(open_runtime: Any, echo: Echo) -> None:
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}x", ["other", "chat"]);
        const log = [[ws.readyState, ws.url.startsWith("ws://127.0.0.1"), ws.binaryType]];
        const next = () => new Promise((resolve) => ws.onmessage = (e) => resolve(e.data));
        await new Promise((resolve) => ws.onopen = resolve);
        log.push([ws.readyState, ws.protocol]);
        ws.send("héllo");
        log.push(await next());
        ws.send(new Uint8Array([1, 2, 255]));
        const blob = await next();
        log.push([blob instanceof Blob, [...new Uint8Array(await blob.arrayBuffer())]]);
        ws.binaryType = "arraybuffer";
        ws.send(new Blob(["blob"]));
        const buffer = await next();
        log.push([buffer instanceof ArrayBuffer, new TextDecoder().decode(buffer)]);
        ws.close(3000, "done");
        log.push(ws.readyState);
        const event = await new Promise((resolve) => ws.onclose = resolve);
        log.push([event.code, event.reason, event.wasClean, ws.readyState, ws.bufferedAmount]);
        log
    """) == [
        [0, True, "blob"],
        [1, "chat"],
        "héllo",
        [True, [1, 2, 255]],
        [True, "blob"],
        2,
        [3000, "done", True, 3, 0],
    ]
    assert await asyncio.wait_for(echo.closed.get(), 5) == (3000, "done")


async def test_many_messages_keep_their_order(open_runtime: Any, echo: Echo) -> None:
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}");
        await new Promise((resolve) => ws.onopen = resolve);
        const seen = [];
        const all = new Promise((resolve) => ws.onmessage = (e) => seen.push(e.data) === 600 && resolve());
        for (let i = 0; i < 300; i++) ws.send(i % 10 === 0 ? new Blob([`b`]) : `${{i}}`);
        ws.send("many 300");
        await all;
        ws.close();
        await new Promise((resolve) => ws.onclose = resolve);
        const sent = Array.from({{ length: 300 }}, (_, i) => i % 10 === 0 ? "Blob" : `${{i}}`);
        const expected = [...sent, ...Array.from({{ length: 300 }}, (_, i) => `${{i}}`)];
        seen.every((data, i) => (typeof data === "string" ? data : "Blob") === expected[i])
    """)


@pytest.mark.parametrize(
    ("word", "expected"), [("close", [4001, "as you say", True]), ("drop", [1006, "", False])]
)
async def test_the_server_ends_it(open_runtime: Any, echo: Echo, word: str, expected: list[Any]) -> None:
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}");
        const errors = [];
        ws.onerror = (e) => errors.push(e.type);
        ws.onopen = () => ws.send("{word}");
        const event = await new Promise((resolve) => ws.onclose = resolve);
        ws.send("ignored");
        [event.code, event.reason, event.wasClean, errors.length]
    """) == [*expected, 0 if expected[2] else 1]


async def test_large_messages(open_runtime: Any, echo: Echo) -> None:
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}");
        ws.binaryType = "arraybuffer";
        await new Promise((resolve) => ws.onopen = resolve);
        ws.send(new Uint8Array(5_000_000).fill(7));
        const data = await new Promise((resolve) => ws.onmessage = (e) => resolve(e.data));
        ws.close();
        [data.byteLength, new Uint8Array(data).every((byte) => byte === 7)]
    """) == [5_000_000, True]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("new WebSocket('/relative')", "SyntaxError"),
        ("new WebSocket('ftp://a')", "SyntaxError"),
        ("new WebSocket('ws://a/#f')", "SyntaxError"),
        ("new WebSocket('ws://a/', 'a b')", "SyntaxError"),
        ("new WebSocket('ws://a/', ['a', 'a'])", "SyntaxError"),
        ("new WebSocket('ws://127.0.0.1:1/').send('x')", "InvalidStateError"),
        ("new WebSocket('ws://127.0.0.1:1/').close(1001)", "InvalidAccessError"),
        ("new WebSocket('ws://127.0.0.1:1/').close(3000, 'x'.repeat(124))", "SyntaxError"),
        ("WebSocket('ws://a/')", "TypeError"),
    ],
)
async def test_wrong_calls_throw(open_runtime: Any, code: str, name: str) -> None:
    runtime = await open_runtime()
    assert (
        await runtime.eval(f"let name; try {{ {code}; }} catch (error) {{ name = error.name; }} name") == name
    )


async def test_what_the_policy_refuses_fails_with_an_error_event(open_runtime: Any, echo: Echo) -> None:
    refused = echo.url.replace("127.0.0.1", "localhost")
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const ws = new WebSocket("{refused}");
        let error;
        ws.onerror = (event) => error = event;
        const close = await new Promise((resolve) => ws.onclose = resolve);
        [error.message.includes("not allowed"), close.code, ws.readyState]
    """) == [True, 1006, 3]


async def test_closing_before_it_is_open(open_runtime: Any, echo: Echo) -> None:
    runtime = await open_runtime()
    code, opened = await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}");
        let opened = false;
        ws.onopen = () => opened = true;
        ws.close();
        const event = await new Promise((resolve) => ws.onclose = resolve);
        [event.code, opened]
    """)
    assert (code in {1000, 1006}, opened) == (True, False)


async def test_it_is_there_only_when_granted(open_runtime: Any) -> None:
    for fetch in (lambda request: Response(), create_fetch_binding("a.com", web_sockets=False)):
        runtime = await open_runtime(fetch)
        assert await runtime.eval("[typeof WebSocket, typeof EventSource, typeof fetch]") == [
            *["undefined", "function", "function"],
        ]


async def test_dispose_closes_the_connection(open_runtime: Any, echo: Echo) -> None:
    runtime = await open_runtime()
    await runtime.eval(
        f"globalThis.ws = new WebSocket('{echo.url}'); await new Promise((r) => ws.onopen = r); 0"
    )
    await runtime.dispose()
    assert (await asyncio.wait_for(echo.closed.get(), 5))[0] == 1006


async def test_credentials_go_along_and_do_not_come_back(open_runtime: Any, echo: Echo) -> None:
    origin = echo.url.replace("ws:", "http:")
    binding = create_fetch_binding(
        "127.0.0.1", allow_loopback=True, credentials={origin: {"authorization": "Bearer the-secret"}}
    )
    runtime = await open_runtime(binding)
    assert (
        await runtime.eval(f"""
        const ws = new WebSocket("{echo.url}");
        ws.binaryType = "arraybuffer";
        await new Promise((resolve) => ws.onopen = resolve);
        const seen = [];
        const both = new Promise((resolve) => ws.onmessage = (e) => seen.push(e.data) === 2 && resolve());
        ws.send("a the-secret b");
        ws.send(new TextEncoder().encode("a the-secret b"));
        await both;
        ws.close();
        [seen[0], new TextDecoder().decode(seen[1])]
    """)
        == ["a ********** b"] * 2
    )
    await asyncio.wait_for(echo.closed.get(), 5)
    assert echo.headers["authorization"] == "Bearer the-secret"


class BrokenSocket:
    """An embedder's own WebSocket whose connection fails."""

    protocol = extensions = close_reason = ""
    close_code = 1006

    async def send(self, message: str | bytes) -> None: ...
    async def close(self, code: int = 1000, reason: str = "") -> None: ...
    def abort(self) -> None: ...
    async def receive(self) -> str | bytes | None:
        raise ConnectionResetError("/etc/secret")


async def test_an_own_binding_that_fails_loses_the_connection(open_runtime: Any) -> None:
    class Binding:
        web_sockets = True

        def __call__(self, request: Any) -> Response:
            return Response("x")

        async def open_web_socket(self, url: str, protocols: tuple[str, ...], context: Any) -> BrokenSocket:
            return BrokenSocket()

    runtime = await open_runtime(Binding())
    code = """
    const ws = new WebSocket("wss://a.test/");
    await new Promise((resolve) => ws.onclose = (event) => resolve([event.code, event.reason, event.wasClean]))
    """
    assert await asyncio.wait_for(runtime.eval(code), 20) == [1006, "", False]
