"""Counts what all descendants of a runtime hold, against every policy above them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from isolatejs.errors import QuotaExceededError

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy


class NestedGroup:
    """One policy and what is counted under it. A child with a policy of its own is a group within a group."""

    def __init__(self, policy: NestedHostPolicy, within: NestedGroup | None = None) -> None:
        self.policy = policy
        self._within = within
        self.runtimes = 0
        self.app_servers = 0

    def claim(self, *, app_server: bool) -> Callable[[], None]:
        """Count one more child; gives the function that takes it back, once. Raises QuotaExceededError."""
        groups: list[NestedGroup] = []
        group: NestedGroup | None = self
        while group is not None:
            group._check(app_server)
            groups.append(group)
            group = group._within
        for one in groups:
            one._count(app_server, 1)
        taken = True

        def release() -> None:
            nonlocal taken
            if taken:
                taken = False
                for one in groups:
                    one._count(app_server, -1)

        return release

    def _check(self, app_server: bool) -> None:
        policy = self.policy
        counts = [("max_total_resources", self.runtimes + self.app_servers, policy.max_total_resources)]
        if app_server:
            counts.append(("max_app_servers", self.app_servers, policy.max_app_servers))
        else:
            counts.append(("max_runtimes", self.runtimes, policy.max_runtimes))
        for name, count, limit in counts:
            if count >= limit:
                raise QuotaExceededError(
                    f"nested host quota {name} is used up: {count}/{limit}",
                    limit=f"nested_host.{name}",
                    value=limit,
                )

    def _count(self, app_server: bool, change: int) -> None:
        if app_server:
            self.app_servers += change
        else:
            self.runtimes += change

    def effective(self, name: str) -> float:
        """The smallest value of a numeric limit among this policy and all above it."""
        own: float = getattr(self.policy, name)
        return own if self._within is None else min(own, self._within.effective(name))

    def lifetime_ms(self) -> float | None:
        """The shortest lifetime of app servers among this policy and all above it; None for no limit."""
        above = self._within.lifetime_ms() if self._within is not None else None
        own = self.policy.max_app_server_lifetime_ms
        return min(own, above) if own is not None and above is not None else own if above is None else above

    def tree_memory_mb(self, own_limit_mb: int) -> int:
        """What the runtime with this policy and all below it may use together. Those above it count it as well."""
        given = self.policy.max_total_memory_mb
        return own_limit_mb if given is None else given
