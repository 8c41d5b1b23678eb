"""Bodies and byte streams: constant memory, back-pressure, and every way to end early, both ways."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from fakes.endless import CHUNK, Source, nothing_open, pid_of, resident_mb, statistics
from isolatejs import Blob, GuestError, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import IsolateHost

MEGABYTE = 1024 * 1024
LONG = 64 * MEGABYTE
WINDOW = 1 * MEGABYTE
GROWTH_LIMIT_MB = 32
GENERATE = """
  globalThis.read = 0;
  globalThis.cancelled = undefined;
  globalThis.source = (size) => new ReadableStream({
    pull(controller) {
      if (read >= size) return controller.close();
      read += 65536;
      controller.enqueue(new Uint8Array(65536));
    },
    cancel(reason) { cancelled = true },
  }, { highWaterMark: 0 });
"""


async def test_a_long_response_into_the_program(host: IsolateHost) -> None:
    source = Source(LONG)
    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(source.chunks())}}) as runtime:
        code = """
          let size = 0;
          for await (const chunk of (await get()).body) size += chunk.length;
          size
        """
        await runtime.eval("await 0")
        before = resident_mb("self"), resident_mb(pid_of(runtime))
        assert await runtime.eval(code) == LONG
        assert resident_mb("self") - before[0] < GROWTH_LIMIT_MB
        assert resident_mb(pid_of(runtime)) - before[1] < 2 * GROWTH_LIMIT_MB
        await nothing_open(runtime)
    assert source.closed


async def test_a_long_response_out_of_the_program(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(GENERATE)
        before = resident_mb("self"), resident_mb(pid_of(runtime))
        response = await runtime.eval(f"new Response(source({LONG}))")
        size = 0
        async for chunk in response.body:
            size += len(chunk)
        assert size == LONG
        assert resident_mb("self") - before[0] < GROWTH_LIMIT_MB
        assert resident_mb(pid_of(runtime)) - before[1] < 2 * GROWTH_LIMIT_MB
        await nothing_open(runtime)


async def test_a_reader_in_the_program_that_pauses_holds_the_host_back(host: IsolateHost) -> None:
    source = Source()
    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(source.chunks())}}) as runtime:
        await runtime.eval(
            "globalThis.reader = (await get()).body.getReader(); (await reader.read()).value.length"
        )
        given = -1
        while given != source.given:  # until it no longer moves while the program does other things
            given = source.given
            for _ in range(20):
                await runtime.eval("0")
        assert given <= 2 * WINDOW + 2 * len(CHUNK)
        await runtime.eval("await reader.cancel()")
        await nothing_open(runtime)
    assert source.closed


async def test_a_reader_on_the_host_that_pauses_holds_the_program_back(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(GENERATE)
        response = await runtime.eval("new Response(source(Infinity))")
        body = aiter(response.body)
        await anext(body)
        read = -1
        while (now := await runtime.eval("read")) != read:
            read = now
            for _ in range(20):
                await runtime.eval("0")
        assert read <= 2 * WINDOW + 2 * len(CHUNK)
        await body.aclose()
        while not await runtime.eval("cancelled"):
            await runtime.eval("0")
        await nothing_open(runtime)


@pytest.mark.parametrize("way", ["reader.cancel()", "stream.cancel()", "for await", "pipeTo aborted"])
async def test_a_program_that_stops_reading_ends_the_source(host: IsolateHost, way: str) -> None:
    source = Source()
    code = {
        "reader.cancel()": "const r = stream.getReader(); await r.read(); await r.cancel('enough')",
        "stream.cancel()": "await stream.cancel()",
        "for await": "for await (const _ of stream) break",
        "pipeTo aborted": """
          const c = new AbortController();
          const sink = new WritableStream({ write() { c.abort('enough') } });
          await stream.pipeTo(sink, { signal: c.signal }).catch(() => {})
        """,
    }[way]
    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(source.chunks())}}) as runtime:
        await runtime.eval(f"const stream = (await get()).body; {code}; 0")
        await nothing_open(runtime)
        assert source.closed or source.given == 0
        assert source.given < 4 * WINDOW


async def test_a_writer_on_the_host_that_dies(host: IsolateHost) -> None:
    async def dies() -> AsyncIterator[bytes]:
        yield CHUNK
        raise OSError("/secret/path is gone")

    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(dies())}}) as runtime:
        code = """
          const reader = (await get()).body.getReader();
          let size = 0;
          try { while (true) size += (await reader.read()).value.length } catch (e) { [size, e instanceof Error, e.message] }
        """
        size, is_error, message = await runtime.eval(code)
        assert (size, is_error) == (len(CHUNK), True)
        assert "secret" not in message
        await nothing_open(runtime)


async def test_a_writer_in_the_program_that_dies(host: IsolateHost) -> None:
    code = """
      let n = 0;
      new Response(new ReadableStream({
        pull(c) { if (n++ < 2) c.enqueue(new Uint8Array(10)); else throw new RangeError('worn out') },
      }))
    """
    async with host.create_runtime() as runtime:
        response = await runtime.eval(code)
        got = 0
        with pytest.raises(GuestError, match="worn out") as caught:
            async for chunk in response.body:
                got += len(chunk)
        assert (got, caught.value.name) == (20, "RangeError")
        await nothing_open(runtime)


async def test_a_stream_of_the_program_that_gives_no_bytes(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        response = await runtime.eval("new Response(ReadableStream.from([5]))")
        with pytest.raises(GuestError, match="bytes") as caught:
            await response.bytes()
        assert caught.value.name == "TypeError"
        await nothing_open(runtime)


async def test_a_sandbox_that_dies_ends_its_streams(host: IsolateHost) -> None:
    source = Source()
    runtime = await host.create_runtime(bindings={"tools": {"get": lambda: Response(source.chunks())}})
    await runtime.eval(GENERATE)
    response = await runtime.eval("new Response(source(Infinity))")
    body = aiter(response.body)
    await anext(body)
    await runtime.eval("globalThis.r = (await get()).body.getReader(); await r.read(); 0")
    await runtime.dispose()
    with pytest.raises(Exception, match=r"gone|disposed"):
        async for _ in body:
            pass
    assert source.closed


async def test_thousands_of_small_chunks_keep_their_order(host: IsolateHost) -> None:
    pieces = [f"{number};".encode() for number in range(5_000)]

    async def small() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    bindings = {"tools": {"get": lambda: Response(small())}}
    async with host.create_runtime(bindings=bindings) as runtime:
        whole = b"".join(pieces).decode()
        assert await runtime.eval("await (await get()).text()") == whole
        code = """
          new Response(new ReadableStream({
            start(c) { for (let i = 0; i < 5000; i++) c.enqueue(new TextEncoder().encode(`${i};`)); c.close() },
          }))
        """
        assert await (await runtime.eval(code)).text() == whole
        await nothing_open(runtime)


async def test_a_body_through_the_program_and_back(host: IsolateHost) -> None:
    """In one side and out of the other at once: 16 MB, transformed on the way, with the same digest."""
    source = Source(16 * MEGABYTE)
    digest = hashlib.sha256()

    async def take(request: Request) -> int:
        size = 0
        assert request.body is not None
        async for chunk in request.body:
            digest.update(chunk)
            size += len(chunk)
        return size

    bindings = {"tools": {"get": lambda: Response(source.chunks()), "take": take}}
    async with host.create_runtime(bindings=bindings) as runtime:
        code = """
          const invert = new TransformStream({ transform: (chunk, c) => c.enqueue(chunk.map((byte) => 255 - byte)) });
          const body = (await get()).body.pipeThrough(invert);
          await take(new Request('http://a/', { method: 'POST', body, duplex: 'half' }))
        """
        assert await runtime.eval(code) == 16 * MEGABYTE
        expected = hashlib.sha256()
        inverted = bytes(255 - byte for byte in CHUNK)
        for _ in range(16 * MEGABYTE // len(CHUNK)):
            expected.update(inverted)
        assert digest.digest() == expected.digest()
        await nothing_open(runtime)


async def test_fifty_streams_at_once_share_the_channel(host: IsolateHost) -> None:
    sources: list[Source] = []

    def get() -> Response:
        sources.append(Source(MEGABYTE))
        return Response(sources[-1].chunks())

    async with host.create_runtime(bindings={"tools": {"get": get}}) as runtime:
        code = "(await Promise.all(Array.from({ length: 50 }, async () => (await (await get()).bytes()).length)))"
        assert await runtime.eval(code) == [MEGABYTE] * 50
        await nothing_open(runtime)
    assert all(source.closed for source in sources)


async def test_a_response_that_nobody_reads_is_no_leak(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(GENERATE)
        response = await runtime.eval("new Response(source(Infinity))")
        assert statistics(runtime)["stream_count"] == 1
        await response.aclose() if hasattr(response, "aclose") else await response.body.aclose()
        while not await runtime.eval("cancelled"):
            await runtime.eval("0")
        await nothing_open(runtime)


async def test_blobs_cross_whole(host: IsolateHost) -> None:
    data = CHUNK * 160

    async def echo(blob: Blob) -> Blob:
        return Blob([await blob.bytes()], type=blob.type)

    async with host.create_runtime(bindings={"tools": {"echo": echo}}, memory_limit_mb=256) as runtime:
        code = f"""
          const back = await echo(new Blob([new Uint8Array({len(data)}).fill(7)], {{ type: 'a/b' }}));
          [back.size, back.type, (await back.bytes()).every((byte) => byte === 7)]
        """
        assert await runtime.eval(code) == [len(data), "a/b", True]
        await nothing_open(runtime)


async def test_an_eval_that_is_cancelled_ends_the_bodies_it_read(host: IsolateHost) -> None:
    source = Source()
    runtime = await host.create_runtime(bindings={"tools": {"get": lambda: Response(source.chunks())}})
    reading: asyncio.Task[Any] = asyncio.create_task(
        runtime.eval("for await (const _ of (await get()).body) await null")
    )
    while source.given < 4 * WINDOW:
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await runtime.dispose()
    assert source.closed
