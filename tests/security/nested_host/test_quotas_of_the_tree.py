"""A program that multiplies what it may have: by reloads, events, sessions put aside and generations."""

from __future__ import annotations

import asyncio

import pytest

import isolatejs
from isolatejs.host.namespaces import EmbeddedNamespaces
from isolatejs.limits import APP_SERVER_DRAINING_LIMIT, OPEN_POSTS_LIMIT
from isolatejs.sandbox.parked import ParkingLimits

IMPORT = 'import { createIsolateHost } from "isolatejs"; const nested = createIsolateHost();\n'


async def test_reloads_leave_no_sandboxes_without_number(host: isolatejs.IsolateHost) -> None:
    """Each sandbox that is replaced has a WebSocket open, and so is not done."""
    async with host.create_runtime() as runtime:
        code = """
        const server = await nested.createAppServer({ code: `
          serve({ fetch(request, server) { server.upgrade(request) }, websocket: { message() {} } })` });
        for (let i = 0; i < 6; i++) {
          const { upgradeData } = await server.handle(new Request("http://x/", { headers: { upgrade: "websocket" } }));
          await server.ws.open(upgradeData.connectionId);
          await server.reload();
        }
        const { sandboxes } = await server.diagnostics();
        sandboxes
        """
        before = len(host._factory.live)
        assert await runtime.eval(IMPORT + code) <= 1 + APP_SERVER_DRAINING_LIMIT
        assert len(host._factory.live) - before <= 1 + APP_SERVER_DRAINING_LIMIT


async def test_events_for_a_program_that_answers_none_are_dropped(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(
            IMPORT
            + """
            globalThis.heard = 0;
            globalThis.child = await nested.createRuntime();
            child.events.on("flood", async () => { heard++; await new Promise(() => {}) });
            await child.eval("0");
            """
        )
        code = f"""
        await child.eval(`for (let i = 0; i < {2 * OPEN_POSTS_LIMIT}; i++) emit("flood", i); 0`);
        await child.eval("0");
        heard
        """
        assert await runtime.eval(code) <= OPEN_POSTS_LIMIT
        assert len(runtime._live.channel._calls) <= OPEN_POSTS_LIMIT + 10


async def test_sessions_of_programs_take_no_place_of_the_embedders() -> None:
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        namespaces = host._namespaces
        assert isinstance(namespaces, EmbeddedNamespaces)
        namespaces._limits = ParkingLimits(count=2)
        async with host.get_namespaced_runtime("mine") as session:
            await session.eval("globalThis.x = 1")
        async with host.create_runtime() as runtime:
            code = """
            for (let i = 0; i < 5; i++) await (await nested.getNamespacedRuntime("k" + i)).dispose();
            (await nested.diagnostics()).namespaces
            """
            assert await runtime.eval(IMPORT + code) == 5
            async with host.get_namespaced_runtime("mine") as session:
                assert await session.eval("x") == 1


KINDS = {
    "runtimes": "await host.createRuntime()",
    "test runtimes": "await host.createTestRuntime()",
    "sessions": "await host.getNamespacedRuntime('k' + i)",
    "sessions put aside": "await (await host.getNamespacedRuntime('k' + i)).dispose()",
    "app servers": "await host.createAppServer({ code: 'serve({ fetch: () => new Response() })' })",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2])
async def test_no_kind_of_child_passes_the_total_at_any_depth(
    host: isolatejs.IsolateHost, kind: str, depth: int
) -> None:
    policy = {"max_total_resources": 3, "max_runtimes": 3, "max_app_servers": 3}
    code = f"""
    import {{ createIsolateHost }} from "isolatejs";
    const host = createIsolateHost();
    let opened = 0, name;
    try {{ for (let i = 0; i < 6; i++) {{ {KINDS[kind]}; opened++ }} }} catch (error) {{ name = error.name }}
    [opened, name]
    """
    for _ in range(depth - 1):
        quoted = "`" + code.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") + "`"
        greedy = "{ nestedHost: { maxTotalResources: 99, maxRuntimes: 99, maxAppServers: 99 } }"
        code = IMPORT + f"const child = await nested.createRuntime({greedy}); await child.eval({quoted})"
    async with host.create_runtime(nested_host=policy) as runtime:
        assert await runtime.eval(code) == [3 - (depth - 1), "QuotaExceededError"]


async def test_cycles_of_creating_and_ending_leave_the_count_as_it_was(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_total_resources": 2, "max_runtimes": 2}) as runtime:
        code = """
        const make = [
          () => nested.createRuntime(), () => nested.createTestRuntime(), () => nested.getNamespacedRuntime("k"),
          () => nested.createAppServer({ code: "serve({ fetch: () => new Response() })" }),
        ];
        const ends = [(child) => child.dispose(), (child) => child.dispose({ hard: true, reason: "done" })];
        for (const create of make) for (const end of ends) {
          const child = await create();
          await Promise.all([end(child), end(child)]);
        }
        await nested.disposeNamespace("k");
        const failing = [
          () => nested.createRuntime({ cwd: "relative" }), () => nested.createAppServer({ code: "throw 1" }),
          () => nested.createRuntime({ bindings: { tools: { "not a name": () => 1 } } }),
          () => nested.getNamespacedRuntime("bad", { cwd: "x" }),
        ];
        for (const fail of failing) await fail().catch(() => {});
        (await nested.diagnostics()).totalResources
        """
        assert await runtime.eval(IMPORT + code) == 0


async def test_a_parent_that_ends_while_children_are_created_leaves_none(host: isolatejs.IsolateHost) -> None:
    before = set(host._factory.live)
    runtime = await host.create_runtime()
    await runtime.eval(
        IMPORT
        + """
        for (let i = 0; i < 4; i++) nested.createRuntime().catch(() => {});
        nested.getNamespacedRuntime("k").catch(() => {});
        nested.createAppServer({ code: "serve({ fetch: () => new Response() })" }).catch(() => {});
        0
        """
    )
    await runtime.dispose()
    for _ in range(400):
        if set(host._factory.live) <= before:
            break
        await asyncio.sleep(0.02)  # poll
    else:
        pytest.fail("a child outlived its parent")


async def test_long_names_and_reasons_are_not_kept(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const long = "x".repeat(5_000_000);
        const told = [];
        const child = await nested.createRuntime();
        const attempts = [
          () => nested.createRuntime({ key: long }), () => nested.createRuntime({ cwd: "/" + long }),
          () => child.child.call("watchEvent", { name: long, handler: {} }),
          () => child.eval("1", { filename: long }),
          () => nested.createAppServer({ entry: long }),
        ];
        for (const attempt of attempts) { try { await attempt(); told.push("taken") } catch (error) { told.push(error.name) } }
        await child.dispose({ reason: long });
        let message;
        try { await child.eval("1") } catch (error) { message = error.message }
        [told, message.length]
        """
        told, length = await runtime.eval(IMPORT + code)
        assert told == ["TypeError"] * 5
        assert length < 2_000
