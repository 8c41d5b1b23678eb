"""What an embedder allows the nested hosts of a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from isolatejs.errors import ConfigurationError
from isolatejs.limits import (
    NESTED_EXECUTION_TIMEOUT_MS,
    NESTED_MEMORY_LIMIT_MB,
    NESTED_RESOURCES_LIMIT,
    NESTED_RUNTIMES_LIMIT,
    NESTED_SERVERS_LIMIT,
)

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.contract import ChildOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedHostPolicy:
    """Limits over all descendants of a runtime, however deep. A child's limits never exceed its parent's.

    `fetch`                          "inherit" lets children use the parent's fetch binding.
    `max_total_resources`            runtimes and app servers that exist at once, sessions put aside included.
    `max_runtimes`                   script, test and namespaced runtimes of those.
    `max_app_servers`                app servers of those.
    `max_memory_limit_mb`            largest memory limit of one child, and its default.
    `max_total_memory_mb`            memory of the runtime and all its descendants together, on top of what their
                                     engines use themselves; None is the runtime's own `memory_limit_mb`.
    `max_execution_timeout_ms`       longest time limit of one execution in a child, and its default.
    `max_app_server_lifetime_ms`     how long an app server may live; None is as long as its parent.
    """

    fetch: Literal["inherit", "disabled"] = "disabled"
    max_total_resources: int = NESTED_RESOURCES_LIMIT
    max_runtimes: int = NESTED_RUNTIMES_LIMIT
    max_app_servers: int = NESTED_SERVERS_LIMIT
    max_memory_limit_mb: int = NESTED_MEMORY_LIMIT_MB
    max_total_memory_mb: int | None = None
    max_execution_timeout_ms: float = NESTED_EXECUTION_TIMEOUT_MS
    max_app_server_lifetime_ms: float | None = None

    def __post_init__(self) -> None:
        if self.fetch not in ("inherit", "disabled"):
            raise ConfigurationError(f'nested_host.fetch: "inherit" or "disabled", not {self.fetch!r:.80}')
        for name in ("max_total_resources", "max_runtimes", "max_app_servers", "max_memory_limit_mb"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigurationError(f"nested_host.{name}: a whole number from 0 up, not {value!r:.80}")
        most = self.max_total_memory_mb
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most <= 0):
            raise ConfigurationError(
                f"nested_host.max_total_memory_mb: a positive whole number, not {most!r:.80}"
            )
        for name in ("max_execution_timeout_ms", "max_app_server_lifetime_ms"):
            value = getattr(self, name)
            optional = name == "max_app_server_lifetime_ms" and value is None
            if not optional and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0
            ):
                raise ConfigurationError(
                    f"nested_host.{name}: a positive number of milliseconds, not {value!r:.80}"
                )


class NestedServer(Protocol):
    """An app server that a program created."""

    async def handle_request(
        self, request: Any, request_id: str | None, metadata: Mapping[str, Any]
    ) -> Any: ...
    async def reload(self, reason: str | None) -> None: ...
    async def open_socket(self, connection: str) -> None: ...
    async def send_message(self, connection: str, data: Any) -> None: ...
    async def close_socket(self, connection: str, code: int, reason: str) -> None: ...
    async def fail_socket(self, connection: str, message: str) -> None: ...


class NestedBroker(Protocol):
    """Creates and uses children on behalf of one runtime's program; the host layer provides it.

    `host` is the number of a nested host of the program, `id` that of a child. The methods raise IsolateErrors.
    """

    async def open_runtime(
        self, host: int, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]: ...
    async def open_test_runtime(
        self, host: int, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]: ...
    async def open_session(
        self, host: int, key: str, options: ChildOptions, bindings: Mapping[str, Any]
    ) -> tuple[int, str]: ...
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
    ) -> tuple[int, str]: ...

    async def evaluate(self, id: int, code: str, filename: str | None, timeout_ms: float | None) -> Any: ...
    async def run_tests(self, id: int, code: str, filename: str | None, timeout_ms: float | None) -> Any: ...
    def watch_tests(self, id: int, handler: Any) -> int: ...
    def watch_event(self, id: int, name: str, handler: Any) -> int: ...
    def stop_watching(self, id: int, listener: int) -> None: ...
    async def emit(self, id: int, name: str, payload: Any) -> None: ...
    def server(self, id: int) -> NestedServer: ...
    async def describe_child(self, id: int) -> Any: ...
    async def dispose_child(self, id: int, *, hard: bool, reason: str | None) -> None: ...

    async def dispose_namespace(self, host: int, key: str, reason: str | None) -> bool: ...
    def describe(self, host: int) -> dict[str, Any]: ...
    async def close_host(self, host: int) -> None: ...
    def attach(self, live: Any) -> None: ...
    def put_aside(self) -> Any: ...
    def take_over(self, fresh: Any) -> None: ...
    async def aclose(self) -> None: ...
    async def close(self) -> None: ...
