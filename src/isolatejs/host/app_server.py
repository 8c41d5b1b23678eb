"""`host.create_app_server()`: a program that answers requests for as long as its server lives.

The server outlives its sandboxes. One that died is replaced by the next request; `reload()` replaces the
current one by a fresh one, and lets it finish what it has begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.serve.host import Upgrade
from isolatejs.capabilities.serve.open_request import RequestBody
from isolatejs.errors import ConfigurationError, ExecutionTimeoutError, RuntimeDisposedError
from isolatejs.host.app_server_result import ResponseResult, WebSocketResult
from isolatejs.host.app_server_sandboxes import ServerSandboxes
from isolatejs.host.app_server_sockets import AppServerSockets
from isolatejs.host.options import check_signal
from isolatejs.web import Request
from isolatejs.web.abort_scope import AbortScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from isolatejs.capabilities.serve.bindings import WebSocketBindings
    from isolatejs.host.app_server_sandboxes import Entry, ServingSandbox
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.web import AbortSignal

IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110, 9.2.2: doing it twice does no harm, so a request may be tried again on a fresh sandbox."""
NO_METADATA: Final[Mapping[str, Any]] = {}


class AppServer:
    """A long-lived server around a program that calls `serve()`. Made by `host.create_app_server()`."""

    def __init__(
        self,
        open_runtime: Callable[[dict[str, Any]], Awaitable[LiveRuntime]],
        entry: Entry,
        *,
        key: str | None,
        web_sockets: WebSocketBindings,
        execution_timeout_ms: float | None,
        on_disposed: Callable[[AppServer], None],
    ) -> None:
        self.key = key
        self._on_disposed = on_disposed
        self._sandboxes = ServerSandboxes(key or "without a key", open_runtime, entry)
        self._on_command = web_sockets.on_command
        self._timeout_ms = execution_timeout_ms
        self._handled = 0
        self.ws: Final = AppServerSockets(self._sandboxes.find)
        """Sends what happens to WebSockets into the program."""

    async def start(self) -> None:
        """Load the entry in a first sandbox. Raises what it throws, or that it registers no handler."""
        await self._sandboxes.usable()

    @property
    def disposed(self) -> bool:
        """Whether the server can no longer be used."""
        return self._sandboxes.ended_by is not None

    @property
    def ended_by(self) -> str | None:
        """Why the server can no longer be used."""
        return self._sandboxes.ended_by

    def lives(self) -> list[LiveRuntime]:
        """The runtimes of its sandboxes."""
        return [sandbox.live for sandbox in self._sandboxes.alive]

    @property
    def load(self) -> int:
        """Requests and WebSockets that are under way now."""
        current = self._sandboxes.current
        return 0 if current is None else current.serve.busy

    # --- requests ----------------------------------------------------------------------------------
    async def handle(
        self,
        request: Request | Any,
        *,
        request_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        signal: AbortSignal | None = None,
        upgradable: bool = True,
    ) -> ResponseResult | WebSocketResult:
        """Let the program answer a request.

        `request` is an isolatejs.web.Request or an httpx.Request. `request_id` and `metadata` are what the
        embedder's callbacks find in their HostCallContext when the program calls them for this request.

        Aborting `signal` or cancelling this coroutine aborts `request.signal` in the program, and stops a
        response body that is still read; the server goes on. A handler that throws answers with what the
        program's `error` says, else with status 500.

        Raises AbortError, ExecutionTimeoutError when there was no answer within the server's
        `execution_timeout_ms`, RuntimeDisposedError when the server was disposed, and how the sandbox ended
        when it died and the request could not be tried again: that is done once, for an idempotent method
        whose body was not yet read. `upgradable=False` refuses to make it a WebSocket.
        """
        if type(request) is not Request:
            request = _as_request(request)
        if request_id is not None and not isinstance(request_id, str):
            raise ConfigurationError(f"request_id: a str, not {type(request_id).__name__}")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise ConfigurationError(f"metadata: a mapping, not {type(metadata).__name__}")
        if signal is None:
            return await self._handle(request, request_id, metadata, None, upgradable)
        check_signal(signal)
        async with AbortScope(signal):
            return await self._handle(request, request_id, metadata, signal, upgradable)

    async def _handle(
        self,
        request: Request,
        request_id: str | None,
        metadata: Mapping[str, Any] | None,
        signal: AbortSignal | None,
        upgradable: bool,
    ) -> ResponseResult | WebSocketResult:
        body = _body_of(request)
        if upgradable and request.headers.has("host"):
            upgradable = (request.headers.get("upgrade") or "").lower() == "websocket"
        tried = False
        while True:
            sandbox = self._sandboxes.current
            if sandbox is None or sandbox.live.ended:
                sandbox = await self._sandboxes.usable()
            self._handled += 1
            try:
                answer = await self._ask(
                    sandbox, request, body, request_id, metadata or NO_METADATA, upgradable, signal
                )
                break
            except RuntimeDisposedError:
                error = await self._sandboxes.how_it_ended(sandbox)
                again = request.method in IDEMPOTENT_METHODS and not (
                    type(body) is RequestBody and body.touched
                )
                if tried or self.disposed or not again:
                    await request.aclose()
                    raise error from None
                tried = True
            except BaseException:
                await request.aclose()
                raise
        if type(answer) is not Upgrade:
            return ResponseResult(answer)
        connection = answer.connection
        if self._on_command is not None:
            connection.deliver_to(self._on_command)
        upgrade_data = {
            "connectionId": connection.id,
            "data": answer.data,
            "protocol": answer.protocol,
            "headers": answer.headers.multi_items(),
        }
        return WebSocketResult(upgrade_data)

    async def _ask(
        self,
        sandbox: ServingSandbox,
        request: Request,
        body: bytes | RequestBody | None,
        request_id: str | None,
        metadata: Mapping[str, Any],
        upgradable: bool,
        signal: AbortSignal | None,
    ) -> Any:
        answering = sandbox.serve.handle(
            request, body, request_id, metadata, upgradable=upgradable, signal=signal
        )
        if self._timeout_ms is None:
            return await answering
        try:
            async with asyncio.timeout(self._timeout_ms / 1000) as limit:
                return await answering
        except TimeoutError:
            if not limit.expired():
                raise
        self._sandboxes.check_stall(sandbox, self._timeout_ms)
        raise ExecutionTimeoutError(
            f"no answer to {request.method} {request.url:.200} in execution_timeout_ms={self._timeout_ms:g}",
            limit="execution_timeout_ms",
            value=self._timeout_ms,
            runtime_id=sandbox.live.runtime_id,
        )

    async def reload(self, reason: str | None = None) -> None:
        """Load the entry anew in a fresh sandbox, then send it every new request.

        What the old sandbox has begun, it finishes: requests, response bodies, waitUntil() and WebSockets,
        for at most 30 seconds. Raises what the entry throws; the old sandbox then stays in place.
        """
        await self._sandboxes.reload(reason)

    # --- the end -----------------------------------------------------------------------------------
    async def dispose(self, hard: bool = False, reason: str | None = None) -> None:
        """End every sandbox of the server; requests that are open fail. May be called more than once."""
        sandboxes = self._sandboxes
        if sandboxes.ended_by is None:
            why = f": {reason}" if reason else ""
            sandboxes.ended_by = f"the app server {self.key or 'without a key'} has been disposed{why}"
            self._on_disposed(self)
        await sandboxes.end(RuntimeDisposedError(sandboxes.ended_by))

    async def diagnostics(self) -> dict[str, Any]:
        """Counts and state of the server, and of its current sandbox under `runtime`."""
        sandboxes = self._sandboxes
        serving = [sandbox.serve for sandbox in sandboxes.alive]
        active = sum(serve.active for serve in serving)
        if self.disposed:
            state = "disposing"
        elif sandboxes.changing:
            state = "reloading"
        else:
            state = "active" if active else "idle"
        return {
            "key": self.key,
            "lifecycle_state": state,
            "active_requests": active,
            "finishing_requests": sum(serve.finishing for serve in serving),
            "active_web_sockets": sum(len(serve.connections) for serve in serving),
            "handled_requests": self._handled,
            "sandboxes_started": sandboxes.started,
            "sandboxes": len(serving),
            "last_error": sandboxes.last_error,
            "runtime": None if sandboxes.current is None else sandboxes.current.live.diagnostics(),
        }

    async def __aenter__(self) -> AppServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dispose()


def _body_of(request: Request) -> bytes | RequestBody | None:
    if not request.has_body:
        return None
    content = request.content
    if content is not None:
        return content
    stream = request.body
    assert stream is not None
    return RequestBody(stream)


def _as_request(request: Any) -> Request:
    if isinstance(request, Request):
        return request
    if type(request).__module__.partition(".")[0] == "httpx":
        return Request.from_httpx(request)
    raise ConfigurationError(
        f"handle: an isolatejs Request or an httpx.Request, not {type(request).__name__}"
    )
