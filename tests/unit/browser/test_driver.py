"""Messages of a managed browser's driver: what is too large, too deep or wrong stays with the call that it answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("playwright")

from isolatejs.capabilities.browser.managed import driver as driver_module
from isolatejs.capabilities.browser.managed.driver import DriverConnection


class Driven:
    """A connection that reads from memory, with one open call."""

    def __init__(self) -> None:
        from playwright._impl.connection import _Callback

        self.ended: list[str] = []
        self.connection = DriverConnection(self._explain, self.ended.append)
        self.call: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.connection._connection._callbacks["call@1"] = _Callback(self.call, None, "Frame", "title")

    async def _explain(self) -> str:
        return "it went away"

    async def hear(self, *messages: bytes) -> None:
        """Read these messages, then the end."""
        reader = asyncio.StreamReader()
        for message in messages:
            reader.feed_data(len(message).to_bytes(4, "little") + message)
        reader.feed_eof()
        await self.connection._read(reader)


def _answer(value: Any) -> bytes:
    return json.dumps({"id": "call@1", "result": {"value": value}}, separators=(",", ":")).encode()


async def test_an_answer() -> None:
    driven = Driven()
    await driven.hear(_answer("title"))
    assert (await driven.call)["value"] == "title"
    assert driven.ended == ["it went away"]


@pytest.mark.parametrize("size", [10, 200_000])
async def test_a_large_answer_is_read_in_a_thread_to_the_same_end(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "_LARGE_BYTES", 1_000)
    driven = Driven()
    await driven.hear(_answer("x" * size))
    assert len((await driven.call)["value"]) == size


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (_answer("x" * 5_000), "larger than 4000 bytes"),
        (_answer([1] * 1_500), "more than 1000 parts"),
        (b'{"id":"call@1","result":' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply"),
        (_answer(5), "cannot be read"),
    ],
)
async def test_an_answer_that_cannot_be_taken_fails_its_call_alone(
    message: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(driver_module, "BROWSER_MESSAGE_LIMIT_BYTES", 4_000)
    monkeypatch.setattr(driver_module, "BROWSER_MESSAGE_LIMIT_PARTS", 1_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len_of_stack() + 500)
    try:
        driven = Driven()
        await driven.hear(message)
    finally:
        sys.setrecursionlimit(limit)
    with pytest.raises(Exception, match=words):
        await driven.call
    assert driven.ended == ["it went away"]


def len_of_stack() -> int:
    """Frames that are in use now."""
    import inspect

    return len(inspect.stack(0))


async def test_an_event_that_is_too_large_is_dropped() -> None:
    driven = Driven()
    await driven.hear(b'{"guid":"","method":"x","params":[' + b"1," * 30_000 + b"1]}", _answer("title"))
    assert (await driven.call)["value"] == "title"


@pytest.mark.parametrize("message", [b"{", b"[1]", b"\xff"])
async def test_what_is_no_message_ends_the_connection(message: bytes) -> None:
    driven = Driven()
    await driven.hear(message)
    assert "driver said what is not" in driven.ended[0]
    with pytest.raises(Exception, match="driver said"):
        await driven.call


async def test_objects_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "BROWSER_PROTOCOL_OBJECTS_LIMIT", 10)
    driven = Driven()
    await driven.hear(
        *(
            json.dumps(
                {
                    "guid": "",
                    "method": "__create__",
                    "params": {"type": "Android", "guid": f"a{i}", "initializer": {}},
                }
            ).encode()
            for i in range(20)
        )
    )
    assert "more than 10 objects" in driven.ended[0]
    driven.call.cancel()
