"""Notices that a source file of a project changed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from isolatejs.host.test_project import SKIPPED_DIRECTORIES

_INTERVAL_S: Final = 0.3
_EXTENSIONS: Final = frozenset(
    {".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".css", ".txt"}
)


async def wait_for_change(root: Path) -> set[Path]:
    """Wait until source files below `root` change, appear or go; gives their paths."""
    before = await asyncio.to_thread(_stamps, root)
    changed: set[Path] = set()
    while True:
        await asyncio.sleep(_INTERVAL_S)
        now = await asyncio.to_thread(_stamps, root)
        difference = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        if changed and not difference:
            return changed
        changed |= difference
        before = now


def _stamps(root: Path) -> dict[Path, tuple[int, int]]:
    """Modification time and size of every source file."""
    stamps: dict[Path, tuple[int, int]] = {}
    for parent, directories, names in os.walk(root):
        directories[:] = [
            name for name in directories if name not in SKIPPED_DIRECTORIES and not name.startswith(".")
        ]
        for name in names:
            path = Path(parent, name)
            if path.suffix in _EXTENSIONS:
                try:
                    status = path.stat()
                except OSError:
                    continue  # it went while we looked: the next look sees that
                stamps[path] = (status.st_mtime_ns, status.st_size)
    return stamps
