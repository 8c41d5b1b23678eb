"""`typecheck`: full TypeScript checking of a program against a profile, in a warm process.

The first check of a process starts the checker (about half a second); a small program then takes some ten
milliseconds. Configurations (profile, capabilities, tools, options) are kept warm as well.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.capabilities.tools.declarations import tool_types
from isolatejs.errors import ConfigurationError
from isolatejs.limits import MIB
from isolatejs.typechecking.checker import FileReport, shared_checker
from isolatejs.typechecking.diagnostics import (
    CANNOT_FIND_MODULE,
    TypecheckDiagnostic,
    diagnostic_from_server,
)
from isolatejs.typechecking.language_server import ServerGoneError
from isolatejs.typechecking.node_modules import uses_node_modules
from isolatejs.typechecking.profiles import TypeProfile, get_type_profile
from isolatejs.typechecking.scopes import ScopeConfig
from isolatejs.typechecking.source_files import SourceFile, source_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TIMEOUT_MS: Final = 20_000
"""Covers the start of the checker on a busy machine; types that take longer are refused."""
SOURCE_LIMIT_BYTES: Final = 16 * MIB
"""All sources of one check together."""

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
    readable: tuple[str, ...] = ()
    timeout_ms: float = TIMEOUT_MS
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
    timeout_ms: float = TIMEOUT_MS,
) -> TypecheckResult:
    """Check a program as TypeScript, offline, without running it.

    `files` are further sources by path, which the program may import and which are checked too. `profile` and
    `capabilities` say what its runtime has; `tools` (as in the bindings) become typed global functions.
    `modules` is a module resolver whose sources the program may import, `node_modules` a folder of packages
    with their types. `library_types` maps a module's specifier, or the name of a `.d.ts` file with global
    declarations, to its text, or to several files by relative path (`index.d.ts` is the entry).
    `compiler_options` are TypeScript's; default is `strict` without `noImplicitAny`. A file named `.js` is
    checked as JavaScript.

    Never raises for a program: one that cannot be checked gets an error with code 0. Raises
    ConfigurationError for wrong arguments. Inside a running event loop use `typecheck_async`.
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
    if modules is None:
        return _result(run_check(request))
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(check(request, modules))
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
    timeout_ms: float = TIMEOUT_MS,
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
    return await check(request, modules)


async def check(request: CheckRequest, modules: Any = None) -> TypecheckResult:
    """Run a request in a thread, with the sources of a module resolver."""
    if modules is None:
        return _result(await asyncio.to_thread(run_check, request))
    from isolatejs.typechecking.module_sources import reports_with_modules

    return _result(await reports_with_modules(request, modules))


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
    timeout_ms: float = TIMEOUT_MS,
    always_typescript: bool = False,
) -> CheckRequest:
    """Validate the arguments of `typecheck`. Raises ConfigurationError.

    With `always_typescript` a program named `.js` may use types, as one that is evaluated may.
    """
    sources = source_files(code, filename, files, always_typescript=always_typescript)
    size = sum(len(source.text) for source in sources)
    if size > SOURCE_LIMIT_BYTES:
        raise ConfigurationError(f"code: {size} characters in all files (limit {SOURCE_LIMIT_BYTES})")
    uses_node = any(uses_node_modules(source.text) for source in sources)
    declarations = [profile.text_with_node if uses_node else profile.text]
    if tools:
        declarations.append(tool_types(tools))
    ambient, library_files, imports = _libraries(library_types or {})
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
        readable=() if packages is None else (packages,),
        timeout_ms=timeout_ms,
        checked=tuple(source for source in sources if source.is_code),
    )


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in options.items():
        if name not in COMPILER_OPTIONS:
            near = difflib.get_close_matches(name, COMPILER_OPTIONS, n=1)
            hint = f", did you mean {near[0]!r}?" if near else " or it is fixed"
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


def run_check(request: CheckRequest) -> list[FileReport]:
    """Ask the checker; a program that it cannot cope with gets a report without items."""
    checker = shared_checker(request.readable)
    try:
        return checker.check(request.config, request.files, request.checked, request.timeout_ms)
    except ServerGoneError as error:
        failure = {
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
            "code": 0,
            "message": f"The program could not be checked: {error.reason}.",
        }
        return [FileReport(request.files[0], [failure])]


def _result(reports: list[FileReport]) -> TypecheckResult:
    return TypecheckResult(tuple(error for report in reports for error in errors_of(report)))


def errors_of(report: FileReport) -> list[TypecheckDiagnostic]:
    """The errors of one file in the order of its lines."""
    lines = report.file.lines
    if report.items is None:
        return [
            TypecheckDiagnostic(
                code=0,
                message="The program could not be checked: the checker failed on it.",
                filename=report.file.name,
                line=1,
                column=1,
                length=1,
                source_line=lines[0],
            )
        ]
    found = {diagnostic_from_server(item, report.file.name, lines) for item in report.items}
    errors = [error for error in found if error is not None]
    missing = {(error.line, error.column) for error in errors if error.code == CANNOT_FIND_MODULE}
    return sorted(
        (e for e in errors if e.code == CANNOT_FIND_MODULE or (e.line, e.column) not in missing),
        key=lambda error: (error.line, error.column, error.code),
    )
