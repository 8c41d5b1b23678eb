"""Running a program."""

from __future__ import annotations

from isolatejs.wire.message import Call, EncodedValue, Note


class EvaluateProgram(Call, frozen=True):
    """Run a program as a module; answered with the value of its last expression, else its default export."""

    code: str
    filename: str


class AwaitIdle(Call, frozen=True):
    """Answered when the program has no timer and no call of the host left to wait for."""


class ErrorEscaped(Note, frozen=True):
    """An exception or rejection that no running program accounts for: from a timer, say."""

    error: EncodedValue


TO_HOST = (ErrorEscaped,)
TO_GUEST = (EvaluateProgram, AwaitIdle)
