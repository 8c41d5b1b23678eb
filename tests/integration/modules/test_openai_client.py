"""OpenAI's own client, unmodified, in the sandbox: real HTTP to a server on loopback through a fetch policy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from fakes.loopback_server import LoopbackServer, Visit
from isolatejs import create_fetch_binding, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-real-key-of-the-host"
JSON_HEADERS = [("content-type", "application/json")]
Ask = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture(loop_scope="module")
async def models() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as server:
        yield server


@pytest.fixture
def ask(models: LoopbackServer, evaluate: Evaluate, hoisted: Path) -> Ask:
    """Runs a program that has `client` and `question`; only the host knows the key."""
    modules = create_module_resolver().mount_node_modules("/node_modules", hoisted)

    async def run(code: str, **bindings: Any) -> Any:
        program = f"""
            import OpenAI from "openai";
            const client = new OpenAI({{ apiKey: "none", baseURL: "{models.url("/v1")}", maxRetries: 2 }});
            const question = {{ model: "m", messages: [{{ role: "user", content: "hello" }}] }};
            {code}"""
        async with create_fetch_binding(
            models.authority,
            allow_loopback=True,
            credentials={models.url("/v1"): {"authorization": f"Bearer {KEY}"}},
        ) as fetch:
            return await evaluate(program, modules, fetch=fetch, **bindings)

    return run


def completion(content: str) -> bytes:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}).encode()


def event(content: str) -> bytes:
    choice = {"index": 0, "delta": {"content": content}}
    chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


async def test_completion_with_the_hosts_key(models: LoopbackServer, ask: Ask) -> None:
    async def route(visit: Visit) -> None:
        asked = json.loads(await visit.body())
        await visit.reply(completion(f"you said {asked['messages'][0]['content']}"), headers=JSON_HEADERS)

    models.routes["/v1/chat/completions"] = route
    answer = await ask("""
        const answer = await client.chat.completions.create(question);
        [answer.choices[0].message.content, client.apiKey]""")
    assert answer == ["you said hello", "none"]
    assert [visit.header("authorization") for visit in models.visits] == [f"Bearer {KEY}"]


async def test_stream_arrives_event_by_event(models: LoopbackServer, ask: Ask) -> None:
    seen: list[str] = []
    first = asyncio.Event()

    async def route(visit: Visit) -> None:
        assert json.loads(await visit.body())["stream"] is True
        await visit.start([("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
        await visit.send_chunk(event("one"))
        await first.wait()  # the program has it before the next one exists
        rest = event("two é😀") + b"data: [DONE]\n\n"
        cut = rest.index("é".encode()) + 1  # in the middle of a character
        await visit.send_chunk(rest[:cut])
        await visit.send_chunk(rest[cut:])
        await visit.send_chunk(b"")

    def note(text: str) -> None:
        seen.append(text)
        first.set()

    models.routes["/v1/chat/completions"] = route
    text = await ask(
        """
        let text = "";
        for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) {
          text += chunk.choices[0].delta.content;
          await note(chunk.choices[0].delta.content);
        }
        text""",
        tools={"note": note},
    )
    assert (text, seen) == ("onetwo é😀", ["one", "two é😀"])


async def test_stream_that_is_left_closes_its_connection(models: LoopbackServer, ask: Ask) -> None:
    async def route(visit: Visit) -> None:
        await visit.body()
        await visit.start([("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
        await visit.send_chunk(event("one"))
        await visit.wait_gone()

    async def wait_gone() -> str:
        async with asyncio.timeout(20):
            await models.visits[0].gone.wait()
        return "gone"

    models.routes["/v1/chat/completions"] = route
    seen = await ask(
        """
        const seen = [];
        for await (const chunk of await client.chat.completions.create({ ...question, stream: true })) {
          seen.push(chunk.choices[0].delta.content);
          break;
        }
        seen.push(await waitGone());
        seen""",
        tools={"waitGone": wait_gone},
    )
    assert seen == ["one", "gone"]


async def test_error_status_is_its_error_class(models: LoopbackServer, ask: Ask) -> None:
    async def route(visit: Visit) -> None:
        await visit.body()
        error = {"message": f"wrong key {visit.header('authorization')}", "code": "invalid_api_key"}
        await visit.reply(
            json.dumps({"error": error}).encode(),
            status="401 Unauthorized",
            headers=[*JSON_HEADERS, ("x-request-id", "r1")],
        )

    models.routes["/v1/chat/completions"] = route
    caught = await ask("""
        let caught;
        try { await client.chat.completions.create(question); } catch (error) { caught = error; }
        [caught instanceof OpenAI.AuthenticationError, caught.status, caught.code, caught.requestID,
         caught.message]""")
    assert caught[:4] == [True, 401, "invalid_api_key", "r1"]
    assert KEY not in caught[4]
    assert "wrong key" in caught[4]
    assert len(models.visits) == 1


async def test_busy_server_is_asked_again(models: LoopbackServer, ask: Ask) -> None:
    async def route(visit: Visit) -> None:
        await visit.body()
        if len(models.visits) < 3:
            status = "429 Too Many Requests" if len(models.visits) == 1 else "503 Service Unavailable"
            await visit.reply(b"{}", status=status, headers=[*JSON_HEADERS, ("retry-after-ms", "5")])
        else:
            await visit.reply(completion("at last"), headers=JSON_HEADERS)

    models.routes["/v1/chat/completions"] = route
    program = "(await client.chat.completions.create(question)).choices[0].message.content"
    assert await ask(program) == "at last"
    assert [visit.header("x-stainless-retry-count") for visit in models.visits] == ["0", "1", "2"]


async def test_connection_that_breaks_is_tried_again(models: LoopbackServer, ask: Ask) -> None:
    async def route(visit: Visit) -> None:
        await visit.body()
        if len(models.visits) == 1:
            visit.writer.transport.abort()
            visit.gone.set()
        else:
            await visit.reply(completion("the second time"), headers=JSON_HEADERS)

    models.routes["/v1/chat/completions"] = route
    program = "(await client.chat.completions.create(question)).choices[0].message.content"
    assert await ask(program) == "the second time"
    assert len(models.visits) == 2


async def test_file_is_uploaded_as_a_form(models: LoopbackServer, ask: Ask) -> None:
    forms: list[bytes] = []

    async def route(visit: Visit) -> None:
        forms.append(await visit.body())
        answer = {"id": "file-1", "object": "file", "bytes": 5, "filename": "a.jsonl", "purpose": "batch"}
        await visit.reply(json.dumps(answer).encode(), headers=JSON_HEADERS)

    models.routes["/v1/files"] = route
    program = """
        const file = new File(["hello"], "a.jsonl");
        (await client.files.create({ file, purpose: "batch" })).id"""
    assert await ask(program) == "file-1"
    assert b'filename="a.jsonl"' in forms[0]
    assert b"\r\n\r\nhello\r\n" in forms[0]


async def test_another_port_of_the_host_stays_closed(ask: Ask) -> None:
    async with LoopbackServer() as other:
        program = f"""
            let caught;
            try {{
              await client.withOptions({{ baseURL: "{other.url("/v1")}", maxRetries: 0 }})
                .chat.completions.create(question);
            }} catch (error) {{ caught = error; }}
            caught instanceof OpenAI.APIConnectionError"""
        assert await ask(program) is True
        assert other.connections == 0
