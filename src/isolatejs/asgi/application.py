"""The ASGI applications: around a server that the embedder holds, or owning host and servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from isolatejs.asgi.http import serve_http
from isolatejs.asgi.web_socket import serve_web_socket
from isolatejs.errors import ConfigurationError, IsolateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from isolatejs.asgi.types import ASGIApp, MetadataOf, Receive, Scope, Send
    from isolatejs.host.app_server import AppServer
    from isolatejs.host.isolate_host import IsolateHost


def asgi_app(server: AppServer, *, metadata: MetadataOf | None = None) -> ASGIApp:
    """An ASGI application in front of `server`, which stays yours to dispose.

    `metadata(scope)` gives what callbacks find in `HostCallContext.metadata`; by default `client`, the
    address of the client as ASGI has it.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _acknowledge_lifespan(receive, send)
        else:
            await _serve(server, scope, receive, send, metadata)

    return app


class AppServerASGI:
    """An ASGI application that owns a host and its app servers.

    `host_options` are those of `create_isolate_host`, the others those of `create_app_server`; `instances` of
    the server share the load, each a sandbox that is replaced when it dies. Everything starts and ends with
    the lifespan of the application, or with `async with app:` where it is mounted in another one.
    """

    def __init__(
        self,
        host_options: Mapping[str, Any] | None = None,
        *,
        instances: int = 1,
        metadata: MetadataOf | None = None,
        **server_options: Any,
    ) -> None:
        if isinstance(instances, bool) or not isinstance(instances, int) or instances < 1:
            raise ConfigurationError(f"instances: a whole number of at least 1, not {instances!r}")
        self._host_options = {"pool_size": instances + 1, **(host_options or {})}
        self._server_options = server_options
        self._instances = instances
        self._metadata = metadata
        self._host: IsolateHost | None = None
        self._turn = 0
        self.servers: list[AppServer] = []
        """The running instances."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if not self.servers:
            raise ConfigurationError(
                "the app server is not started: let the server run the lifespan, or use `async with app:`"
            )
        await _serve(self._choose(), scope, receive, send, self._metadata)

    def _choose(self) -> AppServer:
        """The instance with the least to do; among equals, one after another."""
        servers = self.servers
        if len(servers) == 1:
            return servers[0]
        self._turn = (self._turn + 1) % len(servers)
        turned = servers[self._turn :] + servers[: self._turn]
        return min(turned, key=lambda server: server.load)

    async def startup(self) -> None:
        """Start host and servers. Raises what the entry throws."""
        from isolatejs.host.isolate_host import create_isolate_host

        if self._host is not None:
            return
        self._host = await create_isolate_host(**self._host_options)
        try:
            options = self._server_options
            self.servers = list(
                await asyncio.gather(
                    *(self._host.create_app_server(**options) for _ in range(self._instances))
                )
            )
        except BaseException:
            await self.shutdown()
            raise

    async def shutdown(self) -> None:
        """End servers and host."""
        host, self._host, self.servers = self._host, None, []
        if host is not None:
            await host.close()

    async def reload(self, reason: str | None = None) -> None:
        """Load the entry anew in every instance, one after another; no request is dropped."""
        for server in self.servers:
            await server.reload(reason)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.startup()
        except IsolateError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def __aenter__(self) -> AppServerASGI:
        await self.startup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()


async def _serve(
    server: AppServer, scope: Scope, receive: Receive, send: Send, metadata: MetadataOf | None
) -> None:
    found = {"client": scope.get("client")} if metadata is None else metadata(scope)
    if scope["type"] == "http":
        await serve_http(server, scope, receive, send, found)
    elif scope["type"] == "websocket":
        await serve_web_socket(server, scope, receive, send, found)
    else:
        raise ConfigurationError(f"ASGI scope {scope['type']!r:.80} is not served here")


async def _acknowledge_lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
