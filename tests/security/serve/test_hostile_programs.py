"""Programs that misuse what they were given, through an honest kernel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import isolatejs
from isolatejs import AbortController, AbortError, MemoryLimitError, Request
from isolatejs.errors import ExecutionTimeoutError


async def text(server: Any, path: str = "", **options: Any) -> str:
    response = (await server.handle(Request(f"http://localhost/{path}", **options))).response
    return str(await response.text())


PROGRAM = """
serve({ async fetch(request) {
  if (request.url.endsWith("x")) { %s }
  return new Response("ok");
} });
"""
NEIGHBOUR = "serve({ fetch: () => new Response('well') });"


@pytest.mark.parametrize(
    "attack",
    [
        "while (true) {}",
        "(function f() { Promise.resolve().then(f); })(); await new Promise(() => {});",
        "/^(a+)+$/.test('a'.repeat(40) + 'b');",
        "let n = 3n; while (true) n *= n;",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
        "await new Promise(() => {});",
        "return new Promise(() => {});",
        "return { then() {} };",
        "return { get then() { while (true) {} } };",
    ],
)
async def test_handler_that_never_answers(host: isolatejs.IsolateHost, attack: str) -> None:
    code = PROGRAM % attack
    async with (
        host.create_app_server(code=NEIGHBOUR) as neighbour,
        host.create_app_server(code=code, execution_timeout_ms=300) as server,
    ):
        with pytest.raises((ExecutionTimeoutError, MemoryLimitError)):
            await server.handle(Request("http://localhost/x", method="POST"))
        assert await text(neighbour) == "well"
        async with asyncio.timeout(10):
            while True:  # until the stuck sandbox was replaced; requests that waited in it are tried again
                try:
                    assert await text(server) == "ok"
                    break
                except ExecutionTimeoutError:
                    continue


@pytest.mark.parametrize(
    "bomb",
    [
        "const a = []; while (true) a.push(new Array(1e5).fill(a.length));",
        "const m = new Map(); for (let n = 0; ; n++) m.set(n, { n });",
        "const a = []; while (true) a.push(new Blob([new Uint8Array(1e7).fill(1)]));",
        "let s = 'x'; while (true) s = [s + s, s.length, s].join(s);",
        "new ReadableStream({ start(c) { while (true) c.enqueue(new Uint8Array(1e6).fill(1)); } });",
        "const a = []; while (true) a.push(request.clone(), new Uint8Array(1e6).fill(1));",
    ],
)
async def test_handler_that_takes_all_memory(host: isolatejs.IsolateHost, bomb: str) -> None:
    code = PROGRAM % bomb
    async with (
        host.create_app_server(code=NEIGHBOUR) as neighbour,
        host.create_app_server(code=code, memory_limit_mb=64, execution_timeout_ms=20_000) as server,
    ):
        answered = await asyncio.gather(
            server.handle(Request("http://localhost/x", method="POST")), return_exceptions=True
        )
        if not isinstance(
            answered[0], MemoryLimitError
        ):  # an allocation that fails is the program's own error
            assert answered[0].response.status == 500  # type: ignore[union-attr]
        assert await text(neighbour) == "well"
        assert await text(server) == "ok"


@pytest.mark.parametrize(
    "patch",
    [
        "Array.prototype[Symbol.iterator] = () => { throw new Error('patched'); };",
        "Array.prototype.push = Array.prototype.map = Array.prototype.slice = () => { throw 1; };",
        "Promise.prototype.then = () => { throw new Error('patched'); };",
        "Object.defineProperty(Object.prototype, 'then', { get() { throw 1; } });",
        "Object.prototype.toJSON = Array.prototype.toJSON = String.prototype.toJSON = () => 1;",
        "JSON.stringify = JSON.parse = () => { throw new Error('patched'); };",
        "Map.prototype.get = Map.prototype.set = Map.prototype.delete = () => { throw 1; };",
        "WeakMap.prototype.get = WeakMap.prototype.set = () => { throw 1; };",
        "Object.defineProperty(Object.prototype, 'body', { get() { throw 1; }, set() { throw 1; } });",
        "for (const { prototype } of [Request, Response, Headers])"
        " for (const key of Object.getOwnPropertyNames(prototype))"
        " if (key !== 'constructor') Object.defineProperty(prototype, key, { value() { throw 1; } });",
        "globalThis.Request = globalThis.Response = globalThis.Headers = undefined;",
        "globalThis.ReadableStream = globalThis.Blob = undefined;",
        "TextEncoder.prototype.encode = () => { throw 1; };",
        "Uint8Array.prototype.subarray = Uint8Array.prototype.set = () => { throw 1; };",
        "Function.prototype.apply = Function.prototype.bind = () => { throw 1; };",
        "AbortController.prototype.abort = () => { throw new Error('patched'); };",
        "Error.prepareStackTrace = () => { throw new Error('patched'); };",
        "globalThis.console = { get error() { throw new Error('patched'); } };",
        "Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Function.prototype);",
        "globalThis.AbortController = globalThis.queueMicrotask = undefined;",
        "globalThis.Promise = globalThis.Uint8Array = globalThis.TypeError = undefined;",
    ],
)
async def test_patched_built_ins_do_not_break_the_server(host: isolatejs.IsolateHost, patch: str) -> None:
    code = """
    const made = [];
    for (let n = 0; n < 4; n++) made.push(new Response("made"));
    let taken = 0;
    let patched = false;
    serve({ fetch(request) {
      if (!patched) { patched = true; %s }
      return made[taken++];
    } });
    """
    async with host.create_app_server(code=code % patch, bindings={"console": lambda entry: None}) as server:
        for _ in range(2):
            assert await text(server) == "made"
            assert await text(server, "x", method="POST", body="body") == "made"
        failed = (await server.handle(Request("http://localhost/"))).response
        assert (failed.status, await failed.text()) == (500, "Internal Server Error")
        assert (await server.diagnostics())["sandboxes_started"] == 1


async def test_headers_without_end(host: isolatejs.IsolateHost) -> None:
    code = """
    serve({ fetch(request) {
      const path = new URL(request.url).pathname;
      if (path === "/one") return new Response("", { headers: { x: "y".repeat(1e6) } });
      if (path === "/many") {
        const headers = new Headers();
        for (let n = 0; n < 20_000; n++) headers.append(`x-${n}`, "y");
        return new Response("", { headers });
      }
      if (path === "/cookies") {
        const headers = new Headers();
        for (let n = 0; n < 20_000; n++) headers.append("set-cookie", "y");
        return new Response(new ReadableStream(), { headers });
      }
      return new Response("ok");
    } });
    """
    async with host.create_app_server(code=code) as server:
        for path in ("one", "many", "cookies"):
            response = (await server.handle(Request(f"http://localhost/{path}"))).response
            assert response.status == 500
            assert len(response.headers.multi_items()) == 0
            assert "response headers of" in (await server.diagnostics())["last_error"]
        assert await text(server) == "ok"
        diagnostics = await server.diagnostics()
        assert (diagnostics["active_requests"], diagnostics["runtime"]["stream_count"]) == (0, 0)
        assert diagnostics["finishing_requests"] == 0


async def test_request_with_a_million_bytes_of_headers_reaches_the_program(
    host: isolatejs.IsolateHost,
) -> None:
    code = "serve({ fetch: (request) => Response.json(request.headers.get('x-9999').length) });"
    async with host.create_app_server(code=code) as server:
        headers = [(f"x-{n}", "v" * 100) for n in range(10_000)]
        response = (await server.handle(Request("http://localhost/", headers=headers))).response
        assert await response.json() == 100


async def test_aborted_requests_that_never_end_leave_nothing_on_the_host(host: isolatejs.IsolateHost) -> None:
    """The program ignores its signal and keeps every request for good."""
    code = """
    const kept = [];
    serve({ async fetch(request) {
      if (request.url.endsWith("ok")) return new Response("ok");
      kept.push(request);
      await new Promise(() => {});
    } });
    """
    async with host.create_app_server(code=code) as server:
        controllers = [AbortController() for _ in range(500)]
        tasks = [
            asyncio.ensure_future(server.handle(Request("http://localhost/"), signal=controller.signal))
            for controller in controllers
        ]
        assert await text(server, "ok") == "ok"
        for controller in controllers:
            controller.abort()
        for task in tasks:
            with pytest.raises(AbortError):
                await task
        diagnostics = await server.diagnostics()
        assert diagnostics["active_requests"] == 0
        assert await text(server, "ok") == "ok"


async def test_nothing_of_the_host_leaks_through_errors(host: isolatejs.IsolateHost) -> None:
    def tool() -> None:
        raise ValueError("for the program")

    async def fetch(request: Any, context: Any) -> Any:
        raise RuntimeError("/srv/secret/path and password")

    code = """
    serve({ async fetch(request) {
      const seen = [];
      for (const call of [() => tool(), () => fetch("http://x.example/")]) {
        try {
          await call();
        } catch (error) {
          seen.push(`${error.stack} ${error.message} ${JSON.stringify(error)}`);
        }
      }
      seen.push(new Error("own").stack, import.meta.url, JSON.stringify(request));
      return Response.json(seen);
    } });
    """
    async with host.create_app_server(
        code=code, bindings={"tools": {"tool": tool}, "fetch": fetch}
    ) as server:
        seen = await text(server)
        assert "for the program" in seen
        for secret in ("secret", "password", "site-packages", "/work", "/home", "isolatejs/", ".py"):
            assert secret not in seen


async def test_requests_do_not_see_each_other(host: isolatejs.IsolateHost) -> None:
    """The context of one request is not reachable from another, even through a shared promise."""
    code = """
    let shared;
    serve({ async fetch(request) {
      shared ??= who();
      const first = await shared;
      return Response.json([first, await who()]);
    } });
    """
    async with host.create_app_server(
        code=code, bindings={"tools": {"who": lambda context: context.request_id}}
    ) as server:
        for name in ("a", "b", "c"):
            result = await server.handle(Request("http://localhost/"), request_id=name)
            assert await result.response.json() == ["a", name]


async def test_forged_requests_are_refused(host: isolatejs.IsolateHost) -> None:
    """upgrade() takes the very request; scopes and numbers of others cannot be named."""
    code = """
    const kept = [];
    let release = () => {};
    serve({ async fetch(request, server) {
      if (request.url.endsWith("keep")) {
        kept.push(request);
        await new Promise((resolve) => release = resolve);
        return new Response("kept");
      }
      setTimeout(release, 0);
      const results = [];
      const others = [{ ...request }, Object.create(request), {}, 1, null, new Request("http://x/")];
      for (const forged of [kept[0], ...others]) {
        try { results.push(server.upgrade(forged)); } catch (error) { results.push(error.name); }
      }
      return Response.json(results);
    } });
    """
    async with host.create_app_server(code=code) as server:
        keep = asyncio.ensure_future(server.handle(Request("http://localhost/keep")))
        await asyncio.sleep(0)  # it is sent before the next
        attack = await server.handle(Request("http://localhost/"))
        results = await attack.response.json()
        assert results[1:] == ["TypeError"] * 6
        assert results[0] is True  # one's own program may do so for its own request, before it is answered
        assert (await keep).type == "websocket"
        assert (await server.handle(Request("http://localhost/"))).type == "response"
