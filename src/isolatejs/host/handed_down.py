"""The rule for all that a runtime hands down to the runtimes its program creates: a grant only becomes narrower.

`hand_down`, `narrow_limits` and `narrow_policy` are the only ways from a parent's grants to those of a child, for every
kind of runtime and at every depth. A child gets, of each capability,

- nothing, when its parent's program does not ask for it or was not granted it itself;
- functions of its parent's program, which run in that program's sandbox and so can do what that program can;
- or the parent's own grant, whole, with every policy that it stands under: the fetch binding when the policy lets it be
  inherited, and the browser with the parent's fetch policy and the parent's files.

Nothing else of the host is ever given to a child: text, numbers and lists of a program become no path, no callable and
no option of the embedder's. A capability without a rule in RULES cannot be handed down, and fails the tests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
from isolatejs.capabilities.options import refuse_unknown_keys
from isolatejs.capabilities.registry import CAPABILITIES
from isolatejs.errors import ConfigurationError, QuotaExceededError
from isolatejs.host.bindings import Bindings
from isolatejs.host.inherited_fetch import InheritedFetch
from isolatejs.host.nested_group import NestedGroup
from isolatejs.host.program_functions import (
    program_console,
    program_fetch,
    program_files,
    program_modules,
    program_tools,
)
from isolatejs.limits import MEMORY_LIMIT_MB

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.contract import ChildOptions, ChildPolicy
    from isolatejs.host.live_runtime import LiveRuntime


@dataclass(frozen=True, slots=True)
class Above:
    """What the parent was granted. `bindings.browser` is its BrowserGrant, with policy and files."""

    live: LiveRuntime
    bindings: Bindings
    group: NestedGroup


Rule = Callable[[Any, Above], Any]
"""What a child gets of a capability: of what its parent's program gives (None for nothing), and the parent's grant."""


def _fetch(given: Any, above: Above) -> Any:
    if given is not None:
        return program_fetch(given)
    own = above.bindings.fetch
    if own is None or above.group.policy.fetch != "inherit":
        return None
    if isinstance(own, InheritedFetch):  # a grandchild's: the embedder's own resource is known
        return own
    return InheritedFetch(own, above.live)


def _browser(given: Any, above: Above) -> Any:
    if given is None or given is False:
        return None
    if above.bindings.browser is None:
        raise ConfigurationError("bindings.browser: this runtime has no browser to hand on")
    return above.bindings.browser


def _programs(adapt: Callable[[Any, LiveRuntime], Any]) -> Rule:
    """Functions of the parent's program."""
    return lambda given, above: None if given is None else adapt(given, above.live)


RULES: Final[Mapping[str, Rule | str]] = {
    "evaluation": "carries nothing of the embedder's",
    "host_events": "the child's events reach its parent's program alone",
    "async_context": "lives in the sandbox alone",
    "testing": "runs in the sandbox; snapshots are kept in the child's own files",
    "serve": "answers its parent's program alone",
    "nested_host": "narrow_policy",
    "console": _programs(program_console),
    "tools": _programs(program_tools),
    "files": _programs(program_files),
    "modules": _programs(program_modules),
    "fetch": _fetch,
    "browser": _browser,
}
"""One for each capability: a rule for its binding, or why there is none."""


def hand_down(given: Mapping[str, Any], above: Above) -> Bindings:
    """The bindings of a child, from what its parent's program gives. Raises ConfigurationError."""
    rules = {
        capability.binding: RULES[capability.name]
        for capability in CAPABILITIES
        if capability.binding is not None
    }
    refuse_unknown_keys(given, list(rules), "bindings")
    return Bindings(
        **{name: rule(given.get(name), above) for name, rule in rules.items() if not isinstance(rule, str)}
    )


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """The limits of one child."""

    memory_limit_mb: int
    execution_timeout_ms: float


def narrow_limits(options: ChildOptions, above: Above) -> ChildLimits:
    """A child's limits: at most its parent's, and at most those of every policy above it."""
    most_mb = int(min(above.group.effective("max_memory_limit_mb"), above.live.scope.memory_limit_mb))
    memory_mb = options.memory_limit_mb or min(most_mb, MEMORY_LIMIT_MB)
    return ChildLimits(
        check_limit("memoryLimitMB", memory_mb, most_mb),
        check_limit("executionTimeout", options.execution_timeout_ms, longest_execution_ms(above)),
    )


def longest_execution_ms(above: Above) -> float:
    """The longest that one execution in a child may take."""
    most = above.group.effective("max_execution_timeout_ms")
    own = above.live.scope.execution_timeout_ms
    return most if own is None else min(most, own)


def check_limit(name: str, value: Any, most: Any) -> Any:
    """The value, or `most` when none is given. Raises QuotaExceededError for more."""
    if value is None:
        return most
    if value > most:
        raise QuotaExceededError(
            f"{name} {value:g} is more than the parent allows: {most:g}", limit=name, value=most
        )
    return value


def narrow_policy(given: ChildPolicy | bool, group: NestedGroup) -> NestedGroup | None:
    """What a child may nest itself, counted in all groups above; None when it may not.

    What is left out is as its parent's, but without fetch and without more memory than the child's own.
    """
    if given is False:
        return None
    policy = dataclasses.replace(group.policy, fetch="disabled", max_total_memory_mb=None)
    if not isinstance(given, bool):
        if given.fetch == "inherit" and group.policy.fetch != "inherit":
            raise ConfigurationError(
                "nestedHost.fetch: this runtime's own policy does not let fetch be inherited"
            )
        fields = {name: getattr(given, name) for name in given.__struct_fields__}
        policy = dataclasses.replace(
            policy, **{name: value for name, value in fields.items() if value is not None}
        )
    return NestedGroup(policy, within=group)


__all__ = [
    "RULES",
    "Above",
    "ChildLimits",
    "NestedHostPolicy",
    "check_limit",
    "hand_down",
    "longest_execution_ms",
    "narrow_limits",
    "narrow_policy",
]
