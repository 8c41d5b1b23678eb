"""The blocking twin of the library: the same names, without asyncio.

    from isolatejs import sync

    with sync.create_isolate_host() as host, host.create_runtime() as runtime:
        runtime.eval("1 + 1")

Every host has an event loop on a thread of its own; callbacks (tools, fetch, console) run on that thread and
may be plain or async; one that calls back into its host has to be async and use `isolatejs` itself, since
nothing here blocks the thread that it waits for. Values that stay alive in the program (functions, iterators,
promises, also inside lists and dicts) are wrapped too: calling a function or a promise blocks. Ctrl-C while a
call waits aborts it, as cancellation does in asyncio. Every other name of `isolatejs` is here as well.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

import isolatejs
from isolatejs.host.owning_process import OwningProcess

T = TypeVar("T")
Self = TypeVar("Self", bound="Blocking")


class _Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._process = OwningProcess()
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="isolatejs-sync", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            self._ready.set()
            await self._stop.wait()

        asyncio.run(serve())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it."""
        try:
            self._process.check("the host")
        except isolatejs.RuntimeDisposedError:
            coroutine.close()
            raise
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise isolatejs.ConfigurationError(
                "a callback runs on the thread that a blocking call would wait for: let it be async, and await "
                "what isolatejs itself offers"
            )
        with self._closing:
            if self._loop is None or self._closed:
                coroutine.close()
                raise isolatejs.RuntimeDisposedError("the host is closed")
            future: concurrent.futures.Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            if self._closed:
                raise isolatejs.RuntimeDisposedError("the host is closed") from None
            raise
        except BaseException:
            if not future.done():  # KeyboardInterrupt: the work is aborted, then the interrupt goes on
                future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and wait for its thread."""
        with self._closing:
            if self._loop is not None and not self._closed:
                self._loop.call_soon_threadsafe(self._stop.set)
            self._closed = True
        self._thread.join()


class Blocking:
    """Wraps an object of the library: its coroutine methods block and give wrapped results."""

    def __init__(self, target: Any, loop: _Loop) -> None:
        self._target = target
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        if name in ("_target", "_loop"):  # a copy that is being made has none yet
            raise AttributeError(name)
        return _wrap(getattr(self._target, name), self._loop)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_target", "_loop"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._target, name, value)

    def __dir__(self) -> list[str]:
        return dir(self._target)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if isinstance(self._target, Awaitable):  # a promise of the program
            return _wrap(self._loop.wait(_await(self._target)), self._loop)
        return _call(self._target, self._loop, args, keywords)

    def __iter__(self) -> Iterator[Any]:
        iterator = self._target.__aiter__()
        while True:
            try:
                yield _wrap(self._loop.wait(_await(anext(iterator))), self._loop)
            except StopAsyncIteration:
                return

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closer = "close" if isinstance(self._target, isolatejs.IsolateHost) else "dispose"
        getattr(self, closer)()

    def __repr__(self) -> str:
        return f"<sync {self._target!r}>"


class SyncHost(Blocking):
    """A host and its event loop. `close()` ends both."""

    def close(self) -> None:
        """End every runtime, the pool, and the event loop."""
        try:
            self._loop.wait(self._target.close())
        except isolatejs.RuntimeDisposedError:
            return  # closed before
        self._loop.close()


def create_isolate_host(**options: Any) -> SyncHost:
    """A host whose methods block. Takes what `isolatejs.create_isolate_host` takes."""
    loop = _Loop()
    try:
        host = loop.wait(_await(isolatejs.create_isolate_host(**options)))
    except BaseException:
        loop.close()
        raise
    return SyncHost(host, loop)


def run(code: str, **options: Any) -> Any:
    """One program in a sandbox of its own; see `isolatejs.run`."""
    return isolatejs.run(code, **options)


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable


def _call(function: Callable[..., Any], loop: _Loop, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    async def call() -> Any:
        result = function(*(_unwrap(arg) for arg in args), **{k: _unwrap(v) for k, v in keywords.items()})
        return await result if inspect.isawaitable(result) else result

    return _wrap(loop.wait(call()), loop)


def _unwrap(value: Any) -> Any:
    return value._target if isinstance(value, Blocking) else value


def _wrap(value: Any, loop: _Loop) -> Any:
    """Wrap what has coroutine methods or waits, also inside lists and dicts; leave data as it is."""
    if type(value) in (list, dict):
        return _wrap_inside(value, loop)
    if inspect.ismethod(value) or inspect.isfunction(value):
        return lambda *args, **keywords: _call(value, loop, args, keywords)
    module = type(value).__module__
    if isinstance(value, (isolatejs.Headers, isolatejs.AbortSignal, type)):
        return value
    if isinstance(value, AsyncIterator) or module.startswith(
        ("isolatejs.host", "isolatejs.channel.references")
    ):
        return Blocking(value, loop)
    if module in (
        "isolatejs.web.request",
        "isolatejs.web.response",
        "isolatejs.capabilities.host_events.host",
    ):
        return Blocking(value, loop)
    return value


def _wrap_inside(value: list[Any] | dict[Any, Any], loop: _Loop) -> Any:
    """Wrap what is in fresh lists and dicts, in place: they may hold each other."""
    seen = {id(value)}
    pending: list[Any] = [value]
    while pending:
        holder = pending.pop()
        for key, item in list(enumerate(holder) if type(holder) is list else holder.items()):
            if type(item) not in (list, dict):
                holder[key] = _wrap(item, loop)
            elif id(item) not in seen:
                seen.add(id(item))
                pending.append(item)
    return value


def __getattr__(name: str) -> Any:
    if name in isolatejs.__all__:
        return getattr(isolatejs, name)
    raise AttributeError(f"module 'isolatejs.sync' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *isolatejs.__all__})
