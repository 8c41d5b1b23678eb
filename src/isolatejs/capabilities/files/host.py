"""Host half of files: checks what the program asks for and hands it to the file tree."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.files import contract
from isolatejs.channel.incoming import Reply
from isolatejs.limits import DIRECTORY_PAGE_ENTRIES, FILE_READ_LIMIT_BYTES, FILE_THREADS_LIMIT, KIB, MIB
from isolatejs.wire.errors import GuestVisibleError

from .bindings import as_file_tree
from .contract import DirectoryAnswer, OpenedAnswer, StatAnswer
from .file_errors import error_form, file_error
from .file_tree import OpenOptions
from .open_files import OpenFiles
from .virtual_path import join_path, split_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingCall

    from .entries import FileStat

_SMALL_READ_BYTES = 16 * KIB
_PENDING_WRITES_LIMIT_BYTES = 256 * MIB
"""Content that waits to be written for one program; two of the largest frames."""


class FilesHost:
    """One per runtime, over a tree that runtimes may share."""

    name: ClassVar[str] = "files"
    contract: ClassVar = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        self._tree = as_file_tree(bindings)
        self._scope = scope
        self._open = OpenFiles()
        self._large = asyncio.Semaphore(FILE_THREADS_LIMIT)
        self._pending_writes_bytes = 0

    def grant(self) -> dict[str, Any]:
        return {
            "cwd": self._scope.cwd,
            "mounts": [
                {"path": path, "writable": writable} for path, writable in self._tree.rights().items()
            ],
        }

    @property
    def pending(self) -> int:
        """Files that the program holds open."""
        return len(self._open)

    async def close(self) -> None:
        await self._open.close()

    # --- entries ---------------------------------------------------------------------------------

    async def stat_path(self, message: contract.StatPath, call: IncomingCall) -> StatAnswer:
        with _visible():
            return _answer(await self._tree.stat(message.path, follow=message.follow))

    async def read_directory(self, message: contract.ReadDirectory, call: IncomingCall) -> DirectoryAnswer:
        with _visible():
            async with self._large:
                limit = DIRECTORY_PAGE_ENTRIES + 1
                entries = await self._tree.readdir(message.path, after=message.after, limit=limit)
        page = entries[:DIRECTORY_PAGE_ENTRIES]
        return DirectoryAnswer(
            [(str(entry), entry.kind or "unknown") for entry in page], len(entries) == limit
        )

    async def make_directory(self, message: contract.MakeDirectory, call: IncomingCall) -> str | None:
        with _visible():
            if not message.recursive:
                await self._tree.mkdir(message.path)
                return message.path
            return await self._make_directories(message.path)

    async def remove_file(self, message: contract.RemoveFile, call: IncomingCall) -> None:
        with _visible():
            await self._tree.unlink(message.path)

    async def remove_directory(self, message: contract.RemoveDirectory, call: IncomingCall) -> None:
        with _visible():
            await self._tree.rmdir(message.path)

    async def remove_tree(self, message: contract.RemoveTree, call: IncomingCall) -> None:
        with _visible():
            async with self._large:
                await self._tree.remove_tree(message.path)

    async def rename_entry(self, message: contract.RenameEntry, call: IncomingCall) -> None:
        with _visible():
            await self._tree.rename(message.path, message.new_path)

    async def copy_file(self, message: contract.CopyFile, call: IncomingCall) -> None:
        with _visible():
            async with self._large:
                await self._tree.copy_file(message.path, message.new_path, exclusive=message.exclusive)

    async def read_link(self, message: contract.ReadLink, call: IncomingCall) -> str:
        with _visible():
            return await self._tree.read_link(message.path)

    async def resolve_path(self, message: contract.ResolvePath, call: IncomingCall) -> str:
        with _visible():
            return await self._tree.real_path(message.path)

    async def set_times(self, message: contract.SetTimes, call: IncomingCall) -> None:
        with _visible():
            await self._tree.set_times(message.path, _ns(message.atime_ms), _ns(message.mtime_ms))

    async def set_mode(self, message: contract.SetMode, call: IncomingCall) -> None:
        with _visible():
            await self._tree.set_mode(message.path, message.mode)

    # --- whole files and pieces ------------------------------------------------------------------

    async def read_piece(self, message: contract.ReadPiece, call: IncomingCall) -> Reply:
        with _visible():
            length = min(message.length, FILE_READ_LIMIT_BYTES)
            async with self._room_to_answer(length, call):
                piece = await self._tree.read_piece(message.path, message.offset, length)
            if message.version is not None and message.version != piece.stat.version:
                raise file_error(errno.ESTALE, message.path)
            return Reply(_answer(piece.stat), [piece.data])

    async def write_file(self, message: contract.WriteFile, call: IncomingCall) -> None:
        options = OpenOptions(
            read=False,
            write=True,
            append=message.append,
            create=message.create,
            exclusive=message.exclusive,
            truncate=message.truncate and not message.append,
            mode=message.mode,
        )
        with _visible(), self._pending_write(call):
            if len(call.attachments) == 1:
                await self._tree.write_file(message.path, call.attachments[0], options)
            else:
                await self._tree.write_file(message.path, b"".join(call.attachments), options)

    # --- handles ---------------------------------------------------------------------------------

    async def open_file(self, message: contract.OpenFile, call: IncomingCall) -> OpenedAnswer:
        options = OpenOptions(
            read=message.read,
            write=message.write,
            append=message.append,
            create=message.create,
            exclusive=message.exclusive,
            truncate=message.truncate,
            mode=message.mode,
        )
        with _visible(), self._place():
            file = await self._tree.open_file(message.path, options)
            handle = await self._open.add(file)
            return OpenedAnswer(handle, _answer(await file.stat()))

    async def open_swap(self, message: contract.OpenSwap, call: IncomingCall) -> OpenedAnswer:
        with _visible(), self._place():
            file = await self._tree.open_swap(message.path, keep_existing=message.keep_existing)
            handle = await self._open.add(file)
            return OpenedAnswer(handle, _answer(await file.stat()))

    async def commit_swap(self, message: contract.CommitSwap, call: IncomingCall) -> None:
        with _visible():
            file = self._open.take_swap(message.handle)
            try:
                await file.commit()
            finally:
                await file.close()

    async def read_handle(self, message: contract.ReadHandle, call: IncomingCall) -> Reply:
        with _visible():
            file = self._open.get(message.handle)
            length = min(message.length, FILE_READ_LIMIT_BYTES)
            async with self._room_to_answer(length, call):
                return Reply(None, [await file.read(message.offset, length)])

    async def write_handle(self, message: contract.WriteHandle, call: IncomingCall) -> int:
        with _visible(), self._pending_write(call):
            file = self._open.get(message.handle)
            written = 0
            for data in call.attachments:
                written += await file.write(data, message.offset + written)
            return written

    async def truncate_handle(self, message: contract.TruncateHandle, call: IncomingCall) -> None:
        with _visible():
            await self._open.get(message.handle).truncate(message.size)

    async def stat_handle(self, message: contract.StatHandle, call: IncomingCall) -> StatAnswer:
        with _visible():
            return _answer(await self._open.get(message.handle).stat())

    async def sync_handle(self, message: contract.SyncHandle, call: IncomingCall) -> None:
        with _visible():
            async with self._large:
                await self._open.get(message.handle).sync()

    async def set_handle_times(self, message: contract.SetHandleTimes, call: IncomingCall) -> None:
        with _visible():
            file = self._open.get(message.handle)
            await file.set_times(_ns(message.atime_ms), _ns(message.mtime_ms))

    async def close_handle(self, message: contract.CloseHandle, call: IncomingCall) -> None:
        with _visible():
            await self._open.take(message.handle).close()

    # --- bounds ----------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _room_to_answer(self, length: int, call: IncomingCall) -> AsyncIterator[None]:
        """Lets few large reads run, and none while the program does not take what was read for it."""
        if length <= _SMALL_READ_BYTES:
            yield
            return
        async with self._large:
            if not call.channel.serves_sync_call:  # a guest that blocks reads nothing meanwhile
                await call.channel.wait_writable()
            yield

    @contextlib.contextmanager
    def _pending_write(self, call: IncomingCall) -> Iterator[None]:
        size = sum(len(data) for data in call.attachments)
        if size and self._pending_writes_bytes + size > _PENDING_WRITES_LIMIT_BYTES:
            raise file_error(errno.ENOSPC, detail="too much content waits to be written")
        self._pending_writes_bytes += size
        try:
            yield
        finally:
            self._pending_writes_bytes -= size

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        self._open.reserve()
        try:
            yield
        finally:
            self._open.release()

    async def _make_directories(self, path: str) -> str | None:
        parts = split_path(path, max_depth=1_000)
        first = None
        for depth in range(1, len(parts) + 1):
            place = join_path(parts[:depth])
            try:
                if (await self._tree.stat(place)).kind != "directory":
                    raise file_error(errno.EEXIST if depth == len(parts) else errno.ENOTDIR, place)
            except FileNotFoundError:
                with contextlib.suppress(FileExistsError):  # somebody else was faster
                    await self._tree.mkdir(place)
                    first = first or place
        return first


@contextlib.contextmanager
def _visible() -> Iterator[None]:
    """File errors that leave the block become the program's: code, libuv's text, DOMException name."""
    try:
        yield
    except OSError as error:
        form = error_form(error)
        raise GuestVisibleError(form.dom_name, f"{form.code}: {form.text}", code=form.code) from error


def _answer(status: FileStat) -> StatAnswer:
    return StatAnswer(
        kind=status.kind,
        size=status.size,
        mtime_ms=status.mtime_ns / 1e6,
        atime_ms=status.atime_ns / 1e6,
        ctime_ms=status.ctime_ns / 1e6,
        birthtime_ms=status.birthtime_ns / 1e6,
        mode=status.mode,
        inode=status.inode,
        links=status.links,
        blocks=status.blocks,
        version=status.version,
    )


def _ns(milliseconds: float) -> int:
    return int(milliseconds * 1e6)
