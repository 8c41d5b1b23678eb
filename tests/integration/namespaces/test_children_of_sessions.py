"""A session that is put aside keeps its nested children, stopped, as it keeps its globals."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import isolatejs

START = """
import { createIsolateHost } from "isolatejs";
globalThis.nested = createIsolateHost();
globalThis.said = [];
globalThis.child = await nested.createRuntime({ bindings: {
  tools: { double: (n) => 2 * n, say: (text) => { said.push(text) } },
  console: (entry) => { said.push(entry.stdout) },
} });
await child.eval("globalThis.x = 20; 0");
"""


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_children_and_what_they_were_given_go_on(host: isolatejs.IsolateHost) -> None:
    async with host.get_namespaced_runtime("with child") as session:
        await session.eval(START)
        await session.eval("globalThis.grandchild = await child.eval(`1`); 0")
    async with host.get_namespaced_runtime("with child") as session:
        assert await session.eval("await child.eval('x + 1')") == 21
        assert await session.eval("await child.eval('await double(x)')") == 40
        await session.eval("await child.eval(\"console.log('hi'); await say('there')\")")
        for _ in range(200):
            if len(await session.eval("said")) == 2:
                break
            await asyncio.sleep(0.02)  # poll
        assert sorted(await session.eval("said")) == ["hi", "there"]
        assert await session.eval("(await nested.diagnostics()).totalResources") == 1
    async with host.get_namespaced_runtime("with child") as session:
        assert await session.eval("await child.eval('await double(x)')") == 40
        await session.eval("await child.dispose(); 0")
        assert await session.eval("(await nested.diagnostics()).totalResources") == 0
    await host.dispose_namespace("with child")


async def test_they_are_stopped_meanwhile_and_end_with_the_session(host: isolatejs.IsolateHost) -> None:
    before = set(host._factory.live)
    session = await host.get_namespaced_runtime("stopped")
    await session.eval(START)
    (child,) = [live for live in host._factory.live if live not in before and live is not session._live]
    await session.dispose()
    for _ in range(200):
        if state_of(child.sandbox.pid) == "T":
            break
        await asyncio.sleep(0.02)  # poll
    assert state_of(child.sandbox.pid) == "T"
    assert not child.ended
    assert await host.dispose_namespace("stopped") is True
    await child.wait_ended()


async def test_no_child_keeps_what_the_next_acquire_does_not_grant(host: isolatejs.IsolateHost) -> None:
    fetched: list[str] = []

    def fetch(request: isolatejs.Request) -> isolatejs.Response:
        fetched.append(request.url)
        return isolatejs.Response("x")

    policy = {"fetch": "inherit"}
    async with host.get_namespaced_runtime(
        "granted", bindings={"fetch": fetch}, nested_host=policy
    ) as session:
        await session.eval(START)
        await session.eval("await child.eval(\"await fetch('http://a.test/')\"); 0")
    assert fetched == ["http://a.test/"]
    async with host.get_namespaced_runtime("granted") as session:
        with pytest.raises(isolatejs.GuestError, match="put aside"):
            await session.eval("await child.eval(\"await fetch('http://b.test/')\")")
        assert await session.eval("(await nested.diagnostics()).totalResources") == 0
    assert fetched == ["http://a.test/"]
    await host.dispose_namespace("granted")


async def test_an_acquire_without_nested_hosts_ends_them(host: isolatejs.IsolateHost) -> None:
    before = set(host._factory.live)
    async with host.get_namespaced_runtime("without") as session:
        await session.eval(START)
        (child,) = [live for live in host._factory.live if live not in before and live is not session._live]
    async with host.get_namespaced_runtime("without", nested_host=False) as session:
        assert await session.eval("typeof child") == "object"
        await child.wait_ended()
    await host.dispose_namespace("without")
