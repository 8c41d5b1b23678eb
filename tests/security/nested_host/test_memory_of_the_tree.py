"""A program that has its children hold what it may not hold itself."""

from __future__ import annotations

import pytest

import isolatejs
from isolatejs.sandbox.parked import resident_memory_bytes

FILL = """
globalThis.kept = [];
for (let i = 0; i < %d; i++) {
  kept.push(new Uint8Array(1024 * 1024).fill(i + 1));
  if (i %% 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
kept.length
"""
START = """
import { createIsolateHost } from "isolatejs";
const nested = createIsolateHost();
const fill = async (child, code) => {
  try { return await child.eval(code) } catch (error) { return error.name }
};
"""


def tree_bytes(host: isolatejs.IsolateHost) -> int:
    """Private memory of all runtimes of the host, their engines' own part included."""
    return sum(resident_memory_bytes(live.sandbox.pid) for live in host._factory.live)


async def test_children_cannot_hold_more_than_their_parent_may() -> None:
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(memory_limit_mb=96) as runtime,
    ):
        code = f"""
        globalThis.children = [];
        const told = [];
        for (let i = 0; i < 5; i++) {{
          const child = await nested.createRuntime();
          children.push(child);
          told.push(await fill(child, `{FILL % 40}`));
        }}
        told
        """
        told = await runtime.eval(START + code)
        assert told[:2] == [40, 40]
        assert told[2:] == ["MemoryLimitError"] * 3
        assert tree_bytes(host) < (96 + 64 + 3 * 40) * 1024 * 1024  # three engines
        assert await runtime.eval("children[0].eval('kept.length')") == 40
        assert (await runtime.diagnostics())["active_resources"] == 2


async def test_memory_is_not_hidden_in_grandchildren_or_sessions() -> None:
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(memory_limit_mb=96) as runtime,
    ):
        code = f"""
        const session = await nested.getNamespacedRuntime("hidden");
        const first = await fill(session, `{FILL % 50}`);
        await session.dispose();
        const child = await nested.createRuntime();
        const second = await fill(child, `
          import {{ createIsolateHost }} from "isolatejs";
          const grandchild = await createIsolateHost().createRuntime();
          let told;
          try {{ told = await grandchild.eval(\\`{FILL % 60}\\`) }} catch (error) {{ told = error.name }}
          told
        `);
        [first, second]
        """
        first, second = await runtime.eval(START + code)
        assert first == 50
        assert second in ("MemoryLimitError", "RuntimeDisposedError")


async def test_a_policy_can_grant_the_tree_more() -> None:
    async with (
        isolatejs.create_isolate_host(pool_size=0) as host,
        host.create_runtime(memory_limit_mb=64, nested_host={"max_total_memory_mb": 256}) as runtime,
    ):
        code = f"""
        const told = [];
        for (let i = 0; i < 3; i++) told.push(await fill(await nested.createRuntime(), `{FILL % 40}`));
        told
        """
        assert await runtime.eval(START + code) == [40, 40, 40]


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "128"])
def test_a_wrong_total_is_refused(value: object) -> None:
    with pytest.raises(isolatejs.ConfigurationError, match="max_total_memory_mb"):
        isolatejs.NestedHostPolicy(max_total_memory_mb=value)  # type: ignore[arg-type]


async def test_children_end_in_the_launcher_with_their_parent() -> None:
    """Also while the host has no time to end them itself."""
    async with isolatejs.create_isolate_host(pool_size=0) as host:
        runtime = await host.create_runtime()
        await runtime.eval(
            START
            + """
            globalThis.child = await nested.createRuntime();
            await child.eval(`
              import { createIsolateHost } from "isolatejs";
              globalThis.grandchild = await createIsolateHost().createRuntime(); 0`);
            """
        )
        lives = list(host._factory.live)
        assert len(lives) == 3
        for live in lives:
            live.children.clear()  # the host forgets them
        runtime._live.sandbox.kill()
        for live in lives:
            await live.wait_ended()
        await runtime.dispose()
