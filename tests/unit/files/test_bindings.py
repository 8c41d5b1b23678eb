"""What an embedder may pass as `files`, and what it is told when it is wrong."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import ConfigurationError, MemoryFiles, create_file_bindings
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.capabilities.files.entries import FileStat, stat_from_anything
from isolatejs.capabilities.files.file_errors import error_form, file_error, without_host_path
from isolatejs.capabilities.files.file_tree import OpenOptions
from isolatejs.limits import WHOLE_FILE_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def failure(number: int) -> Any:
    return pytest.raises(OSError, check=lambda error: error.errno == number)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: create_file_bindings(), "needs a root or roots"),
        (lambda path: create_file_bindings(path / "none"), "is no directory"),
        (lambda path: create_file_bindings(path, roots={"relative": path}), "no absolute, normal path"),
        (lambda path: create_file_bindings(path, roots={"/a/../b": path}), "no absolute, normal path"),
        (lambda path: create_file_bindings(path, roots={"/": path}), "given twice"),
        (lambda path: create_file_bindings(path, roots={"/a": (path, "w")}), '"r" or "rw"'),
        (lambda path: create_file_bindings(path, quota_bytes=-1), "quota_bytes"),
        (lambda path: create_file_bindings(path, quota_bytes=True), "quota_bytes"),
        (lambda path: create_file_bindings(path, allow_write="no"), "allow_write"),  # type: ignore[arg-type]
        (lambda path: create_file_bindings(path, max_depth=0), "max_depth"),
        (lambda path: create_file_bindings(path, hard_links="yes"), "hard_links"),  # type: ignore[arg-type]
        (lambda path: as_file_tree(5), "has no read_file, readdir, stat"),
        (lambda path: as_file_tree({"rot": path}), "did you mean 'root'"),
        (lambda path: as_file_tree({"read_fil": 1, "stat": 2}), "did you mean 'read_file'"),
        (lambda path: as_file_tree({"read_file": lambda p: b""}), "has no readdir, stat"),
    ],
)
def test_wrong_bindings_are_refused(tmp_path: Path, make: Callable[[Path], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(")):
        make(tmp_path)


async def test_a_dict_of_options_and_a_dict_of_methods(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    tree = as_file_tree({"root": tmp_path})
    assert tree.rights() == {"/": False}
    assert await tree.read_file("/f") == b"x"
    with failure(errno.EROFS):
        await tree.write_file("/f", b"")
    methods = as_file_tree(
        {
            "read_file": lambda p: b"y",
            "readdir": lambda p: ["f"],
            "stat": lambda p: {"kind": "file", "size": 1},
        }
    )
    assert methods.rights() == {"/": False}
    assert await methods.read_file("/f") == b"y"
    with failure(errno.EROFS):
        await methods.write_file("/f", b"")


async def test_a_writable_root_is_made(tmp_path: Path) -> None:
    tree = create_file_bindings(tmp_path / "new" / "root", allow_write=True)
    await tree.write_file("/f", b"x")
    assert (tmp_path / "new" / "root" / "f").read_bytes() == b"x"
    create_file_bindings(roots={"/out": (tmp_path / "other", "rw")})
    assert (tmp_path / "other").is_dir()


async def test_mounts_have_their_own_rights(tmp_path: Path) -> None:
    for name in ("base", "data", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    (tmp_path / "base" / "data").mkdir()
    (tmp_path / "base" / "data" / "hidden").touch()
    memory = MemoryFiles({"/m": "memory"})
    tree = create_file_bindings(
        tmp_path / "base",
        roots={
            "/data": tmp_path / "data",
            "/deep/out": (tmp_path / "out", "rw"),
            "/deep/out/scratch": (memory, "rw"),
        },
    )
    assert tree.rights() == {"/": False, "/data": False, "/deep/out": True, "/deep/out/scratch": True}
    listing = {
        path: [str(entry) for entry in await tree.readdir(path)]
        for path in ("/", "/data", "/deep", "/deep/out")
    }
    assert listing == {
        "/": ["data", "deep", "f"],
        "/data": ["f"],
        "/deep": ["out"],
        "/deep/out": ["f", "scratch"],
    }
    assert [await tree.read_file(p) for p in ("/f", "/data/f", "/deep/out/f", "/deep/out/scratch/m")] == [
        b"base",
        b"data",
        b"out",
        b"memory",
    ]
    await tree.write_file("/deep/out/new", b"")
    await tree.copy_file("/deep/out/f", "/deep/out/scratch/copy", exclusive=False)
    assert await memory.read_file("/copy") == b"out"
    for path in ("/f", "/data/f", "/deep/f", "/other"):
        with failure(errno.EROFS):
            await tree.write_file(path, b"")
    with failure(errno.EXDEV):
        await tree.rename("/deep/out/f", "/deep/out/scratch/f")
    for attempt in (
        tree.rmdir("/deep/out/scratch"),
        tree.remove_tree("/deep"),
        tree.rename("/deep/out", "/x"),
    ):
        with failure(errno.EBUSY):
            await attempt
    with failure(errno.EEXIST):
        await tree.mkdir("/deep/out/scratch")
    with failure(errno.EISDIR):
        await tree.read_file("/deep")
    assert await tree.real_path("/deep/out/scratch") == "/deep/out/scratch"
    assert await tree.real_path("/deep/out/scratch/m") == "/deep/out/scratch/m"
    assert (await tree.stat("/deep")).kind == "directory"


async def test_without_a_root_the_way_to_a_mount_is_all_there_is(tmp_path: Path) -> None:
    tree = create_file_bindings(roots={"/a/b": (tmp_path, "rw")})
    assert [str(entry) for entry in await tree.readdir("/")] == ["a"]
    assert [str(entry) for entry in await tree.readdir("/a")] == ["b"]
    with failure(errno.ENOENT):
        await tree.stat("/x")
    with failure(errno.ENOENT):
        await tree.write_file("/a/x", b"")


async def test_what_an_object_raises_reaches_nobody_in_its_own_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(path: str) -> bytes:
        raise RuntimeError("/home/user/token")

    errors = {
        "/missing": FileNotFoundError("/home/user"),
        "/denied": PermissionError(errno.EACCES, "no", "/home/user"),
        "/odd": OSError(12345, "what"),
        "/todo": NotImplementedError(),
    }

    def read(path: str) -> bytes:
        if path in errors:
            raise errors[path]
        return broken(path)

    tree = as_file_tree({"read_file": read, "readdir": lambda p: 5, "stat": lambda p: "nonsense"})
    numbers = {}
    for path in (*errors, "/broken"):
        with pytest.raises(OSError) as caught:
            await tree.read_file(path)
        assert "home" not in str(caught.value)
        numbers[path] = caught.value.errno
    assert numbers == {
        "/missing": errno.ENOENT,
        "/denied": errno.EACCES,
        "/odd": errno.EIO,
        "/todo": errno.ENOSYS,
        "/broken": errno.EIO,
    }
    assert "read_file() of the file bindings failed" in caplog.text
    with failure(errno.EIO):
        await tree.stat("/x")


def test_stat_from_anything() -> None:
    assert stat_from_anything(FileStat("directory")).kind == "directory"
    assert stat_from_anything({"type": "file", "size": 3, "mtime": 2}).mtime_ns == 2_000_000_000
    assert stat_from_anything({"is_directory": True}).kind == "directory"
    for wrong in (None, {}, {"kind": "door"}, 5):
        with pytest.raises(TypeError):
            stat_from_anything(wrong)


def test_errors_keep_their_words_only_when_they_are_ours() -> None:
    own = file_error(errno.EDQUOT, detail="disk quota exceeded (quota_bytes=5)")
    assert error_form(without_host_path(own, "/v")).text == "disk quota exceeded (quota_bytes=5)"
    foreign = OSError(errno.EDQUOT, "text of /host", "/host/path")
    told = without_host_path(foreign, "/v")
    assert (told.filename, error_form(told).code, error_form(told).text) == (
        "/v",
        "EDQUOT",
        "disk quota exceeded",
    )
    assert error_form(OSError(99999, "?")).code == "EIO"
    assert (error_form(PermissionError("x")).code, error_form(PermissionError("x")).dom_name) == (
        "EACCES",
        "NotAllowedError",
    )


async def test_open_files_of_an_own_object_hold_so_much_and_no_more() -> None:
    class Store:
        def read_file(self, path: str) -> bytes:
            return b""

        def readdir(self, path: str) -> Any:
            return 5

        def stat(self, path: str) -> Any:
            return {"kind": "file", "size": 0, "mtime": float("nan") if path == "/odd" else 0}

        def write_file(self, path: str, data: bytes) -> None: ...

        unlink = mkdir = rmdir = rename = write_file

    tree = as_file_tree(Store())
    options = OpenOptions(write=True)
    files = [await tree.open_file(f"/{number}", options) for number in range(6)]
    for file in files[:4]:
        await file.truncate(WHOLE_FILE_LIMIT_BYTES)
    with pytest.raises(OSError, match="hold too much content"):
        await files[4].write(b"x", 0)
    await files[0].truncate(0)
    assert await files[4].write(b"x", 0) == 1
    for file in files:
        await file.close()
    assert tree._held.bytes == 0  # type: ignore[attr-defined]
    for answer in (tree.stat("/odd"), tree.readdir("/")):
        with pytest.raises(OSError) as caught:
            await answer
        assert caught.value.errno == errno.EIO


@pytest.mark.parametrize(
    "make",
    [
        lambda: MemoryFiles({"a.txt": "x"}),
        lambda: MemoryFiles({"/a": 5}),  # type: ignore[dict-item]
        lambda: MemoryFiles({5: "x"}),  # type: ignore[dict-item]
        lambda: MemoryFiles({"/a": "x", "/a/b": "y"}),
        lambda: MemoryFiles({"/": "x"}),
        lambda: MemoryFiles({"/a": "xyz"}, quota_bytes=1),
        lambda: MemoryFiles(quota_bytes="x"),  # type: ignore[arg-type]
        lambda: MemoryFiles(max_depth=-1),
    ],
)
def test_memory_files_that_cannot_be_are_refused(make: Callable[[], MemoryFiles]) -> None:
    with pytest.raises(ConfigurationError):
        make()
