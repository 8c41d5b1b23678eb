"""Values that stay alive on the side that owns them: functions, promises, iterators, abort signals.

The owner keeps an exported value under a number until the other side releases it; the other side holds a
proxy that releases the number when it is collected.
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from isolatejs.channel.contract import (
    CallFunction,
    Item,
    NextItem,
    ReferencesReleased,
    ReturnIterator,
    SettlePromise,
    SignalAborted,
)
from isolatejs.errors import GuestProtocolError, QuotaExceededError, RuntimeDisposedError
from isolatejs.limits import OPEN_REFERENCES_LIMIT
from isolatejs.web import AbortSignal
from isolatejs.wire.errors import GuestVisibleError
from isolatejs.wire.message import EncodedValue

if TYPE_CHECKING:
    from isolatejs.channel.channel import Channel
    from isolatejs.channel.incoming import IncomingCall, IncomingNote


class GuestFunction:
    """A function of the program. Await its call: `result = await fn(1, "two")`.

    Raises GuestError when the function throws, RuntimeDisposedError when its runtime is gone.
    """

    __slots__ = ("__weakref__", "_channel", "_reference")

    def __init__(self, channel: Channel, reference: int) -> None:
        self._channel = channel
        self._reference = reference

    async def __call__(self, *args: Any) -> Any:
        attachments: list[Any] = []
        encoded = self._channel.encode(list(args), attachments)
        reply = await self._channel.call(CallFunction(self._reference, encoded), attachments)
        return reply.decode(reply.into(EncodedValue))

    def post(self, *args: Any) -> None:
        """Call it at once and wait for nothing: what it gives or throws is dropped."""
        attachments: list[Any] = []
        encoded = self._channel.encode(list(args), attachments)
        self._channel.post(CallFunction(self._reference, encoded), attachments)

    def __repr__(self) -> str:
        return f"<GuestFunction {self._reference}>"


class GuestPromise(Awaitable[Any]):
    """A promise of the program. Await it, as often as you like."""

    __slots__ = ("__weakref__", "_channel", "_reference", "_settled")

    def __init__(self, channel: Channel, reference: int) -> None:
        self._channel = channel
        self._reference = reference
        self._settled: asyncio.Future[Any] | None = None

    def __await__(self) -> Any:
        if self._settled is None:
            self._settled = asyncio.ensure_future(self._settle())
        return asyncio.shield(self._settled).__await__()

    async def _settle(self) -> Any:
        reply = await self._channel.call(SettlePromise(self._reference))
        return reply.decode(reply.into(EncodedValue))


class GuestIterator(AsyncIterator[Any]):
    """An async iterator of the program. `aclose()` runs its clean-up early."""

    __slots__ = ("__weakref__", "_channel", "_done", "_reference")

    def __init__(self, channel: Channel, reference: int) -> None:
        self._channel = channel
        self._reference = reference
        self._done = False

    async def __anext__(self) -> Any:
        if self._done:
            raise StopAsyncIteration
        reply = await self._channel.call(NextItem(self._reference))
        item = reply.into(Item)
        if item.done or item.value is None:
            self._done = True
            raise StopAsyncIteration
        return reply.decode(item.value)

    async def aclose(self) -> None:
        """End the iteration; the program's `finally` blocks have run when this returns."""
        if not self._done:
            self._done = True
            await self._channel.call(ReturnIterator(self._reference))


class GuestSignal(AbortSignal):
    """An AbortSignal of the program. It lives while somebody on the host holds it or listens to it."""

    __slots__ = ("_listened",)

    def __init__(self, listened: set[GuestSignal]) -> None:
        super().__init__()
        self._listened = listened

    def fire(self, reason: Any) -> None:
        """The program aborted it."""
        self._abort(reason)

    def _anchor(self) -> None:
        super()._anchor()
        self._listened.add(self)

    def _release(self) -> None:
        super()._release()
        self._listened.discard(self)


class References:
    """Both tables of one channel, and the handlers of the channel's own messages."""

    def __init__(self, channel: Channel, last_number: int = 0) -> None:
        self._channel = channel
        self._exported: dict[int, tuple[str, Any]] = {}
        self._numbers: dict[int, int] = {}
        self._next = last_number
        self._imported: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._listened: set[GuestSignal] = set()
        self._released: list[int] = []

    @property
    def last_number(self) -> int:
        """The last number given to one of our values."""
        return self._next

    @property
    def exported_count(self) -> int:
        """How many of our values the guest holds."""
        return len(self._exported)

    @property
    def imported_count(self) -> int:
        """How many of the guest's values we hold."""
        return len(self._imported)

    # --- ours, held by the guest -------------------------------------------------------------------
    def export(self, kind: str, target: Any) -> int:
        """A number for one of our values. The same function keeps its number."""
        if kind == "function":
            known = self._numbers.get(id(target))
            if known is not None:
                return known
        if len(self._exported) >= OPEN_REFERENCES_LIMIT:
            raise QuotaExceededError(
                f"more than {OPEN_REFERENCES_LIMIT} live references",
                limit="open_references",
                value=OPEN_REFERENCES_LIMIT,
            )
        self._next += 2
        number = self._next
        self._exported[number] = (kind, target)
        if kind == "function":
            self._numbers[id(target)] = number
        elif kind == "signal":
            self._watch_signal(number, target)
        elif kind == "iterator" and not hasattr(target, "__anext__"):
            iterator = target.__aiter__() if hasattr(target, "__aiter__") else iter(target)
            self._exported[number] = (kind, iterator)
        return number

    def _watch_signal(self, number: int, signal: AbortSignal) -> None:
        def on_abort(_: AbortSignal) -> None:
            if number in self._exported:
                attachments: list[Any] = []
                reason = self._channel.encode(signal.reason, attachments)
                self._channel.note(SignalAborted(number, reason), attachments)

        if not signal.aborted:
            signal.add_listener(on_abort)

    def _target(self, kind: str, number: int) -> Any:
        found = self._exported.get(number)
        if found is None or found[0] != kind:
            # Not a lie: a session that was put aside still holds proxies of its former host's values.
            raise GuestVisibleError("ReferenceError", f"the {kind} of the host is gone")
        return found[1]

    async def call_function(self, message: CallFunction, call: IncomingCall) -> Any:
        target = self._target("function", message.reference)
        args = call.decode(message.args)
        if type(args) is not list:
            raise GuestProtocolError("arguments that are no array")
        result = target(*args)
        if inspect.isawaitable(result):
            result = await result
        return call.reply(result)

    async def settle_promise(self, message: SettlePromise, call: IncomingCall) -> Any:
        target = self._target("promise", message.reference)
        if inspect.iscoroutine(target):
            target = asyncio.ensure_future(target)
            self._exported[message.reference] = ("promise", target)
        result = await (asyncio.shield(target) if isinstance(target, asyncio.Future) else target)
        return call.reply(result)

    async def next_item(self, message: NextItem, call: IncomingCall) -> Any:
        iterator = self._target("iterator", message.reference)
        try:
            if isinstance(iterator, Iterator):
                value = next(iterator)
            else:
                value = await anext(iterator)
        except (StopIteration, StopAsyncIteration):
            self._exported.pop(message.reference, None)
            return Item(done=True)
        attachments: list[Any] = []
        return call.with_attachments(Item(value=call.encode(value, attachments)), attachments)

    async def return_iterator(self, message: ReturnIterator, call: IncomingCall) -> None:
        found = self._exported.pop(message.reference, None)
        if found is not None:
            await _close_iterator(found[1])

    def references_released(self, message: ReferencesReleased, note: IncomingNote) -> None:
        for number in message.references:
            found = self._exported.pop(number, None)
            if found is None:
                continue
            kind, target = found
            if kind == "function":
                self._numbers.pop(id(target), None)
            elif kind == "iterator":
                self._channel.start(_close_iterator(target))

    # --- the guest's, held by us -------------------------------------------------------------------
    def import_(self, kind: str, number: int, detail: Any) -> Any:
        """A proxy for one of the guest's values; the same number gives the same proxy while it lives."""
        known = self._imported.get(number)
        if known is not None:
            return known
        if len(self._imported) >= OPEN_REFERENCES_LIMIT:
            raise GuestProtocolError(f"more than {OPEN_REFERENCES_LIMIT} live references")
        proxy: Any
        if kind == "signal":
            proxy = GuestSignal(self._listened)
            if detail is not None:
                proxy.fire(detail)
        else:
            make = _PROXIES.get(kind)
            if make is None:
                raise GuestProtocolError(f"unknown kind of reference {kind!r:.40}")
            proxy = make(self._channel, number)
        self._imported[number] = proxy
        weakref.finalize(proxy, self._release, number).atexit = False
        return proxy

    def _release(self, number: int) -> None:
        self._released.append(number)
        if len(self._released) == 1:
            self._channel.call_soon(self._send_released)

    def _send_released(self) -> None:
        released, self._released = self._released, []
        try:
            self._channel.note(ReferencesReleased(released))
        except RuntimeDisposedError:
            return  # nobody is left to tell

    def signal_aborted(self, message: SignalAborted, note: IncomingNote) -> None:
        signal = self._imported.get(message.reference)
        if isinstance(signal, GuestSignal):
            signal.fire(note.decode(message.reason))

    def close(self) -> list[Any]:
        """Drop both tables; gives the open iterators, which need closing, and aborts imported signals."""
        iterators = [target for kind, target in self._exported.values() if kind == "iterator"]
        coroutines = [
            t for kind, t in self._exported.values() if kind == "promise" and inspect.iscoroutine(t)
        ]
        for coroutine in coroutines:
            coroutine.close()
        self._exported.clear()
        self._numbers.clear()
        self._listened.clear()
        return iterators


async def _close_iterator(iterator: Any) -> None:
    if hasattr(iterator, "aclose"):
        await iterator.aclose()
    elif hasattr(iterator, "close"):
        iterator.close()


_PROXIES: dict[str, Callable[[Channel, int], Any]] = {
    "function": GuestFunction,
    "promise": GuestPromise,
    "iterator": GuestIterator,
}
