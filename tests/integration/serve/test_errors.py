"""Handlers and entries that fail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

import isolatejs
from isolatejs import ConfigurationError, GuestError, Request

if TYPE_CHECKING:
    from .conftest import Serving


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")


async def answer(server, path: str = "/"):  # type: ignore[no-untyped-def]
    response = (await server.handle(Request(f"http://localhost{path}"))).response
    return response.status, await response.text()


@pytest.mark.parametrize(
    ("fetch", "reported"),
    [
        ("() => { throw new Error('secret in message'); }", "secret in message"),
        ("async () => { await null; throw new TypeError('secret later'); }", "secret later"),
        ("() => { throw 'secret string'; }", "secret string"),
        ("() => { throw null; }", "null"),
        ("() => { throw new Proxy({}, { get() { throw 1; } }); }", "cannot be read"),
        ("() => {}", "must return a Response, not nothing"),
        ("() => ({ status: 200 })", "must return a Response, not object"),
        ("() => 'text'", "must return a Response, not string"),
        ("() => Response.error()", "Response.error()"),
        ("async () => { const r = new Response('used'); await r.text(); return r; }", "used already"),
        (
            "async () => { const r = new Response(new ReadableStream()); r.body.getReader(); return r; }",
            "used already",
        ),
    ],
)
async def test_failing_handler_answers_500_that_tells_nothing(
    serving: Serving, fetch: str, reported: str
) -> None:
    entries = []
    async with serving(
        f"const failing = {fetch};"
        "serve({ fetch: (r) => r.url.endsWith('/ok') ? new Response('ok') : failing() });",
        bindings={"console": entries.append},
    ) as server:
        assert await answer(server) == (500, "Internal Server Error")
        assert reported in (await server.diagnostics())["last_error"]
        assert await answer(server, "/ok") == (200, "ok")
        assert [entry.level for entry in entries] == ["error"]
        assert (await server.diagnostics())["active_requests"] == 0


async def test_error_handler_answers(serving: Serving) -> None:
    entries = []
    code = """
    serve({
      fetch(request) { throw new RangeError(new URL(request.url).pathname); },
      error(error) {
        if (error.message === "/async") return Promise.resolve(new Response("async", { status: 503 }));
        if (error.message === "/nothing") return;
        if (error.message === "/throws") throw new Error("again");
        if (error.message === "/rejects") return Promise.reject(new Error("again later"));
        return Response.json({ said: error.message, is: error instanceof RangeError }, { status: 400 });
      },
    });
    """
    async with serving(code, bindings={"console": entries.append}) as server:
        assert await answer(server, "/x") == (400, '{"said":"/x","is":true}')
        assert await answer(server, "/async") == (503, "async")
        assert entries == []
        assert "/async" in (await server.diagnostics())["last_error"]
        for path in ("/nothing", "/throws", "/rejects"):
            assert await answer(server, path) == (500, "Internal Server Error")
        assert len(entries) == 3


async def test_a_cached_response_can_be_given_once(serving: Serving) -> None:
    code = "const cached = new Response('once'); serve({ fetch: () => cached });"
    async with serving(code) as server:
        assert await answer(server) == (200, "once")
        assert await answer(server) == (500, "Internal Server Error")
        assert "a Response of its own" in (await server.diagnostics())["last_error"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("export const nothing = 1;", "No serve\\(\\) handler registered"),
        ("throw new TypeError('at start');", "TypeError: at start"),
        ("await Promise.reject(new Error('later'));", "Error: later"),
        ("serve();", "options must be an object"),
        ("serve({});", "options.fetch must be a function"),
        ("serve({ fetch: 1 });", "options.fetch must be a function"),
        ("serve({ fetch() {}, websocket: { message: 5 } });", "websocket.message must be a function"),
        ("const a = ;", "SyntaxError"),
        ("import './missing.ts';", "missing.ts"),
    ],
)
async def test_entry_that_fails(host: isolatejs.IsolateHost, code: str, message: str) -> None:
    before = (await host.diagnostics())["runtimes"]
    with pytest.raises(isolatejs.IsolateError, match=message):
        await host.create_app_server(code=code)
    after = await host.diagnostics()
    assert (after["runtimes"], after["servers"]) == (before, 0)


async def test_error_of_an_entry_points_at_its_line(host: isolatejs.IsolateHost) -> None:
    with pytest.raises(GuestError) as caught:
        await host.create_app_server(code="const a = 1;\nundefinedFunction();", entry_filename="/app/main.ts")
    assert (caught.value.filename, caught.value.line) == ("/app/main.ts", 2)


async def test_wrong_options(host: isolatejs.IsolateHost) -> None:
    for options in (
        {},
        {"entry": "/a.ts", "code": "1"},
        {"entry": ""},
        {"code": 5},
        {"code": "1", "web_sockets": {"oncommand": print}},
        {"code": "1", "execution_timeout_ms": 0},
        {"code": "1", "bindings": {"tool": {}}},
    ):
        with pytest.raises(ConfigurationError):
            await host.create_app_server(**options)  # type: ignore[arg-type]


async def test_unhandled_rejection_does_not_end_the_server(serving: Serving) -> None:
    code = """
    Promise.reject(new Error("stray"));
    setTimeout(() => { throw new Error("later"); });
    return new Response("ok");
    """
    async with serving(code) as server:
        for _ in range(3):
            assert await answer(server) == (200, "ok")
        assert (await server.diagnostics())["sandboxes_started"] == 1
