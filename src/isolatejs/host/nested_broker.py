"""Opens children for a program's nested hosts, counts them, and ends them with their host or their parent."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from isolatejs.errors import (
    ConfigurationError,
    IsolateError,
    NamespaceBusyError,
    QuotaExceededError,
    RuntimeDisposedError,
)
from isolatejs.host.handed_down import (
    Above,
    check_limit,
    hand_down,
    longest_execution_ms,
    narrow_limits,
    narrow_policy,
)
from isolatejs.host.nested_children import Child, RuntimeChild, ServerChild, SessionChild, TestChild
from isolatejs.host.parent import Parent
from isolatejs.host.program_functions import (
    ProgramFunction,
    move_functions,
    notify,
    own_function,
    program_commands,
)
from isolatejs.host.runtime_options import RuntimeOptions
from isolatejs.limits import NESTED_ENDS_LIMIT, NESTED_ENDS_LIMIT_CHARACTERS
from isolatejs.sandbox.parked import NESTED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from isolatejs.capabilities.nested_host.contract import ChildOptions
    from isolatejs.host.bindings import Bindings
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.host.nested_group import NestedGroup
    from isolatejs.host.runtime_factory import RuntimeFactory

C = TypeVar("C", bound=Child)


@dataclass(eq=False, slots=True)
class _Host:
    """One `createIsolateHost()` of the program, from the first thing that it creates to the last."""

    number: int
    children: set[int] = field(default_factory=set)
    sessions: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Sessions that were made here and not ended: what takes back what they count, by their full key."""
    opening: int = 0
    closed: bool = False


class HostBroker:
    """The nested hosts of one runtime. Implements NestedBroker."""

    def __init__(self, factory: RuntimeFactory, group: NestedGroup, bindings: Bindings) -> None:
        self._factory = factory
        self._group = group
        self._bindings = bindings
        self._live: LiveRuntime | None = None
        self._parent: Parent | None = None
        self._hosts: dict[int, _Host] = {}
        self._children: dict[int, Child] = {}
        self._ids = itertools.count(1)
        self._ended: dict[int, str] = {}
        """Why children cannot be used any more, of the last ones."""
        self._closed = False

    def attach(self, live: LiveRuntime) -> None:
        """Say whose broker this is: a fresh runtime's, or that of a session that goes on with its children."""
        before, self._live = self._live, live
        memory_mb = self._group.tree_memory_mb(live.scope.memory_limit_mb)
        if self._parent is None:
            self._parent = Parent(live, memory_mb)
            return
        self._parent.live, self._parent.tree_memory_mb = live, memory_mb
        if before is not None and self._children:
            move_functions(before.channel, live.channel)
        for child in self._children.values():
            live.children.add(child)
            for below in child.lives():
                below.go_on()

    def put_aside(self) -> HostBroker:
        """The session is put aside: its children stay, stopped, until it goes on or ends.

        Not those that have something of the embedder's: the next acquire brings bindings of its own, and no child may
        have more than its parent.
        """
        ended = RuntimeDisposedError("its parent was put aside, and what it had of the host with it")
        for child in list(self._children.values()):
            for live in child.lives():
                if live.inherits:
                    live.end_now(ended)
                else:
                    live.stop()
        return self

    def take_over(self, fresh: HostBroker) -> None:
        """The session goes on with this broker, under the bindings and the policy of the new acquire."""
        self._bindings = fresh._bindings
        self._group.policy = fresh._group.policy

    async def aclose(self) -> None:
        """The session has ended while it was put aside."""
        await self.close()

    @property
    def _above(self) -> Above:
        if self._live is None or self._live.ended:
            raise RuntimeDisposedError("the runtime that owns this nested host is gone")
        return Above(self._live, self._bindings, self._group)

    # --- opening -----------------------------------------------------------------------------------
    async def open_runtime(
        self, host: int, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]:
        """Create a script runtime; gives its number and id. Raises QuotaExceededError, ConfigurationError."""
        given = self._options(options, bindings)
        return await self._open(
            host, lambda at: self._counted(at, RuntimeChild, self._factory.open_script_runtime(given))
        )

    async def open_test_runtime(
        self, host: int, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]:
        """Create a test runtime."""
        given = self._options(options, bindings)
        return await self._open(
            host, lambda at: self._counted(at, TestChild, self._factory.open_test_runtime(given))
        )

    async def open_server(
        self,
        host: int,
        options: ChildOptions,
        bindings: Mapping[str, Any],
        *,
        entry: str | None,
        code: str | None,
        entry_filename: str | None,
        on_command: Any,
    ) -> tuple[int, str]:
        """Create an app server."""
        parent = self._above.live
        key = options.key or f"nested:{parent.runtime_id}"
        web_sockets: dict[str, Any] = {}
        if on_command is not None:
            web_sockets = {"on_command": program_commands(on_command)}
        given = self._options(options, bindings, key=key)
        number, name = await self._open(
            host,
            lambda at: self._counted(
                at,
                ServerChild,
                self._factory.open_app_server(
                    given, entry=entry, code=code, entry_filename=entry_filename, web_sockets=web_sockets
                ),
            ),
        )
        self._limit_lifetime(number)
        return number, name

    async def open_session(
        self, host: int, key: str, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]:
        """Create a session or take it up again."""
        full_key = self._full_key(host, key)
        given = self._options(options, bindings, key=full_key)
        return await self._open(host, lambda at: self._session(at, key, given))

    def _options(
        self, options: ChildOptions, bindings: Mapping[str, Any], key: str | None = None
    ) -> RuntimeOptions:
        """Options of every kind of child, within policy and parent."""
        above = self._above
        limits = narrow_limits(options, above)
        return RuntimeOptions(
            bindings=hand_down(bindings, above),
            cwd=options.cwd,
            key=options.key if key is None else key,
            execution_timeout_ms=limits.execution_timeout_ms,
            memory_limit_mb=limits.memory_limit_mb,
            nested=narrow_policy(options.nested_host, self._group),
            parent=self._parent,
        )

    async def _open(self, number: int, create: Callable[[_Host], Awaitable[Child]]) -> tuple[int, str]:
        parent = self._above.live
        host = self._hosts.setdefault(number, _Host(number))
        host.opening += 1
        try:
            child = await create(host)
            if parent.ended or host.closed:
                child.release()
                await child.dispose(hard=True)
                whose = "the nested host is closed" if host.closed else "the runtime that owns it is gone"
                raise RuntimeDisposedError(f"the child was not created: {whose}")
            id = next(self._ids)
            self._children[id] = child
            host.children.add(id)
            parent.children.add(child)
        finally:
            host.opening -= 1
            self._forget_idle(host)
        if not isinstance(child, ServerChild):
            child.handle._live.on_ended(lambda _: self._gone(id))
        return id, child.name

    async def _counted(self, host: _Host, kind: type[Child], opening: Any) -> Child:
        """A child that counts from before it is created."""
        try:
            release = self._group.claim(app_server=kind is ServerChild)
        except QuotaExceededError:
            opening.close()
            raise
        try:
            return kind(await opening, host.number, release)
        except BaseException:
            release()
            raise

    def _limit_lifetime(self, id: int) -> None:
        child = self._children.get(id)
        lifetime_ms = self._group.lifetime_ms()
        if lifetime_ms is None or child is None:
            return
        reason = f"its lifetime of maxAppServerLifetimeMs={lifetime_ms:g} is over"

        async def expire() -> None:
            await child.dispose(hard=True, reason=reason)
            self._gone(id)

        child.expiry = asyncio.get_running_loop().call_later(
            lifetime_ms / 1000, lambda: self._factory.spawn(expire())
        )

    # --- sessions ----------------------------------------------------------------------------------
    def _full_key(self, host: int, key: str) -> str:
        """A session's name among all sessions: no other runtime's or nested host's can be guessed into it."""
        return f"{NESTED_PREFIX}{self._above.live.runtime_id}:{host}:{key}"

    async def _session(self, host: _Host, own_key: str, options: RuntimeOptions) -> Child:
        key = options.key
        assert key is not None
        known = host.sessions.get(key)
        release = known or self._group.claim(app_server=False)
        try:
            session = await self._factory.open_session(options)
        except asyncio.CancelledError:
            if self._closed or host.closed or (known is not None and host.sessions.get(key) is not known):
                release()
                self._factory.spawn(self._factory.end_given_up(key))
            elif host.sessions.setdefault(key, release) is not release:  # it is put aside, and counts
                release()
            raise
        except BaseException as error:
            if known is None:
                release()
            if isinstance(error, NamespaceBusyError):
                raise NamespaceBusyError(str(error), key=own_key, holder=error.holder) from error
            raise
        if known is not None and host.sessions.get(key) is not known:
            # The session that was counted was ended meanwhile: this is another one.
            try:
                release = self._group.claim(app_server=False)
            except QuotaExceededError:
                await session.dispose(hard=True)
                raise
        host.sessions[key] = release
        child = SessionChild(session, host.number, partial(self._forget_session, host, key, release))
        child.own_key = own_key
        return child

    def _forget_session(self, host: _Host, key: str, release: Callable[[], None]) -> None:
        """A session has ended; another one of the same name may have been made since."""
        release()
        if host.sessions.get(key) is release:
            del host.sessions[key]
            self._forget_idle(host)

    async def _end_session(self, host: _Host, key: str, reason: str | None) -> bool:
        release = host.sessions.get(key)
        if release is None:
            return False
        self._forget_session(host, key, release)
        return await self._factory.namespaces.dispose(key, reason)

    async def dispose_namespace(self, host: int, key: str, reason: str | None) -> bool:
        """End a session that this nested host made. Whether there was one."""
        known = self._hosts.get(host)
        return known is not None and await self._end_session(known, self._full_key(host, key), reason)

    # --- using -------------------------------------------------------------------------------------
    def find(self, id: int, kind: type[C]) -> C:
        """A child that can do what this kind can. Raises RuntimeDisposedError when it is gone."""
        child = self._children.get(id)
        if child is None:
            raise RuntimeDisposedError(self._ended.get(id, f"the nested resource {id} has been disposed"))
        if not isinstance(child, kind):
            raise ConfigurationError(f"a nested {child.what} cannot do what a nested {kind.what} can")
        return child

    async def evaluate(self, id: int, code: str, filename: str | None, timeout_ms: float | None) -> Any:
        return await self.find(id, RuntimeChild).evaluate(code, filename, self._within_limit(timeout_ms))

    async def run_tests(self, id: int, code: str, filename: str | None, timeout_ms: float | None) -> Any:
        return await self.find(id, TestChild).run_tests(
            code, filename, self._within_limit(timeout_ms, "timeoutMs")
        )

    def _within_limit(self, timeout_ms: float | None, name: str = "executionTimeout") -> float | None:
        if timeout_ms is not None:
            check_limit(name, timeout_ms, longest_execution_ms(self._above))
        return timeout_ms

    def watch_tests(self, id: int, handler: Any) -> int:
        heard = ProgramFunction(own_function(handler, "onEvent: the handler"))
        return self.find(id, TestChild).on_test_event(lambda event: notify(heard, event))

    def watch_event(self, id: int, name: str, handler: Any) -> int:
        heard = ProgramFunction(own_function(handler, "on: the handler"))
        return self.find(id, RuntimeChild).on_event(name, lambda payload: notify(heard, payload))

    def stop_watching(self, id: int, listener: int) -> None:
        child = self._children.get(id)
        if child is not None:
            child.stop_listening(listener)

    async def emit(self, id: int, name: str, payload: Any) -> None:
        await self.find(id, RuntimeChild).emit(name, payload)

    def server(self, id: int) -> ServerChild:
        """An app server among the children."""
        return self.find(id, ServerChild)

    async def describe_child(self, id: int) -> Any:
        return await self.find(id, Child).describe()

    async def dispose_child(self, id: int, *, hard: bool, reason: str | None) -> None:
        """End a child, if it is still there."""
        child = self._children.get(id)
        if child is not None:
            await child.dispose(hard=hard, reason=reason)
            self._gone(id)

    # --- the end -----------------------------------------------------------------------------------
    def _gone(self, id: int) -> None:
        """A child has ended, or its handle was given up: it counts no more, unless it is put aside."""
        child = self._children.pop(id, None)
        if child is None:
            return
        if child.expiry is not None:
            child.expiry.cancel()
        if not child.keeps_counting:
            child.release()
        self._ended[id] = child.how_it_ended()[:NESTED_ENDS_LIMIT_CHARACTERS]
        if len(self._ended) > NESTED_ENDS_LIMIT:
            del self._ended[next(iter(self._ended))]
        if self._live is not None:
            self._live.children.discard(child)
        host = self._hosts.get(child.host)
        if host is not None:
            host.children.discard(id)
            self._forget_idle(host)

    def _forget_idle(self, host: _Host) -> None:
        if not (host.children or host.sessions or host.opening):
            self._hosts.pop(host.number, None)

    def describe(self, number: int) -> dict[str, Any]:
        """What this nested host holds, what the tree holds, and what the policy allows."""
        host = self._hosts.get(number) or _Host(number)
        servers = sum(isinstance(self._children[id], ServerChild) for id in host.children)
        return {
            "runtimes": len(host.children) - servers,
            "servers": servers,
            "namespaces": len(host.sessions),
            "connected": self._live is not None and not self._live.ended and not host.closed,
            "totalResources": self._group.runtimes + self._group.app_servers,
            "maxTotalResources": self._group.policy.max_total_resources,
        }

    async def close_host(self, number: int) -> None:
        """End all that a nested host has created, and what it is still creating."""
        host = self._hosts.get(number)
        if host is not None:
            await self._close(host, RuntimeDisposedError("its nested host was closed"))

    async def close(self) -> None:
        """The program is gone: so is all that it created."""
        self._closed = True
        ended = RuntimeDisposedError("its parent ended")
        await asyncio.gather(*(self._close(host, ended) for host in list(self._hosts.values())))

    async def _close(self, host: _Host, error: IsolateError) -> None:
        host.closed = True
        children = [self._children[id] for id in host.children]
        for id in list(host.children):
            self._children[id].end_now(error)
            self._gone(id)
        await asyncio.gather(*(child.dispose(hard=True) for child in children))
        for key in list(host.sessions):
            await self._end_session(host, key, None)
