"""Makes every kind of runtime for a host, and for the nested hosts of its programs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError, IsolateError, RuntimeDisposedError
from isolatejs.host.bindings import Bindings
from isolatejs.host.browsers import HostBrowsers
from isolatejs.host.inherited_fetch import InheritedFetch
from isolatejs.host.live_runtime import LiveRuntime
from isolatejs.host.nested_broker import HostBroker
from isolatejs.host.options import (
    check_milliseconds,
    check_positive_integer,
    check_runtime_key,
    coerce_options,
)
from isolatejs.host.runtime_options import RuntimeOptions
from isolatejs.host.script_runtime import ScriptRuntime
from isolatejs.limits import MEMORY_LIMIT_MINIMUM_MB
from isolatejs.web.program_log import program_logger
from isolatejs.wire.unicode import is_well_formed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from isolatejs.host.app_server import AppServer
    from isolatejs.host.namespaced_runtime import NamespacedRuntime
    from isolatejs.host.namespaces import NamespaceStore
    from isolatejs.host.test_suite_runtime import TestRuntime
    from isolatejs.sandbox.parked import ParkedSandbox
    from isolatejs.sandbox.provider import SandboxProvider
    from isolatejs.typechecking.checker import Checkers
    from isolatejs.typechecking.program_check import ProgramCheck

_logger = program_logger("isolatejs.host")


class RuntimeFactory:
    """Starts sandboxes and knows all that live."""

    def __init__(self, provider: SandboxProvider, namespaces: NamespaceStore) -> None:
        self.provider = provider
        self.namespaces = namespaces
        self.live: set[LiveRuntime] = set()
        self.servers: set[AppServer] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._checkers: Checkers | None = None
        self._given_up: dict[str, asyncio.Task[None]] = {}
        """Sessions whose opening was cancelled, until they are settled."""
        self.browsers = HostBrowsers()
        self._closed = False
        self._closing: asyncio.Task[None] | None = None

    def check_open(self) -> None:
        """Raise RuntimeDisposedError when the host is closed."""
        if self._closed:
            raise RuntimeDisposedError("the host is closed")

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run clean-up that nobody waits for; `close` does."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def start(
        self,
        options: RuntimeOptions,
        extra: dict[str, Any] | None = None,
        *,
        resource_id: str | None = None,
        acquire: Callable[[], Awaitable[ParkedSandbox | None]] | None = None,
    ) -> LiveRuntime:
        """A live runtime, fresh or from the session that `acquire` gives.

        A session is acquired when nothing can be wrong with the options any more: it stays as it was then.
        """
        self.check_open()
        cwd = options.cwd
        if not isinstance(cwd, str) or not cwd.startswith("/") or "\0" in cwd or not is_well_formed(cwd):
            raise ConfigurationError(f"cwd: an absolute path inside the sandbox, not {cwd!r}")
        granted = coerce_options(Bindings, options.bindings, "bindings")
        parts = dict(extra or {})
        if granted.browser is not None:
            from isolatejs.host.browser_grant import browser_grant

            parts["browser"] = browser = browser_grant(granted, self.browsers)
            granted = replace(granted, browser=browser)
        broker = None if options.nested is None else HostBroker(self, options.nested, granted)
        if broker is not None:
            parts["nested_host"] = broker
        settings: dict[str, Any] = {
            "cwd": cwd,
            "memory_limit_mb": check_positive_integer(
                options.memory_limit_mb, "memory_limit_mb", MEMORY_LIMIT_MINIMUM_MB
            ),
            "execution_timeout_ms": check_milliseconds(options.execution_timeout_ms, "execution_timeout_ms"),
            "key": check_runtime_key(options.key),
            "resource_id": resource_id,
            "extra": parts,
            "parent": options.parent,
        }
        prepared = LiveRuntime.prepare(self.provider, granted, **settings)
        parked = None if acquire is None else await acquire()
        try:
            if parked is None:
                live = await LiveRuntime.start(self.provider, prepared)
            else:
                live = await LiveRuntime.take_up(parked, prepared)
        except IsolateError:
            self.check_open()
            raise
        live.inherits = isinstance(granted.fetch, InheritedFetch) or (
            options.parent is not None and granted.browser is not None
        )
        if broker is not None:
            nested: Any = live.halves["nested_host"]
            nested.broker.attach(live)  # of a session that goes on, the one that has its children
        if granted.browser is not None and "console" in live.halves:
            browser.on_console = live.halves["console"].browser_output  # type: ignore[attr-defined]
        self.live.add(live)
        live.on_ended(lambda _: self.live.discard(live))
        if self._closed:
            await live.aclose(RuntimeDisposedError("the host was closed"))
            self.check_open()
        return live

    async def open_script_runtime(self, options: RuntimeOptions) -> ScriptRuntime:
        live = await self.start(options)
        try:
            return ScriptRuntime(live, self._program_check(options, live) if options.typecheck else None)
        except BaseException:
            await live.aclose()
            raise

    def _program_check(self, options: RuntimeOptions, live: LiveRuntime) -> ProgramCheck:
        """The typechecker for what this runtime was granted."""
        from isolatejs.typechecking.checker import Checkers
        from isolatejs.typechecking.program_check import ProgramCheck

        if self._checkers is None:
            self._checkers = Checkers(self.provider)
        bindings = coerce_options(Bindings, options.bindings, "bindings")
        return ProgramCheck(
            options.typecheck,
            granted=tuple(name for name in ("fetch", "files", "browser") if name in live.halves),
            tools=bindings.tools,
            modules=bindings.modules,
            checker=self._checkers.checker(),
        )

    async def open_test_runtime(self, options: RuntimeOptions, snapshots: Any = None) -> TestRuntime:
        from isolatejs.capabilities.modules.bindings import resolver_for_tests
        from isolatejs.host.test_suite_runtime import TestRuntime, testing_grant

        granted = coerce_options(Bindings, options.bindings, "bindings")
        granted = replace(granted, modules=resolver_for_tests(granted.modules))
        options = replace(options, bindings=granted)
        return TestRuntime(await self.start(options, {"testing": testing_grant(granted, snapshots)}))

    async def open_app_server(
        self,
        options: RuntimeOptions,
        *,
        entry: str | None,
        code: str | None,
        entry_filename: str | None,
        web_sockets: Any,
    ) -> AppServer:
        from isolatejs.capabilities.serve.bindings import WebSocketBindings
        from isolatejs.host.app_server import AppServer
        from isolatejs.host.app_server_sandboxes import make_entry

        self.check_open()
        server = AppServer(
            lambda extra: self.start(options, extra, resource_id=options.key),
            make_entry(entry, code, entry_filename),
            key=options.key,
            web_sockets=coerce_options(WebSocketBindings, web_sockets, "web_sockets"),
            execution_timeout_ms=check_milliseconds(options.execution_timeout_ms, "execution_timeout_ms"),
            on_disposed=self.servers.discard,
        )
        try:
            await server.start()
        except BaseException:
            await server.dispose(reason="it was not opened")
            raise
        self.servers.add(server)
        return server

    async def open_session(self, options: RuntimeOptions) -> NamespacedRuntime:
        """The session `options.key`, taken up again or made new. Raises NamespaceBusyError.

        When this is cancelled on its way, the session is put aside again, as it was.
        """
        key = options.key
        assert key is not None
        given_up = self._given_up.get(key)
        if given_up is not None:
            await asyncio.wait([given_up])
        opening = asyncio.get_running_loop().create_task(self._open_session(options, key))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            settling = asyncio.get_running_loop().create_task(_put_aside(opening))
            self._given_up[key] = settling
            settling.add_done_callback(lambda _: self._given_up.pop(key, None))
            raise

    async def end_given_up(self, key: str) -> None:
        """End a session whose opening was cancelled, once that is settled."""
        given_up = self._given_up.get(key)
        if given_up is not None:
            await asyncio.wait([given_up])
        await self.namespaces.dispose(key, None)

    async def _open_session(self, options: RuntimeOptions, key: str) -> NamespacedRuntime:
        from isolatejs.host.namespaced_runtime import NamespacedRuntime
        from isolatejs.host.test_suite_runtime import testing_grant

        self.check_open()
        extra = {"testing": testing_grant(options.bindings)}
        acquired = False

        async def acquire() -> ParkedSandbox | None:
            nonlocal acquired
            parked = await self.namespaces.acquire(key)
            acquired = True
            return parked

        try:
            live = await self.start(options, extra, acquire=acquire)
        except BaseException:
            if acquired:
                await self.namespaces.release(key, None)
            raise
        live.on_death(lambda: self.spawn(self.namespaces.release(key, live)))
        session = NamespacedRuntime(key, live, self.namespaces)
        self.namespaces.hold(key, live)
        return session

    async def close(self) -> None:
        """End every runtime, server and session, then the provider. Cancelling it does not stop it."""
        if self._closing is None:
            self._closed = True
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="isolatejs-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._given_up:
            await asyncio.wait(list(self._given_up.values()))
        reason = "the host was closed"
        await asyncio.gather(*(server.dispose(reason=reason) for server in list(self.servers)))
        await asyncio.gather(*(live.aclose(RuntimeDisposedError(reason)) for live in list(self.live)))
        await self.namespaces.close()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._checkers is not None:
            await self._checkers.close()
        await self.browsers.aclose()
        await self.provider.close()


async def _put_aside(opening: asyncio.Task[NamespacedRuntime]) -> None:
    """Settle an opening that nobody waits for any more."""
    (opened,) = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(opened, BaseException):
        return
    try:
        await opened.dispose()
    except IsolateError as error:
        _logger.warning("the session %r was lost when its opening was cancelled: %s", opened.key, error)
