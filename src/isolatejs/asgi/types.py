"""The parts of the ASGI specification (version 3.0, HTTP and WebSocket 2.4) that are used here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
MetadataOf = Callable[[Scope], Mapping[str, Any]]
"""What the embedder's callbacks find in `HostCallContext.metadata`, from the scope of a request."""
