"""Small chunks of a body share a frame when they wait already, and none waits for another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import IsolateHost

COUNT = 20_000
PIECES = [f"{number:09};".encode() for number in range(COUNT)]
WHOLE = b"".join(PIECES)
FEW = COUNT // 50
SOURCES = {
    "enqueued at once": """new ReadableStream({
        start(c) { for (let i = 0; i < COUNT; i++) c.enqueue(piece(i)); c.close() },
      })""",
    "pulled": """new ReadableStream({
        pull(c) { if (made < COUNT) c.enqueue(piece(made++)); else c.close() },
      }, { highWaterMark: 0 })""",
}
PRELUDE = f"""
  const COUNT = {COUNT}, encoder = new TextEncoder();
  const piece = (number) => encoder.encode(`${{`${{number}}`.padStart(9, '0')}};`);
  let made = 0;
"""


async def test_small_chunks_of_the_host(host: IsolateHost) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in PIECES:
            yield piece

    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(chunks())}}) as runtime:
        code = """
          const parts = [];
          for await (const part of (await get()).body) parts.push(part);
          [parts.length, await new Blob(parts).bytes()]
        """
        count, data = await runtime.eval(code)
        assert data == WHOLE
        assert count < FEW


@pytest.mark.parametrize("source", SOURCES)
async def test_small_chunks_of_the_program(host: IsolateHost, source: str) -> None:
    async with host.create_runtime() as runtime:
        response = await runtime.eval(f"{PRELUDE} new Response({SOURCES[source]})")
        parts = [part async for part in response.body]
        assert b"".join(parts) == WHOLE
        assert len(parts) < FEW


async def test_the_host_waits_with_its_next_chunk_until_the_last_was_read(host: IsolateHost) -> None:
    read = asyncio.Semaphore(0)

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(20):
            yield b"a"
            if number % 2:
                yield b"b"
            await read.acquire()  # the program has it all

    bindings = {"tools": {"get": lambda: Response(chunks()), "note": lambda: read.release()}}
    async with host.create_runtime(bindings=bindings) as runtime:
        code = """
          let text = '', steps = 0;
          const expected = (step) => 'aab'.repeat(step >> 1) + (step % 2 ? 'a' : '');
          for await (const part of (await get()).body) {
            text += new TextDecoder().decode(part);
            if (text === expected(steps + 1)) {
              steps++;
              await note();
            }
          }
          [text, steps]
        """
        assert await runtime.eval(code) == ["aab" * 10, 20]


async def test_the_program_waits_with_its_next_chunk_until_the_last_was_read(host: IsolateHost) -> None:
    code = """
      globalThis.proceed = () => {};
      let step = 0;
      new Response(new ReadableStream({
        async pull(c) {
          if (step === 20) return c.close();
          c.enqueue(new Uint8Array([step]));
          c.enqueue(new Uint8Array([step++]));
          await new Promise((resolve) => globalThis.proceed = resolve);
        },
      }, { highWaterMark: 0 }))
    """
    async with host.create_runtime() as runtime:
        body = aiter((await runtime.eval(code)).body)
        for step in range(20):
            data = await anext(body)
            if len(data) == 1:
                data += await anext(body)
            assert data == bytes([step, step])
            await runtime.eval("proceed(); 0")
        assert await anext(body, None) is None


@pytest.mark.parametrize(
    ("fifth", "name"), [("c.error(new RangeError('worn'))", "RangeError"), ("c.enqueue('text')", "TypeError")]
)
async def test_small_chunks_of_the_program_before_a_failure_arrive(
    host: IsolateHost, fifth: str, name: str
) -> None:
    code = f"""{PRELUDE}
      new Response(new ReadableStream({{
        pull(c) {{ if (made++ < 4) c.enqueue(piece(made)); else {fifth} }},
      }}, {{ highWaterMark: 0 }}))
    """
    async with host.create_runtime() as runtime:
        response: Any = await runtime.eval(code)
        size = 0
        with pytest.raises(GuestError) as caught:
            async for part in response.body:
                size += len(part)
        assert (size, caught.value.name) == (40, name)
