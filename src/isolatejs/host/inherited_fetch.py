"""The fetch binding of an embedder as the children of its runtime use it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.call_context import HostCallContext
from isolatejs.capabilities.fetch.bindings import as_fetch_callback, web_socket_opener
from isolatejs.channel.current_call import call_of

if TYPE_CHECKING:
    from isolatejs.capabilities.fetch.bindings import WebSocketLike
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.web import Request


class InheritedFetch:
    """Calls the embedder's binding with a context that no program has chosen.

    Names of servers, request ids and metadata below a nested host are a program's own words: the binding sees in
    their place the embedder's own resource, and the request that the embedder's own runtime is answering.
    """

    def __init__(self, binding: Any, live: LiveRuntime) -> None:
        self.binding = binding
        self._fetch = as_fetch_callback(binding)
        self._sockets = web_socket_opener(binding)
        self._live = live

    async def __call__(self, request: Request, context: HostCallContext) -> Any:
        result: Any = self._fetch(request, self._own(context))
        return await result if inspect.isawaitable(result) else result

    @property
    def web_sockets(self) -> bool:
        """Whether the binding opens WebSockets."""
        return self._sockets is not None

    async def open_web_socket(
        self, url: str, protocols: tuple[str, ...], context: HostCallContext | None
    ) -> WebSocketLike:
        """A WebSocket of the binding."""
        assert self._sockets is not None
        own = None if context is None else self._own(context)
        return await self._sockets.open_web_socket(url, protocols, own)

    def _own(self, context: HostCallContext) -> HostCallContext:
        resource_id = self._live.scope.resource_id
        call = call_of(self._live.channel)
        if call is None or call.facts is None:
            return HostCallContext(context.signal, context.runtime_id, resource_id)
        return HostCallContext(
            context.signal, context.runtime_id, resource_id, call.facts.request_id, call.facts.metadata
        )
