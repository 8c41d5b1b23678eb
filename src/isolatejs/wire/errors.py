"""How errors cross. Only what an EncodedError holds ever leaves the host: no traceback, no path."""

from __future__ import annotations

from typing import Any

import msgspec

from isolatejs.errors import (
    AbortError,
    ConfinementError,
    DaemonError,
    ExecutionTimeoutError,
    GuestError,
    IsolateError,
    NamespaceBusyError,
    RuntimeDisposedError,
    SandboxCrashedError,
    SandboxStartError,
)
from isolatejs.wire.message import EncodedValue, Number
from isolatejs.wire.unicode import well_formed


class EncodedError(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An error in wire form. `dom` asks for a DOMException; `value` is what was thrown if it was no Error."""

    name: str = "Error"
    message: str = ""
    stack: str = ""
    code: str | None = None
    dom: bool = False
    filename: str | None = None
    line: Number | None = None
    column: Number | None = None
    source_line: str | None = None
    cause: EncodedError | None = None
    cause_value: EncodedValue | None = None
    fields: EncodedValue | None = None
    value: EncodedValue | None = None
    guest: bool = False
    """The error came from the program that receives it, by way of the host: keep its stack."""


class GuestVisibleError(IsolateError):
    """An error whose name, message and code are meant for the program.

    `name` is the JavaScript error name (`TypeError`, `NotFoundError`), `code` a Node code (`ENOENT`);
    `dom=True` makes it a DOMException in the program.
    """

    def __init__(
        self,
        name: str,
        message: str,
        *,
        code: str | None = None,
        dom: bool = False,
        fields: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.code = code
        self.dom = dom
        self.fields = fields or {}


NEUTRAL_MESSAGE = "The host could not do this"

_OF_THE_HOST = (ConfinementError, DaemonError, SandboxStartError)
"""Errors of the host's own machinery: their text names paths, processes and system calls."""


def text_for_program(error: BaseException) -> str:
    """What a program may read of an error of the library: nothing of the host's paths and processes."""
    if isinstance(error, _OF_THE_HOST):
        return NEUTRAL_MESSAGE
    if isinstance(error, NamespaceBusyError):  # its holder is a process
        return f"the namespace {error.key!r} is in use"
    if isinstance(error, SandboxCrashedError):  # its last lines are the engine's
        if error.signal is not None:
            return f"the engine was ended by signal {error.signal}"
        if error.exit_code is not None:
            return f"the engine exited with status {error.exit_code}"
        return "the sandbox ended"
    cause = error.__cause__
    if isinstance(error, RuntimeDisposedError) and cause is not None and cause is not error:
        told = text_for_program(cause)
        return str(error) if told == str(cause) else f"the runtime is gone: {told}"
    return str(error)


def encode_error(error: BaseException, *, reveal: bool = False) -> EncodedError:
    """The wire form of a host error; a lone surrogate in its text becomes U+FFFD.

    Errors meant for the program cross with name and message, those of the host's own machinery with their
    name (`text_for_program`). Any other exception crosses without its message unless `reveal` (tools: the
    embedder's own errors), and never with a traceback.
    """
    if isinstance(error, GuestVisibleError):
        fields = EncodedValue(p=msgspec.Raw(msgspec.json.encode(error.fields))) if error.fields else None
        return EncodedError(
            name=well_formed(error.name),
            message=well_formed(error.message),
            code=error.code,
            dom=error.dom,
            fields=fields,
        )
    if isinstance(error, GuestError):
        return EncodedError(
            name=well_formed(error.name),
            message=well_formed(error.message),
            stack=well_formed(error.stack),
            guest=True,
        )
    if isinstance(error, AbortError):
        return EncodedError(name=error.name, message=well_formed(error.message), dom=True)
    if isinstance(error, ExecutionTimeoutError):
        return EncodedError(name="TimeoutError", message=well_formed(error.message), dom=True)
    if isinstance(error, IsolateError) or reveal:
        return EncodedError(name=type(error).__name__, message=well_formed(text_for_program(error)))
    return EncodedError(message=NEUTRAL_MESSAGE)


def is_withheld(error: BaseException, encoded: EncodedError) -> bool:
    """Whether the program reads nothing of an error of the host, so that the embedder's log needs it.

    What programs can cause at will (errors of their own and of their nested runtimes) is never one.
    """
    cause = error.__cause__ if isinstance(error, GuestVisibleError) else error
    if isinstance(cause, IsolateError):
        return isinstance(cause, _OF_THE_HOST)
    return encoded.message == NEUTRAL_MESSAGE
