"""Checks of the options that the host's methods take."""

from __future__ import annotations

from typing import Any

from isolatejs.capabilities.options import coerce_options as coerce_options
from isolatejs.capabilities.options import unknown_name as unknown_name
from isolatejs.errors import ConfigurationError


def check_milliseconds(value: Any, where: str) -> float | None:
    """A positive number of milliseconds, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(f"{where}: a positive number of milliseconds, not {value!r}")
    return value


def check_positive_integer(value: Any, where: str, minimum: int = 1) -> int:
    """A whole number of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{where}: a whole number of at least {minimum}, not {value!r}")
    return value
