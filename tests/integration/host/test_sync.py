"""`isolatejs.sync` and `isolatejs.run`: the library without asyncio."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import isolatejs
from isolatejs import sync


@pytest.fixture(scope="module")
def blocking() -> Iterator[sync.SyncHost]:
    with sync.create_isolate_host(pool_size=1) as host:
        yield host


def test_values_that_live_are_called_wherever_they_are(blocking: sync.SyncHost) -> None:
    with blocking.create_runtime() as runtime:
        api = runtime.eval("({ add: (a, b) => a + b, list: [() => 5], p: Promise.resolve(7) })")
        assert api["add"](1, 2) == 3
        assert api["list"][0]() == 5
        assert api["p"]() == 7
        assert runtime.eval("(f) => f")(api["add"])(2, 3) == 5
        (numbers,) = runtime.eval("[(async function* () { yield 1; yield 2 })()]")
        assert list(numbers) == [1, 2]
        cycle = runtime.eval("const a = [() => 1]; a.push(a); a")
        assert cycle[1] is cycle
        assert cycle[0]() == 1


def test_a_callback_that_would_wait_for_its_own_thread_is_refused(blocking: sync.SyncHost) -> None:
    with blocking.create_runtime() as other:
        tools = {"again": lambda: other.eval("1")}
        with blocking.create_runtime(bindings={"tools": tools}) as runtime:
            with pytest.raises(isolatejs.GuestError, match="let it be async"):
                runtime.eval("await again()")
            assert runtime.eval("1") == 1


def test_the_other_names_of_the_package_are_there() -> None:
    assert [name for name in isolatejs.__all__ if not hasattr(sync, name)] == []
    assert set(isolatejs.__all__) <= set(dir(sync))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sync.nothing  # type: ignore[attr-defined]


def test_a_host_that_closes_ends_what_waits_in_other_threads() -> None:
    host = sync.create_isolate_host(pool_size=0)
    running = threading.Event()
    runtime = host.create_runtime(bindings={"tools": {"running": running.set}})
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            runtime.eval("await running(); await new Promise(() => {})")
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert running.wait(20)
    host.close()
    thread.join(20)
    assert [type(error) for error in errors] == [isolatejs.RuntimeDisposedError]
    host.close()
    with pytest.raises(isolatejs.RuntimeDisposedError, match="the host is closed"):
        runtime.eval("1")


def test_a_wrapped_object_can_be_copied(blocking: sync.SyncHost) -> None:
    with blocking.create_runtime() as runtime:
        assert copy.copy(runtime).eval("1") == 1


@pytest.mark.parametrize("options", [{}, {"pool_size": 0}, {"memory_limit_mb": 64}])
def test_run_takes_the_options_of_hosts_and_of_runtimes(options: dict[str, Any]) -> None:
    assert isolatejs.run("1 + 1", **options) == 2
