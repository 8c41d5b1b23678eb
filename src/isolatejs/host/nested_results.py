"""Entries, events and results of the library as the JavaScript API has them."""

from __future__ import annotations

import dataclasses
from typing import Any


def to_javascript(value: Any) -> Any:
    """An entry, event or result (dataclasses, tuples). Values of programs in it stay as they are."""
    if type(value).__module__.startswith("isolatejs.capabilities.") and dataclasses.is_dataclass(value):
        fields = {
            _camel(field.name): to_javascript(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
        error = getattr(value, "error", None)
        if error is not None and "error" not in fields:
            fields["error"] = to_javascript(error)
        return {name: item for name, item in fields.items() if item is not None}
    if type(value) is tuple:
        return [to_javascript(item) for item in value]
    return value


def diagnostics_to_javascript(facts: Any) -> Any:
    """Diagnostics with their keys in JavaScript's spelling."""
    if isinstance(facts, dict):
        return {_camel(name): diagnostics_to_javascript(item) for name, item in facts.items()}
    return facts


def _camel(name: str) -> str:
    head, *tail = name.removesuffix("_ms").split("_")
    return head + "".join(part.title() for part in tail)
