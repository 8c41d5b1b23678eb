"""What belongs to one request: its context in callbacks, its signal, its trailing work."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from isolatejs import AbortController, AbortError, HostCallContext, Request, Response
from isolatejs.errors import ExecutionTimeoutError

if TYPE_CHECKING:
    from .conftest import Serving


async def test_callbacks_know_their_request_after_any_await(serving: Serving) -> None:
    contexts: list[HostCallContext] = []

    def who(context: HostCallContext) -> str | None:
        contexts.append(context)
        return context.request_id

    code = """
    const ids = [await who()];
    await null;
    ids.push(await who());
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    ids.push(await who());
    ids.push(...await Promise.all([1, 2].map(async () => { await request.text(); return await who(); })));
    return Response.json(ids);
    """
    async with serving(code, bindings={"tools": {"who": who}}, key="my/server") as server:

        async def one(n: int) -> None:
            request = Request("http://localhost/", method="POST")
            result = await server.handle(request, request_id=f"r{n}", metadata={"n": n})
            assert await result.response.json() == [f"r{n}"] * 5

        await asyncio.gather(*(one(n) for n in range(50)))
        assert {(c.request_id, c.metadata["n"]) for c in contexts} == {(f"r{n}", n) for n in range(50)}
        assert {c.resource_id for c in contexts} == {"my/server"}
        assert len({c.runtime_id for c in contexts}) == 1


async def test_stream_callbacks_belong_to_their_request(serving: Serving) -> None:
    code = """
    let n = 0;
    return new Response(new ReadableStream({ async pull(controller) {
      const id = await who();
      if (n++ < 5) controller.enqueue(new TextEncoder().encode(id)); else controller.close();
    } }, { highWaterMark: 0 }));
    """

    async with serving(code, bindings={"tools": {"who": lambda context: context.request_id}}) as server:
        results = [await server.handle(Request("http://localhost/"), request_id=f"<{n}>") for n in range(3)]
        texts = [await result.response.text() for result in results]
        assert texts == ["<0>" * 5, "<1>" * 5, "<2>" * 5]


async def test_fetch_binding_knows_its_request(serving: Serving) -> None:
    async def fetch(request: Request, context: HostCallContext) -> Response:
        return Response(f"{request.url} for {context.request_id} {context.metadata['user']}")

    code = "return await fetch('https://upstream.example/data');"
    async with serving(code, bindings={"fetch": fetch}) as server:
        result = await server.handle(Request("http://localhost/"), request_id="r1", metadata={"user": "u1"})
        assert await result.response.text() == "https://upstream.example/data for r1 u1"


async def test_context_outside_of_requests_is_empty(serving: Serving) -> None:
    seen: list[HostCallContext] = []
    code = """
    await note();
    serve({ async fetch() { await note(); return new Response("ok"); } });
    """

    async with serving(code, bindings={"tools": {"note": lambda context: seen.append(context)}}) as server:
        await server.handle(Request("http://localhost/"))
    assert [(c.request_id, dict(c.metadata)) for c in seen] == [(None, {}), (None, {})]


async def test_wait_until_keeps_the_request_open(serving: Serving) -> None:
    go, done = asyncio.Event(), asyncio.Event()
    seen: list[tuple[str | None, bool]] = []

    def note(context: HostCallContext) -> None:
        seen.append((context.request_id, context.signal.aborted))
        done.set()

    code = """
    const work = async () => { await hold(); await note(); };
    if (request.url.endsWith("context")) context.waitUntil(work()); else server.waitUntil(work());
    return new Response("answered");
    """
    async with serving(code, bindings={"tools": {"hold": go.wait, "note": note}}) as server:
        for path in ("context", "server"):
            go.clear()
            done.clear()
            result = await server.handle(Request(f"http://localhost/{path}"), request_id=path)
            assert await result.response.text() == "answered"
            diagnostics = await server.diagnostics()
            assert (diagnostics["active_requests"], diagnostics["finishing_requests"]) == (0, 1)
            go.set()
            await asyncio.wait_for(done.wait(), 5)
        await server.handle(Request("http://localhost/server"))  # what went before it has arrived
        assert seen[:2] == [("context", False), ("server", False)]


async def test_wait_until_that_rejects_is_reported(serving: Serving) -> None:
    entries: asyncio.Queue[str] = asyncio.Queue()
    code = "context.waitUntil(Promise.reject(new Error('trailing'))); return new Response('ok');"
    async with serving(code, bindings={"console": lambda entry: entries.put_nowait(entry.stdout)}) as server:
        assert (await server.handle(Request("http://localhost/"))).response.status == 200
        assert "trailing" in await asyncio.wait_for(entries.get(), 5)
        assert "trailing" in (await server.diagnostics())["last_error"]


async def test_nothing_of_a_request_stays_behind(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")
    code = """
    const path = new URL(request.url).pathname;
    if (path === "/throw") throw new Error("x");
    if (path === "/wait") context.waitUntil(new Promise((resolve) => setTimeout(resolve, 1)));
    if (path === "/stream") return new Response(new Blob(["a"]).stream());
    if (path === "/open") return Response.json(server.pendingRequests);
    return new Response("ok");
    """
    async with serving(code, bindings={"console": lambda entry: None}) as server:
        for _ in range(20):
            for path in ("throw", "wait", "stream", "x"):
                result = await server.handle(Request(f"http://localhost/{path}"))
                await result.response.bytes()
        while await (await server.handle(Request("http://localhost/open"))).response.json() != 1:
            pass  # trailing work of a millisecond
        diagnostics = await server.diagnostics()
        assert diagnostics["runtime"]["active_requests"] == 0
        assert diagnostics["finishing_requests"] == 0
        assert diagnostics["runtime"]["stream_count"] == 0


async def test_cancelling_handle_aborts_only_that_request(serving: Serving) -> None:
    aborted: asyncio.Queue[str] = asyncio.Queue()
    started: asyncio.Queue[str] = asyncio.Queue()
    code = """
    const path = new URL(request.url).pathname;
    const abort = new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    await started(path);
    await abort;
    await aborted(path);
    """
    tools = {"started": started.put_nowait, "aborted": aborted.put_nowait}
    async with serving(code, bindings={"tools": tools}) as server:
        tasks = {p: asyncio.ensure_future(server.handle(Request(f"http://localhost/{p}"))) for p in "ab"}
        assert {await started.get(), await started.get()} == {"/a", "/b"}
        tasks["a"].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks["a"]
        assert await asyncio.wait_for(aborted.get(), 5) == "/a"
        assert not tasks["b"].done()
        assert (await server.diagnostics())["active_requests"] == 1
        tasks["b"].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks["b"]
        assert await asyncio.wait_for(aborted.get(), 5) == "/b"


async def test_abort_that_crosses_with_the_answer_leaves_nothing(serving: Serving) -> None:
    async with serving("return new Response('at once');") as server:
        for _ in range(50):
            controller = AbortController()
            task = asyncio.ensure_future(
                server.handle(Request("http://localhost/"), signal=controller.signal)
            )
            await asyncio.sleep(0)  # it is sent
            controller.abort()
            with pytest.raises(AbortError):
                await task
        while (await server.diagnostics())["finishing_requests"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (await server.diagnostics())["runtime"]["active_requests"] == 0


async def test_abort_reaches_a_tool_that_runs_for_the_request(serving: Serving) -> None:
    running, stopped = asyncio.Event(), asyncio.Event()

    async def slow(context: HostCallContext) -> None:
        running.set()
        await context.signal.wait()
        stopped.set()

    controller = AbortController()
    async with serving("await slow(); return new Response();", bindings={"tools": {"slow": slow}}) as server:
        task = asyncio.ensure_future(server.handle(Request("http://localhost/"), signal=controller.signal))
        await running.wait()
        controller.abort("no longer wanted")
        with pytest.raises(AbortError):
            await task
        await asyncio.wait_for(stopped.wait(), 5)
        assert (await server.diagnostics())["sandboxes_started"] == 1


async def test_signal_that_never_aborts_costs_nothing_later(serving: Serving) -> None:
    controller = AbortController()
    async with serving("return new Response(new Blob(['x']).stream());") as server:
        for _ in range(10):
            result = await server.handle(Request("http://localhost/"), signal=controller.signal)
            assert await result.response.text() == "x"
        assert controller.signal._listeners == []


async def test_answer_that_takes_too_long(serving: Serving) -> None:
    aborted = asyncio.Event()
    code = """
    if (request.url.endsWith("quick")) return new Response("quick");
    request.signal.addEventListener("abort", () => aborted());
    await new Promise(() => {});
    """
    async with serving(
        code, bindings={"tools": {"aborted": aborted.set}}, execution_timeout_ms=100
    ) as server:
        with pytest.raises(ExecutionTimeoutError, match="execution_timeout_ms=100"):
            await server.handle(Request("http://localhost/"))
        await asyncio.wait_for(aborted.wait(), 5)
        assert await (await server.handle(Request("http://localhost/quick"))).response.text() == "quick"
        assert (await server.diagnostics())["sandboxes_started"] == 1
