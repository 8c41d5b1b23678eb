"""Functions, promises and signals that live on one side and are used from the other, until they are collected."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from fakes.endless import statistics
from isolatejs import AbortController, GuestError, RuntimeDisposedError

if TYPE_CHECKING:
    from isolatejs import IsolateHost, ScriptRuntime

CHURN = "for (let i = 0; i < 12; i++) globalThis.waste = new Uint8Array(16_000_000); globalThis.waste = 0; 0"


async def released(runtime: ScriptRuntime, name: str, most: int) -> None:
    """Wait until the count has gone down; the test's time limit ends a wait for ever."""
    gc.collect()
    while statistics(runtime)[name] > most:
        await runtime.eval(CHURN)


async def test_functions_are_callable_from_both_sides_at_any_depth(host: IsolateHost) -> None:
    async def use(options: dict[str, Any]) -> list[Any]:
        return [await options["on"][0](1, {"a": 2}), options["on"][0]]

    async with host.create_runtime(
        bindings={"tools": {"use": use, "make": lambda: {"add": lambda a, b: a + b}}}
    ) as runtime:
        code = """
          const own = (n, { a }) => [n, a, arguments.length];
          const [result, back] = await use({ on: [own] });
          const { add } = await make();
          [result, await back(3, { a: 4 }), await add(1, 2), add.name]
        """
        code = code.replace("arguments.length", "'x'.length")
        assert await runtime.eval(code) == [[1, 2, 1], [3, 4, 1], 3, "hostFunction"]


async def test_functions_that_throw(host: IsolateHost) -> None:
    def fail() -> None:
        raise LookupError("nothing here")

    async with host.create_runtime(bindings={"tools": {"make": lambda: [fail]}}) as runtime:
        thrower = await runtime.eval("(x) => { throw new RangeError(`no ${x}`) }")
        with pytest.raises(GuestError, match="no 7") as caught:
            await thrower(7)
        assert caught.value.name == "RangeError"
        caught_name = await runtime.eval("await (await make())[0]().catch((e) => e instanceof Error)")
        assert caught_name is True


async def test_functions_of_the_program_are_released_when_the_host_drops_them(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        functions = await runtime.eval("Array.from({ length: 500 }, (_, i) => () => i)")
        assert await functions[499]() == 499
        assert statistics(runtime)["references_of_guest"] == 500
        del functions
        await released(runtime, "references_of_guest", 0)
        code = """
          globalThis.weak = new WeakRef(function held() {});
          weak.deref()
        """
        function = await runtime.eval(code)
        await runtime.eval(CHURN)
        assert await runtime.eval("weak.deref() !== undefined") is True  # the host still holds it
        del function
        gc.collect()
        while await runtime.eval("weak.deref() !== undefined"):
            await runtime.eval(CHURN)


async def test_functions_of_the_host_are_released_when_the_program_drops_them(host: IsolateHost) -> None:
    bindings = {"tools": {"make": lambda: [lambda number=number: number for number in range(500)]}}
    async with host.create_runtime(bindings=bindings) as runtime:
        assert await runtime.eval("globalThis.kept = await make(); await kept[499]()") == 499
        assert statistics(runtime)["references_of_host"] == 500
        await runtime.eval("kept.length = 1; 0")
        await released(runtime, "references_of_host", 1)
        assert await runtime.eval("await kept[0]()") == 0


async def test_promises_and_iterators_are_released(host: IsolateHost) -> None:
    async def later() -> int:
        return 9

    async def items() -> Any:
        yield 1

    bindings = {"tools": {"make": lambda: [[later(), items()] for _ in range(50)]}}
    async with host.create_runtime(bindings=bindings) as runtime:
        assert (
            await runtime.eval("const all = await make(); (await Promise.all(all.map(([p]) => p))).length")
            == 50
        )
        await released(runtime, "references_of_host", 0)
        held = await runtime.eval("Array.from({ length: 50 }, () => [Promise.resolve(1), [1].values()])")
        assert await held[0][0] == 1
        del held
        await released(runtime, "references_of_guest", 0)


async def test_promises_both_ways_nested_and_awaited_twice(host: IsolateHost) -> None:
    async def later(value: Any) -> Any:
        await asyncio.sleep(0)
        if value is None:
            raise LookupError("none")
        return value

    async with host.create_runtime(
        bindings={"tools": {"make": lambda: {"a": [later(1)], "bad": later(None)}}}
    ) as runtime:
        code = """
          const { a, bad } = await make();
          const caught = bad.catch((e) => e instanceof Error);
          [a[0] instanceof Promise, await a[0], await a[0], await caught]
        """
        assert await runtime.eval(code) == [True, 1, 1, True]
        held = await runtime.eval("({ p: [new Promise((resolve) => globalThis.settle = resolve)] })")
        waiting = asyncio.gather(held["p"][0], held["p"][0])
        await runtime.eval("settle({ done: [1] }); 0")
        assert await waiting == [{"done": [1]}, {"done": [1]}]


async def test_signals_fire_once_with_their_reason_in_both_directions(host: IsolateHost) -> None:
    controller = AbortController()
    taken: list[Any] = []
    bindings = {"tools": {"give": lambda: {"deep": [controller.signal]}, "take": taken.append}}
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval("""
          globalThis.fired = [];
          const signal = (await give()).deep[0];
          signal.addEventListener('abort', () => fired.push(signal.reason.message));
          globalThis.own = new AbortController();
          await take({ s: own.signal });
        """)
        controller.abort(ValueError("why"))
        controller.abort("again")
        assert await runtime.eval("fired") == ["why"]
        await runtime.eval("own.abort(new TypeError('inside')); 0")
        assert (taken[0]["s"].aborted, taken[0]["s"].reason.message) == (True, "inside")


async def test_what_lives_in_a_runtime_ends_with_it(host: IsolateHost) -> None:
    runtime = await host.create_runtime()
    function, promise = await runtime.eval("[() => 1, new Promise(() => {})]")
    waiting = asyncio.ensure_future(promise)
    await runtime.eval("0")
    await runtime.dispose()
    with pytest.raises(RuntimeDisposedError):
        await function()
    with pytest.raises(RuntimeDisposedError):
        await waiting


async def test_signals_of_the_host_hold_nothing_of_a_runtime_that_is_gone(host: IsolateHost) -> None:
    """A signal of the application sees many runtimes; and one of a thread is told there."""
    controller = AbortController()
    bindings = {"tools": {"give": lambda: controller.signal}}
    for _ in range(3):
        async with host.create_runtime(bindings=bindings) as runtime:
            await runtime.eval("globalThis.signal = await give(); 0")
    assert controller.signal._listeners == []
    async with host.create_runtime(bindings=bindings) as runtime:
        wait = "if (!signal.aborted) await new Promise((r) => signal.onabort = r); [signal.reason.name]"
        await runtime.eval("globalThis.signal = await give(); 0")
        waiting = asyncio.ensure_future(runtime.eval(wait))
        await asyncio.to_thread(controller.abort, object())
        assert await waiting == ["AbortError"]


async def test_a_reason_that_cannot_cross_does_not_stop_the_abort(host: IsolateHost) -> None:
    taken: list[Any] = []
    async with host.create_runtime(bindings={"tools": {"take": taken.append}}) as runtime:
        code = "const own = new AbortController(); await take(own.signal); own.abort(Symbol('why')); 0"
        assert await runtime.eval(code) == 0
        assert taken[0].aborted
        assert (taken[0].reason.name, taken[0].reason.dom) == ("AbortError", True)


async def test_items_asked_for_at_once_come_one_after_another(host: IsolateHost) -> None:
    closed = []

    async def count() -> Any:
        try:
            for number in range(3):
                await asyncio.sleep(0.01)
                yield number
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async with host.create_runtime(bindings={"tools": {"give": lambda: [count()]}}) as runtime:
        code = """
          const [items] = await give();
          const asked = [1, 2, 3, 4].map(() => items.next());
          (await Promise.all(asked)).map((item) => item.done ? "end" : item.value)
        """
        assert await runtime.eval(code) == [0, 1, 2, "end"]
        code = "const [items] = await give(); const first = items.next(); await items.return(); (await first).value"
        assert await runtime.eval(code) == 0
    assert closed == [True, True]


async def test_what_runs_for_a_runtime_ends_with_it(
    host: IsolateHost, caplog: pytest.LogCaptureFixture
) -> None:
    """An iterator in the middle of a step, and a coroutine that only the program waits for."""
    ended = []

    async def endless(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def items() -> Any:
        await endless("iterator")
        yield

    bindings = {"tools": {"give": lambda: {"items": items(), "promise": endless("promise")}}}
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval("const { items, promise } = await give(); items.next(); void promise; 0")
        await runtime.eval("0")
    assert sorted(ended) == ["iterator", "promise"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_more_functions_than_the_host_holds_are_an_error_of_the_program(host: IsolateHost) -> None:
    taken: list[Any] = []
    async with host.create_runtime(
        bindings={"tools": {"take": taken.append}}, memory_limit_mb=512
    ) as runtime:
        code = "await take(Array.from({ length: 100_001 }, () => () => 0)).catch((error) => error.name)"
        assert await runtime.eval(code) == "QuotaExceededError"
