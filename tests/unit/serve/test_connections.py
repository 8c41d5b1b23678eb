"""The host's table of WebSockets: credit, order, readers. No process."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from isolatejs.capabilities.serve.bindings import WebSocketCommand
from isolatejs.capabilities.serve.connections import Connection, Connections
from isolatejs.capabilities.serve.contract import MESSAGE_COST, MESSAGE_WINDOW, ConnectionClosed, MessageSent
from isolatejs.capabilities.serve.open_request import OpenRequest
from isolatejs.errors import GuestProtocolError
from isolatejs.limits import WEB_SOCKET_MESSAGE_LIMIT_BYTES
from isolatejs.web import AbortSignal


class Channel:
    """Records what would be sent."""

    closed = False

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def note(self, message: Any) -> None:
        self.notes.append(message)


class Table:
    """A table with one connection, number 1."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.over: list[int] = []
        scope: Any = SimpleNamespace(channel=self.channel, logger=logging.getLogger("test"))
        self.connections = Connections(scope, lambda request: self.over.append(request.number))
        self.connection: Connection = self.connections.add(OpenRequest(1, None, {}, AbortSignal()))

    def send(self, data: str | bytes, number: int = 1) -> None:
        text = data if isinstance(data, str) else None
        attachments = [] if isinstance(data, str) else [memoryview(data)]
        note: Any = SimpleNamespace(attachments=attachments)
        self.connections.message_sent(MessageSent(number, text), note)


@pytest.fixture
def table() -> Table:
    return Table()


async def test_credit_is_spent_and_given_back_as_the_reader_takes(table: Table) -> None:
    message = bytes(100_000)
    sent = 0
    while table.connection.credit > 0:
        table.send(message)
        sent += 1
    assert sent == MESSAGE_WINDOW // (100_000 + MESSAGE_COST) + 1
    with pytest.raises(GuestProtocolError, match="without credit"):
        table.send("one more")
    reader = aiter(table.connection)
    for _ in range(sent):
        assert (await anext(reader)).data == message
    returned = sum(note.size for note in table.channel.notes)
    assert table.connection.credit == MESSAGE_WINDOW - sent * (100_000 + MESSAGE_COST) + returned
    assert table.connection.credit > MESSAGE_WINDOW // 2


async def test_empty_messages_cost_too(table: Table) -> None:
    for _ in range(MESSAGE_WINDOW // MESSAGE_COST):
        table.send("")
    with pytest.raises(GuestProtocolError, match="without credit"):
        table.send("")


async def test_cost_is_counted_in_utf16_units_as_in_the_guest(table: Table) -> None:
    table.send("a😀")
    assert table.connection.credit == MESSAGE_WINDOW - MESSAGE_COST - 3


async def test_too_large_message_closes_the_connection(table: Table) -> None:
    table.send(bytes(WEB_SOCKET_MESSAGE_LIMIT_BYTES + 1))
    commands = [command async for command in table.connection]
    assert [(command.type, command.code) for command in commands] == [("close", 1009)]
    assert table.over == [1]


async def test_reader_waits_and_ends_with_the_connection(table: Table) -> None:
    reading = asyncio.ensure_future(anext(aiter(table.connection)))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="a reader already"):
        await anext(aiter(table.connection))
    table.send("first")
    assert (await reading).data == "first"
    table.connections.connection_closed(ConnectionClosed(1, 4000, "done"))
    assert [(c.type, c.code, c.reason) async for c in table.connection] == [("close", 4000, "done")]
    assert len(table.connections) == 0
    table.send("late")  # crossed with the close: dropped


async def test_async_callback_gets_one_command_at_a_time(table: Table) -> None:
    running = 0
    seen: list[Any] = []
    done = asyncio.Event()

    async def on_command(command: WebSocketCommand) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        seen.append(command.data)
        running -= 1
        if len(seen) == 20:
            done.set()

    table.send("0")
    table.connection.deliver_to(on_command)
    for n in range(1, 20):
        table.send(str(n))
    await done.wait()
    assert seen == [str(n) for n in range(20)]


async def test_plain_callback_is_called_at_once_and_may_fail(table: Table, caplog: Any) -> None:
    seen: list[Any] = []

    def on_command(command: WebSocketCommand) -> None:
        seen.append(command.data)
        raise ValueError("mine")

    table.connection.deliver_to(on_command)
    table.send("a")
    table.send(b"b")
    assert seen == ["a", b"b"]
    assert caplog.text.count("on_command failed") == 2


async def test_numbers_that_were_never_connections(table: Table) -> None:
    with pytest.raises(GuestProtocolError, match="is no WebSocket"):
        table.send("x", number=2)
    with pytest.raises(GuestProtocolError, match="is no WebSocket"):
        table.connections.connection_closed(ConnectionClosed(7, 1000))


async def test_end_of_the_sandbox_closes_and_waits_for_callbacks(table: Table) -> None:
    released = asyncio.Event()
    seen: list[Any] = []

    async def on_command(command: WebSocketCommand) -> None:
        await released.wait()
        seen.append(command.type)

    table.connection.deliver_to(on_command)
    table.send("x")
    closing = asyncio.ensure_future(table.connections.close())
    await asyncio.sleep(0)
    assert not closing.done()
    released.set()
    await closing
    assert seen == ["message", "close"]


def test_command_fields_are_items_too() -> None:
    command = WebSocketCommand("close", "ws_1", None, 1000, "bye")
    assert (command["connectionId"], command["type"], command["code"]) == ("ws_1", "close", 1000)
    with pytest.raises(KeyError):
        command["nothing"]
