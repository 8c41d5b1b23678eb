"""Host half of async context, which only says that the guest half is to be installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.async_context import contract

if TYPE_CHECKING:
    from isolatejs.capabilities.scope import RuntimeScope


class AsyncContextHost:
    """One per runtime; it holds nothing."""

    name: ClassVar[str] = "async_context"
    contract: ClassVar = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        """The arguments that every host half takes; neither is used."""

    def grant(self) -> dict[str, Any]:
        return {}

    async def close(self) -> None:
        """Nothing is held."""
