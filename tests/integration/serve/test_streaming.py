"""Bodies that stream, both ways, at the pace of their reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from isolatejs import AbortController, AbortError, GuestError, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .conftest import Serving


async def test_server_sent_events_arrive_one_by_one(serving: Serving) -> None:
    code = """
    const encoder = new TextEncoder();
    const stream = new ReadableStream({
      async start(controller) {
        for (let n = 0; n < 3; n++) {
          await next();
          controller.enqueue(encoder.encode(`data: ${n}\\n\\n`));
        }
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    """
    permits = asyncio.Semaphore(0)

    async def following() -> None:
        await permits.acquire()

    async with serving(code, bindings={"tools": {"next": following}}) as server:
        response = (await server.handle(Request("http://localhost/"))).response
        assert response.headers["content-type"] == "text/event-stream"
        body = response.body
        assert body is not None
        for n in range(3):
            permits.release()
            assert await anext(body) == f"data: {n}\n\n".encode()
        assert await anext(body, None) is None
        assert (await server.diagnostics())["active_requests"] == 0


async def test_echo_while_the_upload_goes_on(serving: Serving) -> None:
    """Both directions at once: a piece comes back before the next one is sent."""
    returned: asyncio.Queue[bytes] = asyncio.Queue()

    async def upload() -> AsyncIterator[bytes]:
        yield b"first"
        assert await returned.get() == b"FIRST"
        yield b"second"

    code = """
    const upper = new TransformStream({ transform(chunk, controller) {
      controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase()));
    } });
    return new Response(request.body.pipeThrough(upper));
    """
    async with serving(code) as server:
        result = await server.handle(Request("http://localhost/", method="POST", body=upload()))
        pieces = []
        body = result.response.body
        assert body is not None
        async for piece in body:
            pieces.append(piece)
            returned.put_nowait(piece)
        assert pieces == [b"FIRST", b"SECOND"]


async def test_slow_reader_holds_the_program_back(serving: Serving) -> None:
    code = """
    let made = 0;
    serve({ fetch(request) {
      if (request.url.endsWith("/made")) return Response.json(made);
      return new Response(new ReadableStream({ pull(controller) {
        made += 1;
        if (made > 1000) controller.close(); else controller.enqueue(new Uint8Array(65536));
      } }));
    } });
    """
    async with serving(code) as server:
        response = (await server.handle(Request("http://localhost/"))).response
        body = response.body
        assert body is not None
        await anext(body)
        made = -1
        while True:  # until the program has nothing more to send
            before, made = made, await (await server.handle(Request("http://localhost/made"))).response.json()
            if made == before:
                break
        assert 1 <= made <= 40  # one megabyte of credit, and a little in the program's own queues
        total = 65536
        async for piece in body:
            total += len(piece)
        assert total == 1000 * 65536


async def test_reader_that_stops_cancels_the_programs_stream(serving: Serving) -> None:
    cancelled = asyncio.Event()
    code = """
    return new Response(new ReadableStream({
      pull(controller) { controller.enqueue(new Uint8Array(10)); },
      cancel() { cancelled(request.signal.aborted); },
    }));
    """
    seen = []

    def note(aborted: bool) -> None:
        seen.append(aborted)
        cancelled.set()

    async with serving(code, bindings={"tools": {"cancelled": note}}) as server:
        response = (await server.handle(Request("http://localhost/"))).response
        body = response.body
        assert body is not None
        await anext(body)
        await response.aclose()
        await asyncio.wait_for(cancelled.wait(), 5)
        diagnostics = await server.diagnostics()
        assert (diagnostics["active_requests"], diagnostics["sandboxes_started"]) == (0, 1)
        assert seen == [True]


async def test_response_that_nobody_reads_is_freed(serving: Serving) -> None:
    cancelled = asyncio.Event()
    code = """
    return new Response(new ReadableStream({
      pull(controller) { controller.enqueue(new Uint8Array(9)); },
      cancel() { note(); },
    }));
    """
    async with serving(code, bindings={"tools": {"note": cancelled.set}}) as server:
        result = await server.handle(Request("http://localhost/"))
        assert result.response.status == 200
        del result
        await asyncio.wait_for(cancelled.wait(), 5)


async def test_abort_while_the_response_is_read(serving: Serving) -> None:
    aborted = asyncio.Event()
    code = """
    request.signal.addEventListener("abort", () => note());
    return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(5)); } }));
    """
    controller = AbortController()
    async with serving(code, bindings={"tools": {"note": aborted.set}}) as server:
        response = (await server.handle(Request("http://localhost/"), signal=controller.signal)).response
        body = response.body
        assert body is not None
        assert await anext(body) == bytes(5)
        asyncio.get_running_loop().call_soon(controller.abort)
        with pytest.raises(AbortError):
            await anext(body)
        await asyncio.wait_for(aborted.wait(), 5)


async def test_stream_that_breaks_in_the_program(serving: Serving) -> None:
    code = """
    let n = 0;
    return new Response(new ReadableStream({ pull(controller) {
      if (n++ < 2) controller.enqueue(new Uint8Array(3)); else throw new RangeError("broke");
    } }));
    """
    async with serving(code) as server:
        response = (await server.handle(Request("http://localhost/"))).response
        with pytest.raises(GuestError, match="RangeError: broke"):
            await response.bytes()
        assert (await server.diagnostics())["active_requests"] == 0


async def test_upload_that_breaks_on_the_host(serving: Serving) -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"some"
        raise OSError("/host/path is gone")

    code = """
    try { await request.text(); } catch (error) { return new Response(`${error.name}: ${error.message}`); }
    """
    async with serving(code) as server:
        result = await server.handle(Request("http://localhost/", method="POST", body=upload()))
        text = await result.response.text()
        assert "path" not in text
        assert text.startswith(("Error:", "TypeError:"))


async def test_upload_that_nobody_reads_is_closed(serving: Serving) -> None:
    closed = asyncio.Event()

    async def upload() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(65536)
        finally:
            closed.set()

    async with serving("return new Response('no thanks');") as server:
        for _ in range(5):
            closed.clear()
            result = await server.handle(Request("http://localhost/", method="POST", body=upload()))
            assert await result.response.text() == "no thanks"
            await asyncio.wait_for(closed.wait(), 5)
        diagnostics = await server.diagnostics()
        assert diagnostics["runtime"]["stream_count"] == 0


async def test_known_length_of_a_streamed_body(serving: Serving) -> None:
    async with serving("return new Response(new Blob([new Uint8Array(700_000)]));") as server:
        response = (await server.handle(Request("http://localhost/"))).response
        assert response.content_length == 700_000
        assert len(await response.bytes()) == 700_000


async def test_ten_megabytes_up_and_down_keep_to_the_memory_limit(serving: Serving) -> None:
    code = """
    let size = 0;
    for await (const chunk of request.body) size += chunk.length;
    return new Response(new ReadableStream({ pull(controller) {
      if (size <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(size, 65536)));
      size -= 65536;
    } }));
    """

    async def upload() -> AsyncIterator[bytes]:
        for _ in range(160 * 10):
            yield bytes(65536)

    async with serving(code, memory_limit_mb=64) as server:
        result = await server.handle(Request("http://localhost/", method="POST", body=upload()))
        total = 0
        body = result.response.body
        assert body is not None
        async for piece in body:
            total += len(piece)
        assert total == 160 * 10 * 65536
