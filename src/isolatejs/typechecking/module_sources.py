"""Programs that import from a module resolver: the checker says what it misses, the resolver provides it.

No source is scanned for imports here. The checker reports each specifier that it cannot find; the resolver is
asked for it as the runtime would ask; then the program is checked again with the new files. What a specifier
of a resolver means is remembered, so that the next check needs no new configuration.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from isolatejs.capabilities.call_context import HostCallContext
from isolatejs.capabilities.modules.bindings import ModuleResolver, as_module_resolver
from isolatejs.capabilities.modules.module_finder import ModuleFinder
from isolatejs.capabilities.modules.source_cache import SourceCache
from isolatejs.errors import IsolateError
from isolatejs.limits import TYPECHECK_SOURCE_LIMIT_BYTES
from isolatejs.typechecking.diagnostics import attribute_type_at, is_missing_module, specifier_at
from isolatejs.typechecking.known_modules import REMEMBERED_LIMIT, KnownModules, Meanings, Wanted
from isolatejs.typechecking.lines import NO_LINE
from isolatejs.typechecking.source_files import SourceFile, asset_file, source_file
from isolatejs.web import AbortController
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.typechecking.check import CheckRequest, RunCheck
    from isolatejs.typechecking.checker import FileReport

ROUNDS_LIMIT: Final = 64
"""Depth of the import graph that is followed; each round finds one more level."""
MODULES_LIMIT: Final = REMEMBERED_LIMIT
"""Modules that one program may pull into a check."""

_BARE: Final = re.compile(r"(?![./]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_EXTENSIONS: Final = {"ts": ".ts", "tsx": ".tsx", "jsx": ".jsx", "js": ".js", "unknown": ".ts"}


class Module(Protocol):
    """What a resolver finds: a place as the program sees it, a format, a language, and bytes."""

    @property
    def path(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def source(self) -> bytes: ...


async def reports_with_modules(
    request: CheckRequest, modules: Any, run: RunCheck, known_modules: KnownModules
) -> list[FileReport]:
    """Check a request, loading what it imports from the resolver `modules`."""
    sources, options, packages = sources_of(modules)
    known = known_modules.of(modules)
    remaining_ms = request.timeout_ms
    request = _with_defaults(request, options, packages)
    files = {file.path: file for file in request.files}
    tried: set[Wanted] = set()
    for wanted in tuple(known.loads):
        importer = files.get(wanted[1])
        if importer is not None and wanted[0] in importer.text:
            tried.add(wanted)
            await _provide(sources, *wanted, files, known)
    for _ in range(ROUNDS_LIMIT):
        everything = tuple(files.values())
        current = replace(
            request,
            files=everything,
            timeout_ms=max(remaining_ms, 0),
            checked=tuple(file for file in everything if file.is_code),
            config=replace(
                request.config,
                imports={**request.config.imports, **known.imports},
                declarations="\n".join([request.config.declarations, *known.ambient.values()]),
            ),
        )
        began = time.monotonic()
        reports = await run(current)
        remaining_ms -= (time.monotonic() - began) * 1000
        size = sum(len(file.text) for file in everything)
        missing = [wanted for wanted in await asyncio.to_thread(_missing, reports) if wanted not in tried]
        if not missing or len(files) > MODULES_LIMIT or size > TYPECHECK_SOURCE_LIMIT_BYTES:
            break
        tried.update(missing)
        found = [await _provide(sources, *wanted, files, known) for wanted in missing]
        if not any(found):
            break
    own = {file.path for file in request.checked}
    return [report for report in reports if report.file.path in own]


class ModuleSources(Protocol):
    """Anything that finds modules as a resolver's finder does; None for no such module."""

    async def find_module(self, specifier: str, importer: str, type: str) -> Module | None: ...


class ResolverSources:
    """The modules of a resolver, as a runtime would find them."""

    def __init__(self, resolver: ModuleResolver) -> None:
        self._finder = ModuleFinder(resolver, SourceCache())

    async def find_module(self, specifier: str, importer: str, type: str) -> Module | None:
        try:
            found, _ = await self._finder.find(specifier, importer, "import", type, set(), _context)
        except (IsolateError, GuestVisibleError):
            return None  # the checker's own error names the place of the import
        return found


def _context() -> HostCallContext:
    return HostCallContext(signal=AbortController().signal, runtime_id="typecheck", resource_id="typecheck")


def sources_of(modules: Any) -> tuple[ModuleSources, dict[str, str], str | None]:
    """Where modules come from, the compiler options of a resolver, and its first folder of packages.

    Raises ConfigurationError when `modules` is no resolver.
    """
    if hasattr(modules, "find_module"):
        return modules, {}, None
    resolver = as_module_resolver(modules)
    packages = resolver.mounts[0].tree.root if resolver.mounts else None
    return ResolverSources(resolver), {"jsxImportSource": resolver.options.jsx_import_source}, packages


def _with_defaults(request: CheckRequest, options: dict[str, str], packages: str | None) -> CheckRequest:
    """Let a resolver add its options and packages where the caller gave none."""
    config = replace(request.config, options={**options, **request.config.options})
    if packages is None or config.node_modules is not None:
        return replace(request, config=config)
    return replace(request, config=replace(config, node_modules=packages))


def _missing(reports: list[FileReport]) -> list[Wanted]:
    """Every import that was not found, as far as it can be looked for."""
    found: dict[Wanted, None] = {}
    for report in reports:
        items = [item for item in report.items or () if is_missing_module(item)][:MODULES_LIMIT]
        lines = report.lines(items)
        for item in items:
            line = lines.get(item.range.start.line, NO_LINE)
            found[specifier_at(item, line), report.file.path, attribute_type_at(item, line)] = None
    return list(found)[:MODULES_LIMIT]


async def _provide(
    sources: ModuleSources,
    specifier: str,
    importer: str,
    type: str,
    files: dict[str, SourceFile],
    known: Meanings,
) -> bool:
    """Load one import and make it findable. False when the resolver has none."""
    module = await sources.find_module(specifier, importer, type)
    if module is None:
        return False
    known.loads[specifier, importer, type] = None
    if _BARE.match(specifier) and module.format not in ("module", "json"):
        known.ambient[specifier] = _ambient(specifier, module.format)
        return True
    file = _file_of(module)
    files.setdefault(file.path, file)
    if _BARE.match(specifier) or ":" in specifier.partition("/")[0]:
        known.imports[specifier] = f"root{file.path}"
    else:
        asked = posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))
        if asked != file.path:
            known.imports[f"./root{asked}"] = f"root{file.path}"
    return True


def _file_of(module: Module) -> SourceFile:
    text = module.source.decode("utf-8", "replace")
    path = posixpath.normpath("/" + module.path.partition("?")[0])
    if module.format in ("text", "bytes", "wasm"):
        return asset_file(path, text)
    if module.format == "json":
        return source_file(path if path.endswith(".json") else f"{path}.json", text)
    extension = ".cjs" if module.format == "commonjs" else _EXTENSIONS.get(module.language, ".ts")
    known = posixpath.splitext(path)[1] in (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")
    return source_file(path if known else path + extension, text)


def _ambient(specifier: str, format: str) -> str:
    quoted = specifier.replace("\\", "\\\\").replace('"', '\\"')
    if format == "text":
        return f'declare module "{quoted}" {{ const text: string; export default text; }}'
    if format == "bytes":
        return f'declare module "{quoted}" {{ const bytes: Uint8Array; export default bytes; }}'
    return f'declare module "{quoted}";'
