"""The lines of a source that a check speaks of, without making all the others.

Sources are hostile: millions of lines, or one of megabytes with an error at every second character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCK: Final = 4 * 1024
"""So many characters are skipped at once where no line is wanted."""
_ENDINGS: Final = ("\r\n", "\r", "\u2028", "\u2029")


class Line:
    """One line, addressed by UTF-16 code units as TypeScript does."""

    __slots__ = ("_units",)

    def __init__(self, text: str) -> None:
        self._units = text.encode("utf-16-le", "surrogatepass")

    @property
    def width(self) -> int:
        return len(self._units) // 2

    def part(self, start: int, end: int) -> str:
        """The text between two places; half of a character that lies across one becomes U+FFFD."""
        return self._units[2 * start : 2 * end].decode("utf-16-le", "replace")


NO_LINE: Final = Line("")


def lines_of(text: str, numbers: Iterable[int]) -> dict[int, Line]:
    """The lines of these 0-based numbers, as TypeScript counts them; what is beyond the end is left out."""
    for ending in _ENDINGS:
        text = text.replace(ending, "\n")
    found: dict[int, Line] = {}
    line = position = 0
    for wanted in sorted(set(numbers)):
        while line < wanted:
            block_end = position + _BLOCK
            count = text.count("\n", position, block_end)
            if line + count < wanted and block_end < len(text):  # no line that begins in it is wanted
                line, position = line + count, block_end
                continue
            for _ in range(wanted - line):
                end = text.find("\n", position)
                if end < 0:
                    return found
                position = end + 1
            line = wanted
        end = text.find("\n", position)
        found[wanted] = Line(text[position:] if end < 0 else text[position:end])
    return found
