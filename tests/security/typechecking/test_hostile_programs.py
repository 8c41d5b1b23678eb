"""Programs that attack their checker: it must not tell about the machine, hang, or remember anything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.typechecks import TENANT, typecheck
from isolatejs.typechecking.check import TypecheckResult
from isolatejs.typechecking.formatting import format_typecheck_errors
from isolatejs.typechecking.standalone import close_checkers, standalone_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "canary_4f1d"


@pytest.fixture(scope="module", autouse=True)
def _checkers() -> Iterator[None]:
    yield
    close_checkers()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.ts"
    path.write_text(
        f"export const {SECRET} = '{SECRET}' as const; declare global {{ var leaked: '{SECRET}'; }}"
    )
    (tmp_path / "secret.d.ts").write_text(f"declare var leaked: '{SECRET}';")
    (tmp_path / "secret.json").write_text(f'{{"{SECRET}": 1}}')
    return path


def told(result: TypecheckResult) -> str:
    return "\n".join(error.message for error in result.errors)


@pytest.mark.parametrize(
    "code",
    [
        "import * as all from 'FILE'; const n: number = all;",
        "import * as all from 'file://FILE'; const n: number = all;",
        "import * as all from '../../../../../../../../../../..FILE'; const n: number = all;",
        "const n: number = null as any as typeof import('FILE');",
        "const all = await import('FILE'); const n: number = all;",
        "import data from 'FILE.json' with { type: 'json' }; const n: number = data;",
        "import data from 'FILE' with { type: 'text' }; const n: 1 = data;",
        "/// <reference path='FILE' />\nconst n: number = leaked;",
        "/// <reference path='../../../../../../../../..FILE.d.ts'/>\nconst n: number = leaked;",
        "/// <reference types='file://FILE' />\nconst n: number = leaked;",
        "// @ts-types='file://FILE'\nimport * as all from './x.ts'; const n: number = all;",
        "/** @jsxImportSource file://FILE */\nconst n: number = leaked;",
        "export * from 'FILE'; import * as me from './index.ts'; const n: number = me;",
    ],
)
def test_reading_host_files_through_imports(code: str, secret_file: Path) -> None:
    hostile = code.replace("FILE", str(secret_file))
    result = typecheck(hostile)
    assert not result.success
    assert SECRET not in told(result).replace(hostile, "")
    assert "isolatejs-check-" not in told(result)


@pytest.mark.parametrize(
    "name", ["/deno.json", "/tsconfig.json", "/package.json", "/app/deno.json", "/jsconfig.json"]
)
def test_configuration_of_the_checker_from_a_program_file(name: str) -> None:
    loose = '{"compilerOptions": {"strict": false, "lib": ["dom"]}, "imports": {"x": "file:///etc/"}}'
    code = f"import '{name}' with {{ type: 'json' }}; document; const s: string = null;"
    for _ in range(2):
        found = [error.code for error in typecheck(code, files={name: loose}).errors]
        assert 2584 in found
        assert 2322 in found


def test_global_declarations_do_not_reach_the_next_program() -> None:
    assert typecheck("declare global { var stolen: number } stolen; export {}").success
    assert not typecheck("stolen;").success
    typecheck("declare module 'virtual-thing' { export const x: number }")
    assert not typecheck("import { x } from 'virtual-thing'; x;").success


@pytest.mark.parametrize(
    "code",
    [
        "(" * 200_000,
        "[" * 100_000 + "]" * 100_000,
        "{" * 100_000,
        "a." * 100_000 + "b",
        "x + " * 50_000 + "x",
        "`${" * 20_000,
        "<div>" * 20_000,
        "type T = " + "A<" * 50_000,
        "\0\x01\uffff\ud800",
        "\ud800" * 1000,
        "/" + "*" * 1_000_000,
        "//" + "x" * 4_000_000,
        "const a" + "a" * 1_000_000 + " = 1",
        "\r\n" * 500_000 + "nope;",
        "\u2028\u2029nope;",
    ],
    ids=lambda code: repr(code[:12]),
)
def test_monstrous_sources(code: str) -> None:
    result = typecheck(code, timeout_ms=60_000)
    assert isinstance(result, TypecheckResult)
    assert typecheck("const fine: number = 1;").success


@pytest.mark.parametrize(
    "code",
    [
        "type R<N, T extends 0[] = []> = N extends T['length'] ? T : R<N, [...T, 0]>; "
        + " ".join(f"let q{n}: R<{700 + n}>;" for n in range(290)),
        "type D = 0|1|2|3|4|5|6|7|8|9;"
        " type S<A extends string> = A extends `${infer H}${infer T}` ? S<`${T}${H}`> : A;"
        + " ".join(f"type W{n} = S<`${{D}}${{D}}${{D}}${{D}}`>; let w{n}: W{n};" for n in range(50)),
    ],
    ids=["tuple recursion", "string recursion"],
)
def test_types_that_never_end(code: str) -> None:
    began = time.monotonic()
    result = typecheck(code, timeout_ms=2_000)
    assert time.monotonic() - began < 10
    assert not result.success
    assert typecheck("const fine: number = 1;").success


def test_answers_after_the_time_limit_name_it() -> None:
    result = typecheck("const x = 1;", timeout_ms=0)
    (error,) = result.errors
    assert error.code == 0
    assert "could not be checked" in error.message


def test_types_that_need_more_memory_than_there_is_say_so() -> None:
    result = typecheck("const all = [" + "{a:1}," * 2_700_000 + "];")
    (error,) = result.errors
    assert (error.code, error.message) == (
        0,
        "The program could not be checked: its types need more memory than a checker may have.",
    )
    assert typecheck("const fine: number = 1;").success


def test_errors_of_a_monstrous_program_are_bounded() -> None:
    """Each error shows a part of its line, and there are no more errors than anybody reads."""
    result = typecheck("nope;" * 3_000)
    assert len(result.errors) == 1_000
    assert {error.line for error in result.errors} == {1}
    assert all(len(error.source_line) <= 1_000 for error in result.errors)
    last = result.errors[-1]
    assert last.source_line[last.column - last.source_column :].startswith("nope;")
    for style in ("pretty", "model", "github"):
        assert len(format_typecheck_errors(result.errors, style=style)) < 1_000_000
    assert len(typecheck("nope;\n" * 20_000).errors) == 1_000
    name = "x" * 3_000_000
    (error,) = typecheck(f"const a: number = {{}} as {{ {name}: 1 }};").errors
    assert len(error.message) <= 4_000
    assert len(format_typecheck_errors([error], style="model")) < 10_000


def test_a_checker_does_not_grow_with_the_number_of_checks() -> None:
    checks = standalone_checks()

    def memory() -> tuple[int, int]:
        pid = checks._tenants[TENANT].pid
        assert pid is not None
        return pid, int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096

    for n in range(150):
        typecheck(f"const a{n}: number[] = [{n}]; a{n}.map((x) => x + {n});")
    before = memory()
    for n in range(150):
        typecheck(f"const b{n}: number[] = [{n}]; b{n}.map((x) => x + {n});")
    after = memory()
    assert after[0] == before[0]
    assert after[1] - before[1] < 96 * 1024 * 1024
