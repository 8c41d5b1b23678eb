"""`create_fetch_binding(...)`: the safe policy for a program's requests, as a binding."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from isolatejs import limits
from isolatejs.capabilities.fetch.policy.connector import Connector, Resolver
from isolatejs.capabilities.fetch.policy.credentials import Credentials, CredentialSource, Redactor
from isolatejs.capabilities.fetch.policy.rules import NameRules
from isolatejs.capabilities.fetch.policy.transport import Transport, TransportLimits
from isolatejs.capabilities.fetch.redirects import follow_redirects
from isolatejs.capabilities.fetch.request_headers import check_size, drop_forbidden_headers
from isolatejs.errors import ConfigurationError, FetchError
from isolatejs.web.abort import AbortSignal
from isolatejs.web.abort_scope import AbortScope
from isolatejs.web.addresses import AddressRules
from isolatejs.web.headers import Headers
from isolatejs.web.request import Request
from isolatejs.web.url import parse_url

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from isolatejs.capabilities.call_context import HostCallContext
    from isolatejs.capabilities.fetch.policy.browser_requests import BrowserRequests
    from isolatejs.capabilities.fetch.policy.web_socket import WebSocketConnection
    from isolatejs.web.response import Response
    from isolatejs.web.url import ParsedUrl

__all__ = ["FetchBinding", "create_fetch_binding"]

_USER_AGENT: Final = "isolatejs"


def create_fetch_binding(
    hosts: str | Iterable[str],
    *,
    methods: Iterable[str] | None = None,
    schemes: Iterable[str] = ("https", "http"),
    credentials: Mapping[str, CredentialSource] | None = None,
    allow_loopback: bool = False,
    allow_private: bool | str | Iterable[str] = False,
    web_sockets: bool = True,
    max_request_bytes: int = limits.FETCH_REQUEST_LIMIT_BYTES,
    max_response_bytes: int = limits.FETCH_RESPONSE_LIMIT_BYTES,
    timeout_ms: float = limits.FETCH_TIMEOUT_MS,
    connect_timeout_ms: float = limits.FETCH_CONNECT_TIMEOUT_MS,
    idle_timeout_ms: float = limits.FETCH_IDLE_TIMEOUT_MS,
    max_redirects: int = limits.FETCH_REDIRECTS_LIMIT,
    max_connections: int = limits.FETCH_CONNECTIONS_LIMIT,
    user_agent: str = _USER_AGENT,
    ssl_context: ssl.SSLContext | None = None,
    resolver: Resolver | None = None,
) -> FetchBinding:
    """A `fetch` binding that lets a program reach `hosts`, and nothing inside the host's own network.

        bindings={"fetch": create_fetch_binding(["api.example.com", "*.example.org", "example.net:8443"])}

    `hosts`            `example.com`, `*.example.com` (names below it), with `:port` (else any port), with
                       `https://` in front (else any scheme), or `*` for every public host.
    `methods`          allowed methods; None allows all.
    `schemes`          "https", "http", or both. `wss` and `ws` follow them.
    `credentials`      URL prefixes (origin and path) to headers, or to a plain or async function that gives
                       them, that the host adds to requests there. The program never sees them.
    `allow_loopback`   lets names and addresses of this machine be reached.
    `allow_private`    True for all private ranges, or a list of networks such as "10.1.0.0/16". Link-local,
                       multicast and other special ranges are reached only when listed, and metadata
                       services of clouds only when listed by their single address.
    `web_sockets`      whether the program finds a `WebSocket`, under the same rules (needs `websockets`).
    `max_*_bytes`      largest bodies, after decompression.
    `timeout_ms`       until the last response's headers, redirects included; `idle_timeout_ms` while a
                       body comes; `connect_timeout_ms` for each of connecting and the TLS handshake.
    `resolver`         async function from host and port to IP addresses, in place of the system's.

    Addresses are checked after the name is looked up; the connection goes to the address that was checked.
    Every redirect is checked anew. Environment variables for proxies are ignored. The binding belongs to
    one event loop at a time; close it with `aclose()` or `async with`. Raises ConfigurationError.
    """
    for name, value in (
        ("max_request_bytes", max_request_bytes),
        ("max_response_bytes", max_response_bytes),
        ("max_redirects", max_redirects),
        ("max_connections", max_connections),
    ):
        least = int(name == "max_connections")
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigurationError(f"{name} must be an int from {least} up, not {value!r:.80}")
    for name, time_ms in (
        ("timeout_ms", timeout_ms),
        ("connect_timeout_ms", connect_timeout_ms),
        ("idle_timeout_ms", idle_timeout_ms),
    ):
        if isinstance(time_ms, bool) or not isinstance(time_ms, (int, float)) or not time_ms > 0:
            raise ConfigurationError(f"{name} must be a number above 0, not {time_ms!r:.80}")
    _check_kinds(
        allow_loopback=(allow_loopback, bool),
        allow_private=(allow_private, (bool, str, Iterable)),
        web_sockets=(web_sockets, bool),
        hosts=(hosts, (str, Iterable)),
        methods=(methods, (type(None), str, Iterable)),
        schemes=(schemes, (str, Iterable)),
        credentials=(credentials, (type(None), Mapping)),
        user_agent=(user_agent, str),
        ssl_context=(ssl_context, (type(None), ssl.SSLContext)),
        resolver=(resolver, (type(None), Callable)),
    )
    if not user_agent.isprintable() or not user_agent.isascii():
        raise ConfigurationError(f"user_agent must be printable ASCII, not {user_agent!r:.80}")
    return FetchBinding(
        names=NameRules.from_options(hosts=hosts, schemes=schemes, methods=methods),
        addresses=AddressRules.from_options(allow_loopback=allow_loopback, allow_private=allow_private),
        credentials=Credentials(credentials or {}),
        transport_limits=TransportLimits(
            request_bytes=max_request_bytes,
            response_bytes=max_response_bytes,
            connect_timeout_s=connect_timeout_ms / 1000,
            idle_timeout_s=idle_timeout_ms / 1000,
        ),
        timeout_ms=timeout_ms,
        max_redirects=max_redirects,
        max_connections=max_connections,
        user_agent=user_agent,
        web_sockets=web_sockets,
        ssl_context=ssl_context,
        resolver=resolver,
    )


class FetchBinding:
    """What `create_fetch_binding` gives. Call it with a Request, or pass it as `bindings["fetch"]`."""

    def __init__(
        self,
        *,
        names: NameRules,
        addresses: AddressRules,
        credentials: Credentials,
        transport_limits: TransportLimits,
        timeout_ms: float,
        max_redirects: int,
        max_connections: int,
        user_agent: str,
        web_sockets: bool,
        ssl_context: ssl.SSLContext | None,
        resolver: Resolver | None,
    ) -> None:
        self._names = names
        self._credentials = credentials
        self._limits = transport_limits
        self._timeout_ms = timeout_ms
        self._max_redirects = max_redirects
        self._max_connections = max_connections
        self._user_agent = user_agent
        self._ssl_context = ssl_context
        self._connector = Connector(names, addresses, resolver)
        self._transport: Transport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.web_sockets = web_sockets
        """Whether the program may open WebSockets."""

    async def __call__(self, request: Request, context: HostCallContext | None = None) -> Response:
        """Send `request` if the policy lets it. Raises FetchError, or AbortError when a signal fires."""
        signal = _signal_of(request, context)
        try:
            async with AbortScope(signal), asyncio.timeout(self._timeout_ms / 1000) as deadline:
                return await follow_redirects(
                    request, lambda hop: self._send(hop, signal), limit=self._max_redirects
                )
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise FetchError(f"no response within {self._timeout_ms:g} ms") from error

    async def open_web_socket(
        self, url: str, protocols: Iterable[str] = (), context: HostCallContext | None = None
    ) -> WebSocketConnection:
        """Open a WebSocket if the policy lets it.

        Raises FetchError, and ConfigurationError when `websockets` is not installed.
        """
        from isolatejs.capabilities.fetch.policy.web_socket import connect_web_socket

        if not self.web_sockets:
            raise FetchError("WebSockets are not allowed")
        self._check_open()
        check_size(url, Headers())
        target = self._check(url, "GET", schemes=("ws", "wss"))
        request = Request(target.href.replace("ws", "http", 1))
        secrets = await self._credentials.apply(target, request.headers)
        async with AbortScope(None if context is None else context.signal):
            return await connect_web_socket(
                target,
                tuple(protocols),
                headers=request.headers,
                redactor=Redactor(secrets),
                connector=self._connector,
                ssl_context=self._tls() if target.scheme == "wss" else None,
                connect_timeout_s=self._limits.connect_timeout_s,
                user_agent=self._user_agent,
            )

    async def check_url(self, url: str, method: str = "GET") -> None:
        """Raise FetchError when the policy refuses a URL by name or by address; nothing is sent.

        For whoever connects by itself afterwards (a browser): a name may resolve to another address then.
        """
        target = self._check(url, method, schemes=("http", "https", "ws", "wss"))
        await self._connector.checked_addresses(
            target.host, target.effective_port, self._limits.connect_timeout_s
        )

    @property
    def methods(self) -> frozenset[str] | None:
        """The methods that are allowed; None when all are."""
        return self._names.methods

    @property
    def response_limit_bytes(self) -> int:
        """The largest response body."""
        return self._limits.response_bytes

    def check_peer(self, url: str, method: str, address: str) -> None:
        """Raise FetchError when the policy refuses a URL by name, or the address that it has led to.

        Nothing is looked up. Without an address only the name is checked.
        """
        target = self._check(url, method, schemes=("http", "https", "ws", "wss"))
        if address:
            self._connector.check_address(target.host, address)

    async def open_socket(self, url: str) -> socket.socket:
        """A socket connected to the host of a URL, for whoever speaks its protocol there (a browser's proxy).

        Raises FetchError when the policy refuses it, OSError when no address answers.
        """
        self._check_open()
        target = self._check(url, "GET", schemes=("http", "https", "ws", "wss"))
        return await self._connector.connect_socket(
            target.host, target.effective_port, self._limits.connect_timeout_s
        )

    def for_browser(self) -> BrowserRequests:
        """This policy for the pages of one browser, with connections of its own."""
        from isolatejs.capabilities.fetch.policy.browser_requests import BrowserRequests

        return BrowserRequests(
            check=self._check,
            check_open=self._check_open,
            connector=self._connector,
            limits=self._limits,
            tls=self._tls(),
            web_sockets=self.web_sockets,
            user_agent=self._user_agent,
        )

    async def aclose(self) -> None:
        """Close all connections; later requests raise FetchError."""
        self._closed = True
        await self._drop_transport()

    async def __aenter__(self) -> FetchBinding:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<FetchBinding hosts={[rule.host for rule in self._names.hosts]!r}>"

    async def _send(self, request: Request, signal: AbortSignal | None) -> Response:
        self._check_open()
        url = self._check(request.url, request.method, schemes=("http", "https"))
        headers = request.headers.copy()
        drop_forbidden_headers(headers)
        check_size(request.url, headers)
        secrets = await self._credentials.apply(url, headers)
        transport = await self._current_transport()
        return await transport.send(request, url, headers, Redactor(secrets), signal)

    def _check(self, url_text: str, method: str, *, schemes: tuple[str, ...]) -> ParsedUrl:
        try:
            url = parse_url(url_text, schemes=schemes)
        except ValueError as error:
            raise FetchError(str(error)) from error
        self._names.check(url, method)
        return url

    def _check_open(self) -> None:
        if self._closed:
            raise FetchError("the fetch binding is closed")

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            import certifi

            self._ssl_context = ssl.create_default_context(cafile=certifi.where())
        return self._ssl_context

    async def _current_transport(self) -> Transport:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Connections belong to the loop that made them. Those of a loop that is gone are gone, too.
            if self._loop is not None and not self._loop.is_closed():
                raise FetchError("the fetch binding is in use on another event loop")
            self._transport, self._loop = None, loop
        if self._transport is None:
            self._transport = Transport(
                self._connector,
                self._limits,
                ssl_context=self._tls(),
                max_connections=self._max_connections,
                user_agent=self._user_agent,
            )
        return self._transport

    async def _drop_transport(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None and self._loop is asyncio.get_running_loop():
            await transport.aclose()
        self._loop = None


def _check_kinds(**options: tuple[object, Any]) -> None:
    """Refuse options of another kind: a "no" that counts as true would open what it means to close."""
    for name, (value, kinds) in options.items():
        if not isinstance(value, kinds):
            wanted = " or ".join(
                kind.__name__
                for kind in (kinds if isinstance(kinds, tuple) else (kinds,))
                if kind is not type(None)
            )
            raise ConfigurationError(f"{name} must be {wanted}, not {type(value).__name__}")


def _signal_of(request: Request, context: HostCallContext | None) -> AbortSignal:
    signal = None if context is None else context.signal
    if signal is None or signal is request.signal:
        return request.signal
    return AbortSignal.any([request.signal, signal])
