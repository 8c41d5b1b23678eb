"""Routers from npm, unchanged, behind serve()."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import File, FormData, Request, create_module_resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import isolatejs


def _npm() -> Any:
    """tests/integration/modules/npm.py: the packages are installed once, for all tests."""
    path = Path(__file__).parents[1] / "modules" / "npm.py"
    spec = importlib.util.spec_from_file_location("isolatejs_tests_npm", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return Path(_npm().install_packages("hoisted"))


HONO = """
import { Hono } from "hono";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { streamSSE, streamText } from "hono/streaming";
import { setCookie } from "hono/cookie";

type Variables = { user: string };
const app = new Hono<{ Variables: Variables }>();
app.use("/api/*", cors());
app.use(async (c, next) => {
  c.set("user", c.req.header("x-user") ?? "nobody");
  await next();
});
app.get("/api/books/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.queries("q"), user: c.get("user") }));
app.post("/api/books", async (c) => c.json(await c.req.json(), 201));
app.post("/form", async (c) => {
  const body = await c.req.parseBody();
  return c.text(`${body.name} ${await (body.file as File).text()}`);
});
app.get("/etag", etag(), (c) => c.text("tagged"));
app.get("/cookie", (c) => {
  setCookie(c, "a", "1", { httpOnly: true });
  setCookie(c, "b", "2");
  return c.text("set");
});
app.get("/sse", (c) => streamSSE(c, async (stream) => {
  for (let n = 0; n < 3; n++) await stream.writeSSE({ data: `event ${n}`, id: `${n}` });
}));
app.get("/text", (c) => streamText(c, async (stream) => {
  await stream.write("a");
  await stream.sleep(1);
  await stream.write("b");
}));
app.get("/wait", (c) => {
  c.executionCtx.waitUntil(note("trailing"));
  return c.text("ok");
});
app.get("/tool", async (c) => c.text(await who()));
app.get("/throw", () => { throw new Error("boom"); });
app.get("/forbidden", () => { throw new HTTPException(403, { message: "not you" }); });
app.onError((error, c) =>
  error instanceof HTTPException ? error.getResponse() : c.text(`handled ${error.message}`, 500));
app.notFound((c) => c.text("nothing here", 404));
%s
"""


@pytest.fixture(params=["serve(app);", "serve({ fetch: app.fetch });", "export default app;"])
async def hono(
    request: pytest.FixtureRequest, host: isolatejs.IsolateHost, node_modules: Path
) -> AsyncIterator[Any]:
    modules = (
        create_module_resolver()
        .virtual("/app/server.ts", HONO % request.param)
        .mount_node_modules("/app/node_modules", node_modules)
    )
    notes: list[Any] = []
    tools = {"note": notes.append, "who": lambda context: context.request_id}
    bindings = {"modules": modules, "tools": tools, "console": lambda entry: None}
    async with host.create_app_server(entry="/app/server.ts", bindings=bindings) as server:
        server.notes = notes  # type: ignore[attr-defined]
        yield server


async def test_hono(hono: Any) -> None:
    async def get(path: str, **options: Any) -> Any:
        result = await hono.handle(Request(f"http://localhost{path}", **options), request_id="r9")
        return result.response

    book = await get("/api/books/7?q=a&q=b", headers={"x-user": "zoë"})
    assert await book.json() == {"id": "7", "q": ["a", "b"], "user": "zoë"}
    assert book.headers["access-control-allow-origin"] == "*"
    assert (await get("/api/books", method="OPTIONS")).status == 204
    made = await get("/api/books", method="POST", body='{"title": "x"}')
    assert (made.status, await made.json()) == (201, {"title": "x"})
    form = FormData()
    form.append("name", "n")
    form.append("file", File([b"content"], "f.txt"))
    assert await (await get("/form", method="POST", body=form)).text() == "n content"
    tagged = await get("/etag")
    assert (await get("/etag", headers={"if-none-match": tagged.headers["etag"]})).status == 304
    assert (await get("/cookie")).headers.get_set_cookie() == ["a=1; Path=/; HttpOnly", "b=2; Path=/"]
    events = await get("/sse")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert (await events.text()).count("data: event") == 3
    assert await (await get("/text")).text() == "ab"
    assert await (await get("/wait")).text() == "ok"
    assert await (await get("/tool")).text() == "r9"
    assert await (await get("/throw")).text() == "handled boom"
    forbidden = await get("/forbidden")
    assert (forbidden.status, await forbidden.text()) == (403, "not you")
    assert (await get("/nowhere")).status == 404
    assert hono.notes == ["trailing"]


async def test_itty_router(host: isolatejs.IsolateHost, node_modules: Path) -> None:
    program = """
    import { AutoRouter, error, json, withParams } from "itty-router";
    const router = AutoRouter({ before: [(request) => { request.seen = true; }] });
    router
      .get("/hello/:name", ({ name, query, seen }) => ({ name, query, seen }))
      .post("/echo", async (request) => ({ body: await request.json() }))
      .get("/plain", () => new Response("plain"))
      .get("/forbidden", () => error(403, "not you"))
      .get("/throw", () => { throw new Error("boom"); });
    serve({ fetch: router.fetch });
    """
    modules = (
        create_module_resolver()
        .virtual("/app/server.js", program)
        .mount_node_modules("/app/node_modules", node_modules)
    )
    async with host.create_app_server(entry="/app/server.js", bindings={"modules": modules}) as server:

        async def get(path: str, **options: Any) -> Any:
            return (await server.handle(Request(f"http://localhost{path}", **options))).response

        hello = await (await get("/hello/zoe?a=1")).json()
        assert hello == {"name": "zoe", "query": {"a": "1"}, "seen": True}
        assert await (await get("/echo", method="POST", body="[1]")).json() == {"body": [1]}
        assert await (await get("/plain")).text() == "plain"
        forbidden = await get("/forbidden")
        assert (forbidden.status, (await forbidden.json())["error"]) == (403, "not you")
        assert (await get("/throw")).status == 500
        assert (await get("/nowhere")).status == 404
