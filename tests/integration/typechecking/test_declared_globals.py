"""What is declared exists in a runtime with the same grants, and what exists is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import Request, create_isolate_host
from isolatejs.typechecking.check import check_request, errors_of, run_check
from isolatejs.typechecking.engine_declarations import split_statements
from isolatejs.typechecking.profiles import CAPABILITIES, TypeProfile, profile_of_grants
from isolatejs.typechecking.scopes import ScopeConfig
from isolatejs.typechecking.source_files import SourceFile

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs.typechecking.checker import Checker

ONLY_WITH_MORE = {
    "WebSocket": "the fetch binding has to open WebSockets",
}
UNDECLARED = {
    "fetch": "without a grant it rejects every call, which the checker tells earlier",
    "getParent": "an inner method of the engine's EventTarget",
    "nodeBootstrap": "there until the first node module is loaded",
}
NAMES = """
    const names = new Set();
    for (let at = globalThis; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
      for (const name of Object.getOwnPropertyNames(at)) names.add(name);
    }
    names.delete("constructor");
"""


def declared_values(profile: TypeProfile) -> set[str]:
    statements = [found for file in profile.files for found in split_statements(file.content)]
    return {found.name for found in statements if found.is_value and "declare module" not in found.text}


async def undeclared(names: list[str], profile: TypeProfile, checker: Checker) -> set[str]:
    lines = [f"void {name};" for name in names]
    reports = await run_check(check_request("\n".join(lines), profile), checker)
    unknown = [error for report in reports for error in errors_of(report)]
    assert all(error.code in (2304, 2552, 2584, 2591, 2580, 2693) for error in unknown), unknown
    return {names[error.line - 1] for error in unknown}


def bindings_of(granted: tuple[str, ...], root: Path) -> dict[str, Any]:
    async def fetch(request: Any) -> Any:
        raise NotImplementedError

    from isolatejs.capabilities.files.bindings import create_file_bindings

    given = {"fetch": fetch, "files": create_file_bindings(root=root), "tools": {}}
    return {name: given[name] for name in granted}


@pytest.mark.parametrize("granted", [(), ("fetch",), ("files",), ("fetch", "files", "tools")], ids=" ".join)
async def test_declarations_match_the_runtime(
    granted: tuple[str, ...], tmp_path: Path, checker: Checker
) -> None:
    profile = profile_of_grants(granted)
    async with (
        create_isolate_host() as host,
        host.create_runtime(bindings=bindings_of(granted, tmp_path)) as runtime,
    ):
        present = set(await runtime.eval(f"{NAMES}; [...names]"))
    await compare(profile, present, checker)


async def test_declarations_match_a_test_runtime(checker: Checker) -> None:
    found: list[str] = []
    async with (
        create_isolate_host() as host,
        host.create_test_runtime(key="globals", bindings={"tools": {"report": found.extend}}) as runtime,
    ):
        result = await runtime.run(f"test('globals', async () => {{ {NAMES}; await report([...names]); }});")
    assert result.success, result.tests
    await compare(profile_of_grants(["tests"]), set(found) - {"report"}, checker)


async def test_declarations_match_a_test_runtime_with_a_browser(checker: Checker) -> None:
    """Neither knows an implicit `page` or `context`."""
    found: list[str] = []
    bindings = {"tools": {"report": found.extend}, "browser": {"create_context": lambda options: None}}
    async with (
        create_isolate_host() as host,
        host.create_test_runtime(key="globals", bindings=bindings) as runtime,
    ):
        result = await runtime.run(f"test('globals', async () => {{ {NAMES}; await report([...names]); }});")
    assert result.success, result.tests
    profile = profile_of_grants(["tests", "browser"])
    await compare(profile, set(found) - {"report"}, checker)
    assert "browser" in found
    assert not {"page", "context"} & (set(found) | declared_values(profile))
    assert await undeclared(["page", "context"], profile, checker) == {"page", "context"}


async def test_declarations_match_an_app_server(checker: Checker) -> None:
    code = f"{NAMES}; serve({{ fetch() {{ return Response.json([...names]); }} }});"
    async with (
        create_isolate_host() as host,
        host.create_app_server(
            key="globals", entry="/server.ts", bindings={"modules": {"/server.ts": code}}
        ) as server,
    ):
        result = await server.handle(Request("http://localhost/"))
        present = set(await result.response.json())
    await compare(profile_of_grants(["serve"]), present, checker)


async def compare(profile: TypeProfile, present: set[str], checker: Checker) -> None:
    declared = declared_values(profile)
    assert declared - present - set(ONLY_WITH_MORE) == set(), "declared, but not in the runtime"
    assert await undeclared(sorted(present - (set(UNDECLARED) - declared)), profile, checker) == set(), (
        "in the runtime, but not declared"
    )


async def test_declaration_files_are_right_themselves(checker: Checker) -> None:
    profile = profile_of_grants(CAPABILITIES)
    for checked in profile.files:
        others = "\n".join(file.content for file in profile.files if file.name != checked.name)
        file = SourceFile(checked.name, f"/{checked.name}", checked.content)
        (report,) = await checker.check(ScopeConfig(others), [file], [file], 30_000)
        assert errors_of(report) == [], checked.name
