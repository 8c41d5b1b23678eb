"""The files that one program holds open. Its numbers are the program's word: each is looked up here."""

from __future__ import annotations

import asyncio
import errno
import itertools

from isolatejs.limits import OPEN_FILES_LIMIT
from isolatejs.web.program_log import program_logger

from .file_errors import file_error
from .file_tree import OpenFile, SwapFile

_logger = program_logger("isolatejs.files")


class OpenFiles:
    """Numbers for open files, from 3 on and never twice, up to `OPEN_FILES_LIMIT` at once."""

    def __init__(self) -> None:
        self._files: dict[int, OpenFile] = {}
        self._numbers = itertools.count(3)
        self._opening = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._files)

    def reserve(self) -> None:
        """Takes a place before the file is opened. Raises OSError EMFILE."""
        if len(self._files) + self._opening >= OPEN_FILES_LIMIT:
            raise file_error(errno.EMFILE)
        self._opening += 1

    def release(self) -> None:
        """Gives the reserved place back."""
        self._opening -= 1

    async def add(self, file: OpenFile) -> int:
        """Puts the file into the table."""
        if self._closed:
            await file.close()
            raise file_error(errno.EBADF)
        number = next(self._numbers)
        self._files[number] = file
        return number

    def get(self, number: int) -> OpenFile:
        """The open file. Raises OSError EBADF."""
        file = self._files.get(number)
        if file is None:
            raise file_error(errno.EBADF)
        return file

    def take(self, number: int) -> OpenFile:
        """The open file, which leaves the table. Raises OSError EBADF."""
        file = self.get(number)
        del self._files[number]
        return file

    def take_swap(self, number: int) -> SwapFile:
        """Like `take`, for a swap file."""
        file = self.get(number)
        if not isinstance(file, SwapFile):
            raise file_error(errno.EBADF)
        del self._files[number]
        return file

    async def close(self) -> None:
        """Closes all of them, and every one that is still being opened."""
        self._closed = True
        files, self._files = list(self._files.values()), {}
        for outcome in await asyncio.gather(*(file.close() for file in files), return_exceptions=True):
            if isinstance(outcome, BaseException):
                _logger.warning("a file of a disposed runtime could not be closed", exc_info=outcome)
