"""Our URL parser and the engine's own (the `url` crate, tested against web-platform-tests) agree.

Where they may differ is written down: internationalised names that IDNA 2008 refuses are refused by ours.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess

import httpx
import pytest

from isolatejs.sandbox.engine import find_engine
from isolatejs.web.url import parse_url

_SCRIPT = """
const cases = JSON.parse(await new Response(Deno.stdin.readable).text());
const results = cases.map(([text, base]) => {
  try { return new URL(text, base ?? undefined).href; } catch { return null; }
});
console.log(JSON.stringify(results));
"""
_SCHEMES = ("http:", "https:", "ws:", "wss:")

_HOSTS = (
    "example.com EXAMPLE.com example.com. a..b 0x7f.1 0177.1 08 1.2.3 256 0xffffffff 0x100000000 1e3 1. "
    "1.2.3.4. [::1] [::ffff:1.2.3.4] [1::2:0:0:3] [::1.2.3] [::127.0.0.1%25x] [1:2:3:4:5:6:7:8] [::1 ::1 "
    "a%41b a%2fb a%00b b\u00fccher.de \uff11.2.3.4 \uff41.com xn--bcher-kva.de fa\u00df.de \u3002 a\u3002b "
    "a_b a~b a^b a|b a`b a'b a!b a$b %31%32%37.1 \u00ad a\u00adb 127.0.0.1.nip.io 1.2.3.4.5 0x 0x.0x 0.0 "
    "a-.com -a.com"
).split(" ")
_FORMS = (
    "http://{}/",
    "http://{}:80/x",
    "https://{}:443",
    "https://u:p@{}/",
    "http://a@b@{}/",
    "http:\\\\{}\\x",
    "http:/{}",
    "http:{}",
    "http://good.com\\@{}",
    "http://good.com@{}",
    "http://good.com#@{}",
    "http://good.com?@{}/../x",
    "ws://{}/a/%2e%2E/b/./c//d/..",
    "\t http://{}/ \n",
    "ht\ntp://{}/\u00e9?\u00e9'\"<>#\u00e9`",
    "//{}",
    "/\\{}",
)
_PREFIXES = ("http://", "https:", "ws:/", "http://h/", "http://h:8", "wss://u@h/")
_ALPHABET = "ab/\\.:@?#%[]0127x2e \t\u00e9&=;'\"^|`{}~-_"


def _cases() -> list[tuple[str, str | None]]:
    cases: list[tuple[str, str | None]] = []
    for form, host in itertools.product(_FORMS, _HOSTS):
        base = "https://base.example:8443/p/q?r#s" if form[0] in "/" else None
        cases.append((form.format(host), base))
    chance = random.Random(20260101)
    for _ in range(6000):
        text = "".join(chance.choices(_ALPHABET, k=chance.randrange(1, 14)))
        if chance.random() < 0.5:
            cases.append((text, "http://base.example/d/e?f#g"))
        else:
            cases.append(
                (
                    chance.choice(("http://", "https:", "ws:/", "http://h/", "http://h:8", "wss://u@h/"))
                    + text,
                    None,
                )
            )
    return cases


@pytest.fixture(scope="module")
def engine_results() -> list[tuple[str, str | None, str | None]]:
    cases = _cases()
    done = subprocess.run(
        [find_engine().path, "eval", "--no-config", "--no-lock", _SCRIPT],
        input=json.dumps(cases).encode("utf-8", "surrogatepass"),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [(text, base, href) for (text, base), href in zip(cases, json.loads(done.stdout), strict=True)]


def _ours(text: str, base: str | None) -> str | None:
    try:
        return parse_url(text, None if base is None else parse_url(base)).href
    except ValueError:
        return None


def test_httpx_connects_to_the_host_that_was_parsed() -> None:
    """A callback that checks `request.url` and hands it to httpx checks what httpx uses."""
    compared = 0
    for text, base in _cases():
        href = _ours(text, base)
        if href is None or not href.startswith("http"):
            continue
        ours = parse_url(href)
        try:
            theirs = httpx.URL(href)
        except httpx.InvalidURL:
            continue
        found = (theirs.raw_host.decode(), theirs.port or ours.effective_port)
        assert found == (ours.host, ours.effective_port), href
        compared += 1
    assert compared > 1000


def test_every_url_means_the_same(engine_results: list[tuple[str, str | None, str | None]]) -> None:
    wrong = []
    for text, base, theirs in engine_results:
        expected = theirs if theirs is not None and theirs.startswith(_SCHEMES) else None
        ours = _ours(text, base)
        refused_by_idna = ours is None and expected is not None and not text.isascii() and "xn--" in expected
        if ours != expected and not refused_by_idna:
            wrong.append((text, base, ours, expected))
    assert not wrong, f"{len(wrong)} of {len(engine_results)} differ: {wrong[:20]}"
