"""Landlock: which files a sandbox may read or execute, whatever mounts and uids say (Linux 5.13 or later)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import linux

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

    def restrict(self, more: tuple[tuple[int, int], ...]) -> None:
        """Restrict the calling process to these rules and `more`. no_new_privs must be set."""
        ruleset = linux.landlock_create(self._attributes())
        try:
            for descriptor, access in self.allowed + more:
                linux.landlock_allow(ruleset, access, descriptor)
            linux.landlock_restrict(ruleset)
        finally:
            os.close(ruleset)

    def _attributes(self) -> bytes:
        rights = max(count for version, count in _HANDLED_BY_VERSION if version <= self.version)
        files = (1 << rights) - 1
        if self.version < 4:
            return struct.pack("Q", files)
        if self.version < 6:
            return struct.pack("QQ", files, _CONNECT_AND_BIND)
        return struct.pack("QQQ", files, _CONNECT_AND_BIND, _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)


def open_rules(engine: str, libraries: tuple[str, ...], image: str, devices: tuple[str, ...]) -> Rules | None:
    """The rules for a root, or None when the kernel has no Landlock."""
    version = linux.landlock_version()
    if version == 0:
        return None
    allowed = [(engine, EXECUTE | READ_FILE)]
    allowed += [(library, EXECUTE | READ_FILE) for library in libraries]
    allowed += [(image, READ_FILE)]
    allowed += [(device, READ_FILE | WRITE_FILE) for device in devices if Path(device).exists()]
    return Rules(
        version, tuple((os.open(path, os.O_PATH | os.O_CLOEXEC), access) for path, access in allowed)
    )
