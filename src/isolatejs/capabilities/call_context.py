"""What every callback of the embedder is told about the call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from isolatejs.channel.current_call import current_call
from isolatejs.web import AbortController, AbortSignal

if TYPE_CHECKING:
    from isolatejs.channel.channel import Channel


@dataclass(frozen=True, slots=True)
class HostCallContext:
    """On whose behalf a callback runs.

    `signal` aborts when the call is no longer wanted: the program cancelled it, its request was aborted, or
    the runtime ended. `runtime_id` names the sandbox, `resource_id` the handle that the embedder holds,
    `request_id` and `metadata` are those given to `handle()`, None and empty outside a request.
    """

    signal: AbortSignal
    runtime_id: str
    resource_id: str
    request_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


ContextPlace = Literal["name", "last"] | None
"""How a callback wants the context: under its name, as one more argument, or not at all."""


def context_place(callback: Callable[..., Any], arguments: int) -> ContextPlace:
    """Whether a callback that is called with so many arguments wants the context besides.

    It does when a parameter after those is called `context`, or when it requires exactly one argument more.
    """
    try:
        parameters = list(inspect.signature(callback).parameters.values())
    except (TypeError, ValueError):  # a built-in function that does not say
        return None
    required = 0
    for index, parameter in enumerate(parameters):
        if parameter.name == "context" and (
            parameter.kind is parameter.KEYWORD_ONLY
            or (parameter.kind is parameter.POSITIONAL_OR_KEYWORD and index >= arguments)
        ):
            return "name"
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            required += parameter.default is parameter.empty
    return "last" if required == arguments + 1 else None


def call_with_context(
    callback: Callable[..., Any], place: ContextPlace, context: Callable[[], HostCallContext], *args: Any
) -> Any:
    """Call a callback, with the context where it wants it."""
    if place is None:
        return callback(*args)
    if place == "name":
        return callback(*args, context=context())
    return callback(*args, context())


def calling_context() -> HostCallContext:
    """Of the call that is being handled, as the runtime that makes it knows it."""
    call = current_call.get()
    return _NOBODY if call is None else call.channel.context_for(call.facts)


def embedder_context(channel: Channel | None = None) -> HostCallContext:
    """Of the embedder's own runtime that the call being handled comes from, however deep in nested hosts that is.

    Outside any call it is that of `channel`, if one is given. What a program calls its children and their requests is
    its own word, and never told to the embedder as its own.
    """
    call = current_call.get()
    if call is None and channel is None:
        return _NOBODY
    while call is not None and call.channel.outer is not None and call.origin is not None:
        call = call.origin
    at, facts = (channel, None) if call is None else (call.channel, call.facts)
    while at is not None and at.outer is not None:  # a child that acts on its own
        at, facts = at.outer, None
    assert at is not None
    context: HostCallContext = at.context_for(facts)
    return context


class Contextual:
    """A callback that gets the context of the call being handled. Equal to another one of the same callback."""

    __slots__ = ("_place", "callback")

    def __init__(self, callback: Callable[..., Any], place: ContextPlace) -> None:
        self.callback = callback
        self._place = place

    def __call__(self, *args: Any) -> Any:
        return call_with_context(self.callback, self._place, embedder_context, *args)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contextual) and other.callback == self.callback

    def __hash__(self) -> int:
        return hash(self.callback)


def with_context(callback: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    """The callback as one that is called with so many arguments; the context goes along where it wants it."""
    place = context_place(callback, arguments)
    return callback if place is None else Contextual(callback, place)


_NOBODY = HostCallContext(AbortController().signal, "", "")
"""Outside any call: the host reads or writes for itself, when it saves a profile, say."""
