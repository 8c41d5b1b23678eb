"""A program that tries to get more out of its nested hosts than its policy allows."""

from __future__ import annotations

import asyncio

import pytest

import isolatejs
from isolatejs import GuestError

IMPORT = 'import { createIsolateHost } from "@ricsam/isolate"; const nested = createIsolateHost();\n'


async def test_quota_is_not_reset_by_grandchildren(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 2}) as runtime:
        code = """
        const child = await nested.createRuntime({ nestedHost: { maxRuntimes: 50, maxTotalResources: 50 } });
        await child.eval(`
          import { createIsolateHost } from "isolatejs";
          const host = createIsolateHost();
          let opened = 0, error;
          try { for (;;) { globalThis["r" + opened] = await host.createRuntime(); opened++ } } catch (e) { error = e.message }
          [opened, error]`)
        """
        opened, error = await runtime.eval(IMPORT + code)
        assert opened == 1
        assert "maxRuntimes is used up: 2/2" in error


@pytest.mark.parametrize(
    "options",
    [
        "{memoryLimitMB: 1e9}",
        "{executionTimeout: 1e12}",
        "{executionTimeout: -1}",
        "{executionTimeout: NaN}",
        "{memoryLimitMB: '64'}",
        "{memoryLimitMB: null, executionTimeoutMs: Infinity}",
        "{nestedHost: {fetch: 'inherit'}}",
        "{nestedHost: {maxRuntimes: -1}}",
        "{nestedHost: {maxRuntime: 1}}",
        "{cwd: '../../etc'}",
    ],
)
async def test_more_than_the_policy_is_refused(host: isolatejs.IsolateHost, options: str) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError) as caught:
            await runtime.eval(IMPORT + f"await nested.createRuntime({options})")
        assert ".py" not in caught.value.stack


async def test_a_policy_that_asks_for_more_gets_the_smaller(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(memory_limit_mb=64, nested_host={"max_memory_limit_mb": 512}) as runtime:
        with pytest.raises(GuestError, match="more than the parent allows: 64"):
            await runtime.eval(IMPORT + "await nested.createRuntime({memoryLimitMB: 128})")


async def test_namespace_keys_cannot_be_guessed(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("victim") as victim:
        await victim.eval("globalThis.secret = 1")
    async with host.create_runtime() as runtime:
        for key in ("victim", "../victim", "nested:../victim", "nested::victim", "\\u0000victim"):
            code = f"""
            let found;
            try {{
              const s = await nested.getNamespacedRuntime("{key}");
              found = await s.eval("typeof secret");
              await s.dispose({{ hard: true }});
            }} catch (e) {{ found = "refused" }}
            found
            """
            assert await runtime.eval(IMPORT + code) in ("undefined", "refused")
    async with host.get_namespaced_runtime("victim") as victim:
        assert await victim.eval("secret") == 1
    await host.dispose_namespace("victim")


async def test_use_after_the_parent_is_gone(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    await runtime.eval(IMPORT + "globalThis.child = await nested.createRuntime(); 0")
    children = [live for live in host._factory.live if live is not runtime._live]
    await runtime.dispose()
    for child in children:
        with pytest.raises(isolatejs.RuntimeDisposedError):
            child.check_usable()


async def test_children_do_not_outlive_an_aborted_parent(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    controller = isolatejs.AbortController()
    running = asyncio.create_task(
        runtime.eval(
            IMPORT + "const c = await nested.createRuntime(); emit('ready', 1); await c.eval('for (;;) {}')",
            signal=controller.signal,
        )
    )
    ready = asyncio.Event()
    runtime.events.on("ready", lambda _: ready.set())
    await asyncio.wait_for(ready.wait(), 20)
    lives = [live for live in host._factory.live if "rt_" in live.runtime_id]
    controller.abort()
    with pytest.raises(isolatejs.AbortError):
        await running
    mine = [live for live in lives if live is runtime._live or live.ended]
    assert len(mine) >= 2
    for live in mine:
        await asyncio.wait_for(asyncio.shield(live.sandbox.exited), 5)


async def test_forged_resources_are_nobodys(host: isolatejs.IsolateHost) -> None:
    """Numbers of resources are per runtime: another runtime's cannot be used."""
    async with host.create_runtime() as first, host.create_runtime() as second:
        await first.eval(IMPORT + "globalThis.mine = await nested.createRuntime(); 0")
        code = """
        const own = await nested.createRuntime();
        const proto = Object.getPrototypeOf(own);
        await own.dispose();
        let message;
        try { await own.eval("1") } catch (e) { message = e.message }
        [message.includes("disposed"), typeof proto]
        """
        assert (await second.eval(IMPORT + code))[0] is True
        assert await first.eval("await mine.eval('1 + 1')") == 2


async def test_sessions_that_are_opened_and_disposed_at_once_count(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 3}) as runtime:
        code = """
        const errors = [];
        for (let i = 0; i < 8; i++) {
          try {
            await (await nested.getNamespacedRuntime("k" + i)).dispose();
            const opening = nested.getNamespacedRuntime("k" + i);
            const disposing = nested.disposeNamespace("k" + i);
            await opening;
            await disposing;
          } catch (e) { errors.push(e.message) }
        }
        const told = await nested.diagnostics();
        [told.runtimes <= 3 && told.totalResources >= told.runtimes, told]
        """
        counted, told = await runtime.eval(IMPORT + code)
        assert counted, told
        assert len(runtime._live.children) <= 3


async def test_a_session_that_is_made_while_its_predecessor_ends_counts(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 2}) as runtime:
        code = """
        for (let i = 0; i < 6; i++) {
          try {
            const first = await nested.getNamespacedRuntime("k" + i);
            const ending = first.dispose({ hard: true });
            await nested.getNamespacedRuntime("k" + i).catch(() => {});
            await ending;
          } catch {}
        }
        const told = await nested.diagnostics();
        [told.runtimes <= 2 && told.totalResources >= told.runtimes, told]
        """
        counted, told = await runtime.eval(IMPORT + code)
        assert counted, told


async def test_sessions_with_wrong_options_leave_no_process(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        await (await nested.getNamespacedRuntime("k")).dispose();
        for (let i = 0; i < 5; i++) await nested.getNamespacedRuntime("k", { cwd: "relative" }).catch(() => {});
        const again = await nested.getNamespacedRuntime("k");
        await again.eval("1");
        await again.dispose({ hard: true });
        (await nested.diagnostics()).totalResources
        """
        assert await runtime.eval(IMPORT + code) == 0


async def test_a_child_opened_by_a_parent_that_ends_counts_no_more(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 3}) as runtime:
        code = """
        const errors = [];
        for (let i = 0; i < 5; i++) {
          const child = await nested.createRuntime();
          const opening = child.eval(`
            import { createIsolateHost } from "isolatejs";
            await createIsolateHost().createRuntime()`);
          opening.catch(() => {});
          await child.eval("1");
          await child.dispose();
        }
        (await nested.diagnostics()).totalResources
        """
        assert await runtime.eval(IMPORT + code) == 0


async def test_numbers_for_bytes_allocate_nothing(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const server = await nested.createAppServer({ code: "serve({ fetch: () => new Response() })" });
        const errors = [];
        for (const data of [1e12, 5, [1, 2], null]) {
          try { await server.ws.message("ws_1", data) } catch (e) { errors.push(e.name) }
        }
        errors
        """
        assert await runtime.eval(IMPORT + code) == ["TypeError"] * 4


async def test_a_test_run_obeys_the_time_limit(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_execution_timeout_ms": 2_000}) as runtime:
        code = """
        const child = await nested.createTestRuntime();
        const result = await child.run("test('a', () => { for (;;); }); test('b', () => {})");
        result.tests.map((test) => [test.status, test.error?.message])
        """
        started = asyncio.get_running_loop().time()
        (first, message), (second, _) = await runtime.eval(IMPORT + code)
        assert (first, second) == ("fail", "skip")
        assert "execution_timeout_ms=2000" in message
        assert asyncio.get_running_loop().time() - started < 30


async def test_listeners_are_counted(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const child = await nested.createRuntime();
        const heard = () => {};
        let count = 0, message;
        try { for (; count < 5000; count++) await child.child.send("watchEvent", { name: "n" + count }, { handler: heard }) }
        catch (e) { message = e.message }
        [count, message]
        """
        count, message = await runtime.eval(IMPORT + code)
        assert count == 1000
        assert "more than 1000 listeners" in message


async def test_an_inherited_fetch_hears_nothing_that_the_program_made_up(host: isolatejs.IsolateHost) -> None:
    contexts: list[isolatejs.HostCallContext] = []

    def fetch(request: isolatejs.Request, context: isolatejs.HostCallContext) -> isolatejs.Response:
        contexts.append(context)
        return isolatejs.Response("x")

    async with host.create_runtime(bindings={"fetch": fetch}, nested_host={"fetch": "inherit"}) as runtime:
        code = """
        const server = await nested.createAppServer({
          key: "victim", nestedHost: { fetch: "inherit" },
          code: `
            import { createIsolateHost } from "isolatejs";
            serve({ async fetch() {
              await fetch("https://a.test/");
              const child = await createIsolateHost().createRuntime();
              await child.eval("await fetch('https://b.test/')");
              return new Response();
            } })`,
        });
        await server.handle(new Request("http://x/"), { requestId: "forged", metadata: { user: "admin" } });
        """
        await runtime.eval(IMPORT + code)
        assert len(contexts) == 2
        for context in contexts:
            assert (context.resource_id, context.request_id, dict(context.metadata)) == (runtime.id, None, {})
            assert context.runtime_id != runtime.id


@pytest.mark.parametrize(
    "loader", ['"/etc"', '"."', '["/etc"]', '{ root: "/etc" }', "null", "undefined", "5"]
)
async def test_a_source_tree_is_never_a_directory_of_the_host(
    host: isolatejs.IsolateHost, loader: str
) -> None:
    """An embedder may give `source_tree` a directory; for a program the loader is a function of its own."""
    async with host.create_runtime() as runtime:
        code = f"""
        import {{ createModuleResolver }} from "isolatejs";
        const modules = createModuleResolver().sourceTree("/e/", {loader});
        const child = await nested.createRuntime({{ bindings: {{ modules }} }});
        await child.eval(`import text from "/e/hostname" with {{ type: "text" }}; text`)
        """
        with pytest.raises(GuestError, match="loader must be a function of the program"):
            await runtime.eval(IMPORT + code)
