"""What the embedder passes as `fetch`: a callable, its own or one from `create_fetch_binding`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from isolatejs.capabilities.call_context import HostCallContext
    from isolatejs.web.request import Request
    from isolatejs.web.response import Response

__all__ = ["FetchCallback", "OpensWebSockets", "WebSocketLike", "as_fetch_callback", "web_socket_opener"]

FetchResult: TypeAlias = "Response | httpx.Response"
FetchCallback: TypeAlias = "Callable[[Request, HostCallContext], FetchResult | Awaitable[FetchResult]]"
"""`(request, context) -> Response | httpx.Response`, plain or async. It may take the request alone."""


class WebSocketLike(Protocol):
    """An open WebSocket, as `FetchBinding.open_web_socket` gives."""

    @property
    def protocol(self) -> str: ...
    @property
    def extensions(self) -> str: ...
    @property
    def close_code(self) -> int: ...
    @property
    def close_reason(self) -> str: ...
    async def send(self, message: str | bytes) -> None: ...
    async def receive(self) -> str | bytes | None: ...
    async def close(self, code: int = 1000, reason: str = "") -> None: ...
    def abort(self) -> None: ...


@runtime_checkable
class OpensWebSockets(Protocol):
    """A fetch binding that also lets a program open WebSockets while `web_sockets` is true."""

    @property
    def web_sockets(self) -> bool: ...

    async def open_web_socket(
        self, url: str, protocols: tuple[str, ...], context: HostCallContext | None
    ) -> WebSocketLike: ...


def as_fetch_callback(given: object) -> FetchCallback:
    """Check `bindings.fetch`. Raises ConfigurationError when it cannot be called with a request."""
    if not callable(given):
        raise ConfigurationError(
            "bindings.fetch must be a callable (request, context) -> Response, or create_fetch_binding(...), "
            f"not {type(given).__name__}"
        )
    taken = _positional_count(given)
    if taken is None or taken >= 2:
        return given
    if taken == 1:
        return lambda request, context: given(request)
    raise ConfigurationError("bindings.fetch must take a request, and may take a context")


def web_socket_opener(given: object) -> OpensWebSockets | None:
    """The binding itself when it opens WebSockets, else None."""
    return given if isinstance(given, OpensWebSockets) and given.web_sockets else None


def _positional_count(function: Callable[..., Any]) -> int | None:
    """How many positional arguments it takes; None for any number, or when that cannot be known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in parameters)
