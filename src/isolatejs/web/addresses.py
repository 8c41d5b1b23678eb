"""Which addresses are public, and which others a network policy may open; for fetch and for browsers.

The table follows the IANA special-purpose registries for IPv4 and IPv6. IPv6 is refused unless it is
ordinary global unicast. An IPv4 address inside an IPv6 one (mapped, compatible, NAT64) counts as itself;
tunnels that could carry any (6to4, Teredo, ISATAP) are refused.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AddressRules", "IPAddress", "classify_address"]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # most clouds
            "169.254.170.2",  # AWS container credentials
            "169.254.170.23",  # AWS pod identity
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's platform address, outside every reserved range
            "192.0.0.192",  # Oracle
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS pod identity
            "fd20:ce::254",  # Google
        ),
    )
)
_V4: Final = tuple(
    (ipaddress.IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6: Final = tuple(
    (ipaddress.IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "private"),
        ("100::/64", "reserved"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "reserved"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "reserved"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_V6_GLOBAL: Final = ipaddress.IPv6Network("2000::/3")
_EMBEDS_V4: Final = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96")))
_ISATAP_MARKS: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def classify_address(address: IPAddress) -> str:
    """ "public", or why an address is not: "loopback", "private", "metadata", "link-local", ..."""
    if address in _METADATA:
        return "metadata"
    if isinstance(address, ipaddress.IPv4Address):
        return next((kind for network, kind in _V4 if address in network), "public")
    plain = ipaddress.IPv6Address(int(address))  # without a zone
    inner = embedded_ipv4(plain)
    if inner is not None:
        return classify_address(inner)
    for network, kind in _V6:
        if plain in network:
            return kind
    if plain not in _V6_GLOBAL:
        return "reserved"
    if (int(plain) >> 32) & 0xFFFF_FFFF in _ISATAP_MARKS:
        return "ISATAP"
    return "public"


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a mapped, compatible or NAT64 address leads to, else None."""
    if int(address) in {0, 1}:
        return None
    if any(address in network for network in _EMBEDS_V4):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses besides public ones may be connected to.

    `private` is True for all private ranges (RFC 1918, RFC 6598, unique local), or the networks that may
    be reached, whatever they are. A metadata address needs a network of its own, of just that address.
    """

    loopback: bool = False
    private: bool = False
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def from_options(cls, *, allow_loopback: bool, allow_private: bool | str | Iterable[str]) -> AddressRules:
        """Check the options of `create_fetch_binding`. Raises ConfigurationError for what is no network."""
        if isinstance(allow_private, bool):
            return cls(loopback=allow_loopback, private=allow_private)
        given = [allow_private] if isinstance(allow_private, str) else list(allow_private)
        networks: list[IPNetwork] = []
        for text in given:
            try:
                networks.append(ipaddress.ip_network(text))
            except (ValueError, TypeError) as error:
                raise ConfigurationError(
                    f"allow_private: {text!r} is not a network such as '10.0.0.0/8'"
                ) from error
        return cls(loopback=allow_loopback, networks=tuple(networks))

    def refusal(self, address: IPAddress) -> str | None:
        """Why `address` may not be connected to, in a word; None when it may."""
        kind = classify_address(address)
        if kind == "public" or (kind == "loopback" and self.loopback):
            return None
        if kind in {"private", "shared"} and self.private:
            return None
        inner = embedded_ipv4(address) if isinstance(address, ipaddress.IPv6Address) else None
        for network in self.networks:
            exact = network.prefixlen == network.max_prefixlen
            if (address in network or (inner is not None and inner in network)) and (
                exact or kind != "metadata"
            ):
                return None
        return kind
