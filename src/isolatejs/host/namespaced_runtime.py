"""`host.get_namespaced_runtime()`: a session that survives its handle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from isolatejs.errors import RuntimeDisposedError
from isolatejs.host.script_runtime import ScriptRuntime
from isolatejs.host.test_suite_runtime import DEFAULT_FILENAME as DEFAULT_TEST_FILENAME
from isolatejs.host.test_suite_runtime import TestEvents, TestRuns

if TYPE_CHECKING:
    from isolatejs.capabilities.testing.results import TestRunResult
    from isolatejs.host.live_runtime import LiveRuntime
    from isolatejs.host.namespaces import NamespaceStore
    from isolatejs.web import AbortSignal


class NamespacedRuntime(ScriptRuntime):
    """One live handle on a named session. `dispose()` puts the session aside; `dispose(hard=True)` ends it.

    Put aside, the program keeps its globals, modules and timers but does not run; calls to the host that are
    open then fail in the program with an AbortError. The next acquire brings its own bindings.
    """

    def __init__(self, key: str, live: LiveRuntime, store: NamespaceStore) -> None:
        super().__init__(live)
        self.key = key
        self._store = store
        self._runs = TestRuns(live)
        self._disposing: asyncio.Task[None] | None = None

    @property
    def test(self) -> TestEvents:
        """Events of test runs: `off = session.test.on_event(handler)`."""
        return self._runs.events

    async def run_tests(
        self,
        code: str,
        filename: str = DEFAULT_TEST_FILENAME,
        *,
        timeout_ms: float | None = None,
        signal: AbortSignal | None = None,
    ) -> TestRunResult:
        """Forget the tests registered before, load this suite and run it in the session.

        See `TestRuntime.run` for `timeout_ms`, the result, and what is raised.
        """
        return await self._runs.run(code, filename, timeout_ms=timeout_ms, signal=signal)

    async def dispose(self, hard: bool = False, reason: str | None = None) -> None:
        """Give the handle up. The session is put aside, or ended when `hard` or while a program runs in it.

        May be called any number of times. Cancelling it does not stop it.
        """
        if self._disposing is not None and not hard:
            await asyncio.shield(self._disposing)
            return
        if self._live.parked:
            return
        if hard or self._live.ended:
            message = f"the session {self.key!r} has been disposed" + (f": {reason}" if reason else "")
            await self._live.aclose(RuntimeDisposedError(message))
            return
        self._disposing = asyncio.get_running_loop().create_task(self._put_aside(reason))
        await asyncio.shield(self._disposing)

    async def _put_aside(self, reason: str | None) -> None:
        parked = await self._live.park(reason)
        if parked is not None:
            await self._store.put_aside(self.key, parked)

    async def diagnostics(self) -> dict[str, Any]:
        """Counts and state of the session's runtime, its key, whether it was taken up again, and its last test run."""
        return {
            **self._live.diagnostics(),
            "key": self.key,
            "reused": self._live.reused,
            "test": self._runs.diagnostics(),
        }
