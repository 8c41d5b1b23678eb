"""What the language server says, validated: it has read hostile text, so it may say anything.

The base protocol and the messages are those of the Language Server Protocol 3.17.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

ERROR: Final = 1
"""The severity; hints and warnings are higher."""
ITEMS_LIMIT: Final = 100_000
"""Diagnostics of one file; an honest answer of the largest size has fewer."""
ASKED_SETTINGS_LIMIT: Final = 1_000
"""Settings that the server asks for at once: three for each folder."""
CODE_LIMIT_CHARACTERS: Final = 1_000
"""Longest code of a diagnostic."""

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_Items = Annotated[list["Item"], msgspec.Meta(max_length=ITEMS_LIMIT)]
_Code = Annotated[str, msgspec.Meta(max_length=CODE_LIMIT_CHARACTERS)]


class Position(msgspec.Struct, frozen=True):
    """0-based; `character` counts UTF-16 code units."""

    line: _Number
    character: _Number


class Range(msgspec.Struct, frozen=True):
    start: Position
    end: Position


class Item(msgspec.Struct, frozen=True):
    """One diagnostic, untranslated."""

    range: Range
    message: str
    severity: _Number = ERROR
    code: _Number | _Code | None = None


class Report(msgspec.Struct, frozen=True):
    """The result of `textDocument/diagnostic`."""

    items: _Items


class AskedSetting(msgspec.Struct, frozen=True):
    """One item of `workspace/configuration`."""

    section: str | None = None


class AskedSettings(msgspec.Struct, frozen=True):
    items: Annotated[list[AskedSetting], msgspec.Meta(max_length=ASKED_SETTINGS_LIMIT)]


class ConfiguredScope(msgspec.Struct, frozen=True, rename="camel"):
    scope_uri: str


class ConfiguredScopes(msgspec.Struct, frozen=True):
    """`deno/didRefreshDenoConfigurationTree`: the folders whose configuration has been read."""

    data: list[ConfiguredScope]


class Message(msgspec.Struct, frozen=True):
    """Any message of the server; its parts are decoded by who expects them."""

    id: int | str | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw = msgspec.Raw(b"null")
