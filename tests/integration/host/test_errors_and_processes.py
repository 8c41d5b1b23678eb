"""Errors go from process to process whole; a fork of a process that has a host is told that it has none."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import isolatejs
from isolatejs import errors, sync

EXAMPLES: list[errors.IsolateError] = [
    errors.IsolateError("plain"),
    errors.GuestError(
        "message", name="TypeError", filename="/a.ts", line=3, column=4, properties={"code": "E"}
    ),
    errors.ModuleResolutionError("message", specifier="x", importers=("/a.ts", "/b.ts")),
    errors.AbortError("message", reason="why"),
    errors.SignalTimeoutError(timeout_ms=5),
    errors.ExecutionTimeoutError("message", limit="execution_timeout_ms", value=300, runtime_id="rt_1"),
    errors.MemoryLimitError("message", limit="memory_limit_mb", value=64),
    errors.QuotaExceededError("message", limit="open_calls", value=None),
    errors.SandboxCrashedError("message", exit_code=1, signal=None, stderr_tail="tail"),
    errors.ValueEncodingError("message", path="args[0]"),
    errors.NamespaceBusyError("message", key="k", holder="me"),
    errors.TypecheckError("message", errors=("a", "b")),
]


def _classes(kind: type[errors.IsolateError]) -> set[type[errors.IsolateError]]:
    return {kind}.union(
        *(_classes(below) for below in kind.__subclasses__() if below.__module__ == errors.__name__)
    )


def test_the_examples_have_every_class_with_fields() -> None:
    with_fields = {kind for kind in _classes(errors.IsolateError) if "__init__" in vars(kind)}
    assert with_fields <= {kind for example in EXAMPLES for kind in type(example).__mro__}


@pytest.mark.parametrize("how", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_are_pickled_and_copied_whole(error: errors.IsolateError, how: Callable[[Any], Any]) -> None:
    again = how(error)
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_holes_stay_themselves() -> None:
    again = pickle.loads(pickle.dumps([isolatejs.HOLE, isolatejs.UNDEFINED]))
    assert again[0] is isolatejs.HOLE
    assert again[1] is isolatejs.UNDEFINED
    assert copy.deepcopy(isolatejs.HOLE) is isolatejs.HOLE
    assert type(isolatejs.HOLE)() is isolatejs.HOLE


def _use_inherited(host: Any, runtime: Any, answers: Any) -> None:
    for ask in (lambda: runtime.eval("1"), host.create_runtime, host.close, lambda: runtime.dispose()):
        try:
            answers.put(repr(ask()))
        except BaseException as error:
            answers.put(f"{type(error).__name__}: {error}")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_that_uses_the_host_it_inherited_is_told_so() -> None:
    context = multiprocessing.get_context("fork")
    with sync.create_isolate_host(pool_size=1) as host, host.create_runtime() as runtime:
        answers = context.Queue()
        process = context.Process(target=_use_inherited, args=(host, runtime, answers))
        process.start()
        told = [answers.get(timeout=60) for _ in range(3)]
        process.join(60)
        assert all("RuntimeDisposedError" in text and "fork" in text for text in told[:2]), told
        assert runtime.eval("7") == 7


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_creates_a_host_of_its_own() -> None:
    context = multiprocessing.get_context("fork")
    with sync.create_isolate_host(pool_size=0):
        answers = context.Queue()
        process = context.Process(target=lambda: answers.put(isolatejs.run("6 * 7")))
        process.start()
        assert answers.get(timeout=60) == 42
        process.join(60)
