"""What can go wrong with a file, in the three languages that meet here.

Host code raises `OSError` with an errno and a *virtual* path. A program sees it either as a DOMException
(File System standard) or as a Node error (`code`, `errno`, `syscall`). The table below is the only
place that pairs them. Texts are libuv's, so that no word of the host's own error crosses.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class FileErrorForm:
    """One kind of failure: Node's `code` and text, and the DOMException name."""

    code: str
    text: str
    dom_name: str


_FORMS: dict[int, FileErrorForm] = {
    number: FileErrorForm(errno.errorcode[number], text, dom_name)
    for number, text, dom_name in (
        (errno.ENOENT, "no such file or directory", "NotFoundError"),
        (errno.ENOTDIR, "not a directory", "TypeMismatchError"),
        (errno.EISDIR, "illegal operation on a directory", "TypeMismatchError"),
        (errno.EEXIST, "file already exists", "InvalidModificationError"),
        (errno.ENOTEMPTY, "directory not empty", "InvalidModificationError"),
        (errno.EACCES, "permission denied", "NotAllowedError"),
        (errno.EPERM, "operation not permitted", "NotAllowedError"),
        (errno.EROFS, "read-only file system", "NotAllowedError"),
        (errno.ELOOP, "too many symbolic links encountered", "NotAllowedError"),
        (errno.EXDEV, "cross-device link not permitted", "NotAllowedError"),
        (errno.EBUSY, "resource busy or locked", "NoModificationAllowedError"),
        (errno.ENOSPC, "no space left on device", "QuotaExceededError"),
        (errno.EDQUOT, "disk quota exceeded", "QuotaExceededError"),
        (errno.EFBIG, "file too large", "QuotaExceededError"),
        (errno.EMFILE, "too many open files", "QuotaExceededError"),
        (errno.ENAMETOOLONG, "name too long", "TypeError"),
        (errno.EINVAL, "invalid argument", "TypeError"),
        (errno.EILSEQ, "illegal byte sequence", "TypeError"),
        (errno.EBADF, "bad file descriptor", "InvalidStateError"),
        (errno.ESTALE, "the file has changed since it was opened", "NotReadableError"),
        (errno.ENOSYS, "function not implemented", "NotSupportedError"),
        (errno.ENOTSUP, "operation not supported on socket", "NotSupportedError"),
        (errno.EIO, "i/o error", "NotReadableError"),
    )
}
# errno.errorcode knows this number as EOPNOTSUPP on Linux; Node says ENOTSUP.
_FORMS[errno.ENOTSUP] = FileErrorForm("ENOTSUP", "operation not supported", "NotSupportedError")
_FORMS[errno.ENFILE] = _FORMS[errno.EMFILE]
_FORMS[errno.EMLINK] = _FORMS[errno.EPERM]
# A FIFO without a reader or a socket answers ENXIO to open(): it is refused like every special file.
_FORMS[errno.ENXIO] = _FORMS[errno.EPERM]
_FORMS[errno.ETXTBSY] = _FORMS[errno.EBUSY]


def file_error(number: int, path: str | None = None, detail: str | None = None) -> OSError:
    """An OSError (of the right subclass) with a virtual path; `detail` replaces the table's text."""
    return _virtual(number, detail or _FORMS[number].text, path, None)


def error_form(error: OSError) -> FileErrorForm:
    """The form in which a program may see this error; an unknown errno is an i/o error."""
    form = _FORMS.get(_number(error), _FORMS[errno.EIO])
    if error.strerror and getattr(error, "is_virtual", False):
        return FileErrorForm(form.code, error.strerror, form.dom_name)
    return form


def without_host_path(error: OSError, path: str, second_path: str | None = None) -> OSError:
    """The same failure told with these virtual paths and no word of the host."""
    number = _number(error)
    number = number if number in _FORMS else errno.EIO
    text = error.strerror if error.strerror and getattr(error, "is_virtual", False) else _FORMS[number].text
    return _virtual(number, text, path, second_path)


@contextlib.contextmanager
def told_virtually(path: str, second_path: str | None = None) -> Iterator[None]:
    """Errors that leave the block carry these virtual paths and no word of the host."""
    try:
        yield
    except OSError as error:
        raise without_host_path(error, path, second_path) from error


def _number(error: OSError) -> int:
    """The errno; by class for an error that an embedder raised with a text only."""
    if error.errno is not None:
        return error.errno
    return next((number for kind, number in _BY_CLASS if isinstance(error, kind)), errno.EIO)


_BY_CLASS = (
    (FileNotFoundError, errno.ENOENT),
    (FileExistsError, errno.EEXIST),
    (IsADirectoryError, errno.EISDIR),
    (NotADirectoryError, errno.ENOTDIR),
    (PermissionError, errno.EACCES),
)


def _virtual(number: int, text: str, path: str | None, second_path: str | None) -> OSError:
    if path is None:
        error = OSError(number, text)
    elif second_path is None:
        error = OSError(number, text, path)
    else:
        error = OSError(number, text, path, None, second_path)
    error.is_virtual = True  # type: ignore[attr-defined]
    return error
