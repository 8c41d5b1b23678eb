"""A guest that speaks the protocol and lies: a socket in the sandbox's place, driven by the test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isolatejs.capabilities.evaluation.contract import EvaluateProgram
from isolatejs.capabilities.host_events.host import HostEvents
from isolatejs.capabilities.scope import RuntimeScope
from isolatejs.capabilities.tools.host import ToolsHost
from isolatejs.channel.channel import Channel
from isolatejs.errors import (
    GuestError,
    GuestProtocolError,
    IsolateError,
    QuotaExceededError,
    RuntimeDisposedError,
)
from isolatejs.host.guest_errors import to_guest_error
from isolatejs.limits import OPEN_CALLS_LIMIT_BYTES
from isolatejs.web import AbortController


def frame(header: Any, *attachments: bytes) -> bytes:
    """One frame as the wire has it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = b"".join(attachments)
    return struct.pack("<II", len(text), len(body)) + text + body


class Liar:
    """The other end of a channel with tools and events, and how the channel ended."""

    def __init__(
        self, ours: socket.socket, channel: Channel, ended: asyncio.Future[BaseException | None]
    ) -> None:
        self.socket = ours
        self.channel = channel
        self.ended = ended

    async def send(self, *frames: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, b"".join(frames))

    async def answers(self, count: int) -> list[Any]:
        """The headers of the next frames that the host sends."""
        loop, data, headers = asyncio.get_running_loop(), b"", []
        async with asyncio.timeout(5):
            while len(headers) < count:
                while len(data) < 8 or len(data) < 8 + sum(struct.unpack_from("<II", data)):
                    received = await loop.sock_recv(self.socket, 65536)
                    assert received, "the host closed"
                    data += received
                size, attached = struct.unpack_from("<II", data)
                headers.append(json.loads(data[8 : 8 + size]))
                data = data[8 + size + attached :]
        return headers

    async def outcome(self) -> BaseException | None:
        async with asyncio.timeout(5):
            return await self.ended


async def make_liar(tools: dict[str, Any] | None = None) -> Liar:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    channel = await Channel.open(
        theirs,
        on_closed=lambda error: ended.set_result(error) if not ended.done() else None,
        raise_guest_error=to_guest_error,
    )
    scope = RuntimeScope(runtime_id="rt_lies", resource_id="rt_lies", signal=AbortController().signal)
    scope.channel = channel
    for half in (ToolsHost(tools or {"add": lambda a, b: a + b}, scope), HostEvents(None, scope)):
        channel.handle(half.contract, half)
    return Liar(ours, channel, ended)


@pytest.fixture
async def liar() -> Any:
    liar = await make_liar()
    yield liar
    liar.channel.close()
    liar.socket.close()
    await liar.channel.wait_closed(1)


CALL = [0, 1, "tools.callTool", {"path": "add", "args": {"p": [1, 2]}}]


async def test_the_liar_can_be_honest(liar: Liar) -> None:
    await liar.send(frame(CALL))
    assert await liar.answers(1) == [[1, 1, {"p": 3}, []]]


@pytest.mark.parametrize(
    "lie",
    [
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        frame(b"not json"),
        frame(b"[" * 100_000 + b"]" * 100_000),
        frame({}),
        frame([]),
        frame([99, 1]),
        frame([0, 2, "tools.callTool", {}]),
        frame([0, -1, "tools.callTool", {}]),
        frame([0, 2**70, "tools.callTool", {}]),
        frame([0, 1, "tools.callTool", CALL[3], [5]]),
        frame([0, 1, "tools.callTool", CALL[3], [-1]], b"x"),
        frame([0, 1, "tools.callTool", CALL[3]], b"unannounced"),
        frame([1, 400, {"p": 1}]),
        frame([2, 400, {"name": "Error"}]),
        frame([1, 3, {"p": 1}]),
        frame([3, "no.suchNote", {}]),
        frame([3, "host_events.eventEmitted", {"name": 5}]),
        frame([3, "tools.callTool", {}]),
        frame([5, 7], b"data for no stream"),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", "x"]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", 8]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", -1]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", 8, 1]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", 7, 0]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "function", 7, "1"]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "window", 7, 1]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["L", "iterator", 7, 1, 5]]}}]),
        frame([3, "channel.referencesReleased", {"references": [7]}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["B", "Uint8Array", 9]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["__class__"]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["A", 0, 99]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"t": [["n", "f" * 2_000_000]]}}]),
        frame([0, 1, "tools.callTool", {"path": "add", "args": {"p": {"not": "an array"}}}]),
        frame(
            [
                0,
                1,
                "channel.callFunction",
                {"reference": 5, "args": {"t": [["Rq", "http://x", "GET", [], [1, 4]]]}},
            ]
        ),
    ],
)
async def test_lies_end_the_channel_with_the_documented_error(liar: Liar, lie: bytes) -> None:
    waiting = asyncio.create_task(liar.channel.call(EvaluateProgram("1", "/x.js")))
    await asyncio.sleep(0)
    await liar.send(lie)
    if b"callFunction" in lie:
        assert (await liar.answers(2))[1][0] == 2  # answered with an error: a program can cause it
        waiting.cancel()
        return
    assert isinstance(await liar.outcome(), GuestProtocolError)
    with pytest.raises(RuntimeDisposedError):
        await waiting


@pytest.mark.parametrize("kind", ["function", "iterator", "promise", "signal"])
async def test_only_what_the_guest_holds_comes_home(kind: str) -> None:
    """One of our values, by its own number and as what it is; released, or of another kind, it is a lie."""

    def given() -> int:
        return 5

    seen: list[Any] = []
    for released in (False, True):
        liar = await make_liar({"give": lambda: [given], "take": seen.append})
        await liar.send(frame([0, 1, "tools.callTool", {"path": "give", "args": {"p": []}}]))
        (answer,) = await liar.answers(1)
        _, _, number, serial = answer[2]["t"][1]
        if released:
            await liar.send(frame([3, "channel.referencesReleased", {"references": [[number, serial]]}]))
        args = {"t": [["A", 1], ["L", kind, number]]}
        await liar.send(frame([0, 3, "tools.callTool", {"path": "take", "args": args}]))
        if kind == "function" and not released:
            await liar.answers(1)
            assert seen == [given]
            liar.channel.close()
        else:
            assert isinstance(await liar.outcome(), GuestProtocolError)
        liar.socket.close()
        await liar.channel.wait_closed(1)


async def test_a_release_of_what_was_sent_again_is_none() -> None:
    def given() -> int:
        return 5

    liar = await make_liar({"give": lambda: [given]})
    for call in (1, 3):
        await liar.send(frame([0, call, "tools.callTool", {"path": "give", "args": {"p": []}}]))
    first, second = [answer[2]["t"][1] for answer in await liar.answers(2)]
    assert first[:3] == second[:3]
    call = {"reference": first[2], "args": {"p": []}}
    await liar.send(
        frame([3, "channel.referencesReleased", {"references": [first[2:]]}]),
        frame([0, 5, "channel.callFunction", call]),
    )
    assert (await liar.answers(1))[0][2] == {"p": 5}
    await liar.send(
        frame([3, "channel.referencesReleased", {"references": [second[2:]]}]),
        frame([0, 7, "channel.callFunction", call]),
    )
    assert (await liar.answers(1))[0][2]["message"] == "the function of the host is gone"
    liar.channel.close()
    liar.socket.close()


async def test_an_id_used_twice(liar: Liar) -> None:
    blocked = await make_liar({"wait": lambda: asyncio.Event().wait()})
    call = [0, 1, "tools.callTool", {"path": "wait", "args": {"p": []}}]
    await blocked.send(frame(call), frame(call))
    assert isinstance(await blocked.outcome(), GuestProtocolError)
    blocked.socket.close()
    await blocked.channel.wait_closed(1)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({"path": "add", "args": {"p": [1]}}, "TypeError"),
        ({"path": "missing", "args": {"p": []}}, "ReferenceError"),
        ({"path": "__class__", "args": {"p": []}}, "ReferenceError"),
        ({"path": 5, "args": {"p": []}}, "TypeError"),
        ({"path": "add", "args": {"p": []}, "extra": 1}, "TypeError"),
        ({}, "TypeError"),
    ],
)
async def test_what_a_program_can_cause_is_an_answer(liar: Liar, payload: Any, name: str) -> None:
    await liar.send(frame([0, 1, "tools.callTool", payload]), frame([0, 3, "tools.callTool", CALL[3]]))
    failed, fine = await liar.answers(2)
    assert (failed[0], failed[2]["name"]) == (2, name)
    assert ".py" not in json.dumps(failed)
    assert fine == [1, 3, {"p": 3}, []]


async def test_ungranted_messages_are_not_there(liar: Liar) -> None:
    await liar.send(frame([0, 1, "files.readFile", {"path": "/etc/passwd"}]))
    assert (await liar.answers(1))[0][2]["message"] == "files.readFile is not granted"


async def test_a_million_calls_are_answered_not_kept() -> None:
    liar = await make_liar({"wait": lambda: asyncio.Event().wait()})
    call = {"path": "wait", "args": {"p": []}}
    await liar.send(*(frame([0, 1 + 2 * i, "tools.callTool", call]) for i in range(12_000)))
    refused = await liar.answers(2_000)
    assert {answer[2]["name"] for answer in refused} == {"QuotaExceededError"}
    liar.channel.close()
    liar.socket.close()
    await liar.channel.wait_closed(5)


async def test_open_calls_with_more_bytes_than_the_host_keeps() -> None:
    liar = await make_liar({"wait": lambda value: asyncio.Event().wait()})
    large = {"path": "wait", "args": {"p": ["x" * (8 << 20)]}}
    for number in range(40):
        await liar.send(frame([0, 1 + 2 * number, "tools.callTool", large]))
    refused = await liar.answers(9)
    assert {answer[2]["name"] for answer in refused} == {"QuotaExceededError"}
    assert len(liar.channel._answering) == OPEN_CALLS_LIMIT_BYTES // (8 << 20) - 1
    liar.channel.close()
    liar.socket.close()
    await liar.channel.wait_closed(5)


async def test_small_calls_do_not_keep_what_came_along_with_them() -> None:
    """A view of a call's few bytes would keep the whole piece that was read from the socket."""
    liar = await make_liar({"wait": lambda value: asyncio.Event().wait()})
    call = {"path": "wait", "args": {"t": [["A", 1], ["B", "Uint8Array", 0]]}}
    small = frame([0, 1, "tools.callTool", call, [1]], b"x")
    gone = asyncio.Event()

    class Piece(bytes):
        def __del__(self) -> None:
            gone.set()

    liar.channel.data_received(
        Piece(small + frame([3, "channel.referencesReleased", {"references": []}]) * 1000)
    )
    await asyncio.sleep(0)
    assert len(liar.channel._answering) == 1
    async with asyncio.timeout(5):
        await gone.wait()
    liar.channel.close()
    liar.socket.close()
    await liar.channel.wait_closed(1)


async def test_answers_that_nobody_reads_wait_with_their_calls() -> None:
    """They count as open calls, and no buffer grows."""
    answer = "x" * (1 << 20)

    async def large() -> str:
        return answer

    liar = await make_liar({"large": large})
    call = {"path": "large", "args": {"p": []}}
    for number in range(100):
        await liar.send(frame([0, 1 + 2 * number, "tools.callTool", call]))
    transport = liar.channel._transport
    assert transport is not None
    while len(liar.channel._answering) < 90:
        await asyncio.sleep(0)  # poll
    assert transport.get_write_buffer_size() < 4 << 20
    assert len(await liar.answers(100)) == 100
    liar.channel.close()
    liar.socket.close()
    await liar.channel.wait_closed(1)


async def test_refusals_that_nobody_reads(liar: Liar) -> None:
    refused = b"".join(frame([0, 1 + 2 * number, "nobody.knowsThis" * 5]) for number in range(10_000))
    with contextlib.suppress(OSError):  # the host has closed
        for _ in range(50):
            await liar.send(refused)
    error = await liar.outcome()
    assert isinstance(error, QuotaExceededError)
    assert error.limit == "pending_answers_bytes"


async def test_more_data_than_credit(liar: Liar) -> None:
    reader = liar.channel.accept_stream(9)
    await liar.send(frame([5, 9], b"x" * (1 << 20)), frame([5, 9], b"x"))
    assert isinstance(await liar.outcome(), GuestProtocolError)
    with pytest.raises(IsolateError):
        async for _ in reader:
            pass


async def test_data_frames_without_data(liar: Liar) -> None:
    """They cost no credit, so nothing would bound how many wait for a reader who is slow."""
    liar.channel.accept_stream(9)
    await liar.send(frame([5, 9]))
    assert isinstance(await liar.outcome(), GuestProtocolError)


async def test_errors_from_the_guest_are_data(liar: Liar) -> None:
    deep: dict[str, Any] = {"name": "E"}
    for _ in range(50):
        deep = {"name": "E", "cause": deep}
    waiting = asyncio.create_task(liar.channel.call(EvaluateProgram("1", "/x.js")))
    (call,) = await liar.answers(1)
    await liar.send(frame([2, call[1], deep]))
    with pytest.raises(GuestError):
        await waiting


async def test_dangerous_keys_are_only_keys(liar: Liar) -> None:
    seen: list[Any] = []
    echo = await make_liar({"keep": lambda value: seen.append(value)})
    for key in ("__proto__", "constructor", "then", "__class__", "__reduce__"):
        await echo.send(frame([0, 1, "tools.callTool", {"path": "keep", "args": {"p": [{key: 1}]}}]))
        await echo.answers(1)
    assert [next(iter(value)) for value in seen] == [
        "__proto__",
        "constructor",
        "then",
        "__class__",
        "__reduce__",
    ]
    assert all(type(value) is dict for value in seen)
    echo.channel.close()
    echo.socket.close()


HEADERS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=8)
    | st.sampled_from(["tools.callTool", "channel.callFunction", "channel.nextItem", "host_events.eventEmitted", "p", "t", "add"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["path", "args", "p", "t", "reference", "name", "payload"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    frames=st.lists(
        st.one_of(
            HEADERS.map(frame),
            st.tuples(st.integers(0, 9), st.integers(-2, 12), HEADERS, HEADERS).map(
                lambda parts: frame(list(parts))
            ),
            st.tuples(st.just(0), st.integers(1, 9), st.just("tools.callTool"), HEADERS).map(
                lambda parts: frame(list(parts))
            ),
            st.binary(max_size=40),
        ),
        max_size=6,
    )
)
async def test_any_bytes_are_handled_or_end_the_channel(frames: list[bytes]) -> None:
    """The host never raises anything but its documented errors, whatever is written to the channel."""
    loop = asyncio.get_running_loop()
    surprises: list[dict[str, Any]] = []
    before: Callable[..., Any] | None = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: surprises.append(context))
    liar = await make_liar()
    try:
        await liar.send(*frames)
        liar.socket.shutdown(socket.SHUT_WR)
        error = await liar.outcome()
        assert error is None or isinstance(error, GuestProtocolError), repr(error)
        assert not isinstance(getattr(error, "__cause__", None), Exception), repr(error.__cause__)
        await liar.channel.wait_closed(1)
    finally:
        liar.socket.close()
        loop.set_exception_handler(before)
    assert not surprises


async def test_an_error_with_a_value_that_python_has_not_is_an_error(liar: Liar) -> None:
    """A program can throw it: what cannot be decoded is left out, and the runtime lives."""
    call = asyncio.create_task(liar.channel.call(EvaluateProgram("1", "a.js")))
    await liar.answers(1)
    fields = {"t": [["O", "response", 1], ["Rs", 0, "", [], None, ""]]}
    await liar.send(
        frame([2, 2, {"message": "thrown", "fields": fields, "value": fields, "causeValue": fields}])
    )
    with pytest.raises(GuestError, match="thrown") as raised:
        await call
    assert raised.value.properties == {}
    assert raised.value.value is None
    assert not liar.channel.closed
