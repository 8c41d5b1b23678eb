"""What the imports of one tenant's programs have meant, so that its next check needs no new configuration.

Programs choose what stands here, so it is kept for each tenant apart: nobody's check depends on another one's imports.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Final

REMEMBERED_LIMIT: Final = 2_000
"""Imports of one resolver; with more, everything is looked for anew."""

Wanted = tuple[str, str, str]
"""A specifier, the path of the file that imports it, and the type of its import attributes."""


@dataclass
class Meanings:
    """What specifiers of one resolver have meant so far."""

    loads: dict[Wanted, None] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    ambient: dict[str, str] = field(default_factory=dict)


class KnownModules:
    """Of one tenant, by resolver."""

    def __init__(self) -> None:
        self._by_resolver: weakref.WeakKeyDictionary[Any, Meanings] = weakref.WeakKeyDictionary()

    def of(self, modules: Any) -> Meanings:
        """The meanings that are known of a resolver, which the caller adds to."""
        if type(modules).__weakrefoffset__ == 0 or type(modules).__hash__ is None:
            return Meanings()
        known = self._by_resolver.get(modules)
        if known is None or len(known.loads) >= REMEMBERED_LIMIT:
            known = self._by_resolver[modules] = Meanings()
        return known
