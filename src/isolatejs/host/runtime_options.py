"""The options that every kind of runtime shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
from isolatejs.host.nested_group import NestedGroup
from isolatejs.host.options import coerce_options
from isolatejs.limits import MEMORY_LIMIT_MB

if TYPE_CHECKING:
    from isolatejs.host.parent import Parent


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """What every kind of runtime is made with, as the embedder gave it. `nested` is None when it may not nest."""

    bindings: Any = None
    cwd: str = "/"
    key: str | None = None
    execution_timeout_ms: float | None = None
    memory_limit_mb: int = MEMORY_LIMIT_MB
    nested: NestedGroup | None = None
    typecheck: Any = False
    parent: Parent | None = None
    """Whose program creates it; None for the embedder's own runtimes."""


def nested_group(nested_host: Any) -> NestedGroup | None:
    """What `nested_host=` means: None and True are the defaults, False is no nested hosts."""
    if nested_host is False:
        return None
    given = None if nested_host is True else nested_host
    return NestedGroup(coerce_options(NestedHostPolicy, given, "nested_host"))
