"""Loggers for what a program can cause: its lines are bounded in length, and in number for each runtime.

The budget of a runtime is known by context: everything that a message of its guest starts runs in the context of its
channel. A runtime that was opened by another one's program counts for both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from isolatejs.errors import IsolateError
from isolatejs.limits import PROGRAM_LOG_LIMIT_CHARACTERS, PROGRAM_LOG_LIMIT_LINES
from isolatejs.web.preview import cut

if TYPE_CHECKING:
    from typing import Self

_LINE_CHARACTERS = 4_000
_TRACEBACK_CHARACTERS = 2_000
"""What a traceback counts, about."""


class LogBudget:
    """What one runtime's program may still cause in the embedder's log."""

    def __init__(self, parent: Self | None = None) -> None:
        self._parent = parent
        self._lines = 0
        self._characters = 0
        self._told = False

    def take(self, characters: int) -> bool:
        """Count a line; False when it must not be written."""
        self._lines += 1
        self._characters += characters
        within = self._lines <= PROGRAM_LOG_LIMIT_LINES and self._characters <= PROGRAM_LOG_LIMIT_CHARACTERS
        return within and (self._parent is None or self._parent.take(characters))

    def tell_once(self) -> bool:
        """Whether it has to be said now that lines are left out."""
        told, self._told = self._told, True
        return not told


_budget: ContextVar[LogBudget | None] = ContextVar("isolatejs_log_budget", default=None)


@contextmanager
def own_budget() -> Iterator[None]:
    """What is started inside has a log budget of its own, within the one around it."""
    token = _budget.set(LogBudget(_budget.get()))
    try:
        yield
    finally:
        _budget.reset(token)


class ProgramLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines count against the budget of the runtime that causes them."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a line, cut to some kilobytes; nothing, once, when the runtime has caused too many."""
        if not self.isEnabledFor(level):
            return
        text = str(msg) % args if args else str(msg)
        error = _exception(kwargs.get("exc_info"))
        if error is not None and (isinstance(error, IsolateError) or len(str(error)) > _LINE_CHARACTERS):
            # Its place in the library says nothing, and a program chooses how long its text is.
            kwargs["exc_info"] = None
            text = f"{text}: {type(error).__name__}: {error}"
        if len(text) > _LINE_CHARACTERS:
            msg, args = "%s", (cut(text, _LINE_CHARACTERS),)
        elif error is not None and kwargs["exc_info"] is None:
            msg, args = "%s", (text,)
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        budget = _budget.get()
        size = min(len(text), _LINE_CHARACTERS) + (_TRACEBACK_CHARACTERS if kwargs.get("exc_info") else 0)
        if budget is None or budget.take(size):
            self.logger.log(level, msg, *args, **kwargs)
        elif budget.tell_once():
            self.logger.warning(
                "a program has caused more than %d lines or %d characters of log: its further lines are left out",
                PROGRAM_LOG_LIMIT_LINES,
                PROGRAM_LOG_LIMIT_CHARACTERS,
            )

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


def _exception(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        found: BaseException | None = given[1]
        return found
    if given:
        import sys

        return sys.exc_info()[1]
    return None


def program_logger(name: str) -> ProgramLogger:
    """The logger of a name, for lines that a program can cause."""
    return ProgramLogger(logging.getLogger(name), {})
