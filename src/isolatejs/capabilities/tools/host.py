"""Runs the embedder's tools: binds and checks arguments, passes the context, checks results."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.tools import contract
from isolatejs.capabilities.tools.paths import ToolValueError
from isolatejs.capabilities.tools.signatures import CONTEXT_PARAMETER, ToolSignature, inspect_tool
from isolatejs.capabilities.tools.type_names import is_tool_name
from isolatejs.channel.current_call import current_call
from isolatejs.errors import AbortError, ConfigurationError, GuestError, GuestProtocolError, IsolateError
from isolatejs.web import AbortController, AbortSignal
from isolatejs.wire.errors import GuestVisibleError, text_for_program

if TYPE_CHECKING:
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.capabilities.tools.contract import CallTool
    from isolatejs.channel.incoming import IncomingCall

Tools = Mapping[str, "Callable[..., Any] | Tools"]


class ToolsHost:
    """The tools of one runtime."""

    name: ClassVar[str] = "tools"
    contract: ClassVar[Any] = contract

    def __init__(self, tools: Tools, scope: RuntimeScope) -> None:
        self._scope = scope
        self._signatures: dict[str, ToolSignature] = {}
        self._tree = self._read(tools, ())
        self.pending = 0

    def _read(self, tools: Tools, prefix: tuple[str, ...]) -> dict[str, Any]:
        where = ".".join(("bindings.tools", *prefix))
        if not isinstance(tools, Mapping):
            raise ConfigurationError(f"{where}: a dict of callables, not {type(tools).__name__}")
        tree: dict[str, Any] = {}
        for name, tool in tools.items():
            if not is_tool_name(name, top_level=not prefix):
                raise ConfigurationError(f"{where}: {name!r} is no name that JavaScript can use")
            path = ".".join((*prefix, name))
            if isinstance(tool, Mapping):
                tree[name] = self._read(tool, (*prefix, name))
            elif callable(tool):
                signature = inspect_tool(tool, name=path)
                self._signatures[path] = signature
                tree[name] = getattr(tool, "tool_kind", signature.kind)
            else:
                raise ConfigurationError(
                    f"bindings.tools.{path}: a callable or a group of them, not {type(tool).__name__}"
                )
        return tree

    def grant(self) -> dict[str, Any]:
        return {"tree": self._tree}

    def call_tool(self, message: CallTool, call: IncomingCall) -> Any:
        signature = self._signatures.get(message.path)
        if signature is None:
            raise GuestVisibleError("ReferenceError", f"there is no tool {message.path:.200}")
        arguments = call.arguments(message.args)
        try:
            copies = arguments.copies() if signature.is_typed else ()
            positional, keywords = signature.bind(arguments.values, copies)
        except ToolValueError as error:
            raise GuestVisibleError("TypeError", str(error)) from error
        controller: AbortController | None = None
        if signature.takes_context:
            controller = AbortController()
            context = self._scope.context(call)
            signal = AbortSignal.any([controller.signal, context.signal])
            keywords[CONTEXT_PARAMETER] = type(context)(
                signal, context.runtime_id, context.resource_id, context.request_id, context.metadata
            )
        try:
            result = signature.function(*positional, **keywords)
        except Exception as error:
            raise _visible(error) from error
        if inspect.isawaitable(result):
            return self._finish(signature, result, call, controller)
        return self._reply(signature, result, call)

    async def _finish(
        self, signature: ToolSignature, result: Any, call: IncomingCall, controller: AbortController | None
    ) -> Any:
        self.pending += 1
        current = current_call.get()
        if controller is not None and current is not None:
            current.abort = controller.abort
        try:
            return self._reply(signature, await result, call)
        except (GuestVisibleError, GuestProtocolError):
            raise
        except Exception as error:
            raise _visible(error) from error
        except BaseException:
            if controller is not None:
                controller.abort()
            raise
        finally:
            self.pending -= 1

    def _reply(self, signature: ToolSignature, result: Any, call: IncomingCall) -> Any:
        if signature.kind == "stream":
            return call.reply(_checked_items(signature, result))
        try:
            return call.reply(signature.check_result(result))
        except ToolValueError as error:
            raise GuestVisibleError("TypeError", str(error)) from error

    async def close(self) -> None:
        pass


async def _checked_items(signature: ToolSignature, items: Any) -> Any:
    """The items of a tool that yields, each checked; closing this closes the tool's own iterator."""
    try:
        if hasattr(items, "__aiter__"):
            async for item in items:
                yield signature.check_item(item)
        else:
            for item in items:
                yield signature.check_item(item)
    except IsolateError:
        raise
    except Exception as error:
        raise _visible(error) from error
    finally:
        aclose = getattr(items, "aclose", None)
        if aclose is not None:
            await aclose()
        elif hasattr(items, "close"):
            items.close()


def _visible(error: Exception) -> IsolateError:
    """A tool's own error as the program sees it: class name and message, nothing else."""
    if isinstance(error, (GuestVisibleError, GuestError, AbortError)):
        return error
    if isinstance(error, ToolValueError):
        return GuestVisibleError("TypeError", str(error))
    return GuestVisibleError(type(error).__name__, text_for_program(error))
