"""The snapshots of one run: which files a test file may compare with and write, checked on the host."""

from __future__ import annotations

import asyncio
import contextlib
import posixpath
from typing import TYPE_CHECKING, Protocol

from isolatejs.capabilities.testing.snapshot_names import (
    INERT_ENDINGS,
    in_snapshot_folder,
    own_snapshot_path,
    read_refusal,
    text_refusal,
    write_refusal,
)
from isolatejs.capabilities.testing.snapshot_text import is_snapshot_file, parse_entries, render_entries
from isolatejs.limits import (
    SNAPSHOT_FOLDER_ENTRIES_LIMIT,
    SNAPSHOT_LIMIT_BYTES,
    SNAPSHOT_RUN_LIMIT_BYTES,
    SNAPSHOT_RUN_LIMIT_FILES,
)
from isolatejs.wire.errors import GuestVisibleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from isolatejs.capabilities.testing.contract import FileOutcome, UpdateMode


class SnapshotFiles(Protocol):
    """The files among which snapshots are. Paths are virtual; failures are OSErrors."""

    async def kind(self, path: str) -> str | None:
        """`file` or `directory`; another word for a link, a device or a file of several names; None for none."""
        ...

    async def entries(self, path: str, limit: int) -> Iterable[tuple[str, str | None]]: ...
    async def read(self, path: str, limit_bytes: int) -> bytes: ...
    async def create(self, path: str, data: bytes) -> None: ...
    async def replace(self, path: str, data: bytes) -> None: ...
    async def make_directory(self, path: str) -> None: ...


class RunSnapshots:
    """The snapshots of one run of `test_path`.

    Its own snapshot file is `DIR/__snapshots__/NAME.snap`, and nothing else can be it. File snapshots
    (`toMatchFileSnapshot`) follow the rules of `snapshot_names`: new ones are put into a folder for snapshots,
    or one that holds nothing else; only in a folder for snapshots is a file replaced that this run did not
    write. `mode` is asked for every write. Nothing is ever written through a link.
    """

    def __init__(self, files: SnapshotFiles, test_path: str, mode: UpdateMode) -> None:
        self._files = files
        self._own = own_snapshot_path(test_path)
        self._folder = posixpath.dirname(test_path)
        self._mode = mode
        self._lock = asyncio.Lock()
        self._written: dict[str, int] = {}
        self._folders_made = 0

    # --- the test file's own snapshots -------------------------------------------------------------
    async def read_own(self) -> str | None:
        """The text of the snapshot file, None when there is none."""
        if self._own is None:
            return None
        async with self._lock:
            text = await self._read(self._own)
            return text if text is not None and is_snapshot_file(text) else None

    async def write_own(self, entries: Iterable[tuple[str, str]]) -> None:
        """Write these snapshots: with "new" beside those that are there, with "all" instead of them."""
        path = self._own
        if path is None:
            raise _refused("", "this test file is not called by a path")
        async with self._lock:
            before = await self._read(path)
            if self._mode == "none":
                raise _refused(path, "no snapshots are written in this run")
            if before is not None and not is_snapshot_file(before):
                raise _refused(path, "what is there is not a snapshot file")
            text = await asyncio.to_thread(self._merged, dict(entries), before or "")
            if text != before:
                await self._write(path, text, exists=before is not None)

    def _merged(self, entries: dict[str, str], before: str) -> str:
        if self._mode != "all":
            entries |= parse_entries(before)
        return render_entries(entries, before)

    # --- toMatchFileSnapshot -----------------------------------------------------------------------
    async def match_file(self, path: str, text: str) -> tuple[FileOutcome, str | None]:
        """Compare with a file, and write it where that is allowed. Also gives the other text, if it is shown."""
        refusal = read_refusal(path, self._folder)
        if refusal is not None:
            raise _refused(path, refusal)
        async with self._lock:
            stored = await self._read(path)
            if stored == text:
                return "same", None
            if stored is None and self._mode == "none":
                return "absent", None
            if stored is not None and self._mode != "all":
                return "different", stored if self._is_snapshot(path) else None
            refusal = (
                write_refusal(path, self._folder)
                or text_refusal(path, text)
                or await self._place_refusal(path, exists=stored is not None)
            )
            if refusal is not None:
                raise _refused(path, refusal)
            await self._write(path, text, exists=stored is not None)
            return ("added" if stored is None else "updated"), None

    def _is_snapshot(self, path: str) -> bool:
        """Whether a file is known to be a snapshot: the program may see it, and replace it where the mode says so."""
        return in_snapshot_folder(path, self._folder) or path in self._written

    async def _place_refusal(self, path: str, *, exists: bool) -> str | None:
        """Why this place cannot be written to, as far as that depends on what is there."""
        if self._is_snapshot(path):
            return None
        if exists:
            return (
                "it may be another file than a snapshot: remove it, and it will be written anew, or keep file "
                "snapshots in __snapshots__"
            )
        folder = posixpath.dirname(path)
        with _told(path):
            if await self._files.kind(folder) is None:
                return None
            entries = list(await self._files.entries(folder, SNAPSHOT_FOLDER_ENTRIES_LIMIT + 1))
        if len(entries) > SNAPSHOT_FOLDER_ENTRIES_LIMIT or not all(_is_inert(*entry) for entry in entries):
            return (
                "its folder holds other files than snapshots: use ./__snapshots__ or a folder that holds "
                "nothing else"
            )
        return None

    # --- files -------------------------------------------------------------------------------------
    async def _read(self, path: str) -> str | None:
        """The file's text, None when there is none. Links are not followed, whoever made them."""
        with _told(path):
            for folder in _folders_of(path):
                kind = await self._files.kind(folder)
                if kind is None:
                    return None
                if kind != "directory":
                    raise _refused(path, f"{folder} is not a directory")
            kind = await self._files.kind(path)
            if kind is None:
                return None
            if kind != "file":
                raise _refused(path, "it is not a regular file of one name")
            data = await self._files.read(path, SNAPSHOT_LIMIT_BYTES + 1)
        if len(data) > SNAPSHOT_LIMIT_BYTES:
            raise _refused(path, f"it has more than {SNAPSHOT_LIMIT_BYTES} bytes")
        return data.decode("utf-8", "replace")

    async def _write(self, path: str, text: str, *, exists: bool) -> None:
        data = text.encode("utf-8", "replace")
        if len(data) > SNAPSHOT_LIMIT_BYTES:
            raise GuestVisibleError(
                "RangeError", f"a snapshot file of more than {SNAPSHOT_LIMIT_BYTES} bytes"
            )
        written = {**self._written, path: self._written.get(path, 0) + len(data)}
        entries = len(written) + self._folders_made
        if entries > SNAPSHOT_RUN_LIMIT_FILES or sum(written.values()) > SNAPSHOT_RUN_LIMIT_BYTES:
            raise GuestVisibleError(
                "RangeError",
                f"one run writes at most {SNAPSHOT_RUN_LIMIT_FILES} snapshot files "
                f"and {SNAPSHOT_RUN_LIMIT_BYTES} bytes",
            )
        self._written = written
        with _told(path):
            if exists:
                await self._files.replace(path, data)
                return
            for folder in _folders_of(path):
                if await self._files.kind(folder) is None:
                    self._folders_made += 1
                    await self._files.make_directory(folder)
            await self._files.create(path, data)


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """A failure of the files is told to the program without a word of the host's."""
    try:
        yield
    except OSError as error:
        raise _refused(path, "it cannot be read or written") from error


def _is_inert(name: str, kind: str | None) -> bool:
    """Whether an entry of a folder is a file of the kind that file snapshots are."""
    return kind == "file" and posixpath.splitext(name)[1] in INERT_ENDINGS and not name.startswith(".")


def _folders_of(path: str) -> list[str]:
    """`/a` and `/a/b` of `/a/b/c`."""
    parts = path[1:].split("/")[:-1]
    return ["/" + "/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _refused(path: str, reason: str) -> GuestVisibleError:
    return GuestVisibleError("Error", f"the snapshot file {path[:300]} cannot be used: {reason}")
