"""Lone surrogates: a JavaScript string can hold them, JSON in UTF-8 cannot."""

from __future__ import annotations


def is_well_formed(text: str) -> bool:
    """Whether the text holds no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def well_formed(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, as the web's USVString has it."""
    if is_well_formed(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
