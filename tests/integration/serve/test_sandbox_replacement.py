"""A server outlives its sandboxes: they die, are replaced, and are swapped by reload()."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

import isolatejs
from isolatejs import GuestError, MemoryLimitError, Request, RuntimeDisposedError
from isolatejs.errors import ExecutionTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .conftest import Serving

BOMB = "const held = []; while (true) held.push(new Array(100_000).fill(held.length));"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")


def once(code: str) -> str:
    """`code` runs in the first sandbox that gets a request, and never again."""
    return f"""
    if (request.url.endsWith("/first") && await claim()) {{ {code} }}
    return Response.json([request.method, await request.text()]);
    """


def claims() -> dict[str, object]:
    left = [True]
    return {"claim": lambda: left.pop() if left else False}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_idempotent_request_is_tried_again(serving: Serving, method: str) -> None:
    body = None if method == "GET" else "content"
    async with serving(once(BOMB), bindings={"tools": claims()}, memory_limit_mb=64) as server:
        result = await server.handle(Request("http://localhost/first", method=method, body=body))
        assert await result.response.json() == [method, body or ""]
        diagnostics = await server.diagnostics()
        assert diagnostics["sandboxes_started"] == 2
        assert "memory_limit_mb=64" in diagnostics["last_error"]


async def test_post_is_never_tried_again(serving: Serving) -> None:
    async with serving(once(BOMB), bindings={"tools": claims()}, memory_limit_mb=64) as server:
        with pytest.raises(MemoryLimitError):
            await server.handle(Request("http://localhost/first", method="POST", body="x"))
        result = await server.handle(Request("http://localhost/next", method="POST", body="y"))
        assert await result.response.json() == ["POST", "y"]
        assert (await server.diagnostics())["sandboxes_started"] == 2


async def test_request_whose_body_was_read_is_not_tried_again(serving: Serving) -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"only once"

    async with serving(
        once("await request.text();" + BOMB), bindings={"tools": claims()}, memory_limit_mb=64
    ) as server:
        with pytest.raises(MemoryLimitError):
            await server.handle(Request("http://localhost/first", method="PUT", body=upload()))


async def test_streamed_body_that_was_not_begun_is_sent_once_more(serving: Serving) -> None:
    async def upload() -> AsyncIterator[bytes]:
        yield b"begun "
        yield b"once"

    async with serving("return new Response(await request.text());") as server:
        server.lives()[0].sandbox.kill()
        result = await server.handle(Request("http://localhost/", method="PUT", body=upload()))
        assert await result.response.text() == "begun once"
        assert (await server.diagnostics())["sandboxes_started"] == 2


async def test_upload_is_closed_when_the_request_fails(serving: Serving) -> None:
    closed = asyncio.Event()

    async def upload() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(1000)
        finally:
            closed.set()

    async with serving("await request.body.getReader().read();" + BOMB, memory_limit_mb=64) as server:
        with pytest.raises(MemoryLimitError):
            await server.handle(Request("http://localhost/", method="POST", body=upload()))
        await asyncio.wait_for(closed.wait(), 5)


async def test_request_that_kills_every_sandbox_is_tried_twice_only(serving: Serving) -> None:
    async with serving(BOMB, memory_limit_mb=64) as server:
        with pytest.raises(MemoryLimitError):
            await server.handle(Request("http://localhost/"))
        assert (await server.diagnostics())["sandboxes_started"] == 2


async def test_sandbox_that_died_between_requests(serving: Serving) -> None:
    code = """
    if (request.url.endsWith("die")) {
      setTimeout(() => { while (true) globalThis.held = [globalThis.held, new Array(1e6).fill(0)]; });
    }
    return new Response("ok");
    """
    async with serving(code, memory_limit_mb=64) as server:
        await server.handle(Request("http://localhost/die"))
        live = server.lives()[0]
        await live.sandbox.exited
        results = await asyncio.gather(*(server.handle(Request("http://localhost/")) for _ in range(10)))
        assert [await result.response.text() for result in results] == ["ok"] * 10
        assert (await server.diagnostics())["sandboxes_started"] == 2


async def test_busy_loop_is_replaced_after_its_time(serving: Serving) -> None:
    code = 'if (request.url.endsWith("busy")) while (true) {} return new Response("ok");'
    async with serving(code, execution_timeout_ms=200) as server:
        with pytest.raises(ExecutionTimeoutError):
            await server.handle(Request("http://localhost/busy"))
        await server.lives()[0].wait_ended()
        assert await (await server.handle(Request("http://localhost/"))).response.text() == "ok"
        assert (await server.diagnostics())["sandboxes_started"] == 2


async def test_entry_that_fails_the_second_time(serving: Serving) -> None:
    left = [True]
    code = "if (!await claim()) throw new Error('not twice'); serve({ fetch() {" + BOMB + "} });"
    tools = {"claim": lambda: left.pop() if left else False}
    async with serving(code, bindings={"tools": tools}, memory_limit_mb=64) as server:
        for _ in range(2):
            with pytest.raises(GuestError, match="not twice"):
                await server.handle(Request("http://localhost/"))
        left.append(True)
        with pytest.raises((MemoryLimitError, GuestError)):
            await server.handle(Request("http://localhost/"))


def versions() -> tuple[list[str], isolatejs.ModuleResolver]:
    current = ["1"]
    source = """
    const version = "%s";
    serve({ async fetch(request) {
      if (request.url.endsWith("slow")) await hold();
      return new Response(version);
    } });
    """
    return current, isolatejs.create_module_resolver().virtual("/server.ts", lambda: source % current[0])


async def test_reload_swaps_without_dropping_requests(host: isolatejs.IsolateHost) -> None:
    current, modules = versions()
    holding, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        holding.set()
        await go.wait()

    async with host.create_app_server(
        entry="/server.ts", bindings={"modules": modules, "tools": {"hold": hold}}
    ) as server:
        slow = asyncio.ensure_future(server.handle(Request("http://localhost/slow")))
        await holding.wait()
        current[0] = "2"
        await server.reload("new version")
        assert await (await server.handle(Request("http://localhost/"))).response.text() == "2"
        assert (await server.diagnostics())["sandboxes"] == 2
        go.set()
        assert await (await slow).response.text() == "1"
        while (await server.diagnostics())["sandboxes"] > 1:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_reload_under_load_drops_nothing(host: isolatejs.IsolateHost) -> None:
    current, modules = versions()
    async with host.create_app_server(
        entry="/server.ts", bindings={"modules": modules, "tools": {"hold": lambda: None}}
    ) as server:
        seen: list[str] = []
        stop = False

        async def client() -> None:
            while not stop:
                result = await server.handle(Request("http://localhost/", method="POST", body="x"))
                seen.append(await result.response.text())

        clients = [asyncio.ensure_future(client()) for _ in range(8)]
        for version in "234":
            current[0] = version
            await server.reload()
            while seen[-1:] != [version]:  # noqa: ASYNC110
                await asyncio.sleep(0)
        stop = True
        await asyncio.gather(*clients)
        assert set(seen) == set("1234")


async def test_reload_that_fails_leaves_the_old_program(host: isolatejs.IsolateHost) -> None:
    current, modules = versions()
    async with host.create_app_server(
        entry="/server.ts", bindings={"modules": modules, "tools": {"hold": lambda: None}}
    ) as server:
        current[0] = '" + missing + "'
        with pytest.raises(GuestError, match="missing is not defined"):
            await server.reload()
        assert await (await server.handle(Request("http://localhost/"))).response.text() == "1"
        assert (await server.diagnostics())["sandboxes"] == 1


async def test_dispose_ends_open_requests_and_everything_else(
    serving: Serving, host: isolatejs.IsolateHost
) -> None:
    before = await host.diagnostics()
    started = asyncio.Event()
    async with serving(
        "started(); await new Promise(() => {});", bindings={"tools": {"started": started.set}}
    ) as server:
        task = asyncio.ensure_future(server.handle(Request("http://localhost/")))
        await started.wait()
        await server.dispose(reason="enough")
        with pytest.raises(RuntimeDisposedError, match="disposed: enough"):
            await task
        with pytest.raises(RuntimeDisposedError, match="disposed: enough"):
            await server.handle(Request("http://localhost/"))
        with pytest.raises(RuntimeDisposedError, match="disposed: enough"):
            await server.reload()
        await server.dispose()
        assert server.disposed
        assert (await server.diagnostics())["lifecycle_state"] == "disposing"
    after = await host.diagnostics()
    assert (after["runtimes"], after["servers"]) == (before["runtimes"], before["servers"])


async def test_closed_host_disposes_its_servers() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        server = await host.create_app_server(code="serve({ fetch: () => new Response() });")
    assert server.disposed
    with pytest.raises(RuntimeDisposedError, match="host was closed"):
        await server.handle(Request("http://localhost/"))


async def test_diagnostics_go_up_and_down(serving: Serving) -> None:
    holding, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        holding.set()
        await go.wait()

    async with serving(
        "await hold(); return new Response();", bindings={"tools": {"hold": hold}}, key="k"
    ) as server:
        idle = await server.diagnostics()
        assert (idle["key"], idle["lifecycle_state"], idle["active_requests"]) == ("k", "idle", 0)
        task = asyncio.ensure_future(server.handle(Request("http://localhost/")))
        await holding.wait()
        active = await server.diagnostics()
        assert (active["lifecycle_state"], active["active_requests"]) == ("active", 1)
        assert active["runtime"]["pending_tools"] == 1
        go.set()
        await task
        after = await server.diagnostics()
        assert (after["lifecycle_state"], after["active_requests"], after["handled_requests"]) == (
            "idle",
            0,
            1,
        )
