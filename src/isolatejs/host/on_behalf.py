"""What a child of a nested host does because its parent's program called it, told from what it does on its own.

Whatever the host sends to a child while it handles a call of the parent's program has a scope, as a request of an app
server has one. So calls that the child makes meanwhile lead back to that call of the parent, and through it to the
request of the embedder that the parent is answering.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isolatejs.channel.current_call import current_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.current_call import CurrentCall
    from isolatejs.web import AbortSignal

_FIRST = 1 << 40
"""Requests of app servers count from 1."""


@dataclass(frozen=True, slots=True)
class Behalf:
    """The facts of one such scope: identity and metadata are those of what the parent is answering."""

    origin: CurrentCall
    signal: AbortSignal

    @property
    def request_id(self) -> str | None:
        facts = self.origin.facts
        return None if facts is None else facts.request_id

    @property
    def metadata(self) -> Mapping[str, Any]:
        facts = self.origin.facts
        return {} if facts is None else facts.metadata


class OnBehalf:
    """The scopes of one child."""

    def __init__(self, scope: RuntimeScope) -> None:
        self._scope = scope
        self._numbers = itertools.count(_FIRST)

    def begin(self) -> int:
        """A scope for what is about to be sent, 0 when no guest has asked for it."""
        call = current_call.get()
        if call is None or call.channel is self._scope.channel:
            return 0
        number = next(self._numbers)
        self._scope.requests[number] = Behalf(call, self._scope.signal)
        return number
