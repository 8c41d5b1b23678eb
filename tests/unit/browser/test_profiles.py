"""Browser profiles in a files binding: ids, who has them open, what is kept and what is damaged."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from isolatejs import MemoryFiles, create_file_bindings
from isolatejs.capabilities.browser import profile_directories
from isolatejs.capabilities.browser.bindings import ProfileOptions
from isolatejs.capabilities.browser.profile_directories import ProfileDirectory
from isolatejs.capabilities.browser.profiles import OpenProfile, ProfileStore, check_profile_id
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.host.browser_files import CallbackAccess, FileTreeAccess
from isolatejs.wire.errors import GuestVisibleError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where profile directories are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def store_of(bindings: Any, **options: Any) -> ProfileStore:
    return ProfileStore(FileTreeAccess(as_file_tree(bindings), bindings), ProfileOptions(**options))


def rooted(folder: Path) -> ProfileStore:
    return store_of({"root": folder / "files", "allow_write": True})


class Context:
    """What closing asks of a context."""

    def __init__(self, state: Any) -> None:
        self._state = state

    async def storage_state(self) -> Any:
        return self._state


async def keep(store: ProfileStore, files: dict[str, bytes], id: str = "p") -> None:
    """One session with a persistent profile that ends with exactly these files."""
    profile = await store.open({"id": id, "mode": "persistent", "reset": True})
    assert profile.directory is not None
    for name, data in files.items():
        profile.directory.write(place(name), data)
    await profile.after_close()


def place(name: str) -> str:
    """A file of a profile that is kept."""
    return f"Default/IndexedDB/{name}.indexeddb.leveldb/1.ldb"


async def kept(store: ProfileStore, id: str = "p") -> dict[str, bytes]:
    profile = await store.open({"id": id, "mode": "persistent", "autosave": False})
    found = content(profile)
    await profile.after_close()
    return found


def content(profile: OpenProfile) -> dict[str, bytes]:
    assert profile.directory is not None
    root = profile.directory.path
    return {
        file.parent.name.removesuffix(".indexeddb.leveldb"): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("id", ["a", "auth/main", "A-b_c.1", ".a", "a/..b"])
def test_ids(id: str) -> None:
    assert check_profile_id(id) == id


@pytest.mark.parametrize(
    "id", ["", "/a", "a/", "a//b", "..", "a/../b", ".", "a+b", "a b", "ä", "a\n", "a" * 201, 5, None]
)
def test_ids_that_are_none(id: Any) -> None:
    with pytest.raises(GuestVisibleError, match="is not valid"):
        check_profile_id(id)


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ({"id": "p", "mod": 1}, "unknown option 'mod'"),
        ({"id": "p", "mode": "both"}, '"storage" or "persistent"'),
        ({"mode": "storage"}, "is not valid"),
    ],
)
async def test_requests_that_are_wrong(requested: Any, message: str) -> None:
    with pytest.raises(GuestVisibleError, match=message):
        await store_of(MemoryFiles()).open(requested)


async def test_storage_state_is_kept() -> None:
    files = MemoryFiles()
    for number in (1, 2):
        profile = await store_of(files).open("auth/main")
        await profile.before_close(Context({"cookies": [number]}))
        await profile.after_close()
    profile = await store_of(files).open("auth/main")
    assert profile.storage_state == {"cookies": [2]}
    await profile.abandon()


@pytest.mark.parametrize("make", ["rooted", "memory", "callbacks"])
async def test_a_directory_is_kept_and_replaced(make: str, tmp_path: Path) -> None:
    written: dict[str, bytes] = {}

    def read(path: str) -> bytes:
        if path not in written:
            raise FileNotFoundError(2, "no such file", path)
        return written[path]

    files = MemoryFiles()
    store = {
        "rooted": lambda: rooted(tmp_path),
        "memory": lambda: store_of(files),
        "callbacks": lambda: ProfileStore(CallbackAccess(read, written.__setitem__), None),
    }[make]
    assert await kept(store()) == {}
    for files_of_one in (
        {"a": b"1", "b1": b"2", "c": b"3"},
        {"a": b"4"},
        {"d1": b"5", "e": b""},
    ):
        await keep(store(), files_of_one)
        assert await kept(store()) == files_of_one
    if make == "rooted":
        left = {path.name for path in (tmp_path / "files/.browser-profiles/p").iterdir()}
        assert left == {"profile+a", "profile+lock", "profile+manifest.json"}


@pytest.mark.parametrize("same_binding", [True, False])
async def test_a_profile_is_open_once(tmp_path: Path, same_binding: bool) -> None:
    bindings = create_file_bindings(root=tmp_path, allow_write=True)
    first, second = (
        store_of(bindings),
        store_of(bindings if same_binding else {"root": tmp_path, "allow_write": True}),
    )
    profile = await first.open("p")
    with pytest.raises(GuestVisibleError, match="the profile p is open already"):
        await second.open({"id": "p", "mode": "persistent"})
    other = await second.open("p/q")
    await other.abandon()
    await profile.abandon()
    await (await second.open("p")).abandon()


async def test_profiles_in_different_memory_are_different() -> None:
    profiles = [await store_of(MemoryFiles()).open("p") for _ in range(2)]
    for profile in profiles:
        await profile.abandon()


async def test_a_profile_of_files_that_are_read_only(tmp_path: Path) -> None:
    await keep(rooted(tmp_path), {"a": b"1"})
    store = store_of({"root": tmp_path / "files"})
    assert await kept(store) == {"a": b"1"}
    profile = await store.open({"id": "p", "mode": "storage"})
    with pytest.raises(GuestVisibleError, match="the profile p could not be saved: "):
        await profile.before_close(Context({}))
    await profile.abandon()


async def test_a_profile_that_cannot_be_saved_is_the_former_one(tmp_path: Path) -> None:
    bindings = create_file_bindings(root=tmp_path, allow_write=True, quota_bytes=2_000)
    await keep(store_of(bindings), {"a": b"x" * 500})
    with pytest.raises(GuestVisibleError, match="the profile p could not be saved"):
        await keep(store_of(bindings), {"a": b"y" * 1_000, "b": b"z" * 1_000})
    assert await kept(store_of(bindings)) == {"a": b"x" * 500}


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b"\xff"])
async def test_damaged_storage_state_is_no_empty_profile(state: bytes) -> None:
    files = MemoryFiles()
    await FileTreeAccess(as_file_tree(files), files).write("/.browser-profiles/p/storage-state.json", state)
    with pytest.raises(GuestVisibleError, match="the profile p is damaged; `reset: true` starts it anew"):
        await store_of(files).open("p")
    profile = await store_of(files).open({"id": "p", "reset": True})
    assert profile.storage_state is None
    await profile.abandon()


MANIFESTS: dict[str, Any] = {
    "no JSON": b"{",
    "a list": [],
    "another place": {"place": "../x", "names": []},
    "a missing file": {"place": "a", "names": [place("a"), place("b"), place("c")]},
    "preferences": {"place": "a", "names": ["Default/Preferences"]},
    "a session": {"place": "a", "names": ["Default/Sessions/Session_1"]},
    "local state": {"place": "a", "names": ["Local State"]},
    "above": {"place": "a", "names": ["../a"]},
    "absolute": {"place": "a", "names": ["/tmp/a"]},
    "a NUL": {"place": "a", "names": ["a\0b"]},
    "no name": {"place": "a", "names": [""]},
    "a file as a folder": {"place": "a", "names": ["a", "a/b"]},
    "a very long name": {"place": "a", "names": ["a" * 5_000]},
    "very many": {"place": "a", "names": ["a"] * 30_000},
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS.keys())
async def test_a_manifest_that_a_program_has_written(manifest: Any, tmp_path: Path, temporary: Path) -> None:
    await keep(rooted(tmp_path), {"a": b"1", "b": b"2"})
    data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    (tmp_path / "files/.browser-profiles/p/profile+manifest.json").write_bytes(data)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(GuestVisibleError, match="the profile p is damaged"):
        await kept(rooted(tmp_path))
    assert list(temporary.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == before
    await keep(rooted(tmp_path), {"a": b"new"})
    assert await kept(rooted(tmp_path)) == {"a": b"new"}


async def test_a_kept_directory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(rooted(tmp_path), {"a": b"x" * 100, "b": b"x" * 100})
    monkeypatch.setattr("isolatejs.capabilities.browser.profiles.BROWSER_PROFILE_LIMIT_BYTES", 150)
    with pytest.raises(GuestVisibleError, match="is damaged"):
        await kept(rooted(tmp_path))
    with pytest.raises(GuestVisibleError, match="too large to keep"):
        await keep(rooted(tmp_path), {"a": b"x" * 100, "b": b"x" * 100})


KEPT = [
    "Default/Cookies", "Default/Network/Cookies", "Default/Network/Cookies-journal",
    "Default/Local Storage/leveldb/CURRENT", "Default/Local Storage/leveldb/000003.log",
    "Default/Local Storage/leveldb/MANIFEST-000001", "Default/IndexedDB/https_example.com_0.indexeddb.leveldb/000005.ldb",
    "Default/IndexedDB/http_127.0.0.1_8080.indexeddb.blob/1/0a/00000001",
]  # fmt: skip
NOT_KEPT = [
    "Default/Preferences", "Default/Secure Preferences", "Default/Sessions/Session_1", "Default/Sessions/Tabs_1", "Local State",
    "Default/Extensions/x/1/manifest.json", "Default/Service Worker/Database/000003.log", "NativeMessagingHosts/x.json",
    "Default/Login Data", "Default/Web Data", "Default/Cache/1", "Default/Code Cache/js/2", "SingletonCookie", "First Run",
    "Default/Local Storage/leveldb/../../Preferences", "Default/Local Storage/leveldb/x.so", "../Cookies", "/Default/Cookies",
    "Default/Cookies/x", "Profile 1/Cookies", "Default/Network/TransportSecurity", "Default/IndexedDB/x/1.ldb",
    "Default/Cookies\n", "Default/History", "Certificate Revocation Lists/1", "Default/Local Storage/leveldb/LOCK",
]  # fmt: skip


def test_a_directory_keeps_cookies_and_storage_alone() -> None:
    """What else a profile holds tells the browser what to do, and a program can write to what is kept."""
    directory = ProfileDirectory()
    for name in KEPT:
        directory.write(name, b"")
    for name in NOT_KEPT:
        with pytest.raises(ValueError, match="not a file of a profile that is kept"):
            directory.write(name, b"")
        file = directory.path / name.strip("/.\n")
        if not file.exists() and not file.parent.is_file() and ".." not in name:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"")
    (directory.path / "Default/Local Storage/leveldb/1.ldb").symlink_to("/etc/passwd")
    os.mkfifo(directory.path / "Default/Local Storage/leveldb/2.ldb")
    names = [file.relative_to(directory.path).as_posix() for file in directory.files()]
    assert names == sorted(KEPT)
    directory.remove()
    assert not directory.path.exists()


@pytest.mark.parametrize(
    "origin", ["file:///etc", "chrome://version", "FILE:///x", "", 5, None, "about:blank", "data:text/html,x"]
)
async def test_storage_state_is_of_web_pages(origin: Any) -> None:
    files = MemoryFiles()
    state = {"cookies": [], "origins": [{"origin": origin, "localStorage": []}]}
    access = FileTreeAccess(as_file_tree(files), files)
    await access.write("/.browser-profiles/p/storage-state.json", json.dumps(state).encode())
    with pytest.raises(GuestVisibleError, match="the profile p is damaged"):
        await store_of(files).open("p")
    with pytest.raises(GuestVisibleError, match="origins are those of http and https pages"):
        await store_of(files).read_state("/.browser-profiles/p/storage-state.json")


def test_directories_that_are_in_use_stay(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = ProfileDirectory()
    abandoned = temporary / "isolatejs-profile-abandoned"
    running = temporary / "isolatejs-profile-running"
    for folder in (abandoned, running):
        folder.mkdir()
    (running / "SingletonLock").symlink_to(f"machine-{os.getpid()}")
    (temporary / "isolatejs-profile-link").symlink_to(temporary)
    ProfileDirectory().remove()
    assert used.path.exists()
    assert running.exists()
    assert temporary.exists()
    assert not abandoned.exists()
    monkeypatch.setattr(profile_directories, "_is_alive", lambda pid: False)
    ProfileDirectory().remove()
    assert not running.exists()
    used.remove()
