"""The managed browser of one session: leased when its first context is opened, killed at its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isolatejs.errors import QuotaExceededError, RuntimeDisposedError
from isolatejs.limits import BROWSER_RESTARTS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.browser.managed.pool import BrowserPool
    from isolatejs.capabilities.browser.managed.proxy import PolicyUpstream
    from isolatejs.capabilities.browser.managed.tenant import ManagedBrowser

__all__ = ["ManagedGrant", "SessionBrowser"]


@dataclass(frozen=True, slots=True)
class ManagedGrant:
    """Where a runtime's browsers come from, and the policy that each of them gets; None with the host's network."""

    pool: BrowserPool
    policy: Callable[[], PolicyUpstream] | None


class SessionBrowser:
    """One browser at a time: another takes its place when it has ended and a context is opened again."""

    def __init__(self, grant: ManagedGrant) -> None:
        self._grant = grant
        self._leased: ManagedBrowser | None = None
        self._leasing = asyncio.Lock()
        self._starts = 0
        self._closed = False

    @property
    def has_own_network(self) -> bool:
        """Whether pages reach nothing but the policy."""
        return self._grant.policy is not None

    @property
    def taken(self) -> bool:
        """Whether there is one, or one is being started."""
        return self._leasing.locked() or (self._leased is not None and self._leased.ended is None)

    def use(self, grant: ManagedGrant) -> None:
        """Pages obey this policy from now on, also those that are open; the browser stays what it is."""
        self._grant = ManagedGrant(self._grant.pool, grant.policy)
        if self._leased is not None:
            self._obey(self._leased)

    async def new_context(self, parameters: dict[str, Any]) -> Any:
        """A context of the session's browser. Raises what starting one raises."""
        return await (await self._current()).browser.new_context(**parameters)

    async def _current(self) -> ManagedBrowser:
        async with self._leasing:
            if self._leased is None or self._leased.ended is not None:
                self._starts += 1
                if self._starts > BROWSER_RESTARTS_LIMIT:
                    raise QuotaExceededError(
                        f"more than {BROWSER_RESTARTS_LIMIT} browsers of one session have ended",
                        limit="browser_restarts",
                        value=BROWSER_RESTARTS_LIMIT,
                    )
                if self._leased is not None:
                    await self._leased.aclose()
                leased = await self._grant.pool.lease()
                self._leased = leased
                if self._closed:
                    await leased.aclose()
                    raise RuntimeDisposedError("the browser session is closed")
                self._obey(leased)
            return self._leased

    def _obey(self, browser: ManagedBrowser) -> None:
        browser.use_policy(None if self._grant.policy is None else self._grant.policy())

    def describe(self) -> dict[str, Any]:
        """What diagnostics say of it."""
        state = "none" if self._leased is None else "running" if self._leased.ended is None else "ended"
        return {
            "kind": "managed",
            "state": state,
            "network": "policy" if self.has_own_network else "host",
            "own_sandbox": self._grant.pool.has_own_sandbox,
        }

    def kill(self, reason: str) -> None:
        """End the browser and all its processes at once; no other is started."""
        self._closed = True
        if self._leased is not None:
            self._leased.kill(reason)

    async def aclose(self) -> None:
        """Kill the browser and wait until it is gone."""
        self.kill("the browser session is closed")
        if self._leased is not None:
            await self._leased.aclose()
