"""A host that receives what a guest lies: a channel with the host side of every contract, and what it costs.

The costs are processor time and memory at its peak, by the size of the messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypedDict

import msgspec

from fuzz.hostile_messages import CONTRACTS
from isolatejs.capabilities.evaluation.contract import AwaitIdle
from isolatejs.capabilities.registry import CAPABILITIES
from isolatejs.capabilities.scope import RuntimeScope
from isolatejs.channel.channel import Channel
from isolatejs.errors import IsolateError, RuntimeDisposedError
from isolatejs.host.guest_errors import to_guest_error
from isolatejs.web import AbortController, Response
from isolatejs.wire.errors import NEUTRAL_MESSAGE
from isolatejs.wire.message import Body, EncodedValue

FIRST_CALL = 2
"""The number of the first call of a host."""
SECONDS_PER_BYTE = 2e-6
BYTES_PER_BYTE = 60
FLOOR_S = 0.05
"""What a message may cost however small it is: the first of a kind fills caches."""
FLOOR_BYTES = 4 * 1024 * 1024
SLOWDOWN = float(os.environ.get("ISOLATEJS_FUZZ_SLOWDOWN", "1"))


class Violation(AssertionError):
    """The host did not refuse, or it took too much."""


class Color(Enum):
    """An enumeration of a tool."""

    RED = "red"
    BLUE = 7


class Tree(msgspec.Struct):
    """A record that holds itself."""

    left: Tree | None = None
    right: Tree | None = None
    items: list[Tree] = []


@dataclass
class Branch:
    """The same as a dataclass, with a choice at each step."""

    next: Branch | Leaf | None = None
    other: Leaf | Branch | None = None
    names: dict[str, Branch] = field(default_factory=dict)


@dataclass
class Leaf:
    """What a Branch may hold in its place."""

    value: int
    next: Leaf | Branch | None = None


class Table(TypedDict, total=False):
    """A dict with known keys."""

    rows: list[list[float]]
    by_name: dict[str, dict[str, int]]
    more: list[Any]


def _rows(rows: list[list[int]]) -> int:
    return len(rows)


def _tree(tree: Tree) -> None: ...


def _branch(branch: Branch) -> None: ...


def _table(table: Table, level: Literal["low", "high"] = "low") -> None: ...


def _sets(numbers: set[int], pairs: dict[int, list[str]] | None = None) -> int:
    return len(numbers)


def _scalars(a: int, b: float | None = None, c: bytes = b"", color: Color = Color.RED) -> str:
    return "x"


def _anything(*values: Any) -> Any:
    return values[0] if values else None


TOOLS = {
    "rows": _rows,
    "tree": _tree,
    "branch": _branch,
    "table": _table,
    "sets": _sets,
    "scalars": _scalars,
    "anything": _anything,
}


class _Broker:
    """In the place of the host's broker of nested hosts: there is nothing that a program could use."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*args: Any, **options: Any) -> Any:
            raise RuntimeDisposedError("there is no child")

        return refuse

    def describe(self, *args: Any) -> dict[str, Any]:
        return {}

    async def close(self) -> None: ...


async def _fetch(request: Any, context: Any) -> Response:
    str(request)
    return Response(b"ok", headers=list(request.headers.items()))


class _Transport(asyncio.Transport):
    """Takes what the host sends, and keeps the headers of errors."""

    def __init__(self) -> None:
        super().__init__({"socket": None})
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None: ...

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class _Decoding:
    """Stands for the host side of a contract that needs more than a channel: it decodes all that there is."""

    def __getattr__(self, name: str) -> Callable[[Any, Any], Any]:
        return lambda message, call: decode_all(message, call)


def decode_all(message: Any, call: Any) -> None:
    """Decode every value and body of a message, and of the structs in it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if isinstance(part, EncodedValue):
            call.decode(part)
        elif isinstance(part, Body):
            call.body(part)
        elif isinstance(part, msgspec.Struct):
            waiting += [getattr(part, name) for name in part.__struct_fields__]
        elif isinstance(part, (list, tuple)):
            waiting += part


class World:
    """One channel with a host side for every contract."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.closed_by: BaseException | None = None
        self.failures: list[BaseException] = []
        self.channel = Channel(on_closed=self._closed, raise_guest_error=to_guest_error)
        self.transport = _Transport()
        self.channel.connection_made(self.transport)
        self.scope = RuntimeScope("rt_fuzz", "rt_fuzz", AbortController().signal, channel=self.channel)
        self.scope.fail = self.failures.append
        self.scope.logger = logging.getLogger("isolatejs.fuzz")
        self.halves: dict[str, Any] = {}
        for capability in CAPABILITIES:
            half = self._half(capability)
            if half is not None:
                self.halves[capability.name] = half
            contract = CONTRACTS.get(capability.name)
            if contract is not None:
                self.channel.handle(contract, half or _Decoding())

    def _half(self, capability: Any) -> Any:
        given: Any = {
            "console": lambda entry: None,
            "tools": TOOLS,
            "fetch": _fetch,
            "nested_host": _Broker(),
        }.get(capability.name)
        if capability.name == "browser":
            return None
        if capability.name == "files":
            from isolatejs.capabilities.files.bindings import MemoryFiles

            given = MemoryFiles({"/a/b.txt": b"text"})
        if capability.name == "testing":
            return self._testing(capability)
        return capability.load()(given, self.scope)

    def _testing(self, capability: Any) -> Any:
        from isolatejs.capabilities.testing.run_record import RunRecord

        half = capability.load()(None, self.scope)
        half._record = RunRecord(lambda event: None)
        return half

    def _closed(self, error: BaseException | None) -> None:
        self.closed_by = error

    def hold(self) -> None:
        """Let the guest hold something of the host: a function, an iterator, a promise, a stream."""
        self.channel.encode([_anything, iter([1, [2]]), self._loop.create_future()], [])
        self.channel.open_stream(_Source())

    def ask(self, kind: type) -> None:
        """Ask the guest something that it answers with this struct, or with an error."""

        async def asked() -> None:
            with contextlib.suppress(IsolateError):
                reply = await self.channel.call(AwaitIdle())
                decode_all(reply.into(kind), reply)

        self._asking = self._loop.create_task(asked())

    def receive(self, data: bytes) -> None:
        """Bytes from the socket, and what the host does about them."""
        self.channel.data_received(data)

    async def settle(self) -> None:
        """Let what was begun go on for a few turns."""
        for _ in range(4):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End everything, within bounds."""
        self.channel.close()
        await self.channel.wait_closed(1)
        for half in self.halves.values():
            await half.close()

    def check(self) -> None:
        """Raise Violation for what no message may cause."""
        error = self.closed_by
        if error is not None and (
            not isinstance(error, IsolateError) or str(error).startswith("a frame could not be handled")
        ):
            raise Violation(f"the channel ended with {error!r}") from error
        for written in self.transport.written:
            if f'"message":"{NEUTRAL_MESSAGE}"'.encode() in written:
                raise Violation(f"a handler failed: {written[:400]!r}")


class _Source:
    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


class _Records(logging.Handler):
    """What the host logs is for its embedder to read: it must stay small, and name no failure of ours."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.failure: logging.LogRecord | None = None
        self.bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.bytes += len(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, IsolateError):
            self.failure = record


_records = _Records()
_loop: asyncio.AbstractEventLoop | None = None


def running_loop() -> asyncio.AbstractEventLoop:
    """The loop that all inputs share."""
    global _loop
    if _loop is None:
        _loop = asyncio.new_event_loop()
        logger = logging.getLogger("isolatejs")
        logger.addHandler(_records)
        logger.propagate = False
    return _loop


@dataclass
class Cost:
    """What messages cost the host: processor time, and memory at its peak."""

    seconds: float
    peak_bytes: int
    message_bytes: int

    def check(self, what: str) -> None:
        """Raise Violation when it is more than the messages' size allows."""
        allowed_s = (FLOOR_S + self.message_bytes * SECONDS_PER_BYTE) * SLOWDOWN
        if self.seconds > allowed_s:
            raise Violation(
                f"{what}: {self.seconds:.3f} s for {self.message_bytes} bytes, allowed {allowed_s:.3f} s"
            )
        allowed_bytes = FLOOR_BYTES + self.message_bytes * BYTES_PER_BYTE
        if self.peak_bytes > allowed_bytes:
            raise Violation(
                f"{what}: {self.peak_bytes} bytes held for {self.message_bytes} bytes, allowed {allowed_bytes}"
            )


def feed(
    pieces: Sequence[bytes], *, memory: bool = False, check: bool = True, asked: type | None = None
) -> Cost:
    """Let a fresh host receive messages; gives what that cost. Raises Violation for a failure that is no refusal.

    `asked` is what the host has asked for in call FIRST_CALL.
    """
    loop = running_loop()
    return loop.run_until_complete(_feed(pieces, memory, check, asked))


async def _feed(pieces: Sequence[bytes], memory: bool, check: bool, asked: type | None) -> Cost:
    world = World(asyncio.get_running_loop())
    if asked is not None:
        world.ask(asked)
        await world.settle()
    world.hold()
    _records.failure, _records.bytes = None, 0
    if memory:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0] if memory else 0
    began = time.process_time()
    try:
        for piece in pieces:
            world.receive(piece)
            await world.settle()
        seconds = time.process_time() - began
        peak = tracemalloc.get_traced_memory()[1] - before if memory else 0
    finally:
        if memory:
            tracemalloc.stop()
        await world.close()
    if check:
        world.check()
        if _records.failure is not None:
            raise Violation(f"the host logged a failure of its own: {_records.failure.getMessage()[:400]}")
    return Cost(0.0 if memory else seconds, peak, sum(map(len, pieces)))


def check_cost(what: str, pieces: Sequence[bytes], asked: type | None = None) -> None:
    """Raise Violation when messages cost more than they may. Time is measured again before it counts."""
    for left in (2, 1, 0):
        try:
            feed(pieces, asked=asked).check(what)
            break
        except Violation as violation:
            if left == 0 or " s for " not in str(violation):
                raise
    feed(pieces, memory=True, asked=asked).check(what)
