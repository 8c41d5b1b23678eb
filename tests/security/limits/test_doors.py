"""Every way into a program is under its time limit, and a cancelled wait leaves no loop behind.

One test a door of docs/limits.md. `LOOP` never gives control back: what it is called from has to end the process.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import isolatejs
from isolatejs import AbortController, ExecutionTimeoutError, Request, sync
from isolatejs.wire.message import Door, wire_name

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime

ROOT = Path(__file__).parents[3]
LIMIT_MS = 1_000
LOOP = "for (;;);"
WAIT_S = 30
"""Far more than any limit here: for a loaded machine."""


async def gone(live: LiveRuntime) -> None:
    """The process ends."""
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait([live.sandbox.exited])


Enter = Callable[[isolatejs.ScriptRuntime], Awaitable[Any]]


async def load(runtime: isolatejs.ScriptRuntime, code: str) -> Any:
    """Run what has to be there before the entry, with time enough for a loaded machine."""
    return await runtime.eval(code, execution_timeout_ms=WAIT_S * 1000)


async def function(runtime: isolatejs.ScriptRuntime) -> Any:
    called = await load(runtime, f"(() => {{ {LOOP} }})")
    return await called()


async def method(runtime: isolatejs.ScriptRuntime) -> Any:
    found = await load(runtime, f"({{deep: {{method() {{ {LOOP} }}}}}})")
    return await found["deep"]["method"]()


async def method_that_waits(runtime: isolatejs.ScriptRuntime) -> Any:
    called = await load(runtime, "(() => new Promise(() => {}))")
    return await called()


async def getter_of_an_answer(runtime: isolatejs.ScriptRuntime) -> Any:
    called = await load(runtime, f"(() => ({{get x() {{ {LOOP} }}}}))")
    return await called()


async def then_of_an_answer(runtime: isolatejs.ScriptRuntime) -> Any:
    called = await load(runtime, f"(() => ({{then() {{ {LOOP} }}}}))")
    return await called()


async def iterator(runtime: isolatejs.ScriptRuntime) -> Any:
    items = await load(runtime, f"(async function* () {{ yield 1; {LOOP} }})()")
    assert await anext(items) == 1
    return await anext(items)


async def iterator_that_waits(runtime: isolatejs.ScriptRuntime) -> Any:
    items = await load(runtime, "(async function* () { await new Promise(() => {}); yield 1 })()")
    return await anext(items)


async def end_of_an_iterator(runtime: isolatejs.ScriptRuntime) -> Any:
    items = await load(runtime, f"(async function* () {{ try {{ yield 1 }} finally {{ {LOOP} }} }})()")
    assert await anext(items) == 1
    return await items.aclose()


async def promise(runtime: isolatejs.ScriptRuntime) -> Any:
    found = await load(runtime, f"({{p: new Promise((r) => setTimeout(r, 200)).then(() => {{ {LOOP} }})}})")
    return await found["p"]


async def promise_that_waits(runtime: isolatejs.ScriptRuntime) -> Any:
    found = await load(runtime, "({p: new Promise(() => {})})")
    return await found["p"]


async def stream(runtime: isolatejs.ScriptRuntime) -> Any:
    body = await load(
        runtime,
        f"let n = 0; new ReadableStream({{pull(c) {{ if (n++) {LOOP} c.enqueue(new Uint8Array(9)) }}}}, "
        "{highWaterMark: 0})",
    )
    async for _ in body:
        pass


async def body_of_a_response(runtime: isolatejs.ScriptRuntime) -> Any:
    response = await load(
        runtime, f"new Response(new ReadableStream({{pull() {{ {LOOP} }}}}, {{highWaterMark: 0}}))"
    )
    return await response.bytes()


async def listener(runtime: isolatejs.ScriptRuntime) -> Any:
    await load(runtime, f"on('go', () => {{ {LOOP} }})")
    return await runtime.events.emit("go")


async def idle_wait(runtime: isolatejs.ScriptRuntime) -> Any:
    await load(runtime, f"setTimeout(() => {{ {LOOP} }}, 50)")
    return await runtime.wait_idle()


async def idle_wait_for_ever(runtime: isolatejs.ScriptRuntime) -> Any:
    await load(runtime, "setInterval(() => {}, 20)")
    return await runtime.wait_idle()


EXECUTIONS: list[Enter] = [
    function, method, method_that_waits, getter_of_an_answer, then_of_an_answer, iterator, iterator_that_waits,
    end_of_an_iterator, promise, promise_that_waits, stream, body_of_a_response, listener, idle_wait,
    idle_wait_for_ever,
]  # fmt: skip
NEVER_YIELD = [
    enter
    for enter in EXECUTIONS
    if enter not in (method_that_waits, iterator_that_waits, promise_that_waits, idle_wait_for_ever)
]


@pytest.mark.parametrize("enter", EXECUTIONS)
async def test_an_entry_ends_at_the_limit(host: isolatejs.IsolateHost, enter: Enter) -> None:
    async with host.create_runtime(execution_timeout_ms=LIMIT_MS) as runtime, asyncio.timeout(WAIT_S):
        with pytest.raises(ExecutionTimeoutError, match=f"execution_timeout_ms={LIMIT_MS}") as caught:
            await enter(runtime)
        assert (caught.value.limit, caught.value.value) == ("execution_timeout_ms", LIMIT_MS)
        await gone(runtime._live)


@pytest.mark.parametrize("enter", NEVER_YIELD)
async def test_a_cancelled_entry_leaves_no_loop(host: isolatejs.IsolateHost, enter: Enter) -> None:
    async with host.create_runtime() as runtime:
        entering = asyncio.create_task(enter(runtime))
        await spinning(runtime._live)
        entering.cancel()
        await asyncio.wait([entering])
        await gone(runtime._live)


async def spinning(live: LiveRuntime) -> None:
    """The program is in its loop: it uses processor time, look for look."""
    before, many = 0, 0
    async with asyncio.timeout(WAIT_S):
        while many < 5:
            fields = Path(f"/proc/{live.sandbox.pid}/stat").read_text().rpartition(")")[2].split()
            used = int(fields[11])
            many = many + 1 if used > before else 0
            before = used
            await asyncio.sleep(0.1)  # poll


async def test_a_cancelled_call_ends_the_runtime_as_a_cancelled_eval(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        called = await load(runtime, "(() => new Promise(() => {}))")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(called(), 0.05)
        await gone(runtime._live)
        with pytest.raises(isolatejs.RuntimeDisposedError, match="cancelled"):
            await runtime.eval("1")


async def test_giving_up_one_wait_for_a_promise_ends_nothing_else(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(execution_timeout_ms=20_000) as runtime:
        found = await load(runtime, "let done; ({p: new Promise((r) => done = r), done: () => done(7)})")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(found["p"], 0.05)
        await found["done"]()
        assert await found["p"] == 7


async def test_a_call_that_is_posted_is_limited(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime(execution_timeout_ms=LIMIT_MS) as runtime:
        called = await load(runtime, f"(() => {{ {LOOP} }})")
        called.post()
        await gone(runtime._live)


async def test_a_callback_that_a_tool_calls_later(host: isolatejs.IsolateHost) -> None:
    kept: list[Any] = []
    tools = {"keep": lambda callbacks: kept.append(callbacks["deep"][0])}
    async with host.create_runtime(execution_timeout_ms=LIMIT_MS, bindings={"tools": tools}) as runtime:
        await load(runtime, f"keep({{deep: [() => {{ {LOOP} }}]}})")
        with pytest.raises(ExecutionTimeoutError):
            await kept[0]()
        await gone(runtime._live)


async def test_a_callback_may_last_as_long_as_the_eval_that_it_is_part_of(
    host: isolatejs.IsolateHost,
) -> None:
    async def twice(callback: Any) -> Any:
        await callback()
        return await callback()

    async with host.create_runtime(
        execution_timeout_ms=LIMIT_MS, bindings={"tools": {"twice": twice}}
    ) as runtime:
        code = "await twice(() => new Promise((r) => setTimeout(() => r(8), 1300)))"
        assert await runtime.eval(code, execution_timeout_ms=30_000) == 8


async def test_a_program_that_gives_its_own_call_up_lives_on(host: isolatejs.IsolateHost) -> None:
    """The handler's wait for a callback is cancelled with it: that is no cancellation of the embedder's."""
    kept: list[Any] = []
    cancelled = asyncio.Event()

    async def fetch(request: Request) -> isolatejs.Response:
        try:
            await kept[0]()
        finally:
            cancelled.set()
        return isolatejs.Response(b"")

    bindings: dict[str, Any] = {"tools": {"keep": kept.append}, "fetch": fetch}
    async with host.create_runtime(bindings=bindings) as runtime:
        await runtime.eval("""
            keep(() => new Promise(() => {}));
            const controller = new AbortController();
            const fetching = fetch("http://a/", {signal: controller.signal}).catch(() => {});
            setTimeout(() => controller.abort(), 100);
            await fetching;
        """)
        async with asyncio.timeout(WAIT_S):
            await cancelled.wait()
        assert await runtime.eval("1 + 1") == 2


async def test_a_listener_of_a_signal_of_the_host(host: isolatejs.IsolateHost) -> None:
    controller = AbortController()
    async with host.create_runtime(execution_timeout_ms=LIMIT_MS) as runtime:
        listen = await load(
            runtime, f"(signal) => {{ signal.addEventListener('abort', () => {{ {LOOP} }}) }}"
        )
        await listen(controller.signal)
        controller.abort()
        await gone(runtime._live)
        with pytest.raises(isolatejs.RuntimeDisposedError, match=f"execution_timeout_ms={LIMIT_MS}"):
            await runtime.eval("1")


async def test_what_goes_on_after_an_answer_of_the_host(host: isolatejs.IsolateHost) -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def late() -> int:
        return await answer

    async with host.create_runtime(
        execution_timeout_ms=LIMIT_MS, bindings={"tools": {"late": late}}
    ) as runtime:
        await load(runtime, f"late().then(() => {{ {LOOP} }}); 1")
        answer.set_result(1)
        await gone(runtime._live)


async def test_a_session_that_was_taken_up_again(host: isolatejs.IsolateHost) -> None:
    key = "doors"
    session = await host.get_namespaced_runtime(key=key)
    await session.eval(f"globalThis.f = () => {{ {LOOP} }}")
    await session.dispose()
    session = await host.get_namespaced_runtime(key=key, execution_timeout_ms=LIMIT_MS)
    with pytest.raises(ExecutionTimeoutError):
        await (await session.eval("f"))()
    await gone(session._live)
    await session.dispose(hard=True)


async def test_a_test_runtime(host: isolatejs.IsolateHost) -> None:
    code = f"test('a', () => new Promise((r) => setTimeout(r, 100))); afterAll(() => {{ {LOOP} }})"
    async with host.create_test_runtime(execution_timeout_ms=LIMIT_MS) as runtime:
        result = await runtime.run(code)
        assert not result.success
        await gone(runtime._live)


async def test_a_childs_function(host: isolatejs.IsolateHost) -> None:
    code = f"""
        import {{ createIsolateHost }} from "isolatejs";
        const host = await createIsolateHost();
        const child = await host.createRuntime({{executionTimeoutMs: {LIMIT_MS}}});
        const f = await child.eval("(() => {{ {LOOP} }})");
        let name = "none";
        try {{ await f() }} catch (error) {{ name = error.name }}
        name
    """
    async with host.create_runtime() as runtime:
        assert await runtime.eval(code) == "TimeoutError"


def test_the_blocking_twin() -> None:
    with (
        sync.create_isolate_host(pool_size=0) as host,
        host.create_runtime(execution_timeout_ms=LIMIT_MS) as runtime,
    ):
        called = runtime.eval(f"[() => {{ {LOOP} }}]")[0]
        with pytest.raises(ExecutionTimeoutError):
            called()


# --- app servers -------------------------------------------------------------------------------------
async def server_of(host: isolatejs.IsolateHost, handlers: str, **options: Any) -> isolatejs.AppServer:
    return await host.create_app_server(code=f"serve({{ {handlers} }})", **options)


@pytest.mark.parametrize("limit_ms", [LIMIT_MS, None])
async def test_a_request_that_is_given_up_in_a_loop(
    host: isolatejs.IsolateHost, limit_ms: int | None
) -> None:
    server = await server_of(host, f"fetch() {{ {LOOP} }}", execution_timeout_ms=limit_ms)
    (live,) = server.lives()
    handling = asyncio.create_task(server.handle(Request("http://a/", method="POST")))
    await spinning(live)
    handling.cancel()
    await asyncio.wait([handling])
    await gone(live)
    await server.dispose()


async def test_a_request_that_is_given_up_where_the_program_waits(host: isolatejs.IsolateHost) -> None:
    server = await server_of(host, "fetch() { return new Promise(() => {}) }", execution_timeout_ms=LIMIT_MS)
    (live,) = server.lives()
    for _ in range(3):
        with pytest.raises(ExecutionTimeoutError):
            await server.handle(Request("http://a/"))
    assert not live.ended
    await server.dispose()


async def test_a_body_that_is_pulled(host: isolatejs.IsolateHost) -> None:
    handler = f"fetch() {{ return new Response(new ReadableStream({{pull() {{ {LOOP} }}}}, {{highWaterMark: 0}})) }}"
    server = await server_of(host, handler, execution_timeout_ms=LIMIT_MS)
    (live,) = server.lives()
    result = await server.handle(Request("http://a/"))
    assert result.type == "response"
    with pytest.raises(ExecutionTimeoutError):
        await result.response.bytes()
    await gone(live)
    await server.dispose()


@pytest.mark.parametrize("event", ["open", "message", "close", "error", "drain"])
async def test_a_web_socket(host: isolatejs.IsolateHost, event: str) -> None:
    send = "for (let i = 0; i < 40; i++) ws.send(new Uint8Array(65536))" if event == "drain" else ""
    handlers = (
        "fetch(request, server) { server.upgrade(request) }, "
        f"websocket: {{ open(ws) {{ {LOOP if event == 'open' else send} }}, message(ws) {{ {'' if event != 'message' else LOOP} }}, "
        f"close() {{ {LOOP if event == 'close' else ''} }}, error() {{ {LOOP if event == 'error' else ''} }}, "
        f"drain() {{ {LOOP if event == 'drain' else ''} }} }}"
    )
    server = await server_of(host, handlers, execution_timeout_ms=LIMIT_MS)
    (live,) = server.lives()
    result = await server.handle(Request("http://a/", headers={"upgrade": "websocket"}))
    assert result.type == "websocket"
    number = result.connection_id
    commands = server.ws.commands(number)
    doing = asyncio.gather(use_web_socket(server, number, event), read_all(commands), return_exceptions=True)
    await gone(live)
    await doing
    await server.dispose()


async def use_web_socket(server: isolatejs.AppServer, number: str, event: str) -> None:
    await server.ws.open(number)
    if event == "message":
        await server.ws.message(number, "hello")
    elif event == "close":
        await server.ws.close(number)
    elif event == "error":
        await server.ws.error(number, "lost")


async def read_all(commands: AsyncIterator[Any]) -> None:
    async for _ in commands:
        pass


async def test_the_end_of_a_request_sets_listeners_going(host: isolatejs.IsolateHost) -> None:
    handler = f"fetch(request) {{ request.signal.addEventListener('abort', () => {{ {LOOP} }}); return new Promise(() => {{}}) }}"
    server = await server_of(host, handler, execution_timeout_ms=LIMIT_MS)
    (live,) = server.lives()
    with pytest.raises(ExecutionTimeoutError):
        await server.handle(Request("http://a/", method="POST"))
    await gone(live)
    await server.dispose()


# --- no door is forgotten ----------------------------------------------------------------------------
def doors() -> dict[str, Door]:
    """Every message that the host sends to a guest."""
    contracts = [
        *(ROOT / "src/isolatejs/capabilities").glob("*/contract.py"),
        ROOT / "src/isolatejs/channel/contract.py",
    ]
    found = {}
    for path in contracts:
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for message in importlib.import_module(module).TO_GUEST:
            found[wire_name(message)] = message.door
    return found


def test_every_door_is_in_the_table() -> None:
    """A new message to the guest is a new way into the program: say in docs/limits.md, and test here, what limits it."""
    text = (ROOT / "docs/limits.md").read_text()
    rows = re.findall(r"^\| `([a-zA-Z_]+\.[a-zA-Z]+)` \| ([a-z]+) \|", text, re.MULTILINE)
    assert dict(rows) == {name: door.value for name, door in doors().items()}
