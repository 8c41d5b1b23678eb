"""`create_runtime(typecheck=True)`: a program is checked before it runs, and refused when it has errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.options import nearest_name
from isolatejs.errors import ConfigurationError, TypecheckError
from isolatejs.typechecking.check import check, check_request, run_check
from isolatejs.typechecking.formatting import format_typecheck_errors
from isolatejs.typechecking.known_modules import KnownModules
from isolatejs.typechecking.profiles import get_type_profile, profile_of_grants

if TYPE_CHECKING:
    from isolatejs.typechecking.checker import Checker


@dataclass(frozen=True)
class ProgramCheckOptions:
    """What the checks of one runtime share. Without a `profile`, what its bindings grant is declared."""

    profile: str | None = None
    capabilities: tuple[str, ...] = ()
    library_types: Mapping[str, Any] | None = None
    compiler_options: Mapping[str, Any] | None = None
    node_modules: str | None = None

    @classmethod
    def of(cls, value: ProgramCheckOptions | Mapping[str, Any] | bool) -> ProgramCheckOptions:
        """The `typecheck` option of a runtime: True, a mapping of these fields, or an instance."""
        if isinstance(value, cls):
            return value
        if value is True:
            return cls()
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"typecheck: expected True or a mapping, got {type(value).__name__}")
        known = [field.name for field in fields(cls)]
        for name in value:
            if name not in known:
                near = nearest_name(str(name), known)
                hint = f"; there are {', '.join(known)}" if near is None else f", did you mean {near!r}?"
                raise ConfigurationError(f"typecheck: unknown option {name!r}{hint}")
        given = dict(value)
        given["capabilities"] = tuple(given.get("capabilities", ()))
        return cls(**given)


class ProgramCheck:
    """Checks the programs of one runtime against its grants.

    `granted` are its capability names (fetch, files, tests, browser, serve), `tools` and `modules` its
    bindings, `checker` its own, which `close` ends. Raises ConfigurationError for options that are wrong.
    """

    def __init__(
        self,
        options: ProgramCheckOptions | Mapping[str, Any] | bool = True,
        *,
        granted: tuple[str, ...] = (),
        tools: Mapping[str, Any] | None = None,
        modules: Any = None,
        checker: Checker,
    ) -> None:
        self._options = ProgramCheckOptions.of(options)
        self._profile = (
            profile_of_grants((*granted, *self._options.capabilities))
            if self._options.profile is None
            else get_type_profile(self._options.profile, self._options.capabilities)
        )
        self._tools = tools
        self._modules = modules
        self._checker = checker
        self._known = KnownModules()

    async def check_program(self, code: str, filename: str | None = None) -> None:
        """Raises TypecheckError with the errors; its message is the form for language models."""
        options = self._options
        request = await asyncio.to_thread(
            check_request,
            code,
            self._profile,
            library_types=options.library_types,
            compiler_options=options.compiler_options,
            filename=filename or "/index.ts",
            tools=self._tools,
            node_modules=options.node_modules,
            always_typescript=True,
        )
        result = await check(
            request, lambda asked: run_check(asked, self._checker), self._modules, self._known
        )
        if not result.success:
            message = await asyncio.to_thread(format_typecheck_errors, result.errors, style="model")
            raise TypecheckError(message, errors=result.errors)

    def close(self) -> None:
        """End the checker; a check that runs fails with RuntimeDisposedError."""
        self._checker.close()
