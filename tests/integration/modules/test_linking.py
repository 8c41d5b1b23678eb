"""Module semantics: cycles, top-level await, attributes, dynamic import, one instance each."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest

from isolatejs import GuestError, IsolateHost, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_cycles(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("/a.js", "import { b } from './b.js'; export const a = 'a'; export const ofB = () => b;")
        .virtual("/b.js", "import { a } from './a.js'; export const b = 'b'; export const ofA = () => a;")
        .virtual(
            "/self.js",
            "import * as self from './self.js'; export const x = 1; export const y = () => self.x;",
        )
    )
    program = """
        import { ofB } from "/a.js"; import { ofA } from "/b.js"; import { y } from "/self.js";
        [ofA(), ofB(), y()]"""
    assert await evaluate(program, modules) == ["a", "b", 1]


async def test_top_level_await_runs_in_order(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual(
            "/slow.js",
            "globalThis.log = ['slow']; await new Promise(r => setTimeout(r, 5)); log.push('slow done');",
        )
        .virtual("/after.js", "import './slow.js'; log.push('after'); export default log;")
    )
    assert await evaluate("import log from '/after.js'; log", modules) == ["slow", "slow done", "after"]


async def test_failed_evaluation_stays_failed(host: IsolateHost) -> None:
    modules = create_module_resolver().virtual(
        "/bomb.js",
        "globalThis.runs = (globalThis.runs ?? 0) + 1; await 1; throw new RangeError(`run ${runs}`)",
    )
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        for _ in range(2):
            with pytest.raises(GuestError, match="RangeError: run 1"):
                await runtime.eval("import '/bomb.js'")
        with pytest.raises(GuestError, match="RangeError: run 1"):
            await runtime.eval("await import('/bomb.js')")
        assert await runtime.eval("runs") == 1


async def test_import_attributes(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("/data.json", '{"k": [1, 2]}')
        .virtual("/note.md", "# hi")
        .virtual("/raw.bin", b"\x00\xff")
    )
    program = """
        import data from "/data.json" with { type: "json" };
        import plain from "/data.json";
        import note from "/note.md";
        import text from "/raw.bin" with { type: "text" };
        import bytes from "/raw.bin";
        const { default: source } = await import("/data.json", { with: { type: "text" } });
        [data.k, plain === data, note, text.length, [...bytes], source]"""
    assert await evaluate(program, modules) == [[1, 2], True, "# hi", 2, [0, 255], '{"k": [1, 2]}']


async def test_broken_json_says_where(evaluate: Evaluate) -> None:
    with pytest.raises(GuestError, match=r"SyntaxError: /data\.json:"):
        await evaluate("import '/data.json'", create_module_resolver().virtual("/data.json", "{"))


async def test_web_assembly(evaluate: Evaluate) -> None:
    add = bytes.fromhex("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b")
    modules = create_module_resolver().virtual("/add.wasm", add)
    program = "import module, { add } from '/add.wasm'; [add(2, 3), module instanceof WebAssembly.Module]"
    assert await evaluate(program, modules) == [5, True]


@pytest.mark.parametrize(
    "program",
    [
        "(await import('/m.js')).default",
        "const name = '/m' + '.js'; (await import(name)).default",
        "(await (async () => await import('/m.js'))()).default",
        "(await import(/* comment */ '/m.js')).default",
        "(await eval(\"import('/m.js')\")).default",
        "(await (0, eval)(\"import('/m.js')\")).default",
        "(await new Function(\"return import('/m.js')\")()).default",
        "(await Reflect.apply(Function, null, [\"return import('/m.js')\"])()).default",
    ],
)
async def test_dynamic_import(program: str, evaluate: Evaluate) -> None:
    assert await evaluate(program, create_module_resolver().virtual("/m.js", "export default 'm'")) == "m"


async def test_dynamic_import_rejects_and_resolves_from_its_module(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual("/deep/a.js", "export const load = () => import('./b.js')")
        .virtual("/deep/b.js", "export default import.meta.filename")
    )
    program = """
        import { load } from "/deep/a.js";
        const failed = import("./absent.js").catch((e) => [e instanceof Error, e.code, e.name]);
        [(await load()).default, await failed]"""
    assert await evaluate(program, modules) == [
        "/deep/b.js",
        [True, "ERR_MODULE_NOT_FOUND", "ModuleResolutionError"],
    ]


async def test_one_instance_however_it_is_reached(evaluate: Evaluate) -> None:
    modules = (
        create_module_resolver()
        .virtual(
            "@/one",
            "globalThis.count = (globalThis.count ?? 0) + 1; export {}",
            filename="one.js",
            resolve_dir="/app",
        )
        .virtual("/app/a.js", "import './one.js'; import '@/one'; await import('./one')")
    )
    program = "import '/app/a.js'; await Promise.all(['@/one', '/app/one.js'].map((s) => import(s))); count"
    assert await evaluate(program, modules) == 1


async def test_query_strings_make_instances(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("/m.js", "export default import.meta.url")
    program = "import a from '/m.js?a'; import b from '/m.js?b'; [a, b]"
    assert await evaluate(program, modules) == ["file:///m.js?a", "file:///m.js?b"]


async def test_overlapping_imports_load_once(host: IsolateHost) -> None:
    loads: list[str] = []

    async def load(path: str) -> str | None:
        loads.append(path)
        await asyncio.sleep(0)
        return "export const x = {}" if path == "x.js" else None

    modules = create_module_resolver().source_tree("/src", load)
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        program = "import { x } from '/src/x.js'; globalThis.seen = (globalThis.seen ?? new Set()).add(x); 1"
        await asyncio.gather(*(runtime.eval(program) for _ in range(5)))
        assert await runtime.eval("seen.size") == 1
        assert loads == ["x.js"]


async def test_a_patched_world_does_not_break_the_linker(evaluate: Evaluate) -> None:
    modules = create_module_resolver().virtual("/a.js", "export { b as default } from './b.js'")
    modules.virtual("/b.js", "export const b = 'b'")
    program = """
        Map.prototype.get = Map.prototype.set = Set.prototype.add = () => { throw new Error("patched") };
        JSON.parse = Object.keys = () => { throw new Error("patched") };
        (await import("/a.js")).default"""
    assert await evaluate(program, modules) == "b"


async def test_source_maps_of_bundles(evaluate: Evaluate) -> None:
    # The bundle's line 1, column 1 is line 3, column 3 of its source.
    mapping = {"version": 3, "sources": ["../src/original.ts"], "names": [], "mappings": "AAEE"}
    inline = base64.b64encode(json.dumps(mapping).encode()).decode()
    bundle = f"throw new Error('x')\n//# sourceMappingURL=data:application/json;base64,{inline}"
    with pytest.raises(GuestError) as caught:
        await evaluate(
            "import '/dist/bundle.js'", create_module_resolver().virtual("/dist/bundle.js", bundle)
        )
    assert (caught.value.filename, caught.value.line) == ("/src/original.ts", 3)


async def test_source_maps_beside_their_files(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "p/dist").mkdir(parents=True)
    mapping = {
        "version": 3,
        "sources": ["../src/original.ts"],
        "sourcesContent": ["one\ntwo\n  throw new Error('x') // as written"],
        "names": [],
        "mappings": "AAEE",
    }
    (tmp_path / "p/package.json").write_text('{"main": "dist/index.js"}')
    (tmp_path / "p/dist/index.js").write_text("throw new Error('x')\n//# sourceMappingURL=index.js.map\n")
    (tmp_path / "p/dist/index.js.map").write_text(json.dumps(mapping))
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path)
    with pytest.raises(GuestError) as caught:
        await evaluate("import 'p'", modules)
    error = caught.value
    assert (error.filename, error.line, error.column) == ("/node_modules/p/src/original.ts", 3, 3)
    assert error.source_line == "  throw new Error('x') // as written"
    (tmp_path / "p/dist/index.js.map").unlink()
    with pytest.raises(GuestError) as without:
        await evaluate("import 'p'", modules)
    assert (without.value.filename, without.value.line) == ("/node_modules/p/dist/index.js", 1)


async def test_type_module_of_a_package_decides(evaluate: Evaluate, tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text("export default [typeof require, typeof module, this === undefined]")
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path)
    assert await evaluate("import x from 'p'; x", modules) == ["undefined", "undefined", True]
