"""Running a program."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from isolatejs.limits import ESCAPED_ERROR_LIMIT_CHARACTERS
from isolatejs.wire.message import Call, Door, Note

EscapedText = Annotated[str, msgspec.Meta(max_length=ESCAPED_ERROR_LIMIT_CHARACTERS)]


class EvaluateProgram(Call, frozen=True):
    """Run a program as a module; answered with the value of its last expression, else its default export."""

    door: ClassVar[Door] = Door.MANAGED

    code: str
    filename: str


class AwaitIdle(Call, frozen=True):
    """Answered when the program has no timer and no call of the host left to wait for."""

    door: ClassVar[Door] = Door.MANAGED


class ErrorEscaped(Note, frozen=True):
    """An exception or rejection that no running program accounts for: from a timer, say.

    Only text crosses: the host writes it into a log, and a value has no bounded text.
    """

    name: EscapedText
    message: EscapedText
    stack: EscapedText = ""


TO_HOST = (ErrorEscaped,)
TO_GUEST = (EvaluateProgram, AwaitIdle)
