"""What the browser's host half gets from its neighbours: files, the fetch policy, the console."""

from __future__ import annotations

import inspect
import posixpath
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.browser.bindings import BrowserGrant, as_browser_bindings
from isolatejs.capabilities.fetch.policy.binding import FetchBinding
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.host.inherited_fetch import InheritedFetch

if TYPE_CHECKING:
    from isolatejs.capabilities.files.file_tree import FileTree
    from isolatejs.host.bindings import Bindings


class FileTreeAccess:
    """The files binding as the browser uses it: whole files by virtual path."""

    def __init__(self, tree: FileTree, identity: int) -> None:
        self._tree = tree
        self.identity = identity

    async def read(self, path: str) -> bytes:
        return await self._tree.read_file(_absolute(path))

    async def write(self, path: str, data: bytes) -> None:
        path = _absolute(path)
        parent = ""
        for segment in path.split("/")[1:-1]:
            parent += f"/{segment}"
            try:
                await self._tree.mkdir(parent)
            except FileExistsError:
                continue
        await self._tree.write_file(path, data)


class CallbackAccess:
    """Files by the embedder's `read_file` and `write_file`."""

    def __init__(self, read: Any, write: Any) -> None:
        self._read = read
        self._write = write
        self.identity = id(read)

    async def read(self, path: str) -> bytes:
        if self._read is None:
            raise PermissionError(1, "reading is not granted")
        return bytes(await _awaited(self._read(path)))

    async def write(self, path: str, data: bytes) -> None:
        if self._write is None:
            raise PermissionError(1, "writing is not granted")
        await _awaited(self._write(path, data))


def browser_grant(bindings: Bindings) -> BrowserGrant:
    """The grant for these bindings. Raises ConfigurationError for a wrong browser binding."""
    browser = as_browser_bindings(bindings.browser)
    files: FileTreeAccess | CallbackAccess | None = None
    if browser.read_file is not None or browser.write_file is not None:
        files = CallbackAccess(browser.read_file, browser.write_file)
    elif bindings.files is not None:
        files = FileTreeAccess(as_file_tree(bindings.files), id(bindings.files))
    fetch = bindings.fetch.binding if isinstance(bindings.fetch, InheritedFetch) else bindings.fetch
    if isinstance(fetch, FetchBinding):
        return BrowserGrant(browser, files, fetch.check_url, fetch.open_socket)
    return BrowserGrant(browser, files)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))
