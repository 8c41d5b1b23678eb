"""The sandboxes of one app server: the current one, those that finish what they began, the next one.

A sandbox that died is replaced by the next request; requests that come while a new one starts share it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from isolatejs.errors import ConfigurationError, ExecutionTimeoutError, IsolateError, RuntimeDisposedError
from isolatejs.limits import (
    APP_SERVER_DRAIN_MS,
    APP_SERVER_DRAINING_LIMIT,
    APP_SERVER_STALL_MS,
    APP_SERVER_START_TIMEOUT_MS,
)
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import text_for_program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from isolatejs.capabilities.serve.host import ServeHost
    from isolatejs.host.live_runtime import LiveRuntime

_logger = program_logger("isolatejs.app_server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a server runs: a module by its specifier, or source text."""

    entry: str | None
    code: str | None
    filename: str


def make_entry(entry: str | None, code: str | None, entry_filename: str | None) -> Entry:
    """What a server runs, from the options of `create_app_server`."""
    if (entry is None) == (code is None):
        raise ConfigurationError("create_app_server: give either entry, a module's specifier, or code")
    for name, value in (("entry", entry), ("code", code), ("entry_filename", entry_filename)):
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigurationError(f"{name}: a non-empty str, not {value!r:.80}")
    default = "/index.js" if code is None else "/server.ts"
    return Entry(entry=entry, code=code, filename=entry_filename or default)


class ServingSandbox:
    """One sandbox that has loaded the entry."""

    def __init__(self, live: LiveRuntime) -> None:
        self.live = live
        self.serve = cast("ServeHost", live.halves["serve"])
        self._checked: asyncio.Task[None] | None = None

    async def end_if_stalled(self, timeout_ms: float) -> None:
        """End it when its event loop no longer turns: some request keeps it busy beyond its time."""
        try:
            alive = await self.live.executions.gives_control_back(APP_SERVER_STALL_MS)
        except RuntimeDisposedError:
            return  # it has ended meanwhile
        if not alive:
            self.live.end_now(
                ExecutionTimeoutError(
                    f"a request kept {self.live.runtime_id} busy beyond execution_timeout_ms={timeout_ms:g}",
                    limit="execution_timeout_ms",
                    value=timeout_ms,
                    runtime_id=self.live.runtime_id,
                )
            )


class ServerSandboxes:
    """Starts, replaces and ends the sandboxes of the server `name`."""

    def __init__(
        self, name: str, open_runtime: Callable[[dict[str, Any]], Awaitable[LiveRuntime]], entry: Entry
    ) -> None:
        self.current: ServingSandbox | None = None
        self.alive: list[ServingSandbox] = []
        self.started = 0
        self.ended_by: str | None = None
        """Why the server can no longer be used."""
        self._last_error: str | None = None
        self._name = name
        self._open_runtime = open_runtime
        self._entry = entry
        self._numbers = itertools.count(1)
        self._starting: asyncio.Task[None] | None = None
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._checking: set[ServingSandbox] = set()
        self._draining: deque[ServingSandbox] = deque()

    @property
    def changing(self) -> bool:
        """Whether a sandbox is starting."""
        return self._reloading.locked() or self._starting is not None

    @property
    def last_error(self) -> str | None:
        """What a handler last failed with, else how a sandbox ended."""
        errors = [each.serve.last_error for each in self.alive if each.serve.last_error is not None]
        return errors[-1] if errors else self._last_error

    def find(self, connection: int) -> ServeHost | None:
        """Where the WebSocket with this number is open."""
        for sandbox in self.alive:
            if sandbox.serve.connections.get(connection) is not None:
                return sandbox.serve
        return None

    async def usable(self) -> ServingSandbox:
        """The current sandbox, or a fresh one when it is dead. Raises what the entry throws."""
        while True:
            self.check_usable()
            if self.current is not None and not self.current.live.ended:
                return self.current
            if self._starting is None:
                task = asyncio.get_running_loop().create_task(self._start_current(), name="isolatejs-serve")
                task.add_done_callback(_retrieve)
                self._starting = task
            starting = self._starting
            await asyncio.wait([starting])
            if not starting.cancelled() and (error := starting.exception()) is not None:
                raise error

    def check_usable(self) -> None:
        """Raise RuntimeDisposedError when the server was disposed."""
        if self.ended_by is not None:
            raise RuntimeDisposedError(self.ended_by)

    async def how_it_ended(self, sandbox: ServingSandbox) -> IsolateError:
        """The error for requests that were under way in a sandbox that is gone."""
        if self.ended_by is not None:
            return RuntimeDisposedError(self.ended_by)
        return await sandbox.live.wait_ended()

    def check_stall(self, sandbox: ServingSandbox, timeout_ms: float) -> None:
        """A request was over its time: see whether its sandbox still reacts at all."""
        if sandbox in self._checking or sandbox.live.ended:
            return
        self._checking.add(sandbox)
        task = self._run(sandbox.end_if_stalled(timeout_ms), "stall")
        task.add_done_callback(lambda _: self._checking.discard(sandbox))

    async def reload(self, reason: str | None) -> None:
        """Put a fresh sandbox in place of the current one, which finishes what it has begun."""
        async with self._reloading:
            self.check_usable()
            fresh = await self._start()
            old, self.current = self.current, fresh
            if old is not None and not old.live.ended:
                self._draining.append(old)
                self._run(self._drain(old, reason), "drain")
            while len(self._draining) > APP_SERVER_DRAINING_LIMIT:
                await self._draining.popleft().live.aclose(
                    RuntimeDisposedError("the server was reloaded too often for this one to finish")
                )

    async def end(self, error: RuntimeDisposedError) -> None:
        """End all of them, and whatever is under way here."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await asyncio.gather(*(sandbox.live.aclose(error) for sandbox in list(self.alive)))
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _start_current(self) -> None:
        try:
            self.current = await self._start()
        finally:
            self._starting = None

    async def _start(self) -> ServingSandbox:
        live = await self._open_runtime({"serve": self._numbers})
        sandbox = ServingSandbox(live)
        entry = self._entry
        try:
            await live.execute(
                lambda: sandbox.serve.load(entry.entry, entry.code, entry.filename),
                timeout_ms=APP_SERVER_START_TIMEOUT_MS,
                limit="app_server_start_timeout_ms",
                signal=None,
            )
            self.check_usable()
        except BaseException:
            await live.aclose()
            raise
        self.started += 1
        self.alive.append(sandbox)
        live.on_ended(lambda error: self._ended(sandbox, error))
        return sandbox

    def _ended(self, sandbox: ServingSandbox, error: IsolateError) -> None:
        self.alive.remove(sandbox)
        if not isinstance(error, RuntimeDisposedError):
            self._last_error = text_for_program(error)  # programs read it of their nested servers
            _logger.warning("a sandbox of app server %s ended: %s", self._name, error)

    async def _drain(self, sandbox: ServingSandbox, reason: str | None) -> None:
        try:
            async with asyncio.timeout(APP_SERVER_DRAIN_MS / 1000):
                await sandbox.serve.wait_idle()
        except TimeoutError:
            _logger.warning("app server %s: a replaced sandbox did not finish in time", self._name)
        finally:
            if sandbox in self._draining:
                self._draining.remove(sandbox)
            message = "the server was reloaded" + (f": {reason}" if reason else "")
            await sandbox.live.aclose(RuntimeDisposedError(message))

    def _run(self, coroutine: Any, name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine, name=f"isolatejs-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _retrieve(task: asyncio.Task[None]) -> None:
    """Whoever waited for a start may have been cancelled; its failure is then nobody's."""
    if not task.cancelled():
        task.exception()
