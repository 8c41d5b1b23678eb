"""Finds what a source probably imports, to send it ahead of time. Nothing depends on it being right."""

from __future__ import annotations

import re

from isolatejs.limits import MODULE_IMPORTS_SCANNED_LIMIT

SCAN_LIMIT_BYTES = 1024 * 1024
"""Larger files are scanned up to here: imports come first in a module, and bundles have few."""

_STATIC_IMPORT = re.compile(rb"""(?:\bfrom|\bimport)\s*(?:"([^"\\\n]{1,512})"|'([^'\\\n]{1,512})')""")
_REQUIRE = re.compile(rb"""\brequire\s*\(\s*(?:"([^"\\\n]{1,512})"|'([^'\\\n]{1,512})')\s*\)""")


def scan_imports(source: bytes) -> tuple[str, ...]:
    """Specifiers of static imports and re-exports."""
    return _find(_STATIC_IMPORT, source)


def scan_requires(source: bytes) -> tuple[str, ...]:
    """Specifiers of `require("…")` calls."""
    return _find(_REQUIRE, source)


def _find(pattern: re.Pattern[bytes], source: bytes) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in pattern.finditer(source, 0, SCAN_LIMIT_BYTES):
        if len(found) >= MODULE_IMPORTS_SCANNED_LIMIT:
            break
        try:
            found[(match[1] or match[2]).decode()] = None
        except UnicodeDecodeError:
            continue  # not a specifier that can be resolved
    return tuple(found)
