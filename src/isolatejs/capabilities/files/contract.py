"""The messages of files. All are calls of the program; paths are virtual, absolute and normalised.

Content travels as attachments in pieces, each asked for by the guest, so that a reader or writer that stops
leaves nothing buffered. `handle` is a number that an earlier answer gave; the host believes none unseen.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from isolatejs.wire.message import Call, Number

Position = Number
"""A place or size in a file: what a JavaScript number can count."""
Handle = Number
Mode = Annotated[int, msgspec.Meta(ge=0, le=0o7777)]
Milliseconds = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]


class StatAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """State of an entry; `version` changes with the content."""

    kind: str
    size: Number
    mtime_ms: float
    atime_ms: float
    ctime_ms: float
    birthtime_ms: float
    mode: Number
    inode: Number
    links: Number
    blocks: Number
    version: str


class OpenedAnswer(msgspec.Struct, frozen=True):
    """An open file."""

    handle: Number
    stat: StatAnswer


class DirectoryAnswer(msgspec.Struct, frozen=True):
    """One page of a directory in code point order; `more` asks for the next, after the last name."""

    entries: list[tuple[str, str]]
    more: bool


class StatPath(Call, frozen=True):
    """State of an entry, of a link itself without `follow`. Answers StatAnswer."""

    path: str
    follow: bool = True


class ReadDirectory(Call, frozen=True):
    """One page of (name, kind), behind the name `after`. Answers DirectoryAnswer."""

    path: str
    after: str | None = None


class ReadPiece(Call, frozen=True):
    """A part of a file that need not be open. Answers StatAnswer and the bytes as attachment.

    With `version`, a file that is not in that state any more is refused (ESTALE).
    """

    path: str
    offset: Position = 0
    length: Position = 0
    version: str | None = None


class WriteFile(Call, frozen=True):
    """Opens, writes the attachments one behind the other, closes."""

    path: str
    append: bool = False
    create: bool = True
    exclusive: bool = False
    truncate: bool = True
    mode: Mode = 0o666


class OpenFile(Call, frozen=True):
    """Opens a regular file. Answers OpenedAnswer."""

    path: str
    read: bool = True
    write: bool = False
    append: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    mode: Mode = 0o666


class OpenSwap(Call, frozen=True):
    """Begins to replace a file; nothing is seen before CommitSwap. Answers OpenedAnswer."""

    path: str
    keep_existing: bool = False


class CommitSwap(Call, frozen=True):
    """Puts the new content in place in one step, and closes the handle."""

    handle: Handle


class ReadHandle(Call, frozen=True):
    """Up to `length` bytes from `offset`, as attachment."""

    handle: Handle
    offset: Position
    length: Position


class WriteHandle(Call, frozen=True):
    """Writes the attachments one behind the other from `offset`. Answers the number of bytes."""

    handle: Handle
    offset: Position = 0


class TruncateHandle(Call, frozen=True):
    """Cuts an open file, or fills it up with NULs."""

    handle: Handle
    size: Position


class StatHandle(Call, frozen=True):
    """Answers StatAnswer."""

    handle: Handle


class SyncHandle(Call, frozen=True):
    """Brings the content of an open file to the storage device."""

    handle: Handle


class SetHandleTimes(Call, frozen=True):
    """Sets access and modification time of an open file."""

    handle: Handle
    atime_ms: Milliseconds
    mtime_ms: Milliseconds


class CloseHandle(Call, frozen=True):
    """Gives the handle back; the content of a swap that was not committed is dropped."""

    handle: Handle


class MakeDirectory(Call, frozen=True):
    """With `recursive` also its parents, and an existing one is no error. Answers the first path made."""

    path: str
    recursive: bool = False


class RemoveFile(Call, frozen=True):
    """Removes a file, or a link itself."""

    path: str


class RemoveDirectory(Call, frozen=True):
    """Removes an empty directory."""

    path: str


class RemoveTree(Call, frozen=True):
    """Removes an entry with all that is in it."""

    path: str


class RenameEntry(Call, frozen=True):
    """Moves an entry, replacing one of the same kind."""

    path: str
    new_path: str


class CopyFile(Call, frozen=True):
    """Copies content inside the host."""

    path: str
    new_path: str
    exclusive: bool = False


class ReadLink(Call, frozen=True):
    """Answers the target of a link."""

    path: str


class ResolvePath(Call, frozen=True):
    """Answers the path without links."""

    path: str


class SetTimes(Call, frozen=True):
    """Sets access and modification time."""

    path: str
    atime_ms: Milliseconds
    mtime_ms: Milliseconds


class SetMode(Call, frozen=True):
    """Sets the permission bits."""

    path: str
    mode: Mode


TO_HOST = (
    StatPath,
    ReadDirectory,
    ReadPiece,
    WriteFile,
    OpenFile,
    OpenSwap,
    CommitSwap,
    ReadHandle,
    WriteHandle,
    TruncateHandle,
    StatHandle,
    SyncHandle,
    SetHandleTimes,
    CloseHandle,
    MakeDirectory,
    RemoveFile,
    RemoveDirectory,
    RemoveTree,
    RenameEntry,
    CopyFile,
    ReadLink,
    ResolvePath,
    SetTimes,
    SetMode,
)
TO_GUEST = ()
