"""Sessions belong to the nested host that made them: names do not reach others, and closing it ends them."""

from __future__ import annotations

import asyncio

import pytest

import isolatejs

IMPORT = """
import { createIsolateHost } from "isolatejs";
const first = createIsolateHost(), second = createIsolateHost();
const put = async (host, key, value) => {
  const session = await host.getNamespacedRuntime(key);
  await session.eval(`globalThis.x = ${value}`);
  await session.dispose();
};
const see = async (host, key) => {
  const session = await host.getNamespacedRuntime(key);
  const seen = await session.eval("globalThis.x ?? 'nothing'");
  await session.dispose();
  return seen;
};
"""


async def test_two_hosts_of_a_program_have_names_of_their_own(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        await put(first, "k", 1);
        await put(second, "k", 2);
        const before = [await see(first, "k"), await see(second, "k")];
        const other = await second.disposeNamespace("only the first's");
        await put(first, "only the first's", 3);
        const guessed = await second.disposeNamespace("only the first's");
        const ended = await second.disposeNamespace("k");
        [before, other, guessed, ended, await see(first, "k"), await see(first, "only the first's"), await see(second, "k")]
        """
        assert await runtime.eval(IMPORT + code) == [[1, 2], False, False, True, 1, 3, "nothing"]


async def test_a_closed_host_leaves_no_session_and_no_count(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 2}) as runtime:
        before = len(host._factory.live)
        code = """
        await put(first, "aside", 1);
        const held = await first.getNamespacedRuntime("held");
        let full;
        try { await second.createRuntime() } catch (error) { full = error.name }
        await first.close();
        const told = await first.diagnostics();
        const child = await second.createRuntime();
        let gone;
        try { await held.eval("1") } catch (error) { gone = error.name }
        let closed;
        try { await first.getNamespacedRuntime("aside") } catch (error) { closed = error.message }
        [full, told.connected, told.namespaces, (await second.diagnostics()).totalResources, gone, closed]
        """
        told = await runtime.eval(IMPORT + code)
        assert told == [
            "QuotaExceededError",
            False,
            0,
            1,
            "RuntimeDisposedError",
            "the nested host is closed",
        ]
        assert len(host._factory.live) == before + 1
        listed = (await host.diagnostics())["namespaces"]
        assert not [one for one in listed if runtime.id in one["key"]]


async def test_what_is_still_being_created_ends_with_its_host(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 4, "max_total_resources": 4}) as runtime:
        code = """
        const opening = [first.createRuntime(), first.getNamespacedRuntime("k"), first.createTestRuntime(),
          first.createAppServer({ code: "serve({ fetch: () => new Response() })" })];
        for (const one of opening) one.catch(() => {});
        await first.close();
        const settled = await Promise.allSettled(opening);
        [settled.map((one) => one.status), (await second.diagnostics()).totalResources]
        """
        statuses, left = await runtime.eval(IMPORT + code)
        assert set(statuses) == {"rejected"}
        assert left == 0


async def test_hosts_in_numbers_do_not_reset_a_quota(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(nested_host={"max_runtimes": 3}) as runtime:
        code = """
        let opened = 0;
        const errors = new Set();
        for (let i = 0; i < 9; i++) {
          try {
            const host = createIsolateHost();
            if (i % 2) await host.createRuntime();
            else await (await host.getNamespacedRuntime("k" + i)).dispose();
            opened++;
          } catch (error) { errors.add(error.name) }
        }
        [opened, [...errors]]
        """
        assert await runtime.eval(IMPORT + code) == [3, ["QuotaExceededError"]]


async def test_names_that_look_like_those_of_others(host: isolatejs.IsolateHost) -> None:
    policy = {"max_runtimes": 20, "max_total_resources": 20}
    async with host.create_runtime() as victim, host.create_runtime(nested_host=policy) as thief:
        await victim.eval(IMPORT + "await put(first, 'k', 42)")
        keys = [
            "k",
            f"nested:{victim.id}:1:k",
            f"{victim.id}:1:k",
            f"1:../{victim.id}:1:k",
            f"1:k:nested:{victim.id}:1:k",
        ]
        for key in keys:
            for number in (1, 2):
                name = "first" if number == 1 else "second"
                assert await thief.eval(IMPORT + f"await see({name}, {key!r})") == "nothing"
                assert await thief.eval(IMPORT + f"await {name}.disposeNamespace({key!r} + 'x')") is False


async def test_a_session_ends_with_its_program_though_it_is_put_aside(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    await runtime.eval(IMPORT + "await put(first, 'k', 1)")
    pids = [one["key"] for one in (await host.diagnostics())["namespaces"] if runtime.id in one["key"]]
    assert len(pids) == 1
    await runtime.dispose()
    for _ in range(200):
        listed = (await host.diagnostics())["namespaces"]
        if not [one for one in listed if runtime.id in one["key"]]:
            break
        await asyncio.sleep(0.02)  # poll
    else:
        pytest.fail("the session outlived its program")
