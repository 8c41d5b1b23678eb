"""What a specifier means as a place, before anything is compared with it: one normal form, or a refusal.

Loaders of embedders, directories, import maps and packages are handed parts of specifiers that a program chose.
Everything that takes such a part goes through here, so that no part ever climbs: `normal_target` for the whole,
`path_below` for what stands behind a prefix.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final
from urllib.parse import urljoin

from isolatejs.limits import MODULE_DEPTH_LIMIT

from .module_source import is_relative, is_url

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ENCODED: Final = re.compile(r"%(?:25)*(?:2e|2f|5c|00)", re.IGNORECASE)
"""A dot, a slash, a backslash or a NUL in percent-encoding, however often encoded: who decodes it climbs."""
_HIERARCHICAL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_CLIMBING: Final = frozenset({"", ".", ".."})
_OPAQUE: Final = ("data:", "blob:")
"""Schemes whose rest is content and not a path."""


class ClimbingError(Exception):
    """A specifier that no honest import has: it says why."""


def normal_target(specifier: str, importer: str) -> str:
    """A specifier as an absolute path, a URL or a bare name, without `.`, `..`, escapes or backslashes in it.

    Relative ones are resolved against the importer; as in URLs, `..` at the root stays there. Raises
    ClimbingError.
    """
    if specifier[:5].lower() in _OPAQUE:
        return specifier
    if _has_control(specifier):
        raise ClimbingError("a specifier holds no backslashes and no control characters")
    if "%" in specifier and _ENCODED.search(specifier.split("#", 1)[0] if is_url(specifier) else specifier):
        raise ClimbingError("a specifier holds no encoded dots, slashes, backslashes and NULs")
    if is_relative(specifier) or specifier.startswith("/"):
        if is_url(importer):
            joined = urljoin(importer, specifier)
            return _normal_url(joined) if is_url(joined) else _normal_path(joined)
        folder = posixpath.dirname(f"/{importer.lstrip('/')}")
        return _normal_path(posixpath.join(folder, specifier))
    if specifier[:8].lower() == "file:///":
        return _normal_path(specifier[len("file://") :])
    if is_url(specifier):
        return _normal_url(specifier)
    require_plain(specifier.removesuffix("/"), "a bare specifier")
    return specifier


def path_below(prefix: str, target: str) -> str | None:
    """What stands behind a prefix that ends in `/`; None when the target is not below it.

    Raises ClimbingError unless it is a plain relative path.
    """
    if not target.startswith(prefix):
        return None
    relative = target[len(prefix) :]
    require_plain(relative, f"what follows {prefix!r}")
    return relative


def require_plain(relative: str, what: str) -> None:
    """Raises ClimbingError for a relative path with `.`, `..` or an empty part, a backslash or an escape."""
    if not relative:
        return
    if not _CLIMBING.isdisjoint(relative.split("/")):
        raise ClimbingError(f"{what} is a plain path, without '.', '..' and empty parts")
    if _has_control(relative) or ("%" in relative and _ENCODED.search(relative)):
        raise ClimbingError(f"{what} holds no backslashes, control characters and encoded dots or slashes")


def _has_control(text: str) -> bool:
    return "\\" in text or (not text.isprintable() and _CONTROL.search(text) is not None)


def _normal_path(path: str) -> str:
    normal = posixpath.normpath("/" + path.lstrip("/"))
    if normal.count("/") > MODULE_DEPTH_LIMIT:
        raise ClimbingError(f"a path of modules has at most {MODULE_DEPTH_LIMIT} parts")
    return normal


def _normal_url(url: str) -> str:
    parsed = _HIERARCHICAL.fullmatch(url)
    if parsed is None:  # npm:name/part
        require_plain(url.partition(":")[2].strip("/"), "what follows the scheme")
        return url
    scheme, authority, path, rest = parsed.groups()
    segments: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            del segments[-1:]
        elif part != ".":
            segments.append(part)
    if path.endswith(("/.", "/..")):
        segments.append("")
    if len(segments) > MODULE_DEPTH_LIMIT:
        raise ClimbingError(f"a URL of modules has at most {MODULE_DEPTH_LIMIT} parts")
    return f"{scheme}://{authority}/{'/'.join(segments)}{rest}"
