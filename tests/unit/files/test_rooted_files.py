"""What only a root directory of the host has: links, descriptors, threads, quota accounts."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import random
import string
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isolatejs.capabilities.files.file_tree import OpenOptions
from isolatejs.capabilities.files.openat2 import has_openat2, is_kernel_interface, openat2
from isolatejs.capabilities.files.rooted_files import RootedFiles

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not has_openat2(), reason="needs openat2")
WRITE = OpenOptions(write=True, create=True)


def failure(number: int) -> Any:
    return pytest.raises(OSError, check=lambda error: error.errno == number)


def open_descriptors() -> int:
    gc.collect()  # roots of earlier tests
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(params=[True, False], ids=["openat2", "walk"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> RootedFiles:
    return RootedFiles(str(tmp_path), use_openat2=request.param)


def test_openat2_keeps_below_the_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    fd = os.open(tmp_path, os.O_PATH)
    try:
        for path, number in ((b"..", errno.EXDEV), (b"/etc", errno.EXDEV), (b"link/passwd", errno.EXDEV)):
            with failure(number):
                openat2(fd, path, os.O_RDONLY)
        inner = openat2(fd, b".", os.O_RDONLY | os.O_DIRECTORY)
        assert not os.get_inheritable(inner)
        os.close(inner)
    finally:
        os.close(fd)


def test_kernel_interfaces_are_known(tmp_path: Path) -> None:
    for path, expected in (("/proc", True), ("/sys", True), (str(tmp_path), False)):
        fd = os.open(path, os.O_RDONLY)
        assert is_kernel_interface(fd) is expected
        os.close(fd)


async def test_links(tree: RootedFiles, tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "file").write_text("x")
    for name, target in {
        "to-file": "d/file",
        "to-directory": "d/e",
        "d/e/up": "../file",
        "d/e/top": "../..",
        "chain": "to-file",
        "round": "d/../d/./file",
        "dangling": "none",
        "loop": "loop",
        "out": "../",
        "absolute": str(tmp_path / "d"),
        "through": "d/e/top/d/e/top/to-file",
        "slash": "d/e/",
    }.items():
        (tmp_path / name).symlink_to(target)
    for path in (
        "/to-file",
        "/chain",
        "/round",
        "/to-directory/up",
        "/d/e/top/chain",
        "/through",
        "/slash/up",
    ):
        assert await tree.read_file(path) == b"x", path
        assert await tree.real_path(path) == "/d/file", path
    assert await tree.real_path("/d/e/top") == "/"
    assert await tree.real_path("/") == "/"
    assert (await tree.stat("/to-directory")).kind == "directory"
    assert (await tree.stat("/to-directory", follow=False)).kind == "symlink"
    assert await tree.read_link("/round") == "d/../d/./file"
    for path, number in {
        "/dangling": errno.ENOENT,
        "/loop": errno.ELOOP,
        "/out": errno.EACCES,
        "/absolute": errno.EACCES,
        "/out/x": errno.EACCES,
        "/to-file/x": errno.ENOTDIR,
    }.items():
        with failure(number):
            await tree.read_file(path)
    with failure(errno.EACCES):
        await tree.read_link("/absolute")
    with failure(errno.EEXIST):
        await tree.write_file("/dangling", b"")
    await tree.write_file("/to-file", b"through the link")
    assert (tmp_path / "d" / "file").read_text() == "through the link"
    await tree.rename("/to-file", "/moved")
    assert (tmp_path / "moved").is_symlink()
    await tree.remove_tree("/to-directory")
    assert (tmp_path / "d" / "e").is_dir()


async def test_a_swap_follows_a_link_and_keeps_the_mode(tree: RootedFiles, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "target").chmod(0o640)
    (tmp_path / "link").symlink_to("target")
    swap = await tree.open_swap("/link", keep_existing=True)
    await swap.write(b"N", 0)
    await swap.commit()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "Nld"
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o640


async def test_errors_tell_no_host_path(tree: RootedFiles, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    attempts: list[Any] = [
        tree.read_file("/none"),
        tree.readdir("/none"),
        tree.rmdir("/none"),
        tree.rename("/none", "/d"),
        tree.open_file("/d", OpenOptions()),
        tree.open_swap("/none", keep_existing=False),
        tree.remove_tree("/none"),
        tree.set_mode("/none", 0),
    ]
    for attempt in attempts:
        with pytest.raises(OSError) as caught:
            await attempt
        assert str(tmp_path) not in repr(caught.value) + str(caught.value)
        assert caught.value.filename in ("/none", "/d")


async def test_no_operation_leaves_a_descriptor(tree: RootedFiles, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("..")
    before = open_descriptors()
    for _ in range(3):
        await tree.write_file("/f", b"x")
        await tree.read_file("/f")
        await tree.mkdir("/d")
        for attempt in (
            tree.stat("/link"),
            tree.open_file("/d", WRITE),
            tree.write_file("/none/x", b""),
            tree.open_swap("/d", keep_existing=True),
            tree.read_file("/link/x"),
            tree.mkdir("/d"),
        ):
            with pytest.raises(OSError):
                await attempt
        swap = await tree.open_swap("/f", keep_existing=True)
        await swap.close()
        swap = await tree.open_swap("/f", keep_existing=True)
        await swap.commit()
        await tree.remove_tree("/d")
        await tree.unlink("/f")
    assert open_descriptors() == before
    assert list(os.listdir(tmp_path)) == ["link"]


async def test_close_waits_for_work_under_way(tmp_path: Path) -> None:
    """A descriptor that a thread still reads is not closed, so its number cannot mean another file."""
    tree = RootedFiles(str(tmp_path))
    (tmp_path / "big").write_bytes(bytes(4_000_000))
    (tmp_path / "other").write_bytes(b"!" * 4_000_000)
    for _ in range(20):
        file = await tree.open_file("/big", OpenOptions())
        reads = [asyncio.create_task(file.read(0, 4_000_000)) for _ in range(4)]
        await asyncio.sleep(0)
        await file.close()
        other = await tree.open_file("/other", OpenOptions())
        for data in await asyncio.gather(*reads):
            assert set(data) == {0}
        await other.close()


async def test_a_cancelled_open_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = RootedFiles(str(tmp_path), quota_files=100)
    (tmp_path / "f").write_bytes(b"x")
    await tree.usage()
    before = open_descriptors()
    entered, go_on, left = threading.Event(), threading.Event(), threading.Event()
    real = tree._open_or_create

    def slow(*args: Any) -> Any:
        entered.set()
        go_on.wait()
        try:
            return real(*args)
        finally:
            left.set()

    monkeypatch.setattr(tree, "_open_or_create", slow)
    task = asyncio.create_task(tree.open_file("/f", WRITE))
    await asyncio.to_thread(entered.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await asyncio.to_thread(left.wait)
    while open_descriptors() > before:  # the worker thread closes it
        await asyncio.to_thread(threading.Event().wait, 0.001)


async def test_the_account_follows_what_happens(tmp_path: Path) -> None:
    """Whatever is done, the account says what is there, files that are open but unlinked included."""
    tree = RootedFiles(str(tmp_path), quota_bytes=50_000, quota_files=40)
    choose = random.Random(7)
    names = [f"/{letter}" for letter in string.ascii_lowercase[:6]]
    handles: list[Any] = []
    for _ in range(1_500):
        name, other = choose.choice(names), choose.choice(names)
        size = choose.randrange(6_000)
        try:
            match choose.randrange(9):
                case 0:
                    await tree.write_file(name, bytes(size))
                case 1:
                    await tree.write_file(
                        name, bytes(size), OpenOptions(read=False, append=True, create=True)
                    )
                case 2:
                    await tree.unlink(name)
                case 3:
                    await tree.rename(name, other)
                case 4:
                    handles.append(await tree.open_file(name, WRITE))
                case 5 if handles:
                    await choose.choice(handles).write(bytes(size), choose.randrange(3_000))
                case 6 if handles:
                    await handles.pop(choose.randrange(len(handles))).close()
                case 7 if handles:
                    await choose.choice(handles).truncate(size)
                case 8:
                    swap = await tree.open_swap(name, keep_existing=choose.random() < 0.5)
                    try:
                        await swap.write(bytes(size), 0)
                    finally:
                        await (swap.commit() if choose.random() < 0.5 else swap.close())
        except OSError as error:
            assert error.errno in (errno.ENOENT, errno.EDQUOT), error
        if len(handles) > 12:
            await handles.pop(0).close()
    for handle in handles:
        await handle.close()
    on_disk = [entry.stat() for entry in os.scandir(tmp_path)]
    assert await tree.usage() == (sum(status.st_size for status in on_disk), len(on_disk))


COMPONENT = st.sampled_from(
    ["a", "d", "link", "up", "..", ".", "", "out", "%2e%2e", "a\0", "n" * 256, "secret", "é", "\udc80"]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(COMPONENT, max_size=8), slash=st.booleans())
async def test_no_path_leads_out(tree: RootedFiles, tmp_path: Path, parts: list[str], slash: bool) -> None:
    """Whatever the path: what is read is below the root, and what fails, fails as an OSError."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    if not outside.exists():
        outside.mkdir()
        (outside / "secret").write_text("secret")
        (tmp_path / "d").mkdir()
        (tmp_path / "a").write_text("own")
        (tmp_path / "d" / "secret").write_text("own")
        (tmp_path / "link").symlink_to("d")
        (tmp_path / "d" / "up").symlink_to("..")
        (tmp_path / "out").symlink_to(f"../{outside.name}")
    path = ("/" if slash else "") + "/".join(parts)
    try:
        assert await tree.read_file(path) == b"own"
    except OSError as error:
        assert str(tmp_path) not in str(error)
    try:
        await tree.write_file(path, b"own")
    except OSError:
        pass
    assert (outside / "secret").read_text() == "secret"
    assert len(list(outside.iterdir())) == 1
