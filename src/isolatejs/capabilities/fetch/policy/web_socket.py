"""An outbound WebSocket under the fetch policy, spoken by the `websockets` library over a checked socket."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.limits import WEB_SOCKET_MESSAGE_LIMIT_BYTES

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from isolatejs.capabilities.fetch.policy.connector import Connector
    from isolatejs.capabilities.fetch.policy.credentials import Redactor
    from isolatejs.web.headers import Headers
    from isolatejs.web.url import ParsedUrl

__all__ = ["WebSocketConnection", "connect_web_socket"]


class WebSocketConnection:
    """An open WebSocket. Iterate it for messages: `str` for text, `bytes` for binary."""

    def __init__(self, connection: ClientConnection, redactor: Redactor) -> None:
        self._connection = connection
        self._redactor = redactor

    @property
    def protocol(self) -> str:
        """The subprotocol that the server chose, or an empty string."""
        return self._connection.subprotocol or ""

    @property
    def extensions(self) -> str:
        """The extensions in use, or an empty string."""
        response = self._connection.response
        return "" if response is None else response.headers.get("Sec-WebSocket-Extensions", "")

    @property
    def close_code(self) -> int:
        """The code it was closed with; 1006 when the connection was lost."""
        code = self._connection.close_code
        return 1006 if code is None else code

    @property
    def close_reason(self) -> str:
        """The reason it was closed with."""
        return self._connection.close_reason or ""

    async def send(self, message: str | bytes) -> None:
        """Send one message; returns when it is in the system's hands. Raises FetchError when closed."""
        import websockets

        try:
            await self._connection.send(message)
        except websockets.ConnectionClosed as error:
            raise FetchError("the WebSocket is closed") from error

    async def receive(self) -> str | bytes | None:
        """The next message, or None when the WebSocket is closed."""
        import websockets

        try:
            message: str | bytes = await self._connection.recv()
        except websockets.ConnectionClosed:
            return None
        return self._redactor.message(message)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, and wait for the other side, at most ten seconds."""
        await self._connection.close(code, reason)

    def abort(self) -> None:
        """Drop the connection at once."""
        self._connection.transport.abort()


async def connect_web_socket(
    url: ParsedUrl,
    protocols: tuple[str, ...],
    *,
    headers: Headers,
    redactor: Redactor,
    connector: Connector,
    ssl_context: ssl.SSLContext | None,
    connect_timeout_s: float,
    user_agent: str,
) -> WebSocketConnection:
    """Connect to a checked address of `url`. Raises FetchError; ConfigurationError without `websockets`."""
    try:
        import websockets
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol
    except ImportError as error:
        raise ConfigurationError("outbound WebSockets need the 'websockets' package") from error
    tls: dict[str, Any] = {} if ssl_context is None else {"ssl": ssl_context, "server_hostname": url.host}
    try:
        sock = await connector.connect_socket(url.host, url.effective_port, connect_timeout_s)
        try:
            # With a socket of its own the library follows no redirect and asks no proxy.
            connection = await connect(
                url.href,
                sock=sock,
                subprotocols=[Subprotocol(protocol) for protocol in protocols] or None,
                additional_headers=headers.multi_items(),
                user_agent_header=user_agent,
                proxy=None,
                open_timeout=connect_timeout_s,
                max_size=WEB_SOCKET_MESSAGE_LIMIT_BYTES,
                **tls,
            )
        except BaseException:
            sock.close()
            raise
    except websockets.InvalidStatus as error:
        raise FetchError(f"the server answered with status {error.response.status_code}") from error
    except TimeoutError as error:
        raise FetchError("opening the WebSocket took too long") from error
    except ssl.SSLCertVerificationError as error:
        raise FetchError(f"the server's certificate is not trusted ({error.verify_message})") from error
    except (OSError, ValueError, websockets.WebSocketException) as error:
        raise FetchError("the WebSocket could not be opened") from error
    return WebSocketConnection(connection, redactor)
