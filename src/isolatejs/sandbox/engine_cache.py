"""Compiled code of the guest image, kept on disk between hosts and shown read-only to every sandbox.

The engine analyses and compiles each file of the kernel at each start: 70 ms of processor time. Its own
caches (SQLite files in DENO_DIR) save most of that. They are filled once for an engine and an image, by a run
of the kernel with no program; sandboxes never write to them. Without this cache everything works, but slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .engine import OPTIONS, V8_FLAGS

if TYPE_CHECKING:
    from .engine import Engine

logger = logging.getLogger("isolatejs.sandbox")

DATABASES = ("dep_analysis_cache_v2", "node_analysis_cache_v2", "v8_code_cache_v2")
KEPT_CACHES = 8
"""Caches of other engines and images that stay: a few projects on one machine."""


class EngineCache:
    """The cache of one engine and one image."""

    def __init__(self, engine: Engine, image: dict[str, str]) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - never raises
        self._parent = Path(home) / "isolatejs"
        self._directory = self._parent / _key(engine, image)

    def files(self) -> dict[str, str]:
        """Name -> path of what is there; {} when it is not all there, or when others could have written it."""
        if not self._parent.is_absolute():  # nobody's home
            return {}
        try:
            if not all(_is_ours_alone(path) for path in (self._parent, self._directory)):
                return {}
            names = sorted(path.name for path in self._directory.iterdir())
        except OSError:
            return {}
        if not set(DATABASES) <= set(names):  # another host is removing it
            return {}
        return {name: str(self._directory / name) for name in names}

    def store(self, source: int) -> bool:
        """Keep what an engine left in an open directory. False when nothing could be kept."""
        if not self._parent.is_absolute():
            return False
        try:
            self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._parent))
        except OSError as error:
            logger.info("no cache of compiled guest code: %s", error)
            return False
        try:
            for name in DATABASES:
                _copy_database(source, name, draft)
            draft.rename(self._directory)
        except (OSError, sqlite3.Error) as error:
            logger.info("no cache of compiled guest code: %s", error)
            shutil.rmtree(draft, ignore_errors=True)
            return self._directory.is_dir()  # somebody else was faster
        self._forget_old()
        return True

    def _forget_old(self) -> None:
        caches = sorted(self._parent.iterdir(), key=lambda path: path.lstat().st_mtime, reverse=True)
        for path in caches[KEPT_CACHES:]:
            shutil.rmtree(path, ignore_errors=True)


def _key(engine: Engine, image: dict[str, str]) -> str:
    binary = Path(engine.path).stat()
    digest = hashlib.sha256(
        repr((engine.path, binary.st_size, binary.st_mtime_ns, V8_FLAGS, OPTIONS)).encode()
    )
    for name, path in sorted(image.items()):
        content = Path(path).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _copy(source: int, name: str, target: Path) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=source)
    with os.fdopen(descriptor, "rb") as file, (target / name).open("wb") as copy:
        shutil.copyfileobj(file, copy)


def _is_ours_alone(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _copy_database(source: int, name: str, target: Path) -> None:
    """Copy a database and bring its log in: it stays in WAL mode, which a read-only engine expects."""
    with contextlib.suppress(FileNotFoundError):  # an engine that ended well has brought its log in itself
        _copy(source, name + "-wal", target)
    _copy(source, name, target)
    with contextlib.closing(sqlite3.connect(target / name)) as database:
        database.execute(
            "ANALYZE"
        )  # else the engine wants to, and gives up on a database that it cannot change
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for suffix in ("-wal", "-shm"):  # SQLite reads such a database read-only when these exist
        (target / (name + suffix)).touch()
