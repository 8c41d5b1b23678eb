"""The app-server examples of the document, as they stand there."""

from __future__ import annotations

import asyncio

import pytest

from isolatejs import AbortController, AbortError, Request, create_isolate_host, create_module_resolver


async def test_build_an_app_server() -> None:
    host = await create_isolate_host()
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
    assert (await host.diagnostics())["servers"] == 1
    await server.dispose()
    assert (await host.diagnostics())["servers"] == 0
    await host.close()


async def test_cancel_one_request_and_go_on() -> None:
    """ "Cancel Running Work": the signal of handle() is request.signal, and never disposes the server."""
    aborted: list[object] = []
    async with create_isolate_host() as host:
        resolver = create_module_resolver().virtual(
            "/server.ts",
            """
            serve({
              async fetch(request) {
                if (new URL(request.url).pathname === "/alive") return new Response("alive");
                started();
                await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
                sawAbort(request.signal.aborted, request.signal.reason.name);
                return new Response("late");
              },
            });
            """,
        )
        controller = AbortController()
        saw_abort = asyncio.Event()

        def note(*values: object) -> None:
            aborted.append(values)
            saw_abort.set()

        tools = {"started": lambda: controller.abort(), "sawAbort": note}
        async with host.create_app_server(
            key="cancel", entry="/server.ts", bindings={"modules": resolver, "tools": tools}
        ) as server:
            with pytest.raises(AbortError):
                await server.handle(Request("http://localhost/wait"), signal=controller.signal)
            await asyncio.wait_for(saw_abort.wait(), 5)
            assert aborted == [(True, "AbortError")]
            result = await server.handle(Request("http://localhost/alive"))
            assert await result.response.text() == "alive"
            assert (await server.diagnostics())["sandboxes_started"] == 1


async def test_signal_that_is_aborted_before_the_call_starts_nothing() -> None:
    async with (
        create_isolate_host() as host,
        host.create_app_server(
            code="let n = 0; serve({ fetch() { n++; return Response.json(n); } });"
        ) as server,
    ):
        controller = AbortController()
        controller.abort()
        with pytest.raises(AbortError):
            await server.handle(Request("http://localhost/"), signal=controller.signal)
        assert await (await server.handle(Request("http://localhost/"))).response.json() == 1


async def test_forward_a_request_and_its_signal_to_a_nested_app_server() -> None:
    """Aborting the outer request aborts the inner one; both servers go on."""
    program = """
    import { createIsolateHost, createModuleResolver } from "@ricsam/isolate";
    const inner = await createIsolateHost().createAppServer({
      key: "inner",
      entry: "/inner.ts",
      bindings: {
        tools: { note: (...values) => note(...values) },
        modules: createModuleResolver().virtual("/inner.ts", `
          serve({
            async fetch(request) {
              if (request.url.endsWith("/quick")) return new Response("quick from inside");
              const aborted = new Promise((resolve) => request.signal.addEventListener("abort", resolve));
              await note("waiting");
              await aborted;
              await note("inner aborted", request.signal.aborted);
              return new Response("late");
            },
          });
        `),
      },
    });
    serve({
      async fetch(request) {
        const result = await inner.handle(request, { signal: request.signal });
        return result.response;
      },
    });
    """
    notes: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
    modules = create_module_resolver().virtual("/server.ts", program)
    bindings = {"modules": modules, "tools": {"note": lambda *values: notes.put_nowait(values)}}
    async with (
        create_isolate_host() as host,
        host.create_app_server(key="outer", entry="/server.ts", bindings=bindings) as server,
    ):
        result = await server.handle(Request("http://localhost/quick"))
        assert await result.response.text() == "quick from inside"
        controller = AbortController()
        task = asyncio.ensure_future(
            server.handle(Request("http://localhost/slow"), signal=controller.signal)
        )
        assert await asyncio.wait_for(notes.get(), 10) == ("waiting",)
        controller.abort()
        with pytest.raises(AbortError):
            await task
        assert await asyncio.wait_for(notes.get(), 10) == ("inner aborted", True)
        result = await server.handle(Request("http://localhost/quick"))
        assert await result.response.text() == "quick from inside"
        assert (await server.diagnostics())["sandboxes_started"] == 1
