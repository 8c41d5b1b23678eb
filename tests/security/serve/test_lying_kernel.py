"""Answers and notes that no honest kernel sends: the sandbox ends, the server and the host go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import isolatejs
from isolatejs import GuestProtocolError, Request

LIES = {
    "status out of range": "{ status: 99 }",
    "status no number": "{ status: '200' }",
    "status beyond": "{ status: 99999 }",
    "status huge": "{ status: 1e308 }",
    "unknown field": "{ status: 200, admin: true }",
    "no object": "'ok'",
    "a list": "[200]",
    "line break in a header": "{ headers: [['x', 'a\\r\\nset-cookie: b']] }",
    "nul in a header": "{ headers: [['x', 'a\\0b']] }",
    "header name that is none": "{ headers: [['x y', 'a']] }",
    "header name with a colon": "{ headers: [['x:', 'a']] }",
    "header beyond Latin-1": "{ headers: [['x', '\\u0100']] }",
    "header that is no pair": "{ headers: [['x']] }",
    "headers that are no list": "{ headers: { x: 'y' } }",
    "line break in the reason": "{ statusText: 'OK\\r\\nx: y' }",
    "body without attachment": "{ body: { a: 0 } }",
    "body at a negative place": "{ body: { a: -1 } }",
    "body as a stream of the host": "{ body: { s: 2 } }",
    "body as stream 0": "{ body: { s: 0 } }",
    "negative stream": "{ body: { s: -1 } }",
    "body with 204": "channel.reply({ status: 204, body: { a: 0 } }, [new Uint8Array(1)])",
    "negative length": "{ body: { s: 1001 }, bodyLength: -5 }",
    "upgrade with a bad header": "{ upgraded: true, headers: [['x', 'a\\nb']] }",
    "upgrade with a bad protocol": "{ upgraded: true, protocol: 'a\\r\\nb' }",
    "upgrade with data that is none": "{ upgraded: true, data: { t: [[99]] } }",
    "attachments beyond the sizes": "channel.reply({ body: { a: 5 } }, [new Uint8Array(1)])",
}


def server_of(host: isolatejs.IsolateHost, code: str, **options: Any) -> Any:
    return host.create_app_server(code="serve({ fetch: () => new Response('honest') });" + code, **options)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_answer(betrayed_host: isolatejs.IsolateHost, lie: str) -> None:
    code = f"channel.handle('serve', {{ handleRequest: () => ({lie}) }});"
    async with server_of(betrayed_host, code) as server:
        with pytest.raises(GuestProtocolError):
            await server.handle(Request("http://localhost/", method="POST"))
        assert (await server.diagnostics())["sandboxes"] == 0


NOTES = {
    "message on no connection": "channel.note('serve.messageSent', { request: 99, text: 'x' })",
    "message of a plain request": "channel.note('serve.messageSent', { request: 1, text: 'x' })",
    "close of no connection": "channel.note('serve.connectionClosed', { request: 99, code: 1000 })",
    "request below 1": "channel.note('serve.requestFinished', { request: 0 })",
    "request beyond 2**53": "channel.note('serve.requestFinished', { request: 1e20 })",
    "request no number": "channel.note('serve.requestFinished', { request: '1' })",
    "unknown field": "channel.note('serve.handlerFailed', { message: 'x', path: '/etc' })",
    "unknown note": "channel.note('serve.nothing', {})",
    "note that is a message of the host": "channel.note('serve.requestEnded', { request: 1 })",
}


@pytest.mark.parametrize("lie", NOTES.values(), ids=NOTES.keys())
async def test_note(betrayed_host: isolatejs.IsolateHost, lie: str) -> None:
    code = (
        f"channel.handle('serve', {{ handleRequest: () => {{ {lie}; return new Promise(() => {{}}); }} }});"
    )
    async with server_of(betrayed_host, code) as server:
        with pytest.raises(GuestProtocolError):
            async with asyncio.timeout(5):
                await server.handle(Request("http://localhost/", method="POST"))


CONNECTION_LIES = {
    "message without content": "channel.note('serve.messageSent', { request })",
    "two contents": "channel.note('serve.messageSent', { request }, "
    "{ attachments: [new Uint8Array(1), new Uint8Array(1)] })",
    "messages beyond the credit": "for (let n = 0; n < 40; n++)"
    " channel.note('serve.messageSent', { request }, { attachments: [new Uint8Array(65536)] })",
    "close code that is none": "channel.note('serve.connectionClosed', { request, code: 1e6 })",
    "close reason beyond its limit": "channel.note('serve.connectionClosed', "
    "{ request, code: 1000, reason: 'x'.repeat(10_000) })",
}


@pytest.mark.parametrize("lie", CONNECTION_LIES.values(), ids=CONNECTION_LIES.keys())
async def test_on_a_connection(betrayed_host: isolatejs.IsolateHost, lie: str) -> None:
    code = f"""
    channel.handle('serve', {{
      handleRequest: () => ({{ upgraded: true }}),
      openConnection: ({{ request }}) => {{ {lie}; return null; }},
    }});
    """
    async with server_of(betrayed_host, code) as server:
        result = await server.handle(Request("http://localhost/"))
        live = server.lives()[0]
        connection = result.upgrade_data["connectionId"]
        reader = server.ws.commands(connection)
        await server.ws.open(connection)
        assert isinstance(await live.wait_ended(), GuestProtocolError)
        commands = [command async for command in reader]
        assert commands[-1].type == "close"
        assert sum(len(command.data or b"") for command in commands) <= 1024 * 1024 + 65536


async def test_upgrade_of_a_request_that_must_stay_one(betrayed_host: isolatejs.IsolateHost) -> None:
    code = "channel.handle('serve', { handleRequest: () => ({ upgraded: true }) });"
    async with server_of(betrayed_host, code) as server:
        with pytest.raises(GuestProtocolError):
            await server.handle(Request("http://localhost/", method="POST"), upgradable=False)


async def test_body_that_is_not_as_long_as_announced(betrayed_host: isolatejs.IsolateHost) -> None:
    """Behind a Content-Length that is too short, the rest of a body would be read as another response."""
    code = """
    channel.handle('serve', { handleRequest({ url }) {
      const bytes = new Uint8Array(url.endsWith("long") ? 200 : 50);
      const body = channel.sendBody(new Blob([bytes]).stream(), []);
      return { body, bodyLength: 100, open: true };
    } });
    """
    async with server_of(betrayed_host, code) as server:
        for path in ("long", "short"):
            response = (await server.handle(Request(f"http://localhost/{path}"))).response
            assert response.content_length == 100
            with pytest.raises(GuestProtocolError, match="announced length"):
                await response.bytes()


async def test_requests_finished_that_are_not(betrayed_host: isolatejs.IsolateHost) -> None:
    """A request that is declared finished while it runs loses its context, never gains another's."""
    seen: list[Any] = []
    code = """
    channel.handle('serve', { async handleRequest({ request }) {
      for (let n = 0; n < 1000; n++) channel.note('serve.requestFinished', { request: n + 1 });
      await note();
      return {};
    } });
    """
    tools = {"note": lambda context: seen.append((context.request_id, dict(context.metadata)))}
    async with server_of(betrayed_host, code, bindings={"tools": tools}) as server:
        result = await server.handle(Request("http://localhost/"), request_id="r", metadata={"secret": 1})
        assert result.response.status == 200
        assert seen == [(None, {})]
        assert (await server.diagnostics())["runtime"]["active_requests"] == 0


async def test_flood_of_open_requests_is_bounded(betrayed_host: isolatejs.IsolateHost) -> None:
    """Requests that the kernel never finishes leave a bounded number of entries on the host."""
    from isolatejs import limits

    code = "channel.handle('serve', { handleRequest: () => ({ open: true }) });"
    async with server_of(betrayed_host, code) as server:

        async def client(count: int) -> None:
            for _ in range(count):
                await server.handle(Request("http://localhost/"))

        count = limits.FINISHING_REQUESTS_LIMIT // 32 + 32
        await asyncio.gather(*(client(count) for _ in range(32)))
        diagnostics = await server.diagnostics()
        assert diagnostics["finishing_requests"] == limits.FINISHING_REQUESTS_LIMIT
        assert diagnostics["runtime"]["active_requests"] == limits.FINISHING_REQUESTS_LIMIT


async def test_error_text_without_end(betrayed_host: isolatejs.IsolateHost) -> None:
    code = """
    channel.handle('serve', { handleRequest() {
      channel.note('serve.handlerFailed', { message: 'x'.repeat(1e7) });
      return {};
    } });
    """
    async with server_of(betrayed_host, code) as server:
        await server.handle(Request("http://localhost/"))
        assert len((await server.diagnostics())["last_error"]) == 10_000
