"""The corpus of `isolatejs doctor --attack --browser`: pages and programs that look for a way past the policy."""

from __future__ import annotations

import isolatejs
from fakes.chromium import chromium_path
from isolatejs.host.attacks.page_corpus import PAGE_CORPUS
from isolatejs.host.attacks.page_run import run_page_attacks

WITHOUT_A_NETWORK_OF_ITS_OWN = frozenset({
    "fetch", "sendBeacon", "WebSocket", "EventSource", "dedicated", "service", "image", "style background", "frame",
    "form POST", "popup", "redirect of a frame", "redirect of a fetch", "report-uri", "STUN", "TURN by UDP",
    "TURN by TCP", "address localhost", "the request api", "WebTransport",
})  # fmt: skip
"""Attacks that must arrive where nothing holds them, or the corpus proves nothing."""


async def test_nothing_leaves_a_managed_browser(host: isolatejs.IsolateHost) -> None:
    """Listeners on TCP and UDP, on loopback and on the machine's own address, hear nothing of any of them."""
    browser = {"launch": {"executable_path": chromium_path(), "size": 0}}
    outcomes = [outcome async for outcome in run_page_attacks(host, browser)]
    assert len(outcomes) == len(PAGE_CORPUS) > 90
    assert [(o.attack.name, o.detail) for o in outcomes if o.verdict != "contained"] == []


async def test_the_corpus_bites(host: isolatejs.IsolateHost) -> None:
    """With the host's network each of these is heard, by TCP or UDP."""
    browser = {"launch": {"executable_path": chromium_path(), "size": 0, "network": "host"}}
    attacks = [attack for attack in PAGE_CORPUS if attack.name in WITHOUT_A_NETWORK_OF_ITS_OWN]
    assert {attack.name for attack in attacks} == WITHOUT_A_NETWORK_OF_ITS_OWN
    outcomes = [outcome async for outcome in run_page_attacks(host, browser, attacks)]
    assert [outcome.attack.name for outcome in outcomes if outcome.verdict == "contained"] == []


def test_each_attack_has_a_name_of_its_own() -> None:
    names = [attack.name for attack in PAGE_CORPUS]
    assert len(set(names)) == len(names)
