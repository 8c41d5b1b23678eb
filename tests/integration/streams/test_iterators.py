"""Async iterators, generators and ReadableStreams of values, both ways, nested anywhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import isolatejs
from fakes.endless import statistics
from isolatejs import GuestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from isolatejs import IsolateHost, ScriptRuntime


class Counter:
    """An endless async generator that notes how far it went and whether it was closed."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = asyncio.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            while True:
                self.given += 1
                yield self.given
        finally:
            self.closed.set()


async def quiet(runtime: ScriptRuntime) -> None:
    """Wait until no call is under way."""
    while (found := statistics(runtime))["active_calls"] or found["incoming_calls"]:
        await runtime.eval("0")


async def test_a_host_iterator_nested_in_an_object(host: IsolateHost) -> None:
    counter = Counter()
    bindings = {"tools": {"make": lambda: {"rows": [counter.items()], "count": 2}}}
    async with host.create_runtime(bindings=bindings) as runtime:
        code = """
          const { rows, count } = await make();
          const got = [];
          for await (const item of rows[0]) { got.push(item); if (got.length === count) break; }
          got
        """
        assert await runtime.eval(code) == [1, 2]
        await asyncio.wait_for(counter.closed.wait(), 10)
        assert counter.given == 2  # one item for each that was asked for
        await quiet(runtime)
        assert statistics(runtime)["references_of_host"] == 0


@pytest.mark.parametrize(
    "leave",
    [
        "for await (const _ of items) break",
        "try { for await (const _ of items) throw 5 } catch {}",
        "await items.next(); await items.return()",
    ],
)
async def test_leaving_early_in_the_program_closes_the_hosts_generator(host: IsolateHost, leave: str) -> None:
    counter = Counter()
    async with host.create_runtime(bindings={"tools": {"make": lambda: [counter.items()]}}) as runtime:
        await runtime.eval(f"const [items] = await make(); {leave}; 0")
        assert counter.closed.is_set()
        assert counter.given == 1


async def test_a_guest_iterator_is_read_closed_and_forgotten(host: IsolateHost) -> None:
    code = """
      globalThis.log = [];
      ({ deep: { rows: (async function* () {
        try { for (let i = 0; ; i++) { log.push(i); yield { i } } } finally { log.push('closed') }
      })() } })
    """
    async with host.create_runtime() as runtime:
        rows = (await runtime.eval(code))["deep"]["rows"]
        assert [await anext(rows), await anext(rows)] == [{"i": 0}, {"i": 1}]
        await rows.aclose()
        assert await runtime.eval("log") == [0, 1, "closed"]
        with pytest.raises(StopAsyncIteration):
            await anext(rows)
        await quiet(runtime)


async def test_every_kind_of_iterable_of_the_program(host: IsolateHost) -> None:
    code = """({
      sync: (function* () { yield 1; yield 2 })(),
      entries: new Map([['k', 1]]).entries(),
      stream: ReadableStream.from(['a', { b: 1 }, undefined]),
      own: { async *[Symbol.asyncIterator]() { yield NaN } },
    })"""
    async with host.create_runtime() as runtime:
        found = await runtime.eval(code)
        assert [item async for item in found["sync"]] == [1, 2]
        assert [item async for item in found["entries"]] == [["k", 1]]
        assert [item async for item in found["stream"]][:2] == ["a", {"b": 1}]
        assert [str(item) async for item in found["own"]] == ["nan"]


async def test_every_kind_of_iterator_of_the_host(host: IsolateHost) -> None:
    def generator() -> Iterator[int]:
        yield from (1, 2)

    async def slowly() -> AsyncIterator[Any]:
        yield b"bytes"
        await asyncio.sleep(0)
        yield {"deep": [lambda: 5]}

    bindings = {"tools": {"make": lambda: {"plain": generator(), "list": iter([3]), "slow": slowly()}}}
    async with host.create_runtime(bindings=bindings) as runtime:
        code = """
          const { plain, list, slow } = await make();
          const all = async (items) => { const got = []; for await (const item of items) got.push(item); return got };
          const [bytes, object] = await all(slow);
          [await all(plain), await all(list), bytes, await object.deep[0]()]
        """
        assert await runtime.eval(code) == [[1, 2], [3], b"bytes", 5]


async def test_errors_in_the_middle(host: IsolateHost) -> None:
    async def breaks() -> AsyncIterator[int]:
        yield 1
        raise LookupError("no second")

    async with host.create_runtime(
        bindings={"tools": {"breaks": breaks, "nested": lambda: [breaks()]}}
    ) as runtime:
        for call in ("breaks()", "(await nested())[0]"):
            code = f"""
              const got = [];
              try {{ for await (const item of {call}) got.push(item) }} catch (e) {{ got.push(e instanceof Error) }}
              got
            """
            assert await runtime.eval(code) == [1, True]
        items = await runtime.eval("(async function* () { yield 1; throw new RangeError('worn') })()")
        assert await anext(items) == 1
        with pytest.raises(GuestError, match="worn"):
            await anext(items)
        await quiet(runtime)


async def test_thousands_of_items_keep_their_order(host: IsolateHost) -> None:
    async def count(limit: int) -> AsyncIterator[int]:
        for number in range(limit):
            yield number

    async with host.create_runtime(bindings={"tools": {"count": count}}) as runtime:
        code = "const got = []; for await (const item of count(3000)) got.push(item); got"
        assert await runtime.eval(code) == list(range(3000))
        items = await runtime.eval("(function* () { for (let i = 0; i < 3000; i++) yield i })()")
        assert [item async for item in items] == list(range(3000))
        await quiet(runtime)


async def test_an_iterator_through_both_sides(host: IsolateHost) -> None:
    """The program doubles what the host gives, the host takes what the program gives, item by item."""
    counter = Counter()
    async with host.create_runtime(bindings={"tools": {"count": counter.items}}) as runtime:
        doubled = await runtime.eval("(async function* () { for await (const n of count()) yield n * 2 })()")
        assert [await anext(doubled) for _ in range(50)] == [2 * number for number in range(1, 51)]
        await doubled.aclose()
        await asyncio.wait_for(counter.closed.wait(), 10)
        assert counter.given <= 51


async def test_a_runtime_that_ends_closes_the_hosts_iterators(host: IsolateHost) -> None:
    counter = Counter()
    runtime = await host.create_runtime(bindings={"tools": {"make": lambda: [counter.items()]}})
    await runtime.eval("globalThis.kept = (await make())[0]; (await kept.next()).value")
    await runtime.dispose()
    await asyncio.wait_for(counter.closed.wait(), 10)


async def test_an_iterator_of_the_host_can_be_thrown_into(host: isolatejs.IsolateHost) -> None:
    closed: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(100):
                yield number
        finally:
            closed.append(True)

    async with host.create_runtime(bindings={"tools": {"give": lambda: {"numbers": numbers()}}}) as runtime:
        code = """
        const { numbers } = await give();
        const first = await numbers.next();
        let caught;
        try { await numbers.throw(new RangeError("enough")) } catch (error) { caught = error.message }
        [first.value, caught, (await numbers.next()).done]
        """
        assert await runtime.eval(code) == [0, "enough", True]
    assert closed == [True]
