"""Running a program."""

from __future__ import annotations

from typing import ClassVar

from isolatejs.wire.message import Call, Door, EncodedValue, Note


class EvaluateProgram(Call, frozen=True):
    """Run a program as a module; answered with the value of its last expression, else its default export."""

    door: ClassVar[Door] = Door.MANAGED

    code: str
    filename: str


class AwaitIdle(Call, frozen=True):
    """Answered when the program has no timer and no call of the host left to wait for."""

    door: ClassVar[Door] = Door.MANAGED


class ErrorEscaped(Note, frozen=True):
    """An exception or rejection that no running program accounts for: from a timer, say."""

    error: EncodedValue


TO_HOST = (ErrorEscaped,)
TO_GUEST = (EvaluateProgram, AwaitIdle)
