"""The files of a files binding as those among which snapshots are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isolatejs.capabilities.files.file_tree import FileTree, OpenOptions

if TYPE_CHECKING:
    from collections.abc import Iterable


class TreeSnapshotFiles:
    """SnapshotFiles over a file tree, which checks every path and every right once more."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree

    async def kind(self, path: str) -> str | None:
        """The entry's own kind: links are not followed; a file that has other names is `several`."""
        try:
            status = await self._tree.stat(path, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return "several" if status.kind == "file" and status.links > 1 else status.kind

    async def entries(self, path: str, limit: int) -> Iterable[tuple[str, str | None]]:
        return [(str(entry), entry.kind) for entry in await self._tree.readdir(path, limit=limit)]

    async def read(self, path: str, limit_bytes: int) -> bytes:
        return (await self._tree.read_piece(path, 0, limit_bytes)).data

    async def create(self, path: str, data: bytes) -> None:
        options = OpenOptions(read=False, write=True, create=True, exclusive=True)
        await self._tree.write_file(path, data, options)

    async def replace(self, path: str, data: bytes) -> None:
        """In one step, so that a test runner that reads it meanwhile sees one text or the other."""
        file = await self._tree.open_swap(path, keep_existing=False)
        try:
            await file.write(data, 0)
            await file.commit()
        finally:
            await file.close()

    async def make_directory(self, path: str) -> None:
        await self._tree.mkdir(path)
