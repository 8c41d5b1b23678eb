"""WebSockets: upgrades, events in, commands out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import ConfigurationError, Request

if TYPE_CHECKING:
    from isolatejs.capabilities.serve.bindings import WebSocketCommand

    from .conftest import Serving

UPGRADE = {"host": "localhost", "upgrade": "websocket", "connection": "upgrade"}
ECHO = """
serve({
  fetch(request, server) {
    const url = new URL(request.url);
    if (url.pathname === "/plain") return new Response("plain");
    if (server.upgrade(request, { data: { path: url.pathname }, headers: { "x-from": "program" } })) return;
    return new Response("upgrade required", { status: 426 });
  },
  websocket: {
    open(ws) { ws.send(`hello ${ws.data.path} ${ws.readyState}`); },
    message(ws, message) {
      if (message === "close") return ws.close(4001, "as you wish");
      ws.send(typeof message === "string" ? `text ${message}` : message);
    },
    close(ws, code, reason) { note("close", code, reason, ws.readyState); },
    error(ws, error) { note("error", error.name, error.message, error instanceof Error); },
  },
});
"""


async def connect(server: Any, path: str = "/chat") -> str:
    result = await server.handle(Request(f"http://localhost{path}", headers=UPGRADE))
    assert result.type == "websocket"
    return str(result.upgrade_data["connectionId"])


async def test_life_of_a_connection(serving: Serving) -> None:
    commands: list[Any] = []
    notes: list[Any] = []
    async with serving(
        ECHO,
        web_sockets={"on_command": commands.append},
        bindings={"tools": {"note": lambda *values: notes.append(values)}},
    ) as server:
        result = await server.handle(Request("http://localhost/chat", headers=UPGRADE))
        assert result.type == "websocket"
        assert result.upgrade_data["data"] == {"path": "/chat"}
        assert result.upgrade_data["headers"] == [("x-from", "program")]
        connection = result.upgrade_data["connectionId"]
        assert (await server.diagnostics())["active_web_sockets"] == 1
        await server.ws.open(connection)
        for message in ("a\r\nb\0", "", "é😀", b"\x00\xff\x80", b"", bytes(range(256)) * 1000):
            await server.ws.message(connection, message)
        await server.ws.error(connection, OSError("broken pipe"))
        await server.ws.close(connection, 1001, "going away")
        assert [command.data for command in commands] == [
            "hello /chat 1",
            "text a\r\nb\0",
            "text ",
            "text é😀",
            b"\x00\xff\x80",
            b"",
            bytes(range(256)) * 1000,
        ]
        assert {(command.type, command["connectionId"]) for command in commands} == {("message", connection)}
        assert notes == [("error", "OSError", "broken pipe", True), ("close", 1001, "going away", 3)]
        await server.ws.message(connection, "too late")
        assert len(commands) == 7
        assert (await server.diagnostics())["active_web_sockets"] == 0


async def test_program_closes(serving: Serving) -> None:
    notes: list[Any] = []
    tools = {"note": lambda *values: notes.append(values)}
    async with serving(ECHO, bindings={"tools": tools}) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        await server.ws.message(connection, "close")
        received = [(c.type, c.data, c.code, c.reason) async for c in reader]
        assert received == [("message", "hello /chat 1", None, None), ("close", None, 4001, "as you wish")]
        await server.ws.close(connection, 4001, "as you wish")
        assert notes == [("close", 4001, "as you wish", 3)]
        assert (await server.diagnostics())["active_web_sockets"] == 0


async def test_order_is_kept_whatever_callbacks_await(serving: Serving) -> None:
    received: list[Any] = []
    all_there = asyncio.Event()

    async def on_command(command: Any) -> None:
        await asyncio.sleep(0)
        received.append(command.data)
        if len(received) == 500:
            all_there.set()

    code = """
    serve({ fetch(request, server) { server.upgrade(request); }, websocket: {
      async open(ws) {
        for (let n = 0; n < 500; n++) {
          if (n % 5 === 0) ws.send(new Blob([`${n}`])); else if (n % 2) ws.send(`${n}`);
          else ws.send(new TextEncoder().encode(`${n}`));
        }
      } } });
    """
    async with serving(code, web_sockets={"on_command": on_command}) as server:
        await server.ws.open(await connect(server))
        await asyncio.wait_for(all_there.wait(), 10)
        numbers = [int(data) for data in received]
        assert numbers == list(range(500))


async def test_messages_into_the_program_keep_their_order(serving: Serving) -> None:
    code = """
    const seen = [];
    serve({ fetch(request, server) {
      return server.upgrade(request) ? undefined : Response.json(seen);
    }, websocket: { async message(ws, message) { seen.push(message); await null; } } });
    """
    async with serving(code) as server:
        connection = await connect(server)
        await server.ws.open(connection)
        await asyncio.gather(*(server.ws.message(connection, str(n)) for n in range(1000)))
        seen = await (
            await server.handle(Request("http://localhost/", headers={"host": "x"}))
        ).response.json()
        assert seen == [str(n) for n in range(1000)]


async def test_reader_that_is_slow_holds_the_program_back(serving: Serving) -> None:
    code = """
    let drained = 0;
    serve({ fetch(request, server) {
      if (server.upgrade(request)) return;
      return Response.json([globalThis.ws.bufferedAmount, drained]);
    }, websocket: {
      open(ws) {
        globalThis.ws = ws;
        for (let n = 0; n < 100; n++) ws.send(new Uint8Array(100_000).fill(n));
      },
      drain() { drained += 1; },
    } });
    """
    async with serving(code) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)

        async def state() -> Any:
            result = await server.handle(Request("http://localhost/", headers={"host": "x"}))
            return await result.response.json()

        buffered, drained = await state()
        assert 8_000_000 < buffered < 10_000_000 and drained == 0
        for n in range(100):
            assert (await anext(reader)).data == bytes([n]) * 100_000
        while (await state()) != [0, 1]:
            pass


async def test_reader_that_never_reads_loses_its_connection(serving: Serving) -> None:
    code = """
    serve({ fetch(request, server) { server.upgrade(request); }, websocket: {
      open(ws) {
        for (let n = 0; n < 400; n++) ws.send(new Uint8Array(64 * 1024));
        note(ws.readyState);
      } } });
    """
    states: list[int] = []
    async with serving(code, bindings={"tools": {"note": states.append}}) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        received = [command async for command in reader]
        assert (received[-1].type, received[-1].code) == ("close", 1013)
        assert len(received) < 40
        assert states == [3]


async def test_upgrade_needs_to_be_asked_for_over_http(serving: Serving) -> None:
    async with serving(ECHO) as server:
        for headers in ({"host": "localhost"}, {"host": "localhost", "upgrade": "h2c"}):
            result = await server.handle(Request("http://localhost/chat", headers=headers))
            assert result.type == "response" and result.response.status == 426
        refused = await server.handle(Request("http://localhost/chat", headers=UPGRADE), upgradable=False)
        assert refused.type == "response"
        own = await server.handle(Request("http://localhost/chat"))  # made by the embedder, not by a client
        assert own.type == "websocket"


async def test_upgrade_without_data(serving: Serving) -> None:
    async with serving("serve({ fetch(request, server) { server.upgrade(request); } });") as server:
        result = await server.handle(Request("http://localhost/chat", headers=UPGRADE))
        assert result.type == "websocket"
        assert result.upgrade_data["data"] is None
        assert result.connection_id == result.upgrade_data["connectionId"]


async def test_upgrade_and_what_else_the_handler_gives(serving: Serving) -> None:
    code = """
    serve({ async fetch(request, server) {
      const path = new URL(request.url).pathname;
      if (path === "/101") { server.upgrade(request); return new Response(null, { status: 101 }); }
      if (path === "/twice") return Response.json([server.upgrade(request), server.upgrade(request)]);
      if (path === "/late") { setTimeout(() => note(server.upgrade(request)), 0); return new Response("no"); }
      if (path === "/clone") server.upgrade(new Request(request));
      if (path === "/function") { server.upgrade(request, { data: { secret: () => 1, n: 2 } }); return; }
      if (path === "/throws") { server.upgrade(request); throw new Error("after all"); }
    }, websocket: { open(ws) { note(ws.data?.secret?.()); } } });
    """
    notes: asyncio.Queue[Any] = asyncio.Queue()
    tools = {"note": notes.put_nowait}
    logging.getLogger("isolatejs").setLevel(logging.CRITICAL)
    async with serving(code, bindings={"tools": tools}) as server:

        async def kind(path: str) -> str:
            return str((await server.handle(Request(f"http://localhost{path}"))).type)

        assert await kind("/101") == "websocket"
        assert await kind("/twice") == "websocket"
        assert await kind("/late") == "response"
        assert await notes.get() is False
        failed = await server.handle(Request("http://localhost/clone"))
        assert failed.type == "response" and failed.response.status == 500
        thrown = await server.handle(Request("http://localhost/throws"))
        assert thrown.type == "response" and thrown.response.status == 500
        result = await server.handle(Request("http://localhost/function"))
        assert result.type == "websocket" and result.upgrade_data["data"] is None
        await server.ws.open(result.upgrade_data["connectionId"])
        assert await notes.get() == 1
    logging.getLogger("isolatejs").setLevel(logging.NOTSET)


async def test_upgrade_state_is_per_request_under_load(serving: Serving) -> None:
    code = """
    serve({ async fetch(request, server) {
      const url = new URL(request.url);
      const n = Number(url.searchParams.get("n"));
      await new Promise((resolve) => setTimeout(resolve, n % 5));
      if (url.pathname === "/ws") { server.upgrade(request, { data: { n } }); await null; return; }
      return Response.json({ n });
    } });
    """
    async with serving(code) as server:

        async def one(n: int) -> None:
            path = "ws" if n % 3 == 0 else "plain"
            headers = UPGRADE  # every request could be upgraded; only some are
            result = await server.handle(Request(f"http://localhost/{path}?n={n}", headers=headers))
            if n % 3 == 0:
                assert result.type == "websocket" and result.upgrade_data["data"] == {"n": n}
                await server.ws.close(result.upgrade_data["connectionId"])
            else:
                assert result.type == "response" and await result.response.json() == {"n": n}

        await asyncio.gather(*(one(n) for n in range(600)))
        assert (await server.diagnostics())["active_web_sockets"] == 0


async def test_callbacks_know_the_request_of_their_connection(serving: Serving) -> None:
    code = """
    serve({ fetch(request, server) { server.upgrade(request); }, websocket: {
      async message(ws) { await null; ws.send(await who()); } } });
    """
    tools = {"who": lambda context: f"{context.request_id} {context.metadata['user']}"}
    async with serving(code, bindings={"tools": tools}) as server:
        readers = {}
        for n in range(3):
            result = await server.handle(
                Request("http://localhost/"), request_id=f"r{n}", metadata={"user": n}
            )
            connection = result.upgrade_data["connectionId"]
            readers[connection] = (n, server.ws.commands(connection))
            await server.ws.open(connection)
        for connection, (n, reader) in readers.items():
            await server.ws.message(connection, "?")
            assert (await anext(reader)).data == f"r{n} {n}"
            await server.ws.close(connection)
        while (await server.diagnostics())["runtime"]["active_requests"]:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_handler_that_throws_is_reported_and_the_connection_goes_on(serving: Serving) -> None:
    entries: list[str] = []
    code = """
    serve({ fetch(request, server) { server.upgrade(request); }, websocket: {
      message(ws, message) { if (message === "bad") throw new Error("bad message"); ws.send(message); } } });
    """
    logging.getLogger("isolatejs").setLevel(logging.CRITICAL)
    async with serving(code, bindings={"console": lambda entry: entries.append(entry.stdout)}) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        await server.ws.message(connection, "bad")
        await server.ws.message(connection, "good")
        assert (await anext(reader)).data == "good"
        assert "bad message" in entries[0]
        assert "bad message" in (await server.diagnostics())["last_error"]
    logging.getLogger("isolatejs").setLevel(logging.NOTSET)


async def test_connections_close_when_their_sandbox_goes(serving: Serving) -> None:
    commands: list[Any] = []
    async with serving(ECHO, web_sockets={"on_command": commands.append}) as server:
        connection = await connect(server)
        waiting = await connect(server)
        reader = server.ws.commands(waiting)
        await server.dispose()
        assert [(c.type, c.connection_id, c.code) for c in commands] == [("close", connection, 1012)]
        assert [c.code async for c in reader] == [1012]
        await server.ws.message(connection, "nobody there")


async def test_reload_keeps_open_connections_with_their_program(serving: Serving) -> None:
    async with serving(ECHO, bindings={"tools": {"note": lambda *values: None}}) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        await server.reload()
        await server.ws.message(connection, "still there")
        assert [(await anext(reader)).data for _ in range(2)] == ["hello /chat 1", "text still there"]
        assert (await server.diagnostics())["sandboxes"] == 2
        await server.ws.close(connection)
        while (await server.diagnostics())["sandboxes"] > 1:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_wrong_ids_and_codes(serving: Serving) -> None:
    async with serving(ECHO) as server:
        for wrong in ("", "ws_", "ws_0", "ws_x", 5, None):
            with pytest.raises(ConfigurationError):
                await server.ws.message(wrong, "x")  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError):
            await server.ws.close("ws_1", 999)
        await server.ws.message("ws_999", "unknown")
        assert [command async for command in server.ws.commands("ws_999")] == []


async def test_close_codes_of_the_program(serving: Serving) -> None:
    code = """
    serve({ fetch(request, server) { server.upgrade(request); }, websocket: { open(ws) {
      const errors = [];
      for (const args of [[999], [1005], [1006], [5000], ["x"], [1000, "r".repeat(124)]]) {
        try { ws.close(...args); } catch (error) { errors.push(error.name); }
      }
      ws.send(JSON.stringify(errors));
      ws.close();
      ws.send("after close");
      ws.close(4000);
    } } });
    """
    async with serving(code) as server:
        connection = await connect(server)
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        received = [(c.data, c.code, c.reason) async for c in reader]
        names = ["InvalidAccessError"] * 5 + ["SyntaxError"]
        assert received == [(str(names).replace("'", '"').replace(", ", ","), None, None), (None, 1000, "")]


async def test_failing_command_callback_does_no_harm(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    received: list[Any] = []

    def on_command(command: WebSocketCommand) -> None:
        received.append(command.data)
        raise RuntimeError("mine")

    async with serving(
        ECHO, web_sockets={"on_command": on_command}, bindings={"tools": {"note": lambda *v: None}}
    ) as server:
        connection = await connect(server)
        await server.ws.open(connection)
        await server.ws.message(connection, "more")
        assert received == ["hello /chat 1", "text more"]
        assert "on_command failed" in caplog.text


async def test_wrong_arguments_are_refused(serving: Serving) -> None:
    server = await serving(ECHO)
    wrong: Any
    for wrong in (5, 10**12, [1, 2], None):
        with pytest.raises(ConfigurationError, match="data: a str or bytes, not"):
            await server.ws.message("ws_1", wrong)
    with pytest.raises(ConfigurationError, match="reason: a str, not int"):
        await server.ws.close("ws_1", 1000, wrong := 5)
    for name, wrong in (("signal", 5), ("metadata", 5), ("request_id", 5)):
        with pytest.raises(ConfigurationError, match=f"{name}: "):
            await server.handle(Request("http://localhost/plain"), **{name: wrong})
    with pytest.raises(ConfigurationError, match=r"web_sockets.on_command: a callable, not int"):
        await serving(ECHO, web_sockets={"on_command": 5})
