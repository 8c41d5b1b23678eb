"""An app server mounted in a Starlette application: uvicorn app_server_asgi:app, from this directory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from isolatejs.asgi import AppServerASGI

PROGRAM = """
serve({
  fetch(request, server) {
    if (server.upgrade(request)) return;
    return Response.json({ url: request.url, from: "the sandbox" });
  },
  websocket: { message(ws, message) { ws.send(message); } },
});
"""

program = AppServerASGI(code=PROGRAM, instances=2)


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """A mounted application gets no lifespan of its own."""
    async with program:
        yield


async def own(request: Request) -> PlainTextResponse:
    """A route of the application itself."""
    return PlainTextResponse("from Python")


app = Starlette(routes=[Route("/own", own), Mount("/program", app=program)], lifespan=lifespan)
