"""What a host half knows of the runtime that it serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from isolatejs.capabilities.call_context import HostCallContext
from isolatejs.limits import MEMORY_LIMIT_MB
from isolatejs.web.program_log import ProgramLogger, program_logger

if TYPE_CHECKING:
    from isolatejs.channel.channel import Channel
    from isolatejs.channel.current_call import CurrentCall
    from isolatejs.channel.incoming import IncomingNote
    from isolatejs.web import AbortSignal


class RequestFacts(Protocol):
    """One request that a program is answering; calls made on its behalf carry these."""

    @property
    def request_id(self) -> str | None: ...

    @property
    def metadata(self) -> Mapping[str, Any]: ...

    @property
    def signal(self) -> AbortSignal: ...

    @property
    def origin(self) -> CurrentCall | None:
        """The call of the parent's program that led to it, in a child of a nested host."""
        ...


@dataclass(slots=True)
class RuntimeScope:
    """One runtime, as its host halves see it.

    `resource_id` names the handle that the embedder holds (a server keeps its own across sandboxes);
    `fail` ends the runtime with an error; `run_engine` runs the engine once behind the same wall, on files.
    """

    runtime_id: str
    resource_id: str
    signal: AbortSignal
    key: str | None = None
    cwd: str = "/"
    memory_limit_mb: int = MEMORY_LIMIT_MB
    execution_timeout_ms: float | None = None
    channel: Channel = None  # type: ignore[assignment]  # set before the first message
    fail: Callable[[BaseException], None] = lambda error: None
    run_engine: Callable[..., Awaitable[Any]] | None = None
    requests: dict[int, RequestFacts] = field(default_factory=dict)
    logger: ProgramLogger = field(default_factory=lambda: program_logger("isolatejs.runtime"))

    def context(self, call: IncomingNote) -> HostCallContext:
        """The context that the embedder's callback gets for this call."""
        return self.context_for(self.requests.get(call.scope_id))

    def context_for(self, facts: RequestFacts | None) -> HostCallContext:
        """The same, for what is done on behalf of a request, or of none."""
        if facts is None:
            return HostCallContext(self.signal, self.runtime_id, self.resource_id, None, {})
        return HostCallContext(
            facts.signal, self.runtime_id, self.resource_id, facts.request_id, facts.metadata
        )
