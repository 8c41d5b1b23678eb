"""The fetch policies of the runtimes that use a session: what one of them refuses is refused to all of its pages."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Protocol

from isolatejs.capabilities.browser.policy import check_page_url
from isolatejs.errors import FetchError

if TYPE_CHECKING:
    import socket


class PagePolicy(Protocol):
    """A fetch policy, as pages are held to it. Everything raises FetchError for what it refuses."""

    web_sockets: bool
    """Whether WebSockets may be opened."""

    @property
    def methods(self) -> frozenset[str] | None:
        """The methods that are allowed; None when all are."""
        ...

    @property
    def response_limit_bytes(self) -> int:
        """The largest response."""
        ...

    async def check_url(self, url: str, method: str = "GET") -> None:
        """A request, by name and by address."""
        ...

    def check_peer(self, url: str, method: str, address: str) -> None:
        """A request, by name and by the address that it is really sent to."""
        ...

    async def open_socket(self, url: str) -> socket.socket:
        """A connection to the host of a URL. Raises OSError when nothing answers."""
        ...


class PagePolicies:
    """Policies by runtime. That of the last runtime stays until another comes."""

    def __init__(self) -> None:
        self._policies: dict[object, PagePolicy | None] = {}
        self._attached: set[object] = set()

    def attach(self, runtime: object, policy: PagePolicy | None) -> None:
        for gone in set(self._policies) - self._attached:
            del self._policies[gone]
        self._attached.add(runtime)
        self._policies[runtime] = policy

    def detach(self, runtime: object) -> None:
        self._attached.discard(runtime)
        if self._attached:
            self._policies.pop(runtime, None)

    @property
    def _all(self) -> list[PagePolicy]:
        return [policy for policy in self._policies.values() if policy is not None]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._all)

    @property
    def web_sockets(self) -> bool:
        """Whether every policy allows WebSockets."""
        return all(policy.web_sockets for policy in self._all)

    @property
    def limits_methods(self) -> bool:
        """Whether a policy does not allow every method."""
        return any(policy.methods is not None for policy in self._all)

    @property
    def response_limit_bytes(self) -> int:
        """The largest response that every policy allows."""
        return min(policy.response_limit_bytes for policy in self._all)

    async def check_url(self, url: str, method: str = "GET") -> None:
        """Raise for a URL that pages may not load. Relative ones pass: what they become is checked then."""
        await check_page_url(url, None)
        for policy in self._all:
            await check_page_url(url, policy.check_url, method)

    def check_name(self, url: str, method: str = "GET") -> None:
        """Raise FetchError for a request that a policy refuses by name."""
        for policy in self._all:
            policy.check_peer(url, method, "")

    async def open_socket(self, url: str, method: str = "GET") -> socket.socket:
        """A connection to an address that all policies allow: the name is looked up once."""
        policies = self._all
        if not policies:
            raise FetchError("the policy that this connection belongs to is gone")
        self.check_name(url, method)
        connection = await policies[-1].open_socket(url)
        try:
            address = ipaddress.ip_address(connection.getpeername()[0].partition("%")[0])
            for policy in policies:
                policy.check_peer(url, method, str(address))
        except BaseException:
            connection.close()
            raise
        return connection
