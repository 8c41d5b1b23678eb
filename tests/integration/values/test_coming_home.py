"""What crosses to the other side and comes home is the very same object, and is released no earlier than that."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from fakes.endless import statistics
from isolatejs import AbortController, GuestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import IsolateHost, ScriptRuntime

CHURN = "for (let i = 0; i < 12; i++) globalThis.waste = new Uint8Array(16_000_000); globalThis.waste = 0; 0"
GUEST_VALUES = {
    "function": "(x) => x + 1",
    "promise": "Promise.resolve(5)",
    "generator": "(async function* () { yield 1; yield 2 })()",
    "iterable": "({ async *[Symbol.asyncIterator]() { yield 1 } })",
    "stream": "ReadableStream.from([1, 2])",
    "signal": "new AbortController().signal",
    "aborted signal": "AbortSignal.abort('why')",
}


async def items() -> AsyncIterator[int]:
    yield 1
    yield 2


async def five() -> int:
    return 5


async def released(runtime: ScriptRuntime, name: str, most: int) -> None:
    """Wait until the count has gone down; the test's time limit ends a wait for ever."""
    gc.collect()
    while statistics(runtime)[name] > most:
        await runtime.eval(CHURN)


@pytest.mark.parametrize("kind", GUEST_VALUES)
async def test_the_programs_own_comes_home(host: IsolateHost, kind: str) -> None:
    seen: list[Any] = []
    tools = {
        "echo": lambda value: value,
        "keep": seen.append,
        "kept": lambda: {"deep": [seen[0], seen[0]]},
        "call": lambda function, value: function(value),
    }
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        code = f"""
          globalThis.own = {GUEST_VALUES[kind]};
          await keep(own);
          const {{ deep: [one, two] }} = await kept();
          [await echo([own]).then(([back]) => back === own), one === own, two === own,
            await call((value) => value === own, own)]
        """
        assert await runtime.eval(code) == [True] * 4
        again = await runtime.eval("(value) => value === own")
        assert await again(seen[0]) is True
        del again
        seen.clear()
        await released(runtime, "references_of_guest", 0)


async def test_a_stream_that_came_home_unread_can_be_read(host: IsolateHost) -> None:
    async with host.create_runtime(bindings={"tools": {"echo": lambda value: value}}) as runtime:
        code = """
          const [stream] = await echo([ReadableStream.from([1, 2])]);
          const got = [];
          for await (const item of stream) got.push(item);
          got
        """
        assert await runtime.eval(code) == [1, 2]


class Rows:
    """An iterable that is not its own iterator."""

    def __aiter__(self) -> AsyncIterator[int]:
        return items()


async def test_the_hosts_own_comes_home(host: IsolateHost) -> None:
    def function() -> int:
        return 5

    own: dict[str, Any] = {
        "function": function,
        "future": asyncio.ensure_future(five()),
        "generator": items(),
        "plain": iter([1]),
        "rows": Rows(),
        "signal": AbortController().signal,
    }
    taken: list[Any] = []
    tools = {"give": lambda: own, "take": lambda *values: taken.extend(values)}
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        await runtime.eval("globalThis.given = await give(); await take(given, { deep: [given] })")
        for back in (taken[0], taken[1]["deep"][0], await runtime.eval("given")):
            assert back.keys() == own.keys()
            for name, value in own.items():
                assert back[name] is value, name
        again = await runtime.eval("(value) => value === given.generator")
        assert await again(own["generator"]) is True
        assert await (await runtime.eval("(value) => [value]"))(function) == [function]
        assert statistics(runtime)["references_of_host"] == len(own)
        await runtime.eval("globalThis.given = 0")
        await released(runtime, "references_of_host", 1)  # a signal stays while it can fire
        assert [item async for item in own["generator"]] == [1, 2]  # released, and still the embedder's


async def test_a_coroutine_comes_home_as_its_task(host: IsolateHost) -> None:
    taken: list[Any] = []
    tools = {"give": lambda: [five()], "take": taken.extend}
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        assert await runtime.eval("const [p] = await give(); await take([p, p]); await p") == 5
        assert taken[0] is taken[1]
        assert [await taken[0], await taken[0]] == [5, 5]


async def test_an_iterator_at_its_end_is_no_proxy_any_more(host: IsolateHost) -> None:
    async def drain(rows: Any) -> list[Any]:
        return [item async for item in rows]

    tools = {"give": lambda: [items()], "drain": drain}
    async with host.create_runtime(bindings={"tools": tools}) as runtime:
        code = """
          const [rows] = await give();
          for await (const _ of rows) { /* to its end */ }
          const [closed] = await give();
          await closed.return();
          [await drain(rows), await drain(closed)]
        """
        assert await runtime.eval(code) == [[], []]
        assert statistics(runtime)["references_of_host"] <= 2  # those two, as the program's own
        rows = await runtime.eval("(function* () { yield 1 })()")
        assert [item async for item in rows] == [1]
        closed = await runtime.eval("(function* () { yield 1 })()")
        await closed.aclose()
        read = await runtime.eval(
            "async (rows) => { const got = []; for await (const r of rows) got.push(r); return got }"
        )
        assert [await read(rows), await read(closed)] == [[], []]


async def test_a_function_that_is_sent_again_while_it_is_released(host: IsolateHost) -> None:
    """The host drops it after each call, and the program sends it again before it knows."""

    async def use(function: Any) -> Any:
        await asyncio.sleep(0)
        return await function(1)

    async with host.create_runtime(bindings={"tools": {"use": use}}) as runtime:
        code = """
          const next = (n) => n + 1;
          const many = async () => { let sum = 0; for (let i = 0; i < 1000; i++) sum += await use(next); return sum };
          await Promise.all([many(), many(), many()])
        """
        assert await runtime.eval(code) == [2000] * 3
        await released(runtime, "references_of_guest", 0)


async def test_a_function_that_goes_home_as_it_is_released(host: IsolateHost) -> None:
    """An answer that brings it home and its release arrive together."""

    async def echo(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    async with host.create_runtime(bindings={"tools": {"echo": echo}}) as runtime:
        code = """
          let same = 0;
          const many = async () => {
            for (let i = 0; i < 500; i++) { const own = () => i; if ((await echo([own]))[0] === own) same++ }
          };
          await Promise.all([many(), many(), many()]);
          same
        """
        assert await runtime.eval(code) == 1500
        await released(runtime, "references_of_guest", 0)


async def test_values_of_two_runtimes_stay_apart(host: IsolateHost) -> None:
    """A proxy of one runtime is an ordinary callable for another, and comes home through both."""
    async with host.create_runtime() as first:
        function = await first.eval("globalThis.own = (n) => n * 2; own")
        tools = {"give": lambda: {"f": function}, "use": lambda f: f(21)}
        async with host.create_runtime(bindings={"tools": tools}) as second:
            back = await second.eval("globalThis.f = (await give()).f; await use(f) === 42 ? [f] : 0")
            assert back[0] is function
        same = await first.eval("(value) => value === own")
        assert await same(back[0]) is True


async def test_a_proxy_of_a_former_host_is_none_of_the_next(host: IsolateHost) -> None:
    taken: list[Any] = []
    tools = {"give": lambda: [five, items()], "take": taken.extend}
    async with host.get_namespaced_runtime("home", bindings={"tools": tools}) as session:
        await session.eval("globalThis.given = await give(); globalThis.own = () => 7; await take([own])")
    async with host.get_namespaced_runtime("home", bindings={"tools": tools}) as session:
        await session.eval("const [f] = await give(); await take([...given, own, f])")
        former, function, rows, own, again = taken
        assert again is five
        assert function is not five
        assert await own() == 7
        assert own is not former
        with pytest.raises(GuestError, match="the function of the host is gone"):
            await function()
        with pytest.raises(GuestError, match="the iterator of the host is gone"):
            await anext(rows)
        assert await (await session.eval("(value) => typeof value"))(former) == "function"
    await host.dispose_namespace("home")
