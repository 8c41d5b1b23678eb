"""An embedder's own object as a file tree: eight methods, plain or async, are enough."""

from __future__ import annotations

import errno
import inspect
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from isolatejs.capabilities.call_context import call_with_context, context_place, embedder_context
from isolatejs.limits import WHOLE_FILE_LIMIT_BYTES
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError

from .entries import DirectoryEntry, FileStat, stat_from_anything
from .file_errors import file_error, without_host_path
from .file_tree import FileTree, OpenFile, OpenOptions, SwapFile
from .virtual_path import is_visible_name, split_path
from .whole_file import HeldContent, RangeFile, WholeFile, WholeSwapFile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from isolatejs.capabilities.call_context import ContextPlace

_logger = program_logger("isolatejs.files")

_ON_WINDOWS: Final = sys.platform == "win32"

REQUIRED_METHODS: Final = ("read_file", "readdir", "stat")
CHANGING_METHODS: Final = ("write_file", "unlink", "mkdir", "rmdir", "rename")
OPTIONAL_METHODS: Final = ("read_range",)


class FileBindings(Protocol):
    """What an embedder's own file object offers. Every method may be plain or async, and may take the
    HostCallContext as one argument more, or as `context`.

    Paths are absolute, normalised virtual paths (`/a/b.txt`): no `.`, `..` and empty parts, on Windows no
    backslashes and colons either. Failures are OSErrors with an errno or of
    a telling class (FileNotFoundError, IsADirectoryError, ...); any other exception reaches the program
    as an i/o error without its text, and is logged. `stat` returns a FileStat, an os.stat_result or a
    mapping with `kind` and `size`; `readdir` names, or DirectoryEntry objects, which save a `stat` each.
    An object without the changing methods is read-only. With `read_range(path, offset, length)` large
    files are read in pieces instead of whole.
    """

    def read_file(self, path: str) -> bytes | Awaitable[bytes]: ...
    def write_file(self, path: str, data: bytes) -> Awaitable[None] | None: ...
    def unlink(self, path: str) -> Awaitable[None] | None: ...
    def readdir(self, path: str) -> Iterable[str] | Awaitable[Iterable[str]]: ...
    def mkdir(self, path: str) -> Awaitable[None] | None: ...
    def rmdir(self, path: str) -> Awaitable[None] | None: ...
    def stat(self, path: str) -> object: ...
    def rename(self, path: str, new_path: str) -> Awaitable[None] | None: ...


class AdaptedFiles(FileTree):
    """Speaks to a FileBindings object. Open files are held in memory and stored when they close."""

    def __init__(self, bindings: object) -> None:
        self._bindings = bindings
        self._held = HeldContent()
        self._places: dict[str, ContextPlace] = {}
        self._writable = all(callable(getattr(bindings, name, None)) for name in CHANGING_METHODS)

    def rights(self) -> dict[str, bool]:
        return {"/": self._writable}

    async def stat(self, path: str, *, follow: bool = True) -> FileStat:
        _require_plain(path)
        answer = await self._call("stat", path)
        try:
            return stat_from_anything(answer)
        except (TypeError, ValueError, OverflowError) as error:
            _logger.exception("stat() of the file bindings answered with something else")
            raise file_error(errno.EIO, path) from error

    async def readdir(
        self, path: str, *, after: str | None = None, limit: int | None = None
    ) -> list[DirectoryEntry]:
        _require_plain(path)
        answer = await self._call("readdir", path)
        try:
            entries = sorted(_entry(each) for each in answer)
        except TypeError as error:
            _logger.exception("readdir() of the file bindings answered with something else")
            raise file_error(errno.EIO, path) from error
        entries = [entry for entry in entries if (after is None or entry > after) and _is_name(entry)][:limit]
        return [
            entry if entry.kind else DirectoryEntry(entry, (await self.stat(_child(path, entry))).kind)
            for entry in entries
        ]

    async def mkdir(self, path: str) -> None:
        _require_plain(path)
        await self._call("mkdir", path)

    async def rmdir(self, path: str) -> None:
        _require_plain(path)
        await self._call("rmdir", path)

    async def unlink(self, path: str) -> None:
        _require_plain(path)
        await self._call("unlink", path)

    async def rename(self, path: str, new_path: str) -> None:
        _require_plain(path)
        _require_plain(new_path)
        await self._call("rename", path, new_path)

    async def read_file(self, path: str) -> bytes:
        _require_plain(path)
        content = await self._call("read_file", path)
        if isinstance(content, str):
            return content.encode()
        if not isinstance(content, (bytes, bytearray, memoryview)):
            _logger.error("read_file() of the file bindings has to return bytes, not %r", type(content))
            raise file_error(errno.EIO, path)
        return bytes(content)

    async def write_file(
        self, path: str, data: bytes | bytearray | memoryview, options: OpenOptions | None = None
    ) -> None:
        _require_plain(path)
        if options is None or (options.truncate and not options.exclusive and not options.append):
            await self._call("write_file", path, bytes(data))
        else:
            await super().write_file(path, data, options)

    async def open_file(self, path: str, options: OpenOptions) -> OpenFile:
        status = await self._stat_file(path, options)
        exists = status is not None
        status = status or FileStat("file")
        if not options.changes and callable(getattr(self._bindings, "read_range", None)):
            return RangeFile(
                path, status, lambda offset, length: self._call("read_range", path, offset, length)
            )
        self._check_size(path, status)
        content = b""
        if not exists or (options.truncate and status.size):
            await self.write_file(path, b"")
        elif not options.truncate:
            content = await self.read_file(path)
        return WholeFile(path, content, status, options, lambda data: self.write_file(path, data), self._held)

    async def open_swap(self, path: str, *, keep_existing: bool) -> SwapFile:
        status = await self.stat(path)
        if status.kind == "directory":
            raise file_error(errno.EISDIR, path)
        self._check_size(path, status)
        content = await self.read_file(path) if keep_existing else b""
        options = OpenOptions(write=True)
        return WholeSwapFile(
            path, content, status, options, lambda data: self.write_file(path, data), self._held
        )

    async def _stat_file(self, path: str, options: OpenOptions) -> FileStat | None:
        """State of the file that is opened, None for one that has to be made."""
        try:
            status = await self.stat(path)
        except FileNotFoundError:
            if not options.create:
                raise
            return None
        if status.kind != "file":
            raise file_error(errno.EISDIR if status.kind == "directory" else errno.EPERM, path)
        if options.exclusive and options.create:
            raise file_error(errno.EEXIST, path)
        return status

    def _check_size(self, path: str, status: FileStat) -> None:
        if status.size > WHOLE_FILE_LIMIT_BYTES:
            raise file_error(errno.EFBIG, path)

    async def _call(self, name: str, *args: Any) -> Any:
        method = getattr(self._bindings, name, None)
        if method is None:
            raise file_error(errno.EROFS if name in CHANGING_METHODS else errno.ENOSYS, args[0])
        try:
            if name not in self._places:
                self._places[name] = context_place(method, len(args))
            answer = call_with_context(method, self._places[name], embedder_context, *args)
            return await answer if inspect.isawaitable(answer) else answer
        except GuestVisibleError:
            raise
        except OSError as error:
            raise without_host_path(error, args[0]) from error
        except NotImplementedError as error:
            raise file_error(errno.ENOSYS, args[0]) from error
        except Exception as error:
            _logger.exception("%s() of the file bindings failed", name)
            raise file_error(errno.EIO, args[0]) from error


def _entry(answer: object) -> DirectoryEntry:
    if isinstance(answer, DirectoryEntry):
        return answer
    if isinstance(answer, str):
        return DirectoryEntry(answer)
    name, kind = getattr(answer, "name", None), getattr(answer, "kind", None)
    if not isinstance(name, str):
        raise TypeError(f"readdir() has to return names, not {answer!r}")
    return DirectoryEntry(name, kind)


def _is_name(name: str) -> bool:
    return (
        name not in ("", ".", "..") and "/" not in name and not _has_separator(name) and is_visible_name(name)
    )


def _require_plain(path: str) -> None:
    """Refuse what `split_path` refuses, and on Windows, names that its functions take for several parts.

    An object of the embedder may join paths with them: `a\\..\\..\\b` climbs there.
    """
    if any(map(_has_separator, split_path(path))):
        raise file_error(errno.EINVAL, path)


def _has_separator(name: str) -> bool:
    return _ON_WINDOWS and ("\\" in name or ":" in name)


def _child(path: str, name: str) -> str:
    return f"/{name}" if path == "/" else f"{path}/{name}"
