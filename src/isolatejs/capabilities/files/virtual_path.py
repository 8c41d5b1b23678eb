"""Virtual paths: what a program calls its files. Absolute, `/`-separated, already normalised.

The guest half resolves relative paths, `.` and `..` against the program's `cwd`. What arrives here is
checked again, and anything but a plain absolute path is refused: no `.`, no `..`, no empty component,
no NUL, no lone surrogate, nothing longer or deeper than the limits. Percent signs mean nothing here.
"""

from __future__ import annotations

import errno
import unicodedata

from isolatejs.limits import FILE_DEPTH_LIMIT, FILE_NAME_LIMIT_BYTES, FILE_PATH_LIMIT_BYTES

from .file_errors import file_error

Parts = tuple[str, ...]

RESERVED_PREFIX = ".isolatejs-"
"""Names of swap files; a program can neither see nor name an entry that begins so."""


def split_path(path: str, *, max_depth: int = FILE_DEPTH_LIMIT) -> Parts:
    """The components of a normalised virtual path; `/` has none.

    Raises OSError: EINVAL for a malformed path, ENAMETOOLONG beyond a limit, EILSEQ for text that is no
    Unicode, ENOENT for reserved names and for an empty path, which names nothing.
    """
    if path == "/":
        return ()
    if len(path) > FILE_PATH_LIMIT_BYTES:
        raise file_error(errno.ENAMETOOLONG)
    if not path:
        raise file_error(errno.ENOENT, path)
    if not path.startswith("/"):
        raise file_error(errno.EINVAL, path)
    parts = tuple(path[1:].split("/"))
    if parts[-1] == "":
        parts = parts[:-1]
    if len(parts) > max_depth:
        raise file_error(errno.ENAMETOOLONG, path)
    total_bytes = 0
    for part in parts:
        if part in ("", ".", "..") or "\0" in part:
            raise file_error(errno.EINVAL, path)
        try:
            length = len(part) if part.isascii() else len(part.encode())
        except UnicodeEncodeError as error:
            raise file_error(errno.EILSEQ) from error
        if length > FILE_NAME_LIMIT_BYTES:
            raise file_error(errno.ENAMETOOLONG, path)
        if part.startswith(RESERVED_PREFIX):
            raise file_error(errno.ENOENT, path)
        total_bytes += length + 1
    if total_bytes > FILE_PATH_LIMIT_BYTES:
        raise file_error(errno.ENAMETOOLONG, path)
    return parts


def join_path(parts: Parts) -> str:
    """The virtual path of these components."""
    return "/" + "/".join(parts)


def is_visible_name(name: str) -> bool:
    """Whether an entry of a host directory may be told to a program (swap files and bad UTF-8 may not)."""
    if name.startswith(RESERVED_PREFIX):
        return False
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def alias_key(parts: Parts) -> Parts:
    """Equal for names that some file system takes for the same: case, composition, invisible characters."""
    return tuple(_alias_of(part) for part in parts)


def _alias_of(name: str) -> str:
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKD", name).casefold()
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return unicodedata.normalize("NFKC", visible)
