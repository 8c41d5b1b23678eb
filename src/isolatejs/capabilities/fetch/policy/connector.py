"""Makes the connections of the fetch policy: looks up a name, checks addresses, connects to a checked one.

The name is looked up once. The socket goes to an address of that answer, so a second, different answer
(DNS rebinding) cannot matter; the peer's address is checked again after connecting.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import httpcore

from isolatejs.channel.current_call import current_owner
from isolatejs.errors import FetchError
from isolatejs.fair_queue import FairThreads
from isolatejs.limits import NAME_LOOKUPS_LIMIT

if TYPE_CHECKING:
    from isolatejs.capabilities.fetch.policy.rules import NameRules
    from isolatejs.web.addresses import AddressRules, IPAddress

__all__ = ["Connector", "Resolver"]

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Given host and port, gives IP addresses as text. The default asks the system."""

_ADDRESSES_TRIED: Final = 4


@functools.cache
def _look_up_threads() -> FairThreads:
    """Apart from the embedder's own: a name server that does not answer holds a thread, whoever gave up waiting."""
    return FairThreads(NAME_LOOKUPS_LIMIT, "isolatejs-names")


async def resolve_with_system(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver knows for `host`, in its order."""
    found = await _look_up_threads().run(
        current_owner(), socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


class Connector(httpcore.AsyncNetworkBackend):
    """A network backend for httpcore whose every connection obeys the policy."""

    def __init__(self, names: NameRules, addresses: AddressRules, resolver: Resolver | None) -> None:
        self._names = names
        self._addresses = addresses
        self._resolve = resolver or resolve_with_system
        self._backend = httpcore.AnyIOBackend()

    async def checked_addresses(self, host: str, port: int, timeout_s: float | None) -> list[IPAddress]:
        """The addresses of `host` that may be connected to. Raises FetchError when there is none."""
        if not self._names.allows_host(host, port):
            raise FetchError(f"host {host[:300]!r} is not allowed")
        try:
            candidates: list[IPAddress] = [ipaddress.ip_address(host)]
        except ValueError:
            candidates = await self._look_up(host, port, timeout_s)
        refusals = {address: self._addresses.refusal(address) for address in candidates}
        allowed = [address for address, refusal in refusals.items() if refusal is None]
        if not allowed:
            kinds = ", ".join(sorted({refusal for refusal in refusals.values() if refusal is not None}))
            raise FetchError(f"host {host[:300]!r} has no address that is allowed ({kinds or 'none found'})")
        return allowed[:_ADDRESSES_TRIED]

    def check_address(self, host: str, address: str) -> None:
        """Raise FetchError when an address that `host` has led to may not be connected to."""
        refusal = self._addresses.refusal(ipaddress.ip_address(address))
        if refusal is not None:
            raise FetchError(f"host {host[:300]!r} has no address that is allowed ({refusal})")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of `host`. Raises FetchError, or ConnectError when none answers."""
        deadline = None if timeout is None else time.monotonic() + timeout
        failure: Exception = httpcore.ConnectError("no address answered")
        for address in await self.checked_addresses(host, port, timeout):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise httpcore.ConnectTimeout("connecting took too long")
            try:
                stream = await self._backend.connect_tcp(
                    str(address), port, timeout=left, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            await self._check_peer(stream)
            return stream
        raise failure

    async def connect_socket(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A connected plain socket, for libraries that take one. Raises FetchError or OSError."""
        loop = asyncio.get_running_loop()
        failure: OSError = ConnectionError("no address answered")
        async with asyncio.timeout(timeout_s):
            for address in await self.checked_addresses(host, port, timeout_s):
                family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
                connection = socket.socket(family, socket.SOCK_STREAM)
                try:
                    connection.setblocking(False)
                    await loop.sock_connect(connection, (str(address), port))
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                except OSError as error:
                    connection.close()
                    failure = error
                except BaseException:
                    connection.close()
                    raise
                else:
                    return connection
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: the policy knows TCP only."""
        raise FetchError("unix sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore does between tries."""
        await self._backend.sleep(seconds)

    async def _look_up(self, host: str, port: int, timeout_s: float | None) -> list[IPAddress]:
        try:
            async with asyncio.timeout(timeout_s):
                texts = await self._resolve(host, port)
        except TimeoutError:
            raise FetchError(f"looking up {host[:300]!r} took too long") from None
        except (OSError, UnicodeError):
            raise FetchError(f"host {host[:300]!r} cannot be found") from None
        return [ipaddress.ip_address(text) for text in texts]

    async def _check_peer(self, stream: httpcore.AsyncNetworkStream) -> None:
        peer = stream.get_extra_info("server_addr")
        refusal: str | None = "unknown"
        if isinstance(peer, tuple) and peer:
            refusal = self._addresses.refusal(ipaddress.ip_address(str(peer[0]).partition("%")[0]))
        if refusal is not None:
            await stream.aclose()
            raise FetchError(f"the connection went to an address that is not allowed ({refusal})")
