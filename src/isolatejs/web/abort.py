"""AbortController and AbortSignal for the host, after the DOM standard (§3.2 and §3.3).

    owner ── abort(reason) ──> signal ──> listeners (sync, best effort)
                                 │
                                 └──────> dependents made with any([...]), held weakly while nobody listens

A signal needs no event loop. `timeout()` is a deadline that every look at `aborted` checks; a timer runs
only while somebody listens or waits. Listeners run in the thread that aborts; `wait()` may be used from
the event loop of any thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from isolatejs.errors import AbortError, SignalTimeoutError
from isolatejs.web.preview import Text, preview
from isolatejs.web.program_log import program_logger

__all__ = ["AbortController", "AbortListener", "AbortSignal"]

AbortListener = Callable[["AbortSignal"], object]
"""A plain function that is called once with the signal that was aborted."""

_logger = program_logger("isolatejs.abort")
_lock: Final = threading.RLock()
_listened_timeouts: set[AbortSignal] = set()
"""Timeout signals that somebody listens to: they must fire even when nobody else keeps them."""


class AbortSignal:
    """Says whether work should stop, and why. Made by AbortController, `abort()`, `timeout()` or `any()`."""

    __slots__ = (
        "__weakref__",
        "_aborted",
        "_deadline",
        "_listeners",
        "_reason",
        "_sources",
        "_strong_dependents",
        "_timeout_ms",
        "_timer",
        "_weak_dependents",
    )

    def __init__(self) -> None:
        self._aborted = False
        self._reason: object = None
        self._listeners: list[AbortListener] = []
        self._sources: tuple[AbortSignal, ...] = ()
        self._weak_dependents: weakref.WeakSet[AbortSignal] | None = None
        self._strong_dependents: set[AbortSignal] = set()
        self._deadline: float | None = None
        self._timeout_ms: float = 0.0
        self._timer: _Timer | None = None

    # --- making one -------------------------------------------------------------------------------

    @staticmethod
    def abort(reason: object = None) -> AbortSignal:
        """A signal that is already aborted, with `reason` or an AbortError."""
        signal = AbortSignal()
        signal._abort(reason)
        return signal

    @staticmethod
    def timeout(timeout_ms: float) -> AbortSignal:
        """A signal that aborts `timeout_ms` milliseconds from now; its reason is a SignalTimeoutError."""
        if not timeout_ms >= 0:
            raise ValueError(f"timeout_ms must be a number of milliseconds from 0 up, not {timeout_ms!r}")
        signal = AbortSignal()
        signal._timeout_ms = timeout_ms
        signal._deadline = time.monotonic() + timeout_ms / 1000
        return signal

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """A signal that aborts with the first of `signals` that does, and takes its reason.

        Dropping the returned signal frees it, however long its sources live.
        """
        result = AbortSignal()
        given = tuple(signals)
        for signal in given:
            if not isinstance(signal, AbortSignal):
                raise TypeError(f"AbortSignal.any() takes AbortSignals, not {type(signal).__name__}")
        for signal in given:
            if signal.aborted:
                result._abort(signal.reason)
                return result
        # Like the standard, depend on the sources of a composite instead of on the composite itself.
        sources = {source: None for signal in given for source in (signal._sources or (signal,))}
        with _lock:
            result._sources = tuple(sources)
            for source in sources:
                if source._weak_dependents is None:
                    source._weak_dependents = weakref.WeakSet()
                source._weak_dependents.add(result)
        for source in sources:  # one may have been aborted by another thread in between
            if source._aborted:
                result._abort(source._reason)
        return result

    # --- looking at it ----------------------------------------------------------------------------

    @property
    def aborted(self) -> bool:
        """Whether the work should stop."""
        if self._aborted:
            return True
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._time_out()
        else:
            for source in self._sources:
                if source._deadline is not None and source.aborted:
                    break
        return self._aborted

    @property
    def reason(self) -> object:
        """What the owner gave to `abort()`, else an AbortError; None while not aborted."""
        return self._reason if self.aborted else None

    def throw_if_aborted(self) -> None:
        """Raise AbortError when aborted. Its `reason` is the signal's, where that is not the error itself."""
        if self.aborted:
            raise self.to_error()

    def to_error(self) -> AbortError:
        """The exception that `throw_if_aborted()` raises for this signal."""
        reason = self._reason
        if isinstance(reason, AbortError):
            reason.__traceback__ = None  # one instance may be raised many times
            return reason
        message = "The operation was aborted"
        if isinstance(reason, BaseException) or (isinstance(reason, str) and reason):
            message += f": {reason}"
        error = AbortError(message, reason=reason)
        if isinstance(reason, BaseException):
            error.__cause__ = reason
        return error

    # --- being told -------------------------------------------------------------------------------

    def add_listener(self, listener: AbortListener) -> Callable[[], None]:
        """Call `listener(signal)` once when this aborts; right now when it already has. Returns its removal.

        An exception that it raises is logged and goes no further.
        """
        with _lock:
            pending = not self._aborted
            if pending:
                self._listeners.append(listener)
                if len(self._listeners) == 1:
                    self._anchor()
        if not pending or self.aborted:
            if pending:
                return _nothing  # `aborted` has just noticed the deadline and told the listener
            _tell(listener, self)
            return _nothing
        for signal in self._sources or (self,):
            signal._arm()
        return lambda: self.remove_listener(listener)

    def remove_listener(self, listener: AbortListener) -> None:
        """Forget `listener`. Unknown listeners are ignored."""
        with _lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
                if not self._listeners:
                    self._release()

    async def wait(self) -> object:
        """Wait until aborted, and return the reason."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not done.done():
                done.set_result(None)

        def wake(_: AbortSignal) -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the waiter's loop is closed: nobody waits any more
                _logger.debug("an aborted signal found its waiter's event loop closed")

        remove = self.add_listener(wake)
        try:
            await done
        finally:
            remove()
        return self._reason

    def __repr__(self) -> str:
        return preview(self)

    def preview_parts(self) -> Iterator[Any]:
        """What `preview` writes for it."""
        if not self.aborted:
            yield Text("<AbortSignal>")
            return
        yield Text("<AbortSignal aborted reason=")
        yield self._reason
        yield Text(">")

    # --- machinery --------------------------------------------------------------------------------

    def _abort(self, reason: object = None) -> None:
        told: list[tuple[AbortListener, AbortSignal]] = []
        with _lock:
            if self._aborted:
                return
            reason = AbortError() if reason is None else reason
            dependents = {*self._strong_dependents, *(self._weak_dependents or ())}
            for signal in (self, *dependents):
                if not signal._aborted:
                    signal._aborted, signal._reason = True, reason
                    told += [(listener, signal) for listener in signal._listeners]
                    signal._listeners = []
                    signal._release()
                    signal._sources = ()
            self._strong_dependents, self._weak_dependents = set(), None
        for listener, signal in told:
            _tell(listener, signal)

    def _time_out(self) -> None:
        self._abort(SignalTimeoutError(timeout_ms=self._timeout_ms))

    def _anchor(self) -> None:
        """Somebody listens now: what can abort this must keep it alive. Called with the lock held."""
        for source in self._sources:
            source._strong_dependents.add(self)
            source._anchor_timeout()
        self._anchor_timeout()

    def _anchor_timeout(self) -> None:
        if self._deadline is not None and not self._aborted:
            _listened_timeouts.add(self)

    def _release(self) -> None:
        """Nobody listens any more. Called with the lock held."""
        for source in self._sources:
            source._strong_dependents.discard(self)
            source._release_timeout()
        self._release_timeout()

    def _release_timeout(self) -> None:
        if self._deadline is not None and (self._aborted or not (self._listeners or self._strong_dependents)):
            _listened_timeouts.discard(self)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _arm(self) -> None:
        """Start the timer of a timeout signal, on the running loop or on a thread of its own."""
        with _lock:
            if self._deadline is None or self._aborted or self._timer is not None:
                return
            self._timer = _Timer(self, max(0.0, self._deadline - time.monotonic()))


class AbortController:
    """Owns a signal and can abort it, once."""

    __slots__ = ("_signal",)

    def __init__(self) -> None:
        self._signal = AbortSignal()

    @property
    def signal(self) -> AbortSignal:
        """The signal to hand out."""
        return self._signal

    def abort(self, reason: object = None) -> None:
        """Abort the signal with `reason`, or with an AbortError. Further calls do nothing."""
        self._signal._abort(reason)

    def __repr__(self) -> str:
        return f"<AbortController {'aborted' if self._signal.aborted else 'active'}>"


class _Timer:
    """One shot on the running event loop where there is one, else on a daemon thread."""

    def __init__(self, signal: AbortSignal, delay_s: float) -> None:
        self._loop: asyncio.AbstractEventLoop | None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
            self._thread = threading.Timer(delay_s, signal._time_out)
            self._thread.daemon = True
            self._thread.start()
        else:
            self._home = threading.get_ident()
            self._handle = self._loop.call_later(delay_s, signal._time_out)

    def cancel(self) -> None:
        """Stop it; safe from any thread."""
        if self._loop is None:
            self._thread.cancel()
        elif threading.get_ident() == self._home:
            self._handle.cancel()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._handle.cancel)


def _tell(listener: AbortListener, signal: AbortSignal) -> None:
    try:
        listener(signal)
    except Exception:
        _logger.exception("a listener of an AbortSignal failed")


def _nothing() -> None:
    """The removal of a listener that was told at once."""
