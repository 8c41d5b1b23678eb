"""Tools and named events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import isolatejs
from isolatejs import GuestError, HostCallContext


async def test_tools_of_every_kind(host: isolatejs.IsolateHost) -> None:
    async def slowly(value: int) -> int:
        await asyncio.sleep(0)
        return value * 2

    async def numbers(count: int) -> AsyncIterator[int]:
        for i in range(count):
            yield i

    def letters() -> Iterator[str]:
        yield from "abc"

    tools = {
        "plain": lambda a, b=10: a + b,
        "slowly": slowly,
        "numbers": numbers,
        "letters": letters,
        "group": {"inner": lambda: "in", "deeper": {"one": lambda: 1}},
    }
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        assert await runtime.eval("[await plain(1), await plain(1, 2), await plain(1, undefined)]") == [
            11,
            3,
            11,
        ]
        assert await runtime.eval("await slowly(4)") == 8
        assert await runtime.eval("const r = []; for await (const x of numbers(4)) r.push(x); r") == [
            0,
            1,
            2,
            3,
        ]
        assert (
            await runtime.eval("const r = []; for await (const x of letters()) r.push(x); r.join('')")
            == "abc"
        )
        assert await runtime.eval("[await group.inner(), await group.deeper.one()]") == ["in", 1]
        assert await runtime.eval("typeof missing") == "undefined"


async def test_early_return_closes_the_generator(host: isolatejs.IsolateHost) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[int]:
        try:
            i = 0
            while True:
                yield i
                i += 1
        finally:
            closed.set()

    async with host.create_runtime(bindings={"tools": {"endless": endless}}) as runtime:
        assert (
            await runtime.eval(
                "let last; for await (const x of endless()) { last = x; if (x === 3) break } last"
            )
            == 3
        )
        await asyncio.wait_for(closed.wait(), 5)


async def test_tool_errors_cross_with_name_and_message_only(host: isolatejs.IsolateHost) -> None:
    class QuotaError(Exception):
        pass

    def fail() -> None:
        raise QuotaError("three left")

    async with host.create_runtime(bindings={"tools": {"fail": fail}}) as runtime:
        code = "try { await fail() } catch (e) { [e.name, e.message, e instanceof Error, e.stack.includes('.py')] }"
        assert await runtime.eval(code) == ["QuotaError", "three left", True, False]
        with pytest.raises(GuestError, match="three left") as caught:
            await runtime.eval("await fail()")
        assert caught.value.name == "QuotaError"


async def test_wrong_arguments_name_the_path(host: isolatejs.IsolateHost) -> None:
    def greet(name: str, times: int = 1) -> str:
        return name * times

    async with host.create_runtime(bindings={"tools": {"greet": greet}}) as runtime:
        with pytest.raises(GuestError, match=r"args\[0\]") as caught:
            await runtime.eval("await greet(5)")
        assert caught.value.name == "TypeError"


async def test_context_is_injected(host: isolatejs.IsolateHost) -> None:
    seen: list[HostCallContext] = []

    async def look(value: int, context: HostCallContext) -> int:
        seen.append(context)
        return value

    async with host.create_runtime(bindings={"tools": {"look": look}}) as runtime:
        assert await runtime.eval("await look(3)") == 3
        assert seen[0].runtime_id == runtime.id
        assert not seen[0].signal.aborted
        assert seen[0].request_id is None


async def test_dispose_aborts_the_signal_of_a_running_tool(host: isolatejs.IsolateHost) -> None:
    entered, ended = asyncio.Event(), asyncio.Event()

    async def wait(context: HostCallContext) -> None:
        entered.set()
        try:
            await context.signal.wait()
        finally:
            ended.set()

    runtime = await host.create_runtime(bindings={"tools": {"wait": wait}})
    waiting = asyncio.create_task(runtime.eval("await wait()"))
    await entered.wait()
    await runtime.dispose()
    await asyncio.wait_for(ended.wait(), 5)
    with pytest.raises(isolatejs.RuntimeDisposedError):
        await waiting


async def test_two_thousand_calls_at_once(host: isolatejs.IsolateHost) -> None:
    async def twice(value: int) -> int:
        return value * 2

    async with host.create_runtime(bindings={"tools": {"twice": twice}}) as runtime:
        code = "(await Promise.all(Array.from({length: 2000}, (_, i) => twice(i)))).reduce((a, b) => a + b)"
        assert await runtime.eval(code) == sum(range(2000)) * 2


async def test_functions_cross_both_ways(host: isolatejs.IsolateHost) -> None:
    async def apply(function: Any, value: Any) -> Any:
        return await function(value)

    async with host.create_runtime(
        bindings={"tools": {"apply": apply, "make": lambda: lambda x: x + 1}}
    ) as runtime:
        assert await runtime.eval("await apply((x) => x * 3, 5)") == 15
        assert await runtime.eval("const f = await make(); await f(41)") == 42
        doubled = await runtime.eval("(x) => x * 2")
        assert await doubled(21) == 42
        failing = await runtime.eval("() => { throw new RangeError('from inside') }")
        with pytest.raises(GuestError, match="from inside"):
            await failing()


async def test_events_both_ways(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        seen: list[Any] = []
        off = runtime.events.on("news", seen.append)
        await runtime.eval("emit('news', {n: 1, when: new Date(0)}); on('ask', (x) => emit('news', x * 2))")
        await runtime.events.emit("ask", 21)
        await runtime.eval("0")
        off()
        await runtime.eval("emit('news', 'unheard')")
        assert seen[0]["n"] == 1
        assert seen[1:] == [42]


async def test_patched_builtins_do_not_break_the_kernel(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        await runtime.eval(
            """
            Array.prototype.push = () => { throw new Error('patched') };
            Array.prototype.map = Array.prototype.push;
            Array.prototype[Symbol.iterator] = Array.prototype.push;
            Object.prototype.toJSON = () => 'patched';
            Array.prototype.toJSON = () => 'patched';
            Map.prototype.get = Map.prototype.set = () => 'patched';
            JSON.stringify = JSON.parse = () => 'patched';
            Error.prepareStackTrace = () => { throw new Error('patched') };
            0
            """
        )
        assert await runtime.eval("echo({ a: [1, { b: 2 }] })") == {"a": [1, {"b": 2}]}


async def test_tools_have_the_names_that_javascript_can_use(host: isolatejs.IsolateHost) -> None:
    tools = {"$get": lambda: 1, "größe": lambda: 2, "group": {"class": lambda: 3, "__proto__": lambda: 4}}
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        code = "[await $get(), await größe(), await group.class(), Object.hasOwn(group, '__proto__')]"
        assert await runtime.eval(code) == [1, 2, 3, True]


async def test_wrong_events_are_refused(runtime: isolatejs.ScriptRuntime) -> None:
    wrong: Any = None
    with pytest.raises(isolatejs.ConfigurationError, match="handler: a callable, not NoneType"):
        runtime.events.on("name", wrong)
    with pytest.raises(isolatejs.ConfigurationError, match="name: a str"):
        runtime.events.on(wrong, print)
    with pytest.raises(isolatejs.ConfigurationError, match="name: a str"):
        await runtime.events.emit(wrong)


async def test_a_listener_is_taken_away_once(runtime: isolatejs.ScriptRuntime) -> None:
    heard: list[Any] = []
    first = runtime.events.on("name", heard.append)
    second = runtime.events.on("name", heard.append)
    first()
    first()
    await runtime.eval("emit('name', 1)")
    assert heard == [1]
    second()
    await runtime.eval("emit('name', 2)")
    assert heard == [1]
    assert runtime.events._handlers == {}


async def test_events_with_a_lone_surrogate_in_their_name(runtime: isolatejs.ScriptRuntime) -> None:
    await runtime.eval("globalThis.seen = []; on('\\ufffd', (value) => seen.push(value)); 0")
    await runtime.events.emit("\ud800", 1)
    assert await runtime.eval("seen") == [1]
