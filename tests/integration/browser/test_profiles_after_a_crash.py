"""The host process is killed while it keeps a browser profile: the old one is there, or the new one."""

# ruff: noqa: ASYNC221
from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from isolatejs.capabilities.browser.profiles import ProfileStore
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.host.browser_files import FileTreeAccess

KEEPER = """
import asyncio, json, os, signal, sys
from isolatejs.capabilities.browser.profiles import ProfileStore
from isolatejs.capabilities.files.bindings import as_file_tree
from isolatejs.host.browser_files import FileTreeAccess

root, steps, files, state = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4]

class Access(FileTreeAccess):
    # Dies before the step that is one too many, a written file having been begun.
    def step(self):
        global steps
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)

class Tree:
    def __init__(self, tree):
        self.tree = tree
    def __getattr__(self, name):
        return getattr(self.tree, name)
    async def write_file(self, path, data):
        await self.tree.write_file(path, data[: len(data) // 2])
        Access.step(None)
        await self.tree.write_file(path, data)
    async def rename(self, path, new_path):
        Access.step(None)
        await self.tree.rename(path, new_path)
    async def remove_tree(self, path):
        Access.step(None)
        await self.tree.remove_tree(path)

class Context:
    async def storage_state(self):
        return {"cookies": [state] * 100}

async def main():
    bindings = {"root": root, "allow_write": True}
    store = ProfileStore(Access(Tree(as_file_tree(bindings)), bindings), None)
    storage = await store.open("s")
    profile = await store.open({"id": "p", "mode": "persistent"})
    for old in profile.directory.files():
        old.unlink()
    for name, text in files.items():
        profile.directory.write(name, text.encode())
    print("open", flush=True)
    await storage.before_close(Context())
    await storage.after_close()
    await profile.after_close()
    print("kept", flush=True)

asyncio.run(main())
"""
FOLDER = "Default/Local Storage/leveldb"
OLD = {f"{FOLDER}/1.ldb": "old" * 9, "Default/Cookies": "old", f"{FOLDER}/2.ldb": "old"}
NEW = {f"{FOLDER}/1.ldb": "new", "Default/Network/Cookies": "new" * 9}


def keep(root: Path, temporary: Path, steps: int, files: dict[str, str], state: str) -> bool:
    """Whether another process kept the profiles before it had made so many steps, at which it dies."""
    done = subprocess.run(
        [sys.executable, "-c", KEEPER, str(root), str(steps), json.dumps(files), state],
        env={"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("open"), done.stderr
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode == 0


async def test_a_kept_profile_is_whole_whenever_the_host_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    bindings = {"root": tmp_path / "files", "allow_write": True}
    assert keep(tmp_path / "files", temporary, 1_000, OLD, "old")
    seen: set[tuple[str, str]] = set()
    steps, is_done = 0, False
    while not is_done:
        is_done = keep(tmp_path / "files", temporary, steps, NEW, "new")
        store = ProfileStore(FileTreeAccess(as_file_tree(bindings), bindings), None)
        # The lock of the dead process is taken over, and what it left in the temporary directory is gone.
        storage = await store.open("s")
        profile = await store.open({"id": "p", "mode": "persistent", "autosave": False})
        assert profile.directory is not None
        assert [path for path in temporary.iterdir() if path != profile.directory.path] == []
        root = profile.directory.path
        found = {
            file.relative_to(root).as_posix(): file.read_text() for file in root.rglob("*") if file.is_file()
        }
        state = storage.storage_state["cookies"]
        assert found in (OLD, NEW), f"after {steps} steps"
        assert state in (["old"] * 100, ["new"] * 100), f"after {steps} steps"
        seen.add((state[0], "old" if found == OLD else "new"))
        await profile.after_close()
        await storage.after_close()
        steps += 1
    assert seen == {("old", "old"), ("new", "old"), ("new", "new")}
    assert steps > 6
