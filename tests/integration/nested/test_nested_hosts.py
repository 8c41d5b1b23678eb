"""Hosts inside the sandbox: what they open, what they may, and how it all ends with the parent."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import isolatejs
from isolatejs import ConsoleEntry, GuestError, HostCallContext, Request, Response

IMPORT = 'import { createIsolateHost, createModuleResolver } from "@ricsam/isolate"; const nested = createIsolateHost();\n'


async def test_documents_example(host: isolatejs.IsolateHost) -> None:
    entries: list[ConsoleEntry] = []
    async with host.create_runtime(
        bindings={"console": entries.append},
        nested_host={
            "fetch": "inherit",
            "max_total_resources": 8,
            "max_runtimes": 6,
            "max_app_servers": 2,
            "max_memory_limit_mb": 128,
            "max_execution_timeout_ms": 30_000,
            "max_app_server_lifetime_ms": 600_000,
        },
    ) as runtime:
        await runtime.eval(
            IMPORT
            + """
            const child = await nested.createRuntime({
              bindings: {
                console: { onEntry(entry) { console.log("child says", entry.stdout) } },
                tools: { greet: async (name) => "hello " + name },
              },
            });
            await child.eval('console.log(await greet("nested"))');
            await child.dispose();
            await nested.close();
            """
        )
        assert [entry.stdout for entry in entries] == ["child says hello nested"]


async def test_live_abort_signal(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const child = await nested.createRuntime();
        const controller = new AbortController();
        const running = child.eval("await new Promise(() => {})", { signal: controller.signal });
        controller.abort();
        let name;
        try { await running } catch (error) { name = error.name }
        let gone;
        try { await child.eval("1") } catch (error) { gone = error.name }
        [name, gone]
        """
        aborted, gone = await runtime.eval(IMPORT + code)
        assert aborted == "AbortError"
        assert gone in (
            "AbortError",
            "RuntimeDisposedError",
        )  # it may have been under way when the abort came


async def test_values_iterators_and_errors_cross(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const child = await nested.createRuntime({ bindings: { tools: {
          echo: (value) => value,
          count: async function* (n) { for (let i = 0; i < n; i++) yield i },
          fail: () => { throw new RangeError("from the parent") },
          group: { inner: () => "in" },
        } } });
        const echoed = await child.eval("(await echo(new Map([[1, new Date(5)]]))).get(1).getTime()");
        const counted = await child.eval("let s = 0; for await (const x of count(4)) s += x; s");
        const failed = await child.eval("try { await fail() } catch (e) { [e.name, e.message] }");
        let thrown;
        try { await child.eval("throw new TypeError('child error')") } catch (e) { thrown = [e.name, e.message] }
        [echoed, counted, failed, thrown, await child.eval("await group.inner()")]
        """
        assert await runtime.eval(IMPORT + code) == [
            5,
            6,
            ["RangeError", "from the parent"],
            ["TypeError", "child error"],
            "in",
        ]


async def test_modules_of_the_parent_program(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const modules = createModuleResolver()
          .virtual("@/env", "export const mode: string = 'nested'", { filename: "env.ts", resolveDir: "/app" })
          .sourceTree("/src/", async (path) => path.endsWith("a.js") ? "export default 'from the tree'" : null)
          .fallback((specifier) => specifier === "anything" ? "export default 'fallback'" : null);
        const child = await nested.createRuntime({ bindings: { modules } });
        await child.eval(`import { mode } from "@/env"; import tree from "/src/a.js"; import any from "anything"; [mode, tree, any]`)
        """
        assert await runtime.eval(IMPORT + code) == ["nested", "from the tree", "fallback"]


async def test_app_server_and_request_abort(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const server = await nested.createAppServer({ entry: "/server.ts", bindings: { modules: createModuleResolver().virtual("/server.ts", `
          serve({ async fetch(request) {
            if (request.url.endsWith("/wait")) await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
            return Response.json({ path: new URL(request.url).pathname, body: await request.text() });
          } })`) } });
        const result = await server.handle(new Request("http://localhost/hello", { method: "POST", body: "hi" }));
        const first = [result.type, result.response.status, await result.response.json()];
        const controller = new AbortController();
        const waiting = server.handle(new Request("http://localhost/wait"), { signal: controller.signal });
        controller.abort();
        let name;
        try { await waiting } catch (error) { name = error.name }
        const again = await server.handle(new Request("http://localhost/again"));
        await server.dispose();
        [first, name, again.response.status]
        """
        assert await runtime.eval(IMPORT + code) == [
            ["response", 200, {"path": "/hello", "body": "hi"}],
            "AbortError",
            200,
        ]


async def test_test_runtime_and_events(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const child = await nested.createTestRuntime();
        const events = [];
        child.test.onEvent((event) => events.push(event.type));
        const result = await child.run("test('passes', () => expect(1).toBe(1)); test('fails', () => expect(1).toBe(2))", { timeoutMs: 1000 });
        [result.passed, result.failed, result.tests.map((t) => t.fullName), events[0], events.at(-1)]
        """
        assert await runtime.eval(IMPORT + code) == [1, 1, ["passes", "fails"], "runStart", "runEnd"]


async def test_namespaced_sessions_are_scoped(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("secret") as session:
        await session.eval("globalThis.secret = 42")
    async with host.create_runtime() as first, host.create_runtime() as second:
        await first.eval(
            IMPORT
            + "globalThis.nested = nested; "
            + "const s = await nested.getNamespacedRuntime('k'); await s.eval('globalThis.x = 1'); await s.dispose()"
        )
        assert (
            await first.eval(
                "const s = await nested.getNamespacedRuntime('k'); const v = await s.eval('x'); await s.dispose(); v"
            )
            == 1
        )
        assert (
            await second.eval(
                IMPORT + "const s = await nested.getNamespacedRuntime('k'); await s.eval('typeof x')"
            )
            == "undefined"
        )
        for guess in ("secret", f"nested:{first.id}:k", f"nested:{first.id}:1:k"):
            assert await second.eval(IMPORT + f"await nested.disposeNamespace({guess!r})") is False
        assert await first.eval("await nested.disposeNamespace('k')") is True
    async with host.get_namespaced_runtime("secret") as session:
        assert await session.eval("secret") == 42
    await host.dispose_namespace("secret")


async def test_fetch_is_inherited_only_when_allowed(host: isolatejs.IsolateHost) -> None:
    async def fetch(request: Request, context: HostCallContext) -> Response:
        return Response("fetched " + request.url)

    code = (
        IMPORT + "const c = await nested.createRuntime(); await c.eval(`(await fetch('http://x/')).text()`)"
    )
    async with host.create_runtime(bindings={"fetch": fetch}, nested_host={"fetch": "inherit"}) as runtime:
        assert await runtime.eval(code) == "fetched http://x/"
    async with host.create_runtime(bindings={"fetch": fetch}) as runtime:
        with pytest.raises(GuestError, match="fetch"):
            await runtime.eval(code)


async def test_host_only_helpers_are_absent(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        names = "import * as all from 'isolatejs'; Object.keys(all).filter((k) => k !== 'default').sort()"
        assert await runtime.eval(names) == ["createIsolateHost", "createModuleResolver"]
        assert await runtime.eval(
            IMPORT
            + "[typeof createModuleResolver().virtualFile, typeof createModuleResolver().mountNodeModules]"
        ) == [
            "undefined",
            "undefined",
        ]


async def test_nested_host_false_takes_the_module_away(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host=False) as runtime:
        with pytest.raises(GuestError, match="@ricsam/isolate"):
            await runtime.eval(IMPORT)


async def test_descendants_end_with_the_parent_at_any_depth(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime(nested_host={"max_runtimes": 10, "max_total_resources": 10})
    await runtime.eval(
        IMPORT
        + """
        globalThis.child = await nested.createRuntime();
        await child.eval(`
          import { createIsolateHost } from "@ricsam/isolate";
          globalThis.grandchild = await createIsolateHost().createRuntime();
          await grandchild.eval(\\`
            import { createIsolateHost } from "isolatejs";
            globalThis.last = await createIsolateHost().createRuntime();
            await last.eval("1");
          \\`);
        `);
        """
    )
    lives = list(host._factory.live)
    assert len(lives) == 4
    loop = asyncio.get_running_loop()
    started = loop.time()
    runtime._live.end_now(isolatejs.RuntimeDisposedError("over"))
    await asyncio.wait([live.sandbox.exited for live in lives], timeout=5)
    assert all(live.sandbox.exited.done() for live in lives)
    assert loop.time() - started < 1
    await runtime.dispose()


async def test_reentrancy(host: isolatejs.IsolateHost) -> None:
    """A child's console callback calls a tool of the parent, which evaluates in the child."""
    async with host.create_runtime() as runtime:
        code = """
        const order = [];
        const done = Promise.withResolvers();
        const child = await nested.createRuntime({ bindings: {
          console: { async onEntry(entry) {
            order.push(entry.stdout);
            if (entry.stdout === "one") { order.push(await child.eval("await back(20)")); done.resolve() }
          } },
          tools: { back: async (n) => n + (await child.eval("1 + 1")) },
        } });
        await child.eval("console.log('one'); console.log('two')");
        await done.promise;
        order
        """
        assert await asyncio.wait_for(runtime.eval(IMPORT + code), 20) == ["one", "two", 22]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("{memoryLimitMB: 4096}", "memoryLimitMB 4096 is more than the parent allows"),
        ("{executionTimeout: 999999}", "executionTimeout 999999 is more than the parent allows"),
        ("{bindings: {tols: {}}}", "unknown option tols"),
        ("{memory: 5}", "unknown option memory"),
    ],
)
async def test_policy_and_bad_options(host: isolatejs.IsolateHost, options: str, error: str) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError, match=error):
            await runtime.eval(IMPORT + f"await nested.createRuntime({options})")


async def test_quota_is_counted_over_the_whole_tree(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 2}) as runtime:
        code = """
        const child = await nested.createRuntime();
        await child.eval(`
          import { createIsolateHost } from "isolatejs";
          const host = createIsolateHost();
          globalThis.one = await host.createRuntime();
          let error;
          try { await host.createRuntime({ nestedHost: { maxRuntimes: 100 } }) } catch (e) { error = e.message }
          error`)
        """
        assert "maxRuntimes is used up: 2/2" in await runtime.eval(IMPORT + code)


async def test_parked_sessions_count(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 1}) as runtime:
        code = """
        const s = await nested.getNamespacedRuntime("a");
        await s.dispose();
        let error;
        try { await nested.createRuntime() } catch (e) { error = e.message }
        const again = await nested.getNamespacedRuntime("a");
        await again.dispose({ hard: true });
        const free = await nested.createRuntime();
        [error.includes("maxRuntimes is used up"), await free.eval("1")]
        """
        assert await runtime.eval(IMPORT + code) == [True, 1]


async def test_per_eval_timeout_cannot_pass_the_policy(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_execution_timeout_ms": 300}) as runtime:
        code = """
        const child = await nested.createRuntime();
        const errors: any[] = [];
        try { await child.eval("1", { executionTimeout: 60000 }) } catch (e) { errors.push(e.message) }
        try { await child.eval("for (;;) {}") } catch (e) { errors.push(e.name) }
        errors
        """
        errors: Any = await runtime.eval(IMPORT + code)
        assert "more than the parent allows" in errors[0]
        assert errors[1] == "TimeoutError"


async def test_what_comes_home_through_two_hosts_is_the_same(host: isolatejs.IsolateHost) -> None:
    def own() -> int:
        return 5

    tools = {"give": lambda: {"own": own}, "is_own": lambda value: value is own}
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        code = """
        const { own } = await give();
        const kept = [];
        const child = await nested.createRuntime({ bindings: { tools: {
          keep: (value) => { kept.push(value) }, kept: () => kept[0], give: () => [own], isOwn: (value) => is_own(value),
        } } });
        const same = await child.eval(`
          const mine = () => 1;
          await keep(mine);
          const [theirs] = await give();
          [mine === await kept(), await isOwn(theirs), await theirs()]`);
        [same, await kept[0]()]
        """
        assert await runtime.eval(IMPORT + code) == [[True, True, 5], 1]


async def test_values_of_the_child_keep_their_keys(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const entries = [];
        const child = await nested.createRuntime({ bindings: { console: { onEntry: (entry) => entries.push(entry) } } });
        await child.eval("console.log({user_name: 1, wait_ms: 2}, /x/g); const a = []; a.push(a); console.log(a); console.count('n')");
        const tests = await nested.createTestRuntime();
        const result = await tests.run("test('t', () => expect({user_name: 1}).toEqual({wait_ms: 2}))");
        const { expected, actual } = result.tests[0].error;
        while (entries.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
        const [first, second, third] = entries;
        [first.values[0], String(first.values[1]), second.values[0][0] === second.values[0],
          first.groupDepth, third.count, expected, actual]
        """
        assert await runtime.eval(IMPORT + code) == [
            {"user_name": 1, "wait_ms": 2},
            "/x/g",
            True,
            0,
            1,
            {"wait_ms": 2},
            {"user_name": 1},
        ]


async def test_an_app_server_beyond_its_lifetime_counts_no_more(host: isolatejs.IsolateHost) -> None:
    policy = {"max_app_servers": 1, "max_app_server_lifetime_ms": 400}
    async with host.create_runtime(nested_host=policy) as runtime:
        code = """
        const code = "serve({ fetch: () => new Response() })";
        await nested.createAppServer({ code });
        while ((await nested.diagnostics()).servers > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        const again = await nested.createAppServer({ code });
        try { (await again.handle(new Request("http://x/"))).response.status }
        catch (error) { /lifetime/.test(error.message) ? 200 : error.message }  // a machine under load
        """
        assert await asyncio.wait_for(runtime.eval(IMPORT + code), 20) == 200


async def test_modules_as_an_object_with_resolve(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const modules = { resolve(specifier) { return specifier === "dep" ? { code: "export default 5", filename: "dep.js", resolveDir: "/" } : null } };
        const child = await nested.createRuntime({ bindings: { modules } });
        await child.eval("import five from 'dep'; five")
        """
        assert await runtime.eval(IMPORT + code) == 5


async def test_virtual_modules_as_objects_and_promises(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const modules = createModuleResolver()
          .virtual("/m.ts", { code: "import { a } from './a.ts'; export const m: number = a", filename: "m.ts", resolveDir: "/lib" })
          .virtual("/lib/a.ts", Promise.resolve({ code: "export const a: number = 3", filename: "a.ts", resolveDir: "/lib" }))
          .virtual("/c.js", { source: "export const c = 4" });
        const child = await nested.createRuntime({ bindings: { modules } });
        await child.eval("import { m } from '/m.ts'; import { c } from '/c.js'; [m, c]")
        """
        assert await runtime.eval(IMPORT + code) == [3, 4]


FILES = """
const stored = new Map([["/a.txt", "hello"], ["/d/b.txt", "deep"]]);
const missing = (path) => Object.assign(new Error("ENOENT: no such file, '" + path + "'"), { code: "ENOENT" });
const read = (path) => { if (!stored.has(path)) throw missing(path); return stored.get(path) };
"""


@pytest.mark.parametrize(
    ("files", "attempt", "found"),
    [
        (
            "{ readFile: read, readdir: () => ['a.txt'], stat: (path) => ({ isFile: path !== '/', isDirectory: path === '/', size: 5 }) }",
            "[fs.statSync('/').isDirectory(), fs.statSync('/a.txt').size, fs.readdirSync('/'), fs.readFileSync('/a.txt', 'utf8')]",
            [True, 5, ["a.txt"], "hello"],
        ),
        (
            "{ readFile: read, stat: (path) => ({ isFile: () => stored.has(path), isDirectory: () => !stored.has(path), size: 5, mtimeMs: 4000 }) }",
            "[fs.statSync('/a.txt').isFile(), fs.statSync('/a.txt').mtimeMs, fs.readFileSync('/a.txt', 'utf8')]",
            [True, 4000, "hello"],
        ),
        (
            "{ readdir: () => [{ name: 'x' }, 'y'], stat: () => ({ isDirectory: true }) }",
            "[fs.readdirSync('/'), (() => { try { fs.readFileSync('/x') } catch (e) { return e.code } })()]",
            [["x", "y"], "EISDIR"],
        ),
        (
            "{ readFile: read }",
            "[fs.readFileSync('/a.txt', 'utf8'), fs.statSync('/a.txt').size]",
            ["hello", 5],
        ),
        (
            "{ readFile: read }",
            "try { fs.readFileSync('/gone') } catch (error) { error.code }",
            "ENOENT",
        ),
        (
            "{ readFile: read, writeFile: (path, data) => { stored.set(path, new TextDecoder().decode(data)) } }",
            "fs.writeFileSync('/new', 'x'); let code; try { fs.unlinkSync('/new') } catch (error) { code = error.code } [fs.readFileSync('/new', 'utf8'), code]",
            ["x", "ENOSYS"],
        ),
    ],
)
async def test_files_with_some_of_the_methods(
    host: isolatejs.IsolateHost, files: str, attempt: str, found: Any
) -> None:
    async with host.create_runtime() as runtime:
        code = f"""
        {FILES}
        const child = await nested.createRuntime({{ bindings: {{ files: {files} }} }});
        await child.eval("const fs = await import('node:fs'); " + {attempt!r})
        """
        assert await runtime.eval(IMPORT + code) == found


async def test_the_programs_own_fs_can_be_handed_on(host: isolatejs.IsolateHost, tmp_path: Any) -> None:
    files = isolatejs.create_file_bindings(root=tmp_path, allow_write=True)
    async with host.create_runtime(bindings={"files": files}) as runtime:
        code = """
        import fs from "node:fs/promises";
        const child = await nested.createRuntime({ bindings: { files: fs } });
        await child.eval(`
          import fs from "node:fs/promises";
          await fs.mkdir("/d");
          await fs.writeFile("/d/a.txt", "from the child");
          await fs.rename("/d/a.txt", "/d/b.txt");
          let code;
          try { await fs.readFile("/gone") } catch (error) { code = error.code }
          [await fs.readdir("/d"), await fs.readFile("/d/b.txt", "utf8"), code]`)
        """
        assert await runtime.eval(IMPORT + code) == [["b.txt"], "from the child", "ENOENT"]
        assert (tmp_path / "d" / "b.txt").read_text() == "from the child"


async def test_callbacks_of_a_program_get_a_context(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const seen = {};
        const facts = ({ runtimeId, resourceId, requestId, metadata, signal }) =>
          ({ runtimeId, resourceId, requestId, metadata, live: signal instanceof AbortSignal && !signal.aborted });
        const server = await nested.createAppServer({ key: "shop", code: `
          serve({ async fetch(request) {
            console.log("hi");
            (await import("node:fs")).readFileSync("/x");
            await greet("a"); await plain(1); await taken("x"); await (await fetch("http://a.test/")).text();
            return new Response(String(await sum(1, 2, 3)));
          } })`,
          bindings: {
            console: { onEntry(entry, context) { seen.console = facts(context) } },
            fetch: (request, context) => { seen.fetch = facts(context); return new Response("x") },
            files: {
              readFile: (path, context) => { seen.readFile = facts(context); return "x" },
              stat: (path) => ({ isFile: true, size: 1 }), readdir: () => [],
            },
            tools: {
              greet: async (name, context) => { seen.greet = facts(context) },
              plain: (a, b) => { seen.plain = [a, b] },
              taken: (name, { requestId }) => { seen.taken = requestId },
              sum: (...numbers) => numbers.reduce((a, b) => a + b),
            },
          } });
        const { response } = await server.handle(new Request("http://x/"), { requestId: "r9", metadata: { user: "ann" } });
        [await response.text(), seen]
        """
        text, seen = await runtime.eval(IMPORT + code)
        assert text == "6"
        facts = seen["greet"]
        assert facts["resourceId"] == "shop"
        assert facts["requestId"] == "r9"
        assert facts["metadata"] == {"user": "ann"}
        assert facts["live"] is True
        assert facts["runtimeId"] != runtime.id
        assert seen["fetch"] == seen["console"] == seen["readFile"] == facts
        assert seen["plain"][0] == 1
        assert seen["plain"][1] is None or seen["plain"][1] is isolatejs.UNDEFINED
        assert seen["taken"] == "r9"


async def test_commands_of_a_childs_web_sockets(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const commands = [];
        const done = Promise.withResolvers();
        const server = await nested.createAppServer({
          code: `serve({
            fetch(request, server) { server.upgrade(request) },
            websocket: { message(ws, data) { ws.send("back " + data); ws.send(new Uint8Array([1, 2])); ws.close(4000, "enough") } },
          })`,
          webSockets: { onCommand(command, context) {
            commands.push({ ...command, data: command.data?.length ?? null, requestId: context.requestId });
            if (command.type === "close") done.resolve();
          } },
        });
        const { upgradeData } = await server.handle(new Request("http://x/", { headers: { upgrade: "websocket" } }), { requestId: "r1" });
        await server.ws.open(upgradeData.connectionId);
        await server.ws.message(upgradeData.connectionId, "hi");
        await done.promise;
        [upgradeData.connectionId, commands]
        """
        id, commands = await runtime.eval(IMPORT + code)
        assert commands == [
            {"type": "message", "connectionId": id, "data": 7, "requestId": "r1"},
            {"type": "message", "connectionId": id, "data": 2, "requestId": "r1"},
            {
                "type": "close",
                "connectionId": id,
                "data": None,
                "code": 4000,
                "reason": "enough",
                "requestId": "r1",
            },
        ]


async def test_reasons_are_told(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const told = [];
        const use = async (attempt) => { try { await attempt() } catch (error) { told.push([error.name, error.message]) } };
        const child = await nested.createRuntime();
        await child.dispose({ reason: "enough of it" });
        await use(() => child.eval("1"));
        const hard = await nested.getNamespacedRuntime("k");
        await nested.disposeNamespace("k", { reason: "the key is old" });
        await use(() => hard.eval("1"));
        const soft = await nested.getNamespacedRuntime("s");
        await soft.dispose({ reason: "for now" });
        await use(() => soft.eval("1"));
        const server = await nested.createAppServer({ code: "serve({ fetch: () => new Response() })" });
        await server.dispose({ reason: "closing time" });
        await use(() => server.handle(new Request("http://x/")));
        told
        """
        told = await runtime.eval(IMPORT + code)
        assert [name for name, _ in told] == ["RuntimeDisposedError"] * 4
        for (_, message), reason in zip(
            told, ("enough of it", "the key is old", "for now", "closing time"), strict=True
        ):
            assert reason in message
        assert "'k'" in told[1][1]
        assert "nested:rt" not in told[1][1] + told[2][1]


async def test_errors_name_options_as_the_program_does(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_total_resources": 1}) as runtime:
        code = """
        const told = [];
        const child = await nested.createRuntime({ executionTimeout: 2000 });
        for (const attempt of [
          () => nested.createRuntime(), () => child.eval("for (;;) {}"), () => child.eval("1"),
          () => nested.createAppServer({}), () => nested.createRuntime({ executionTimeout: 1e9 }),
        ]) {
          try { await attempt() } catch (error) { told.push(error.message) }
        }
        told
        """
        told = await runtime.eval(IMPORT + code)
        assert len(told) == 5
        assert "maxTotalResources is used up: 1/1" in told[0]
        assert "executionTimeoutMs=2000" in told[1]
        assert not [text for text in told if re.search(r"[a-z]_[a-z]", text.replace("rt_", ""))]
