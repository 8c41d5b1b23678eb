"""The fetch policy as the pages of one browser use it: what they send passes the same checks, one hop at a time.

Redirects go back to the browser, which asks again. Credentials of the policy are not added to pages.
"""

from __future__ import annotations

import ssl
import time
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpcore

from isolatejs.capabilities.fetch.policy.credentials import Redactor
from isolatejs.capabilities.fetch.policy.transport import Transport, TransportLimits, explain
from isolatejs.capabilities.fetch.request_headers import check_size, drop_forbidden_headers
from isolatejs.errors import FetchError
from isolatejs.limits import BROWSER_IDLE_TIMEOUT_MS, MANAGED_BROWSER_CONNECTIONS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from isolatejs.capabilities.fetch.policy.connector import Connector
    from isolatejs.web.request import Request
    from isolatejs.web.response import Response
    from isolatejs.web.url import ParsedUrl

__all__ = ["BrowserRequests"]

_KNOWN_LIMIT: Final = 4096
_KNOWN_S: Final = 60.0
"""So long what was learned of a server's certificate counts."""
_SCHEMES: Final = ("http", "https")


class BrowserRequests:
    """Connections of one browser under one policy. `check` raises FetchError for a URL and method."""

    def __init__(
        self,
        *,
        check: Callable[..., ParsedUrl],
        check_open: Callable[[], None],
        connector: Connector,
        limits: TransportLimits,
        tls: ssl.SSLContext,
        web_sockets: bool,
        user_agent: str,
    ) -> None:
        self._check = check
        self._check_open = check_open
        self._connector = connector
        idle_timeout_s = max(limits.idle_timeout_s, BROWSER_IDLE_TIMEOUT_MS / 1000)
        self._limits = replace(limits, idle_timeout_s=idle_timeout_s)
        self._tls = tls
        self._web_sockets = web_sockets
        self._user_agent = user_agent
        self._transports: dict[str, tuple[_ReadyConnections, Transport]] = {}
        self._reached: set[httpcore.AsyncNetworkStream] = set()
        """Connections whose use is not known yet."""
        self._known: OrderedDict[tuple[str, int], tuple[bool, float]] = OrderedDict()
        """Servers by host and port, and whether their certificate is trusted."""

    def allows(self, url: str, method: str) -> bool:
        """Whether a request of `method` to `url` passes the rules of names."""
        try:
            self._check(url, method, schemes=_SCHEMES)
        except FetchError:
            return False
        return True

    async def reach(self, host: str, port: int) -> httpcore.AsyncNetworkStream | None:
        """Connect to a host for a connection whose first bytes tell what it is for; None when it is known well.

        Raises FetchError when the policy refuses the host or its addresses, or nothing answers there.
        """
        self._check_open()
        known = self._known.get((host, port))
        if known is not None and time.monotonic() - known[1] < _KNOWN_S:
            await self._connector.checked_addresses(host, port, self._limits.connect_timeout_s)
            return None
        stream = await self._connect(host, port)
        self._reached.add(stream)
        return stream

    async def is_trusted(self, host: str, port: int, stream: httpcore.AsyncNetworkStream | None) -> bool:
        """Whether the certificate of an https server is trusted; `stream` is what `reach` gave.

        The connection is kept for the first request. Raises FetchError when there is no TLS there.
        """
        if stream is None:
            known = self._known.get((host, port))
            if known is not None:
                return known[0]
            stream = await self._connect(host, port)
        else:
            self._reached.discard(stream)
        trusted = True
        try:
            secure = await self._secure(stream, host, self._tls)
        except ssl.SSLCertVerificationError:
            trusted = False
            secure = await self._secure(await self._connect(host, port), host, _without_checks())
        self._ready("https" if trusted else "untrusted").keep(host, port, secure)
        self._learn(host, port, trusted=trusted)
        return trusted

    async def keep(self, host: str, port: int, stream: httpcore.AsyncNetworkStream | None) -> None:
        """Keep a connection for the first request without TLS."""
        if stream is not None:
            self._reached.discard(stream)
            self._ready("http").keep(host, port, stream)

    async def tidy(self, host: str, port: int, stream: httpcore.AsyncNetworkStream | None) -> None:
        """Close what `reach` opened, and what was kept for requests to this host which never came."""
        if stream is not None and stream in self._reached:
            self._reached.discard(stream)
            await stream.aclose()
        for ready, _ in list(self._transports.values()):
            await ready.drop_for(host, port)

    async def send(self, request: Request, *, trusted: bool = True) -> Response:
        """Send it if the policy lets it. `trusted`: only to a server whose certificate is. Raises FetchError."""
        self._check_open()
        url = self._check(request.url, request.method, schemes=_SCHEMES)
        headers = request.headers.copy()
        drop_forbidden_headers(headers)
        check_size(request.url, headers)
        kind = "http" if url.scheme == "http" else "https" if trusted else "untrusted"
        return await self._transport(kind).send(request, url, headers, Redactor(()), None)

    async def open_stream(self, url_text: str, *, trusted: bool = True) -> tuple[Any, str]:
        """A connection for a WebSocket, and the Host it is for. Raises FetchError when the policy refuses it."""
        self._check_open()
        if not self._web_sockets:
            raise FetchError("WebSockets are not allowed")
        url = self._check(url_text, "GET", schemes=("ws", "wss"))
        stream = await self._connect(url.host, url.effective_port)
        if url.scheme == "wss":
            context = self._tls if trusted else _without_checks()
            try:
                stream = await self._secure(stream, url.host, context)
            except ssl.SSLError as error:
                raise FetchError(explain(error)) from error
        return stream, url.authority

    async def aclose(self) -> None:
        """Close all connections."""
        transports, self._transports = self._transports, {}
        for ready, transport in transports.values():
            await ready.drop()
            await transport.aclose()

    async def _connect(self, host: str, port: int) -> httpcore.AsyncNetworkStream:
        try:
            return await self._connector.connect_tcp(host, port, self._limits.connect_timeout_s)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise FetchError(explain(error)) from error

    async def _secure(
        self, stream: httpcore.AsyncNetworkStream, host: str, context: ssl.SSLContext
    ) -> httpcore.AsyncNetworkStream:
        context.set_alpn_protocols(["http/1.1"])
        try:
            return await stream.start_tls(context, host, self._limits.connect_timeout_s)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            if isinstance(error.__cause__ or error.__context__, ssl.SSLCertVerificationError):
                raise (error.__cause__ or error.__context__) from None  # type: ignore[misc]
            raise FetchError(explain(error)) from error

    def _learn(self, host: str, port: int, *, trusted: bool) -> None:
        self._known[host, port] = (trusted, time.monotonic())
        self._known.move_to_end((host, port))
        if len(self._known) > _KNOWN_LIMIT:
            self._known.popitem(last=False)

    def _ready(self, kind: str) -> _ReadyConnections:
        self._transport(kind)
        return self._transports[kind][0]

    def _transport(self, kind: str) -> Transport:
        if kind not in self._transports:
            ready = _ReadyConnections(self._connector)
            transport = Transport(
                ready,
                self._limits,
                ssl_context=_without_checks() if kind == "untrusted" else self._tls,
                max_connections=MANAGED_BROWSER_CONNECTIONS_LIMIT,
                user_agent=self._user_agent,
            )
            self._transports[kind] = (ready, transport)
        return self._transports[kind][1]


class _ReadyConnections(httpcore.AsyncNetworkBackend):
    """The connector, but for connections that were opened to see what is at their other end."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._kept: dict[tuple[str, int], list[httpcore.AsyncNetworkStream]] = {}

    def keep(self, host: str, port: int, stream: httpcore.AsyncNetworkStream) -> None:
        self._kept.setdefault((host, port), []).append(stream)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        kept = self._kept.get((host, port))
        if not kept:
            return await self._connector.connect_tcp(host, port, timeout, local_address, socket_options)
        stream = kept.pop()
        if not kept:
            del self._kept[host, port]
        return _Ready(stream)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await self._connector.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._connector.sleep(seconds)

    async def drop_for(self, host: str, port: int) -> None:
        """Close what nobody used of one host."""
        for stream in self._kept.pop((host, port), ()):
            await stream.aclose()

    async def drop(self) -> None:
        """Close what nobody used."""
        kept, self._kept = self._kept, {}
        for streams in kept.values():
            for stream in streams:
                await stream.aclose()


class _Ready(httpcore.AsyncNetworkStream):
    """A connection whose TLS, if it has any, stands already."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self._stream

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _without_checks() -> ssl.SSLContext:
    """For pages of a context that ignores certificate errors."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
