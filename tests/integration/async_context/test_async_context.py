"""AsyncContext and node:async_hooks in a real sandbox."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import GuestError, Request, create_module_resolver

if TYPE_CHECKING:
    from isolatejs.host.isolate_host import IsolateHost


async def evaluate(host: IsolateHost, code: str, **bindings: Any) -> Any:
    async with host.create_runtime(bindings=bindings) as runtime:
        return await runtime.eval(code, "/main.ts")


VARIABLE = "const v = new AsyncContext.Variable({ name: 'v', defaultValue: 'none' });\n"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("await", "await v.run('in', async () => { await null; await 1; return v.get() })"),
        ("then", "await v.run('in', () => Promise.resolve().then(() => v.get()))"),
        ("thenable", "await v.run('in', async () => { await { then(f) { f() } }; return v.get() })"),
        ("timer", "await v.run('in', () => new Promise((r) => setTimeout(() => r(v.get()), 1)))"),
        (
            "interval",
            "await v.run('in', () => new Promise((r) => { const i = setInterval(() => "
            "{ clearInterval(i); r(v.get()) }, 1) }))",
        ),
        ("immediate", "await v.run('in', () => new Promise((r) => setImmediate(() => r(v.get()))))"),
        ("microtask", "await v.run('in', () => new Promise((r) => queueMicrotask(() => r(v.get()))))"),
        (
            "stream",
            "await v.run('in', async () => { let seen; const s = new ReadableStream({ pull(c) "
            "{ seen = v.get(); c.enqueue(1); c.close() } }, { highWaterMark: 0 });"
            "for await (const _ of s); return seen })",
        ),
        (
            "event",
            "let seen; const t = new EventTarget(); t.addEventListener('x', () => { seen = v.get() });"
            "v.run('in', () => t.dispatchEvent(new Event('x'))); seen",
        ),
        (
            "message",
            "await v.run('in', () => new Promise((r) => { const { port1, port2 } = new MessageChannel();"
            "port1.onmessage = () => { port1.close(); r(v.get()) }; port2.postMessage(1) }))",
        ),
        ("dynamic import", "await v.run('in', async () => { await import('node:path'); return v.get() })"),
        ("host call", "await v.run('in', async () => { await slow(); return v.get() })"),
        (
            "async generator",
            "async function* g() { yield v.get(); await 1; yield v.get() }"
            "const all = []; await v.run('in', async () => { for await (const x of g()) all.push(x) });"
            "all.every((x) => x === 'in') ? 'in' : all.join()",
        ),
        ("snapshot", "const s = v.run('in', () => new AsyncContext.Snapshot()); s.run(() => v.get())"),
        ("wrap", "const f = v.run('in', () => AsyncContext.Snapshot.wrap(() => v.get())); f()"),
    ],
)
async def test_variable_follows(host: IsolateHost, name: str, code: str) -> None:
    async def slow() -> None:
        await asyncio.sleep(0)

    value = await evaluate(host, f"{VARIABLE}{code}", tools={"slow": slow})
    assert value == "in", name


async def test_concurrent_flows_do_not_mix(host: IsolateHost) -> None:
    async def slow(n: int) -> int:
        await asyncio.sleep(0)
        return n

    code = (
        "const flow = (n) => v.run(n, async () => { const seen = []; for (let i = 0; i < 5; i++) {"
        "await slow(i); await new Promise((r) => setTimeout(r, Math.random() * 5)); seen.push(v.get()) } "
        "return seen.every((x) => x === n) });"
        "(await Promise.all(Array.from({ length: 50 }, (_, n) => flow(n)))).every(Boolean)"
    )
    assert await evaluate(host, VARIABLE + code, tools={"slow": slow}) is True


async def test_evals_do_not_leak_into_each_other(host: IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval("globalThis.v = new AsyncContext.Variable(); 0")
        await runtime.eval("v.run('a', () => new Promise((r) => setTimeout(r, 5)))")
        assert await runtime.eval("v.get() === undefined") is True


async def test_shape_is_that_of_the_proposal(host: IsolateHost) -> None:
    code = """
    const { Variable, Snapshot } = AsyncContext;
    const thrown = (f) => { try { f(); return 'nothing' } catch (e) { return e.name } };
    const v = new Variable({ name: 'n', defaultValue: 1 });
    const wrapped = Snapshot.wrap(function foo(a, b) { return [this, a, b] });
    const stop = () => v.run(1, () => { throw new RangeError() });
    [
      String(AsyncContext), String(v), String(new Snapshot()), v.name, new Variable().name, v.get(),
      v.run(undefined, () => v.get()) === undefined, v.run(2, (a, b) => a + b + v.get(), 10, 20),
      v.run(1, function () { return this === undefined }),
      wrapped.name, wrapped.length, wrapped.call('t', 1, 2).join(), 'prototype' in wrapped,
      thrown(() => Variable()), thrown(() => Snapshot()), thrown(() => new wrapped()),
      thrown(() => Snapshot.wrap(1)), thrown(() => Variable.prototype.get.call({})),
      thrown(() => new Variable({ name: Symbol() })), thrown(stop),
      v.get(), Object.keys(AsyncContext).length, class extends Variable {}.name,
    ]
    """
    assert await evaluate(host, code) == [
        *[
            "[object AsyncContext]",
            "[object AsyncContext.Variable]",
            "[object AsyncContext.Snapshot]",
            "n",
            "",
            1,
        ],
        *[True, 32, True, "wrapped foo", 2, "t,1,2", False],
        *[
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "RangeError",
            1,
            0,
            "",
        ],
    ]


DOCUMENT_EXAMPLE = """
import {
  createHook,
  executionAsyncResource,
} from "node:async_hooks";

const hook = createHook({
  init(asyncId, type, triggerAsyncId, resource) {
    resource.requestTag = type + ":" + asyncId;
  },
  before() {
    console.log(executionAsyncResource().requestTag ?? null);
  },
}).enable();

setTimeout(() => {
  console.log(executionAsyncResource().requestTag);
  hook.disable();
}, 0);

await new Promise((resolve) => setTimeout(resolve, 20));
"""


async def test_example_of_the_document(host: IsolateHost) -> None:
    lines: list[str] = []
    await evaluate(host, DOCUMENT_EXAMPLE, console=lambda entry: lines.append(entry.stdout))
    assert len(lines) >= 2
    assert re.fullmatch(r"Timeout:\d+", lines[-1])
    assert lines[-1] == lines[-2]
    assert all(re.fullmatch(r"(Timeout|PROMISE):\d+", line) for line in lines)


async def test_example_of_the_document_sees_nothing_of_the_kernel(host: IsolateHost) -> None:
    """Without promises of its own, a program sees its timer and nothing else."""
    lines: list[str] = []
    async with host.create_runtime(bindings={"console": lambda entry: lines.append(entry.stdout)}) as runtime:
        await runtime.eval(DOCUMENT_EXAMPLE.rpartition("await")[0])
        await runtime.eval("await new Promise((resolve) => setTimeout(resolve, 20))")
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert re.fullmatch(r"Timeout:\d+", lines[0])


async def test_life_of_a_resource(host: IsolateHost) -> None:
    code = """
    import { createHook, executionAsyncId, triggerAsyncId, AsyncResource } from "node:async_hooks";
    const events = [];
    const own = new Set();
    const hook = createHook({
      init(id, type, trigger) {
        if (type === "PROMISE") return;
        own.add(id);
        events.push(["init", type, trigger > 0]);
      },
      before(id) { if (own.has(id)) events.push(["before"]) },
      after(id) { if (own.has(id)) events.push(["after"]) },
      destroy(id) { if (own.has(id)) events.push(["destroy"]) },
    });
    hook.enable().enable();
    const { promise, resolve } = Promise.withResolvers();
    setTimeout(() => { events.push(["run", executionAsyncId() > 1]); resolve() }, 1);
    await promise;
    clearTimeout(setTimeout(() => {}, 1000));
    const resource = new AsyncResource("MINE", { requireManualDestroy: true });
    const inScope = (a) => a + (executionAsyncId() === resource.asyncId() ? 1 : 0);
    events.push(["result", resource.runInAsyncScope(inScope, null, 1)]);
    resource.emitDestroy().emitDestroy();
    hook.disable();
    setTimeout(() => {}, 0);
    events.map((e) => e.join(" "))
    """
    assert await evaluate(host, code) == [
        *["init Timeout true", "before", "run true", "after", "destroy"],
        *["init Timeout true", "destroy"],
        *["init MINE true", "before", "after", "result 2", "destroy"],
    ]


async def test_promises_have_resources_while_a_hook_is_enabled(host: IsolateHost) -> None:
    code = """
    import { createHook, executionAsyncId, triggerAsyncId } from "node:async_hooks";
    const seen = { init: 0, before: 0, after: 0, promiseResolve: 0 };
    const count = (name) => (...args) => { if (name !== "init" || args[1] === "PROMISE") seen[name]++ };
    const names = ["init", "before", "after", "promiseResolve"];
    const hook = createHook(Object.fromEntries(names.map((name) => [name, count(name)]))).enable();
    const inner = await Promise.resolve().then(() => executionAsyncId());
    hook.disable();
    const before = { ...seen };
    await Promise.resolve().then(() => 1);
    [inner > 1, Object.values(before).every((n) => n > 0), JSON.stringify(before) === JSON.stringify(seen)]
    """
    assert await evaluate(host, code) == [True, True, True]


async def test_hook_that_makes_promises_and_logs_ends(host: IsolateHost) -> None:
    code = """
    import { createHook } from "node:async_hooks";
    let calls = 0;
    const work = async () => { calls++; console.log("x"); await null; await Promise.all([1, 2]); };
    const names = ["init", "before", "after", "destroy", "promiseResolve"];
    const hook = createHook(Object.fromEntries(names.map((name) => [name, work]))).enable();
    for (let i = 0; i < 10; i++) await new Promise((r) => setTimeout(r, 0));
    hook.disable();
    calls < 1000
    """
    assert await evaluate(host, code, console=lambda entry: None) is True


async def test_hook_that_throws_fails_the_eval_and_does_not_change_its_flow(host: IsolateHost) -> None:
    code = """
    import { createHook } from "node:async_hooks";
    const hook = createHook({ init() { throw new Error("in hook") } }).enable();
    setTimeout(() => { globalThis.ran = true }, 0);
    hook.disable();
    await new Promise((r) => setTimeout(r, 20));
    """
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError, match="in hook"):
            await runtime.eval(code)
        assert await runtime.eval("await new Promise((r) => setTimeout(r, 40)); globalThis.ran") is True


async def test_async_local_storage(host: IsolateHost) -> None:
    code = """
    import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
    const a = new AsyncLocalStorage(), b = new AsyncLocalStorage({ name: "b", defaultValue: 7 });
    const out = [];
    await a.run(1, async () => {
      b.enterWith(2);
      await null;
      out.push(a.getStore(), b.getStore(), a.exit(() => a.getStore()) === undefined, a.getStore());
      b.disable();
      out.push(b.getStore());
    });
    out.push(a.getStore() === undefined, b.name);
    out.push(a.run(5, () => AsyncLocalStorage.snapshot())((x) => x + a.getStore(), 10));
    const bound = a.run(6, () => AsyncLocalStorage.bind(function (x) { return this.q + x + a.getStore() }));
    out.push(bound.call({ q: 1 }, 2));
    class Query extends AsyncResource { constructor() { super("QUERY") } }
    const query = a.run(8, () => new Query());
    out.push(query.runInAsyncScope(() => a.getStore()), query.bind(() => a.getStore())());
    const codes = [() => new AsyncResource(""), () => new AsyncResource(1), () => AsyncResource.bind(1)]
      .map((f) => { try { f() } catch (e) { return e.code } });
    [...out, ...codes]
    """
    assert await evaluate(host, code) == [
        *[1, 2, True, 1, 7, True, "b", 15, 9, 8, 8],
        *["ERR_ASYNC_TYPE", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_TYPE"],
    ]


async def test_providers_and_top_level(host: IsolateHost) -> None:
    code = """
    import * as hooks from "node:async_hooks";
    [hooks.asyncWrapProviders.PROMISE > 0, Object.isFrozen(hooks.asyncWrapProviders),
      hooks.default.createHook === hooks.createHook, typeof hooks.executionAsyncResource()]
    """
    assert await evaluate(host, code) == [True, True, True, "object"]


async def test_scheduling_functions_look_the_same_when_observed(host: IsolateHost) -> None:
    code = """
    const before = [setTimeout.name, setTimeout.length, clearTimeout.name, queueMicrotask.name];
    await import("node:async_hooks");
    const after = [setTimeout.name, setTimeout.length, clearTimeout.name, queueMicrotask.name];
    const order = [];
    await new Promise((done) => {
      setTimeout((a, b) => { order.push(a + b); done() }, 5, 1, 2);
      const cancelled = setTimeout(() => order.push("no"), 1);
      clearTimeout(cancelled);
      queueMicrotask(() => order.push("micro"));
    });
    [JSON.stringify(before) === JSON.stringify(after), order.join()]
    """
    assert await evaluate(host, code) == [True, "micro,3"]


async def test_requests_of_a_server_have_contexts_of_their_own(host: IsolateHost) -> None:
    code = """
    import { AsyncLocalStorage } from "node:async_hooks";
    const path = new AsyncContext.Variable();
    const store = new AsyncLocalStorage();
    serve({
      fetch: (request) => path.run(new URL(request.url).pathname, () => store.run({ seen: 0 }, async () => {
        for (let i = 0; i < 3; i++) {
          await new Promise((r) => setTimeout(r, Math.random() * 5));
          await pause();
          store.getStore().seen++;
        }
        return Response.json([path.get(), store.getStore().seen]);
      })),
    });
    """

    async def pause() -> None:
        await asyncio.sleep(0)

    bindings = {
        "tools": {"pause": pause},
        "modules": create_module_resolver().virtual("/server.ts", code),
    }
    async with host.create_app_server(key="context", entry="/server.ts", bindings=bindings) as server:

        async def ask(number: int) -> Any:
            result = await server.handle(Request(f"http://localhost/{number}"))
            return await result.response.json()

        answers = await asyncio.gather(*(ask(number) for number in range(30)))
    assert answers == [[f"/{number}", 3] for number in range(30)]


async def test_test_callbacks_keep_their_context(host: IsolateHost) -> None:
    code = """
    const v = new AsyncContext.Variable({ defaultValue: "none" });
    beforeEach(() => { expect(v.get()).toBe("none") });
    for (const name of ["a", "b"]) {
      test(name, () => v.run(name, async () => {
        await new Promise((r) => setTimeout(r, 2));
        expect(v.get()).toBe(name);
      }));
    }
    test("after", () => { expect(v.get()).toBe("none") });
    """
    async with host.create_test_runtime(key="context") as tests:
        results = await tests.run(code, filename="/context.test.ts")
    assert (results.success, results.passed) == (True, 3)
