"""Opens children for a program's nested host, lends them to it, and ends them with it."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from isolatejs.errors import (
    ConfigurationError,
    IsolateError,
    NamespaceBusyError,
    QuotaExceededError,
    RuntimeDisposedError,
)
from isolatejs.host.nested_group import NestedGroup
from isolatejs.host.nested_options import (
    child_bindings,
    child_policy,
    diagnostics_to_javascript,
    notify,
    to_javascript,
)
from isolatejs.host.parent import Parent
from isolatejs.host.runtime_options import RuntimeOptions
from isolatejs.limits import MEMORY_LIMIT_MB, NAMESPACE_KEY_LIMIT_CHARACTERS, NESTED_LISTENERS_LIMIT
from isolatejs.web.values import UNDEFINED

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
    from isolatejs.host.bindings import Bindings
    from isolatejs.host.live_runtime import LiveRuntime
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
    """Takes back what it counts; of a session, when that has ended for good."""
    lives: Callable[[], list[LiveRuntime]]
    expiry: asyncio.TimerHandle | None = None
    listeners: int = 0

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
        """Sessions that were made here and not ended: what takes back what they count, by key."""
        self._closed = False

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
        try:
            common = self._common(options)
            own_policy = child_policy(options.get("nestedHost"), self._group.policy)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            if isinstance(error, IsolateError):
                raise
            raise ConfigurationError("wrong options") from error
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
            child.release()
            await child.handle.dispose(hard=True)
            raise RuntimeDisposedError("the runtime that owns this nested host is gone")
        number = next(self._ids)
        self._children[number] = child
        parent.children.add(child)
        if kind == "appServer":
            self._limit_lifetime(number, child)
        else:
            child.handle._live.on_ended(lambda _: self._gone(number))
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
            "parent": Parent(parent, self._group.tree_memory_mb(parent.scope.memory_limit_mb)),
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
        return Child(kind, server, release, server.lives), server.key or ""

    def _limit_lifetime(self, number: int, child: Child) -> None:
        lifetime_ms = self._group.lifetime_ms()
        if lifetime_ms is None:
            return
        reason = f"its lifetime of max_app_server_lifetime_ms={lifetime_ms:g} is over"

        async def expire() -> None:
            await child.handle.dispose(hard=True, reason=reason)
            self._gone(number)

        child.expiry = asyncio.get_running_loop().call_later(
            lifetime_ms / 1000, lambda: self._factory.spawn(expire())
        )

    async def _open_session(self, options: dict[str, Any], common: dict[str, Any]) -> tuple[Child, str]:
        own_key = options.get("key")
        key = self._scoped(own_key)
        known = self._sessions.get(key)
        release = known or self._group.claim(app_server=False)
        try:
            session = await self._factory.open_session(RuntimeOptions(key=key, **common))
        except asyncio.CancelledError:
            if self._closed or (known is not None and self._sessions.get(key) is not known):
                release()
                self._factory.spawn(self._factory.end_given_up(key))
            elif self._sessions.setdefault(key, release) is not release:  # it is put aside, and counts
                release()
            raise
        except BaseException as error:
            if known is None:
                release()
            if isinstance(error, NamespaceBusyError):
                raise NamespaceBusyError(str(error), key=str(own_key), holder=error.holder) from error
            raise
        if known is not None and self._sessions.get(key) is not known:
            # The session that was counted was ended meanwhile: this is another one.
            try:
                release = self._group.claim(app_server=False)
            except QuotaExceededError:
                await session.dispose(hard=True)
                raise
        self._sessions[key] = release
        forget = partial(self._forget_session, key, release)
        return Child("namespacedRuntime", session, forget, lambda: [session._live]), session.id

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
        return self._listen(
            child,
            lambda: child.handle.test.on_event(lambda event: notify(live, handler, to_javascript(event))),
        )

    async def _on(self, id: int, child: Child, name: str, handler: Any) -> Any:
        live = self._parent
        return self._listen(
            child, lambda: child.handle.events.on(name, lambda payload: notify(live, handler, payload))
        )

    def _listen(self, child: Child, start: Callable[[], Callable[[], None]]) -> Callable[[], None]:
        if child.listeners >= NESTED_LISTENERS_LIMIT:
            raise QuotaExceededError(
                f"more than {NESTED_LISTENERS_LIMIT} listeners of one nested {child.kind}",
                limit="nested_listeners",
                value=NESTED_LISTENERS_LIMIT,
            )
        stop: Callable[[], None] | None = start()
        child.listeners += 1

        def off() -> None:
            nonlocal stop
            if stop is not None:
                stop()
                stop = None
                child.listeners -= 1

        return off

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
        return diagnostics_to_javascript(await child.handle.diagnostics())

    async def _dispose(self, id: int, child: Child, options: dict[str, Any]) -> None:
        await child.handle.dispose(hard=options["hard"], reason=options["reason"])
        self._gone(id)

    def _gone(self, id: int) -> None:
        """A child has ended: it counts no more."""
        child = self._children.pop(id, None)
        if child is None:
            return
        if child.expiry is not None:
            child.expiry.cancel()
        if child.kind != "namespacedRuntime" or not child.handle._live.parked:
            child.release()
        if self._live is not None:
            self._live.children.discard(child)

    def _forget_session(self, key: str, release: Callable[[], None]) -> None:
        """A session has ended; another one of the same name may have been made since."""
        release()
        if self._sessions.get(key) is release:
            del self._sessions[key]

    async def _end_session(self, key: str, reason: str | None = None) -> bool:
        release = self._sessions.get(key)
        if release is None:
            return False
        self._forget_session(key, release)
        return await self._factory.namespaces.dispose(key, reason)

    # --- the host's other methods ------------------------------------------------------------------
    async def dispose_namespace(self, key: str, reason: str | None) -> bool:
        """End a session that was made here."""
        return await self._end_session(self._scoped(key), reason)

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
        self._closed = True
        ended = RuntimeDisposedError("its parent ended")
        children = list(self._children.values())
        for id, child in list(self._children.items()):
            child.end_now(ended)
            self._gone(id)
        await asyncio.gather(*(child.handle.dispose(hard=True) for child in children))
        for key in list(self._sessions):
            await self._end_session(key)


def _check_limit(name: str, value: Any, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(f"{name}: a positive number, not {value!r:.40}")
    if value > most:
        raise QuotaExceededError(
            f"{name} {_number(value)} is more than the parent allows: {most:g}", limit=name, value=most
        )


def _number(value: float) -> str:
    """A number in a few characters; a BigInt may be longer than any float."""
    return f"{value:g}" if value <= sys.float_info.max else "that"
