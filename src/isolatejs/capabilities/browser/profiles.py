"""Browser profiles, kept in the files binding: storage state as one JSON file, or a whole profile directory.

A persistent profile is laid out in a temporary directory for the browser, and written back when its context
closes, also when it closes because the browser crashed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isolatejs.capabilities.browser.bindings import ProfileOptions
from isolatejs.limits import (
    BROWSER_FILE_LIMIT_BYTES,
    BROWSER_PROFILE_LIMIT_BYTES,
    BROWSER_PROFILE_LIMIT_FILES,
    BROWSER_SESSION_CLOSE_MS,
)
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import FileAccess

_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")
_SKIPPED = frozenset({
    "Cache", "Code Cache", "GPUCache", "GrShaderCache", "ShaderCache", "DawnGraphiteCache", "DawnWebGPUCache",
    "Crashpad", "component_crx_cache", "BrowserMetrics", "SingletonLock", "SingletonCookie",
    "SingletonSocket",
})  # fmt: skip
"""Parts of a profile directory that are caches or locks of the running browser."""
_LOCK_POLL_S = 0.02
_REMOVALS = 50
_logger = logging.getLogger("isolatejs.browser")
_open: set[tuple[int, str]] = set()
"""Profiles that are open now, by file access and id: one open at a time."""


def check_profile_id(value: Any) -> str:
    """A relative path of segments of letters, digits, dot, underscore and dash. Raises for anything else."""
    if isinstance(value, str) and 0 < len(value) <= 200:
        segments = value.split("/")
        if all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in segments):
            return value
    raise GuestVisibleError(
        "Error",
        f"profile id {value!r:.80} is not valid: letters, digits, dot, underscore and dash, with / between",
    )


class OpenProfile:
    """A profile in use by one context."""

    def __init__(self, store: ProfileStore, id: str, mode: str, autosave: bool, indexed_db: bool) -> None:
        self.store = store
        self.id = id
        self.mode = mode
        self.storage_state: Any = None
        self.directory: str | None = None
        self._autosave = autosave
        self._indexed_db = indexed_db

    async def before_close(self, context: Any) -> None:
        """Save what only the open context knows."""
        if self.mode == "storage" and self._autosave:
            options = {"indexed_db": True} if self._indexed_db else {}
            state = await context.storage_state(**options)
            await self.store.write_state(self.store.state_path(self.id), state)

    async def after_close(self) -> None:
        """Write the profile directory back, and let others open the profile."""
        try:
            if self.directory is not None and self._autosave:
                await _wait_browser_gone(Path(self.directory))
                await self.store.save_directory(self.id, Path(self.directory))
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Let others open the profile; nothing is written back."""
        _open.discard(self.store.lock_key(self.id))
        if self.directory is not None:
            await asyncio.to_thread(_remove, Path(self.directory))


class ProfileStore:
    """Profiles below one directory of the files binding."""

    def __init__(self, files: FileAccess, options: ProfileOptions | None) -> None:
        self._files = files
        self._options = options or ProfileOptions()

    def lock_key(self, id: str) -> tuple[int, str]:
        return (getattr(self._files, "identity", id_of(self._files)), f"{self._options.root}/{id}")

    def state_path(self, id: str) -> str:
        return f"{self._options.root}/{id}/storage-state.json"

    async def open(self, requested: Any) -> OpenProfile:
        """The profile that newContext({ profile }) asks for. Raises when it is open already."""
        given: Mapping[str, Any] = requested if isinstance(requested, Mapping) else {"id": requested}
        unknown = set(given) - {"id", "mode", "reset", "autosave", "indexedDB"}
        if unknown:
            raise GuestVisibleError("TypeError", f"profile: unknown option {sorted(unknown)[0]!r}")
        profile_id = check_profile_id(given.get("id"))
        mode = given.get("mode") or self._options.default_mode
        if mode not in ("storage", "persistent"):
            raise GuestVisibleError("TypeError", f'profile.mode: "storage" or "persistent", not {mode!r:.40}')
        autosave, indexed_db = given.get("autosave"), given.get("indexedDB")
        profile = OpenProfile(
            self,
            profile_id,
            mode,
            self._options.autosave if autosave is None else autosave is True,
            self._options.indexed_db if indexed_db is None else indexed_db is True,
        )
        key = self.lock_key(profile_id)
        if key in _open:
            raise GuestVisibleError("Error", f"the profile {profile_id} is open already")
        _open.add(key)
        try:
            if mode == "storage":
                profile.storage_state = (
                    None if given.get("reset") is True else await self._stored_state(profile_id)
                )
            else:
                profile.directory = await asyncio.to_thread(tempfile.mkdtemp, prefix="isolatejs-profile-")
                if given.get("reset") is not True:
                    await self.lay_out(profile_id, Path(profile.directory))
        except BaseException:
            await profile.abandon()
            raise
        return profile

    # --- storage state -----------------------------------------------------------------------------
    async def _stored_state(self, id: str) -> Any:
        try:
            return await self.read_state(self.state_path(id))
        except (FileNotFoundError, GuestVisibleError):
            return None

    async def read_state(self, path: str) -> Any:
        """Storage state from a file of the files binding."""
        try:
            data = await self._files.read(path)
        except OSError:
            raise GuestVisibleError(
                "NotFoundError", f"there is no storage state at {path:.200}", dom=True
            ) from None
        try:
            state = json.loads(data)
        except ValueError:
            raise GuestVisibleError("SyntaxError", f"the storage state at {path:.200} is no JSON") from None
        if not isinstance(state, dict):
            raise GuestVisibleError("TypeError", f"the storage state at {path:.200} is no object")
        return state

    async def write_state(self, path: str, state: Any) -> None:
        """Storage state into a file of the files binding."""
        await self._files.write(path, json.dumps(state, indent=1).encode())

    # --- profile directories -----------------------------------------------------------------------
    def _manifest(self, id: str) -> str:
        return f"{self._options.root}/{id}/profile/manifest.json"

    async def lay_out(self, id: str, directory: Path) -> None:
        """Write the kept profile into a real directory."""
        try:
            names = json.loads(await self._files.read(self._manifest(id)))
        except (OSError, ValueError):
            return  # a new profile
        for index, name in enumerate(names if isinstance(names, list) else []):
            if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
                raise GuestVisibleError("Error", f"the profile {id} was tampered with")
            data = await self._files.read(f"{self._options.root}/{id}/profile/{index}")
            await asyncio.to_thread(_write, directory / name, data)

    async def save_directory(self, id: str, directory: Path) -> None:
        """Keep a profile directory, as numbered files and a manifest of their names."""
        names: list[str] = []
        total = 0
        for file in sorted(await asyncio.to_thread(_files_of, directory)):
            try:
                data = await asyncio.to_thread(file.read_bytes)
            except FileNotFoundError:
                continue  # a temporary file of a browser that was killed
            total += len(data)
            if total > BROWSER_PROFILE_LIMIT_BYTES or len(names) >= BROWSER_PROFILE_LIMIT_FILES:
                raise GuestVisibleError(
                    "QuotaExceededError", f"the profile {id} is too large to keep", dom=True
                )
            await self._files.write(f"{self._options.root}/{id}/profile/{len(names)}", data)
            names.append(str(file.relative_to(directory)))
        await self._files.write(self._manifest(id), json.dumps(names).encode())


def id_of(value: object) -> int:
    """Identity, under a name that a parameter called `id` does not hide."""
    return id(value)


async def _wait_browser_gone(directory: Path) -> None:
    """Wait until the browser has let go of its profile directory: its lock names its process."""
    lock = directory / "SingletonLock"
    deadline = time.monotonic() + BROWSER_SESSION_CLOSE_MS / 1000
    while time.monotonic() < deadline and await asyncio.to_thread(_is_held, lock):  # noqa: ASYNC110
        await asyncio.sleep(_LOCK_POLL_S)


def _is_held(lock: Path) -> bool:
    try:
        os.kill(int(lock.readlink().name.rpartition("-")[2]), 0)
    except (OSError, ValueError):
        return False
    return True


def _remove(directory: Path) -> None:
    """Remove a directory, in which the last of a browser's processes may still be writing."""
    for _ in range(_REMOVALS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(_LOCK_POLL_S)
    _logger.warning("a browser profile's temporary directory could not be removed")


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _files_of(directory: Path) -> list[Path]:
    return [
        file
        for file in directory.rglob("*")
        if file.is_file()
        and not file.is_symlink()
        and not _SKIPPED & set(file.relative_to(directory).parts)
        and file.stat().st_size <= BROWSER_FILE_LIMIT_BYTES
    ]
