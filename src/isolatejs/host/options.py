"""Checks of the options that the host's methods take."""

from __future__ import annotations

import sys
from typing import Any

from isolatejs.capabilities.options import coerce_options as coerce_options
from isolatejs.capabilities.options import unknown_name as unknown_name
from isolatejs.errors import ConfigurationError
from isolatejs.web import AbortSignal


def check_milliseconds(value: Any, where: str) -> float | None:
    """A positive number of milliseconds, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= sys.float_info.max:
        raise ConfigurationError(f"{where}: a positive number of milliseconds, not {value!r:.80}")
    return value


def check_positive_integer(value: Any, where: str, minimum: int = 1) -> int:
    """A whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{where}: a whole number of at least {minimum}, not {value!r}")
    return value


def check_signal(value: Any) -> AbortSignal:
    """An AbortSignal."""
    if not isinstance(value, AbortSignal):
        raise ConfigurationError(f"signal: an isolatejs.AbortSignal, not {type(value).__name__}")
    return value


def check_runtime_key(value: Any) -> str | None:
    """The name of a runtime in diagnostics and callbacks, or None."""
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"key: a str, not {type(value).__name__}")
    return value
