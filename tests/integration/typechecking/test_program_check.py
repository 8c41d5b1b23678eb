"""Programs refused before they run, by what their runtime was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from isolatejs import create_isolate_host
from isolatejs.errors import ConfigurationError, GuestError, TypecheckError
from isolatejs.typechecking.program_check import ProgramCheck

if TYPE_CHECKING:
    from isolatejs.typechecking.checker import Checker


class User(msgspec.Struct, rename="camel"):
    name: str
    is_admin: bool = False


async def find(name: str, *, limit: int = 1) -> list[User]:
    return []


TOOLS: dict[str, Any] = {"find": find, "admin": {"remove": find}}


async def test_a_right_program_passes(checker: Checker) -> None:
    check = ProgramCheck(tools=TOOLS, checker=checker)
    await check.check_program(
        "const users = await find('Ada', { limit: 2 }); users[0].isAdmin;", "/app/main.ts"
    )
    await check.check_program("const users = (await admin.remove('Ada')).map((user) => user.name);")


async def test_a_wrong_program_is_refused_with_its_errors(checker: Checker) -> None:
    check = ProgramCheck(tools=TOOLS, checker=checker)
    with pytest.raises(TypecheckError) as raised:
        await check.check_program("const users = await find('Ada');\nusers[0].isAdmim;", "/app/main.ts")
    (error,) = raised.value.errors
    assert (error.filename, error.line, error.code) == ("/app/main.ts", 2, 2551)
    assert "fix: Replace `isAdmim` with `isAdmin`." in str(raised.value)


async def test_only_what_is_granted_is_declared(checker: Checker) -> None:
    with pytest.raises(TypecheckError, match="not granted"):
        await ProgramCheck(granted=("files",), checker=checker).check_program(
            "await fetch('https://example.com');"
        )
    await ProgramCheck(granted=("fetch",), checker=checker).check_program(
        "await fetch('https://example.com');"
    )


async def test_options(checker: Checker) -> None:
    strict = ProgramCheck({"compiler_options": {"noImplicitAny": True}}, checker=checker)
    with pytest.raises(TypecheckError, match="implicitly has an 'any' type"):
        await strict.check_program("function f(a) { return a } f(1);")
    await ProgramCheck({"profile": "agent", "capabilities": ["tests"]}, checker=checker).check_program(
        "test('x', () => {});"
    )
    await ProgramCheck({"library_types": {"g.d.ts": "declare const G: 1;"}}, checker=checker).check_program(
        "G;"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"compiler_option": {}},
            "typecheck: unknown option 'compiler_option', did you mean 'compiler_options'",
        ),
        ("yes", "typecheck: expected True or a mapping, got str"),
        ({"profile": "x"}, "profile: unknown name"),
    ],
)
async def test_wrong_options(options: Any, message: str, checker: Checker) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ProgramCheck(options, checker=checker)


async def test_modules_of_the_runtime(checker: Checker) -> None:
    check = ProgramCheck(modules={"@/env": "export const mode: string = 'x';"}, checker=checker)
    await check.check_program("import { mode } from '@/env'; mode.length;")
    with pytest.raises(TypecheckError, match="toFixed"):
        await check.check_program("import { mode } from '@/env'; mode.toFixed();")


@pytest.mark.parametrize("filename", ["/index.js", "/a.mjs", "/a.cjs", "/a", "/a.ts"])
async def test_evaluated_programs_may_use_types_whatever_their_name(filename: str, checker: Checker) -> None:
    await ProgramCheck(checker=checker).check_program("const x: number = 1 as number; x;", filename)
    with pytest.raises(TypecheckError, match=filename):
        await ProgramCheck(checker=checker).check_program("const x: string = 1;", filename)


async def test_a_runtime_refuses_before_it_runs() -> None:
    ran: list[str] = []

    def note(text: str) -> None:
        ran.append(text)

    async with (
        create_isolate_host() as host,
        host.create_runtime(bindings={"tools": {"note": note}}, typecheck=True) as runtime,
    ):
        with pytest.raises(TypecheckError) as raised:
            await runtime.eval("await note('one');\nawait note(2);", "/app/main.ts")
        assert ran == []
        assert raised.value.errors[0].line == 2
        await runtime.eval("await note('one' as string)")
        assert ran == ["one"]
        with pytest.raises(GuestError, match=r"TypeError: note: args\[0\]: expected str, got int"):
            await runtime.eval("await note(2 as any)")
