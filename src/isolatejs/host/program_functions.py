"""What a program gives its children: functions of its own, which run in its own sandbox, and plain data.

In a message each function stands with whether it wants a call context as its last argument: `[function, true]`. What
is no function of the program itself (one that its host gave it, say) is refused: the guest half wraps those.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final
from weakref import WeakSet

from isolatejs.capabilities.call_context import calling_context
from isolatejs.capabilities.console.bindings import ConsoleBindings
from isolatejs.capabilities.modules.bindings import ModuleResolver, create_module_resolver
from isolatejs.channel.references import GuestFunction
from isolatejs.errors import ConfigurationError, GuestError, QuotaExceededError, RuntimeDisposedError
from isolatejs.host.nested_results import to_javascript
from isolatejs.limits import NESTED_TOOLS_DEPTH, NESTED_TOOLS_LIMIT
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.call_context import HostCallContext
    from isolatejs.capabilities.console.bindings import ConsoleEntry
    from isolatejs.capabilities.serve.bindings import WebSocketCommand
    from isolatejs.channel.channel import Channel
    from isolatejs.host.live_runtime import LiveRuntime


FILE_METHODS: Final = {
    "readFile": "read_file",
    "writeFile": "write_file",
    "unlink": "unlink",
    "readdir": "readdir",
    "mkdir": "mkdir",
    "rmdir": "rmdir",
    "stat": "stat",
    "rename": "rename",
}

_ERRNO_NAMES: Final = frozenset(errno.errorcode.values())


class _Handed:
    """A function of the parent's program, which its children have."""

    __slots__ = ("__weakref__", "function")
    tool_kind: ClassVar = "either"
    """As a tool it may give a value or yield: the program's function says that only when it is called."""

    def __init__(self, function: GuestFunction) -> None:
        self.function = function
        _functions.add(self)


_functions: WeakSet[_Handed] = WeakSet()
"""All that children have: a session that is taken up again is reached by another channel."""


class ProgramFunction(_Handed):
    """One that gets the arguments alone."""

    __slots__ = ()

    async def __call__(self, *args: Any) -> Any:
        return await self.function(*args)


class ContextualFunction(_Handed):
    """One that gets the call's context as its last argument."""

    __slots__ = ()

    async def __call__(self, *args: Any, context: HostCallContext) -> Any:
        return await self.function(*args, context_for_program(context))


def move_functions(before: Channel, channel: Channel) -> None:
    """A session was taken up again: its program's functions are reached by its new channel."""
    for handed in list(_functions):
        if handed.function.is_of(before):
            handed.function = handed.function.moved_to(channel)


def own_function(given: Any, where: str) -> GuestFunction:
    """A function of the program itself. Raises ConfigurationError for anything else."""
    if not isinstance(given, GuestFunction):
        raise ConfigurationError(f"{where} must be a function of the program, not {type(given).__name__}")
    return given


def handed_function(given: Any, where: str) -> ProgramFunction | ContextualFunction:
    """A function as it stands in a message."""
    if not isinstance(given, list) or len(given) != 2:
        raise ConfigurationError(f"{where} must be a function, not {type(given).__name__}")
    function = own_function(given[0], where)
    return ContextualFunction(function) if given[1] is True else ProgramFunction(function)


def context_for_program(context: HostCallContext) -> dict[str, Any]:
    """A call's context as the JavaScript API has it."""
    return {
        "signal": context.signal,
        "runtimeId": context.runtime_id,
        "resourceId": context.resource_id,
        "requestId": UNDEFINED if context.request_id is None else context.request_id,
        "metadata": dict(context.metadata),
    }


def notify(handed: ProgramFunction | ContextualFunction, *payload: Any) -> None:
    """Tell an event to a function of the program: best effort, in order, nothing comes back."""
    if handed.function.reachable:
        handed.function.post(*payload)


def program_console(given: Any, live: LiveRuntime) -> ConsoleBindings:
    """Entries go to the parent's program in order; what it throws or answers goes nowhere."""
    handed = handed_function(given, "bindings.console")
    if isinstance(handed, ContextualFunction):

        def with_context(entry: ConsoleEntry, context: HostCallContext) -> None:
            notify(handed, to_javascript(entry), context_for_program(context))

        return ConsoleBindings(on_entry=with_context)
    return ConsoleBindings(on_entry=lambda entry: notify(handed, to_javascript(entry)))


def program_fetch(given: Any) -> Any:
    """The program's own `fetch(request, context)`."""
    function = ProgramFunction(own_function(given, "bindings.fetch"))

    async def fetch(request: Any, context: HostCallContext) -> Any:
        return await function(request, context_for_program(context))

    return fetch


def program_tools(given: Any, live: LiveRuntime) -> dict[str, Any]:
    """Tools and groups of them, as many as one program can need: groups may be shared, and hold each other."""
    room = NESTED_TOOLS_LIMIT

    def read(group: Any, path: str, depth: int) -> dict[str, Any]:
        nonlocal room
        if not isinstance(group, Mapping):
            raise ConfigurationError(
                f"{path:.200} must be an object of functions, not {type(group).__name__}"
            )
        room -= len(group)
        if room < 0 or depth > NESTED_TOOLS_DEPTH:
            raise QuotaExceededError(
                f"bindings.tools: more than {NESTED_TOOLS_LIMIT} tools, or {NESTED_TOOLS_DEPTH} groups in each other",
                limit="nested_tools",
                value=NESTED_TOOLS_LIMIT,
            )
        return {
            name: handed_function(tool, f"{path:.200}.{name:.80}")
            if isinstance(tool, list)
            else read(tool, f"{path:.200}.{name:.80}", depth + 1)
            for name, tool in group.items()
        }

    return read(given, "bindings.tools", 1)


def program_files(given: Any, live: LiveRuntime) -> Any:
    """An object with the methods that the program has; the guest half fills in what it can do without."""
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"bindings.files must be an object of functions, not {type(given).__name__}")
    methods = {}
    for name, method in given.items():
        if name not in FILE_METHODS:
            raise ConfigurationError(f"bindings.files: unknown method {name!r:.80}")
        handed = handed_function(method, f"bindings.files.{name}")
        methods[FILE_METHODS[name]] = _file_method(handed)
    return SimpleNamespace(**methods)


def _file_method(handed: ProgramFunction | ContextualFunction) -> Any:
    """A method whose errors are those of file systems: what the program throws with a Node code keeps it."""

    async def method(*args: Any) -> Any:
        with _file_errors():
            if isinstance(handed, ContextualFunction):
                return await handed(*args, context=calling_context())
            return await handed(*args)

    return method


@contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except GuestError as error:
        code = error.properties.get("code")
        number = getattr(errno, code, None) if isinstance(code, str) and code in _ERRNO_NAMES else None
        if number is not None:
            raise OSError(number, os.strerror(number)) from error
        raise GuestVisibleError(error.name, error.message) from error


def program_modules(given: Any, live: LiveRuntime) -> ModuleResolver:
    """The parts of a resolver: sources are text or functions of the program, never places of the host."""
    if not isinstance(given, list):
        raise ConfigurationError("bindings.modules must be a resolver made by createModuleResolver()")
    resolver = create_module_resolver()
    for part in given:
        if not isinstance(part, Mapping):
            raise ConfigurationError("bindings.modules must be a resolver made by createModuleResolver()")
        kind = part.get("kind")
        if kind == "virtual":
            source = part.get("source")
            resolver.virtual(
                _text(part.get("specifier"), "virtual: the specifier"),
                source if isinstance(source, str) else _loader(source, "virtual: the source"),
                filename=_optional_text(part.get("filename"), "virtual: filename"),
                resolve_dir=_optional_text(part.get("resolveDir"), "virtual: resolveDir"),
                static=part.get("static") is True,
            )
        elif kind == "sourceTree":
            prefix = _text(part.get("prefix"), "sourceTree: the prefix")
            resolver.source_tree(prefix, _loader(part.get("loader"), "sourceTree: the loader"))
        elif kind == "fallback":
            resolver.fallback(_fallback(part.get("loader")))
        else:
            raise ConfigurationError(f"unknown part of a module resolver: {kind!r:.40}")
    return resolver


def _loader(given: Any, where: str) -> Any:
    """A loader of the program; its answer's fields in the host's spelling."""
    function = ProgramFunction(own_function(given, where))

    async def load(*args: Any) -> Any:
        return _source(await function(*args))

    return load


def _fallback(given: Any) -> Any:
    function = ProgramFunction(own_function(given, "fallback: the loader"))

    async def load(specifier: str, importer: Any = None) -> Any:
        return _source(await function(specifier, importer))

    return load


def _source(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        fields = {_snake(key): value for key, value in answer.items() if value is not UNDEFINED}
        if "code" in fields:
            fields["source"] = fields.pop("code")
        return fields
    return None if answer is UNDEFINED else answer


def _text(given: Any, where: str) -> str:
    if not isinstance(given, str):
        raise ConfigurationError(f"{where} must be a string, not {type(given).__name__}")
    return given


def _optional_text(given: Any, where: str) -> str | None:
    return None if given is None or given is UNDEFINED else _text(given, where)


def _snake(name: Any) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", _text(name, "a name")).lower()


def program_commands(given: Any) -> Any:
    """What an app server wants done with its WebSockets, told to the program; what that throws is its own affair."""
    handed = handed_function(given, "webSockets.onCommand")

    async def on_command(command: WebSocketCommand, context: HostCallContext) -> None:
        fields = {
            "type": command.type,
            "connectionId": command.connection_id,
            "data": command.data,
            "code": command.code,
            "reason": command.reason,
        }
        told = {name: value for name, value in fields.items() if value is not None}
        with suppress(GuestError, RuntimeDisposedError):
            if isinstance(handed, ContextualFunction):
                await handed(told, context=context)
            else:
                await handed(told)

    return on_command
