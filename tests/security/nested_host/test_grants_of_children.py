"""What children find of their parent's grants, capability by capability and generation by generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import isolatejs
from isolatejs.capabilities.registry import CAPABILITIES

IMPORT = 'import { createIsolateHost } from "isolatejs"; const nested = createIsolateHost();\n'

ABSENT = {
    "console": ("console.log('heard'); 'silent'", "silent"),
    "tools": ("typeof greet", "undefined"),
    "fetch": ("try { await fetch('http://x.test/'); 'reached' } catch { 'refused' }", "refused"),
    "files": (
        "try { (await import('node:fs')).readFileSync('/secret.txt', 'utf8') } catch { 'refused' }",
        "refused",
    ),
    "modules": ("try { (await import('@/secret')).default } catch { 'refused' }", "refused"),
    "browser": ("typeof browser", "undefined"),
}
"""What a child tries of each binding that its parent has and did not hand on, and what it finds."""


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("capability", [c.binding for c in CAPABILITIES if c.binding])
async def test_nothing_comes_down_that_was_not_handed_down(
    host: isolatejs.IsolateHost, tmp_path: Path, capability: str, depth: int
) -> None:
    attempt, found = ABSENT[capability]
    (tmp_path / "secret.txt").write_text("secret")
    heard: list[Any] = []
    bindings = {
        "console": heard.append,
        "tools": {"greet": lambda: "hello"},
        "fetch": lambda request: isolatejs.Response("reached"),
        "files": isolatejs.create_file_bindings(root=tmp_path),
        "modules": isolatejs.create_module_resolver().virtual("@/secret", "export default 'secret'"),
    }
    code = attempt
    for _ in range(depth):
        quoted = "`" + code.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") + "`"
        code = IMPORT + f"const child = await nested.createRuntime(); await child.eval({quoted})"
    async with host.create_runtime(bindings=bindings) as runtime:
        assert await runtime.eval(code) == found
        assert heard == []


async def test_what_is_handed_on_runs_as_the_program_that_hands_it_on(host: isolatejs.IsolateHost) -> None:
    """A tool of the embedder is told of the runtime that it was granted to, whatever child calls it."""
    told: list[tuple[str, str, Any]] = []

    def who(context: isolatejs.HostCallContext) -> str:
        told.append((context.runtime_id, context.resource_id, dict(context.metadata)))
        return "told"

    async with host.create_runtime(bindings={"tools": {"who": who}}) as runtime:
        code = """
        const server = await nested.createAppServer({
          key: "victim", bindings: { tools: { who } },
          code: "serve({ async fetch() { return new Response(await who()) } })",
        });
        const { response } = await server.handle(new Request("http://x/"), { requestId: "forged", metadata: { admin: "yes" } });
        const child = await nested.createRuntime({ bindings: { tools: { who } } });
        [await response.text(), await child.eval("await who()")]
        """
        assert await runtime.eval(IMPORT + code) == ["told", "told"]
        assert told == [(runtime.id, runtime.id, {})] * 2


async def test_functions_that_the_host_gave_the_program_are_called_by_the_program(
    host: isolatejs.IsolateHost,
) -> None:
    """They are handed on as functions of the program, and never become bindings themselves."""
    seen: list[Any] = []

    def take(*args: Any) -> str:
        seen.append(args)
        return "taken"

    async with host.create_runtime(bindings={"tools": {"give": lambda: {"take": take}}}) as runtime:
        code = """
        const { take } = await give();
        const child = await nested.createRuntime({ bindings: {
          console: take, tools: { take }, fetch: async (request) => { await take(request.url); return new Response("x") },
          files: { readFile: take, stat: () => ({ kind: "file", size: 5 }), readdir: () => [] },
        } });
        const told = await child.eval(`
          import fs from "node:fs/promises";
          [await take(1), await (await fetch("http://a.test/")).text(), await fs.readFile("/f", "utf8")]`);
        told
        """
        assert await runtime.eval(IMPORT + code) == ["taken", "x", "taken"]
        assert seen == [(1,), ("http://a.test/",), ("/f",)]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("{ tools: 5 }", "bindings.tools must be an object"),
        ("{ tools: { a: 5 } }", "bindings.tools.a must be an object"),
        ("{ files: {} }", "none of the methods"),
        ("{ files: '/etc' }", "bindings.files must be an object"),
        ("{ fetch: 'http://x' }", "bindings.fetch must be a function"),
        ("{ console: {} }", "bindings.console: a function"),
        ("{ browser: {} }", "only this runtime's own browser"),
        ("{ modules: '/etc' }", "createModuleResolver"),
    ],
)
async def test_bindings_that_are_none_are_told_as_such(
    host: isolatejs.IsolateHost, given: str, error: str
) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(isolatejs.GuestError, match=error):
            await runtime.eval(IMPORT + f"await nested.createRuntime({{ bindings: {given} }})")


async def test_a_childs_errors_do_not_fill_the_log(
    host: isolatejs.IsolateHost, caplog: pytest.LogCaptureFixture
) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const names = [];
        const server = await nested.createAppServer({ code: "serve({ fetch: () => new Response() })" });
        const child = await nested.createRuntime({ bindings: {
          console: () => { throw new Error("in a listener") },
          tools: { fail: () => { throw new Error("in a tool") } },
          files: { readFile: () => { throw new Error("in the files") } },
        } });
        const session = await nested.getNamespacedRuntime("k");
        const attempts = [
          () => child.eval("throw new Error('from a child')"),
          () => child.eval("console.log(1); await fail()"),
          () => child.eval("(await import('node:fs')).readFileSync('/x')"),
          () => nested.getNamespacedRuntime("k"),
          () => server.handle("no request"),
          () => nested.createAppServer({ code: "throw new Error('entry')" }),
          () => child.eval("for (;;) {}", { executionTimeout: 200 }),
          () => child.eval("1"),
        ];
        for (const attempt of attempts) { try { await attempt() } catch (error) { names.push(error.name) } }
        names
        """
        names = await runtime.eval(IMPORT + code)
        assert len(names) == 8
        assert [record.message for record in caplog.records if record.levelname != "DEBUG"] == []
