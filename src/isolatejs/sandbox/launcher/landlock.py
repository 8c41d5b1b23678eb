"""Landlock: which files a sandbox may read or execute, whatever mounts and uids say (Linux 5.13 or later)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import linux

if TYPE_CHECKING:
    from .root import Root

EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
_HANDLED_BY_VERSION: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
"""From this ABI version on, the kernel knows so many access rights to files."""
_CONNECT_AND_BIND: Final = 0b11
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11


@dataclass(frozen=True)
class Rules:
    """Open paths (O_PATH) and what is allowed on them, made once a launcher."""

    version: int
    allowed: tuple[tuple[int, int], ...]
    ready: int
    """A ruleset of `allowed`, for the sandboxes that need nothing more."""

    def restrict(self, more: tuple[tuple[int, int], ...]) -> None:
        """Restrict the calling process to these rules and `more`. no_new_privs must be set."""
        if not more:
            linux.landlock_restrict(self.ready)
            return
        ruleset = _make_ruleset(self.version, self.allowed + more)
        try:
            linux.landlock_restrict(ruleset)
        finally:
            os.close(ruleset)


def open_rules(place: Root, devices: tuple[str, ...]) -> Rules | None:
    """The rules for a root, or None when the kernel has no Landlock.

    In the empty root, which holds nothing else, reading is allowed as a whole: so the rules are the same for
    every sandbox, although each has its own FIFO.
    """
    version = linux.landlock_version()
    if version == 0:
        return None
    paths = [(path, EXECUTE | READ_FILE) for path in (place.engine, *place.libraries)]
    paths += [(place.image if place.real else "/", READ_FILE)]
    paths += [(device, READ_FILE | WRITE_FILE) for device in devices if Path(device).exists()]
    allowed = tuple((os.open(path, os.O_PATH | os.O_CLOEXEC), access) for path, access in paths)
    return Rules(version, allowed, _make_ruleset(version, allowed))


def _make_ruleset(version: int, allowed: tuple[tuple[int, int], ...]) -> int:
    rights = max(count for since, count in _HANDLED_BY_VERSION if since <= version)
    attributes = struct.pack("Q", (1 << rights) - 1)
    if version >= 4:
        attributes += struct.pack("Q", _CONNECT_AND_BIND)
    if version >= 6:
        attributes += struct.pack("Q", _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = linux.landlock_create(attributes)
    for descriptor, access in allowed:
        linux.landlock_allow(ruleset, access, descriptor)
    return ruleset
