"""`host.create_app_server()`: a program that answers requests for as long as its server lives.

The server outlives its sandboxes. One that died is replaced by the next request; `reload()` replaces the
current one by a fresh one, and lets it finish what it has begun.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from isolatejs.capabilities.serve.host import ServeHost, Upgrade
from isolatejs.capabilities.serve.open_request import RequestBody
from isolatejs.errors import (
    ConfigurationError,
    ExecutionTimeoutError,
    IsolateError,
    RuntimeDisposedError,
)
from isolatejs.host.app_server_result import ResponseResult, WebSocketResult
from isolatejs.host.app_server_sockets import AppServerSockets
from isolatejs.limits import APP_SERVER_DRAIN_MS, APP_SERVER_STALL_MS, APP_SERVER_START_TIMEOUT_MS
from isolatejs.web import Request
from isolatejs.web.abort_scope import AbortScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from isolatejs.capabilities.serve.bindings import WebSocketBindings
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.web import AbortSignal

_logger = logging.getLogger("isolatejs.app_server")
IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""RFC 9110, 9.2.2: doing it twice does no harm, so a request may be tried again on a fresh sandbox."""
NO_METADATA: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a server runs: a module by its specifier, or source text."""

    entry: str | None
    code: str | None
    filename: str


class Generation:
    """One sandbox of a server."""

    def __init__(self, live: LiveRuntime, number: int) -> None:
        self.live = live
        self.number = number
        self.serve = cast("ServeHost", live.halves["serve"])


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
        self._open_runtime = open_runtime
        self._entry = entry
        self._on_command = web_sockets.on_command
        self._timeout_ms = execution_timeout_ms
        self._numbers = itertools.count(1)
        self._current: Generation | None = None
        self._generations: list[Generation] = []
        self._started = 0
        self._handled = 0
        self._starting: asyncio.Task[Generation] | None = None
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stalled: Generation | None = None
        self._last_error: str | None = None
        self._disposed: str | None = None
        self.ws: Final = AppServerSockets(self._find_generation)
        """Sends what happens to WebSockets into the program."""

    async def start(self) -> None:
        """Load the entry in a first sandbox. Raises what it throws, or that it registers no handler."""
        await self._usable()

    @property
    def disposed(self) -> bool:
        """Whether the server can no longer be used."""
        return self._disposed is not None

    def lives(self) -> list[LiveRuntime]:
        """The runtimes of its sandboxes."""
        return [generation.live for generation in self._generations]

    @property
    def load(self) -> int:
        """Requests and WebSockets that are under way now."""
        current = self._current
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
        if signal is None:
            return await self._handle(request, request_id, metadata, None, upgradable)
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
            generation = self._current
            if generation is None or generation.live.ended:
                generation = await self._usable()
            self._handled += 1
            try:
                answer = await self._ask(
                    generation, request, body, request_id, metadata or NO_METADATA, upgradable, signal
                )
                break
            except RuntimeDisposedError:
                error = await self._how_it_ended(generation)
                again = request.method in IDEMPOTENT_METHODS and not (
                    type(body) is RequestBody and body.touched
                )
                if tried or self._disposed is not None or not again:
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
        generation: Generation,
        request: Request,
        body: bytes | RequestBody | None,
        request_id: str | None,
        metadata: Mapping[str, Any],
        upgradable: bool,
        signal: AbortSignal | None,
    ) -> Any:
        answering = generation.serve.handle(
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
        self._watch_for_stall(generation)
        raise ExecutionTimeoutError(
            f"no answer to {request.method} {request.url:.200} in execution_timeout_ms={self._timeout_ms:g}",
            limit="execution_timeout_ms",
            value=self._timeout_ms,
            runtime_id=generation.live.runtime_id,
        )

    async def _how_it_ended(self, generation: Generation) -> IsolateError:
        if self._disposed is not None:
            return RuntimeDisposedError(self._disposed)
        return await generation.live.wait_ended()

    def _watch_for_stall(self, generation: Generation) -> None:
        """A request was over its time. When the sandbox does not even answer a ping, it is replaced."""
        if self._stalled is generation or generation.live.ended:
            return
        self._stalled = generation
        self._run(self._end_if_stalled(generation), "stall")

    async def _end_if_stalled(self, generation: Generation) -> None:
        try:
            async with asyncio.timeout(APP_SERVER_STALL_MS / 1000):
                await generation.serve.confirm_alive()
        except TimeoutError:
            error = ExecutionTimeoutError(
                f"a request kept the sandbox {generation.live.runtime_id} busy beyond execution_timeout_ms="
                f"{self._timeout_ms:g}",
                limit="execution_timeout_ms",
                value=self._timeout_ms,
                runtime_id=generation.live.runtime_id,
            )
            generation.live.end_now(error)
        except RuntimeDisposedError:
            pass  # it has ended meanwhile
        finally:
            self._stalled = None

    # --- sandboxes ---------------------------------------------------------------------------------
    async def _usable(self) -> Generation:
        """The current sandbox, or a fresh one when it is dead. Requests that come meanwhile share it."""
        while True:
            if self._disposed is not None:
                raise RuntimeDisposedError(self._disposed)
            if self._current is not None and not self._current.live.ended:
                return self._current
            if self._starting is None:
                if self._current is not None:
                    self._last_error = str(await self._current.live.wait_ended())
                self._starting = asyncio.get_running_loop().create_task(
                    self._start_current(), name="isolatejs-serve"
                )
                self._starting.add_done_callback(_retrieve)
            starting = self._starting
            await asyncio.wait([starting])
            if starting.cancelled():
                continue
            error = starting.exception()
            if error is not None:
                raise error

    async def _start_current(self) -> Generation:
        try:
            self._current = await self._start_generation()
            return self._current
        finally:
            self._starting = None

    async def _start_generation(self) -> Generation:
        live = await self._open_runtime({"serve": self._numbers})
        generation = Generation(live, self._started + 1)
        entry = self._entry
        try:
            await live.execute(
                lambda: generation.serve.load(entry.entry, entry.code, entry.filename),
                timeout_ms=APP_SERVER_START_TIMEOUT_MS,
                limit="app_server_start_timeout_ms",
                signal=None,
            )
            if self._disposed is not None:
                raise RuntimeDisposedError(self._disposed)
        except BaseException:
            await live.aclose()
            raise
        self._started = generation.number
        self._generations.append(generation)
        live.on_ended(lambda error: self._ended(generation, error))
        return generation

    def _ended(self, generation: Generation, error: IsolateError) -> None:
        self._generations.remove(generation)
        if not isinstance(error, RuntimeDisposedError):
            self._last_error = str(error)
            _logger.warning("a sandbox of app server %s ended: %s", self.key, error)

    def _find_generation(self, number: int) -> ServeHost | None:
        for generation in self._generations:
            if generation.serve.connections.get(number) is not None:
                return generation.serve
        return None

    async def reload(self, reason: str | None = None) -> None:
        """Load the entry anew in a fresh sandbox, then send it every new request.

        What the old sandbox has begun, it finishes: requests, response bodies, waitUntil() and WebSockets,
        for at most 30 seconds. Raises what the entry throws; the old sandbox then stays in place.
        """
        async with self._reloading:
            if self._disposed is not None:
                raise RuntimeDisposedError(self._disposed)
            fresh = await self._start_generation()
            old, self._current = self._current, fresh
            if old is not None and not old.live.ended:
                self._run(self._drain(old, reason), "drain")

    async def _drain(self, generation: Generation, reason: str | None) -> None:
        try:
            async with asyncio.timeout(APP_SERVER_DRAIN_MS / 1000):
                await generation.serve.wait_idle()
        except TimeoutError:
            _logger.warning("app server %s: a replaced sandbox did not finish in time", self.key)
        finally:
            message = "the server was reloaded" + (f": {reason}" if reason else "")
            await generation.live.aclose(RuntimeDisposedError(message))

    def _run(self, coroutine: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine, name=f"isolatejs-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the end -----------------------------------------------------------------------------------
    async def dispose(self, hard: bool = False, reason: str | None = None) -> None:
        """End every sandbox of the server; requests that are open fail. May be called more than once."""
        if self._disposed is None:
            self._disposed = f"the app server {self.key} has been disposed" + (
                f": {reason}" if reason else ""
            )
            self._on_disposed(self)
        error = RuntimeDisposedError(self._disposed)
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await asyncio.gather(*(generation.live.aclose(error) for generation in list(self._generations)))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    async def diagnostics(self) -> dict[str, Any]:
        """Counts and state of the server, and of its current sandbox under `runtime`."""
        current = self._current
        serving = [generation.serve for generation in self._generations]
        active = sum(serve.active for serve in serving)
        if self._disposed is not None:
            state = "disposing"
        elif self._reloading.locked() or self._starting is not None:
            state = "reloading"
        else:
            state = "active" if active else "idle"
        errors = [serve.last_error for serve in serving if serve.last_error is not None]
        return {
            "key": self.key,
            "lifecycle_state": state,
            "active_requests": active,
            "finishing_requests": sum(serve.finishing for serve in serving),
            "active_web_sockets": sum(len(serve.connections) for serve in serving),
            "handled_requests": self._handled,
            "sandboxes_started": self._started,
            "sandboxes": len(self._generations),
            "last_error": errors[-1] if errors else self._last_error,
            "runtime": None if current is None else current.live.diagnostics(),
        }

    async def __aenter__(self) -> AppServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dispose()


def make_entry(entry: str | None, code: str | None, entry_filename: str | None) -> Entry:
    """What a server runs, from the options of `create_app_server`."""
    if (entry is None) == (code is None):
        raise ConfigurationError("create_app_server: give either entry, a module's specifier, or code")
    for name, value in (("entry", entry), ("code", code), ("entry_filename", entry_filename)):
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigurationError(f"{name}: a non-empty str, not {value!r:.80}")
    return Entry(
        entry=entry, code=code, filename=entry_filename or ("/index.js" if code is None else "/server.ts")
    )


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Whoever waited for a start may have been cancelled; its failure is then nobody's."""
    if not task.cancelled():
        task.exception()


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
