"""Timers of a real sandbox: they fire, in order, whoever waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isolatejs import IsolateHost


async def test_timer_fires_after_its_eval_has_returned(host: IsolateHost) -> None:
    fired = asyncio.Event()
    async with host.create_runtime(bindings={"tools": {"done": fired.set}}) as runtime:
        assert await runtime.eval("setTimeout(() => done(), 20); 'returned'") == "returned"
        await asyncio.wait_for(fired.wait(), 10)


async def test_no_timer_of_many_is_lost(host: IsolateHost) -> None:
    code = """
    let fired = 0;
    await new Promise((done) => {
      for (let i = 0; i < 10_000; i++) setTimeout(() => { if (++fired === 10_000) done() }, i % 50);
    });
    fired
    """
    async with host.create_runtime() as runtime:
        assert await asyncio.wait_for(runtime.eval(code), 30) == 10_000


async def test_timers_fire_while_the_host_calls_in_between(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval("globalThis.ticks = 0; globalThis.timer = setInterval(() => ticks++, 1); 0")
        deadline = asyncio.get_running_loop().time() + 10
        while await runtime.eval("ticks") < 20:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.002)
        stopped_at = await runtime.eval("clearInterval(timer); ticks")
        assert await runtime.eval("await new Promise((r) => setTimeout(r, 30)); ticks") == stopped_at


async def test_order(host: IsolateHost) -> None:
    code = """
    const order = [];
    const log = (name) => () => order.push(name);
    await new Promise((done) => {
      setTimeout(() => { log("late")(); done() }, 30);
      setTimeout(log("timeout"), 1);
      queueMicrotask(log("microtask"));
      Promise.resolve().then(log("promise"));
      log("sync")();
    });
    order
    """
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) == ["sync", "microtask", "promise", "timeout", "late"]


async def test_arguments_cancelling_and_odd_delays(host: IsolateHost) -> None:
    code = """
    const seen = [];
    await new Promise((done) => {
      setTimeout((...args) => seen.push(args.join()), 0, 1, 2);
      setTimeout(() => seen.push("negative"), -5);
      setTimeout(() => seen.push("not a number"), NaN);
      setTimeout(() => seen.push("huge"), 2 ** 33);
      setTimeout(() => seen.push("text"), "1");
      clearTimeout(setTimeout(() => seen.push("cancelled"), 1));
      clearTimeout(undefined); clearTimeout(12345678); clearTimeout({});
      setTimeout(done, 20);
    });
    seen.sort()
    """
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) == ["1,2", "huge", "negative", "not a number", "text"]


async def test_immediate_and_abort_timeout(host: IsolateHost) -> None:
    code = """
    const immediate = await new Promise((done) => setImmediate(done, 7));
    const signal = AbortSignal.timeout(5);
    const aborted = new Promise((done) => signal.addEventListener("abort", done));
    const name = await aborted.then(() => signal.reason.name);
    [immediate, name]
    """
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) == [7, "TimeoutError"]


async def test_node_timers(host: IsolateHost) -> None:
    code = """
    import { setTimeout as later } from "node:timers/promises";
    import timers from "node:timers";
    const waited = await later(5, "value");
    const fired = await new Promise((done) => timers.setTimeout(done, 1, "fired"));
    const odd = await new Promise((done) => timers.setTimeout(done, -1, "odd"));
    const never = later(-1, "odd promise");
    [waited, fired, odd, await never, timers.setTimeout === setTimeout]
    """
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) == ["value", "fired", "odd", "odd promise", True]
