"""Messages of the console: the program's entries, one note each, in the order in which they were made."""

from __future__ import annotations

from isolatejs.wire.message import EncodedValue, Note, Number


class EntryLogged(Note, frozen=True):
    """One call of a console method that a reader would see. Fields that a type does not have are absent."""

    type: str
    level: str
    stdout: str
    group_depth: Number
    timestamp: float
    values: EncodedValue | None = None
    label: str | None = None
    duration_ms: float | None = None
    count: Number | None = None
    collapsed: bool | None = None
    stack: str | None = None


TO_HOST = (EntryLogged,)
TO_GUEST = ()
