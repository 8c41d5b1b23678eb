"""Host half of the console: bounds each entry and hands it to the embedder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, cast

from msgspec import UNSET

from isolatejs.capabilities.call_context import context_place
from isolatejs.capabilities.console import contract
from isolatejs.capabilities.console.bindings import (
    ENTRY_LEVELS,
    ENTRY_TYPES,
    ConsoleEntry,
    as_console_bindings,
)
from isolatejs.capabilities.events import call_event_handler
from isolatejs.errors import GuestProtocolError, OutputLimitError
from isolatejs.limits import CONSOLE_ENTRY_LIMIT_BYTES, OUTPUT_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from isolatejs.capabilities.console.bindings import EntryLevel, EntryType
    from isolatejs.capabilities.console.contract import EntryLogged
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingNote

_ENTRY_OVERHEAD_BYTES = 256
"""What an entry without text counts: endless empty entries are output too."""
_MARK_BYTES = 64
"""Room for the mark of an entry that the guest cut."""


class ConsoleHost:
    """One per runtime. The program's console is silent when the embedder passed none."""

    name: ClassVar[str] = "console"
    contract: ClassVar = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        self._bindings = as_console_bindings(bindings)
        self._scope = scope
        self._output_bytes = 0
        if self._bindings is not None:
            self._context_place = context_place(self._bindings.on_entry, 1)

    def grant(self) -> dict[str, Any]:
        bindings = self._bindings
        if bindings is None:
            return {"enabled": False}
        return {
            "enabled": True,
            "values": bindings.values,
            "colors": bindings.colors,
            "entryLimitBytes": CONSOLE_ENTRY_LIMIT_BYTES,
        }

    def entry_logged(self, message: EntryLogged, call: IncomingNote) -> None:
        """Deliver one entry, or end the runtime when it has written more than its limit."""
        if message.type not in ENTRY_TYPES or message.level not in ENTRY_LEVELS:
            raise GuestProtocolError(f"console entry of unknown type {message.type[:40]!r} or level")
        if self._bindings is None or not self._count_output(_size(message, call)):
            return
        values: tuple[Any, ...] = ()
        if self._bindings.values and message.values is not None:
            decoded = call.decode(message.values)
            values = tuple(decoded) if isinstance(decoded, list) else (decoded,)
        self._deliver(
            ConsoleEntry(
                type=cast("EntryType", message.type),
                level=cast("EntryLevel", message.level),
                stdout=_cut(message.stdout),
                group_depth=max(0, min(message.group_depth, 1_000)),
                timestamp=message.timestamp,
                values=values,
                label=None if message.label is None else _cut(message.label),
                duration_ms=message.duration_ms,
                count=message.count,
                collapsed=message.collapsed,
                stack=None if message.stack is None else _cut(message.stack),
            ),
            call,
        )

    def browser_output(
        self,
        level: EntryLevel,
        stdout: str,
        location: Mapping[str, Any] | None = None,
        timestamp: float | None = None,
    ) -> None:
        """Deliver a console message of a browser page (`timestamp` in milliseconds, default now)."""
        if self._bindings is None or not self._count_output(len(stdout)):
            return
        self._deliver(
            ConsoleEntry(
                type="browserOutput",
                level=level,
                stdout=_cut(stdout),
                timestamp=time.time() * 1000 if timestamp is None else timestamp,
                location=location,
            ),
            None,
        )

    async def close(self) -> None:
        """Nothing is held."""

    def _deliver(self, entry: ConsoleEntry, call: IncomingNote | None) -> None:
        assert self._bindings is not None
        scope = self._scope
        call_event_handler(
            self._bindings.on_entry,
            entry,
            logger=scope.logger,
            context_place=self._context_place,
            context=lambda: scope.context_for(None) if call is None else scope.context(call),
        )

    def _count_output(self, size: int) -> bool:
        """Add to what the runtime has written; False and a failed runtime beyond the limit."""
        if self._output_bytes > OUTPUT_LIMIT_BYTES:
            return False
        self._output_bytes += size + _ENTRY_OVERHEAD_BYTES
        if self._output_bytes <= OUTPUT_LIMIT_BYTES:
            return True
        self._scope.fail(
            OutputLimitError(
                f"the program wrote more than {OUTPUT_LIMIT_BYTES} bytes of console output",
                limit="output_limit_bytes",
                value=OUTPUT_LIMIT_BYTES,
                runtime_id=self._scope.runtime_id,
            )
        )
        return False


def _size(message: EntryLogged, call: IncomingNote) -> int:
    """What an entry counts: its characters, and about what its values take."""
    size = len(message.stdout) + len(message.label or "") + len(message.stack or "")
    size += sum(attachment.nbytes for attachment in call.attachments)
    if message.values is not None:
        size += sum(len(bytes(raw)) for raw in (message.values.p, message.values.t) if raw is not UNSET)
    return size


def _cut(text: str) -> str:
    """The text, or as much of it as an entry may have, marked. An honest guest has cut it already."""
    if len(text) <= CONSOLE_ENTRY_LIMIT_BYTES + _MARK_BYTES:
        return text
    return f"{text[:CONSOLE_ENTRY_LIMIT_BYTES]}… [{len(text) - CONSOLE_ENTRY_LIMIT_BYTES} more characters]"
