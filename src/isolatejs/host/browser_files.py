"""Files as the browser uses them, whole ones by virtual path: of the files binding, or of the embedder's callbacks."""

from __future__ import annotations

import inspect
import posixpath
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.files.file_tree import OpenOptions

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import FileAccess, Held
    from isolatejs.capabilities.files.file_tree import FileTree

_NEW = "+new"
"""Ends the name of a file that is about to replace another; no profile id can hold it."""


class _HeldNames:
    """Names that are held in this process, of files that are the same object."""

    def __init__(self) -> None:
        self._held: list[tuple[Any, str]] = []

    def take(self, files: Any, path: str) -> HeldName | None:
        """The name, unless it is held already."""
        if any(held == path and same == files for same, held in self._held):
            return None
        entry = (files, path)
        self._held.append(entry)
        return HeldName(self._held, entry)


class HeldName:
    """A name that nobody else in this process has, and the file whose lock keeps other processes off."""

    def __init__(self, held: list[tuple[Any, str]], entry: tuple[Any, str]) -> None:
        self._names = held
        self._entry = entry
        self.file: Any = None

    async def close(self) -> None:
        """Let others hold it."""
        self._names[:] = [entry for entry in self._names if entry is not self._entry]
        if self.file is not None:
            await self.file.close()


_names = _HeldNames()


class FileTreeAccess:
    """The files binding as the browser uses it: whole files by virtual path."""

    def __init__(self, tree: FileTree, bindings: Any) -> None:
        self._tree = tree
        self._bindings = bindings

    async def read(self, path: str) -> bytes:
        return await self._tree.read_file(_absolute(path))

    async def write(self, path: str, data: bytes) -> None:
        path = _absolute(path)
        await self._make_parents(path)
        await self._tree.write_file(path, data)

    async def replace(self, path: str, data: bytes) -> None:
        path = _absolute(path)
        await self.write(path + _NEW, data)
        await self._tree.rename(path + _NEW, path)

    async def remove_tree(self, path: str) -> None:
        with suppress(FileNotFoundError):
            await self._tree.remove_tree(_absolute(path))

    async def hold(self, path: str) -> Held | None:
        path = _absolute(path)
        name = _names.take(_Same(self._bindings), path)
        if name is None:
            return None
        try:
            await self._make_parents(path)
            name.file = await self._tree.open_file(path, OpenOptions(write=True, create=True))
            is_free = await name.file.try_lock()
        except OSError:  # read-only: what nobody changes needs no lock
            return name
        if is_free:
            return name
        await name.close()
        return None

    async def _make_parents(self, path: str) -> None:
        parent = ""
        for segment in path.split("/")[1:-1]:
            parent += f"/{segment}"
            try:
                await self._tree.mkdir(parent)
            except FileExistsError:
                continue


class CallbackAccess:
    """Files by the embedder's `read_file` and `write_file`: nothing can be renamed, removed or locked.

    What has no callback is done by `others`, where there are any.
    """

    def __init__(self, read: Any, write: Any, others: FileAccess | None = None) -> None:
        self._read = read
        self._write = write
        self._others = others

    async def read(self, path: str) -> bytes:
        if self._read is not None:
            return bytes(await _awaited(self._read(path)))
        if self._others is None:
            raise PermissionError(1, "reading is not granted")
        return await self._others.read(path)

    async def write(self, path: str, data: bytes) -> None:
        if self._write is not None:
            await _awaited(self._write(path, data))
        elif self._others is None:
            raise PermissionError(1, "writing is not granted")
        else:
            await self._others.write(path, data)

    async def replace(self, path: str, data: bytes) -> None:
        if self._write is None and self._others is not None:
            await self._others.replace(path, data)
        else:
            await self.write(path, data)

    async def remove_tree(self, path: str) -> None:
        """With a callback, what is left is written over the next time."""
        if self._write is None and self._others is not None:
            await self._others.remove_tree(path)

    async def hold(self, path: str) -> Held | None:
        if self._write is None and self._others is not None:
            return await self._others.hold(path)
        return _names.take((self._read, self._write), path)


class _Same:
    """Equal when it is of the same object: bindings may be dicts, which are equal when they look alike."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.target is self.target

    __hash__ = object.__hash__


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))
