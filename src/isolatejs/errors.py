"""Every exception that the library raises.

IsolateError
├── ConfigurationError        an option, binding or argument is wrong (also a ValueError)
│   ├── ConfinementError      a required layer of the wall cannot be set up on this machine
│   └── SandboxStartError     no sandbox can be started on this machine
├── GuestError                the program threw; carries its name, message, stack and cause
│   └── ModuleResolutionError     a module cannot be found; names the importer chain
├── AbortError                the work was aborted by a signal
│   └── SignalTimeoutError        ... by the time of AbortSignal.timeout() (also a TimeoutError)
├── FetchError                a request is refused by the fetch policy, or failed on the network
├── LimitError                a limit was reached; names it, its value and the runtime
│   ├── ExecutionTimeoutError     (also a TimeoutError)
│   ├── MemoryLimitError          (also a MemoryError)
│   ├── OutputLimitError          console or other output
│   └── QuotaExceededError        a counted resource: open calls, nested runtimes, files
├── RuntimeDisposedError      the handle was disposed or its sandbox is gone
├── SandboxCrashedError       the engine process died on its own; carries its last lines
├── GuestProtocolError        the sandbox sent something that no honest kernel sends
├── ValueEncodingError        a value cannot cross (also a TypeError); names the path to it
├── DaemonError               the daemon cannot be reached, refused, or went away
├── NamespaceBusyError        another live handle holds the namespace
└── TypecheckError            the program does not typecheck; carries the diagnostics
"""

from __future__ import annotations

import inspect
from typing import Any


class IsolateError(Exception):
    """Base class of every error that isolatejs raises. Errors can be pickled and copied with their fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(kind: type[IsolateError], args: tuple[Any, ...], fields: dict[str, Any]) -> IsolateError:
    """An error as it was. Pickle itself passes no keyword arguments, and some classes require them."""
    names = inspect.getfullargspec(kind.__init__).kwonlyargs if inspect.isfunction(kind.__init__) else []
    error = kind(*args, **{name: fields[name] for name in names if name in fields})
    error.__dict__.update(fields)
    return error


class ConfigurationError(IsolateError, ValueError):
    """An option, binding or argument is wrong. The message names it and says what would be right."""


class ConfinementError(ConfigurationError):
    """A layer of the wall that `confinement="require"` asks for cannot be set up here."""


class SandboxStartError(ConfigurationError):
    """No sandbox can be started on this machine: the engine or a system call of the wall fails."""


class GuestError(IsolateError):
    """The program threw, or rejected.

    `name` and `message` are the JavaScript error's own. `stack` is its stack, mapped to the files that
    the user wrote, without frames of the kernel. `filename`, `line` and `column` (1-based) point at the
    place, `source_line` is its text. `cause` is the JavaScript `cause`, `properties` the error's own
    enumerable fields, and `value` what was thrown when it was no Error at all.
    """

    def __init__(
        self,
        message: str,
        *,
        name: str = "Error",
        stack: str = "",
        filename: str | None = None,
        line: int | None = None,
        column: int | None = None,
        source_line: str | None = None,
        cause: Any = None,
        properties: dict[str, Any] | None = None,
        value: Any = None,
    ) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.stack = stack
        self.filename = filename
        self.line = line
        self.column = column
        self.source_line = source_line
        self.cause = cause
        self.properties = properties or {}
        self.value = value

    def __str__(self) -> str:
        text = f"{self.name}: {self.message}" if self.message else self.name
        if self.filename is not None and self.line is not None:
            text += f"\n    at {self.filename}:{self.line}:{self.column or 1}"
            if self.source_line is not None:
                text += f"\n    {self.source_line.strip()}"
        return text


class ModuleResolutionError(GuestError):
    """A module cannot be found or loaded. `specifier` and `importers` (nearest first) say where."""

    def __init__(
        self, message: str, *, specifier: str = "", importers: tuple[str, ...] = (), **details: Any
    ) -> None:
        super().__init__(message, **{"name": "ModuleResolutionError", **details})
        self.specifier = specifier
        self.importers = importers


class AbortError(IsolateError):
    """The work was aborted. `reason` is what the signal's owner gave."""

    name = "AbortError"

    def __init__(self, message: str = "The operation was aborted", *, reason: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


class SignalTimeoutError(AbortError, TimeoutError):
    """The time of an `AbortSignal.timeout()` is over. Its JavaScript name is TimeoutError."""

    name = "TimeoutError"

    def __init__(self, message: str = "", *, reason: Any = None, timeout_ms: float | None = None) -> None:
        after = "" if timeout_ms is None else f" after {timeout_ms:g} ms"
        super().__init__(message or f"The operation timed out{after}", reason=reason)
        self.timeout_ms = timeout_ms


class FetchError(IsolateError):
    """A request is refused by the fetch policy, or failed. The program sees its message in a TypeError.

    A `fetch` binding may raise it to tell the program why; the message of no other exception crosses.
    """


class LimitError(IsolateError):
    """A limit was reached. `limit` is its option name, `value` its value, `runtime_id` the runtime."""

    def __init__(
        self, message: str, *, limit: str, value: float | None, runtime_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.limit = limit
        self.value = value
        self.runtime_id = runtime_id


class ExecutionTimeoutError(LimitError, TimeoutError):
    """The program ran longer than its time limit."""


class MemoryLimitError(LimitError, MemoryError):
    """The program used more memory than its limit."""


class OutputLimitError(LimitError):
    """The program wrote more output than its limit."""


class QuotaExceededError(LimitError):
    """The program holds more of a counted resource than its limit."""


class RuntimeDisposedError(IsolateError):
    """The handle can no longer be used; the message says how it ended."""


class SandboxCrashedError(IsolateError):
    """The engine process ended without being told to. `stderr_tail` holds its last lines."""

    def __init__(
        self, message: str, *, exit_code: int | None = None, signal: int | None = None, stderr_tail: str = ""
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.signal = signal
        self.stderr_tail = stderr_tail


class GuestProtocolError(IsolateError):
    """The sandbox sent bytes that no honest kernel sends. Its runtime is killed."""


class ValueEncodingError(IsolateError, TypeError):
    """A value cannot cross between host and guest. `path` says which part of it (`args[0].socket`)."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class DaemonError(IsolateError):
    """The daemon cannot be reached or started, refused the request, or went away."""


class NamespaceBusyError(IsolateError):
    """Another live handle holds this namespace. `key` names it, `holder` says who."""

    def __init__(self, message: str, *, key: str, holder: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.holder = holder


class TypecheckError(IsolateError):
    """The program does not typecheck. `errors` are its diagnostics."""

    def __init__(self, message: str, *, errors: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors
