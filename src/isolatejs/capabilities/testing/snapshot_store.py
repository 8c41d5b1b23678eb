"""Where snapshots are kept: through the runtime's files binding, or nowhere."""

from __future__ import annotations

import inspect
import posixpath
from typing import TYPE_CHECKING, Any, Protocol

from isolatejs.limits import SNAPSHOT_LIMIT_BYTES
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Awaitable


class SnapshotStore(Protocol):
    """Reads and writes text files by their virtual path."""

    async def read(self, path: str) -> str | None: ...
    async def write(self, path: str, text: str) -> None: ...


class FileSnapshotStore:
    """Snapshots in files; with `only`, in directories of that name and nowhere else."""

    def __init__(self, files: Any, *, only: str | None = None) -> None:
        self._files = files
        self._only = only

    def _check(self, path: str) -> None:
        inside = self._only is None or self._only in path.split("/")[:-1]
        if not path.startswith("/") or posixpath.normpath(path) != path or not inside:
            where = f" in a directory {self._only}" if self._only else ""
            raise GuestVisibleError(
                "Error", f"snapshots are kept under absolute paths{where}, not in {path[:200]}"
            )

    async def read(self, path: str) -> str | None:
        """The file's text, None when there is none."""
        self._check(path)
        try:
            data = await _settled(self._files.read_file(path))
        except FileNotFoundError:
            return None
        except GuestVisibleError as error:
            if error.code == "ENOENT" or error.name == "NotFoundError":
                return None
            raise
        except OSError as error:
            raise GuestVisibleError("Error", f"the snapshot file {path} cannot be read") from error
        return bytes(data).decode("utf-8", "replace")

    async def write(self, path: str, text: str) -> None:
        """Replace the file; its directory is made when it is missing."""
        self._check(path)
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > SNAPSHOT_LIMIT_BYTES:
            raise GuestVisibleError(
                "RangeError", f"a snapshot file of more than {SNAPSHOT_LIMIT_BYTES} bytes"
            )
        try:
            await self._make_directory(posixpath.dirname(path))
            await _settled(self._files.write_file(path, data))
        except OSError as error:
            raise GuestVisibleError("Error", f"the snapshot file {path} cannot be written") from error

    async def _make_directory(self, path: str) -> None:
        if path in ("", "/"):
            return
        try:
            await _settled(self._files.stat(path))
        except (FileNotFoundError, GuestVisibleError):
            await self._make_directory(posixpath.dirname(path))
            await _settled(self._files.mkdir(path))


async def _settled(result: Any | Awaitable[Any]) -> Any:
    return await result if inspect.isawaitable(result) else result
