"""What every callback of the embedder is told about the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isolatejs.web import AbortSignal


@dataclass(frozen=True, slots=True)
class HostCallContext:
    """On whose behalf a callback runs.

    `signal` aborts when the call is no longer wanted: the program cancelled it, its request was aborted, or
    the runtime ended. `runtime_id` names the sandbox, `resource_id` the handle that the embedder holds,
    `request_id` and `metadata` are those given to `handle()`, None and empty outside a request.
    """

    signal: AbortSignal
    runtime_id: str
    resource_id: str
    request_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
