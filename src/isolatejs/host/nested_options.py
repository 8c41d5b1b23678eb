"""Options and bindings that a program gives for a child, as the host takes them, and results as it gets them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.console.bindings import ConsoleBindings
from isolatejs.capabilities.events import call_event_handler
from isolatejs.capabilities.modules.bindings import ModuleResolver, create_module_resolver
from isolatejs.capabilities.nested_host.bindings import NestedHostPolicy
from isolatejs.channel.references import GuestFunction
from isolatejs.errors import ConfigurationError
from isolatejs.host.bindings import Bindings
from isolatejs.host.inherited_fetch import InheritedFetch
from isolatejs.host.options import coerce_options
from isolatejs.web.values import UNDEFINED

if TYPE_CHECKING:
    from isolatejs.host.live_runtime import LiveRuntime


def child_bindings(given: Any, parent: Bindings, policy: NestedHostPolicy, live: LiveRuntime) -> Bindings:
    """The bindings of a child: the parent program's functions, and what its policy lets it inherit."""
    if given is None or given is UNDEFINED:
        given = {}
    if not isinstance(given, Mapping):
        raise ConfigurationError("bindings must be an object")
    fetch = _present(given.get("fetch"))
    if callable(fetch):
        fetch = _fetch(fetch)
    elif fetch is None and policy.fetch == "inherit" and parent.fetch is not None:
        fetch = _inherited(parent.fetch, live)
    browser = _present(given.get("browser"))
    if browser is not None and parent.browser is None:
        raise ConfigurationError("bindings.browser: this runtime has no browser to hand on")
    return Bindings(
        console=_console(_present(given.get("console")), live),
        fetch=fetch,
        files=_files(_present(given.get("files"))),
        modules=_modules(_present(given.get("modules"))),
        tools=_present(given.get("tools")),
        browser=parent.browser if browser is not None else None,
    )


def _present(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _inherited(fetch: Any, live: LiveRuntime) -> InheritedFetch:
    if isinstance(fetch, InheritedFetch):  # a grandchild's: its embedder's resource is known
        return fetch
    return InheritedFetch(fetch, live.scope.resource_id)


def _fetch(function: Any) -> Any:
    async def fetch(request: Any, context: Any) -> Any:
        described = {
            "runtimeId": context.runtime_id,
            "requestId": context.request_id,
            "signal": context.signal,
        }
        return await _call(function, request, described)

    return fetch


async def _call(function: Any, *args: Any) -> Any:
    """Call what the parent program gave: its own function, or one that its host gave it."""
    result = function(*args)
    return await result if inspect.isawaitable(result) else result


def _console(given: Any, live: LiveRuntime) -> ConsoleBindings | None:
    """Entries go to the parent program's handler in order; what it throws or answers goes nowhere."""
    handler = (
        given if callable(given) else _present(given.get("onEntry")) if isinstance(given, Mapping) else None
    )
    if handler is None:
        return None
    return ConsoleBindings(on_entry=lambda entry: notify(live, handler, to_javascript(entry)))


def notify(live: LiveRuntime, handler: Any, payload: Any) -> None:
    """Tell an event handler of the parent program, or one that its host gave it: best effort, in order."""
    if live.channel.closed:
        return
    if isinstance(handler, GuestFunction):
        handler.post(payload)
    elif callable(handler):
        call_event_handler(handler, payload, logger=live.scope.logger)


def _files(given: Any) -> Any:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ConfigurationError("bindings.files must be an object with file methods")
    return SimpleNamespace(
        **{_snake(name): function for name, function in given.items() if callable(function)}
    )


def _modules(given: Any) -> ModuleResolver | None:
    if given is None:
        return None
    if not isinstance(given, list):
        raise ConfigurationError("bindings.modules must be a resolver made by createModuleResolver()")
    resolver = create_module_resolver()
    for part in given:
        kind = part.get("kind")
        if kind == "virtual":
            resolver.virtual(
                part["specifier"],
                _loader(part["source"]),
                filename=_present(part.get("filename")),
                resolve_dir=_present(part.get("resolveDir")),
                static=part.get("static") is True,
            )
        elif kind == "sourceTree":
            resolver.source_tree(part["prefix"], _loader(_function(part["loader"], "sourceTree")))
        elif kind == "fallback":
            resolver.fallback(_loader(_function(part["loader"], "fallback"), importer=True))
        else:
            raise ConfigurationError(f"unknown part of a module resolver: {kind!r:.40}")
    return resolver


def _function(loader: Any, where: str) -> Any:
    """A loader that is one: text would name a directory of the host."""
    if not callable(loader):
        raise ConfigurationError(f"{where}: the loader must be a function, not {type(loader).__name__}")
    return loader


def _loader(source: Any, *, importer: bool = False) -> Any:
    """A loader of the parent program; its answer's fields in the host's spelling."""
    if not callable(source):
        return source

    async def load(*args: Any) -> Any:
        return _source(await _call(source, *args))

    async def load_for(specifier: str, importer: Any = None) -> Any:
        return _source(await _call(source, specifier, importer))

    return load_for if importer else load


def _source(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        fields = {_snake(key): value for key, value in answer.items() if value is not UNDEFINED}
        if "code" in fields:
            fields["source"] = fields.pop("code")
        return fields
    return _present(answer)


def child_policy(given: Any, policy: NestedHostPolicy) -> NestedHostPolicy | None:
    """What a child may nest itself; None when it may not. Left out, it gets its parent's limits without fetch."""
    if given is False:
        return None
    if given is None or given is UNDEFINED:
        return dataclasses.replace(policy, fetch="disabled")
    if not isinstance(given, Mapping):
        raise ConfigurationError("nestedHost must be an object or false")
    fields = {
        _snake(key.replace("MB", "Mb")): value for key, value in given.items() if value is not UNDEFINED
    }
    own = coerce_options(NestedHostPolicy, fields, "nestedHost")
    if own.fetch == "inherit" and policy.fetch != "inherit":
        raise ConfigurationError(
            "nestedHost.fetch: this runtime's own policy does not let fetch be inherited"
        )
    return own


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _camel(name: str) -> str:
    head, *tail = name.removesuffix("_ms").split("_")
    return head + "".join(part.title() for part in tail)


def to_javascript(value: Any) -> Any:
    """An entry, event or result of the library (dataclasses, tuples) as the JavaScript API has it.

    Values of programs in it (lists, dicts, dates, ...) stay as they are.
    """
    if type(value).__module__.startswith("isolatejs.capabilities.") and dataclasses.is_dataclass(value):
        fields = {
            _camel(field.name): to_javascript(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
        error = getattr(value, "error", None)
        if error is not None and "error" not in fields:
            fields["error"] = to_javascript(error)
        return {name: item for name, item in fields.items() if item is not None}
    if type(value) is tuple:
        return [to_javascript(item) for item in value]
    return value


def diagnostics_to_javascript(facts: Any) -> Any:
    """Diagnostics with their keys in JavaScript's spelling."""
    if isinstance(facts, dict):
        return {_camel(name): diagnostics_to_javascript(item) for name, item in facts.items()}
    return facts
