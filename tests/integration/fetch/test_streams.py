"""Bodies as streams, both ways: pulled at the reader's pace, ended when either side has had enough."""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs.errors import GuestError
from isolatejs.limits import STREAM_WINDOW_BYTES
from isolatejs.web import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNK = b"x" * 65536


class Source:
    """A body that counts what is asked of it and tells when it is closed."""

    def __init__(self, chunks: int, *, fail: Exception | None = None) -> None:
        self.left = chunks
        self.given = 0
        self.fail = fail
        self.closed = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.given == self.left:
            if self.fail is not None:
                raise self.fail
            raise StopAsyncIteration
        self.given += 1
        await asyncio.sleep(0)
        return CHUNK

    async def aclose(self) -> None:
        self.closed.set()


async def test_a_slow_reader_holds_the_source_back(open_runtime: Any) -> None:
    source = Source(10_000)
    runtime = await open_runtime(lambda request: Response(source))
    assert await runtime.eval("""
        globalThis.reader = (await fetch("http://a/")).body.getReader();
        (await reader.read()).value.length
    """) == len(CHUNK)
    await runtime.eval("await new Promise((resolve) => setTimeout(resolve, 50))")
    assert source.given * len(CHUNK) <= 3 * STREAM_WINDOW_BYTES
    assert await runtime.eval("for (let i = 0; i < 100; i++) await reader.read(); 1") == 1
    assert source.given >= 100
    await runtime.eval("await reader.cancel()")
    await asyncio.wait_for(source.closed.wait(), 5)
    await runtime.dispose()


async def test_much_goes_through_in_little_memory(open_runtime: Any) -> None:
    chunks = 1600

    async def fetch(request: Request) -> Response:
        assert request.body is not None
        size = 0
        async for chunk in request.body:
            size += len(chunk)
        return Response(Source(chunks), headers={"x-received": str(size)})

    runtime = await open_runtime(fetch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    received, sent = await runtime.eval(f"""
        let left = {chunks};
        const body = new ReadableStream({{
          pull(c) {{ left-- > 0 ? c.enqueue(new Uint8Array({len(CHUNK)})) : c.close(); }},
        }});
        const response = await fetch("http://a/", {{ method: "POST", body, duplex: "half" }});
        let size = 0;
        for await (const chunk of response.body) size += chunk.length;
        [Number(response.headers.get("x-received")), size]
    """)
    assert (received, sent) == (chunks * len(CHUNK), chunks * len(CHUNK))
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 40 * 1024, f"the host grew by {grown_kib} KiB for 2 x {chunks * len(CHUNK) >> 20} MiB"


async def test_a_reader_that_stops_ends_the_source_and_fires_the_signal(open_runtime: Any) -> None:
    source = Source(1000)
    signals: list[Any] = []

    async def fetch(request: Request, context: Any) -> Response:
        signals.append(context.signal)
        return Response(source)

    runtime = await open_runtime(fetch)
    await runtime.eval("""
        const response = await fetch("http://a/");
        for await (const chunk of response.body) break;
    """)
    await asyncio.wait_for(source.closed.wait(), 5)
    await asyncio.wait_for(signals[0].wait(), 5)


async def test_a_source_that_dies_fails_the_reader(open_runtime: Any) -> None:
    source = Source(100, fail=OSError("/secret/path"))
    runtime = await open_runtime(lambda request: Response(source))
    with pytest.raises(GuestError) as caught:
        await runtime.eval("const response = await fetch('http://a/'); await response.text()")
    assert caught.value.name == "TypeError"
    assert "secret" not in str(caught.value)
    await asyncio.wait_for(source.closed.wait(), 5)


async def test_a_read_to_the_end_leaves_the_signal_alone(open_runtime: Any) -> None:
    signals: list[Any] = []

    async def fetch(request: Request, context: Any) -> Response:
        signals.append(context.signal)
        return Response(Source(100))

    runtime = await open_runtime(fetch)
    assert await runtime.eval("(await (await fetch('http://a/')).arrayBuffer()).byteLength") == 100 * len(
        CHUNK
    )
    assert not signals[0].aborted


async def test_an_upload_that_nobody_reads_is_cancelled(open_runtime: Any) -> None:
    async def fetch(request: Request) -> Response:
        assert request.body is not None
        await anext(request.body)
        return Response("enough")

    runtime = await open_runtime(fetch)
    assert await runtime.eval("""
        const { promise: cancelled, resolve } = Promise.withResolvers();
        const body = new ReadableStream({
          pull(c) { c.enqueue(new Uint8Array(65536)); },
          cancel() { resolve("cancelled"); },
        });
        const response = await fetch("http://a/", { method: "POST", body, duplex: "half" });
        [await response.text(), await cancelled]
    """) == ["enough", "cancelled"]


async def test_an_upload_that_dies_fails_the_callback_and_the_call(open_runtime: Any) -> None:
    failures: list[BaseException] = []

    async def fetch(request: Request) -> Response:
        try:
            return Response(await request.bytes())
        except Exception as error:
            failures.append(error)
            raise

    runtime = await open_runtime(fetch)
    with pytest.raises(GuestError):
        await runtime.eval("""
            let left = 30;
            const body = new ReadableStream({
              pull(c) {
                if (left-- === 0) throw new RangeError("out of bytes");
                c.enqueue(new Uint8Array(65536));
              },
            });
            await fetch("http://a/", { method: "POST", body, duplex: "half" });
        """)
    assert len(failures) == 1


async def test_the_answer_can_come_while_the_upload_goes_on(open_runtime: Any) -> None:
    async def fetch(request: Request) -> Response:
        return Response(request.body)

    runtime = await open_runtime(fetch)
    assert await runtime.eval("""
        const pipe = new TransformStream();
        const writer = pipe.writable.getWriter();
        const pending = fetch("http://a/", { method: "POST", body: pipe.readable, duplex: "half" });
        const encoder = new TextEncoder(), decoder = new TextDecoder();
        writer.write(encoder.encode("ping"));
        const reader = (await pending).body.getReader();
        const seen = [];
        for (const word of ["one", "two", "three"]) {
          seen.push(decoder.decode((await reader.read()).value));
          writer.write(encoder.encode(word));
        }
        writer.close();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          seen.push(decoder.decode(value));
        }
        seen
    """) == ["ping", "one", "two", "three"]


async def test_bodies_that_a_program_forgets_are_let_go(open_runtime: Any) -> None:
    sources: list[Source] = []

    def fetch(request: Request) -> Response:
        sources.append(Source(1000))
        return Response(sources[-1])

    runtime = await open_runtime(fetch)
    await runtime.eval("for (let i = 0; i < 50; i++) await fetch('http://a/'); 0")
    async with asyncio.timeout(20):
        while not all(source.closed.is_set() for source in sources):
            await runtime.eval("for (let i = 0; i < 200; i++) new Uint8Array(100_000); await 0; 0")
    assert len(sources) == 50


async def test_small_unread_bodies_hold_nothing(open_runtime: Any) -> None:
    runtime = await open_runtime(lambda request: Response([b"small"]))
    assert await runtime.eval("""
        const kept = [];
        for (let i = 0; i < 600; i++) kept.push(await fetch("http://a/"));
        (await Promise.all(kept.map((r) => r.text()))).every((text) => text === "small")
    """)


async def test_a_byob_reader(open_runtime: Any) -> None:
    runtime = await open_runtime(lambda request: Response(Source(50)))
    assert await runtime.eval("""
        const reader = (await fetch("http://a/")).body.getReader({ mode: "byob" });
        let size = 0;
        for (;;) {
          const { done, value } = await reader.read(new Uint8Array(10_000));
          if (done) break;
          size += value.length;
        }
        size
    """) == 50 * len(CHUNK)
