"""How errors cross. Only what an EncodedError holds ever leaves the host: no traceback, no path."""

from __future__ import annotations

from typing import Any

import msgspec

from isolatejs.errors import (
    AbortError,
    ExecutionTimeoutError,
    GuestError,
    IsolateError,
)
from isolatejs.wire.message import EncodedValue
from isolatejs.wire.unicode import well_formed


class EncodedError(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An error in wire form. `dom` asks for a DOMException; `value` is what was thrown if it was no Error."""

    name: str = "Error"
    message: str = ""
    stack: str = ""
    code: str | None = None
    dom: bool = False
    filename: str | None = None
    line: int | None = None
    column: int | None = None
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


def encode_error(error: BaseException, *, reveal: bool = False) -> EncodedError:
    """The wire form of a host error; a lone surrogate in its text becomes U+FFFD.

    Errors meant for the program cross with name and message. Any other exception crosses without its
    message unless `reveal` (tools: the embedder's own errors), and never with a traceback.
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
        return EncodedError(name=type(error).__name__, message=well_formed(str(error)))
    return EncodedError(message=NEUTRAL_MESSAGE)
