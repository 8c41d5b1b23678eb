"""One checker process: the engine's language server, spoken to over JSON-RPC on its pipes.

The process never runs what it checks. It runs behind `confined_server.py`, reads only its own folder, and
ends with us: its input closes when we go. Calls are blocking and belong to one thread at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from isolatejs.limits import STDERR_TAIL_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from isolatejs.sandbox.engine import Engine

HEAP_LIMIT_MB: Final = 1024
"""A small program needs 100 MB; types that explode end here and the process is started again."""
MESSAGE_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""One message of the server: diagnostics repeat type texts, which can be long but never this long."""
READ_BYTES: Final = 256 * 1024
START_TIMEOUT_S: Final = 30.0

_SETTINGS: Final = {
    "enable": True,
    "lint": False,
    "cacheOnSave": False,
    "suggest": {"autoImports": False, "imports": {"autoDiscover": False, "hosts": {}}},
}
BOOT: Final = (
    f"import sys; sys.path.append({str(Path(__file__).resolve().parents[2])!r}); "
    "from isolatejs.typechecking.confined_server import main; main(sys.argv[1])"
)


class ServerGoneError(Exception):
    """The process ended or stopped answering; it has been killed. `reason` is for the user."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


class LanguageServer:
    """A running language server on one folder. `readable` are further folders that it may read."""

    def __init__(self, engine: Engine, folder: Path, readable: Iterable[str] = ()) -> None:
        self._stderr = (folder / "stderr.log").open("w+b")
        settings = {
            "engine": engine.path,
            "libraries": list(engine.libraries),
            "writable": [str(folder)],
            "readable": list(readable),
            "environment": {
                "DENO_DIR": str(folder / "cache"),
                "DENO_NO_UPDATE_CHECK": "1",
                "DENO_V8_FLAGS": f"--max-heap-size={HEAP_LIMIT_MB}",
                "HOME": str(folder),
                "NO_COLOR": "1",
                "TMPDIR": str(folder),
            },
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOT, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=folder,
            env={},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        os.set_blocking(self._input, False)
        self._incoming = select.poll()
        self._both = select.poll()
        for poller in (self._incoming, self._both):
            poller.register(self._output, select.POLLIN)
        self._both.register(self._input, select.POLLOUT)
        self._received = bytearray()
        self._next_id = 0
        self._initialize(folder)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, method: str, parameters: Mapping[str, Any], deadline: float) -> Any:
        """Call and wait for the answer: its result, or None where the server reports an internal error.

        `deadline` is on the monotonic clock. Raises ServerGoneError.
        """
        self._next_id += 1
        identifier = self._next_id
        self._send({"id": identifier, "method": method, "params": parameters}, deadline)
        while True:
            message = self._receive(deadline)
            if "method" in message:
                self._answer(message, deadline)
            elif message.get("id") == identifier:
                return message.get("result")

    def notify(self, method: str, parameters: Mapping[str, Any], deadline: float) -> None:
        """Send a notification. Raises ServerGoneError."""
        self._send({"method": method, "params": parameters}, deadline)

    def close(self) -> None:
        """End the process and wait for it; it has nothing to save."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()

    def abandon(self) -> None:
        """Drop what a fork has copied: close our ends, leave the process to the parent."""
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                stream.close()
        self._process.returncode = 0  # not our child: nothing to wait for

    def _initialize(self, folder: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        uri = folder.as_uri()
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "workspaceFolders": [{"uri": uri, "name": "isolatejs"}],
                "capabilities": {"workspace": {"configuration": True}, "textDocument": {"diagnostic": {}}},
                "initializationOptions": _SETTINGS,
            },
            deadline,
        )
        self.notify("initialized", {}, deadline)

    def _answer(self, message: Mapping[str, Any], deadline: float) -> None:
        """The server asks for settings; everything else that it asks is answered with nothing."""
        if "id" not in message:
            return
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [
                _SETTINGS if item.get("section") == "deno" else {} for item in message["params"]["items"]
            ]
        self._send({"id": message["id"], "result": result}, deadline)

    def _send(self, message: Mapping[str, Any], deadline: float) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        data = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        while data:
            self._wait(deadline, writing=True)
            try:
                data = data[os.write(self._input, data) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._gone() from None

    def _receive(self, deadline: float) -> Any:
        while True:
            head = self._received.find(b"\r\n\r\n")
            if head >= 0:
                length = _content_length(bytes(self._received[:head]))
                end = head + 4 + length
                if len(self._received) >= end:
                    body = bytes(self._received[head + 4 : end])
                    del self._received[:end]
                    return json.loads(body)
            self._wait(deadline, writing=False)

    def _wait(self, deadline: float, *, writing: bool) -> None:
        """Wait until the pipe is ready, reading whatever the server has to say meanwhile."""
        remaining_ms = max(deadline - time.monotonic(), 0.0) * 1000
        ready = {
            descriptor for descriptor, _ in (self._both if writing else self._incoming).poll(remaining_ms)
        }
        if self._output in ready:
            chunk = os.read(self._output, READ_BYTES)
            if not chunk:
                raise self._gone()
            self._received += chunk
            if len(self._received) > MESSAGE_LIMIT_BYTES:
                self.close()
                raise ServerGoneError("the checker's answer is too large")
        elif self._input not in ready:
            self.close()
            raise ServerGoneError("the checker did not finish in time", timed_out=True)

    def _gone(self) -> ServerGoneError:
        """The error for a process that ended by itself."""
        self._stderr.flush()
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(size - STDERR_TAIL_BYTES, 0))
        tail = self._stderr.read().decode("utf-8", "replace")
        self.close()
        out_of_memory = "out of memory" in tail or "heap limit" in tail
        return ServerGoneError(
            "the checker ran out of memory" if out_of_memory else "the checker process ended"
        )


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
            if length <= MESSAGE_LIMIT_BYTES:
                return length
    raise ServerGoneError("the checker sent a malformed message")
