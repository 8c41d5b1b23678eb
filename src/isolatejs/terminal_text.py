"""Text of programs on a terminal. Whatever a program wrote or named goes through here before it is shown.

A program must not drive the terminal: it could rewrite what stands there, set the title or fill the clipboard.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any, Final

_UNSAFE: Final = re.compile(
    r"\x1b(?!\[[0-9;]*m)(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?"
    r"|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]",
    re.DOTALL,
)
"""Control characters and escape sequences other than colours."""
_COLOR: Final = re.compile(r"\x1b\[[0-9;]*m")
_JOINERS: Final = frozenset("\u200c\u200d")
"""Characters that no one sees and that emoji and many scripts need."""
_NOT_IN_JSON: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is, but a terminal acts on or UTF-8 cannot hold."""


def for_terminal(text: str) -> str:
    """The text without anything but colours that a terminal would act on."""
    return _UNSAFE.sub("", text)


def plain_text(text: str) -> str:
    """The text without colours, too: for reports and for terminals that are none."""
    return _COLOR.sub("", for_terminal(text))


def one_line(text: str) -> str:
    r"""A name as one line: what is not printed is written as Python escapes it (`\n`, `\x1b`)."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in _JOINERS else ascii(character)[1:-1]
        for character in text
    )


def json_text(document: Any) -> str:
    """JSON on one line, which a terminal can show and UTF-8 can hold. What JSON does not know stands as text."""
    text = json.dumps(document, default=str, ensure_ascii=False)
    return _NOT_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


class SafeFormatter(logging.Formatter):
    """Log records without what a terminal would act on: they tell messages of programs."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_text(super().format(record))
