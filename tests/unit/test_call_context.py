"""Which callbacks get a call's context, and of whom."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from isolatejs.capabilities.call_context import (
    ContextPlace,
    HostCallContext,
    context_place,
    embedder_context,
    with_context,
)
from isolatejs.channel.current_call import CurrentCall, current_call
from isolatejs.web import AbortController


class Methods:
    def plain(self, path: str) -> None: ...
    def more(self, path: str, context: HostCallContext) -> None: ...
    def unnamed(self, path: str, ctx: Any) -> None: ...
    def optional(self, path: str, recursive: bool = False) -> None: ...


def _keyword(entry: Any, *, context: Any = None) -> None: ...


def _many(*entries: Any) -> None: ...


@pytest.mark.parametrize(
    ("callback", "arguments", "place"),
    [
        (lambda entry: None, 1, None),
        (lambda entry, context: None, 1, "name"),
        (lambda entry, ctx: None, 1, "last"),
        (lambda context: None, 1, None),
        (lambda context, context_: None, 1, "last"),
        (lambda user_data_dir, options: None, 2, None),
        (lambda user_data_dir, options, context: None, 2, "name"),
        (lambda entry, more=None: None, 1, None),
        (_keyword, 1, "name"),
        (_many, 1, None),
        (print, 1, None),
        ([].append, 1, None),
        (Methods().plain, 1, None),
        (Methods().more, 1, "name"),
        (Methods().unnamed, 1, "last"),
        (Methods().optional, 1, None),
    ],
)
def test_a_callback_says_whether_it_wants_the_context(
    callback: Callable[..., Any], arguments: int, place: ContextPlace
) -> None:
    assert context_place(callback, arguments) == place


def test_two_wrappers_of_one_callback_are_the_same_files() -> None:
    def read(path: str, context: Any) -> bytes:
        return b""

    assert with_context(read, 1) == with_context(read, 1)
    assert hash(with_context(read, 1)) == hash(with_context(read, 1))
    assert with_context(read, 1) != with_context(lambda path, context: b"", 1)
    plain = lambda path: b""  # noqa: E731
    assert with_context(plain, 1) is plain


def channel(name: str, outer: Any = None) -> Any:
    signal = AbortController().signal
    return SimpleNamespace(
        outer=outer,
        context_for=lambda facts: HostCallContext(
            signal, name, name, None if facts is None else facts.request_id
        ),
    )


def call(channel: Any, request_id: str | None = None, origin: CurrentCall | None = None) -> CurrentCall:
    facts = (
        None
        if request_id is None and origin is None
        else SimpleNamespace(request_id=request_id, origin=origin)
    )
    return CurrentCall(cast("Any", "owner"), channel, number=1, facts=facts)


def test_the_embedder_hears_of_its_own_runtime_at_any_depth() -> None:
    root = channel("root")
    child = channel("victim", root)
    grandchild = channel("victim2", child)
    asked = call(root, "r9")
    deep = call(grandchild, "forged", call(child, "forged", asked))
    alone = call(grandchild)
    cut_off = call(child, "forged")
    for current, expected in (
        (None, ("", None)),
        (asked, ("root", "r9")),
        (deep, ("root", "r9")),
        (alone, ("root", None)),
        (cut_off, ("root", None)),
    ):
        token = current_call.set(current)
        context = embedder_context()
        current_call.reset(token)
        assert (context.resource_id, context.request_id) == expected
    assert embedder_context(grandchild).resource_id == "root"
