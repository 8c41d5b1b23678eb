"""Programs that import from a resolver: one time limit for all rounds, and nothing of one tenant for another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from isolatejs.capabilities.modules.bindings import create_module_resolver
from isolatejs.typechecking.check import CheckRequest, check_request
from isolatejs.typechecking.checker import FileReport
from isolatejs.typechecking.known_modules import REMEMBERED_LIMIT, KnownModules
from isolatejs.typechecking.module_sources import reports_with_modules
from isolatejs.typechecking.profiles import profile_of_grants
from isolatejs.typechecking.server_messages import Item, Position, Range

if TYPE_CHECKING:
    from isolatejs.capabilities.modules.bindings import ModuleResolver


def endless() -> ModuleResolver:
    """Every module imports another one."""
    return create_module_resolver().fallback(lambda specifier: f"import '{specifier}x';")


async def missing_everything(request: CheckRequest) -> list[FileReport]:
    """A checker that finds no import: the first quoted text of each file is marked."""
    reports = []
    for file in request.files:
        start = file.text.index("'")
        end = file.text.index("'", start + 1) + 1
        item = Item(Range(Position(0, start), Position(0, end)), "missing", code="no-local")
        reports.append(FileReport(file, [item]))
    return reports


async def test_all_rounds_of_a_check_have_one_time_limit() -> None:
    limits: list[float] = []

    async def run(request: CheckRequest) -> list[FileReport]:
        limits.append(request.timeout_ms)
        await asyncio.sleep(0.02)  # poll
        return await missing_everything(request)

    request = check_request("import 'a';", profile_of_grants(()), timeout_ms=10_000)
    await reports_with_modules(request, endless(), run, KnownModules())
    assert len(limits) > 3
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] <= 10_000 - 20 * (len(limits) - 1)


async def test_imports_of_one_tenant_are_not_known_to_another() -> None:
    resolver = endless()
    first, second = KnownModules(), KnownModules()
    request = check_request("import 'a';", profile_of_grants(()))
    await reports_with_modules(request, resolver, missing_everything, first)
    assert first.of(resolver).imports
    assert second.of(resolver).imports == {}


async def test_what_is_remembered_is_bounded() -> None:
    resolver, known = endless(), KnownModules()
    for n in range(REMEMBERED_LIMIT):
        known.of(resolver).loads[f"m{n}", "/index.ts", ""] = None
    assert known.of(resolver).loads == {}
