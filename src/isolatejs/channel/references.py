"""Values that stay alive on the side that owns them: functions, promises, iterators, abort signals.

The owner keeps an exported value under a number until the other side releases it; the other side holds a
proxy that releases the number when it is collected, or when it is an iterator at its end. Odd numbers are the
guest's, even ones the host's, and none is used twice. A proxy that is sent home crosses as the number alone, and
is the owner's very object again.

Two messages can pass each other: a value may be sent once more while its release is under way. So each sending
has a serial, a release names the last serial that was seen, and the owner keeps what it has sent since. And a
frame may be decoded after the release that followed it: so what comes home is looked up when its frame arrives.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.channel.contract import (
    CallFunction,
    Item,
    NextItem,
    ReferencesReleased,
    ReturnIterator,
    SettlePromise,
    SignalAborted,
)
from isolatejs.channel.current_call import call_of
from isolatejs.errors import (
    AbortError,
    GuestProtocolError,
    QuotaExceededError,
    RuntimeDisposedError,
    ValueEncodingError,
)
from isolatejs.limits import OPEN_REFERENCES_LIMIT
from isolatejs.web import AbortSignal
from isolatejs.wire.errors import GuestVisibleError
from isolatejs.wire.message import Door, EncodedValue

if TYPE_CHECKING:
    import msgspec

    from isolatejs.channel.channel import Channel
    from isolatejs.channel.incoming import IncomingCall, IncomingNote

_NOTHING: Mapping[int, Any] = {}
_COMING_HOME = re.compile(rb'\["L","[a-z]+",([0-9]{1,15})\]')
"""A reference to one of our values as an honest kernel writes it. In a string its quotes would be escaped."""


class GuestFunction:
    """A function of the program. Await its call: `result = await fn(1, "two")`.

    Raises GuestError when the function throws, RuntimeDisposedError when its runtime is gone.
    """

    __slots__ = ("__weakref__", "_channel", "_reference")
    tool_kind: ClassVar = "either"
    """As a tool of another runtime it may give a value or yield: that shows when it is called."""

    def __init__(self, channel: Channel, reference: int) -> None:
        self._channel = channel
        self._reference = reference

    async def __call__(self, *args: Any) -> Any:
        attachments: list[Any] = []
        encoded = self._channel.encode(list(args), attachments)
        message = CallFunction(self._reference, encoded, self._during())
        reply = await self._channel.call(message, attachments)
        return reply.decode(reply.into(EncodedValue))

    def post(self, *args: Any) -> None:
        """Call it at once and wait for nothing: what it gives or throws is dropped."""
        attachments: list[Any] = []
        encoded = self._channel.encode(list(args), attachments)
        self._channel.post(CallFunction(self._reference, encoded, self._during()), attachments)

    @property
    def reachable(self) -> bool:
        """Whether it can be called still."""
        return not self._channel.closed

    def is_of(self, channel: Channel) -> bool:
        """Whether it belongs to the guest of this channel."""
        return self._channel is channel

    def moved_to(self, channel: Channel) -> GuestFunction:
        """The same function by a new channel of the same guest, which has kept it for its next host end."""
        serial = self._channel.references.serial_of(self._reference)
        moved: GuestFunction = channel.references.import_("function", self._reference, serial, None)
        return moved

    def _during(self) -> int:
        """The call of the program on whose behalf this one is made, 0 when there is none."""
        call = call_of(self._channel)
        return 0 if call is None else call.number

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
        return self._wait(self._settled).__await__()

    async def _wait(self, settled: asyncio.Future[Any]) -> Any:
        try:
            return await asyncio.shield(settled)
        except asyncio.CancelledError:
            if not settled.done():  # others may still wait for it
                self._channel.wait_cancelled(Door.WAIT)
            raise

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
            self._channel.references.forget(self._reference)
            raise StopAsyncIteration
        return reply.decode(item.value)

    async def aclose(self) -> None:
        """End the iteration; the program's `finally` blocks have run when this returns."""
        if not self._done:
            self._done = True
            self._channel.references.forget(self._reference)
            await self._channel.call(ReturnIterator(self._reference))


class GuestSignal(AbortSignal):
    """An AbortSignal of the program. It lives while somebody on the host holds it or listens to it."""

    __slots__ = ("_listened", "_reference")

    def __init__(self, listened: set[GuestSignal], reference: int) -> None:
        super().__init__()
        self._listened = listened
        self._reference = reference

    def fire(self, reason: Any) -> None:
        """The program aborted it."""
        self._abort(reason)

    def _anchor(self) -> None:
        super()._anchor()
        self._listened.add(self)

    def _release(self) -> None:
        super()._release()
        self._listened.discard(self)


@dataclass(slots=True)
class Exported:
    """One of our values that the guest holds."""

    kind: str
    target: Any
    serial: int = 1
    """How often it was sent."""
    running: Any = None
    """The iterator of an iterable, the task of a coroutine."""
    came_home: bool = False
    """Whether the embedder has it, too: then its end is the embedder's to decide."""
    unwatch: Callable[[], None] | None = None
    """Ends the listening to a signal, which may live far longer than this channel."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One step of an iterator at a time, in the order asked for: Python's own refuse a second."""


class Arrival:
    """Decodes the values of one frame, whose references to our values were found when it arrived."""

    def __init__(self, channel: Channel, home: Mapping[int, Exported]) -> None:
        self._home = home
        self._references = channel.references
        self.import_reference = channel.import_reference
        self.accept_body = channel.accept_body

    def bring_home(self, kind: str, number: int) -> Any:
        return self._references.bring_home(kind, number, self._home.get(number))


class References:
    """Both tables of one channel, and the handlers of the channel's own messages."""

    def __init__(self, channel: Channel, last_number: int = 0) -> None:
        self._channel = channel
        self._exported: dict[int, Exported] = {}
        self._numbers: dict[int, int] = {}
        self._next = last_number
        self._imported: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._serials: dict[int, int] = {}
        self._listened: set[GuestSignal] = set()
        self._released: list[tuple[int, int]] = []

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
    def export(self, kind: str, target: Any) -> list[int]:
        """The number of one of our values and how often it was sent by now; for a proxy its number at home."""
        home = self._number_at_home(target)
        if home is not None:
            return [home]
        number = self._numbers.get(id(target))
        if number is not None:
            exported = self._exported[number]
            exported.serial += 1
            return [number, exported.serial]
        if len(self._exported) >= OPEN_REFERENCES_LIMIT:
            raise QuotaExceededError(
                f"more than {OPEN_REFERENCES_LIMIT} live references",
                limit="open_references",
                value=OPEN_REFERENCES_LIMIT,
            )
        self._next += 2
        number = self._next
        exported = self._exported[number] = Exported(kind, target)
        self._numbers[id(target)] = number
        if kind == "signal" and not target.aborted:
            exported.unwatch = target.add_listener(
                lambda signal: self._channel.run_on_loop(lambda: self._tell_aborted(number, signal))
            )
        elif kind == "iterator":
            exported.running = _iterator_of(target)
        return [number, 1]

    def _number_at_home(self, target: Any) -> int | None:
        """The guest's number for what is a proxy of this channel; an iterator at its end is none any more."""
        if not isinstance(target, (GuestFunction, GuestPromise, GuestIterator, GuestSignal)):
            return None
        number = target._reference
        return number if self._imported.get(number) is target else None

    def _tell_aborted(self, number: int, signal: AbortSignal) -> None:
        if number not in self._exported:
            return
        attachments: list[Any] = []
        try:
            reason = self._channel.encode(signal.reason, attachments)
        except ValueEncodingError:  # the abort matters more than why
            attachments.clear()
            reason = self._channel.encode(AbortError(), attachments)
        self._channel.tell(SignalAborted(number, reason), attachments)

    def _find(self, kind: str, number: int) -> Exported:
        found = self._exported.get(number)
        if found is None or found.kind != kind:
            # Not a lie: a session that was put aside still holds proxies of its former host's values.
            raise GuestVisibleError("ReferenceError", f"the {kind} of the host is gone")
        return found

    def _drop(self, number: int) -> Exported | None:
        found = self._exported.pop(number, None)
        if found is not None:
            self._numbers.pop(id(found.target), None)
            if found.unwatch is not None:
                found.unwatch()
        return found

    def arriving(self, payload: msgspec.Raw | bytes) -> Mapping[int, Exported]:
        """Those of our values that a frame brings home, by number: they may be released before it is decoded."""
        text = bytes(payload)
        if b'["L",' not in text:
            return _NOTHING
        home: dict[int, Exported] = {}
        for match in _COMING_HOME.finditer(text):
            number = int(match[1])
            found = self._exported.get(number)
            if found is not None:
                found.came_home = True
                home[number] = found
        return home

    def bring_home(self, kind: str, number: int, found: Exported | None = None) -> Any:
        """One of our values, the very object; for a coroutine its task. Raises GuestProtocolError when unknown."""
        found = found or self._exported.get(number)
        if found is None or found.kind != kind:
            raise GuestProtocolError(f"{number} is no {kind:.40} of the host that the guest holds")
        found.came_home = True
        return _settling(found) if kind == "promise" else found.target

    async def call_function(self, message: CallFunction, call: IncomingCall) -> Any:
        target = self._find("function", message.reference).target
        args = call.decode(message.args)
        if type(args) is not list:
            raise GuestProtocolError("arguments that are no array")
        result = target(*args)
        if inspect.isawaitable(result):
            result = await result
        return call.reply(result)

    async def settle_promise(self, message: SettlePromise, call: IncomingCall) -> Any:
        target = _settling(self._find("promise", message.reference))
        result = await (asyncio.shield(target) if isinstance(target, asyncio.Future) else target)
        return call.reply(result)

    async def next_item(self, message: NextItem, call: IncomingCall) -> Any:
        found = self._find("iterator", message.reference)
        iterator = found.running
        try:
            if isinstance(iterator, Iterator):
                value = next(iterator)
            else:
                async with found.turn:
                    value = await anext(iterator)
        except (StopIteration, StopAsyncIteration):
            return Item(done=True)  # the guest releases it when it has read this
        attachments: list[Any] = []
        return call.with_attachments(Item(value=call.encode(value, attachments)), attachments)

    async def return_iterator(self, message: ReturnIterator, call: IncomingCall) -> None:
        found = self._drop(message.reference)
        if found is not None:
            await _close_iterator(found)

    def references_released(self, message: ReferencesReleased, note: IncomingNote) -> None:
        for number, serial in message.references:
            found = self._exported.get(number)
            if found is None or serial < found.serial:
                continue
            self._drop(number)
            if found.kind == "iterator" and not found.came_home:
                self._channel.start(_close_iterator(found))

    # --- the guest's, held by us -------------------------------------------------------------------
    def import_(self, kind: str, number: int, serial: int, detail: Any) -> Any:
        """A proxy for one of the guest's values; the same number gives the same proxy while it lives."""
        if number <= 0 or number % 2 == 0 or serial <= 0:
            raise GuestProtocolError(f"{number} is not a reference that the guest can offer")
        known = self._imported.get(number)
        if known is not None:
            self._serials[number] = max(serial, self._serials[number])
            return known
        if len(self._imported) >= OPEN_REFERENCES_LIMIT:
            raise GuestProtocolError(f"more than {OPEN_REFERENCES_LIMIT} live references")
        proxy: Any
        if kind == "signal":
            proxy = GuestSignal(self._listened, number)
            if detail is not None:
                proxy.fire(detail)
        else:
            make = _PROXIES.get(kind)
            if make is None:
                raise GuestProtocolError(f"unknown kind of reference {kind!r:.40}")
            proxy = make(self._channel, number)
        self._imported[number] = proxy
        self._serials[number] = serial
        weakref.finalize(proxy, self._release, number).atexit = False
        return proxy

    def serial_of(self, number: int) -> int:
        """How often one of the guest's values was received, as far as this channel knows."""
        return self._serials.get(number, 1)

    def forget(self, number: int) -> None:
        """An iterator of the guest is at its end."""
        self._imported.pop(number, None)
        self._release(number)

    def _release(self, number: int) -> None:
        if number in self._imported:
            return  # taken up again meanwhile
        serial = self._serials.pop(number, None)
        if serial is None:
            return
        self._released.append((number, serial))
        if len(self._released) == 1:
            self._channel.call_soon(self._send_released)

    def _send_released(self) -> None:
        released, self._released = self._released, []
        try:
            self._channel.note(ReferencesReleased(released))
        except (RuntimeDisposedError, QuotaExceededError):
            return  # nobody is left to tell; who does not read keeps what it holds

    def signal_aborted(self, message: SignalAborted, note: IncomingNote) -> None:
        signal = self._imported.get(message.reference)
        if isinstance(signal, GuestSignal):
            try:
                reason = note.decode(message.reason)
            except (ValueEncodingError, QuotaExceededError):
                reason = None  # the abort matters more than why
            signal.fire(reason)

    def close(self) -> list[Coroutine[Any, Any, None]]:
        """Drop both tables; gives the ends of what was going on for the guest: iterators and coroutines."""
        exported = list(self._exported.values())
        self._exported.clear()
        self._numbers.clear()
        self._listened.clear()
        ends: list[Coroutine[Any, Any, None]] = []
        for each in exported:
            if each.unwatch is not None:
                each.unwatch()
            if each.kind == "promise" and inspect.iscoroutine(each.target):
                if each.running is None:
                    each.target.close()
                elif not each.came_home:
                    ends.append(_cancel(each.running))
            elif each.kind == "iterator" and not each.came_home:
                ends.append(_close_iterator(each))
        return ends


def _iterator_of(target: Any) -> Any:
    if hasattr(target, "__anext__"):
        return target
    return target.__aiter__() if hasattr(target, "__aiter__") else iter(target)


def _settling(exported: Exported) -> Any:
    """What can be awaited more than once: a coroutine becomes a task."""
    if not inspect.iscoroutine(exported.target):
        return exported.target
    if exported.running is None:
        exported.running = asyncio.ensure_future(exported.target)
    return exported.running


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _close_iterator(exported: Exported) -> None:
    iterator = exported.running
    if hasattr(iterator, "aclose"):
        async with exported.turn:
            await iterator.aclose()
    elif hasattr(iterator, "close"):
        iterator.close()


_PROXIES: dict[str, Callable[[Channel, int], Any]] = {
    "function": GuestFunction,
    "promise": GuestPromise,
    "iterator": GuestIterator,
}
