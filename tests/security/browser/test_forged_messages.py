"""A guest that speaks the browser's messages and lies: a socket in the sandbox's place."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fakes.chromium import bindings
from isolatejs.capabilities.browser.bindings import BrowserBindings, BrowserGrant
from isolatejs.capabilities.browser.host import BrowserHost
from isolatejs.capabilities.scope import RuntimeScope
from isolatejs.channel.channel import Channel
from isolatejs.host.guest_errors import to_guest_error
from isolatejs.web import AbortController


def frame(header: Any) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), 0) + text


class Liar:
    """The guest's end of a channel that has a browser with one context and one page."""

    def __init__(self, ours: socket.socket, host: BrowserHost, context: int, page: int) -> None:
        self.socket = ours
        self.host = host
        self.context = context
        self.page = page
        self._id = 1

    async def call(self, name: str, payload: Any) -> Any:
        """The header of the answer: `[1, id, value, sizes]`, or `[2, id, error, sizes]`."""
        self._id += 2
        loop, data = asyncio.get_running_loop(), b""
        await loop.sock_sendall(self.socket, frame([0, self._id, f"browser.{name}", payload]))
        async with asyncio.timeout(20):
            while True:
                while len(data) < 8 or len(data) < 8 + sum(struct.unpack_from("<II", data)):
                    received = await loop.sock_recv(self.socket, 65536)
                    if not received:
                        return "closed"
                    data += received
                size, attached = struct.unpack_from("<II", data)
                header, data = json.loads(data[8 : 8 + size]), data[8 + size + attached :]
                if header[0] in (1, 2) and header[1] == self._id:
                    return header

    async def method(self, ref: Any, method: Any, args: Any = (), **more: Any) -> Any:
        target = {"ref": ref, **more.pop("target", {})}
        payload = {"target": target, "method": method, "args": {"p": list(args)}, **more}
        return await self.call("callMethod", payload)


@pytest.fixture
async def liar(chromium: Any) -> AsyncIterator[Liar]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    channel = await Channel.open(theirs, on_closed=lambda error: None, raise_guest_error=to_guest_error)
    scope = RuntimeScope(runtime_id="rt_lies", resource_id="rt_lies", signal=AbortController().signal)
    scope.channel = channel
    host = BrowserHost(BrowserGrant(BrowserBindings(**bindings(chromium))), scope)
    channel.handle(host.contract, host)
    liar = Liar(ours, host, 0, 0)
    liar.context = (await liar.method(0, "newContext"))[2]["objects"][0]["ref"]
    liar.page = (await liar.method(liar.context, "newPage"))[2]["objects"][0]["ref"]
    yield liar
    await host.close()
    channel.close()
    ours.close()
    await channel.wait_closed(1)


def step(name: Any, *args: Any) -> dict[str, Any]:
    return {"name": name, "args": {"p": list(args)}}


INTERNALS = [
    "_impl_obj", "__class__", "__init__", "__getattribute__", "_channel", "_loop", "_sync", "browser", "tracing", "video",
    "pause", "route_from_har", "routeFromHAR", "expose_binding", "exposeBinding", "expect_popup", "on", "once", "path",
    "storage_state", "save_as", "set_input_files", "new_page", "is_closed", "", "a.b", "x" * 10_000, "\u0000", "then",
    "constructor", "__proto__", "toString", "$", "continue_", "debugger", "credentials", "_any_route", "Page_goto",
]  # fmt: skip


@pytest.mark.parametrize("name", INTERNALS)
async def test_only_members_of_the_table_can_be_called(liar: Liar, name: str) -> None:
    for ref in (0, liar.context):
        answer = await liar.method(ref, name)
        assert answer[0] == 2 or name == "isClosed", answer
        assert ".py" not in json.dumps(answer)
    answer = await liar.method(liar.page, "click", target={"steps": [step(name)]})
    assert answer[0] == 2
    answer = await liar.call("checkMatcher", {"target": {"ref": liar.page}, "matcher": name})
    assert answer[0] == 2
    answer = await liar.call("subscribeEvent", {"target": {"ref": liar.page}, "event": name})
    assert answer[0] == 2
    assert (await liar.method(liar.page, "title"))[0] == 1


def nested(depth: int) -> dict[str, Any]:
    handle: dict[str, Any] = {"ref": 1}
    for _ in range(depth):
        placed = [{"path": [0], "handle": handle}]
        handle = {"ref": 1, "steps": [{"name": "locator", "args": {"p": [None]}, "placed": placed}]}
    return handle


LIES: dict[str, tuple[str, Any]] = {
    "unknown object": ("callMethod", {"target": {"ref": 999}, "method": "title"}),
    "negative object": ("callMethod", {"target": {"ref": -1}, "method": "title"}),
    "no number": ("callMethod", {"target": {"ref": "1"}, "method": "title"}),
    "huge number": ("callMethod", {"target": {"ref": 2**80}, "method": "title"}),
    "no target": ("callMethod", {"method": "title"}),
    "extra field": ("callMethod", {"target": {"ref": 0}, "method": "contexts", "extra": 1}),
    "arguments that are an object": (
        "callMethod",
        {"target": {"ref": 0}, "method": "newContext", "args": {"p": {}}},
    ),
    "arguments that are text": (
        "callMethod",
        {"target": {"ref": 0}, "method": "newContext", "args": {"p": "x"}},
    ),
    "options that are a list": (
        "callMethod",
        {"target": {"ref": 0}, "method": "newContext", "args": {"p": [{"proxy": {}}]}},
    ),
    "placed nowhere": (
        "callMethod",
        {"target": {"ref": 1}, "method": "newCDPSession", "args": {"p": []}, "placed": [{"path": []}]},
    ),
    "placed in nothing": (
        "callMethod",
        {
            "target": {"ref": 1},
            "method": "newCDPSession",
            "args": {"p": []},
            "placed": [{"path": [5], "handle": {"ref": 1}}],
        },
    ),
    "placed in a number": (
        "callMethod",
        {
            "target": {"ref": 1},
            "method": "pages",
            "args": {"p": [5]},
            "placed": [{"path": [0, "x"], "handle": {"ref": 1}}],
        },
    ),
    "placed by attribute": (
        "callMethod",
        {
            "target": {"ref": 1},
            "method": "pages",
            "args": {"p": [5]},
            "placed": [{"path": ["__class__"], "handle": {"ref": 1}}],
        },
    ),
    "a function where there is none": (
        "callMethod",
        {
            "target": {"ref": 1},
            "method": "exposeFunction",
            "args": {"p": [None, None]},
            "placed": [{"path": [0], "callback": 4}],
        },
    ),
    "many steps": ("callMethod", {"target": {"ref": 2, "steps": [step("first")] * 5000}, "method": "count"}),
    "deep handles": ("callMethod", {"target": nested(150), "method": "count"}),
    "a context as a page": (
        "callMethod",
        {
            "target": {"ref": 1},
            "method": "newCDPSession",
            "args": {"p": [None]},
            "placed": [{"path": [0], "handle": {"ref": 1}}],
        },
    ),
    "a matcher of a context": (
        "checkMatcher",
        {"target": {"ref": 1}, "matcher": "toHaveTitle", "args": {"p": ["x"]}},
    ),
    "a matcher with nonsense": (
        "checkMatcher",
        {"target": {"ref": 2}, "matcher": "toHaveTitle", "args": {"p": [[[{}]], 5, 6, 7]}},
    ),
    "a selector that is a number": (
        "callMethod",
        {"target": {"ref": 2, "steps": [step("locator", 5)]}, "method": "click"},
    ),
    "a URL that is an object": ("callMethod", {"target": {"ref": 2}, "method": "goto", "args": {"p": [{}]}}),
    "a viewport of text": (
        "callMethod",
        {"target": {"ref": 2}, "method": "setViewportSize", "args": {"p": ["x"]}},
    ),
}


@pytest.mark.parametrize(("name", "payload"), LIES.values(), ids=LIES.keys())
async def test_a_lie_is_answered_or_ends_the_channel(liar: Liar, name: str, payload: Any) -> None:
    """The host goes on, and says nothing of itself."""
    answer = await liar.call(name, payload)
    assert answer == "closed" or answer[0] == 2, answer
    text = json.dumps(answer)
    assert ".py" not in text
    assert "site-packages" not in text
    assert liar.host.session.contexts  # the session is whole


async def test_releasing_what_was_never_given(liar: Liar) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(
        liar.socket,
        frame([3, "browser.objectsReleased", {"released": [[n, 1] for n in (0, 10**12, 77)]}]),
    )
    assert (await liar.method(liar.page, "title"))[0] == 1


@pytest.mark.parametrize("released", [[[-5, 1]], [[2**53, 1]], [[1, -1]]])
async def test_releasing_a_number_that_no_object_can_have_ends_the_channel(liar: Liar, released: Any) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(liar.socket, frame([3, "browser.objectsReleased", {"released": released}]))
    assert await liar.method(liar.page, "title") == "closed"
