"""EventSource (HTML standard §9.2) over the runtime's fetch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from isolatejs.web import Request, Response

if TYPE_CHECKING:
    from fakes.loopback_server import LoopbackServer, Visit

STREAM = (
    b"\xef\xbb\xbf: comment\n\ndata: one\n\n"
    b"event: named\r\ndata: two\r\ndata:three\r\nid: 7\r\n\r\n"
    b"data\n\nunknown: x\nretry: 5\ndata:  four\r\rid: bad\0id\ndata: \xc3\xa9\n\n"
    b"data: never dispatched\n"
)


async def test_every_field_however_the_stream_is_cut(open_runtime: Any) -> None:
    async def fetch(request: Request) -> Response:
        assert request.headers["accept"] == "text/event-stream"
        size = int(request.url.rpartition("?")[2])
        chunks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
        return Response(chunks, headers={"content-type": "text/event-stream;charset=utf-8"})

    runtime = await open_runtime(fetch)
    for size in (1, 3, 1000):
        events = await runtime.eval(f"""
            const source = new EventSource("http://a/?{size}");
            const events = [];
            const note = (e) => events.push([e.type, e.data, e.lastEventId, e.origin]);
            source.onmessage = note;
            source.addEventListener("named", note);
            await new Promise((resolve) => source.onerror = resolve);
            source.close();
            events
        """)
        assert events == [
            ["message", "one", "", "http://a"],
            ["named", "two\nthree", "7", "http://a"],
            ["message", "", "7", "http://a"],
            ["message", " four", "7", "http://a"],
            ["message", "é", "7", "http://a"],
        ]


async def test_it_connects_again_with_the_last_id(open_runtime: Any, server: LoopbackServer) -> None:
    async def events(visit: Visit) -> None:
        await visit.start([("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
        number = len(server.visits)
        await visit.send_chunk(f"retry: 1\nid: {number}\ndata: {number}\n\n".encode())
        if number < 3:
            await visit.send_chunk(b"")
        else:
            await visit.wait_gone()

    server.routes["/"] = events
    runtime = await open_runtime()
    assert await runtime.eval(f"""
        const source = new EventSource("{server.url()}", {{ withCredentials: true }});
        const log = [[source.readyState, source.url, source.withCredentials]];
        source.onopen = () => log.push("open");
        source.onerror = () => log.push(["error", source.readyState]);
        const last = (e, done) => log.push(e.data) && e.data === "3" && done();
        await new Promise((resolve) => source.onmessage = (e) => last(e, resolve));
        source.close();
        log.push(source.readyState, EventSource.CLOSED);
        log
    """) == [
        *[[0, server.url(), True], "open", "1", ["error", 0], "open", "2", ["error", 0], "open", "3", 2, 2],
    ]
    assert [visit.header("last-event-id") for visit in server.visits] == [None, "1", "2"]
    await asyncio.wait_for(server.visits[-1].gone.wait(), 5)


async def test_a_wrong_answer_ends_it(open_runtime: Any) -> None:
    def fetch(request: Request) -> Response:
        if request.url.endswith("204"):
            return Response(status=204)
        status = 500 if request.url.endswith("500") else 200
        return Response("data: x\n\n", status=status, headers={"content-type": "text/plain"})

    runtime = await open_runtime(fetch)
    for path in ("204", "500", "text"):
        assert (
            await runtime.eval(f"""
            const source = new EventSource("http://a/{path}");
            await new Promise((resolve) => source.onerror = resolve);
            source.readyState
        """)
            == 2
        )


async def test_a_bad_url_is_a_syntax_error(open_runtime: Any) -> None:
    runtime = await open_runtime(lambda request: Response())
    code = "let name; try { new EventSource('/relative'); } catch (error) { name = error.name; } name"
    assert await runtime.eval(code) == "SyntaxError"


async def test_listeners_cannot_break_it(open_runtime: Any) -> None:
    runtime = await open_runtime(
        lambda request: Response("data: x\n\n", headers={"content-type": "text/event-stream"})
    )
    assert await runtime.eval("""
        const source = new EventSource("http://a/");
        source.onmessage = 7;
        const nothing = source.onmessage;
        source.onmessage = function (event) { this.seen = event.data; this.close(); };
        await new Promise((resolve) => { source.addEventListener("message", resolve); });
        [nothing, source.seen, source.readyState]
    """) == [None, "x", 2]
