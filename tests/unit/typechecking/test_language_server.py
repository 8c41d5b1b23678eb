"""A checker that has been taken over: whatever it says is bounded, and wrong words end it."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest

from isolatejs.limits import TYPECHECK_ANSWER_LIMIT_BYTES
from isolatejs.sandbox.sandbox import ExitReport, Sandbox
from isolatejs.sandbox.workspace import receive_workspace, send_workspace
from isolatejs.typechecking.diagnostics import diagnostic_from_server
from isolatejs.typechecking.formatting import format_typecheck_errors
from isolatejs.typechecking.language_server import CheckFailedError, LanguageServer
from isolatejs.typechecking.lines import Line
from isolatejs.typechecking.server_messages import Item, Position, Range

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def liar(tmp_path: Path) -> AsyncIterator[tuple[LanguageServer, socket.socket]]:
    """A language server, and the end of its channel on which the test says what it likes."""
    ours, theirs = socket.socketpair()
    directory = os.open(tmp_path, os.O_RDONLY)
    send_workspace(theirs, directory, "/work")
    os.close(directory)
    ours.setblocking(False)
    exited: asyncio.Future[ExitReport] = asyncio.get_running_loop().create_future()
    sandbox = Sandbox(
        id="1",
        pid=1,
        channel_socket=ours,
        sync_fd=None,
        pidfd=None,
        exited=exited,
        send_signal=lambda _: exited.done() or exited.set_result(ExitReport("killed", None, 9, "", None)),  # type: ignore[arg-type, return-value]
    )
    server = LanguageServer(sandbox, receive_workspace(ours))
    with theirs:
        yield server, theirs
        await server.close()


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def answer(liar: tuple[LanguageServer, socket.socket], said: bytes) -> object:
    server, theirs = liar
    speaking = asyncio.create_task(asyncio.to_thread(_say, theirs, said))
    try:
        async with asyncio.timeout(30):
            return await server.diagnostics("file:///work/a.ts")
    finally:
        theirs.shutdown(socket.SHUT_RDWR)
        await speaking


def _say(theirs: socket.socket, said: bytes) -> None:
    try:
        theirs.sendall(said)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has been ended


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"x" * 5_000, "malformed"),
        (b"Content-Length: 99999999999999999999\r\n\r\n", "malformed"),
        (b"Content-Length: -1\r\n\r\n{}", "malformed"),
        (b"Content-Length: \xb2\r\n\r\n{}", "malformed"),
        (b"Content-Length: %d\r\n\r\n" % (TYPECHECK_ANSWER_LIMIT_BYTES + 1), "larger than"),
        (frame(b"[" * 100_000), "malformed"),
        (frame(b'{"id": {}}'), "malformed"),
        (frame(b"\xff\xfe"), "malformed"),
        (frame(b'{"id": 1, "result": {"items": 3}}'), "malformed"),
        (frame(b'{"id": 1, "result": {"items": [{"range": 1}]}}'), "malformed"),
        (frame(b'{"id": 1, "result": {"items": [' + b"1," * 200_000 + b"1]}}"), "malformed"),
        (frame(b'{"method": "$/progress"}') * 11_000, "does not stop talking"),
        (
            frame(b'{"id": 1, "method": "workspace/configuration", "params": {"items": [' + b"{}," * 2_000 + b"{}]}}"),
            "malformed",
        ),
        (b"", "ended"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:24]),
)  # fmt: skip
async def test_lies_end_the_check(
    liar: tuple[LanguageServer, socket.socket], said: bytes, message: str
) -> None:
    if not said:
        liar[1].shutdown(socket.SHUT_WR)
    with pytest.raises(CheckFailedError, match=message):
        await answer(liar, said)


async def test_answers_to_nobody_are_passed_over(liar: tuple[LanguageServer, socket.socket]) -> None:
    item = {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
        "message": "m",
    }
    said = frame(b'{"id": 7, "result": 1}') + frame(
        msgspec.json.encode({"id": 1, "result": {"items": [item]}})
    )
    report = await answer(liar, said)
    assert report is not None
    assert report.items[0].message == "m"  # type: ignore[attr-defined]


def test_places_far_beyond_the_source_cost_nothing() -> None:
    far = Position(2**31 - 1, 2**31 - 1)
    for start, end in ((Position(0, 0), far), (far, far), (Position(0, 2**31 - 1), Position(0, 2**31 - 1))):
        item = Item(range=Range(start, end), message="m" * 100_000, code="9" * 1_000)
        error = diagnostic_from_server(item, "/index.ts", Line("const a = 1;"))
        assert error is not None
        assert error.column <= 13
        assert error.length <= 12
        for style in ("pretty", "model", "github"):
            assert len(format_typecheck_errors([error], style=style)) < 20_000


@pytest.mark.parametrize("size", [1_000_000])
def test_regular_expressions_on_program_text_are_linear(size: int) -> None:
    """Spaces after an import, a property named as the message is, slashes: what took hours, or seconds."""
    import time

    from isolatejs.typechecking.advice import advise
    from isolatejs.typechecking.diagnostics import TypecheckDiagnostic, attribute_type_at

    began = time.thread_time()
    line = Line('import a from "absent"' + " " * size + ";")
    item = Item(range=Range(Position(0, 14), Position(0, 22)), message="", code="no-local")
    assert attribute_type_at(item, line) == ""
    for text in (
        "Property " * (size // 9),
        "Type '" * (size // 6),
        "'" * size,
        "/" * size,
        "Expected " * (size // 9),
        "Did you mean '" * (size // 14),
        "on type '" * (size // 9) + "'a" * (size // 2),
        "Type 'A" + "' is not assignable to type 'a" * (size // 30),
        "Property '" * (size // 10) + "' is missing",
        ": " * (size // 2),
        "\\'" * (size // 2),
    ):
        for code in (2304, 2339, 2739, 2554, 2322, 18047, 2307, 1):
            error = TypecheckDiagnostic(
                code=code, message=text, filename="/a.ts", line=1, column=1, length=1, source_line=""
            )
            advise(error)
    assert time.thread_time() - began < 10
