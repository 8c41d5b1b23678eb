"""Which addresses the fetch policy connects to."""

from __future__ import annotations

import ipaddress

import pytest

from isolatejs.errors import ConfigurationError
from isolatejs.web.addresses import AddressRules, classify_address

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "192.0.1.1",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "100.64.0.1": "shared",
    "100.100.100.200": "metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "metadata",
    "169.254.1.1": "link-local",
    "169.254.169.254": "metadata",
    "169.254.170.2": "metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "reserved",
    "192.0.0.192": "metadata",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarking",
    "198.19.255.255": "benchmarking",
    "203.0.113.7": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "metadata",
    "::ffff:10.0.0.1": "private",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "metadata",
    "64:ff9b:1::1": "private",
    "100::1": "reserved",
    "2001::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4",
    "2002:808:808::": "6to4",
    "2600::5efe:7f00:1": "ISATAP",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "metadata",
    "fd20:ce::254": "metadata",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "private",
    "ff02::1": "multicast",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert classify_address(ipaddress.ip_address(text)) == "public"
    assert AddressRules().refusal(ipaddress.ip_address(text)) is None


@pytest.mark.parametrize(("text", "kind"), REFUSED.items())
def test_special_addresses_are_refused(text: str, kind: str) -> None:
    assert AddressRules().refusal(ipaddress.ip_address(text)) == kind


def test_loopback_opens_loopback_only() -> None:
    rules = AddressRules.from_options(allow_loopback=True, allow_private=False)
    allowed = [text for text in REFUSED if rules.refusal(ipaddress.ip_address(text)) is None]
    assert allowed == [text for text, kind in REFUSED.items() if kind == "loopback"]


def test_private_opens_private_ranges_only() -> None:
    rules = AddressRules.from_options(allow_loopback=False, allow_private=True)
    allowed = [text for text in REFUSED if rules.refusal(ipaddress.ip_address(text)) is None]
    assert allowed == [text for text, kind in REFUSED.items() if kind in {"private", "shared"}]


def test_listed_networks_open_themselves_only() -> None:
    rules = AddressRules.from_options(allow_loopback=False, allow_private=["10.1.0.0/16", "169.254.0.0/16"])
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "169.254.1.1"]
    refused = ["10.2.0.1", "192.168.0.1", "127.0.0.1", "169.254.169.254"]
    assert [
        text for text in allowed + refused if rules.refusal(ipaddress.ip_address(text)) is None
    ] == allowed


def test_a_metadata_service_needs_its_single_address() -> None:
    rules = AddressRules.from_options(allow_loopback=False, allow_private="169.254.169.254")
    assert rules.refusal(ipaddress.ip_address("169.254.169.254")) is None
    assert rules.refusal(ipaddress.ip_address("169.254.169.253")) == "link-local"


@pytest.mark.parametrize("bad", [["10.0.0.1/8"], ["localhost"], [7.5]])
def test_what_is_no_network_is_refused(bad: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="allow_private"):
        AddressRules.from_options(allow_loopback=False, allow_private=bad)
