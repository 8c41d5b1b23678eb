"""Programs that import from a module resolver: the checker says what it misses, the resolver provides it.

No source is scanned for imports here. The checker reports each specifier that it cannot find; the resolver is
asked for it as the runtime would ask; then the program is checked again with the new files. What a specifier
of a resolver means is remembered, so that the next check needs no new configuration.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from isolatejs.errors import ConfigurationError, IsolateError
from isolatejs.typechecking.check import CheckRequest, run_check
from isolatejs.typechecking.diagnostics import is_missing_module, specifier_at
from isolatejs.typechecking.source_files import SourceFile, source_file

if TYPE_CHECKING:
    from isolatejs.typechecking.checker import FileReport

ROUNDS_LIMIT: Final = 64
"""Depth of the import graph that is followed; each round finds one more level."""
MODULES_LIMIT: Final = 2_000
"""Modules that one program may pull into a check."""

_BARE: Final = re.compile(r"(?![./]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_EXTENSIONS: Final = {"ts": ".ts", "tsx": ".tsx", "jsx": ".jsx", "js": ".js", "unknown": ".ts"}


class Module(Protocol):
    """What a resolver finds: a place as the program sees it, a format, a language, and bytes."""

    path: str
    format: str
    language: str
    source: bytes


Load = Callable[[str, str], Awaitable[Module | None]]


@dataclass
class _Known:
    """What specifiers of one resolver have meant so far."""

    loads: dict[tuple[str, str], None] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    ambient: dict[str, str] = field(default_factory=dict)


_known: weakref.WeakKeyDictionary[Any, _Known] = weakref.WeakKeyDictionary()


async def reports_with_modules(request: CheckRequest, modules: Any) -> list[FileReport]:
    """Check a request, loading what it imports from the resolver `modules`."""
    load = loader_of(modules)
    known = _known.setdefault(modules, _Known())
    files = {file.path: file for file in request.files}
    tried: set[tuple[str, str]] = set()
    for wanted in tuple(known.loads):
        importer = files.get(wanted[1])
        if importer is not None and wanted[0] in importer.text:
            tried.add(wanted)
            await _provide(load, *wanted, files, known)
    for _ in range(ROUNDS_LIMIT):
        everything = tuple(files.values())
        current = replace(
            request,
            files=everything,
            checked=tuple(file for file in everything if file.is_code),
            config=replace(
                request.config,
                imports={**request.config.imports, **known.imports},
                declarations="\n".join([request.config.declarations, *known.ambient.values()]),
            ),
        )
        reports = await asyncio.to_thread(run_check, current)
        missing = [wanted for wanted in _missing(reports) if wanted not in tried]
        if not missing or len(files) > MODULES_LIMIT:
            break
        tried.update(missing)
        found = [await _provide(load, *wanted, files, known) for wanted in missing]
        if not any(found):
            break
    own = {file.path for file in request.checked}
    return [report for report in reports if report.file.path in own]


def loader_of(modules: Any) -> Load:
    """How to ask a resolver for what a specifier means. Raises ConfigurationError for anything else."""
    find = getattr(modules, "find_module", None)
    if find is None:
        raise ConfigurationError(f"modules: expected a module resolver, got {type(modules).__name__}")

    async def load(specifier: str, importer: str) -> Module | None:
        try:
            found: Module | None = await find(specifier, importer)
        except IsolateError:
            return None  # the error of the checker names the place where it is imported
        return found

    return load


def _missing(reports: list[FileReport]) -> list[tuple[str, str]]:
    """Specifier and importing path of every import that was not found."""
    return [
        (specifier_at(item, report.file.lines), report.file.path)
        for report in reports
        for item in report.items or ()
        if is_missing_module(item)
    ]


async def _provide(
    load: Load, specifier: str, importer: str, files: dict[str, SourceFile], known: _Known
) -> bool:
    """Load one import and make it findable. False when the resolver has none."""
    module = await load(specifier, importer)
    if module is None:
        return False
    if len(known.loads) < MODULES_LIMIT:
        known.loads[specifier, importer] = None
    if module.format in ("text", "bytes", "wasm") or (module.format == "commonjs" and _BARE.match(specifier)):
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
