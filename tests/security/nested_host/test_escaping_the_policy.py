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
        assert "max_runtimes is used up: 2/2" in error


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
