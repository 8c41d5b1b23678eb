"""The host half against messages that no honest guest sends."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from isolatejs import create_file_bindings
from isolatejs.capabilities.files import contract
from isolatejs.capabilities.files.host import FilesHost
from isolatejs.channel.handlers import handlers_of
from isolatejs.channel.incoming import Reply
from isolatejs.limits import FILE_READ_LIMIT_BYTES, OPEN_FILES_LIMIT
from isolatejs.wire.errors import GuestVisibleError
from isolatejs.wire.message import method_name

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Scope:
    cwd: str = "/"


class Writable:
    """A channel that always takes more."""

    serves_sync_call = False

    async def wait_writable(self) -> None:
        return


@dataclass
class Call:
    attachments: list[bytes] = field(default_factory=list)
    channel: Any = field(default_factory=Writable)


@pytest.fixture
def files(tmp_path: Path) -> FilesHost:
    (tmp_path / "f").write_bytes(b"0123456789")
    return FilesHost(create_file_bindings(tmp_path, allow_write=True), Scope())  # type: ignore[arg-type]


async def ask(files: FilesHost, message: contract.Call, *attachments: bytes) -> Any:
    return await getattr(files, method_name(type(message)))(message, Call(list(attachments)))


def refused(code: str) -> Any:
    return pytest.raises(GuestVisibleError, check=lambda error: error.code == code)


def test_every_message_has_a_method(files: FilesHost) -> None:
    assert len(handlers_of(contract, files)) == len(contract.TO_HOST)
    assert files.grant() == {"cwd": "/", "mounts": [{"path": "/", "writable": True}]}


@pytest.mark.parametrize("handle", [0, 1, 2, 3, 999, 2**53 - 1])
async def test_handles_that_were_never_given(files: FilesHost, handle: int) -> None:
    for message in (
        contract.ReadHandle(handle, 0, 1),
        contract.WriteHandle(handle, 0),
        contract.TruncateHandle(handle, 0),
        contract.StatHandle(handle),
        contract.SyncHandle(handle),
        contract.SetHandleTimes(handle, 0, 0),
        contract.CommitSwap(handle),
        contract.CloseHandle(handle),
    ):
        with refused("EBADF"):
            await ask(files, message)


async def test_a_handle_is_gone_after_close_and_a_file_is_no_swap(files: FilesHost) -> None:
    opened = await ask(files, contract.OpenFile("/f", write=True))
    with refused("EBADF"):
        await ask(files, contract.CommitSwap(opened.handle))
    await ask(files, contract.WriteHandle(opened.handle, 2), b"ab", b"cd")
    await ask(files, contract.CloseHandle(opened.handle))
    for message in (contract.CloseHandle(opened.handle), contract.ReadHandle(opened.handle, 0, 1)):
        with refused("EBADF"):
            await ask(files, message)
    again = await ask(files, contract.OpenFile("/f"))
    assert again.handle != opened.handle
    with refused("EBADF"):
        await ask(files, contract.WriteHandle(again.handle, 0), b"x")
    reply = await ask(files, contract.ReadHandle(again.handle, 0, 2**53 - 1))
    assert reply.attachments == [b"01abcd6789"]
    await files.close()


async def test_reads_are_cut_to_the_limit(files: FilesHost, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(FILE_READ_LIMIT_BYTES + 1000))
    reply = await ask(files, contract.ReadPiece("/big", 0, 2**53 - 1))
    assert len(reply.attachments[0]) == FILE_READ_LIMIT_BYTES
    assert (await ask(files, contract.ReadPiece("/big", 2**53 - 1, 5))).attachments == [b""]


async def test_open_files_are_counted_while_they_are_opened(files: FilesHost) -> None:
    attempts = [ask(files, contract.OpenFile("/f")) for _ in range(OPEN_FILES_LIMIT + 50)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(outcome, GuestVisibleError) for outcome in outcomes) == 50
    await files.close()
    with refused("EBADF"):
        await ask(files, contract.OpenFile("/f"))


async def test_content_that_waits_is_bounded(files: FilesHost) -> None:
    piece = bytes(100 << 20)
    writes = [ask(files, contract.WriteFile(f"/{number}"), piece) for number in range(4)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [isinstance(outcome, GuestVisibleError) for outcome in outcomes] == [False, False, True, True]


@pytest.mark.parametrize(
    "payload",
    [
        '{"handle": -1, "offset": 0, "length": 1}',
        '{"handle": 1.5, "offset": 0, "length": 1}',
        '{"handle": 3, "offset": -1, "length": 1}',
        '{"handle": 3, "offset": 0, "length": 9007199254740993}',
        '{"handle": 3, "offset": 0, "length": 1, "extra": 1}',
        '{"handle": "3", "offset": 0, "length": 1}',
        "[3, 0, 1]",
        "null",
    ],
)
def test_malformed_messages_are_refused(payload: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(payload, type=contract.ReadHandle)


async def test_any_message_is_answered_or_refused(files: FilesHost, tmp_path: Path) -> None:
    """Random messages: only answers and errors that are meant for programs, and nothing outside changes."""
    choose = random.Random(3)
    paths = [
        "/f",
        "/",
        "",
        "/d",
        "/d/e",
        "..",
        "/../x",
        "/f/x",
        "/\0",
        "/" + "x" * 300,
        "/none",
        "\ud800",
        "/d/../f",
    ]
    values: dict[str, list[Any]] = {
        "str": paths,
        "str | None": [None, *paths],
        "bool": [True, False],
        "Handle": [0, 3, 4, 5, 2**53 - 1],
        "Position": [0, 1, 5, 2**40, 2**53 - 1],
        "Mode": [0, 0o666, 0o7777],
        "Milliseconds": [0.0, -1e15, 1e15, 1.5],
    }
    outside = sorted(path.name for path in tmp_path.parent.iterdir())
    for _ in range(3_000):
        kind = choose.choice([message for message in contract.TO_HOST if message is not contract.CopyFile])
        fields = {name: choose.choice(values[str(hint)]) for name, hint in kind.__annotations__.items()}
        if fields.get("size", 0) > 2**40 or fields.get("offset", 0) > 2**40:
            fields = {
                name: min(value, 10) if isinstance(value, int) else value for name, value in fields.items()
            }
        try:
            answer = await ask(files, kind(**fields), b"data")
        except GuestVisibleError as error:
            assert error.code is not None
            assert str(tmp_path) not in error.message
        else:
            value = answer.value if isinstance(answer, Reply) else answer
            assert str(tmp_path) not in msgspec.json.encode(value).decode()
    await files.close()
    assert sorted(path.name for path in tmp_path.parent.iterdir()) == outside
