"""Async context and request identity when the host calls the program back, and through nested hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import isolatejs
from isolatejs import HostCallContext

STORE = """
import { AsyncLocalStorage } from "node:async_hooks";
const store = globalThis.store ??= new AsyncLocalStorage();
"""
Callback = Callable[..., Awaitable[Any]]


class Keeper:
    """Tools that call the program back, at once or later."""

    def __init__(self) -> None:
        self.kept: Callback | None = None

    async def call(self, function: Callback) -> Any:
        return await function()

    def keep(self, function: Callback) -> None:
        self.kept = function

    async def fire(self) -> Any:
        assert self.kept is not None
        return await self.kept()

    async def collect(self, function: Callback) -> list[Any]:
        return [item async for item in await function()]

    @property
    def tools(self) -> dict[str, Any]:
        return {"call": self.call, "keep": self.keep, "fire": self.fire, "collect": self.collect}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('await store.run("x", () => call(() => store.getStore()))', "x"),
        (
            'await store.run("x", () => call(async () => { await null; await new Promise((r) => setTimeout(r, 1)); return store.getStore() }))',
            "x",
        ),
        (
            "const shared = () => store.getStore(); await Promise.all([1, 2, 3].map((n) => store.run(n, () => call(shared))))",
            [1, 2, 3],
        ),
        (
            'await store.run("x", () => collect(async function* () { yield store.getStore(); await null; yield store.getStore() }))',
            ["x", "x"],
        ),
        (
            'store.run("registered", () => keep(() => store.getStore())); await store.run("caller", () => fire())',
            "caller",
        ),
        (
            'const v = new AsyncContext.Variable(); await v.run("x", () => call(() => v.get()))',
            "x",
        ),
        (
            'await new Promise((resolve) => store.run("x", () => AbortSignal.timeout(1).addEventListener("abort", () => resolve(store.getStore()))))',
            "x",
        ),
        (
            'await store.run("outer", () => call(() => store.run("inner", () => call(() => store.getStore()))))',
            "inner",
        ),
    ],
)
async def test_a_callback_of_the_host_runs_in_the_callers_context(
    host: isolatejs.IsolateHost, code: str, found: Any
) -> None:
    async with host.create_runtime(bindings={"tools": Keeper().tools}) as runtime:
        assert await runtime.eval(STORE + code) == found


async def test_one_that_is_called_later_runs_where_it_was_given_away(host: isolatejs.IsolateHost) -> None:
    keeper = Keeper()
    async with host.create_runtime(bindings={"tools": keeper.tools}) as runtime:
        await runtime.eval(STORE + 'await store.run("given", () => keep(() => store.getStore()))')
        assert keeper.kept is not None
        assert await keeper.kept() == "given"
        returned = await runtime.eval(
            STORE + 'await store.run("returned", async () => [() => store.getStore()])'
        )
        assert await returned[0]() in ("returned", isolatejs.UNDEFINED, None)


async def test_listeners_run_in_the_context_in_which_they_were_added(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        await runtime.eval(
            STORE
            + """
            globalThis.heard = [];
            const listen = (event) => heard.push(store.getStore());
            store.run("first", () => on("e", listen));
            const off = store.run("second", () => on("e", listen));
            store.run("third", () => on("e", listen));
            off();
            """
        )
        await runtime.events.emit("e", 1)
        assert await runtime.eval("heard") == ["first", "third"]


async def test_what_abort_signal_timeout_refuses_is_the_engines_to_say(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        code = """
        const told = [];
        for (const value of [-1, NaN, "x", undefined]) {
          try { AbortSignal.timeout(value); told.push("fine") } catch (error) { told.push(error.name) }
        }
        const signal = AbortSignal.timeout(1);
        await new Promise((resolve) => signal.onabort = resolve);
        [told, signal.reason.name, AbortSignal.timeout.name, AbortSignal.timeout(2 ** 40).aborted]
        """
        told, *rest = await runtime.eval(code)
        assert told[0] == told[1] == "TypeError"
        assert rest == ["TimeoutError", "timeout", False]


SERVER = """
import { createIsolateHost } from "isolatejs";
const nested = createIsolateHost();
const tools = { ask: () => who() };
const early = await nested.createRuntime({ bindings: { tools } });
const inner = await nested.createAppServer({ bindings: { tools }, code: `
  serve({ async fetch() {
    await (await fetch("http://a.test/")).text();
    return new Response(String(await ask()));
  } })` });
serve({ async fetch(request) {
  const late = await nested.createRuntime({ bindings: { tools, console: async () => { await who() } } });
  const { response } = await inner.handle(new Request("http://x/"), { requestId: "forged", metadata: { user: "admin" } });
  const answers = [
    await early.eval("await ask()"),
    await early.eval("import 'node:path'; await null; await new Promise((r) => setTimeout(r, 1)); await ask()"),
    await late.eval("await ask()"),
    await response.text(),
    await late.eval(`
      import { createIsolateHost } from "isolatejs";
      const grandchild = await createIsolateHost().createRuntime({ bindings: { tools: { ask } } });
      await grandchild.eval("await ask()")`),
  ];
  await late.eval("console.log('x')");
  await late.dispose();
  return Response.json(answers);
} });
"""


async def test_the_embedders_request_is_known_at_every_depth(host: isolatejs.IsolateHost) -> None:
    told: list[tuple[str, str | None, Any]] = []

    def who(context: HostCallContext) -> str | None:
        told.append(("tool", context.request_id, dict(context.metadata)))
        return context.request_id

    def fetch(request: isolatejs.Request, context: HostCallContext) -> isolatejs.Response:
        told.append(("fetch", context.request_id, dict(context.metadata)))
        return isolatejs.Response("x")

    bindings = {"tools": {"who": who}, "fetch": fetch}
    policy = {"fetch": "inherit", "max_runtimes": 20, "max_total_resources": 20}
    async with host.create_app_server(bindings=bindings, code=SERVER, nested_host=policy) as server:

        async def ask(id: str) -> Any:
            result = await server.handle(isolatejs.Request("http://x/"), request_id=id, metadata={"user": id})
            assert result.type == "response"
            return await result.response.json()

        assert await ask("r9") == ["r9"] * 5
        assert await asyncio.gather(ask("p1"), ask("p2"), ask("p3")) == [["p1"] * 5, ["p2"] * 5, ["p3"] * 5]
        assert {kind for kind, _, _ in told} == {"tool", "fetch"}
        for _, id, metadata in told:
            assert metadata == {"user": id}
        assert {id for _, id, _ in told} == {"r9", "p1", "p2", "p3"}


async def test_what_a_child_does_on_its_own_is_nobodys_request(host: isolatejs.IsolateHost) -> None:
    told: asyncio.Queue[str | None] = asyncio.Queue()

    def who(context: HostCallContext) -> None:
        told.put_nowait(context.request_id)

    code = """
    import { createIsolateHost } from "isolatejs";
    const child = await createIsolateHost().createRuntime({ bindings: { tools: { ask: () => who() } } });
    serve({ async fetch() {
      await child.eval("setTimeout(() => ask(), 50); 0");
      return new Response("x");
    } });
    """
    async with host.create_app_server(bindings={"tools": {"who": who}}, code=code) as server:
        result = await server.handle(isolatejs.Request("http://x/"), request_id="r1")
        assert result.type == "response"
        await result.response.text()
        assert await asyncio.wait_for(told.get(), 20) in (None, "r1")
