"""Readers that stop, writers that die and aborts in the middle: of uploads, Blobs and iterators."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from fakes.endless import CHUNK, Source, nothing_open
from isolatejs import AbortController, AbortError, Blob, Request, Response, RuntimeDisposedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import IsolateHost

READ_SOME = "const reader = request.body.getReader(); for (let i = 0; i < 50; i++) await reader.read();"


def serve(code: str) -> str:
    return "serve({ async fetch(request) {" + code + "} });"


async def test_a_program_that_stops_reading_an_upload(host: IsolateHost) -> None:
    source = Source()
    code = READ_SOME + "await reader.cancel(); return new Response('enough');"
    async with host.create_app_server(code=serve(code)) as server:
        request = Request("http://localhost/", method="POST", body=source.chunks())
        assert await (await server.handle(request)).response.text() == "enough"
        while not source.closed:
            await asyncio.sleep(0)  # poll
        assert (await server.diagnostics())["runtime"]["stream_count"] == 0


async def test_an_abort_in_the_middle_of_an_upload(host: IsolateHost) -> None:
    source, controller = Source(), AbortController()
    broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    code = f"""{READ_SOME} await half();
      try {{ while (!(await reader.read()).done); }} catch (error) {{ await broke(error.name) }}"""
    tools = {"half": controller.abort, "broke": broken.set_result}
    async with host.create_app_server(code=serve(code), bindings={"tools": tools}) as server:
        request = Request("http://localhost/", method="POST", body=source.chunks())
        with pytest.raises(AbortError):
            await server.handle(request, signal=controller.signal)
        assert await asyncio.wait_for(broken, 10) == "AbortError"
        while not source.closed:
            await asyncio.sleep(0)  # poll


async def test_an_upload_that_is_cut_off_by_the_answer_is_not_whole(host: IsolateHost) -> None:
    """What goes on after the answer sees an error, never the end of the body."""
    source = Source()
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    code = """
      const read = async () => { try { await request.bytes(); return 'whole' } catch (error) { return error.name } };
      context.waitUntil(read().then(tell));
      return new Response('accepted');
    """
    code = "serve({ async fetch(request, server, context) {" + code + "} });"
    async with host.create_app_server(code=code, bindings={"tools": {"tell": outcome.set_result}}) as server:
        request = Request("http://localhost/", method="POST", body=source.chunks())
        assert await (await server.handle(request)).response.text() == "accepted"
        assert await asyncio.wait_for(outcome, 10) == "AbortError"
        assert source.closed


async def test_an_upload_that_is_aborted_before_anything_was_read(host: IsolateHost) -> None:
    source, controller = Source(), AbortController()
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    code = "try { await request.bytes() } catch (error) { await tell(error.name) }"
    tools = {"tell": outcome.set_result}
    async with host.create_app_server(code=serve(code), bindings={"tools": tools}) as server:
        request = Request("http://localhost/", method="POST", body=source.chunks())
        handling = asyncio.ensure_future(server.handle(request, signal=controller.signal))
        asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(controller.abort))
        with pytest.raises(AbortError):
            await handling
        await server.handle(Request("http://localhost/"))  # the program still answers
        if source.given:
            assert await asyncio.wait_for(outcome, 10) == "AbortError"


async def test_a_program_that_stops_reading_a_lazy_blob(host: IsolateHost) -> None:
    source = Source()
    blob = Blob.lazy(1 << 40, lambda start, end: source.chunks())
    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(blob.stream())}}) as runtime:
        await runtime.eval("for await (const _ of (await get()).body) break")
        await nothing_open(runtime)
        assert source.closed


async def test_a_lazy_blob_that_dies(host: IsolateHost) -> None:
    async def dies(start: int, end: int) -> AsyncIterator[bytes]:
        yield CHUNK
        raise OSError("/secret/path is gone")

    blob = Blob.lazy(1 << 40, dies)
    async with host.create_runtime(bindings={"tools": {"get": lambda: Response(blob.stream())}}) as runtime:
        code = "await (await get()).bytes().catch((error) => [error instanceof Error, error.message])"
        is_error, message = await runtime.eval(code)
        assert is_error
        assert "secret" not in message
        await nothing_open(runtime)


async def test_a_runtime_that_ends_while_it_reads_a_lazy_blob(host: IsolateHost) -> None:
    source = Source()
    blob = Blob.lazy(1 << 40, lambda start, end: source.chunks())
    runtime = await host.create_runtime(bindings={"tools": {"get": lambda: Response(blob.stream())}})
    await runtime.eval("globalThis.reader = (await get()).body.getReader(); await reader.read(); 0")
    await runtime.dispose()
    assert source.closed


async def test_a_host_that_stops_reading_a_blob_of_the_program(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        response = await runtime.eval("new Response(new Blob(Array(64).fill(new Uint8Array(1_000_000))))")
        body = response.body
        await anext(body)
        await body.aclose()
        await nothing_open(runtime)


async def test_a_runtime_that_ends_while_its_blob_is_read(host: IsolateHost) -> None:
    runtime = await host.create_runtime()
    response = await runtime.eval("new Response(new Blob(Array(64).fill(new Uint8Array(1_000_000))))")
    await anext(response.body)
    await runtime.dispose()
    with pytest.raises(RuntimeDisposedError):
        async for _ in response.body:
            pass


async def test_a_runtime_that_ends_while_its_iterator_is_read(host: IsolateHost) -> None:
    runtime = await host.create_runtime()
    code = "(async function* () { yield 1; await new Promise(() => {}) })()"
    items = await runtime.eval(code)
    assert await anext(items) == 1
    following = asyncio.ensure_future(anext(items))
    await runtime.eval("0")
    await runtime.dispose()
    with pytest.raises(RuntimeDisposedError):
        await following


async def test_an_eval_that_is_aborted_while_it_reads_an_iterator(host: IsolateHost) -> None:
    source, controller = Source(), AbortController()
    runtime = await host.create_runtime(bindings={"tools": {"get": lambda: [source.chunks()]}})
    code = "for await (const _ of (await get())[0]);"
    reading = asyncio.ensure_future(runtime.eval(code, signal=controller.signal))
    while source.given < 10 * len(CHUNK):
        await asyncio.sleep(0)  # poll
    controller.abort()
    with pytest.raises(AbortError):
        await reading
    await runtime.dispose()
    assert source.closed
