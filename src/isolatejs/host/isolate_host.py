"""`create_isolate_host()` and the host that it gives."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from isolatejs.daemon.autostart import DaemonOptions, resolve_address
from isolatejs.host.namespaces import EmbeddedNamespaces, NamespaceStore, check_key
from isolatejs.host.opening import Opening
from isolatejs.host.options import check_positive_integer, coerce_options
from isolatejs.host.owning_process import OwningProcess
from isolatejs.host.runtime_factory import RuntimeFactory
from isolatejs.host.runtime_options import RuntimeOptions, nested_group
from isolatejs.limits import MEMORY_LIMIT_MB, POOL_SIZE
from isolatejs.sandbox.pool import EmbeddedPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
    from isolatejs.capabilities.serve.bindings import WebSocketBindings
    from isolatejs.host.app_server import AppServer
    from isolatejs.host.bindings import Bindings
    from isolatejs.host.namespaced_runtime import NamespacedRuntime
    from isolatejs.host.script_runtime import ScriptRuntime
    from isolatejs.host.test_suite_runtime import TestRuntime
    from isolatejs.sandbox.confinement import Confinement, ConfinementReport
    from isolatejs.sandbox.provider import SandboxProvider

    GivenBindings = Bindings | Mapping[str, Any] | None
    GivenPolicy = NestedHostPolicy | Mapping[str, Any] | bool | None

T = TypeVar("T")


class IsolateHost:
    """Starts and ends runtimes. Made by `create_isolate_host()`; `close()` ends everything it started.

    Options that all kinds of runtime share: `bindings` grant capabilities; without any, the program can only
    compute. `cwd` is the directory that relative paths start from, inside the sandbox. `key` names the
    runtime in diagnostics. `execution_timeout_ms` is the wall-clock limit of each execution, None for none.
    `memory_limit_mb` bounds the sandbox's memory. `nested_host` says what runtimes the program may create
    itself: a NestedHostPolicy or a dict, None for its defaults, False for none.
    """

    def __init__(self, provider: SandboxProvider, namespaces: NamespaceStore) -> None:
        self._provider = provider
        self._namespaces = namespaces
        self._factory = RuntimeFactory(provider, namespaces)
        self._closed = False
        self._process = OwningProcess()

    @property
    def confinement(self) -> ConfinementReport:
        """Which layers of the wall hold on this machine."""
        return self._provider.confinement

    def create_runtime(
        self,
        *,
        bindings: GivenBindings = None,
        cwd: str = "/",
        key: str | None = None,
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: GivenPolicy = None,
        typecheck: Any = False,
    ) -> Opening[ScriptRuntime]:
        """A runtime for scripts. Await it, or use it in `async with`.

        `typecheck=True` refuses each program that does not typecheck before it runs (TypecheckError); a dict
        gives the options of `isolatejs.typecheck`.
        """
        options = RuntimeOptions(
            bindings=bindings,
            cwd=cwd,
            key=key,
            execution_timeout_ms=execution_timeout_ms,
            memory_limit_mb=memory_limit_mb,
            nested=nested_group(nested_host),
            typecheck=typecheck,
        )
        return self._opening(
            lambda: self._factory.open_script_runtime(options), lambda runtime: runtime.dispose()
        )

    def create_test_runtime(
        self,
        *,
        key: str | None = None,
        bindings: GivenBindings = None,
        cwd: str = "/",
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: GivenPolicy = None,
        snapshots: Any = None,
    ) -> Opening[TestRuntime]:
        """A runtime with the test framework: describe, test, hooks, expect. Await it, or use it in `async with`.

        Snapshots are kept in `snapshots` (what a files binding can be), without it in the files binding: the
        snapshot file of the test file that runs, and file snapshots that no tool executes or collects
        (docs/testing.md). `execution_timeout_ms` limits each run as a whole: what is left of it is then
        reported as skipped.
        """
        options = RuntimeOptions(
            bindings=bindings,
            cwd=cwd,
            key=key,
            execution_timeout_ms=execution_timeout_ms,
            memory_limit_mb=memory_limit_mb,
            nested=nested_group(nested_host),
        )
        return self._opening(
            lambda: self._factory.open_test_runtime(options, snapshots), lambda runtime: runtime.dispose()
        )

    def create_app_server(
        self,
        *,
        key: str | None = None,
        entry: str | None = None,
        code: str | None = None,
        entry_filename: str | None = None,
        bindings: GivenBindings = None,
        web_sockets: WebSocketBindings | Mapping[str, Any] | None = None,
        cwd: str = "/",
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: GivenPolicy = None,
    ) -> Opening[AppServer]:
        """A long-lived server around a program that calls `serve()`. Await it, or use it in `async with`.

        `entry` is the specifier of a module that `bindings.modules` resolves, imported as if by a file
        `entry_filename`; `code` is source text in its place. `key` names the server in diagnostics and is its
        `resource_id` in callbacks. `web_sockets={"on_command": fn}` receives what the program sends.
        `execution_timeout_ms` limits each answer (not its body) in wall-clock time, None for no limit.

        Raises what the entry throws as GuestError, also when it registers no handler.
        """
        options = RuntimeOptions(
            bindings=bindings,
            cwd=cwd,
            key=key,
            execution_timeout_ms=execution_timeout_ms,
            memory_limit_mb=memory_limit_mb,
            nested=nested_group(nested_host),
        )
        return self._opening(
            lambda: self._factory.open_app_server(
                options, entry=entry, code=code, entry_filename=entry_filename, web_sockets=web_sockets
            ),
            lambda server: server.dispose(),
        )

    def get_namespaced_runtime(
        self,
        key: str,
        *,
        bindings: GivenBindings = None,
        cwd: str = "/",
        execution_timeout_ms: float | None = None,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
        nested_host: GivenPolicy = None,
    ) -> Opening[NamespacedRuntime]:
        """The session `key`, taken up again with these bindings or made new. Await it, or use `async with`.

        Only one live handle may hold a session: raises NamespaceBusyError otherwise. `memory_limit_mb` counts
        when the session is made.
        """
        options = RuntimeOptions(
            bindings=bindings,
            cwd=cwd,
            key=check_key(key),
            execution_timeout_ms=execution_timeout_ms,
            memory_limit_mb=memory_limit_mb,
            nested=nested_group(nested_host),
        )
        return self._opening(lambda: self._factory.open_session(options), lambda session: session.dispose())

    def _opening(
        self, open: Callable[[], Coroutine[Any, Any, T]], close: Callable[[T], Awaitable[None]]
    ) -> Opening[T]:
        self._process.check("the host")
        return Opening(open, close)

    async def dispose_namespace(self, key: str, reason: str | None = None) -> bool:
        """End the session `key`, held or put aside. Whether there was one."""
        return await self._namespaces.dispose(check_key(key), reason)

    async def diagnostics(self) -> dict[str, Any]:
        """What the host holds now: runtimes, servers, connected, namespaces, pool, confinement.

        With a daemon also `daemon`: its own counts, for all its clients.
        """
        daemon = getattr(self._provider, "daemon_statistics", None)
        return {
            "runtimes": len(self._factory.live),
            "servers": len(self._factory.servers),
            "connected": not self._closed,
            "namespaces": self._namespaces.list(),
            "pool": self._provider.statistics(),
            "confinement": asdict(self.confinement),
            **({} if daemon is None or self._closed else {"daemon": await daemon()}),
        }

    async def close(self) -> None:
        """End every runtime and the pool, and wait until nothing is left. May be called any number of times."""
        self._closed = True
        await self._factory.close()


def create_isolate_host(
    *,
    engine: Literal["auto"] | str = "auto",
    daemon: DaemonOptions | Mapping[str, Any] | bool | None = None,
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
            from isolatejs.daemon.client import DaemonClient
            from isolatejs.daemon.namespaces import DaemonNamespaces

            client = DaemonClient(resolve_address(options))
            await client.connection()
            return IsolateHost(client, DaemonNamespaces(client))
        pool = EmbeddedPool(
            pool_size=check_positive_integer(pool_size, "pool_size", 0),
            confinement=confinement,
            engine=None if engine == "auto" else engine,
        )
        await pool.start()
        return IsolateHost(pool, EmbeddedNamespaces())

    return Opening(open, lambda host: host.close())


def _daemon_options(daemon: Any) -> DaemonOptions | None:
    """What `daemon=` means; None is the embedded host."""
    if daemon is False or (daemon is None and not os.environ.get("ISOLATEJS_DAEMON_SOCKET")):
        return None
    return coerce_options(DaemonOptions, None if daemon is True else daemon, "daemon")
