"""The rule of handing down: every capability has one, and only functions of the program get through."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from isolatejs import ConfigurationError, NestedHostPolicy, QuotaExceededError
from isolatejs.capabilities.nested_host.contract import ChildOptions, ChildPolicy
from isolatejs.capabilities.registry import CAPABILITIES, Capability
from isolatejs.channel.references import GuestFunction
from isolatejs.host.bindings import Bindings
from isolatejs.host.handed_down import RULES, Above, hand_down, narrow_limits, narrow_policy
from isolatejs.host.nested_group import NestedGroup
from isolatejs.wire.message import EncodedValue

BINDINGS = [capability for capability in CAPABILITIES if capability.binding is not None]


def guest_function() -> GuestFunction:
    return GuestFunction(cast("Any", None), 1)


def above(
    bindings: Bindings | None = None,
    *,
    policy: NestedHostPolicy | None = None,
    memory_limit_mb: int = 128,
    execution_timeout_ms: float | None = None,
) -> Above:
    scope = SimpleNamespace(
        resource_id="rt_1", memory_limit_mb=memory_limit_mb, execution_timeout_ms=execution_timeout_ms
    )
    live = cast("Any", SimpleNamespace(scope=scope))
    return Above(live, bindings or Bindings(), NestedGroup(policy or NestedHostPolicy()))


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.name)
def test_every_capability_has_a_rule(capability: Capability) -> None:
    rule = RULES.get(capability.name)
    assert rule is not None, f"say in host/handed_down.py what children get of {capability.name}"
    if capability.binding is not None:
        assert callable(rule), f"{capability.name} has a binding, so it needs a rule and not a reason"


def test_no_rule_is_for_nothing() -> None:
    assert RULES.keys() == {capability.name for capability in CAPABILITIES}


@pytest.mark.parametrize("capability", BINDINGS, ids=lambda capability: capability.name)
def test_what_is_not_asked_for_is_not_given(capability: Capability) -> None:
    everything = Bindings(
        console=print,
        fetch=lambda request: None,
        files=object(),
        modules=object(),
        tools={},
        browser=object(),
    )
    assert getattr(hand_down({}, above(everything)), str(capability.binding)) is None


async def _of_the_host(*args: object) -> None:
    """A function that the embedder gave the program, and that came home."""


HOSTILE: list[Any] = [
    _of_the_host,
    [_of_the_host, True],
    {"readFile": _of_the_host, "stat": [_of_the_host, False], "readdir": [_of_the_host, True]},
    {"x": _of_the_host},
    {"x": [_of_the_host, True]},
    {"x": {"y": [_of_the_host, False]}},
    [{"kind": "virtual", "specifier": "a", "source": _of_the_host}],
    [{"kind": "sourceTree", "prefix": "/e/", "loader": "/etc"}],
    [{"kind": "sourceTree", "prefix": "/e/", "loader": _of_the_host}],
    [{"kind": "fallback", "loader": _of_the_host}],
    [{"kind": "mount", "virtual": "/n", "path": "/etc"}],
    "/etc",
    {"root": "/etc"},
    {"create_context": [guest_function(), False]},
    5,
    b"bytes",
]


@pytest.mark.parametrize("capability", BINDINGS, ids=lambda capability: capability.name)
@pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_of_the_host_becomes_a_binding(capability: Capability, given: Any) -> None:
    """Whatever a program sends as any binding: functions and places of the host are refused, or not reached."""
    try:
        bindings = hand_down({str(capability.binding): given}, above())
    except (ConfigurationError, QuotaExceededError):
        return
    value = getattr(bindings, str(capability.binding))
    assert "_of_the_host" not in repr(vars(value) if hasattr(value, "__dict__") else value)
    assert "/etc" not in repr(vars(value) if hasattr(value, "__dict__") else value)


def test_an_unknown_binding_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="bindings"):
        hand_down({"processes": True}, above())


def test_tools_that_hold_each_other_are_refused() -> None:
    cycle: dict[str, Any] = {}
    cycle["again"] = cycle
    with pytest.raises(QuotaExceededError):
        hand_down({"tools": cycle}, above())
    shared: dict[str, Any] = {"tool": [guest_function(), False]}
    for _ in range(14):
        shared = {"left": shared, "right": shared}
    with pytest.raises(QuotaExceededError):
        hand_down({"tools": shared}, above())


def test_the_parents_browser_is_handed_on_whole() -> None:
    grant = object()
    assert hand_down({"browser": True}, above(Bindings(browser=grant))).browser is grant
    with pytest.raises(ConfigurationError, match="no browser to hand on"):
        hand_down({"browser": True}, above())


def options(**given: Any) -> ChildOptions:
    return ChildOptions(EncodedValue(p=msgspec.Raw(b"{}")), **given)


@pytest.mark.parametrize("depth", range(1, 6))
def test_limits_only_shrink(depth: int) -> None:
    """Each generation asks for as much as it can get, and for more."""
    parent = above(
        policy=NestedHostPolicy(max_memory_limit_mb=512, max_execution_timeout_ms=60_000),
        memory_limit_mb=96,
        execution_timeout_ms=5_000,
    )
    for _ in range(depth):
        limits = narrow_limits(options(memory_limit_mb=64, execution_timeout_ms=4_000), parent)
        assert (limits.memory_limit_mb, limits.execution_timeout_ms) == (64, 4_000)
        for greedy in (options(memory_limit_mb=97), options(execution_timeout_ms=5_001)):
            with pytest.raises(QuotaExceededError, match="more than the parent allows"):
                narrow_limits(greedy, parent)
        wide = ChildPolicy(
            max_memory_limit_mb=4_096, max_execution_timeout_ms=1e6, max_runtimes=99, max_total_resources=99
        )
        group = narrow_policy(wide, parent.group)
        assert group is not None
        assert group.effective("max_memory_limit_mb") <= 512
        assert group.effective("max_execution_timeout_ms") <= 60_000
        scope = SimpleNamespace(resource_id="rt", memory_limit_mb=64, execution_timeout_ms=4_000)
        parent = Above(cast("Any", SimpleNamespace(scope=scope)), Bindings(), group)
        with pytest.raises(QuotaExceededError):
            narrow_limits(options(memory_limit_mb=65), parent)
        parent = Above(
            cast(
                "Any",
                SimpleNamespace(
                    scope=SimpleNamespace(resource_id="rt", memory_limit_mb=96, execution_timeout_ms=5_000)
                ),
            ),
            Bindings(),
            group,
        )


@pytest.mark.parametrize("depth", range(1, 6))
def test_counts_of_every_generation_count_for_the_first(depth: int) -> None:
    first = group = NestedGroup(NestedHostPolicy(max_runtimes=2, max_total_resources=2))
    for _ in range(depth):
        below = narrow_policy(ChildPolicy(max_runtimes=50, max_total_resources=50), group)
        assert below is not None
        group = below
    release = group.claim(app_server=False)
    group.claim(app_server=False)
    with pytest.raises(QuotaExceededError, match="max_total_resources is used up: 2/2"):
        group.claim(app_server=True)
    release()
    release()
    assert first.runtimes == 1


def test_fetch_is_inherited_only_below_one_that_inherits() -> None:
    with pytest.raises(ConfigurationError, match="does not let fetch be inherited"):
        narrow_policy(ChildPolicy(fetch="inherit"), NestedGroup(NestedHostPolicy()))
    inheriting = NestedGroup(NestedHostPolicy(fetch="inherit"))
    default = narrow_policy(True, inheriting)
    assert default is not None
    assert default.policy.fetch == "disabled"
    assert narrow_policy(False, inheriting) is None
