"""An app server without a network: one program, a few requests, one cancelled, one WebSocket."""

from __future__ import annotations

import asyncio

from isolatejs import AbortController, AbortError, HostCallContext, Request, create_isolate_host

PROGRAM = """
serve({
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/hello") return Response.json({ greeting: await greet("app server") });
    if (pathname === "/echo") return new Response(request.body);
    if (pathname === "/slow") {
      return await new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    }
    if (server.upgrade(request, { data: { pathname } })) return;
    return new Response("not found", { status: 404 });
  },
  websocket: {
    open(ws) { ws.send(`welcome to ${ws.data.pathname}`); },
    message(ws, message) { if (message === "bye") ws.close(1000, "bye"); else ws.send(message); },
  },
});
"""


def greet(name: str, context: HostCallContext) -> str:
    """A tool knows on whose behalf it is called."""
    return f"hello {name}, request {context.request_id}"


async def main() -> None:
    """Everything above, once."""
    async with (
        create_isolate_host() as host,
        host.create_app_server(key="example", code=PROGRAM, bindings={"tools": {"greet": greet}}) as server,
    ):
        result = await server.handle(Request("http://localhost/hello"), request_id="r1")
        print(await result.response.json())

        echo = await server.handle(Request("http://localhost/echo", method="POST", body=b"x" * 1_000_000))
        print(len(await echo.response.bytes()), "bytes came back")

        controller = AbortController()
        asyncio.get_running_loop().call_later(0.05, controller.abort)
        try:
            await server.handle(Request("http://localhost/slow"), signal=controller.signal)
        except AbortError as error:
            print(error)

        result = await server.handle(Request("http://localhost/chat", headers={"upgrade": "websocket"}))
        connection = result.upgrade_data["connectionId"]
        commands = server.ws.commands(connection)
        await server.ws.open(connection)
        await server.ws.message(connection, b"\x00\xff")
        await server.ws.message(connection, "bye")
        async for command in commands:
            print(command.type, command.data, command.code, command.reason)


if __name__ == "__main__":
    asyncio.run(main())
