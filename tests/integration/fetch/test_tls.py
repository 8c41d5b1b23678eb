"""TLS under the policy: the certificate must be that of the name in the URL, whatever address was pinned."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from fakes.loopback_server import LoopbackServer, Visit
from isolatejs.capabilities.fetch.policy import FetchBinding, create_fetch_binding
from isolatejs.errors import GuestError

CERTIFICATES = Path(__file__).parents[2] / "fakes" / "certificates"


def server_context(names: list[str | None]) -> ssl.SSLContext:
    """Serves the certificate of good.example.com, and notes the name that each client asks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.example.com.pem")
    context.sni_callback = lambda _, name, __: names.append(name)  # type: ignore[assignment]
    return context


@pytest.fixture
def names() -> list[str | None]:
    return []


@pytest.fixture
async def secure(names: list[str | None]) -> AsyncIterator[LoopbackServer]:
    async def ok(visit: Visit) -> None:
        await visit.reply(b"secure")

    async with LoopbackServer(tls=server_context(names)) as server:
        server.routes["/"] = ok
        yield server


def binding(**options: Any) -> FetchBinding:
    """Every name leads to loopback; the test authority is trusted unless said otherwise."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    trusted = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem"))
    return create_fetch_binding(
        "*.example.com", allow_loopback=True, resolver=resolve, **{"ssl_context": trusted, **options}
    )


async def test_the_right_name(open_runtime: Any, secure: LoopbackServer, names: list[str | None]) -> None:
    runtime = await open_runtime(binding(schemes=["https"]))
    url = secure.url(host="good.example.com")
    assert await runtime.eval(f"await (await fetch('{url}')).text()") == "secure"
    assert names == ["good.example.com"]
    assert secure.visits[0].header("host") == f"good.example.com:{secure.port}"


@pytest.mark.parametrize(
    ("name", "options"), [("evil.example.com", {}), ("good.example.com", {"ssl_context": None})]
)
async def test_another_name_or_an_unknown_authority(
    open_runtime: Any, secure: LoopbackServer, name: str, options: dict[str, Any]
) -> None:
    runtime = await open_runtime(binding(**options))
    with pytest.raises(GuestError, match="certificate is not trusted"):
        await runtime.eval(f"await fetch('{secure.url(host=name)}')")
    assert secure.visits == []


async def test_no_tls_on_the_other_side(open_runtime: Any, server: LoopbackServer) -> None:
    runtime = await open_runtime(binding())
    with pytest.raises(GuestError, match="TLS handshake failed"):
        await runtime.eval(f"await fetch('https://good.example.com:{server.port}/')")


async def test_secure_web_sockets(open_runtime: Any, names: list[str | None]) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, ssl=server_context(names)) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        runtime = await open_runtime(binding())
        assert await runtime.eval(f"""
            const ws = new WebSocket("wss://good.example.com:{port}/");
            await new Promise((resolve) => ws.onopen = resolve);
            ws.send("hi");
            const data = await new Promise((resolve) => ws.onmessage = (event) => resolve(event.data));
            ws.close();
            await new Promise((resolve) => ws.onclose = resolve);
            const other = new WebSocket("wss://evil.example.com:{port}/");
            let message;
            other.onerror = (event) => message = event.message;
            await new Promise((resolve) => other.onclose = resolve);
            [data, message.includes("not trusted")]
        """) == ["hi", True]
    assert names == ["good.example.com", "evil.example.com"]
