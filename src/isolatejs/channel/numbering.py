"""The numbers that go on where a session's last host end stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Numbering:
    """The last numbers that a host end used. The next host end of the same sandbox goes on from there, so that
    what the guest still holds of the former one means nothing to it."""

    last_id: int = 0
    last_reference: int = 0


FRESH: Final = Numbering()
