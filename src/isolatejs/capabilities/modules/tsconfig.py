"""What of a `tsconfig.json` matters to modules: `paths`, `baseUrl` and how JSX, decorators and types are compiled."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isolatejs.errors import ConfigurationError
from isolatejs.limits import MODULE_MANIFEST_LIMIT_BYTES

from .package_json import TARGET_LIMIT_CHARACTERS
from .targets import ClimbingError, require_plain

if TYPE_CHECKING:
    from pathlib import Path

EXTENDS_LIMIT = 16
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|,(?=\s*+[}\]])', re.DOTALL)
"""A string or comment that is not closed goes on to the end of the text: nothing in it is looked at twice."""


@dataclass(frozen=True, slots=True)
class PathAlias:
    """`@/*` and where it leads. `prefix` and `suffix` stand around the star; without one, `suffix` is None."""

    prefix: str
    suffix: str | None
    targets: tuple[str, ...]

    def match(self, specifier: str) -> tuple[str, ...]:
        """The specifiers that one means, in order; () when the alias is not for it."""
        if self.suffix is None:
            return self.targets if specifier == self.prefix else ()
        if len(specifier) < len(self.prefix) + len(self.suffix):
            return ()
        if not specifier.startswith(self.prefix) or not specifier.endswith(self.suffix):
            return ()
        matched = specifier[len(self.prefix) : len(specifier) - len(self.suffix)]
        try:
            require_plain(matched.strip("/"), "what stands for the star")
        except ClimbingError:
            return ()  # a relative specifier, a URL, or one that climbs: not for an alias to say
        return tuple(
            target.replace("*", matched)
            for target in self.targets
            if len(target) + target.count("*") * len(matched) <= TARGET_LIMIT_CHARACTERS
        )


@dataclass(frozen=True, slots=True)
class TsConfig:
    """Options of one tsconfig.json, with those that it extends."""

    aliases: tuple[PathAlias, ...]
    jsx_import_source: str | None
    experimental_decorators: bool | None
    verbatim_module_syntax: bool | None


def read_tsconfig(path: Path, root: str) -> TsConfig:
    """The options of a file whose folder programs see at `root`. Raises ConfigurationError."""
    options: dict[str, Any] = {}
    place = root
    for _ in range(EXTENDS_LIMIT):
        data = _read(path)
        own = data.get("compilerOptions")
        own = own if isinstance(own, dict) else {}
        if "paths" in own and "paths" not in options:
            options["paths"] = own["paths"]
            options["base"] = posixpath.join(place, own.get("baseUrl") or options.get("baseUrl") or ".")
        options = {**own, **options}
        extended = data.get("extends")
        if not isinstance(extended, str) or not extended.startswith("."):
            break  # one in a package holds no paths of this project
        name = extended if extended.endswith(".json") else f"{extended}.json"
        path, place = path.parent / name, posixpath.normpath(posixpath.join(place, posixpath.dirname(name)))
    decorators = options.get("experimentalDecorators")
    verbatim = options.get("verbatimModuleSyntax")
    source = options.get("jsxImportSource")
    return TsConfig(
        aliases=_aliases(options.get("paths"), options.get("base", root)),
        jsx_import_source=source if isinstance(source, str) else None,
        experimental_decorators=decorators if isinstance(decorators, bool) else None,
        verbatim_module_syntax=verbatim if isinstance(verbatim, bool) else None,
    )


def _aliases(paths: Any, base: str) -> tuple[PathAlias, ...]:
    if not isinstance(paths, dict):
        return ()
    found = []
    for pattern, targets in paths.items():
        if not isinstance(targets, list) or pattern.count("*") > 1:
            continue
        prefix, star, suffix = pattern.partition("*")
        places = tuple(
            posixpath.normpath(posixpath.join(base, target)) for target in targets if isinstance(target, str)
        )
        found.append(PathAlias(prefix, suffix if star else None, places))
    return tuple(sorted(found, key=lambda alias: (alias.suffix is not None, -len(alias.prefix))))


def _read(path: Path) -> dict[str, Any]:
    """JSON with comments and trailing commas."""
    try:
        if path.stat().st_size > MODULE_MANIFEST_LIMIT_BYTES:
            raise ConfigurationError(f"tsconfig: {path} has more than {MODULE_MANIFEST_LIMIT_BYTES} bytes")
        text = path.read_text()
        plain = _TOKEN.sub(lambda token: token[0] if token[0].startswith('"') else " ", text)
        data = json.loads(_TOKEN.sub(lambda token: token[0] if token[0].startswith('"') else " ", plain))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"tsconfig: {path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"tsconfig: {path} holds no object")
    return data
