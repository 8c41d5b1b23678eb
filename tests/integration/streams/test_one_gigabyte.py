"""1 GB through bodies, Blobs and iterators, both ways, while neither process grows with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.endless import CHUNK, Growth, pid_of
from isolatejs import Blob, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from isolatejs import IsolateHost

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20
MEMORY_LIMIT_MB = 128
"""A sandbox that needs more ends."""
SAMPLE_BYTES = 16 * MEGABYTE
HOST_GROWTH_LIMIT_MB = 32
GUEST_GROWTH_LIMIT_MB = 96
"""Buffers that the program dropped are garbage until the engine collects them, at 64 MB."""
SIZE_OF = "let size = 0; for await (const piece of PIECES) size += piece.length; size"


class Transfer:
    """Gives and takes 1 GB, and notes how both processes grow meanwhile."""

    def __init__(self) -> None:
        self.growth: Growth | None = None
        self._moved = 0

    def begin(self, pid: int) -> None:
        self.growth = Growth(pid)

    def _move(self, size: int) -> None:
        before, self._moved = self._moved, self._moved + size
        if before // SAMPLE_BYTES != self._moved // SAMPLE_BYTES and self.growth is not None:
            self.growth.sample()

    async def give(self, piece: bytes = CHUNK) -> AsyncIterator[bytes]:
        for _ in range(GIGABYTE // len(piece)):
            self._move(len(piece))
            yield piece

    async def take(self, pieces: AsyncIterable[Any]) -> int:
        size = 0
        async for piece in pieces:
            size += len(piece)
            self._move(len(piece))
        return size

    def check(self) -> None:
        assert self.growth is not None
        assert self._moved == GIGABYTE
        assert self.growth.host_mb < HOST_GROWTH_LIMIT_MB
        assert self.growth.guest_mb < GUEST_GROWTH_LIMIT_MB


async def read_in_the_program(host: IsolateHost, give: Any, pieces: str, transfer: Transfer) -> None:
    tools = {"give": give}
    async with host.create_runtime(bindings={"tools": tools}, memory_limit_mb=MEMORY_LIMIT_MB) as runtime:
        await runtime.eval("await 0")
        transfer.begin(pid_of(runtime))
        assert await runtime.eval(SIZE_OF.replace("PIECES", pieces)) == GIGABYTE
    transfer.check()


async def test_an_upload_to_an_app_server(host: IsolateHost) -> None:
    code = f"""serve({{ async fetch(request) {{ {SIZE_OF.replace("PIECES", "request.body")};
      return Response.json(size) }} }})"""
    transfer = Transfer()
    async with host.create_app_server(code=code, memory_limit_mb=MEMORY_LIMIT_MB) as server:
        transfer.begin(server.lives()[0].sandbox.pid)
        request = Request("http://localhost/", method="POST", body=transfer.give())
        assert await (await server.handle(request)).response.json() == GIGABYTE
    transfer.check()


async def test_a_response_of_an_app_server(host: IsolateHost) -> None:
    code = f"""serve({{ fetch() {{
      let left = {GIGABYTE};
      return new Response(new ReadableStream({{ pull(controller) {{
        if (left === 0) return controller.close();
        controller.enqueue(new Uint8Array(65536));
        left -= 65536;
      }} }}, {{ highWaterMark: 0 }}));
    }} }})"""
    transfer = Transfer()
    async with host.create_app_server(code=code, memory_limit_mb=MEMORY_LIMIT_MB) as server:
        transfer.begin(server.lives()[0].sandbox.pid)
        body = (await server.handle(Request("http://localhost/"))).response.body
        assert body is not None
        assert await transfer.take(body) == GIGABYTE
    transfer.check()


async def test_a_lazy_blob_of_the_host(host: IsolateHost) -> None:
    transfer = Transfer()
    blob = Blob.lazy(GIGABYTE, lambda start, end: transfer.give())
    await read_in_the_program(host, lambda: Response(blob.stream()), "(await give()).body", transfer)


async def test_a_blob_of_the_program_of_many_parts(host: IsolateHost) -> None:
    """Its parts are one piece of memory a thousand times: only reading them could need more."""
    transfer = Transfer()
    async with host.create_runtime() as runtime:
        code = f"new Response(new Blob(Array(1024).fill(new Blob([new Uint8Array({MEGABYTE})]))))"
        response = await runtime.eval(code)
        transfer.begin(pid_of(runtime))
        # The engine reads a part as a whole, which makes garbage twice as fast: the default limit holds it.
        assert await transfer.take(response.body) == GIGABYTE
        assert transfer.growth is not None
        assert transfer.growth.host_mb < HOST_GROWTH_LIMIT_MB


async def test_an_iterator_of_the_host(host: IsolateHost) -> None:
    transfer = Transfer()
    items = CHUNK * (MEGABYTE // len(CHUNK))
    await read_in_the_program(host, lambda: [transfer.give(items)], "(await give())[0]", transfer)


async def test_an_iterator_of_the_program(host: IsolateHost) -> None:
    transfer = Transfer()
    async with host.create_runtime(memory_limit_mb=MEMORY_LIMIT_MB) as runtime:
        code = f"(function* () {{ for (let i = 0; i < 1024; i++) yield new Uint8Array({MEGABYTE}) }})()"
        items = await runtime.eval(code)
        transfer.begin(pid_of(runtime))
        assert await transfer.take(items) == GIGABYTE
    transfer.check()
