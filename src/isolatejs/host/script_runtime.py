"""`host.create_runtime()`: scripts and agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from isolatejs.errors import ConfigurationError, RuntimeDisposedError
from isolatejs.host.options import check_milliseconds
from isolatejs.wire.unicode import well_formed

if TYPE_CHECKING:
    from types import TracebackType

    from isolatejs.capabilities.evaluation.host import EvaluationHost
    from isolatejs.capabilities.host_events.host import HostEvents
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.typechecking.program_check import ProgramCheck
    from isolatejs.web import AbortSignal

DEFAULT_FILENAME = "/index.js"


class ScriptRuntime:
    """One sandbox that evaluates programs. `globalThis` lasts from one `eval` to the next."""

    def __init__(self, live: LiveRuntime, check: ProgramCheck | None = None) -> None:
        self._live = live
        self._check = check
        if check is not None:
            live.on_ended(lambda _: check.close())

    @property
    def id(self) -> str:
        """The runtime's id, as callbacks see it in `HostCallContext.runtime_id`."""
        return self._live.runtime_id

    @property
    def disposed(self) -> bool:
        """Whether the handle can no longer be used."""
        return self._live.ended

    @property
    def events(self) -> HostEvents:
        """Named events: `off = events.on(name, handler)` and `await events.emit(name, payload)`."""
        return cast("HostEvents", self._live.halves["host_events"])

    async def eval(
        self,
        code: str,
        filename: str = DEFAULT_FILENAME,
        *,
        execution_timeout_ms: float | None = None,
        signal: AbortSignal | None = None,
    ) -> Any:
        """Run a program (JavaScript or TypeScript) as a module and give its value.

        The value is that of the last expression, else the default export, else None. `filename` names the
        program in errors and is the base of its relative imports. `execution_timeout_ms` is wall-clock time,
        the runtime's own when None.

        Raises GuestError with what the program threw, ExecutionTimeoutError, MemoryLimitError, AbortError
        when `signal` aborts (these end the runtime), RuntimeDisposedError when it is already gone.
        """
        if not isinstance(code, str):
            raise ConfigurationError(f"eval: code must be a str, not {type(code).__name__}")
        if not isinstance(filename, str) or not filename or "\0" in filename or "\n" in filename:
            raise ConfigurationError("eval: filename must be a non-empty str without line breaks")
        timeout_ms = check_milliseconds(execution_timeout_ms, "execution_timeout_ms")
        if timeout_ms is None:
            timeout_ms = self._live.scope.execution_timeout_ms
        if self._check is not None:
            self._live.check_usable()
            await self._check.check_program(code, filename)
        evaluation = cast("EvaluationHost", self._live.halves["evaluation"])
        return await self._live.execute(
            lambda: evaluation.evaluate(well_formed(code), well_formed(filename)),
            timeout_ms=timeout_ms,
            signal=signal,
        )

    async def wait_idle(self, *, timeout_ms: float | None = None, signal: AbortSignal | None = None) -> None:
        """Wait until the program has no timer and no call of the host left to wait for.

        What a script runner does before it ends: `eval` returns when the program's module has run, whatever
        it has set going. Reaching `timeout_ms` (wall-clock; the runtime's `execution_timeout_ms` when None) ends
        the runtime with ExecutionTimeoutError.
        """
        evaluation = cast("EvaluationHost", self._live.halves["evaluation"])
        given_ms = check_milliseconds(timeout_ms, "timeout_ms")
        limit_ms = self._live.scope.execution_timeout_ms if given_ms is None else given_ms
        await self._live.execute(
            evaluation.wait_idle,
            timeout_ms=limit_ms,
            signal=signal,
            limit="execution_timeout_ms" if given_ms is None else "timeout_ms",
        )

    async def dispose(self, hard: bool = False, reason: str | None = None) -> None:
        """End the sandbox and wait until it is gone. May be called any number of times.

        A script runtime is always ended; `hard` matters for namespaced sessions. `reason` is what later
        calls on the handle report.
        """
        message = f"the runtime {self.id} has been disposed" + (f": {reason}" if reason else "")
        await self._live.aclose(RuntimeDisposedError(message))

    async def diagnostics(self) -> dict[str, Any]:
        """Counts and state: active executions, pending tools, open streams, the last unhandled error."""
        return self._live.diagnostics()

    async def __aenter__(self) -> ScriptRuntime:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dispose()
