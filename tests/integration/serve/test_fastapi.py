"""An app server inside of a FastAPI application: beside its routes, dependencies, middleware and lifespan."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
import starlette.requests
import websockets
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.middleware.base import BaseHTTPMiddleware

from isolatejs import Request
from isolatejs.asgi import AppServerASGI, asgi_app
from isolatejs.host.app_server import AppServer

from .http_server import PROGRAM, Serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs import IsolateHost


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "isolatejs")


class Application:
    """A FastAPI application that owns a mounted program."""

    def __init__(self, serving: Serving) -> None:
        self.program = AppServerASGI(
            code=PROGRAM,
            bindings=serving.bindings,
            metadata=lambda scope: {"client": [scope["state"]["greeting"]]},
        )
        self.events: list[str] = []
        self.api = FastAPI(lifespan=self._lifespan)
        self.api.mount("/program", self.program)

        @self.api.get("/own/{number}")
        async def own(number: int) -> dict[str, int]:
            return {"number": number}

        @self.api.websocket("/own-socket")
        async def own_socket(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text(f"own {await socket.receive_text()}")
            await socket.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, api: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with self.program:
            self.events.append("started")
            yield {"greeting": "from the lifespan"}
        self.events.append("stopped")


async def test_mounted_beside_routes_from_start_to_stop() -> None:
    serving = Serving()
    application = Application(serving)
    async with serving.run(application.api), httpx.AsyncClient() as client:
        assert application.events == ["started"]
        assert (await client.get(serving.url("own/7"))).json() == {"number": 7}
        assert (await client.get(serving.url("own/x"))).status_code == 422
        assert "/own/{number}" in (await client.get(serving.url("openapi.json"))).json()["paths"]
        seen = (await client.get(serving.url("program/a%20b/json?q=1"))).json()
        assert seen["url"] == serving.url("program/a%20b/json?q=1")
        assert (await client.get(serving.url("program/nowhere"))).text == "not found"
        assert (await client.get(serving.url("nowhere"))).json() == {"detail": "Not Found"}
        assert (await client.get(serving.url("program/client"))).json() == "from the lifespan"
        upload = b"0123456789" * 100_000
        assert (await client.post(serving.url("program/echo"), content=upload)).content == upload
        server = application.program.servers[0]
    assert application.events == ["started", "stopped"]
    assert server.disposed
    assert application.program.servers == []


async def test_streams_and_a_client_that_leaves() -> None:
    serving = Serving()
    async with serving.run(Application(serving).api), httpx.AsyncClient() as client:
        async with client.stream("GET", serving.url("program/events")) as response:
            lines = response.aiter_lines()
            for n in range(3):
                serving.permits.release()
                assert await anext(lines) == f"data: {n}"
                assert await anext(lines) == ""
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("cancelled", True)
        hanging = asyncio.ensure_future(client.get(serving.url("program/hang")))
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("hanging", False)
        hanging.cancel()
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("aborted", True)
        assert (await client.get(serving.url("program/json"))).status_code == 200


async def test_web_sockets_of_both() -> None:
    serving = Serving()
    async with serving.run(Application(serving).api):
        async with websockets.connect(serving.url("own-socket", "ws")) as socket:
            await socket.send("hello")
            assert await socket.recv() == "own hello"
        async with websockets.connect(serving.url("program/ws", "ws")) as socket:
            assert await socket.recv() == "welcome"
            for message in ("text", b"\x00\xff", "é😀" * 1000):
                await socket.send(message)
                assert await socket.recv() == message
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("closed", "1000 ")
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(serving.url("program/denied", "ws"))
        assert refused.value.response.body == b"not you"


async def test_middleware_sees_the_programs_answers() -> None:
    serving = Serving()
    application = Application(serving)
    seen: list[tuple[str, int]] = []

    async def watch(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        seen.append((request.url.path, response.status_code))
        response.headers["x-watched"] = "yes"
        return response

    application.api.add_middleware(GZipMiddleware, minimum_size=1000)
    application.api.add_middleware(BaseHTTPMiddleware, dispatch=watch)
    async with serving.run(application.api), httpx.AsyncClient() as client:
        sized = await client.get(serving.url("program/sized"))
        assert (sized.content, sized.headers["content-encoding"]) == (bytes(700_000), "gzip")
        assert sized.headers["x-watched"] == "yes"
        assert int(sized.headers.get("content-length", 0)) < 700_000
        assert (await client.post(serving.url("program/echo"), content=b"abc")).content == b"abc"
        hanging = asyncio.ensure_future(client.get(serving.url("program/hang")))
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("hanging", False)
        hanging.cancel()
        assert await asyncio.wait_for(serving.notes.get(), 5) == ("aborted", True)
        async with client.stream("GET", serving.url("program/events")) as response:
            serving.permits.release()
            assert await anext(response.aiter_lines()) == "data: 0"
        serving.permits.release()
        assert (await asyncio.wait_for(serving.notes.get(), 5))[0] == "cancelled"
    assert ("/program/sized", 200) in seen


async def test_prefix_of_a_proxy_that_the_server_knows() -> None:
    serving = Serving()
    async with serving.run(Application(serving).api, root_path="/behind"), httpx.AsyncClient() as client:
        seen = (await client.get(serving.url("program/x/json"))).json()  # the proxy has taken /behind off
        assert seen["url"] == serving.url("behind/program/x/json")
        async with websockets.connect(serving.url("program/ws", "ws")) as socket:
            assert await socket.recv() == "welcome"


@pytest.mark.parametrize("path", ["program/x/json", "behind/program/x/json"])
async def test_prefix_of_a_proxy_that_the_application_adds(path: str) -> None:
    """As `FastAPI(root_path=...)` does, whether the proxy takes the prefix off or not."""
    serving = Serving()
    application = Application(serving)

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await application.api({**scope, "root_path": "/behind"}, receive, send)

    async with serving.run(behind), httpx.AsyncClient() as client:
        seen = (await client.get(serving.url(path))).json()
        assert seen["url"] == serving.url("behind/program/x/json")


async def test_mounts_in_mounts() -> None:
    serving = Serving()
    program = AppServerASGI(code=PROGRAM, bindings=serving.bindings)
    inner, outer = FastAPI(), FastAPI()
    inner.mount("/program", program)
    outer.mount("/inner", inner)
    async with program, serving.run(outer), httpx.AsyncClient() as client:
        seen = (await client.get(serving.url("inner/program/x/json"))).json()
        assert seen["url"] == serving.url("inner/program/x/json")


async def test_mount_without_a_lifespan_says_what_is_missing() -> None:
    serving = Serving()
    api = FastAPI()
    api.mount("/program", AppServerASGI(code=PROGRAM, bindings=serving.bindings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client:
        with pytest.raises(Exception, match="async with app"):
            await client.get("/program/json")


BEARER = HTTPBearer()


def user_of(credentials: Annotated[HTTPAuthorizationCredentials, Depends(BEARER)]) -> str:
    if credentials.credentials != "right":
        raise HTTPException(403, "not you")
    return "zoe"


def program_of(request: starlette.requests.Request) -> AppServer:
    program: AppServer = request.app.state.program
    return program


async def ask(
    path: str, program: Annotated[Any, Depends(program_of)], user: Annotated[str, Depends(user_of)]
) -> StreamingResponse:
    """A route whose dependencies say who may ask the program, and who asks."""
    result = await program.handle(Request(f"http://program/{path}"), metadata={"client": [user]})
    response = result.response
    return StreamingResponse(response.body, response.status, dict(response.headers))


async def test_route_with_dependencies_that_asks_the_program(host: IsolateHost) -> None:
    serving = Serving()
    async with host.create_app_server(code=PROGRAM, bindings=serving.bindings) as server:
        api = FastAPI()
        api.state.program = server
        api.add_api_route("/ask/{path:path}", ask)
        api.mount("/open", asgi_app(server, metadata=lambda scope: {"client": ["anonymous"]}))
        async with serving.run(api), httpx.AsyncClient() as client:
            assert (await client.get(serving.url("ask/client"))).status_code in (401, 403)
            wrong = await client.get(serving.url("ask/client"), headers={"authorization": "Bearer wrong"})
            assert wrong.json() == {"detail": "not you"}
            right = {"authorization": "Bearer right"}
            assert (await client.get(serving.url("ask/client"), headers=right)).json() == "zoe"
            assert (await client.get(serving.url("ask/sized"), headers=right)).content == bytes(700_000)
            assert (await client.get(serving.url("open/client"))).json() == "anonymous"
        assert not server.disposed
