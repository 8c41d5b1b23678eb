"""One WebSocket through ASGI: the handshake is a request of the program, then messages go both ways."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from isolatejs.asgi.request_url import headers_of, url_of
from isolatejs.errors import IsolateError
from isolatejs.web import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from isolatejs.asgi.types import Receive, Scope, Send
    from isolatejs.capabilities.serve.bindings import WebSocketCommand
    from isolatejs.host.app_server import AppServer
    from isolatejs.web import Response

_logger = logging.getLogger("isolatejs.asgi")
CODE_LOST = 1006
"""RFC 6455: the connection ended without a closing handshake."""


async def serve_web_socket(
    server: AppServer, scope: Scope, receive: Receive, send: Send, metadata: Mapping[str, Any] | None
) -> None:
    """Serve one WebSocket from its handshake to its end."""
    await receive()  # websocket.connect
    headers = headers_of(scope)
    if not any(name == "upgrade" for name, _ in headers):
        headers.append(("upgrade", "websocket"))  # HTTP/2 has no such header
    try:
        result = await server.handle(Request(url_of(scope, headers), headers=headers), metadata=metadata)
    except (ValueError, IsolateError) as error:
        _logger.warning("WebSocket %s: %s", scope["path"], error)
        await send({"type": "websocket.close", "code": 1011})
        return
    if result.type == "response":
        await _deny(result.response, scope, send)
        return
    upgrade = result.upgrade_data
    connection_id = upgrade["connectionId"]
    commands = server.ws.commands(connection_id)
    code, reason = CODE_LOST, ""
    sending: asyncio.Task[None] | None = None
    try:
        await send(
            {
                "type": "websocket.accept",
                "subprotocol": upgrade["protocol"],
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in upgrade["headers"]],
            }
        )
        sending = asyncio.get_running_loop().create_task(_send_commands(commands, send))
        await server.ws.open(connection_id)
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code, reason = message.get("code") or 1005, message.get("reason") or ""
                break
            text = message.get("text")
            await server.ws.message(connection_id, text if text is not None else message.get("bytes") or b"")
    finally:
        if sending is not None:
            sending.cancel()
            await asyncio.wait([sending])
        await server.ws.close(connection_id, code if 1000 <= code <= 4999 else CODE_LOST, reason)


async def _send_commands(commands: AsyncIterator[WebSocketCommand], send: Send) -> None:
    """What the program sends. Our close is answered with a disconnect, which ends the receiving side."""
    try:
        async for command in commands:
            if command.type == "close":
                await send({"type": "websocket.close", "code": command.code, "reason": command.reason})
            elif isinstance(command.data, str):
                await send({"type": "websocket.send", "text": command.data})
            else:
                await send({"type": "websocket.send", "bytes": command.data})
    except (OSError, RuntimeError) as error:
        _logger.debug("a WebSocket went away while the program sent: %s", error)


async def _deny(response: Response, scope: Scope, send: Send) -> None:
    """The program answered the handshake with a response."""
    try:
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = response.headers.raw()
        await send({"type": "websocket.http.response.start", "status": response.status, "headers": headers})
        body = await response.bytes()
        await send({"type": "websocket.http.response.body", "body": body})
    finally:
        await response.aclose()
