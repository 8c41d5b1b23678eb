"""Signals and bodies of requests on the host."""

from __future__ import annotations

from collections.abc import AsyncIterator

from isolatejs.capabilities.serve.open_request import OpenRequest, RequestBody
from isolatejs.web import AbortController, BodyStream


def test_signal_is_made_on_demand_and_aborts_with_its_request_or_runtime() -> None:
    runtime = AbortController()
    early = OpenRequest(1, "a", {}, runtime.signal)
    assert not early.signal.aborted
    early.abort("gone")
    assert early.signal.aborted and early.signal.reason == "gone"
    late = OpenRequest(2, "b", {}, runtime.signal)
    late.abort("gone before anybody asked")
    assert late.signal.reason == "gone before anybody asked"
    other = OpenRequest(3, "c", {"k": 1}, runtime.signal)
    assert (other.request_id, other.metadata, other.signal.aborted) == ("c", {"k": 1}, False)
    runtime.abort("runtime over")
    assert other.signal.reason == "runtime over"


async def test_body_that_was_not_touched_stays_open_for_another_try() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"all of it"

    stream = BodyStream(source())
    await RequestBody(stream).aclose()
    assert [part async for part in RequestBody(stream)] == [b"all of it"]


async def test_body_knows_whether_it_was_touched() -> None:
    closed = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    body = RequestBody(BodyStream(source()))
    assert not body.touched
    assert await anext(aiter(body)) == b"a"
    assert body.touched
    await body.aclose()
    assert closed == [True]
