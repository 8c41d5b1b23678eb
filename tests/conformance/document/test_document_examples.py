"""The examples of the original system's document: Python outside, its JavaScript unchanged inside.

App servers, tests, sessions, nested hosts and browsers have theirs with their features.
"""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest

import isolatejs
from isolatejs import (
    AbortController,
    AbortError,
    ConsoleBindings,
    ConsoleEntry,
    GuestError,
    HostCallContext,
    Request,
    create_file_bindings,
    create_isolate_host,
    create_module_resolver,
    format_typecheck_errors,
    get_type_profile,
    typecheck,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[isolatejs.IsolateHost]:
    async with create_isolate_host(pool_size=1) as host:
        yield host


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Example Domain")

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


async def test_quick_start(host: isolatejs.IsolateHost, site: str, tmp_path: Path) -> None:
    output: list[str] = []

    def on_entry(entry: ConsoleEntry) -> None:
        if entry.type == "output":
            output.append(entry.stdout)

    async def fetch(request: Request, context: HostCallContext) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(request.url)

    async def greet(name: str) -> str:
        return f"hello {name}"

    runtime = await host.create_runtime(
        bindings={
            "console": ConsoleBindings(on_entry=on_entry),
            "fetch": fetch,
            "files": create_file_bindings(root=tmp_path, allow_write=True),
            "modules": create_module_resolver()
            .virtual("@/env", 'export const mode = "sandbox";', filename="env.ts", resolve_dir="/app")
            .virtual(
                "/app/main.ts",
                f"""
                import {{ mode }} from "@/env";
                const response = await fetch("{site}");
                console.log("mode:", mode);
                console.log("status:", response.status);
                console.log(await greet("isolate"));
                """,
                filename="main.ts",
                resolve_dir="/app",
            ),
            "tools": {"greet": greet},
        }
    )
    try:
        await runtime.eval('import "/app/main.ts";', filename="/app/entry.ts")
    finally:
        await runtime.dispose()
    assert output == ["mode: sandbox", "status: 200", "hello isolate"]


async def test_cancel_running_work(host: isolatejs.IsolateHost) -> None:
    runtime = await host.create_runtime()
    controller = AbortController()
    running = asyncio.create_task(runtime.eval("while (true) {}", signal=controller.signal))
    await asyncio.sleep(0)
    controller.abort()
    with pytest.raises(AbortError) as caught:
        await running
    assert caught.value.name == "AbortError"
    with pytest.raises(isolatejs.RuntimeDisposedError):
        await runtime.eval("1 + 1")


async def test_nested_signal(host: isolatejs.IsolateHost) -> None:
    seen: list[str] = []
    async with host.create_runtime(bindings={"console": lambda entry: seen.append(entry.stdout)}) as runtime:
        await runtime.eval(
            """
            import { createIsolateHost } from "@ricsam/isolate";
            const nestedHost = createIsolateHost();
            const child = await nestedHost.createRuntime();
            const controller = new AbortController();
            const running = child.eval("await new Promise(() => {})", {
              signal: controller.signal,
            });
            controller.abort();
            try {
              await running;
            } catch (error) {
              console.log(error.name); // AbortError
            }
            """
        )
    assert seen == ["AbortError"]


async def test_fetch_is_disabled_without_a_binding(host: isolatejs.IsolateHost) -> None:
    async with host.create_runtime() as runtime:
        with pytest.raises(GuestError, match="fetch"):
            await runtime.eval('await fetch("https://example.com")')


async def test_fetch_with_the_contexts_signal(host: isolatejs.IsolateHost, site: str) -> None:
    async def fetch(request: Request, context: HostCallContext) -> httpx.Response:
        context.signal.throw_if_aborted()
        async with httpx.AsyncClient() as client:
            return await client.send(request.to_httpx())

    async with host.create_runtime(bindings={"fetch": fetch}) as runtime:
        assert await runtime.eval(f'await (await fetch("{site}")).text()') == "Example Domain"


async def test_async_context_example(host: isolatejs.IsolateHost) -> None:
    seen: list[str] = []
    async with host.create_runtime(bindings={"console": lambda entry: seen.append(entry.stdout)}) as runtime:
        await runtime.eval(
            """
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
            """
        )
        await runtime.eval("await new Promise((resolve) => setTimeout(resolve, 20))")
    tags = [line for line in seen if line.startswith("Timeout:")]
    assert len(tags) >= 2
    assert tags[-1] == tags[-2]


def test_typechecking_example() -> None:
    profile = get_type_profile(profile="browser-test", capabilities=["files"])
    assert profile.include
    result = typecheck(code="page.goto('/')", profile="browser-test")
    assert not result.success
    assert "page" in format_typecheck_errors(result.errors)


async def test_app_server_example(host: isolatejs.IsolateHost) -> None:
    server = await host.create_app_server(
        key="example/server",
        entry="/server.ts",
        bindings={
            "modules": create_module_resolver().virtual(
                "/server.ts",
                """
                serve({
                  fetch(request) {
                    return Response.json({
                      pathname: new URL(request.url).pathname,
                    });
                  },
                });
                """,
            ),
        },
    )
    result = await server.handle(Request("http://localhost/hello"))
    assert result.type == "response"
    assert await result.response.json() == {"pathname": "/hello"}
    await server.dispose()


async def test_host_api(host: isolatejs.IsolateHost) -> None:
    assert {"runtimes", "servers", "connected", "pool", "confinement"} <= set(await host.diagnostics())
    for name in ("create_runtime", "create_app_server", "create_test_runtime", "get_namespaced_runtime"):
        assert callable(getattr(host, name))
    async with create_isolate_host(engine="auto", pool_size=0) as other:
        assert await (await other.create_runtime(cwd="/work", key="k")).eval("1") == 1
