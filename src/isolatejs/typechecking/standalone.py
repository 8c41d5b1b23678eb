"""Checks without a host: `typecheck()` has a launcher of its own, on an event loop in a thread of its own.

Started by the first check, ended with the process. Each confinement mode has its own.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from isolatejs.errors import ConfigurationError
from isolatejs.sandbox.confinement import Confinement
from isolatejs.sandbox.pool import EmbeddedPool
from isolatejs.typechecking.checker import Checker, Checkers
from isolatejs.typechecking.known_modules import KnownModules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

T = TypeVar("T")
_END_TIMEOUT_S: Final = 10.0
_TENANTS_LIMIT: Final = 256
"""Tenants whose checkers are remembered; of an older one the next check starts anew."""


class StandaloneChecks:
    """A pool without warm sandboxes, and its checkers by tenant."""

    def __init__(self, confinement: Confinement) -> None:
        self.owner = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="isolatejs-typecheck", daemon=True
        )
        self._thread.start()
        self._pool = EmbeddedPool(pool_size=0, confinement=confinement)
        self._checkers = Checkers(self._pool)
        self._tenants: dict[str, Checker] = {}
        self._known: dict[str, KnownModules] = {}

    def submit(self, tenant: str | None, work: Callable[[Checker], Awaitable[T]]) -> Future[T]:
        """Run work with the checker of a tenant, or with one that is for this work alone."""
        return asyncio.run_coroutine_threadsafe(self._run(tenant, work), self._loop)

    def known_modules(self, tenant: str) -> KnownModules:
        """What imports of this tenant have meant so far."""
        with _lock:
            known = self._known.pop(tenant, None) or KnownModules()
            self._known[tenant] = known
            if len(self._known) > _TENANTS_LIMIT:
                del self._known[next(iter(self._known))]
            return known

    def forget(self, tenant: str) -> None:
        """End the checker of a tenant, soon."""
        self._loop.call_soon_threadsafe(self._forget, tenant)

    def _forget(self, tenant: str) -> None:
        checker = self._tenants.pop(tenant, None)
        if checker is not None:
            checker.close()

    def close(self) -> None:
        """End every checker and the launcher."""
        if self.owner != os.getpid():
            return  # a fork has copied this without its thread
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_END_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_END_TIMEOUT_S)
        self._loop.close()

    def kill(self) -> None:
        """Kill every checker, from any thread."""
        self._checkers.kill()

    async def _run(self, tenant: str | None, work: Callable[[Checker], Awaitable[T]]) -> T:
        if tenant is None:
            checker = self._checkers.checker()
            try:
                return await work(checker)
            finally:
                checker.close()
        known = self._tenants.pop(tenant, None)  # the most recent stand last
        checker = self._tenants[tenant] = self._checkers.checker() if known is None else known
        if len(self._tenants) > _TENANTS_LIMIT:
            self._tenants.pop(next(iter(self._tenants))).end()
        return await work(checker)

    async def _close(self) -> None:
        for checker in self._tenants.values():
            checker.close()
        await self._checkers.close()
        await self._pool.close()


_standalone: dict[str, StandaloneChecks] = {}
_lock = threading.Lock()


def standalone_checks(confinement: Any = "require") -> StandaloneChecks:
    """Those of this process with this confinement. Raises ConfigurationError for another word."""
    if confinement not in get_args(Confinement):
        raise ConfigurationError(
            f"confinement={confinement!r}: expected one of {', '.join(get_args(Confinement))}"
        )
    with _lock:
        found = _standalone.get(confinement)
        if found is None or found.owner != os.getpid():
            found = _standalone[confinement] = StandaloneChecks(confinement)
        return found


def close_checkers() -> None:
    """End every checker that `typecheck` has started in this process; the next check starts one again."""
    with _lock:
        closing = list(_standalone.values())
        _standalone.clear()
    for checks in closing:
        checks.close()


def _kill_checkers() -> None:
    """At exit no loop runs any more: the launcher ends with us, and what has none is killed here."""
    for checks in _standalone.values():
        if checks.owner == os.getpid():
            checks.kill()


atexit.register(_kill_checkers)
