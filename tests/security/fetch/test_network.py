"""Attacks on the network policy from inside a real sandbox. A secret server on loopback must see nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.capabilities.fetch.policy import create_fetch_binding
from isolatejs.capabilities.fetch.policy.connector import Connector

SECRET = b"the secret of the host"


@pytest.fixture
async def internal(server: LoopbackServer) -> LoopbackServer:
    """A service of the host's that no program may reach."""

    async def secret(visit: Visit) -> None:
        await visit.reply(SECRET)

    server.routes["/"] = secret
    return server


async def attempt(runtime: Any, url: str, init: str = "{}") -> str:
    """The message of the error that fetching `url` ends with; fails when it gets an answer."""
    outcome = await runtime.eval(f"""
        await fetch({url!r}, {init})
          .then(async (r) => ["answered", r.status, await r.text()], (e) => [e.name, e.message])
    """)
    assert outcome[0] == "TypeError", outcome
    assert isinstance(outcome[1], str)
    return outcome[1]


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


async def test_credentials_kept_across_origins(open_runtime: Any) -> None:
    async with LoopbackServer() as first, LoopbackServer() as second:

        async def redirect(visit: Visit) -> None:
            await visit.reply(status="307 Go", headers=[("location", second.url("/end"))])

        async def end(visit: Visit) -> None:
            await visit.reply(b"end")

        first.routes["/"] = redirect
        second.routes["/end"] = end
        binding = create_fetch_binding(
            [first.authority, second.authority],
            allow_loopback=True,
            credentials={
                first.url(): {"authorization": "Bearer injected-secret", "x-api-key": "injected-key-1"}
            },
        )
        runtime = await open_runtime(binding)
        await runtime.eval(f"""
            const headers = {{ authorization: "own", cookie: "own", "proxy-authorization": "own" }};
            await fetch("{first.url()}", {{ headers }});
        """)
        assert first.visits[0].header("authorization") == "Bearer injected-secret"
        assert first.visits[0].header("x-api-key") == "injected-key-1"
        for name in ("authorization", "cookie", "proxy-authorization", "x-api-key"):
            assert second.visits[0].header(name) is None


async def test_an_echo_gives_no_injected_secret_away(open_runtime: Any, server: LoopbackServer) -> None:
    async def echo(visit: Visit) -> None:
        text = "\n".join(f"{name}: {value}" for name, value in visit.headers)
        secret = visit.header("authorization") or ""
        await visit.start([("transfer-encoding", "chunked"), ("x-echo", secret), ("x-token", secret[7:])])
        for letter in text:
            await visit.send_chunk(letter.encode())
        await visit.send_chunk(b"")

    server.routes["/"] = echo
    secret = "tok-0123456789abcdef"
    binding = create_fetch_binding(
        "127.0.0.1", allow_loopback=True, credentials={server.url(): {"Authorization": f"Bearer {secret}"}}
    )
    runtime = await open_runtime(binding)
    everything = await runtime.eval(f"""
        const request = new Request("{server.url()}");
        const r = await fetch(request);
        JSON.stringify([...request.headers, ...r.headers, r.url, r.statusText, await r.text()])
    """)
    assert server.visits[0].header("authorization") == f"Bearer {secret}"
    assert secret not in everything
    assert "authorization: ****" in everything


@pytest.mark.parametrize(
    "init",
    [
        "{ headers: { 'x': 'a\\r\\nHost: evil' } }",
        "{ headers: { 'x': 'a\\nb' } }",
        "{ headers: { 'x': 'a\\0b' } }",
        "{ headers: { 'x\\r\\ny': 'a' } }",
        "{ headers: [['x: y\\r\\nz', 'a']] }",
        "{ method: 'GET / HTTP/1.1\\r\\nHost: evil\\r\\n\\r\\nGET' }",
    ],
)
async def test_line_breaks_in_headers_and_methods(
    open_runtime: Any, internal: LoopbackServer, init: str
) -> None:
    runtime = await open_runtime()
    await attempt(runtime, internal.url(), init)
    assert internal.connections == 0


async def test_line_breaks_past_the_guest(open_runtime: Any, internal: LoopbackServer) -> None:
    """The guest's own checks count for nothing: a program that patched them is stopped by the host."""
    runtime = await open_runtime()
    outcomes = await runtime.eval(f"""
        const outcomes = [];
        const entries = Headers.prototype.entries;
        for (const header of [["x", "a\\r\\nhost: evil"], ["x\\r\\ny", "z"], ["x", "\\0"], ["x", "€"]]) {{
          const evil = {{ [Symbol.iterator]: () => [header][Symbol.iterator]() }};
          const call = fetch("{internal.url()}", {{ headers: evil }});
          outcomes.push(await call.then(() => "answered", (e) => e.name));
        }}
        outcomes
    """)
    assert outcomes == ["TypeError"] * 4
    assert internal.connections == 0


async def test_headers_of_the_connection(open_runtime: Any, internal: LoopbackServer) -> None:
    runtime = await open_runtime()
    await runtime.eval(f"""
        const headers = {{
          Host: "evil.example", "Content-Length": "999", "Transfer-Encoding": "chunked",
          Connection: "upgrade, x-a", Upgrade: "websocket", "Keep-Alive": "1", TE: "trailers",
          Trailer: "x", Expect: "100-continue", "Proxy-Authorization": "x",
          "Proxy-Connection": "x", "Accept-Encoding": "br",
        }};
        await (await fetch("{internal.url()}", {{ method: "POST", body: "smuggled", headers }})).text();
    """)
    (visit,) = internal.visits
    assert {name for name, _ in visit.headers} == {
        *("host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"),
    }
    assert (visit.header("host"), visit.header("content-length")) == (internal.authority, "8")


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


async def test_unread_responses_are_bounded(open_runtime: Any) -> None:
    """A program that opens requests and reads nothing runs into a limit, not the host into its own."""
    from isolatejs.web import Response

    released = asyncio.Event()

    async def body() -> Any:
        yield b"x" * 100_000
        await released.wait()

    runtime = await open_runtime(lambda request: Response(body()))
    refused = await runtime.eval("""
        globalThis.kept = [];
        let message = null;
        for (let i = 0; i < 300 && message === null; i++) {
          await fetch("http://a/").then((r) => kept.push(r), (e) => message = e.message);
        }
        [kept.length, message]
    """)
    assert refused[0] == 256
    assert "more than 256" in refused[1]
    released.set()


async def test_endless_urls_and_headers(open_runtime: Any) -> None:
    asked: list[Any] = []
    runtime = await open_runtime(asked.append)
    assert "URL is longer" in await attempt(runtime, "http://a/" + "x" * 70_000)
    many = "{ headers: Array.from({ length: 5000 }, (_, i) => [`x-${i}`, 'y'.repeat(20)]) }"
    assert "headers are longer" in await attempt(runtime, "http://a/", many)
    assert asked == []


async def test_a_lying_length(open_runtime: Any, internal: LoopbackServer) -> None:
    """A Blob whose size is patched announces another length than it has: nothing is smuggled behind it."""
    runtime = await open_runtime()
    outcome = await runtime.eval(f"""
        class Liar extends Blob {{ get size() {{ return 5; }} }}
        Object.defineProperty(Blob.prototype, "size", {{ get: () => 5_000_000 }});
        const body = new Liar(["x".repeat(2_000_000)]);
        await fetch("{internal.url()}", {{ method: "POST", body }}).then((r) => r.status, (e) => e.name)
    """)
    assert outcome in {200, "TypeError"}
    for visit in internal.visits:
        assert visit.method == "POST"
    assert len(internal.visits) <= 1


async def test_errors_tell_nothing_of_the_host(open_runtime: Any) -> None:
    async def broken(request: Any) -> Any:
        raise FileNotFoundError(2, "No such file", "/root/.ssh/id_rsa")

    runtime = await open_runtime(broken)
    text = await runtime.eval(
        "await fetch('http://a/').catch((e) => [e.message, e.stack, `${e.cause}`, JSON.stringify(e)].join())"
    )
    for leak in ("/root", "id_rsa", "Traceback", ".py", "isolatejs/capabilities"):
        assert leak not in text
