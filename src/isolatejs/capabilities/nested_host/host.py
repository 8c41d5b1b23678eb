"""The host half of nested hosts: decodes what the program asks and hands it to the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.nested_host import contract
from isolatejs.errors import AbortError, GuestError, IsolateError
from isolatejs.wire.errors import GuestVisibleError, text_for_program

if TYPE_CHECKING:
    from isolatejs.capabilities.nested_host.bindings import NestedBroker
    from isolatejs.capabilities.nested_host.contract import (
        DescribeHost,
        DisposeNamespace,
        OpenResource,
        UseResource,
    )
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

    async def open_resource(self, message: OpenResource, call: IncomingCall) -> Any:
        options = call.decode(message.options)
        if not isinstance(options, dict):
            raise GuestVisibleError("TypeError", "options must be an object")
        try:
            id, runtime_id = await self._broker.open(message.kind, options)
        except IsolateError as error:
            raise _visible(error) from error
        return {"id": id, "runtimeId": runtime_id}

    async def use_resource(self, message: UseResource, call: IncomingCall) -> Any:
        args = call.decode(message.args)
        if not isinstance(args, list):
            raise GuestVisibleError("TypeError", "arguments must be an array")
        try:
            return call.reply(await self._broker.use(message.id, message.operation, args))
        except IsolateError as error:
            raise _visible(error) from error

    async def dispose_namespace(self, message: DisposeNamespace, call: IncomingCall) -> bool:
        try:
            return await self._broker.dispose_namespace(message.key, message.reason)
        except IsolateError as error:
            raise _visible(error) from error

    def describe_host(self, message: DescribeHost, call: IncomingCall) -> dict[str, Any]:
        return self._broker.describe()

    async def close(self) -> None:
        await self._broker.close()


def _visible(error: IsolateError) -> IsolateError:
    """A child's error as its parent program sees it: the name and message of what happened in there."""
    if isinstance(error, (GuestVisibleError, GuestError)):
        return error
    if isinstance(error, AbortError):
        return GuestVisibleError("AbortError", str(error), dom=True)
    name = {"ExecutionTimeoutError": "TimeoutError", "ConfigurationError": "TypeError"}.get(
        type(error).__name__
    )
    return GuestVisibleError(name or type(error).__name__, text_for_program(error))
