"""What is known of a module before it is sent: its place, its format and its bytes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_SOURCE_LIMIT_BYTES

if TYPE_CHECKING:
    from .contract import Format, Language

TEXT_EXTENSIONS = frozenset({".txt", ".md", ".html", ".css", ".sql", ".csv", ".xml", ".svg", ".graphql"})
BYTES_EXTENSIONS = frozenset(
    {".bin", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".woff", ".woff2", ".ttf", ".pdf"}
)
_LANGUAGES: dict[str, Language] = {
    ".js": "js", ".mjs": "js", ".cjs": "js", ".jsx": "jsx",
    ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx",
}  # fmt: skip

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_MODULE_SYNTAX = re.compile(
    r"(?:^|[\n;}])[ \t]*(?:import[ \t]*[\w{*\"']|export[ \t]*[{*]|export[ \t]+(?:default|const|let|var|"
    r"function|class|async|enum|type|interface|abstract|namespace|declare)\b)|\bimport\.meta\b"
)
_COMMONJS_SYNTAX = re.compile(
    r"\bmodule\.exports\b|\bexports\.[\w$]+\s*=|\bexports\[|(?<![\w$.])require\s*\("
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleSource:
    """A module as an embedder's loader can give it.

    `source` is its text or bytes. `filename` is its base name (the ending tells the language), `resolve_dir`
    the folder against which its relative imports resolve; both default to the place that was asked for.
    `static=True` lets it survive a soft dispose. `format` and `language` override what the ending says.
    """

    source: str | bytes
    filename: str | None = None
    resolve_dir: str | None = None
    static: bool = False
    format: Format | None = None
    language: Language | None = None


@dataclass(slots=True)
class FoundModule:
    """A module that a specifier means. `imports` are the specifiers in its text, as far as a scan tells."""

    id: str
    path: str
    format: Format
    language: Language
    source: bytes
    certain: bool = True
    is_static: bool = False
    node_style: bool = False
    query: str = ""
    edges: dict[str, str] = field(default_factory=dict)


def as_module_source(value: object, where: str) -> ModuleSource | None:
    """What a loader returned: text, bytes, a ModuleSource, a dict with its keys, or None for "not here"."""
    if value is None or isinstance(value, ModuleSource):
        return value
    if isinstance(value, (str, bytes)):
        return ModuleSource(source=value)
    if isinstance(value, Mapping):
        try:
            return ModuleSource(**value)
        except TypeError as error:
            raise ConfigurationError(f"{where}: {error}") from None
    raise ConfigurationError(f"{where}: a str, bytes, ModuleSource, dict or None, not {type(value).__name__}")


def build_module(given: ModuleSource, *, id: str, path: str, type: str, where: str) -> FoundModule:
    """The module that a loader's answer is, at `path`. `type` is that of the import attributes."""
    source = given.source.encode() if isinstance(given.source, str) else bytes(given.source)
    if len(source) > MODULE_SOURCE_LIMIT_BYTES:
        raise ConfigurationError(f"{where}: {len(source)} bytes are more than {MODULE_SOURCE_LIMIT_BYTES}")
    extension = extension_of(path)
    language = given.language or _LANGUAGES.get(extension, "unknown")
    certain = True
    form = given.format or format_for(extension, type)
    if form is None:
        form = "module"
        if extension not in {".mjs", ".mts", ".ts", ".tsx", ".jsx"}:
            certain = False
            text = source.decode(errors="replace")
            if not _MODULE_SYNTAX.search(text) and _COMMONJS_SYNTAX.search(text):
                form = "commonjs"
    return FoundModule(
        id=typed_id(id, type),
        path=path,
        format=form,
        language=language,
        source=source,
        certain=certain,
        is_static=given.static,
    )


def format_for(extension: str, type: str) -> Format | None:
    """The format that an ending or an import attribute settles, None when the text or the package does."""
    if type in ("json", "text", "bytes"):
        return type  # type: ignore[return-value]
    if extension == ".json":
        return "json"
    if extension == ".wasm":
        return "wasm"
    if extension in TEXT_EXTENSIONS:
        return "text"
    if extension in BYTES_EXTENSIONS:
        return "bytes"
    if extension in (".cjs", ".cts"):
        return "commonjs"
    return None


def language_for(extension: str) -> Language:
    """The language of a package's file: what has no known ending is JavaScript."""
    return _LANGUAGES.get(extension, "js")


def typed_id(id: str, type: str) -> str:
    """The identity of a module imported with attributes: its text is another module than its code."""
    return f"{id}#{type}" if type in ("text", "bytes") else id


def extension_of(path: str) -> str:
    """`.ts` of `/app/main.ts?v=1`, in lower case."""
    return posixpath.splitext(path.split("?", 1)[0])[1].lower()


def is_url(specifier: str) -> bool:
    """Whether a specifier or path is absolute with a scheme (`https://esm.sh/x`)."""
    return _SCHEME.match(specifier) is not None


def is_relative(specifier: str) -> bool:
    return specifier.startswith(("./", "../")) or specifier in (".", "..")


def split_query(specifier: str) -> tuple[str, str]:
    """`("./a.js", "?v=1")` of `./a.js?v=1`. The `#` of package imports is no fragment."""
    at = specifier.find("?", 1)
    return (specifier, "") if at < 0 else (specifier[:at], specifier[at:])
