"""A program tries to import what nobody gave it: files, URLs, the engine's own loader, the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from isolatejs import GuestError, IsolateHost, create_isolate_host, create_module_resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def host() -> AsyncIterator[IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


SPECIFIERS = [
    *[
        "/etc/passwd",
        "file:///etc/passwd",
        "../../../../etc/passwd",
        "file:///proc/self/environ",
        "/proc/self/maps",
    ],
    *["data:text/javascript,export default 1", "data:application/json,1", "npm:zod", "jsr:@std/assert"],
    *[
        "https://example.com/x.js",
        "http://127.0.0.1:1/x.js",
        "blob:null/3",
        "ext:core/mod.js",
        "internal:deno",
    ],
    *[
        "file:///isolatejs/guest/kernel.js",
        "/isolatejs/guest/kernel.js",
        "file:///isolatejs/channel/channel.js",
    ],
    *[
        "node:child_process",
        "node:vm",
        "node:worker_threads",
        "node:inspector",
        "node:net",
        "node:v8",
        "deno:std",
    ],
    *["\0", "", " ", "./", "//etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..\\..\\etc\\passwd"],
    *["__proto__", "constructor"],
]

WAYS = {
    "dynamic": "await import(specifier)",
    "as text": "await import(specifier, { with: { type: 'text' } })",
    "as json": "await import(specifier, { with: { type: 'json' } })",
    "as bytes": "await import(specifier, { with: { type: 'bytes' } })",
    "eval": "await eval('import(specifier)')",
    "indirect eval": "globalThis.specifier = specifier; await (0, eval)('import(specifier)')",
    "Function": "await new Function('s', 'return import(s)')(specifier)",
    "async function constructor": "await (async () => {}).constructor('s', 'return import(s)')(specifier)",
    "Function without a caller": (
        "globalThis.specifier = specifier;"
        "await Promise.resolve('return import(globalThis.specifier)').then(Function).then((f) => f())"
    ),
    "require": "const m = await import('node:module'); m.createRequire('/')(specifier)",
    "getBuiltinModule": "if (process.getBuiltinModule(specifier) === undefined) throw new Error('no')",
}


@pytest.mark.parametrize("way", WAYS)
async def test_no_way_leads_to_any_of_them(way: str, host: IsolateHost, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    modules = create_module_resolver().mount_node_modules("/node_modules", tmp_path).virtual("/a.js", "")
    program = f"""
        const gained = [];
        for (const specifier of {SPECIFIERS!r}) {{
          try {{
            {WAYS[way]};
            gained.push(specifier);
          }} catch {{}}
        }}
        gained"""
    for bindings in ({}, {"modules": modules}):
        async with host.create_runtime(bindings=bindings) as runtime:
            assert await runtime.eval(program) == []


@pytest.mark.parametrize("specifier", [s for s in SPECIFIERS if "\0" not in s and "\\" not in s])
async def test_static_imports_of_them_fail(specifier: str, host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        for attributes in ("", ' with { type: "text" }', ' with { type: "json" }'):
            with pytest.raises(GuestError) as caught:
                await runtime.eval(f'import stolen from "{specifier}"{attributes}; stolen')
            assert "root:" not in str(caught.value)


async def test_strings_given_to_timers_do_not_run(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError):
            await runtime.eval("setTimeout(\"import('node:fs')\", 0)")


async def test_the_real_process_is_out_of_reach(host: IsolateHost) -> None:
    program = """
        import process from "node:process";
        import module from "node:module";
        import util from "node:util";
        import events from "node:events";
        const seen = [];
        for (const start of [process, module, util, events, Buffer, globalThis]) {
          for (let at = start; at !== null; at = Object.getPrototypeOf(at)) {
            for (const key of Reflect.ownKeys(at)) {
              if (["binding", "dlopen", "kill", "mainModule", "reallyExit", "_kill", "Deno"].includes(key)) {
                const value = at[key];
                try { typeof value === "function" ? (value("fs"), seen.push(key)) : seen.push(key) } catch {}
              }
            }
          }
        }
        seen"""
    async with host.create_runtime() as runtime:
        assert await runtime.eval(program) == []


async def test_no_path_of_the_machine_is_told(host: IsolateHost, tmp_path: Path) -> None:
    folder = tmp_path / "very-secret-folder"
    (folder / "p").mkdir(parents=True)
    (folder / "p/index.js").write_text("let = ;")
    (folder / "q.js").symlink_to("/etc/passwd")
    modules = (
        create_module_resolver()
        .mount_node_modules("/node_modules", folder)
        .virtual_file("gone", folder / "gone.js")
        .source_tree("/src", folder)
    )
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        for specifier in ("p", "q.js", "gone", "/src/q.js", "/src/p/index.js", "p/absent"):
            told = await runtime.eval(
                f"await import({specifier!r}).catch((e) => [e.message, e.stack, JSON.stringify(e)].join())"
            )
            assert "secret" not in told
            assert "root:" not in told
        assert "secret" not in await runtime.eval("JSON.stringify(import.meta) + new Error().stack")


async def test_long_and_odd_specifiers_are_refused_at_once(host: IsolateHost) -> None:
    calls: list[str] = []
    modules = create_module_resolver().fallback(calls.append)
    async with host.create_runtime(bindings={"modules": modules}) as runtime:
        program = """
            const odd = ["x".repeat(1e6), "/".repeat(8000), "./".repeat(4000) + "x", "\\ud800",
              "a/".repeat(4000),
              "@".repeat(8000), "?".repeat(8000), "\\u0000", "é".repeat(4000), "../".repeat(2000)];
            let refused = 0;
            for (const specifier of odd) await import(specifier).catch(() => refused++);
            refused"""
        assert await runtime.eval(program, execution_timeout_ms=10_000) == 10
        assert all(len(specifier) <= 8192 for specifier in calls)
