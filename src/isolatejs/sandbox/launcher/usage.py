"""What a process uses, as the kernel says it in /proc/PID/status. Standard library only."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .processes import Process

STATUS_BYTES: Final = 8192
"""More than the file has."""
_FIELD: Final = re.compile(rb"^(RssAnon|VmData|VmPTE|VmSwap|Threads):\s+(\d+)", re.MULTILINE)
_KIB: Final = 1024


@dataclass(frozen=True)
class Usage:
    """What a process uses, in bytes. `anonymous` is all that only it has: resident, swapped out, page tables."""

    anonymous: int
    data: int
    """The size of its writable mappings."""
    threads: int


def read_usage(process: Process) -> Usage | None:
    """What a process uses; None once its main thread has ended."""
    try:
        status = os.pread(process.status, STATUS_BYTES, 0)
    except ProcessLookupError:
        return None
    return parse_usage(status)


def parse_usage(status: bytes) -> Usage | None:
    """The same from the text of /proc/PID/status."""
    found = {name: int(value) for name, value in _FIELD.findall(status)}
    if b"VmData" not in found:
        return None
    anonymous = found[b"RssAnon"] + found[b"VmPTE"] + found[b"VmSwap"]
    return Usage(anonymous * _KIB, found[b"VmData"] * _KIB, found[b"Threads"])
