"""Host half of modules: finds, reads and sends sources. Nothing of a module is ever executed here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.modules import contract
from isolatejs.channel.incoming import Reply
from isolatejs.limits import (
    MODULE_LOADS_LIMIT,
    MODULE_SPECIFIER_LIMIT_BYTES,
    MODULE_TYPE_LIMIT,
    MODULES_LIMIT,
)
from isolatejs.wire.errors import GuestVisibleError

from .bindings import as_module_resolver
from .contract import LoadAnswer, SentModule, TranspileAnswer
from .module_finder import ModuleFinder, not_found
from .progress import LoadingProgress
from .source_cache import SourceCache
from .transpiler import TranspileError, Transpiler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingCall, IncomingNote

    from .module_source import FoundModule

_cache = SourceCache()
_transpiler = Transpiler()


class ModulesHost:
    """One per runtime. Without bindings a program finds built-ins only."""

    name: ClassVar[str] = "modules"
    contract: ClassVar[Any] = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        self._resolver = as_module_resolver(bindings)
        self._scope = scope
        self._progress = LoadingProgress(self._resolver.progress_listener, scope)
        self._finder = ModuleFinder(self._resolver, _cache, self._progress.found)
        self._asked: dict[str, contract.LoadModule] = {}
        """How each module was first asked for: enough to find it again."""
        self._sent: set[str] = set()
        self._turns = asyncio.Semaphore(MODULE_LOADS_LIMIT)
        self._serves_sync = False
        self.pending = 0

    def grant(self) -> dict[str, Any]:
        virtual = {*self._resolver.virtual_modules, *self._resolver.virtual_files}
        return {
            "environment": dict(self._resolver.options.environment),
            "shadowed": sorted(name for name in virtual if not name.startswith(("/", "."))),
            "cwd": self._scope.cwd,
            "reportsLinking": self._progress.is_wanted,
            "keepsTypeImports": self._resolver.options.verbatim_module_syntax,
        }

    def load_module(self, message: contract.LoadModule, call: IncomingCall) -> Awaitable[Reply]:
        return self._in_turn(self._load(message, call), call)

    def read_module(self, message: contract.ReadModule, call: IncomingCall) -> Awaitable[Reply]:
        return self._in_turn(self._read(message, call), call)

    def modules_linked(self, message: contract.ModulesLinked, note: IncomingNote) -> None:
        self._progress.end()

    async def _load(self, message: contract.LoadModule, call: IncomingCall) -> Reply:
        for text in (message.specifier, message.importer):
            if _is_longer(text, MODULE_SPECIFIER_LIMIT_BYTES):
                raise not_found(message.specifier[:64] + "…", "the specifier or its importer is too long")
        if len(message.type) > MODULE_TYPE_LIMIT:
            raise not_found(message.specifier[:64], "the type of the import is too long")
        if not call.channel.serves_sync_call:  # while a program runs, nobody waits for it to start
            self._progress.begin()
        module, brought = await self._find(message, call, self._sent)
        modules = [found for found in (module, *brought) if found.id not in self._sent]
        self._remember(message, module, brought)
        return _answer(module, modules)

    async def _read(self, message: contract.ReadModule, call: IncomingCall) -> Reply:
        asked = self._asked.get(message.id)
        if asked is None:
            raise not_found(message.id[:256])
        module, _ = await self._find(asked, call, set())
        return _answer(module, [module])

    async def _in_turn(self, work: Coroutine[Any, Any, Reply], call: IncomingCall) -> Reply:
        """Few answers are made at once, and none while the program does not take those it has.

        A program that waits for a synchronous answer takes no other: that one does not wait, and is alone.
        """
        self.pending += 1
        try:
            if call.channel.serves_sync_call and not self._serves_sync:
                self._serves_sync = True
                try:
                    return await work
                finally:
                    self._serves_sync = False
            async with self._turns:
                await call.channel.wait_writable()
                return await work
        finally:
            self.pending -= 1
            work.close()

    async def transpile_source(self, message: contract.TranspileSource, call: IncomingCall) -> Reply:
        if len(call.attachments) != 1:
            raise GuestVisibleError("TypeError", "one source")
        try:
            code = await _transpiler.transpile(
                bytes(call.attachments[0]), message.language, self._resolver.options, self._scope.run_engine
            )
        except TranspileError as error:
            return Reply(TranspileAnswer(error=str(error)))
        except TimeoutError:
            return Reply(TranspileAnswer(error="the source took too long to transpile"))
        return Reply(TranspileAnswer(), [code])

    async def close(self) -> None:
        self._asked.clear()
        self._sent.clear()
        self._progress.end()

    async def _find(
        self, message: contract.LoadModule, call: IncomingCall, sent: set[str]
    ) -> tuple[FoundModule, list[FoundModule]]:
        return await self._finder.find(
            message.specifier,
            message.importer,
            message.kind,
            message.type,
            sent,
            lambda: self._scope.context(call),
        )

    def _remember(
        self, message: contract.LoadModule, module: FoundModule, brought: list[FoundModule]
    ) -> None:
        if len(self._asked) + len(brought) >= MODULES_LIMIT:
            raise GuestVisibleError(
                "Error", f"more than {MODULES_LIMIT} modules", code="ERR_TOO_MANY_MODULES"
            )
        self._asked.setdefault(module.id, message)
        self._sent.add(module.id)
        for found in brought:
            self._sent.add(found.id)
            self._asked.setdefault(
                found.id, contract.LoadModule(specifier=found.path, importer="/", kind=message.kind)
            )


def _is_longer(text: str, limit_bytes: int) -> bool:
    return len(text) > limit_bytes or len(text.encode(errors="replace")) > limit_bytes


def _answer(module: FoundModule, modules: list[FoundModule]) -> Reply:
    sent = [
        SentModule(
            id=found.id,
            path=found.path,
            format=found.format,
            language=found.language,
            certain=found.certain,
            edges=found.edges,
            is_static=found.is_static,
            node_style=found.node_style,
            query=found.query,
        )
        for found in modules
    ]
    return Reply(LoadAnswer(module.id, sent), [found.source for found in modules])
