"""`create_isolate_host()` and the host that it gives."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from isolatejs.daemon.autostart import DaemonOptions, resolve_address
from isolatejs.errors import ConfigurationError, RuntimeDisposedError
from isolatejs.host.bindings import Bindings
from isolatejs.host.live_runtime import LiveRuntime
from isolatejs.host.namespaces import EmbeddedNamespaces, NamespaceStore, check_key
from isolatejs.host.opening import Opening
from isolatejs.host.options import check_milliseconds, check_positive_integer, coerce_options
from isolatejs.host.script_runtime import ScriptRuntime
from isolatejs.limits import MEMORY_LIMIT_MB, MEMORY_LIMIT_MINIMUM_MB, POOL_SIZE
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from isolatejs.capabilities.serve.bindings import WebSocketBindings
    from isolatejs.host.app_server import AppServer
    from isolatejs.host.namespaced_runtime import NamespacedRuntime
    from isolatejs.host.test_suite_runtime import TestRuntime
    from isolatejs.sandbox.parked import ParkedSandbox
    from isolatejs.sandbox.confinement import Confinement, ConfinementReport
    from isolatejs.sandbox.provider import SandboxProvider


class IsolateHost:
    """Starts and ends runtimes. Made by `create_isolate_host()`; `close()` ends everything it started."""

    def __init__(self, provider: SandboxProvider, namespaces: NamespaceStore | None = None) -> None:
        self._provider = provider
        self._live: set[LiveRuntime] = set()
        self._servers: set[AppServer] = set()
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._namespaces: NamespaceStore = namespaces or EmbeddedNamespaces()

    @property
    def confinement(self) -> ConfinementReport:
        """Which layers of the wall hold on this machine."""
        return self._provider.confinement

    def create_runtime(
        self,
        *,
        bindings: Bindings | Mapping[str, Any] | None = None,
        cwd: str = "/",
        key: str | None = None,
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: Any = None,
        typecheck: bool = False,
    ) -> Opening[ScriptRuntime]:
        """A runtime for scripts. Await it, or use it in `async with`.

        `bindings` grant capabilities; without any, the program can only compute. `execution_timeout_ms` is
        the wall-clock limit of each `eval`, None for none. `memory_limit_mb` bounds the sandbox's memory.
        """

        async def open() -> ScriptRuntime:
            return ScriptRuntime(await self._start(bindings, cwd, key, execution_timeout_ms, memory_limit_mb))

        return Opening(open, lambda runtime: runtime.dispose())

    def create_test_runtime(
        self,
        *,
        key: str | None = None,
        bindings: Bindings | Mapping[str, Any] | None = None,
        cwd: str = "/",
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        snapshots: Any = None,
    ) -> Opening[TestRuntime]:
        """A runtime with the test framework: describe, test, hooks, expect. Await it, or use it in `async with`.

        `key` names it in diagnostics. Snapshots are kept in the files binding; without one, in `snapshots`
        (what a files binding can be), of which only `__snapshots__` directories are ever touched.
        """

        async def open() -> TestRuntime:
            from isolatejs.host.test_suite_runtime import TestRuntime, testing_grant

            extra = {"testing": testing_grant(bindings, snapshots)}
            return TestRuntime(await self._start(bindings, cwd, key, None, memory_limit_mb, extra))

        return Opening(open, lambda runtime: runtime.dispose())

    def create_app_server(
        self,
        *,
        key: str | None = None,
        entry: str | None = None,
        code: str | None = None,
        entry_filename: str | None = None,
        bindings: Bindings | Mapping[str, Any] | None = None,
        web_sockets: WebSocketBindings | Mapping[str, Any] | None = None,
        cwd: str = "/",
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: Any = None,
    ) -> Opening[AppServer]:
        """A long-lived server around a program that calls `serve()`. Await it, or use it in `async with`.

        `entry` is the specifier of a module that `bindings.modules` resolves, imported as if by a file
        `entry_filename`; `code` is source text in its place. `key` names the server in diagnostics and is its
        `resource_id` in callbacks. `web_sockets={"on_command": fn}` receives what the program sends.
        `execution_timeout_ms` limits each answer in wall-clock time, and loading the entry; None for no limit.

        Raises what the entry throws as GuestError, also when it registers no handler.
        """

        async def open() -> AppServer:
            from isolatejs.capabilities.serve.bindings import WebSocketBindings
            from isolatejs.host.app_server import AppServer, make_entry

            def start(extra: dict[str, Any]) -> Any:
                return self._start(bindings, cwd, key, execution_timeout_ms, memory_limit_mb, extra, resource_id=key)

            server = AppServer(
                start,
                make_entry(entry, code, entry_filename),
                key=key,
                web_sockets=coerce_options(WebSocketBindings, web_sockets, "web_sockets"),
                execution_timeout_ms=check_milliseconds(execution_timeout_ms, "execution_timeout_ms"),
                on_disposed=self._servers.discard,
            )
            await server.start()
            self._servers.add(server)
            return server

        return Opening(open, lambda server: server.dispose())

    def get_namespaced_runtime(
        self,
        key: str,
        *,
        bindings: Bindings | Mapping[str, Any] | None = None,
        cwd: str = "/",
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: Any = None,
    ) -> Opening[NamespacedRuntime]:
        """The session `key`, taken up again with these bindings or made new. Await it, or use `async with`.

        Only one live handle may hold a session: raises NamespaceBusyError otherwise. `memory_limit_mb` counts
        when the session is made.
        """

        async def open() -> NamespacedRuntime:
            from isolatejs.host.namespaced_runtime import NamespacedRuntime
            from isolatejs.host.test_suite_runtime import testing_grant

            self._check_open()
            store = self._namespaces
            extra = {"testing": testing_grant(bindings)}
            parked = await store.acquire(check_key(key))
            try:
                live = await self._start(
                    bindings, cwd, key, execution_timeout_ms, memory_limit_mb, extra, parked=parked
                )
            except BaseException:
                await store.release(key, None)
                raise
            store.hold(key, live)
            live.on_death(lambda: self._spawn(store.release(key, live)))
            return NamespacedRuntime(key, live, store)

        return Opening(open, lambda session: session.dispose())

    async def dispose_namespace(self, key: str, reason: str | None = None) -> bool:
        """End the session `key`, held or put aside. Whether there was one."""
        return await self._namespaces.dispose(check_key(key), reason)

    async def _start(
        self,
        bindings: Any,
        cwd: str,
        key: str | None,
        execution_timeout_ms: float | None,
        memory_limit_mb: int,
        extra: dict[str, Any] | None = None,
        *,
        resource_id: str | None = None,
        parked: ParkedSandbox | None = None,
    ) -> LiveRuntime:
        self._check_open()
        if not isinstance(cwd, str) or not cwd.startswith("/"):
            raise ConfigurationError(f"cwd: an absolute path inside the sandbox, not {cwd!r}")
        granted = coerce_options(Bindings, bindings, "bindings")
        options: dict[str, Any] = {
            "cwd": cwd,
            "memory_limit_mb": check_positive_integer(memory_limit_mb, "memory_limit_mb", MEMORY_LIMIT_MINIMUM_MB),
            "execution_timeout_ms": check_milliseconds(execution_timeout_ms, "execution_timeout_ms"),
            "key": key,
            "resource_id": resource_id,
            "extra": extra,
        }
        if parked is None:
            live = await LiveRuntime.start(self._provider, granted, **options)
        else:
            live = await LiveRuntime.take_up(self._provider, parked, granted, **options)
        self._live.add(live)
        live.on_ended(lambda _: self._live.discard(live))
        return live

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeDisposedError("the host is closed")

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def diagnostics(self) -> dict[str, Any]:
        """What the host holds now: runtimes, servers, connected, pool, confinement."""
        return {
            "runtimes": len(self._live),
            "servers": len(self._servers),
            "connected": not self._closed,
            "namespaces": self._namespaces.list(),
            "pool": self._provider.statistics(),
            "confinement": asdict(self.confinement),
        }

    async def close(self) -> None:
        """End every runtime and the pool, and wait until nothing is left. May be called any number of times."""
        if self._closed:
            return
        self._closed = True
        await asyncio.gather(*(server.dispose(reason="the host was closed") for server in list(self._servers)))
        ended = RuntimeDisposedError("the host was closed")
        await asyncio.gather(*(live.aclose(ended) for live in list(self._live)))
        await self._namespaces.close()
        await asyncio.gather(*self._tasks)
        await self._provider.close()


def create_isolate_host(
    *,
    engine: Literal["auto"] | str = "auto",
    daemon: Any = None,
    pool_size: int = POOL_SIZE,
    confinement: Confinement = "require",
) -> Opening[IsolateHost]:
    """A host. Await it, or use it in `async with`.

    By default sandboxes are started by this process's own launcher, `pool_size` of them waiting warm.
    `engine` is "auto" or the path of a Deno binary. `confinement` says how strict the wall is: "require",
    "best_effort" or "off". Raises ConfinementError when a required layer cannot be had.

    `daemon` uses a daemon instead: DaemonOptions, a dict of the same, `{}` or True for the default socket;
    the `ISOLATEJS_DAEMON_SOCKET` environment variable does it too, and False never. The daemon's own options
    hold for pool and confinement then. Raises DaemonError when it cannot be reached or started.
    """

    async def open() -> IsolateHost:
        options = _daemon_options(daemon)
        if options is not None:
            from isolatejs.daemon.client import DaemonClient, DaemonNamespaces

            client = DaemonClient(resolve_address(options))
            await client.connection()
            return IsolateHost(client, DaemonNamespaces(client))
        pool = EmbeddedPool(
            pool_size=check_positive_integer(pool_size, "pool_size", 0),
            confinement=confinement,
            engine=None if engine == "auto" else engine,
        )
        await pool.start()
        return IsolateHost(pool)

    return Opening(open, lambda host: host.close())


def _daemon_options(daemon: Any) -> DaemonOptions | None:
    """What `daemon=` means; None is the embedded host."""
    if daemon is False or (daemon is None and not os.environ.get("ISOLATEJS_DAEMON_SOCKET")):
        return None
    return coerce_options(DaemonOptions, None if daemon is True else daemon, "daemon")
