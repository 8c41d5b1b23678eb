"""Browser profiles, kept in the files binding: storage state as one JSON file, or a whole profile directory.

A kept profile is replaced as a whole: whenever the host dies, the old one is there or the new one. Of a profile
directory there are two places, and a manifest, replaced last, says which of them holds and names its files:

    .browser-profiles/auth/main/storage-state.json
    .browser-profiles/auth/main/profile+manifest.json     {"place": "a", "names": ["Default/Cookies", ...]}
    .browser-profiles/auth/main/profile+a/0, 1, ...

No segment of an id can hold a plus sign, so that a profile never lies in the way of another.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from isolatejs.capabilities.browser.bindings import ProfileOptions
from isolatejs.capabilities.browser.closing import read_state
from isolatejs.capabilities.browser.profile_directories import ProfileDirectory, is_kept
from isolatejs.limits import BROWSER_PROFILE_LIMIT_BYTES, BROWSER_PROFILE_LIMIT_FILES
from isolatejs.web.program_log import program_logger
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from isolatejs.capabilities.browser.bindings import FileAccess, Held

_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")
_logger = program_logger("isolatejs.browser")


class _Manifest(msgspec.Struct):
    """What is kept of a profile directory: which place, and the path of each of its numbered files."""

    place: str
    names: list[str]


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

    def __init__(
        self, store: ProfileStore, id: str, mode: str, held: Held, *, autosave: bool, indexed_db: bool
    ) -> None:
        self.id = id
        self.mode = mode
        self.storage_state: Any = None
        self.directory: ProfileDirectory | None = None
        self._store = store
        self._held = held
        self._autosave = autosave
        self._indexed_db = indexed_db

    async def before_close(self, context: Any) -> None:
        """Save what only the open context knows."""
        if self.mode == "storage" and self._autosave:
            options = {"indexed_db": True} if self._indexed_db else {}
            try:
                state = await read_state(context, **options)
            except TimeoutError:
                raise GuestVisibleError(
                    "Error", f"the profile {self.id} could not be saved: a page does not answer"
                ) from None
            with self._told():
                await self._store.save_state(self.id, state)

    async def after_close(self) -> None:
        """Write the profile directory back, and let others open the profile."""
        try:
            if self.directory is not None and self._autosave:
                await self.directory.wait_browser_gone()
                with self._told():
                    await self._store.save_directory(self.id, self.directory)
        finally:
            await self.abandon()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or "i/o error"
            raise GuestVisibleError("Error", f"the profile {self.id} could not be saved: {reason}") from error

    async def abandon(self) -> None:
        """Let others open the profile; nothing is written back."""
        try:
            if self.directory is not None:
                await asyncio.to_thread(self.directory.remove)
        finally:
            await self._held.close()


class ProfileStore:
    """Profiles below one directory of the files binding."""

    def __init__(self, files: FileAccess, options: ProfileOptions | None) -> None:
        self._files = files
        self._options = options or ProfileOptions()

    def _path(self, id: str, name: str) -> str:
        return f"{self._options.root}/{id}/{name}"

    async def open(self, requested: Any) -> OpenProfile:
        """The profile that newContext({ profile }) asks for. Raises when it is open already, or damaged."""
        given: Mapping[str, Any] = requested if isinstance(requested, Mapping) else {"id": requested}
        unknown = set(given) - {"id", "mode", "reset", "autosave", "indexedDB"}
        if unknown:
            raise GuestVisibleError("TypeError", f"profile: unknown option {sorted(unknown)[0]!r:.80}")
        id = check_profile_id(given.get("id"))
        mode = given.get("mode") or self._options.default_mode
        if mode not in ("storage", "persistent"):
            raise GuestVisibleError("TypeError", f'profile.mode: "storage" or "persistent", not {mode!r:.40}')
        held = await self._files.hold(self._path(id, "profile+lock"))
        if held is None:
            raise GuestVisibleError("Error", f"the profile {id} is open already")
        autosave, indexed_db = given.get("autosave"), given.get("indexedDB")
        profile = OpenProfile(
            self,
            id,
            mode,
            held,
            autosave=self._options.autosave if autosave is None else autosave is True,
            indexed_db=self._options.indexed_db if indexed_db is None else indexed_db is True,
        )
        is_fresh = given.get("reset") is True
        try:
            if mode == "storage":
                profile.storage_state = None if is_fresh else await self._kept_state(id)
            else:
                profile.directory = await asyncio.to_thread(ProfileDirectory)
                if not is_fresh:
                    await self.lay_out(id, profile.directory)
        except BaseException:
            await profile.abandon()
            raise
        return profile

    async def _read_kept(self, id: str, name: str) -> bytes | None:
        """One file of a profile, None when it is new."""
        try:
            return await self._files.read(self._path(id, name))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GuestVisibleError(
                "Error", f"the profile {id} cannot be read: {error.strerror or 'i/o error'}"
            ) from None

    # --- storage state -----------------------------------------------------------------------------
    async def _kept_state(self, id: str) -> Any:
        data = await self._read_kept(id, "storage-state.json")
        if data is None:
            return None
        try:
            state = json.loads(data)
        except ValueError:
            raise _damaged(id) from None
        if not isinstance(state, dict) or not _are_web_origins(state):
            raise _damaged(id)
        return state

    async def save_state(self, id: str, state: Any) -> None:
        """Keep storage state in place of what was kept before."""
        await self._files.replace(self._path(id, "storage-state.json"), json.dumps(state, indent=1).encode())

    async def read_state(self, path: str) -> Any:
        """Storage state from a file of the files binding, which a program names."""
        try:
            data = await self._files.read(path)
        except FileNotFoundError:
            raise GuestVisibleError(
                "NotFoundError", f"there is no storage state at {path:.200}", dom=True
            ) from None
        except OSError as error:
            raise GuestVisibleError("Error", f"cannot read {path:.200}: {error.strerror}") from None
        try:
            state = json.loads(data)
        except ValueError:
            raise GuestVisibleError("SyntaxError", f"the storage state at {path:.200} is no JSON") from None
        return checked_state(state)

    # --- profile directories -----------------------------------------------------------------------
    async def _manifest(self, id: str) -> _Manifest | None:
        data = await self._read_kept(id, "profile+manifest.json")
        if data is None:
            return None
        try:
            manifest = msgspec.json.decode(data, type=_Manifest)
        except msgspec.MsgspecError:
            raise _damaged(id) from None
        if (
            manifest.place not in ("a", "b")
            or len(manifest.names) > BROWSER_PROFILE_LIMIT_FILES
            or not all(map(is_kept, manifest.names))
        ):
            raise _damaged(id)
        return manifest

    async def lay_out(self, id: str, directory: ProfileDirectory) -> None:
        """Write the kept profile, if there is one, into a real directory. A program may have written it."""
        manifest = await self._manifest(id)
        if manifest is None:
            return
        total = 0
        for number, name in enumerate(manifest.names):
            data = await self._read_kept(id, f"profile+{manifest.place}/{number}")
            if data is None:
                raise _damaged(id)
            total += len(data)
            if total > BROWSER_PROFILE_LIMIT_BYTES:
                raise _damaged(id)
            try:
                await asyncio.to_thread(directory.write, name, data)
            except (OSError, ValueError):
                raise _damaged(id) from None

    async def save_directory(self, id: str, directory: ProfileDirectory) -> None:
        """Keep a profile directory, as numbered files and a manifest, in place of what was kept before."""
        try:
            before = await self._manifest(id)
        except GuestVisibleError:
            before = None  # damaged, and opened with `reset`
        place = "b" if before is not None and before.place == "a" else "a"
        await self._files.remove_tree(self._path(id, f"profile+{place}"))
        names: list[str] = []
        total = 0
        for file in await asyncio.to_thread(directory.files):
            try:
                data = await asyncio.to_thread(file.read_bytes)
            except FileNotFoundError:
                continue  # a temporary file of a browser that was killed
            total += len(data)
            if total > BROWSER_PROFILE_LIMIT_BYTES or len(names) >= BROWSER_PROFILE_LIMIT_FILES:
                raise GuestVisibleError(
                    "QuotaExceededError", f"the profile {id} is too large to keep", dom=True
                )
            await self._files.write(self._path(id, f"profile+{place}/{len(names)}"), data)
            names.append(file.relative_to(directory.path).as_posix())
        manifest = msgspec.json.encode(_Manifest(place, names))
        await self._files.replace(self._path(id, "profile+manifest.json"), manifest)
        if before is not None:
            try:
                await self._files.remove_tree(self._path(id, f"profile+{before.place}"))
            except OSError:
                _logger.warning(
                    "the former content of the profile %s could not be removed", id, exc_info=True
                )


def checked_state(state: Any) -> dict[str, Any]:
    """Storage state of a program. Raises when it is no object, or is of pages that programs do not have."""
    if not isinstance(state, dict):
        raise GuestVisibleError("TypeError", "storageState is not an object of cookies and origins")
    if not _are_web_origins(state):
        raise GuestVisibleError("TypeError", "storageState: origins are those of http and https pages")
    return state


def _are_web_origins(state: Mapping[str, Any]) -> bool:
    """The browser opens a page of each origin to restore its storage."""
    origins = state.get("origins", [])
    return isinstance(origins, list) and all(
        isinstance(one, dict) and str(one.get("origin")).lower().startswith(("http://", "https://"))
        for one in origins
    )


def _damaged(id: str) -> GuestVisibleError:
    return GuestVisibleError("Error", f"the profile {id} is damaged; `reset: true` starts it anew")
