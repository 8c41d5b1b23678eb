"""Where modules come from: virtual ones, files, trees, packages, a fallback; in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, HostCallContext, IsolateHost, ModuleResolutionError, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_document_s_example(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("@/env", 'export const mode = "sandbox";', filename="env.ts", resolve_dir="/app")
        .virtual(
            "/app/main.ts",
            'import { mode } from "@/env"; globalThis.result = `mode: ${mode} ${await greet("isolate")}`;',
            filename="main.ts",
            resolve_dir="/app",
        )
    )

    async def greet(name: str) -> str:
        return f"hello {name}"

    program = 'import "/app/main.ts"; globalThis.result'
    result = await evaluate(program, modules, filename="/app/entry.ts", tools={"greet": greet})
    assert result == "mode: sandbox hello isolate"


async def test_order_of_sources(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "file.js").write_text("export default 'file'")
    packages = tmp_path / "node_modules"
    for name in ("a", "b", "c", "d"):
        (packages / name).mkdir(parents=True)
        (packages / name / "index.js").write_text("module.exports = 'package'")
    modules = (
        create_module_resolver()
        .fallback(lambda specifier: f"export default 'fallback {specifier}'")
        .mount_node_modules("/node_modules", packages)
        .source_tree("c", lambda path: "export default 'tree'")
        .virtual_file("b", tmp_path / "file.js")
        .virtual("a", "export default 'virtual'")
        .virtual_file("a", tmp_path / "file.js")
    )
    program = """
        const found = [];
        for (const name of ["a", "b", "c/x", "d", "e"]) found.push((await import(name)).default);
        found"""
    assert await evaluate(program, modules) == ["virtual", "file", "tree", "package", "fallback e"]


async def test_probing_of_endings_and_index_files(evaluate: Evaluate) -> None:
    asked: list[str] = []
    sources = {
        "a.ts": "export default 'a.ts'",
        "a.js": "export default 'a.js'",
        "b/index.tsx": "export default 'b/index.tsx'",
        "c.browser.ts": "export default 'c.browser.ts'",
        "d.json": '{"d": 1}',
        "typed.ts": "export default 'typed.ts'",
    }

    def load(path: str) -> str | None:
        asked.append(path)
        return sources.get(path)

    modules = create_module_resolver().source_tree("/src/", load)
    program = """
        const names = ["./a", "./a.js", "./b", "./c", "./d", "./typed.js"];
        const found = [];
        for (const name of names) found.push((await import(name)).default);
        found"""
    found = await evaluate(program, modules, filename="/src/main.ts")
    assert found == ["a.ts", "a.js", "b/index.tsx", "c.browser.ts", {"d": 1}, "typed.ts"]
    assert asked[:4] == ["a", "a.tsx", "a.jsx", "a.ts"]


async def test_loaders_may_be_async_and_get_a_context(evaluate: Evaluate) -> None:
    contexts: list[HostCallContext] = []

    async def load(path: str, context: HostCallContext) -> dict[str, Any]:
        contexts.append(context)
        return {
            "source": "export default import.meta.filename",
            "filename": "named.js",
            "resolve_dir": "/other",
        }

    modules = create_module_resolver().source_tree("@app/", load)
    assert await evaluate('import x from "@app/thing"; x', modules) == "/other/named.js"
    assert contexts[0].runtime_id.startswith("rt_")


async def test_a_callable_source_runs_once_for_a_runtime(evaluate: Evaluate) -> None:
    calls = 0

    def make() -> str:
        nonlocal calls
        calls += 1
        return f"export default {calls}"

    modules = create_module_resolver().virtual("counter", make)
    program = 'import a from "counter"; [a, (await import("counter")).default]'
    assert await evaluate(program, modules) == [1, 1]
    assert await evaluate(program, modules) == [2, 2]


async def test_relative_imports_between_kinds(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "real.ts").write_text('import { v } from "./virtual"; export const real: string = v + "!";')
    modules = (
        create_module_resolver()
        .source_tree("/app/lib", tmp_path)
        .virtual("/app/lib/virtual.ts", 'export const v: string = "virtual";')
        .virtual("entry", 'export * from "./lib/real";', filename="entry.ts", resolve_dir="/app")
    )
    assert await evaluate('import { real } from "entry"; real', modules) == "virtual!"


async def test_a_source_tree_directory_is_not_left(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "secret.js").write_text("export default 'secret'")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link.js").symlink_to(tmp_path / "secret.js")
    modules = create_module_resolver().source_tree("/app", tree)
    for specifier in ("/app/../secret.js", "/app/link.js", "/app/%2e%2e/secret.js", "/secret.js"):
        with pytest.raises(ModuleResolutionError) as caught:
            await evaluate(f'import x from "{specifier}"; x', modules)
        assert str(tmp_path) not in str(caught.value)


async def test_import_map(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .import_map({"lib": "/vendor/lib.js", "@/": "/app/"})
        .virtual("/vendor/lib.js", "export default 'lib'")
        .virtual("/app/x.ts", "export default 'x'")
    )
    assert await evaluate('import a from "lib"; import b from "@/x"; [a, b]', modules) == ["lib", "x"]


async def test_urls_through_a_fallback_keep_their_relative_imports(evaluate: Evaluate) -> None:
    web = {
        "https://esm.test/a/main.js": "export { default } from '../b.js'; export const url = import.meta.url",
        "https://esm.test/b.js": "export default 'b'",
    }
    modules = create_module_resolver().fallback(web.get)
    program = 'import b, { url } from "https://esm.test/a/main.js"; [b, url]'
    assert await evaluate(program, modules) == ["b", "https://esm.test/a/main.js"]


async def test_a_virtual_module_replaces_a_built_in(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("fs", "export default 'mine'")
    assert await evaluate('import fs from "fs"; fs', modules) == "mine"


async def test_not_found_names_the_chain(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("/app/a.ts", 'import "./b.ts";')
        .virtual("/app/b.ts", 'import { left } from "left-pad"; left("x");')
    )
    with pytest.raises(ModuleResolutionError) as caught:
        await evaluate('import "/app/a.ts"', modules, filename="/app/entry.ts")
    error = caught.value
    assert error.specifier == "left-pad"
    assert error.importers == ("/app/b.ts", "/app/a.ts", "/app/entry.ts")
    assert "Cannot find module 'left-pad'" in error.message


async def test_a_failed_load_is_tried_again(host: IsolateHost) -> None:
    sources: dict[str, str] = {}
    modules = create_module_resolver().fallback(sources.get)
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        with pytest.raises(ModuleResolutionError):
            await runtime.eval('import x from "late"; x')
        sources["late"] = "export default let"
        with pytest.raises(GuestError, match="SyntaxError"):
            await runtime.eval('import x from "late"; x')
        sources["late"] = "export default 1"
        assert await runtime.eval('import x from "late"; x') == 1


async def test_a_failing_loader_tells_the_program_nothing(evaluate: Evaluate) -> None:
    def load(path: str) -> str:
        raise RuntimeError("/home/someone/secret")

    with pytest.raises(GuestError) as caught:
        await evaluate('import "x"', create_module_resolver().fallback(load))
    assert "secret" not in caught.value.message


async def test_tsconfig_paths(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ts").write_text("export const a: number = 1")
    (tmp_path / "tsconfig.json").write_text(
        '{"compilerOptions": {"paths": {"@/*": ["./gone/*", "./src/*"]}}}'
    )
    modules = create_module_resolver().source_tree("/app", tmp_path)
    modules.tsconfig(tmp_path / "tsconfig.json", root="/app")
    assert await evaluate('import { a } from "@/a"; a', modules) == 1
    with pytest.raises(ModuleResolutionError, match="'@/b'"):
        await evaluate('import "@/b"', modules)
