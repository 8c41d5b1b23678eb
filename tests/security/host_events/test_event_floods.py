"""Events as a weapon: floods, hostile payloads and names."""

from __future__ import annotations

from typing import Any

import isolatejs


async def test_a_flood_reaches_nobody_who_does_not_listen(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime, host.create_runtime() as sibling:
        await runtime.eval("for (let i = 0; i < 50_000; i++) emit('e' + i, i)")
        assert await sibling.eval("1 + 1") == 2


async def test_hostile_names_and_payloads_are_data(host: isolatejs.IsolateHost) -> None:
    seen: list[Any] = []
    async with host.create_runtime() as runtime:
        for name in ("__proto__", "constructor", "x" * 10_000):
            runtime.events.on(name, seen.append)
        await runtime.eval(
            "emit('__proto__', {__proto__: null, constructor: 1}); emit('constructor', [1]); emit('x'.repeat(10000), 2)"
        )
        await runtime.eval("0")
    assert seen == [{"constructor": 1}, [1], 2]


async def test_a_handler_that_fails_disturbs_nobody(host: isolatejs.IsolateHost) -> None:
    seen: list[Any] = []

    def fail(payload: Any) -> None:
        raise RuntimeError("handler")

    async with host.create_runtime() as runtime:
        runtime.events.on("e", fail)
        runtime.events.on("e", seen.append)
        await runtime.eval("emit('e', 1)")
        assert await runtime.eval("2") == 2
    assert seen == [1]
