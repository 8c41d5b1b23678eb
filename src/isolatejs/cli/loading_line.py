"""The line on a terminal that says that packages are being loaded, for as long as a program waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

    from isolatejs.capabilities.modules.progress import ModuleProgress
    from isolatejs.cli.output import Terminal

SHOWN_AFTER_S: Final = 0.5
"""Loading that takes less than this flickers more than it tells."""
REDRAWN_AFTER_S: Final = 0.1
_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class LoadingLine:
    """Shows what `ModuleResolver.on_progress` tells. Leaving the context takes the line away."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._loading: dict[str, ModuleProgress] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._frame = 0

    def progress(self, progress: ModuleProgress) -> None:
        """One runtime's modules so far. The line is there while any runtime loads."""
        if progress.done:
            self._loading.pop(progress.runtime_id, None)
            if not self._loading:
                self._hide()
            return
        self._loading[progress.runtime_id] = progress
        if self._timer is None and self._terminal.has_status:
            self._timer = asyncio.get_running_loop().call_later(SHOWN_AFTER_S, self._draw)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loading.clear()
        self._hide()

    def _draw(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(REDRAWN_AFTER_S, self._draw)
        self._frame = (self._frame + 1) % len(_FRAMES)
        modules = sum(progress.modules for progress in self._loading.values())
        megabytes = sum(progress.size_bytes for progress in self._loading.values()) / 1e6
        noun = "module" if modules == 1 else "modules"
        self._terminal.show_status(f"{_FRAMES[self._frame]} Loading {modules:,} {noun}, {megabytes:.1f} MB")

    def _hide(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._terminal.show_status("")
