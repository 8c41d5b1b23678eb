"""Guest errors as Python exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from isolatejs.errors import GuestError, ModuleResolutionError, QuotaExceededError, ValueEncodingError
from isolatejs.limits import ERROR_CAUSES_LIMIT
from isolatejs.web.values import JSError

if TYPE_CHECKING:
    from isolatejs.channel.channel import Channel
    from isolatejs.wire.errors import EncodedError
    from isolatejs.wire.message import EncodedValue


def to_guest_error(
    encoded: EncodedError, channel: Channel, attachments: Sequence[memoryview], depth: int = 0
) -> GuestError:
    """The exception for an error that a program threw."""
    cause: Any = None
    if encoded.cause is not None and depth < ERROR_CAUSES_LIMIT:
        cause = to_guest_error(encoded.cause, channel, attachments, depth + 1)
    elif encoded.cause_value is not None:
        cause = _value(encoded.cause_value, channel, attachments)
    properties: dict[str, Any] = {}
    if encoded.fields is not None:
        fields = _value(encoded.fields, channel, attachments)
        if isinstance(fields, dict):
            properties = fields
    value = None if encoded.value is None else _value(encoded.value, channel, attachments)
    details = {
        "name": encoded.name,
        "stack": encoded.stack,
        "filename": encoded.filename,
        "line": encoded.line,
        "column": encoded.column,
        "source_line": encoded.source_line,
        "cause": cause,
        "properties": properties,
        "value": value,
    }
    if encoded.name == "ModuleResolutionError":
        error: GuestError = ModuleResolutionError(encoded.message, **_importers(properties), **details)
    else:
        error = GuestError(encoded.message, **details)
    if isinstance(cause, BaseException):
        error.__cause__ = cause
    return error


def _value(encoded: EncodedValue, channel: Channel, attachments: Sequence[memoryview]) -> Any:
    """A value of the error; None for one that Python has no form of, which a program can throw."""
    try:
        return channel.decode(encoded, attachments)
    except (ValueEncodingError, QuotaExceededError):
        return None


def _importers(properties: dict[str, Any]) -> dict[str, Any]:
    """What the linker notes on a resolution error. A program can forge it: nothing is taken for granted."""
    specifier, importers = properties.get("specifier"), properties.get("importers")
    return {
        "specifier": specifier if isinstance(specifier, str) else "",
        "importers": tuple(name for name in importers if isinstance(name, str))
        if isinstance(importers, list)
        else (),
    }


def as_js_error(error: GuestError) -> JSError:
    """The error as a value that can be sent to a program."""
    return JSError(error.name, error.message, error.stack)
