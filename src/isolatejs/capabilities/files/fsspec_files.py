"""An fsspec file system (S3, GCS, zip, memory, ...) as file bindings. Needs no import of fsspec itself."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Any, Final

from .adapted_files import AdaptedFiles
from .entries import DirectoryEntry, FileStat
from .file_threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATTERN: Final = re.compile(r"[*?\[]")


class FsspecBindings:
    """The eight methods of file bindings, and `read_range`, over a directory of an fsspec file system.

    `filesystem` is any `fsspec.AbstractFileSystem`; its blocking calls run in threads. `root` is a path in
    it. What a link or an archive member may point at is up to that file system: give it no more than
    the program may see.
    """

    def __init__(self, filesystem: Any, root: str = "") -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")

    async def read_file(self, path: str) -> bytes:
        return bytes(await self._call("cat_file", path))

    async def read_range(self, path: str, offset: int, length: int) -> bytes:
        return bytes(await self._call("cat_file", path, start=offset, end=offset + length))

    async def write_file(self, path: str, data: bytes) -> None:
        await self._require_directory(path.rpartition("/")[0])
        await self._call("pipe_file", path, data)
        await self._refresh()

    async def unlink(self, path: str) -> None:
        if (await self.stat(path)).kind == "directory":
            raise IsADirectoryError(path)
        await self._call("rm_file", path)
        await self._refresh()

    async def readdir(self, path: str) -> list[DirectoryEntry]:
        if (await self.stat(path)).kind != "directory":
            raise NotADirectoryError(path)
        infos = await self._call("ls", path, detail=True)
        own = self._at(path).strip("/")
        return [
            DirectoryEntry(info["name"].rstrip("/").rpartition("/")[2], _kind(info))
            for info in infos
            if info["name"].strip("/") != own
        ]

    async def mkdir(self, path: str) -> None:
        if await self._call("exists", path):
            raise FileExistsError(path)
        await self._require_directory(path.rpartition("/")[0])
        await self._call("mkdir", path, create_parents=False)
        await self._refresh()

    async def rmdir(self, path: str) -> None:
        if await self.readdir(path):
            raise OSError(errno.ENOTEMPTY, "directory not empty")
        await self._call("rmdir", path)
        await self._refresh()

    async def stat(self, path: str) -> FileStat:
        info: Mapping[str, Any] = await self._call("info", path)
        moment = info.get("mtime", info.get("LastModified", info.get("modified", info.get("created", 0))))
        seconds = moment.timestamp() if hasattr(moment, "timestamp") else float(moment or 0)
        nanoseconds = int(seconds * 1e9)
        return FileStat(
            kind=_kind(info),
            size=int(info.get("size") or 0),
            mtime_ns=nanoseconds,
            atime_ns=nanoseconds,
            ctime_ns=nanoseconds,
            birthtime_ns=nanoseconds,
            mode=0o755 if _kind(info) == "directory" else 0o644,
        )

    async def rename(self, path: str, new_path: str) -> None:
        """`mv` takes `*`, `?` and `[` in a path for patterns, and moves *into* a directory that is there."""
        is_directory = (await self.stat(path)).kind == "directory"
        await self._require_directory(new_path.rpartition("/")[0])
        if await self._call("isdir", new_path):
            if not is_directory:
                raise IsADirectoryError(new_path)
            await self.rmdir(new_path)
        if not _PATTERN.search(path + new_path):
            await self._call("mv", path, self._at(new_path), recursive=is_directory)
        elif is_directory:
            raise OSError(errno.EINVAL, "a directory whose path looks like a pattern cannot be moved")
        else:
            await self._call("cp_file", path, self._at(new_path))
            await self._call("rm_file", path)
        await self._refresh()

    async def _require_directory(self, path: str) -> None:
        """Object stores make parents on the fly; programs expect ENOENT and ENOTDIR."""
        if path and (await self.stat(path)).kind != "directory":
            raise NotADirectoryError(path)

    def _at(self, path: str) -> str:
        return self._root + path if path != "/" or not self._root else self._root

    async def _call(self, method: str, path: str, *args: Any, **options: Any) -> Any:
        return await in_thread(getattr(self._filesystem, method), self._at(path), *args, **options)

    async def _refresh(self) -> None:
        await in_thread(self._filesystem.invalidate_cache)


def fsspec_files(filesystem: Any, root: str = "") -> AdaptedFiles:
    """A directory of an fsspec file system, to be used as `files` binding or as a mount."""
    return AdaptedFiles(FsspecBindings(filesystem, root))


def _kind(info: Mapping[str, Any]) -> Any:
    return "directory" if info.get("type") == "directory" else "file"
