"""Becomes the language server, behind a fence: started as a bare interpreter by `language_server.py`.

The server reads files that a program names in imports, so it may see nothing but its own folder, its engine
and what it is given by name, and may open no TCP connection. It never executes a program, so the fence is
Landlock, no new privileges and no core dumps. Where the kernel has no Landlock, the import map of every scope
still keeps imports inside. Standard library and the launcher's system calls only.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any, Final

from isolatejs.sandbox.launcher import linux

_EXECUTE: Final = 1 << 0
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_ALL_OF_VERSION_1: Final = (1 << 13) - 1
_TRUNCATE: Final = 1 << 14
_BIND_TCP: Final = 1 << 0
_CONNECT_TCP: Final = 1 << 1
_SYSTEM_FILES: Final = (
    "/dev/null",
    "/dev/urandom",
    "/dev/random",
    "/etc/ld.so.cache",
    "/proc/self",
    "/proc/meminfo",
)
"""What the engine's start reads besides its libraries."""


def main(text: str) -> None:
    """Restrict this process and execute the engine in it. Never returns."""
    settings: dict[str, Any] = json.loads(text)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        _restrict_files(settings)
    os.execve(settings["engine"], [settings["engine"], "lsp", "--quiet"], settings["environment"])


def _restrict_files(settings: dict[str, Any]) -> None:
    version = linux.landlock_version()
    if version == 0:
        return
    everything = _ALL_OF_VERSION_1
    if version >= 2:
        everything |= 1 << 13
    if version >= 3:
        everything |= _TRUNCATE
    no_tcp = struct.pack("=Q", _BIND_TCP | _CONNECT_TCP) if version >= 4 else b""
    ruleset = linux.landlock_create(struct.pack("=Q", everything) + no_tcp)
    run = _EXECUTE | _READ_FILE
    for path in (settings["engine"], *settings["libraries"]):
        _allow(ruleset, path, run)
    for path in _SYSTEM_FILES:
        _allow(ruleset, path, _READ_FILE | _READ_DIR | (_WRITE_FILE if path == "/dev/null" else 0))
    for path in settings["readable"]:
        _allow(ruleset, path, _READ_FILE | _READ_DIR)
    for path in settings["writable"]:
        _allow(ruleset, path, everything & ~_EXECUTE)
    linux.landlock_restrict(ruleset)
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    if not Path(path).exists():
        return
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not Path(path).is_dir():
            access &= _EXECUTE | _READ_FILE | _WRITE_FILE | _TRUNCATE
        linux.landlock_allow(ruleset, access, descriptor)
    finally:
        os.close(descriptor)
