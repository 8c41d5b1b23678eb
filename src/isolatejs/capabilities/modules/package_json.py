"""`package.json`: what of it matters to resolution, and the algorithms of Node's "exports" and "imports".

Follows the pseudo-code in Node's documentation, "ECMAScript modules: Resolution Algorithm Specification".
Nothing here touches a file: a result is a path inside the package.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from isolatejs.limits import MODULE_MANIFEST_LIMIT_BYTES

from .targets import ClimbingError, require_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET_LIMIT_CHARACTERS: Final = 8_192
"""A path that a pattern leads to: a thousand stars in one would each become the name that was asked for."""
CONDITIONS_DEPTH_LIMIT: Final = 50
"""Conditions within conditions; packages have three or four."""


class PackageError(Exception):
    """A package does not offer what was asked for, or its package.json is broken."""


@dataclass(frozen=True, slots=True)
class PackageJson:
    """The fields that resolution reads; what has the wrong type counts as absent."""

    name: str | None = None
    type: str | None = None
    main: str | None = None
    module: str | None = None
    browser_main: str | None = None
    browser_map: Mapping[str, str | bool] = field(default_factory=dict)
    exports: Any = None
    imports: Mapping[str, Any] = field(default_factory=dict)


def parse_package_json(text: bytes) -> PackageJson:
    """Raises PackageError when it is no JSON object, or a large one."""
    if len(text) > MODULE_MANIFEST_LIMIT_BYTES:
        raise PackageError(f"its package.json has more than {MODULE_MANIFEST_LIMIT_BYTES} bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise PackageError("its package.json is not valid JSON") from None
    if not isinstance(data, dict):
        raise PackageError("its package.json is not an object")
    browser = data.get("browser")
    return PackageJson(
        name=_text(data.get("name")),
        type=_text(data.get("type")),
        main=_text(data.get("main")),
        module=_text(data.get("module")),
        browser_main=_text(browser),
        browser_map={
            key: value
            for key, value in (browser.items() if isinstance(browser, dict) else ())
            if isinstance(value, str) or value is False
        },
        exports=data.get("exports"),
        imports=data["imports"] if isinstance(data.get("imports"), dict) else {},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def resolve_exports(exports: Any, subpath: str, conditions: frozenset[str]) -> str:
    """The file (`./lib/x.js`) that "exports" gives for a subpath (`.` or `./x`). Raises PackageError."""
    if isinstance(exports, dict) and any(key.startswith(".") for key in exports):
        if any(not key.startswith(".") for key in exports):
            raise PackageError('its "exports" mixes subpaths with conditions')
        table: dict[str, Any] = exports
    else:
        table = {".": exports}
    target = _match(table, subpath, conditions, internal=False)
    if target is None:
        wanted = "a main entry" if subpath == "." else f"'{subpath}'"
        raise PackageError(f'its "exports" do not offer {wanted}')
    return target


def resolve_imports(imports: Mapping[str, Any], specifier: str, conditions: frozenset[str]) -> str:
    """What "imports" gives for `#name`: a file (`./x.js`) or a bare specifier. Raises PackageError."""
    target = None
    if specifier != "#" and not specifier.startswith("#/"):
        target = _match(imports, specifier, conditions, internal=True)
    if target is None:
        raise PackageError(f"its \"imports\" do not define '{specifier}'")
    return target


def _match(table: Mapping[str, Any], key: str, conditions: frozenset[str], *, internal: bool) -> str | None:
    if key in table and "*" not in key and not key.endswith("/"):
        return _target(table[key], "", conditions, internal=internal)
    for pattern in sorted((name for name in table if name.count("*") == 1), key=_pattern_order):
        prefix, suffix = pattern.split("*")
        if key != prefix and key.startswith(prefix) and key.endswith(suffix) and len(key) >= len(pattern):
            matched = key[len(prefix) : len(key) - len(suffix)]
            return _target(table[pattern], matched, conditions, internal=internal)
    for folder in sorted((name for name in table if name.endswith("/")), key=len, reverse=True):
        if key.startswith(folder) and isinstance(table[folder], str):  # an old form, still in packages
            return _target(f"{table[folder]}*", key[len(folder) :], conditions, internal=internal)
    return None


def _pattern_order(pattern: str) -> tuple[int, int]:
    return -len(pattern[: pattern.index("*")]), -len(pattern)


def _target(
    target: Any, matched: str, conditions: frozenset[str], *, internal: bool, depth: int = 0
) -> str | None:
    if depth > CONDITIONS_DEPTH_LIMIT:
        raise PackageError("its package.json nests conditions too deep")
    if isinstance(target, str):
        if len(target) + target.count("*") * len(matched) > TARGET_LIMIT_CHARACTERS:
            raise PackageError("its package.json leads to a path that is too long")
        if not target.startswith("./"):
            if internal and not target.startswith(("../", "/")):
                return target.replace("*", matched)
            raise PackageError(f"its package.json leads out of it: '{target}'")
        return _inside(target.replace("*", matched))
    if isinstance(target, dict):
        for condition, value in target.items():
            if condition == "default" or condition in conditions:
                found = _target(value, matched, conditions, internal=internal, depth=depth + 1)
                if found is not None:
                    return found
        return None
    if isinstance(target, list):
        for value in target:
            try:
                found = _target(value, matched, conditions, internal=internal, depth=depth + 1)
            except PackageError:
                continue
            if found is not None:
                return found
    return None


def _inside(path: str) -> str:
    normal = posixpath.normpath(path)
    if normal.startswith(("..", "/")) or "node_modules" in normal.split("/"):
        raise PackageError(f"its package.json leads out of it: '{path}'")
    return f"./{normal}"


def split_package_name(specifier: str) -> tuple[str, str] | None:
    """`("@scope/name", "./sub")` of a bare specifier; None when it names no package."""
    parts = specifier.split("/")
    taken = 2 if specifier.startswith("@") else 1
    if len(parts) < taken or not all(parts[:taken]):
        return None
    name = "/".join(parts[:taken])
    if any(part.startswith(".") for part in parts[:taken]) or "\\" in name or "%" in name:
        return None
    rest = "/".join(parts[taken:])
    try:
        require_plain(rest.removesuffix("/"), "a path in a package")
    except ClimbingError:
        return None
    return name, f"./{rest}" if rest else "."
