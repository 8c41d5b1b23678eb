"""Attacks on the network policy from inside a real sandbox. A secret server on loopback must see nothing."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.fetch_attempt import attempt
from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.capabilities.fetch.policy.connector import Connector

LOOPBACK_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.2",
    "0.0.0.0",
    "0",
    "localhost",
    "LOCALHOST.",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "ⓛocalhost",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host_name", LOOPBACK_SPELLINGS)
async def test_loopback_in_every_spelling(
    open_runtime: Any, internal: LoopbackServer, host_name: str
) -> None:
    runtime = await open_runtime(create_fetch_binding("*"))
    message = await attempt(runtime, f"http://{host_name}:{internal.port}/")
    assert any(part in message for part in ("address that is allowed", "Invalid URL", "cannot be found"))
    assert internal.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://0xa9fea9fe/",
        "http://2852039166/",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[ff02::1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ],
)
async def test_internal_addresses(open_runtime: Any, url: str) -> None:
    runtime = await open_runtime(create_fetch_binding("*", timeout_ms=3000))
    assert "address that is allowed" in await attempt(runtime, url)


async def test_a_name_that_leads_to_loopback(open_runtime: Any, internal: LoopbackServer) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "::1", "169.254.169.254"]

    runtime = await open_runtime(create_fetch_binding("*.example.com", resolver=resolve))
    message = await attempt(runtime, f"http://innocent.example.com:{internal.port}/")
    assert "loopback, metadata" in message
    assert internal.connections == 0


async def test_rebinding_between_check_and_connect(open_runtime: Any, internal: LoopbackServer) -> None:
    """The second answer of a hostile name server does not matter: nobody asks twice for one connection."""
    answers = [["198.51.100.7"], ["127.0.0.1"]]
    asked: list[str] = []
    connected: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    binding = create_fetch_binding(
        "*.example.com", resolver=resolve, allow_private=["198.51.100.7"], timeout_ms=2000
    )
    connector = binding._connector
    assert isinstance(connector, Connector)
    real = connector._backend.connect_tcp

    async def connect_tcp(host: str, port: int, **options: Any) -> Any:
        connected.append(host)
        return await real("127.0.0.1", port, **options)

    connector._backend.connect_tcp = connect_tcp  # type: ignore[method-assign]
    runtime = await open_runtime(binding)
    url = f"http://rebind.example.com:{internal.port}/"
    # The connection is asked for by address; when it ends up elsewhere all the same, the peer is refused.
    assert "went to an address that is not allowed" in await attempt(runtime, url)
    assert (asked, connected) == (["rebind.example.com"], ["198.51.100.7"])
    assert "address that is allowed (loopback)" in await attempt(runtime, url)
    assert connected == ["198.51.100.7"]
    assert internal.visits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_to_an_internal_address(
    open_runtime: Any, internal: LoopbackServer, status: int
) -> None:
    async with LoopbackServer() as allowed:

        async def redirect(visit: Visit) -> None:
            location = visit.target.partition("?")[2]
            await visit.reply(status=f"{status} Go", headers=[("location", location)])

        allowed.routes["/"] = redirect
        runtime = await open_runtime(create_fetch_binding(allowed.authority, allow_loopback=True))
        for target in (
            internal.url(),
            f"//{internal.authority}/",
            f"http:\\\\{internal.authority}/",
            f"http://{allowed.authority}@{internal.authority}/",
            "http://169.254.169.254/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "gopher://127.0.0.1/",
        ):
            message = await attempt(runtime, allowed.url(f"/?{target}"))
            assert "not allowed" in message or "redirects to" in message, (target, message)
        assert internal.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "unix:///var/run/docker.sock",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
        "javascript:fetch('http://a')",
        "about:blank",
        "blob:http://127.0.0.1/00000000-0000-0000-0000-000000000000",
        "view-source:http://127.0.0.1/",
        "//127.0.0.1/",
        "/etc/passwd",
    ],
)
async def test_other_schemes(open_runtime: Any, url: str) -> None:
    asked: list[Any] = []
    runtime = await open_runtime(asked.append)
    await attempt(runtime, url)
    assert asked == []


async def test_data_urls_never_reach_the_host(open_runtime: Any) -> None:
    asked: list[Any] = []
    runtime = await open_runtime(asked.append)
    code = "await (await fetch('data:text/html,<script>1</script>')).text()"
    assert await runtime.eval(code) == "<script>1</script>"
    assert asked == []


@pytest.mark.parametrize(
    "form",
    [
        "http://{good}\\@{evil}/",
        "http://{good}@{evil}/",
        "http://{good}:x@{evil}/",
        "http://{evil}#@{good}/",
        "http://{evil}\\@{good}/",
        "http://{evil}?@{good}/",
        "http://{good} @{evil}/",
        "http:\\\\{evil}\\@{good}",
        "http:///{evil}/{good}",
        "http://{good}\t@{evil}",
    ],
)
async def test_confused_urls(open_runtime: Any, internal: LoopbackServer, form: str) -> None:
    async with LoopbackServer() as good:
        runtime = await open_runtime(create_fetch_binding(good.authority, allow_loopback=True))
        url = form.format(good=good.authority, evil=internal.authority)
        await runtime.eval(f"await fetch({url!r}).then((r) => r.text(), () => null)")
        assert internal.connections == 0


async def test_a_web_socket_and_an_event_source_obey(open_runtime: Any, internal: LoopbackServer) -> None:
    runtime = await open_runtime(create_fetch_binding("*"))
    for name in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"):
        assert (
            await runtime.eval(f"""
            const ws = new WebSocket("ws://{name}:{internal.port}/");
            const event = await new Promise((resolve) => ws.onclose = resolve);
            const source = new EventSource("http://{name}:{internal.port}/");
            await new Promise((resolve) => source.onerror = resolve);
            source.close();
            event.code
        """)
            == 1006
        )
    assert internal.connections == 0


async def test_a_web_socket_follows_no_redirect(open_runtime: Any, internal: LoopbackServer) -> None:
    async with LoopbackServer() as allowed:

        async def redirect(visit: Visit) -> None:
            await visit.reply(status="302 Go", headers=[("location", internal.url().replace("http", "ws"))])

        allowed.routes["/"] = redirect
        runtime = await open_runtime(create_fetch_binding(allowed.authority, allow_loopback=True))
        assert (
            await runtime.eval(f"""
            const ws = new WebSocket("{allowed.url().replace("http", "ws")}");
            (await new Promise((resolve) => ws.onclose = resolve)).code
        """)
            == 1006
        )
        assert len(allowed.visits) == 1
        assert internal.connections == 0


async def test_proxies_of_the_environment(
    open_runtime: Any, internal: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, internal.url())
    runtime = await open_runtime(create_fetch_binding("*", timeout_ms=2000))
    assert "address that is allowed" in await attempt(runtime, "http://10.0.0.1/")
    assert internal.connections == 0
