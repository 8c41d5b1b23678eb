"""The one list of capabilities, host side. Adding one is a folder and a line here and in registry.js."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from isolatejs.capabilities.scope import RuntimeScope


class HostHalf(Protocol):
    """The host half of a capability, one per runtime."""

    name: ClassVar[str]
    contract: ClassVar[Any]

    def grant(self) -> dict[str, Any]:
        """What the guest half is told at boot, as JSON."""
        ...

    async def close(self) -> None:
        """Release what the half holds; called once, when the sandbox is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Capability:
    """Where a capability's host half is, and when a runtime gets it.

    `binding` is the field of `Bindings` that grants it; None means that every runtime has it, or that a kind
    of runtime asks for it by name. `when_absent` keeps the half in place when the binding is not given.
    """

    name: str
    half: str
    binding: str | None = None
    always: bool = False
    when_absent: bool = False

    def load(self) -> Any:
        """The class of the host half."""
        module = importlib.import_module(f"isolatejs.capabilities.{self.name}.host")
        return getattr(module, self.half)


CAPABILITIES: tuple[Capability, ...] = (
    Capability("evaluation", "EvaluationHost", always=True),
    Capability("host_events", "HostEvents", always=True),
    Capability("async_context", "AsyncContextHost", always=True),
    Capability("console", "ConsoleHost", binding="console", when_absent=True),
    Capability("tools", "ToolsHost", binding="tools"),
    Capability("fetch", "FetchHost", binding="fetch"),
    Capability("files", "FilesHost", binding="files"),
    Capability("testing", "TestingHost"),
    Capability("modules", "ModulesHost", binding="modules", when_absent=True),
    Capability("serve", "ServeHost"),
    Capability("nested_host", "NestedHostHalf"),
    Capability("browser", "BrowserHost", binding="browser"),
)


def build_halves(
    bindings: Any, scope: RuntimeScope, extra: dict[str, Any] | None = None
) -> dict[str, HostHalf]:
    """The host halves of a runtime: what every runtime has, what its bindings grant, and what `extra` names."""
    halves: dict[str, HostHalf] = {}
    for capability in CAPABILITIES:
        given = getattr(bindings, capability.binding) if capability.binding else None
        if extra is not None and capability.name in extra:
            given = extra[capability.name]
        elif not capability.always and not capability.when_absent and given is None:
            continue
        halves[capability.name] = capability.load()(given, scope)
    return halves
