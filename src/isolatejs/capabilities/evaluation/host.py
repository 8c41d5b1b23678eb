"""The host half of `eval`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from isolatejs.capabilities.evaluation import contract
from isolatejs.capabilities.evaluation.contract import AwaitIdle, ErrorEscaped, EvaluateProgram
from isolatejs.web.values import UNDEFINED
from isolatejs.wire.message import EncodedValue

if TYPE_CHECKING:
    from isolatejs.capabilities.scope import RuntimeScope
    from isolatejs.channel.incoming import IncomingNote


class EvaluationHost:
    """Sends programs and remembers the last error that escaped one."""

    name: ClassVar[str] = "evaluation"
    contract: ClassVar[Any] = contract

    def __init__(self, bindings: Any, scope: RuntimeScope) -> None:
        self._scope = scope
        self.last_error: str | None = None

    def grant(self) -> dict[str, Any]:
        return {}

    async def evaluate(self, code: str, filename: str) -> Any:
        """Run a program and give its value; `undefined` is None."""
        reply = await self._scope.channel.call(EvaluateProgram(code, filename))
        value = reply.decode(reply.into(EncodedValue))
        return None if value is UNDEFINED else value

    async def wait_idle(self) -> None:
        """Until the program has no timer and no call of the host left to wait for."""
        await self._scope.channel.call(AwaitIdle())

    def error_escaped(self, message: ErrorEscaped, note: IncomingNote) -> None:
        headline = f"{message.name}: {message.message}" if message.message else message.name
        self.last_error = message.stack or headline
        self._scope.logger.warning("the program left an error unhandled: %.2000s", self.last_error)

    async def close(self) -> None:
        pass
