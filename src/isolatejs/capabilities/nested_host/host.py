"""The host half of nested hosts: decodes what the program asks and hands it to the broker."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from isolatejs.capabilities.nested_host import contract
from isolatejs.errors import AbortError, ExecutionTimeoutError, GuestError, IsolateError
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError, text_for_program

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.bindings import NestedBroker
    from isolatejs.capabilities.nested_host.contract import ChildOptions
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingCall


class NestedHostHalf:
    """One per runtime that may nest."""

    name: ClassVar[str] = "nested_host"
    contract: ClassVar[Any] = contract

    def __init__(self, broker: NestedBroker, scope: RuntimeScope) -> None:
        self._broker = broker
        self._scope = scope

    def grant(self) -> dict[str, Any]:
        return {}

    @property
    def broker(self) -> NestedBroker:
        """Who creates children for this runtime's program."""
        return self._broker

    def park(self) -> NestedBroker:
        """What the children of a session that is put aside belong to."""
        kept: NestedBroker = self._broker.put_aside()
        return kept

    def take_up(self, kept: NestedBroker) -> None:
        """Go on with the children that an earlier acquire left."""
        kept.take_over(self._broker)
        self._broker = kept

    async def close(self) -> None:
        await self._broker.close()

    # --- creating ----------------------------------------------------------------------------------
    async def open_runtime(self, message: contract.OpenRuntime, call: IncomingCall) -> Any:
        with _visible():
            bindings = _bindings(message.options, call)
            return _opened(await self._broker.open_runtime(message.host, message.options, bindings))

    async def open_test_runtime(self, message: contract.OpenTestRuntime, call: IncomingCall) -> Any:
        with _visible():
            bindings = _bindings(message.options, call)
            return _opened(await self._broker.open_test_runtime(message.host, message.options, bindings))

    async def open_session(self, message: contract.OpenSession, call: IncomingCall) -> Any:
        with _visible():
            bindings = _bindings(message.options, call)
            return _opened(
                await self._broker.open_session(message.host, message.key, message.options, bindings)
            )

    async def open_server(self, message: contract.OpenServer, call: IncomingCall) -> Any:
        with _visible():
            return _opened(
                await self._broker.open_server(
                    message.host,
                    message.options,
                    _bindings(message.options, call),
                    entry=message.entry,
                    code=message.code,
                    entry_filename=message.entry_filename,
                    on_command=None if message.on_command is None else call.decode(message.on_command),
                )
            )

    # --- runtimes, tests and sessions --------------------------------------------------------------
    async def evaluate_code(self, message: contract.EvaluateCode, call: IncomingCall) -> Any:
        with _visible():
            value = await self._broker.evaluate(
                message.id, message.code, message.filename, message.execution_timeout_ms
            )
            return call.reply(value)

    async def run_tests(self, message: contract.RunTests, call: IncomingCall) -> Any:
        with _visible():
            result = await self._broker.run_tests(
                message.id, message.code, message.filename, message.timeout_ms
            )
            return call.reply(result)

    def watch_tests(self, message: contract.WatchTests, call: IncomingCall) -> int:
        with _visible():
            return self._broker.watch_tests(message.id, call.decode(message.handler))

    def watch_event(self, message: contract.WatchEvent, call: IncomingCall) -> int:
        with _visible():
            return self._broker.watch_event(message.id, message.name, call.decode(message.handler))

    def stop_watching(self, message: contract.StopWatching, call: IncomingCall) -> None:
        self._broker.stop_watching(message.id, message.listener)

    async def emit_event(self, message: contract.EmitEvent, call: IncomingCall) -> None:
        with _visible():
            await self._broker.emit(message.id, message.name, call.decode(message.payload))

    # --- app servers -------------------------------------------------------------------------------
    async def handle_request(self, message: contract.HandleRequest, call: IncomingCall) -> Any:
        with _visible():
            metadata = call.decode(message.metadata)
            if not isinstance(metadata, Mapping):
                raise GuestVisibleError("TypeError", "metadata must be an object")
            server = self._broker.server(message.id)
            request = call.decode(message.request)
            return call.reply(await server.handle_request(request, message.request_id, metadata))

    async def reload_server(self, message: contract.ReloadServer, call: IncomingCall) -> None:
        with _visible():
            await self._broker.server(message.id).reload(message.reason)

    async def open_socket(self, message: contract.OpenSocket, call: IncomingCall) -> None:
        with _visible():
            await self._broker.server(message.id).open_socket(message.connection)

    async def send_message(self, message: contract.SendMessage, call: IncomingCall) -> None:
        with _visible():
            data = call.decode(message.data)
            await self._broker.server(message.id).send_message(message.connection, data)

    async def close_socket(self, message: contract.CloseSocket, call: IncomingCall) -> None:
        with _visible():
            server = self._broker.server(message.id)
            await server.close_socket(message.connection, message.code, message.reason)

    async def fail_socket(self, message: contract.FailSocket, call: IncomingCall) -> None:
        with _visible():
            await self._broker.server(message.id).fail_socket(message.connection, message.message)

    # --- every child, and the nested host itself ---------------------------------------------------
    async def describe_child(self, message: contract.DescribeChild, call: IncomingCall) -> Any:
        with _visible():
            return await self._broker.describe_child(message.id)

    async def dispose_child(self, message: contract.DisposeChild, call: IncomingCall) -> None:
        with _visible():
            await self._broker.dispose_child(message.id, hard=message.hard, reason=message.reason)

    async def dispose_namespace(self, message: contract.DisposeNamespace, call: IncomingCall) -> bool:
        with _visible():
            return await self._broker.dispose_namespace(message.host, message.key, message.reason)

    def describe_host(self, message: contract.DescribeHost, call: IncomingCall) -> dict[str, Any]:
        return self._broker.describe(message.host)

    async def close_host(self, message: contract.CloseHost, call: IncomingCall) -> None:
        with _visible():
            await self._broker.close_host(message.host)


def _opened(child: tuple[int, str]) -> dict[str, Any]:
    return {"id": child[0], "runtimeId": child[1]}


def _bindings(options: ChildOptions, call: IncomingCall) -> Mapping[str, Any]:
    """What the program gives a child, without what it leaves undefined."""
    given = call.decode(options.bindings)
    if type(given) is not dict:  # a Map has keys of any kind
        raise GuestVisibleError("TypeError", "bindings must be an object")
    return {name: value for name, value in given.items() if value is not UNDEFINED}


@contextmanager
def _visible() -> Iterator[None]:
    """Let a child's error reach its parent's program with the name and message of what happened in there."""
    try:
        yield
    except (GuestVisibleError, GuestError):
        raise
    except AbortError as error:
        raise GuestVisibleError("AbortError", str(error), dom=True) from error
    except ExecutionTimeoutError as error:
        raise GuestVisibleError("TimeoutError", _in_javascript(text_for_program(error))) from error
    except IsolateError as error:
        name = type(error).__name__
        raise GuestVisibleError(
            "TypeError" if name == "ConfigurationError" else name, _in_javascript(text_for_program(error))
        ) from error


_NAMES: Final = {
    "max_total_resources": "maxTotalResources",
    "max_runtimes": "maxRuntimes",
    "max_app_servers": "maxAppServers",
    "max_memory_limit_mb": "maxMemoryLimitMB",
    "max_total_memory_mb": "maxTotalMemoryMB",
    "max_execution_timeout_ms": "maxExecutionTimeoutMs",
    "max_app_server_lifetime_ms": "maxAppServerLifetimeMs",
    "execution_timeout_ms": "executionTimeoutMs",
    "memory_limit_mb": "memoryLimitMB",
    "timeout_ms": "timeoutMs",
    "nested_host": "nestedHost",
    "entry_filename": "entryFilename",
    "create_app_server": "createAppServer",
    "request_id": "requestId",
    "resolve_dir": "resolveDir",
    "source_tree": "sourceTree",
    "read_file": "readFile",
    "write_file": "writeFile",
}
"""What a program calls the options of the library."""
_NAME: Final = re.compile(r"\b(?:" + "|".join(_NAMES) + r")\b")


def _in_javascript(text: str) -> str:
    """An error's text with options as the program spells them."""
    return _NAME.sub(lambda found: _NAMES[found[0]], text)
