"""One suite for every kind of file tree: what a program can rely on, whatever is behind it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from isolatejs.capabilities.files.bindings import as_file_tree, create_file_bindings
from isolatejs.capabilities.files.file_tree import FileTree, OpenOptions
from isolatejs.capabilities.files.fsspec_files import fsspec_files
from isolatejs.capabilities.files.memory_files import MemoryFiles
from isolatejs.capabilities.files.mounted_files import Mount, MountedFiles
from isolatejs.capabilities.files.rooted_files import RootedFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


class PlainObject:
    """The smallest object that an embedder can pass: eight plain methods over a dictionary."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.directories = {"/"}

    def _require_parent(self, path: str) -> None:
        parent = path.rpartition("/")[0] or "/"
        if parent in self.files:
            raise NotADirectoryError(parent)
        if parent not in self.directories:
            raise FileNotFoundError(parent)

    def read_file(self, path: str) -> bytes:
        if path in self.directories:
            raise IsADirectoryError(path)
        return self.files[path] if path in self.files else self._missing(path)

    def _missing(self, path: str) -> bytes:
        self._require_parent(path)
        raise FileNotFoundError(path)

    def write_file(self, path: str, data: bytes) -> None:
        self._require_parent(path)
        if path in self.directories:
            raise IsADirectoryError(path)
        self.files[path] = data

    def unlink(self, path: str) -> None:
        self.read_file(path)
        del self.files[path]

    def readdir(self, path: str) -> list[str]:
        if path not in self.directories:
            self.read_file(path)
            raise NotADirectoryError(path)
        prefix = path.rstrip("/") + "/"
        names = [*self.files, *self.directories]
        return [
            n[len(prefix) :]
            for n in names
            if n.startswith(prefix) and n != "/" and "/" not in n[len(prefix) :]
        ]

    def mkdir(self, path: str) -> None:
        self._require_parent(path)
        if path in self.directories or path in self.files:
            raise FileExistsError(path)
        self.directories.add(path)

    def rmdir(self, path: str) -> None:
        if self.readdir(path):
            raise OSError(errno.ENOTEMPTY, "not empty")
        self.directories.remove(path)

    def stat(self, path: str) -> dict[str, Any]:
        if path in self.directories:
            return {"kind": "directory"}
        return {"kind": "file", "size": len(self.read_file(path)), "mtime": 1.5}

    def rename(self, path: str, new_path: str) -> None:
        self.stat(path)
        self._require_parent(new_path)
        for names in (self.files, self.directories):
            for name in [n for n in names if n == path or n.startswith(path + "/")]:
                if isinstance(names, dict):
                    names[new_path + name[len(path) :]] = names.pop(name)
                else:
                    names.remove(name)
                    names.add(new_path + name[len(path) :])


TREES: dict[str, Callable[[Path], FileTree]] = {
    "openat2": lambda root: RootedFiles(str(root), use_openat2=True),
    "walk": lambda root: RootedFiles(str(root), use_openat2=False),
    "quota": lambda root: RootedFiles(str(root), quota_bytes=1 << 20, quota_files=100),
    "memory": lambda root: MemoryFiles(),
    "mounted": lambda root: create_file_bindings(root, allow_write=True),
    "below a mount": lambda root: _Below(
        create_file_bindings(roots={"/deep/mount": (root, "rw")}), "/deep/mount"
    ),
    "object": lambda root: as_file_tree(PlainObject()),
    "fsspec": lambda root: fsspec_files(
        fsspec.filesystem("dir", path=str(root), fs=fsspec.filesystem("file"))
    ),
}


class _Below(MountedFiles):
    """Runs the suite below a mount point: prefixes every path."""

    def __init__(self, tree: MountedFiles, prefix: str) -> None:
        super().__init__([Mount("/", _Prefixed(tree, prefix), writable=True)])


class _Prefixed(FileTree):
    def __init__(self, tree: FileTree, prefix: str) -> None:
        self._tree, self._prefix = tree, prefix

    def _at(self, path: str) -> str:
        return self._prefix + ("" if path == "/" else path)

    async def stat(self, path: str, *, follow: bool = True) -> Any:
        return await self._tree.stat(self._at(path), follow=follow)

    async def readdir(self, path: str, *, after: str | None = None, limit: int | None = None) -> Any:
        return await self._tree.readdir(self._at(path), after=after, limit=limit)

    async def mkdir(self, path: str) -> None:
        await self._tree.mkdir(self._at(path))

    async def rmdir(self, path: str) -> None:
        await self._tree.rmdir(self._at(path))

    async def unlink(self, path: str) -> None:
        await self._tree.unlink(self._at(path))

    async def rename(self, path: str, new_path: str) -> None:
        await self._tree.rename(self._at(path), self._at(new_path))

    async def open_file(self, path: str, options: OpenOptions) -> Any:
        return await self._tree.open_file(self._at(path), options)

    async def open_swap(self, path: str, *, keep_existing: bool) -> Any:
        return await self._tree.open_swap(self._at(path), keep_existing=keep_existing)


@pytest.fixture(params=TREES)
async def tree(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileTree]:
    made = TREES[request.param](tmp_path)
    yield made
    made.close()


def failure(number: int) -> Any:
    """Expects an OSError of this number."""
    return pytest.raises(OSError, check=lambda error: error.errno == number)


async def test_a_file_is_written_and_read(tree: FileTree) -> None:
    await tree.write_file("/a.txt", b"one")
    await tree.write_file("/a.txt", b"second")
    assert await tree.read_file("/a.txt") == b"second"
    status = await tree.stat("/a.txt")
    assert (status.kind, status.size) == ("file", 6)
    piece = await tree.read_piece("/a.txt", 2, 3)
    assert (piece.data, piece.stat.size) == (b"con", 6)
    assert (await tree.read_piece("/a.txt", 99, 3)).data == b""


async def test_directories_are_made_listed_and_removed(tree: FileTree) -> None:
    await tree.mkdir("/d")
    await tree.write_file("/d/b", b"")
    await tree.mkdir("/d/a")
    await tree.write_file("/d/ü", b"")
    entries = await tree.readdir("/d")
    assert [(str(e), e.kind) for e in entries] == [("a", "directory"), ("b", "file"), ("ü", "file")]
    assert [str(e) for e in await tree.readdir("/d", after="a", limit=1)] == ["b"]
    with failure(errno.EEXIST):
        await tree.mkdir("/d")
    with failure(errno.ENOTEMPTY):
        await tree.rmdir("/d")
    await tree.rmdir("/d/a")
    await tree.remove_tree("/d")
    assert await tree.readdir("/") == []


@pytest.mark.parametrize(
    ("path", "number"),
    [("/none", errno.ENOENT), ("/none/x", errno.ENOENT), ("/f/x", errno.ENOTDIR), ("/d", errno.EISDIR)],
)
async def test_reading_what_is_no_file(tree: FileTree, path: str, number: int) -> None:
    await tree.write_file("/f", b"")
    await tree.mkdir("/d")
    with failure(number) as caught:
        await tree.read_file(path)
    assert caught.value.filename is None or caught.value.filename == path


async def test_what_is_missing_cannot_be_used(tree: FileTree) -> None:
    for attempt in (
        tree.unlink("/x"),
        tree.rmdir("/x"),
        tree.stat("/x"),
        tree.readdir("/x"),
        tree.rename("/x", "/y"),
    ):
        with failure(errno.ENOENT):
            await attempt
    with failure(errno.ENOENT):
        await tree.mkdir("/x/y")
    with failure(errno.ENOENT):
        await tree.write_file("/x/y", b"")


async def test_unlink_refuses_a_directory_and_rmdir_a_file(tree: FileTree) -> None:
    await tree.mkdir("/d")
    await tree.write_file("/f", b"")
    with failure(errno.EISDIR):
        await tree.unlink("/d")
    with failure(errno.ENOTDIR):
        await tree.rmdir("/f")


async def test_rename_moves_files_and_directories(tree: FileTree) -> None:
    await tree.mkdir("/d")
    await tree.write_file("/d/f", b"x")
    await tree.rename("/d/f", "/d/g")
    await tree.rename("/d", "/e")
    assert await tree.read_file("/e/g") == b"x"
    assert [str(e) for e in await tree.readdir("/")] == ["e"]


async def test_an_open_file_reads_and_writes_at_positions(tree: FileTree) -> None:
    file = await tree.open_file("/f", OpenOptions(write=True, create=True))
    assert await file.write(b"hello", 0) == 5
    await file.write(b"!", 7)
    assert await file.read(0, 100) == b"hello\0\0!"
    assert await file.read(6, 1) == b"\0"
    await file.truncate(2)
    await file.truncate(4)
    assert (await file.stat()).size == 4
    await file.sync()
    await file.close()
    await file.close()
    assert await tree.read_file("/f") == b"he\0\0"
    with failure(errno.EBADF):
        await file.read(0, 1)


async def test_open_options(tree: FileTree) -> None:
    with failure(errno.ENOENT):
        await tree.open_file("/f", OpenOptions())
    await tree.write_file("/f", b"one")
    with failure(errno.EEXIST):
        await tree.open_file("/f", OpenOptions(write=True, create=True, exclusive=True))
    for options in (OpenOptions(write=True, append=True), OpenOptions(read=False, append=True)):
        file = await tree.open_file("/f", options)
        await file.write(b"+", 0)
        await file.close()
    assert await tree.read_file("/f") == b"one++"
    writer = await tree.open_file("/f", OpenOptions(read=False, write=True))
    with failure(errno.EBADF):
        await writer.read(0, 1)
    await writer.close()
    reader = await tree.open_file("/f", OpenOptions())
    with failure(errno.EBADF):
        await reader.write(b"x", 0)
    await reader.close()
    writer = await tree.open_file("/f", OpenOptions(write=True, truncate=True))
    await writer.close()
    assert await tree.read_file("/f") == b""


async def test_a_swap_is_seen_only_after_commit(tree: FileTree) -> None:
    await tree.write_file("/f", b"old content")
    swap = await tree.open_swap("/f", keep_existing=True)
    await swap.write(b"new", 0)
    await swap.truncate(8)
    assert await tree.read_file("/f") == b"old content"
    assert [str(e) for e in await tree.readdir("/")] == ["f"]
    await swap.commit()
    assert await tree.read_file("/f") == b"new cont"
    dropped = await tree.open_swap("/f", keep_existing=False)
    await dropped.write(b"never", 0)
    await dropped.close()
    assert await tree.read_file("/f") == b"new cont"
    with failure(errno.ENOENT):
        await tree.open_swap("/none", keep_existing=False)
    await tree.mkdir("/d")
    with failure(errno.EISDIR):
        await tree.open_swap("/d", keep_existing=False)


async def test_copy_and_remove(tree: FileTree) -> None:
    await tree.write_file("/a", b"x" * 300_000)
    await tree.copy_file("/a", "/b", exclusive=True)
    assert await tree.read_file("/b") == b"x" * 300_000
    with failure(errno.EEXIST):
        await tree.copy_file("/a", "/b", exclusive=True)
    await tree.remove_tree("/a")
    with failure(errno.ENOENT):
        await tree.stat("/a")


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("relative", errno.EINVAL),
        ("/a/../b", errno.EINVAL),
        ("/./a", errno.EINVAL),
        ("/a//b", errno.EINVAL),
        ("/a\0b", errno.EINVAL),
        ("/" + "n" * 256, errno.ENAMETOOLONG),
        ("/" + "ü" * 128, errno.ENAMETOOLONG),
        ("/" + "/".join("d" * 200 for _ in range(30)), errno.ENAMETOOLONG),
        ("/d" * 65, errno.ENAMETOOLONG),
        ("/a\ud800", errno.EILSEQ),
        ("/.isolatejs-x.swap", errno.ENOENT),
    ],
)
async def test_malformed_paths_are_refused(tree: FileTree, path: str, number: int) -> None:
    with failure(number):
        await tree.stat(path)
    with failure(number):
        await tree.write_file(path, b"")
    with failure(number):
        await tree.mkdir(path)


async def test_percent_signs_and_backslashes_are_ordinary(tree: FileTree) -> None:
    for name in ("%2e%2e", "..%2f", "a\\b", "...", " ", "~"):
        await tree.write_file(f"/{name}", b"")
    assert len(await tree.readdir("/")) == 6
