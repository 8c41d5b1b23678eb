"""The children of a program's nested hosts: what can be done with each kind, on behalf of the parent's program."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.errors import QuotaExceededError
from isolatejs.host.nested_results import diagnostics_to_javascript, to_javascript
from isolatejs.host.script_runtime import DEFAULT_FILENAME
from isolatejs.host.test_suite_runtime import DEFAULT_FILENAME as DEFAULT_TEST_FILENAME
from isolatejs.limits import NESTED_LISTENERS_LIMIT
from isolatejs.wire.errors import text_for_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from isolatejs.errors import IsolateError
    from isolatejs.host.app_server import AppServer
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.host.namespaced_runtime import NamespacedRuntime
    from isolatejs.host.script_runtime import ScriptRuntime
    from isolatejs.host.test_suite_runtime import TestEvents, TestRuntime


class Child:
    """One thing that a program created. `end_now` is what its parent calls when it ends."""

    what: ClassVar[str]

    def __init__(self, handle: Any, host: int, release: Callable[[], None]) -> None:
        self.handle = handle
        self.host = host
        """The number of the nested host that created it."""
        self.release = release
        """Takes back what it counts; of a session, when that has ended for good."""
        self.expiry: asyncio.TimerHandle | None = None
        self._listeners: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count(1)

    @property
    def name(self) -> str:
        """What its program sees as its id."""
        name: str = self.handle.id
        return name

    def lives(self) -> list[LiveRuntime]:
        """The runtimes of its sandboxes."""
        return [self.handle._live]

    @property
    def keeps_counting(self) -> bool:
        """Whether what it counts stays taken when its handle is given up."""
        return False

    def how_it_ended(self) -> str:
        """Why it cannot be used any more, for its parent's program."""
        return _told(self.handle._live)

    def end_now(self, error: IsolateError) -> None:
        for live in self.lives():
            live.end_now(error)

    async def dispose(self, *, hard: bool, reason: str | None = None) -> None:
        await self.handle.dispose(hard=hard, reason=reason)

    async def describe(self) -> Any:
        return diagnostics_to_javascript(await self.handle.diagnostics())

    def listen(self, start: Callable[[], Callable[[], None]]) -> int:
        """Start a listener; gives its number."""
        if len(self._listeners) >= NESTED_LISTENERS_LIMIT:
            raise QuotaExceededError(
                f"more than {NESTED_LISTENERS_LIMIT} listeners of one nested {self.what}",
                limit="nested_listeners",
                value=NESTED_LISTENERS_LIMIT,
            )
        number = next(self._numbers)
        self._listeners[number] = start()
        return number

    def stop_listening(self, number: int) -> None:
        stop = self._listeners.pop(number, None)
        if stop is not None:
            stop()


class RuntimeChild(Child):
    """A script runtime."""

    what = "runtime"
    handle: ScriptRuntime

    async def evaluate(self, code: str, filename: str | None, timeout_ms: float | None) -> Any:
        return await self.handle.eval(code, filename or DEFAULT_FILENAME, execution_timeout_ms=timeout_ms)

    def on_event(self, name: str, handler: Callable[[Any], object]) -> int:
        return self.listen(lambda: self.handle.events.on(name, handler))

    async def emit(self, name: str, payload: Any) -> None:
        await self.handle.events.emit(name, payload)


class TestChild(Child):
    """A test runtime."""

    __test__ = False
    what = "test runtime"
    handle: TestRuntime

    @property
    def events(self) -> TestEvents:
        return self.handle.test

    async def run_tests(self, code: str, filename: str | None, timeout_ms: float | None) -> Any:
        result = await self.handle.run(code, filename or DEFAULT_TEST_FILENAME, timeout_ms=timeout_ms)
        return to_javascript(result)

    def on_test_event(self, handler: Callable[[Any], object]) -> int:
        return self.listen(lambda: self.events.on_event(lambda event: handler(to_javascript(event))))


class SessionChild(RuntimeChild, TestChild):
    """A handle on a namespaced session, which outlives it."""

    what = "session"
    handle: NamespacedRuntime  # type: ignore[assignment]
    own_key = ""
    """As its program gave it."""

    def how_it_ended(self) -> str:
        return super().how_it_ended().replace(repr(self.handle.key), repr(self.own_key))

    @property
    def keeps_counting(self) -> bool:
        return self.handle._live.parked

    async def run_tests(self, code: str, filename: str | None, timeout_ms: float | None) -> Any:
        result = await self.handle.run_tests(code, filename or DEFAULT_TEST_FILENAME, timeout_ms=timeout_ms)
        return to_javascript(result)


class ServerChild(Child):
    """An app server."""

    what = "app server"
    handle: AppServer

    @property
    def name(self) -> str:
        return self.handle.key or ""

    def lives(self) -> list[LiveRuntime]:
        return self.handle.lives()

    def how_it_ended(self) -> str:
        return self.handle.ended_by or "the app server has been disposed"

    async def handle_request(self, request: Any, request_id: str | None, metadata: Mapping[str, Any]) -> Any:
        result = await self.handle.handle(request, request_id=request_id, metadata=metadata)
        if result.type == "response":
            return {"type": "response", "response": result.response}
        return {"type": "websocket", "upgradeData": result.upgrade_data}

    async def reload(self, reason: str | None) -> None:
        await self.handle.reload(reason)

    async def open_socket(self, connection: str) -> None:
        await self.handle.ws.open(connection)

    async def send_message(self, connection: str, data: Any) -> None:
        await self.handle.ws.message(connection, getattr(data, "data", data))

    async def close_socket(self, connection: str, code: int, reason: str) -> None:
        await self.handle.ws.close(connection, code, reason)

    async def fail_socket(self, connection: str, message: str) -> None:
        await self.handle.ws.error(connection, message)


def _told(live: LiveRuntime) -> str:
    error = live.ended_by
    return f"the runtime {live.runtime_id} has been disposed" if error is None else text_for_program(error)
