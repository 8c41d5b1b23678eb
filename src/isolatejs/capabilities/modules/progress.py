"""How far the loading of a program's modules is, for whoever shows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isolatejs.capabilities.events import call_event_handler
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from isolatejs.capabilities.scope import RuntimeScope

    from .module_source import FoundModule

_logger = program_logger("isolatejs.modules")


@dataclass(frozen=True, slots=True)
class ModuleProgress:
    """What a program that waits for its imports has been given so far: `modules` with together `size_bytes`.

    `runtime_id` names the sandbox, `key` is the one that the embedder gave to the runtime. The last of a row
    has `done`: everything is there and linked, or has failed, and the program goes on.
    """

    runtime_id: str
    key: str | None
    modules: int
    size_bytes: int
    done: bool


class LoadingProgress:
    """Counts what one runtime loads and tells `listener`, on the event loop of the runtime."""

    def __init__(self, listener: Callable[[ModuleProgress], object] | None, scope: RuntimeScope) -> None:
        self._listener = listener
        self._scope = scope
        self._loop: asyncio.AbstractEventLoop | None = None
        self._modules = 0
        self._size_bytes = 0

    @property
    def is_wanted(self) -> bool:
        """Whether anybody listens."""
        return self._listener is not None

    def begin(self) -> None:
        """The program asks for a module."""
        if self._listener is not None and self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._modules = self._size_bytes = 0
            self._tell(done=False)

    def found(self, module: FoundModule) -> None:
        """A module was found, which is sent with the next answer. Called from any thread."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._count, len(module.source))

    def end(self) -> None:
        """Nothing waits for modules any more."""
        if self._loop is not None:
            self._loop = None
            self._tell(done=True)

    def _count(self, size_bytes: int) -> None:
        if self._loop is not None:
            self._modules += 1
            self._size_bytes += size_bytes
            self._tell(done=False)

    def _tell(self, *, done: bool) -> None:
        if self._listener is not None:
            scope = self._scope
            progress = ModuleProgress(scope.runtime_id, scope.key, self._modules, self._size_bytes, done)
            call_event_handler(self._listener, progress, logger=_logger)
