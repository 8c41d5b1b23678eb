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


class SourceWatcher:
    """Source files below a directory, compared with how they were. Changes made meanwhile are not missed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before = _stamps(root)

    async def wait_change(self) -> set[Path]:
        """Wait until files change, appear or go, and none does for a moment; gives their paths."""
        changed: set[Path] = set()
        while True:
            now = await asyncio.to_thread(_stamps, self._root)
            paths = self._before.keys() | now.keys()
            difference = {path for path in paths if self._before.get(path) != now.get(path)}
            self._before = now
            if changed and not difference:
                return changed
            changed |= difference
            await asyncio.sleep(_INTERVAL_S)


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
