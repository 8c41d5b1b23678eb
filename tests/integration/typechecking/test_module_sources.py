"""Programs that import from a module resolver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.typechecks import typecheck, typecheck_async
from isolatejs.capabilities.modules.bindings import ModuleResolver, create_module_resolver
from isolatejs.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def resolver(tmp_path: Path) -> ModuleResolver:
    tree = tmp_path / "tree"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib" / "index.ts").write_text("export * from './numbers';")
    (tree / "lib" / "numbers.ts").write_text("export const one: number = 1;")
    (tree / "notes.txt").write_text("notes")
    package = tmp_path / "node_modules" / "typed"
    package.mkdir(parents=True)
    (package / "package.json").write_text(
        '{"name": "typed", "version": "1.0.0", "types": "t.d.ts", "main": "i.js"}'
    )
    (package / "t.d.ts").write_text("export declare function twice(n: number): number;")
    (package / "i.js").write_text("exports.twice = (n) => 2 * n;")
    return (
        create_module_resolver()
        .virtual(
            "@/env",
            "import { one } from '/src/lib'; export const mode = String(one);",
            filename="env.ts",
            resolve_dir="/app",
        )
        .virtual("/app/main.ts", "import { mode } from '@/env'; export const doubled = mode + mode;")
        .virtual("config", lambda: '{"port": 80}', filename="config.json")
        .virtual("legacy", "module.exports = { anything: 1 };", filename="legacy.cjs")
        .source_tree("/src/", tree)
        .mount_node_modules("/node_modules", tmp_path / "node_modules")
        .fallback(lambda specifier: "export const last: boolean = true;" if specifier == "late" else None)
    )


@pytest.mark.parametrize(
    ("imports", "name", "type"),
    [
        ("import { mode } from '@/env'", "mode", "string"),
        ("import { doubled } from '/app/main.ts'", "doubled", "string"),
        ("import { doubled } from './app/main'", "doubled", "string"),
        ("import { one } from '/src/lib'", "one", "number"),
        ("import { one } from '/src/lib/numbers.ts'", "one", "number"),
        ("const { one } = await import('/src/lib/numbers.ts')", "one", "number"),
        ("import config from 'config' with { type: 'json' }; const { port } = config", "port", "number"),
        ("import notes from '/src/notes.txt' with { type: 'text' }", "notes", "string"),
        ("import { twice } from 'typed'; const two = twice(1)", "two", "number"),
        ("import { last } from 'late'", "last", "boolean"),
    ],
)
def test_types_of_modules(resolver: ModuleResolver, imports: str, name: str, type: str) -> None:
    result = typecheck(f"{imports}; const probe: {{ no: 1 }} = {name};", modules=resolver)
    (error,) = result.errors
    assert error.message.startswith(f"Type '{type}' is not assignable to type '{{ no: 1; }}'")


def test_untyped_packages_are_any(resolver: ModuleResolver) -> None:
    assert typecheck(
        "import legacy, { anything } from 'legacy'; legacy.x.y; anything.z;", modules=resolver
    ).success


def test_missing_modules(resolver: ModuleResolver) -> None:
    errors = typecheck("import 'nowhere'; import './nothing';\nimport '@/envy';", modules=resolver).errors
    assert [(error.code, error.line) for error in errors] == [(2307, 1), (2307, 1), (2307, 2)]
    assert errors[2].message == "Cannot find module '@/envy' or its type declarations."


def test_errors_inside_modules_are_not_the_programs(resolver: ModuleResolver) -> None:
    resolver.virtual("broken", "export const x: number = 'text';", filename="broken.ts")
    assert typecheck("import { x } from 'broken'; x.toFixed();", modules=resolver).success


async def test_changed_sources_are_seen(resolver: ModuleResolver) -> None:
    texts = iter(["export const v = 1;", "export const v = 'x';"])
    resolver.virtual("changing", lambda: next(texts), filename="changing.ts")
    code = "import { v } from 'changing'; const n: number = v;"
    assert (await typecheck_async(code, modules=resolver)).success
    assert not (await typecheck_async(code, modules=resolver)).success


async def test_the_sync_form_inside_an_event_loop_says_so() -> None:
    with pytest.raises(ConfigurationError, match="use typecheck_async"):
        typecheck("1", modules={"v": "export const x = 1;"})


def test_a_dict_of_sources_will_do() -> None:
    assert typecheck("import { x } from 'v'; x.toFixed();", modules={"v": "export const x = 1;"}).success
