"""`typecheck`: full TypeScript checking of a program against a profile, in a sandbox.

A check in a process that nobody has used takes about half a second, less when one has been started ahead; the
next one of the same tenant takes some ten milliseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.options import nearest_name
from isolatejs.capabilities.tools.declarations import tool_types
from isolatejs.errors import ConfigurationError
from isolatejs.limits import TYPECHECK_ERRORS_LIMIT, TYPECHECK_SOURCE_LIMIT_BYTES, TYPECHECK_TIMEOUT_MS
from isolatejs.typechecking.checker import Checker, FileReport
from isolatejs.typechecking.diagnostics import (
    CANNOT_FIND_MODULE,
    TypecheckDiagnostic,
    diagnostic_from_server,
)
from isolatejs.typechecking.known_modules import KnownModules
from isolatejs.typechecking.language_server import CheckFailedError
from isolatejs.typechecking.lines import NO_LINE
from isolatejs.typechecking.node_modules import async_hooks_types, uses_node_modules
from isolatejs.typechecking.packages import imported_packages
from isolatejs.typechecking.profiles import TypeProfile, get_type_profile
from isolatejs.typechecking.scopes import DEFAULT_OPTIONS, ScopeConfig
from isolatejs.typechecking.server_messages import ERROR, Item, Position, Range
from isolatejs.typechecking.source_files import SourceFile, source_files
from isolatejs.typechecking.standalone import standalone_checks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from isolatejs.sandbox.confinement import Confinement

    RunCheck = Callable[["CheckRequest"], Awaitable[list[FileReport]]]
    """Lets some checker work on a request."""

COMPILER_OPTIONS: Final = frozenset(
    """
    allowJs allowUnreachableCode allowUnusedLabels checkJs emitDecoratorMetadata erasableSyntaxOnly
    exactOptionalPropertyTypes experimentalDecorators isolatedDeclarations jsx jsxFactory jsxFragmentFactory
    jsxImportSource keyofStringsOnly noErrorTruncation noFallthroughCasesInSwitch noImplicitAny
    noImplicitOverride noImplicitReturns noImplicitThis noImplicitUseStrict noPropertyAccessFromIndexSignature
    noUncheckedIndexedAccess noUnusedLocals noUnusedParameters strict strictBindCallApply
    strictBuiltinIteratorReturn strictFunctionTypes strictNullChecks strictPropertyInitialization
    useDefineForClassFields useUnknownInCatchVariables verbatimModuleSyntax
    """.split()
)
"""TypeScript options that a caller may set. The others are fixed by how programs run."""


@dataclass(frozen=True)
class TypecheckResult:
    """`success` is true when `errors` is empty."""

    errors: tuple[TypecheckDiagnostic, ...] = ()

    @property
    def success(self) -> bool:
        return not self.errors


@dataclass(frozen=True)
class CheckRequest:
    """The arguments of `typecheck`, validated."""

    files: tuple[SourceFile, ...]
    config: ScopeConfig
    timeout_ms: float = TYPECHECK_TIMEOUT_MS
    checked: tuple[SourceFile, ...] = ()
    virtual: Mapping[str, str] = field(default_factory=dict)


def typecheck(
    code: str,
    files: Mapping[str, str] | None = None,
    profile: str = "backend",
    capabilities: Iterable[str] = (),
    library_types: Mapping[str, str | Mapping[str, str]] | None = None,
    compiler_options: Mapping[str, Any] | None = None,
    filename: str = "/index.ts",
    tools: Mapping[str, Any] | None = None,
    modules: Any = None,
    node_modules: str | os.PathLike[str] | None = None,
    timeout_ms: float = TYPECHECK_TIMEOUT_MS,
    tenant: str | None = None,
    confinement: Confinement = "require",
) -> TypecheckResult:
    """Check a program as TypeScript, offline, without running it.

    `files` are further sources by path, which the program may import and which are checked too. `profile` and
    `capabilities` say what its runtime has; `tools` (as in the bindings) become typed global functions.
    `modules` is a module resolver whose sources the program may import, `node_modules` a folder of packages
    with their types. `library_types` maps a module's specifier, or the name of a `.d.ts` file with global
    declarations, to its text, or to several files by relative path (`index.d.ts` is the entry).
    `compiler_options` are TypeScript's; default is `strict` without `noImplicitAny`. A file named `.js` is
    checked as JavaScript.

    The checker is a sandbox. Without a `tenant` it is used for this program alone; checks that name the same
    tenant share a warm one, so give a name to what may see each other. `confinement` is that of a host.

    Never raises for a program: one that cannot be checked gets an error with code 0. Raises
    ConfigurationError for wrong arguments, ConfinementError where no sandbox starts. Inside a running event
    loop use `typecheck_async`.
    """
    request = check_request(
        code,
        get_type_profile(profile, capabilities),
        files=files,
        library_types=library_types,
        compiler_options=compiler_options,
        filename=filename,
        tools=tools,
        node_modules=node_modules,
        timeout_ms=timeout_ms,
    )
    checks = standalone_checks(confinement)
    if modules is None:
        return checks.submit(tenant, lambda checker: _checked(request, checker)).result()
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_check_alone(request, modules, tenant, confinement))
    raise ConfigurationError("modules: inside a running event loop use typecheck_async")


async def typecheck_async(
    code: str,
    files: Mapping[str, str] | None = None,
    profile: str = "backend",
    capabilities: Iterable[str] = (),
    library_types: Mapping[str, str | Mapping[str, str]] | None = None,
    compiler_options: Mapping[str, Any] | None = None,
    filename: str = "/index.ts",
    tools: Mapping[str, Any] | None = None,
    modules: Any = None,
    node_modules: str | os.PathLike[str] | None = None,
    timeout_ms: float = TYPECHECK_TIMEOUT_MS,
    tenant: str | None = None,
    confinement: Confinement = "require",
) -> TypecheckResult:
    """`typecheck` for asyncio: the event loop goes on while the checker works."""
    request = check_request(
        code,
        get_type_profile(profile, capabilities),
        files=files,
        library_types=library_types,
        compiler_options=compiler_options,
        filename=filename,
        tools=tools,
        node_modules=node_modules,
        timeout_ms=timeout_ms,
    )
    return await _check_alone(request, modules, tenant, confinement)


async def check(
    request: CheckRequest, run: RunCheck, modules: Any = None, known: KnownModules | None = None
) -> TypecheckResult:
    """Let a checker work on a request, with the sources of a module resolver.

    `known` is what earlier imports of the same tenant have meant.
    """
    if modules is None:
        reports = await run(request)
    else:
        from isolatejs.typechecking.module_sources import reports_with_modules

        reports = await reports_with_modules(request, modules, run, known or KnownModules())
    return await asyncio.to_thread(_result, reports)


async def _check_alone(
    request: CheckRequest, modules: Any, tenant: str | None, confinement: Confinement
) -> TypecheckResult:
    """A check without a host. The resolver is asked on this event loop, its checker lives on another."""
    checks = standalone_checks(confinement)
    if modules is None:
        done = checks.submit(tenant, lambda checker: _checked(request, checker))
        return await asyncio.wrap_future(done)
    alone = f"\0{uuid.uuid4()}"  # one process for all rounds of this check, and for no other

    async def run(asked: CheckRequest) -> list[FileReport]:
        return await asyncio.wrap_future(
            checks.submit(tenant or alone, lambda checker: run_check(asked, checker))
        )

    try:
        return await check(request, run, modules, None if tenant is None else checks.known_modules(tenant))
    finally:
        if tenant is None:
            checks.forget(alone)


async def _checked(request: CheckRequest, checker: Checker) -> TypecheckResult:
    return await check(request, lambda asked: run_check(asked, checker))


def check_request(
    code: str,
    profile: TypeProfile,
    *,
    files: Mapping[str, str] | None = None,
    library_types: Mapping[str, str | Mapping[str, str]] | None = None,
    compiler_options: Mapping[str, Any] | None = None,
    filename: str = "/index.ts",
    tools: Mapping[str, Any] | None = None,
    node_modules: str | os.PathLike[str] | None = None,
    timeout_ms: float = TYPECHECK_TIMEOUT_MS,
    always_typescript: bool = False,
) -> CheckRequest:
    """Validate the arguments of `typecheck`. Raises ConfigurationError.

    With `always_typescript` a program named `.js` may use types, as one that is evaluated may.
    """
    sources = source_files(code, filename, files, always_typescript=always_typescript)
    size = sum(len(source.text) for source in sources)
    if size > TYPECHECK_SOURCE_LIMIT_BYTES:
        raise ConfigurationError(
            f"code: {size} characters in all files (limit {TYPECHECK_SOURCE_LIMIT_BYTES})"
        )
    uses_node = any(uses_node_modules(source.text) for source in sources)
    declarations = [profile.text_with_node if uses_node else profile.text]
    if tools:
        declarations.append(tool_types(tools))
    ambient, library_files, imports = _libraries(library_types or {})
    if any("async_hooks" in source.text for source in sources):
        library_files["async_hooks.d.ts"] = async_hooks_types()
        imports |= dict.fromkeys(("node:async_hooks", "async_hooks"), "types/async_hooks.d.ts")
    packages = None if node_modules is None else os.path.realpath(node_modules)
    if packages is not None and not Path(packages).is_dir():
        raise ConfigurationError(f"node_modules: {str(node_modules)!r} is not a folder")
    config = ScopeConfig(
        declarations="\n".join([*declarations, *ambient]),
        options=_options(compiler_options or {}),
        modules=library_files,
        imports=imports,
        uses_node=uses_node,
        granted_node_modules=("test",) if "tests" in profile.capabilities else (),
        node_modules=packages,
        packages_version=0 if packages is None else Path(packages).stat().st_mtime_ns,
    )
    return CheckRequest(
        files=tuple(sources),
        config=config,
        timeout_ms=timeout_ms,
        checked=tuple(source for source in sources if source.is_code),
    )


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in options.items():
        if name not in COMPILER_OPTIONS:
            near = nearest_name(name, COMPILER_OPTIONS)
            hint = " or it is fixed" if near is None else f", did you mean {near!r}?"
            raise ConfigurationError(f"compiler_options: unknown option {name!r}{hint}")
        if not isinstance(value, bool | str):
            raise ConfigurationError(
                f"compiler_options.{name}: expected a bool or str, got {type(value).__name__}"
            )
    return dict(options)


def _libraries(
    library_types: Mapping[str, str | Mapping[str, str]],
) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Split `library_types` into global declarations, files of modules, and import map entries."""
    ambient: list[str] = []
    files: dict[str, str] = {}
    imports: dict[str, str] = {}
    for index, (name, given) in enumerate(library_types.items()):
        if isinstance(given, str) and (name.endswith(".d.ts") or f'declare module "{name}"' in given):
            ambient.append(given)
            continue
        texts = {"index.d.ts": given} if isinstance(given, str) else dict(given)
        if "index.d.ts" not in texts:
            raise ConfigurationError(f"library_types[{name!r}]: index.d.ts is missing")
        for path, text in texts.items():
            if path.startswith("/") or ".." in path.split("/") or not path.endswith((".d.ts", ".ts")):
                raise ConfigurationError(f"library_types[{name!r}]: {path!r} is not a relative .d.ts path")
            files[f"{index}/{path}"] = text
            stem = path.removesuffix(".ts").removesuffix(".d")
            imports[f"{name}/{path}"] = imports[f"{name}/{stem}"] = f"types/{index}/{path}"
        imports[name] = f"types/{index}/index.d.ts"
    return ambient, files, imports


async def run_check(request: CheckRequest, checker: Checker) -> list[FileReport]:
    """Ask a checker; a program that it cannot cope with gets a report that says so."""
    try:
        config = await asyncio.to_thread(_with_packages, request)
        return await checker.check(config, request.files, request.checked, request.timeout_ms)
    except CheckFailedError as error:
        return [FileReport(request.files[0], [_failure(error.reason)])]


def _with_packages(request: CheckRequest) -> ScopeConfig:
    """The configuration with the packages that the files import."""
    config = request.config
    if config.node_modules is None:
        return config
    factory = str(config.options.get("jsxImportSource", DEFAULT_OPTIONS["jsxImportSource"]))
    texts = (file.text for file in request.files if not file.is_asset)
    return replace(config, packages=imported_packages(config.node_modules, texts, (factory,)))


def _failure(reason: str) -> Item:
    message = f"The program could not be checked: {reason}."
    return Item(range=Range(Position(0, 0), Position(0, 1)), message=message, severity=ERROR, code=0)


def _result(reports: list[FileReport]) -> TypecheckResult:
    errors = (error for report in reports for error in errors_of(report))
    return TypecheckResult(tuple(itertools.islice(errors, TYPECHECK_ERRORS_LIMIT)))


def errors_of(report: FileReport) -> list[TypecheckDiagnostic]:
    """The errors of one file in the order of its lines, the first of them where there are too many."""
    items = report.items
    if items is None:
        items = [_failure("the checker failed on it")]
    errors = [item for item in items if item.severity == ERROR]
    errors.sort(key=lambda item: (item.range.start.line, item.range.start.character))
    del errors[TYPECHECK_ERRORS_LIMIT:]
    lines = report.lines(errors)
    found = {
        diagnostic_from_server(
            item, report.file.name, lines.get(item.range.start.line, NO_LINE), report.places
        )
        for item in errors
    }
    known = [error for error in found if error is not None]
    missing = {(error.line, error.column) for error in known if error.code == CANNOT_FIND_MODULE}
    return sorted(
        (e for e in known if e.code == CANNOT_FIND_MODULE or (e.line, e.column) not in missing),
        key=lambda error: (error.line, error.column, error.code),
    )
