"""One checker process: the engine's language server in a sandbox, spoken to over JSON-RPC on its channel.

It is confined like a program, reads only the directory that we write for it, and is as hostile as the text that
it reads. Calls wait without a thread; one at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from isolatejs.limits import (
    MIB,
    TYPECHECK_ANSWER_LIMIT_BYTES,
    TYPECHECK_ANSWERS_LIMIT_BYTES,
    TYPECHECK_MEMORY_LIMIT_MB,
    TYPECHECK_MESSAGES_LIMIT,
    TYPECHECK_START_TIMEOUT_S,
)
from isolatejs.sandbox.workspace import receive_workspace
from isolatejs.typechecking.server_messages import AskedSettings, ConfiguredScopes, Message, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isolatejs.sandbox.provider import SandboxProvider
    from isolatejs.sandbox.sandbox import Sandbox
    from isolatejs.sandbox.workspace import Workspace

READ_BYTES: Final = 256 * 1024
HEAD_LIMIT_BYTES: Final = 1_000
"""Headers of one message; the server sends one of 25 bytes."""

_SETTINGS: Final = {
    "enable": True,
    "config": "deno.json",  # named: the server may not list directories
    "lint": False,
    "cacheOnSave": False,
    "maxTsServerMemory": TYPECHECK_MEMORY_LIMIT_MB,
    "suggest": {"autoImports": False, "imports": {"autoDiscover": False, "hosts": {}}},
}
_T = TypeVar("_T")


class CheckFailedError(Exception):
    """The process ended, stopped answering or lied, and has been killed. `reason` is for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LanguageServer:
    """A running language server and its directory. Made by `start`; every failure leaves it to be killed."""

    def __init__(self, sandbox: Sandbox, workspace: Workspace) -> None:
        self.sandbox = sandbox
        self.workspace = workspace
        self._received = bytearray()
        self._next_id = 0
        self._messages = 0
        self._answered_bytes = 0
        sandbox.exited.add_done_callback(lambda _: workspace.close())

    @classmethod
    async def start(cls, provider: SandboxProvider) -> LanguageServer:
        """Start one. Raises IsolateError where no sandbox starts, CheckFailedError, TimeoutError."""
        sandbox = await provider.lease_engine(
            ["lsp", "--quiet"], memory_limit_bytes=TYPECHECK_MEMORY_LIMIT_MB * MIB
        )
        try:
            async with asyncio.timeout(TYPECHECK_START_TIMEOUT_S):
                server = cls(sandbox, receive_workspace(sandbox.channel_socket))
                await server._initialize()
        except BaseException:
            await sandbox.aclose()
            raise
        return server

    @property
    def has_ended(self) -> bool:
        return self.sandbox.exited.done()

    @property
    def root_uri(self) -> str:
        return "file://" + self.workspace.path

    async def close(self) -> None:
        """Kill the process and wait for its end; it has nothing to save."""
        await self.sandbox.aclose()
        self.workspace.close()

    async def open_scope(self, name: str) -> None:
        """Make the folder `name`, which has its configuration in it, known."""
        uri = f"{self.root_uri}/{name}"
        event = {"added": [{"uri": uri, "name": name}], "removed": []}
        await self.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        while True:
            message = await self._receive()
            if message.method == "deno/didRefreshDenoConfigurationTree":
                read = self._decode(message.params, ConfiguredScopes)
                if any(scope.scope_uri == uri for scope in read.data):
                    return
            await self._answer(message)

    def begin_check(self) -> None:
        """From now on the answers of one check are counted."""
        self._answered_bytes = 0

    async def diagnostics(self, uri: str) -> Report | None:
        """The diagnostics of an open document, or None where the server reports an internal error."""
        self._messages = 0
        result = await self._request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        self._answered_bytes += len(bytes(result))
        if self._answered_bytes > TYPECHECK_ANSWERS_LIMIT_BYTES:
            raise CheckFailedError(f"its errors are larger than {TYPECHECK_ANSWERS_LIMIT_BYTES} bytes")
        return None if bytes(result) == b"null" else self._decode(result, Report)

    async def notify(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Send a notification. Raises CheckFailedError."""
        await self._send({"method": method, "params": parameters})

    async def _initialize(self) -> None:
        await self._request(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "workspaceFolders": [],
                "capabilities": {
                    "workspace": {"configuration": True, "workspaceFolders": True},
                    "textDocument": {"diagnostic": {}},
                },
                "initializationOptions": _SETTINGS,
            },
        )
        await self.notify("initialized", {})

    async def _request(self, method: str, parameters: Mapping[str, Any]) -> msgspec.Raw:
        self._next_id += 1
        identifier = self._next_id
        await self._send({"id": identifier, "method": method, "params": parameters})
        while True:
            message = await self._receive()
            if message.method is None and message.id == identifier:
                return message.result
            await self._answer(message)

    async def _answer(self, message: Message) -> None:
        """The server asks for settings; everything else that it asks is answered with nothing."""
        if message.id is None or message.method is None:
            return
        result: Any = None
        if message.method == "workspace/configuration":
            asked = self._decode(message.params, AskedSettings)
            result = [_SETTINGS if item.section == "deno" else {} for item in asked.items]
        await self._send({"id": message.id, "result": result})

    async def _send(self, message: Mapping[str, Any]) -> None:
        body = msgspec.json.encode({"jsonrpc": "2.0", **message})
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self.sandbox.channel_socket, b"Content-Length: %d\r\n\r\n" % len(body))
            await loop.sock_sendall(self.sandbox.channel_socket, body)
        except OSError:
            raise await self._gone() from None

    async def _receive(self) -> Message:
        self._messages += 1
        if self._messages > TYPECHECK_MESSAGES_LIMIT:
            raise CheckFailedError("the checker does not stop talking")
        while (end := self._received.find(b"\r\n\r\n", 0, HEAD_LIMIT_BYTES)) < 0:
            if len(self._received) >= HEAD_LIMIT_BYTES:
                raise _malformed()
            await self._read()
        length = _content_length(bytes(self._received[:end]))
        whole = end + 4 + length
        while len(self._received) < whole:
            await self._read()
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        return self._decode(body, Message)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            chunk = await loop.sock_recv(self.sandbox.channel_socket, READ_BYTES)
        except OSError:
            chunk = b""
        if not chunk:
            raise await self._gone()
        self._received += chunk

    def _decode(self, body: bytes | msgspec.Raw, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, RecursionError):
            raise _malformed() from None

    async def _gone(self) -> CheckFailedError:
        """The error for a process that ended by itself."""
        await self.sandbox.aclose()
        report = self.sandbox.exited.result() if self.sandbox.exited.done() else None
        if report is not None and report.reason == "memory":
            return CheckFailedError("its types need more memory than a checker may have")
        return CheckFailedError("the checker process ended")


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        digits = value.strip()
        if name.strip().lower() == b"content-length" and digits.isdigit() and len(digits) < 12:
            length = int(digits)
            if length <= TYPECHECK_ANSWER_LIMIT_BYTES:
                return length
            raise CheckFailedError(
                f"the checker's answer is larger than {TYPECHECK_ANSWER_LIMIT_BYTES} bytes"
            )
    raise _malformed()


def _malformed() -> CheckFailedError:
    return CheckFailedError("the checker sent a malformed message")
