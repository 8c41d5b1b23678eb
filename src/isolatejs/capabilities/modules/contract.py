"""Messages of modules. The host answers with the module and, ahead of time, with what it imports."""

from __future__ import annotations

from typing import Literal

import msgspec

from isolatejs.wire.message import Call, Note

Format = Literal["module", "commonjs", "json", "text", "bytes", "wasm"]
Language = Literal["js", "jsx", "ts", "tsx", "unknown"]
Kind = Literal["import", "require"]


class LoadModule(Call, frozen=True):
    """Find what `specifier` means in the file `importer`. `type` is that of the import attributes."""

    specifier: str
    importer: str
    kind: Kind = "import"
    type: str = ""


class ReadModule(Call, frozen=True):
    """A module that was found before, once more."""

    id: str


class TranspileSource(Call, frozen=True):
    """Lower JSX and decorators. Attachment 0 is the source, as UTF-8."""

    language: Language


class ModulesLinked(Note, frozen=True):
    """All that was asked for is linked, or has failed, and the program goes on. Sent when a host listens."""


class SentModule(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One module of an answer; its source is the attachment with the same index.

    `id` is its identity, `path` its place as the program sees it, `query` that of its specifier. `edges` maps
    what it imports, written `kind|type|specifier`, to identities that the host has already resolved.
    `certain=False` says that the format is a guess from the text.
    """

    id: str
    path: str
    format: Format
    language: Language
    certain: bool = True
    edges: dict[str, str] = {}
    is_static: bool = False
    node_style: bool = False
    query: str = ""


class LoadAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The identity that was asked for, and modules that the guest does not have yet."""

    id: str
    modules: list[SentModule]


class TranspileAnswer(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Attachment 0 is JavaScript with an inline source map, unless `error` says what is wrong and where."""

    error: str | None = None


TO_HOST = (LoadModule, ReadModule, ModulesLinked, TranspileSource)
TO_GUEST = ()
