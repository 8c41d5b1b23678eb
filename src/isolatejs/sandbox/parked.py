"""A session that was put aside: a paused sandbox that waits for its next owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sandbox import Sandbox


@dataclass(slots=True)
class ParkedSandbox:
    """`numbers` belong to the owner's channel (the last call id and reference); nobody here reads them.

    `kept` is what host halves keep alive for the next acquire in the same process (browser contexts, say).
    """

    sandbox: Sandbox
    numbers: tuple[int, int] = (0, 0)
    kept: dict[str, Any] = field(default_factory=dict)

    async def aclose(self) -> None:
        """End the session and what is kept for it."""
        for kept in self.kept.values():
            await kept.aclose()
        await self.sandbox.aclose()
