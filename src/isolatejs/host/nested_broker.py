"""Opens children for a program's nested host, lends them to it, and ends them with it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from isolatejs.errors import ConfigurationError, IsolateError, QuotaExceededError, RuntimeDisposedError
from isolatejs.host.nested_group import NestedGroup
from isolatejs.host.nested_options import child_bindings, child_policy, notify, to_javascript
from isolatejs.host.runtime_options import RuntimeOptions
from isolatejs.limits import MEMORY_LIMIT_MB, NAMESPACE_KEY_LIMIT_CHARACTERS
from isolatejs.web.values import UNDEFINED

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
    from isolatejs.host.app_server import AppServer
    from isolatejs.host.bindings import Bindings
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.host.namespaced_runtime import NamespacedRuntime
    from isolatejs.host.runtime_factory import RuntimeFactory

OPERATIONS: dict[str, frozenset[str]] = {
    "runtime": frozenset({"eval", "on", "emit"}),
    "testRuntime": frozenset({"runTests", "onEvent"}),
    "namespacedRuntime": frozenset({"eval", "on", "emit", "runTests", "onEvent"}),
    "appServer": frozenset({"handle", "reload", "wsOpen", "wsMessage", "wsClose", "wsError"}),
}
EVERYWHERE = frozenset({"dispose", "diagnostics"})


@dataclass(eq=False)
class Child:
    """One thing that a program opened. `end_now` is what its parent calls when it ends."""

    kind: str
    handle: Any
    release: Callable[[], None]
    lives: Callable[[], list[LiveRuntime]]
    expiry: asyncio.TimerHandle | None = None

    def end_now(self, error: IsolateError) -> None:
        for live in self.lives():
            live.end_now(error)


class HostBroker:
    """The nested hosts of one runtime. Implements NestedBroker."""

    def __init__(self, factory: RuntimeFactory, group: NestedGroup, bindings: Bindings) -> None:
        self._factory = factory
        self._group = group
        self._bindings = bindings
        self._live: LiveRuntime | None = None
        self._children: dict[int, Child] = {}
        self._ids = itertools.count(1)
        self._sessions: dict[str, Callable[[], None]] = {}
        """Sessions that were made here and not ended: what they count, by key."""

    def attach(self, live: LiveRuntime) -> None:
        """Say whose broker this is."""
        self._live = live

    @property
    def _parent(self) -> LiveRuntime:
        if self._live is None or self._live.ended:
            raise RuntimeDisposedError("the runtime that owns this nested host is gone")
        return self._live

    # --- opening -----------------------------------------------------------------------------------
    async def open(self, kind: str, options: dict[str, Any]) -> tuple[int, str]:
        """Open a child; gives its number and runtime id. Raises QuotaExceededError, ConfigurationError."""
        parent = self._parent
        options = {
            name: value for name, value in options.items() if value is not UNDEFINED and value is not None
        }
        common = self._common(options)
        own_policy = child_policy(options.get("nestedHost"), self._group.policy)
        common["nested"] = None if own_policy is None else self._group_for(own_policy)
        if kind == "namespacedRuntime":
            child, runtime_id = await self._open_session(options, common)
        else:
            release = self._group.claim(app_server=kind == "appServer")
            try:
                child, runtime_id = await self._open_plain(kind, options, common, release)
            except BaseException:
                release()
                raise
        if parent.ended:
            child.end_now(RuntimeDisposedError("its parent ended"))
            raise RuntimeDisposedError("the runtime that owns this nested host is gone")
        number = next(self._ids)
        self._children[number] = child
        parent.children.add(child)
        for live in child.lives():
            live.on_death(lambda: self._gone(number) if kind != "appServer" else None)
        return number, runtime_id

    def _group_for(self, policy: NestedHostPolicy) -> NestedGroup:
        return NestedGroup(policy, within=self._group)

    def _common(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options of every kind of child, within policy and parent."""
        parent = self._parent
        bindings = child_bindings(options.get("bindings"), self._bindings, self._group.policy, parent)
        most_mb = int(min(self._group.effective("max_memory_limit_mb"), parent.scope.memory_limit_mb))
        memory_mb = options.get("memoryLimitMB", min(most_mb, MEMORY_LIMIT_MB))
        _check_limit("memoryLimitMB", memory_mb, most_mb)
        most_ms = self._most_ms()
        timeout_ms = options.get("executionTimeoutMs", options.get("executionTimeout", most_ms))
        _check_limit("executionTimeout", timeout_ms, most_ms)
        return {
            "bindings": bindings,
            "cwd": options.get("cwd", "/"),
            "memory_limit_mb": memory_mb,
            "execution_timeout_ms": timeout_ms,
        }

    def _most_ms(self) -> float:
        most = self._group.effective("max_execution_timeout_ms")
        own = self._parent.scope.execution_timeout_ms
        return most if own is None else min(most, own)

    async def _open_plain(
        self, kind: str, options: dict[str, Any], common: dict[str, Any], release: Callable[[], None]
    ) -> tuple[Child, str]:
        key = options.get("key")
        if kind == "runtime":
            runtime = await self._factory.open_script_runtime(RuntimeOptions(key=key, **common))
            return Child(kind, runtime, release, lambda: [runtime._live]), runtime.id
        if kind == "testRuntime":
            tests = await self._factory.open_test_runtime(RuntimeOptions(key=key, **common))
            return Child(kind, tests, release, lambda: [tests._live]), tests.id
        if kind != "appServer":
            raise ConfigurationError(f"unknown kind of child {kind!r:.40}")
        web_sockets = options.get("webSockets")
        if isinstance(web_sockets, dict):
            web_sockets = {"on_command": web_sockets.get("onCommand")}
        server = await self._factory.open_app_server(
            RuntimeOptions(key=key or f"nested:{self._parent.runtime_id}", **common),
            entry=options.get("entry"),
            code=options.get("code"),
            entry_filename=options.get("entryFilename"),
            web_sockets=web_sockets,
        )
        child = Child(kind, server, release, server.lives)
        lifetime_ms = self._group.lifetime_ms()
        if lifetime_ms is not None:
            child.expiry = asyncio.get_running_loop().call_later(
                lifetime_ms / 1000, self._expire, server, lifetime_ms
            )
        return child, server.key or ""

    def _expire(self, server: AppServer, lifetime_ms: float) -> None:
        reason = f"its lifetime of max_app_server_lifetime_ms={lifetime_ms:g} is over"
        self._factory.spawn(server.dispose(hard=True, reason=reason))

    async def _open_session(self, options: dict[str, Any], common: dict[str, Any]) -> tuple[Child, str]:
        key = self._scoped(options.get("key"))
        known = key in self._sessions
        release = self._sessions[key] if known else self._group.claim(app_server=False)
        try:
            session = await self._factory.open_session(RuntimeOptions(key=key, **common))
        except BaseException:
            if not known:
                release()
            raise
        self._sessions[key] = release
        return Child("namespacedRuntime", session, lambda: None, lambda: [session._live]), session.id

    def _scoped(self, key: Any) -> str:
        """A session's name among all sessions of the host: nobody else's can be guessed into it."""
        if not isinstance(key, str) or not 0 < len(key) <= NAMESPACE_KEY_LIMIT_CHARACTERS // 2 or "\0" in key:
            raise ConfigurationError(
                f"key: a string of 1 to {NAMESPACE_KEY_LIMIT_CHARACTERS // 2} characters"
            )
        return f"nested:{self._parent.runtime_id}:{key}"

    # --- using -------------------------------------------------------------------------------------
    async def use(self, id: int, operation: str, args: list[Any]) -> Any:
        """Call a method of a child. Raises RuntimeDisposedError when it is gone, TypeError's kin for nonsense."""
        child = self._children.get(id)
        if child is None:
            if operation == "dispose":
                return None
            raise RuntimeDisposedError(f"the nested resource {id} has been disposed")
        if operation not in OPERATIONS[child.kind] | EVERYWHERE:
            raise ConfigurationError(f"a nested {child.kind} has no {operation!r:.40}")
        try:
            return await getattr(self, f"_{operation}")(id, child, *args)
        except (TypeError, KeyError, AttributeError) as error:
            if isinstance(error, IsolateError):
                raise
            raise ConfigurationError(f"{operation}: wrong arguments") from error

    async def _eval(self, id: int, child: Child, code: str, options: dict[str, Any]) -> Any:
        keywords: dict[str, Any] = {}
        if options["filename"] is not None:
            keywords["filename"] = options["filename"]
        if options["timeout"] is not None:
            _check_limit("executionTimeout", options["timeout"], self._most_ms())
            keywords["execution_timeout_ms"] = options["timeout"]
        return await child.handle.eval(code, **keywords)

    async def _runTests(self, id: int, child: Child, code: str, options: dict[str, Any]) -> Any:  # noqa: N802
        keywords = {
            name: options[given]
            for name, given in (("filename", "filename"), ("timeout_ms", "timeout"))
            if options[given] is not None
        }
        if "timeout_ms" in keywords:
            _check_limit("timeoutMs", keywords["timeout_ms"], self._most_ms())
        run = child.handle.run if child.kind == "testRuntime" else child.handle.run_tests
        return to_javascript(await run(code, **keywords))

    async def _onEvent(self, id: int, child: Child, handler: Any) -> Any:  # noqa: N802
        live = self._parent
        return child.handle.test.on_event(lambda event: notify(live, handler, to_javascript(event)))

    async def _on(self, id: int, child: Child, name: str, handler: Any) -> Any:
        live = self._parent
        return child.handle.events.on(name, lambda payload: notify(live, handler, payload))

    async def _emit(self, id: int, child: Child, name: str, payload: Any = None) -> None:
        await child.handle.events.emit(name, payload)

    async def _handle(self, id: int, child: Child, request: Any, options: dict[str, Any]) -> Any:
        result = await child.handle.handle(
            request, request_id=options["requestId"], metadata=options["metadata"]
        )
        if result.type == "response":
            return {"type": "response", "response": result.response}
        return {"type": "websocket", "upgradeData": result.upgrade_data}

    async def _reload(self, id: int, child: Child, reason: str | None) -> None:
        await child.handle.reload(reason)

    async def _wsOpen(self, id: int, child: Child, connection: str) -> None:  # noqa: N802
        await child.handle.ws.open(connection)

    async def _wsMessage(self, id: int, child: Child, connection: str, data: Any) -> None:  # noqa: N802
        await child.handle.ws.message(connection, getattr(data, "data", data))

    async def _wsClose(self, id: int, child: Child, connection: str, code: int, reason: str) -> None:  # noqa: N802
        await child.handle.ws.close(connection, code, reason)

    async def _wsError(self, id: int, child: Child, connection: str, message: str) -> None:  # noqa: N802
        await child.handle.ws.error(connection, message)

    async def _diagnostics(self, id: int, child: Child) -> Any:
        return to_javascript(await child.handle.diagnostics())

    async def _dispose(self, id: int, child: Child, options: dict[str, Any]) -> None:
        hard = options["hard"]
        await child.handle.dispose(hard=hard, reason=options["reason"])
        if child.kind == "namespacedRuntime" and hard:
            self._forget_session(cast("NamespacedRuntime", child.handle).key)
        self._gone(id)

    def _gone(self, id: int) -> None:
        """A child has ended: it counts no more."""
        child = self._children.pop(id, None)
        if child is None:
            return
        if child.expiry is not None:
            child.expiry.cancel()
        if child.kind == "namespacedRuntime" and child.handle.ended_for_good:
            self._forget_session(child.handle.key)
        child.release()
        if self._live is not None:
            self._live.children.discard(child)

    def _forget_session(self, key: str) -> None:
        release = self._sessions.pop(key, None)
        if release is not None:
            release()

    # --- the host's other methods ------------------------------------------------------------------
    async def dispose_namespace(self, key: str, reason: str | None) -> bool:
        """End a session that was made here."""
        scoped = self._scoped(key)
        if scoped not in self._sessions:
            return False
        existed = await self._factory.namespaces.dispose(scoped, reason)
        self._forget_session(scoped)
        return existed

    def describe(self) -> dict[str, Any]:
        """What this program holds, and what the policy allows."""
        kinds = [child.kind for child in self._children.values()]
        return {
            "runtimes": sum(kind != "appServer" for kind in kinds),
            "servers": kinds.count("appServer"),
            "namespaces": len(self._sessions),
            "connected": self._live is not None and not self._live.ended,
            "totalResources": self._group.runtimes + self._group.app_servers,
            "maxTotalResources": self._group.policy.max_total_resources,
        }

    async def close(self) -> None:
        """The program is gone: so is all that it opened."""
        ended = RuntimeDisposedError("its parent ended")
        children = list(self._children.values())
        for id, child in list(self._children.items()):
            child.end_now(ended)
            self._gone(id)
        await asyncio.gather(*(child.handle.dispose(hard=True) for child in children))
        for key in list(self._sessions):
            await self._factory.namespaces.dispose(key, None)
            self._forget_session(key)


def _check_limit(name: str, value: Any, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(f"{name}: a positive number, not {value!r:.40}")
    if value > most:
        raise QuotaExceededError(
            f"{name} {value:g} is more than the parent allows: {most:g}", limit=name, value=most
        )
