"""One sandbox with its channel and host halves, from boot to death. Every kind of runtime stands on one.

A live runtime ends in one of these ways, and every call that is open then fails with the matching error:
disposed, aborted, out of time, out of memory, crashed, or caught lying (GuestProtocolError).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from isolatejs.capabilities.boot.contract import BootKernel, ParkKernel, ResumeKernel
from isolatejs.capabilities.registry import HostHalf, build_halves
from isolatejs.capabilities.scope import RuntimeScope
from isolatejs.channel.channel import Channel
from isolatejs.channel.numbering import Numbering
from isolatejs.errors import (
    AbortError,
    DaemonError,
    GuestError,
    IsolateError,
    MemoryLimitError,
    RuntimeDisposedError,
    SandboxCrashedError,
)
from isolatejs.host.executions import Executions
from isolatejs.host.guest_errors import to_guest_error
from isolatejs.host.on_behalf import OnBehalf
from isolatejs.host.options import check_signal
from isolatejs.host.owning_process import OwningProcess
from isolatejs.host.runtime_ids import new_runtime_id
from isolatejs.host_time import HostTimeBudget
from isolatejs.limits import BOOT_TIMEOUT_MS, DISPOSE_GRACE_MS, MIB, PARK_TIMEOUT_MS
from isolatejs.sandbox.parked import ParkedSandbox
from isolatejs.web import AbortController, AbortSignal
from isolatejs.web.program_log import program_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from isolatejs.host.parent import Parent
    from isolatejs.sandbox.provider import SandboxProvider
    from isolatejs.sandbox.sandbox import ExitReport, Sandbox

T = TypeVar("T")
_logger = program_logger("isolatejs.runtime")


@dataclass(frozen=True, slots=True)
class PreparedRuntime:
    """A runtime that has everything but a sandbox: what can be wrong with its options has been found."""

    scope: RuntimeScope
    controller: AbortController
    halves: dict[str, HostHalf]
    parent: Parent | None = None


class LiveRuntime:
    """A booted sandbox. Make it with `LiveRuntime.prepare` and then `start` or `take_up`."""

    def __init__(self, sandbox: Sandbox, scope: RuntimeScope, controller: AbortController) -> None:
        self.sandbox = sandbox
        self.scope = scope
        self.channel: Channel = scope.channel
        self.halves: dict[str, HostHalf] = {}
        self.children: set[Any] = set()
        """What this runtime's program opened through a nested host; each has `end_now(error)`."""
        self.active_executions = 0
        self.parent: Parent | None = None
        """Whose program created it through a nested host; None for the embedder's own."""
        self.reused = False
        """Whether it took up a session that was put aside."""
        self.executions = Executions(self, scope.execution_timeout_ms)
        self.inherits = False
        """Whether its parent's program has handed it something of the embedder's: fetch or the browser."""
        self.parked = False
        """Whether it ended here because its session was put aside, and lives on."""
        self._controller = controller
        self._process = OwningProcess()
        self._ended_by: IsolateError | None = None
        self._closing: asyncio.Task[None] | None = None
        self._on_death: list[Callable[[], None]] = []
        self._on_ended: list[Callable[[IsolateError], None]] = []
        self._booting: asyncio.Task[Any] | None = None

    @classmethod
    def prepare(
        cls,
        provider: SandboxProvider,
        bindings: Any,
        *,
        cwd: str,
        memory_limit_mb: int,
        execution_timeout_ms: float | None,
        key: str | None = None,
        resource_id: str | None = None,
        extra: dict[str, Any] | None = None,
        parent: Parent | None = None,
    ) -> PreparedRuntime:
        """Build the halves that the bindings grant. Raises ConfigurationError for a binding that is wrong."""
        runtime_id = new_runtime_id()
        controller = AbortController()
        scope = RuntimeScope(
            runtime_id=runtime_id,
            resource_id=resource_id or runtime_id,
            signal=controller.signal,
            key=key,
            cwd=cwd,
            memory_limit_mb=memory_limit_mb,
            execution_timeout_ms=execution_timeout_ms,
            run_engine=provider.run_engine,
        )
        return PreparedRuntime(scope, controller, build_halves(bindings, scope, extra), parent)

    @classmethod
    async def start(cls, provider: SandboxProvider, prepared: PreparedRuntime) -> LiveRuntime:
        """Lease a sandbox and boot the kernel."""
        sandbox = await provider.lease(memory_limit_bytes=prepared.scope.memory_limit_mb * MIB)
        if prepared.parent is not None:
            try:
                sandbox.join_tree(prepared.parent.live.sandbox, prepared.parent.tree_memory_mb * MIB)
            except BaseException:
                await sandbox.aclose()
                raise
        return await cls._connect(sandbox, prepared, Numbering(), BootKernel)

    @classmethod
    async def take_up(cls, parked: ParkedSandbox, prepared: PreparedRuntime) -> LiveRuntime:
        """Take up a session that was put aside, with other bindings."""
        try:
            for name, kept in parked.kept.items():
                half: Any = prepared.halves.get(name)
                if half is not None and hasattr(half, "take_up"):
                    half.take_up(kept)
                else:
                    await kept.aclose()
        except BaseException:
            await parked.sandbox.aclose()
            raise
        runtime = await cls._connect(parked.sandbox, prepared, Numbering(*parked.numbers), ResumeKernel)
        runtime.reused = True
        # After the task that sends the first message: the process wakes once, and finds it.
        asyncio.get_running_loop().call_soon(parked.sandbox.resume)
        return runtime

    @classmethod
    async def _connect(
        cls,
        sandbox: Sandbox,
        prepared: PreparedRuntime,
        numbering: Numbering,
        first: type[BootKernel | ResumeKernel],
    ) -> LiveRuntime:
        runtime: LiveRuntime | None = None
        scope = prepared.scope
        try:
            scope.channel = await Channel.open(
                sandbox.channel_socket,
                on_closed=lambda error: runtime._channel_closed(error) if runtime is not None else None,
                raise_guest_error=to_guest_error,
                sync_fd=sandbox.sync_fd,
                numbering=numbering,
                host_time=HostTimeBudget(prepared.parent.live.channel.host_time if prepared.parent else None),
            )
            runtime = cls(sandbox, scope, prepared.controller)
            runtime.parent = prepared.parent
            runtime._boot(prepared.halves, first)
        except BaseException:
            await sandbox.aclose()
            raise
        return runtime

    def _boot(self, halves: dict[str, HostHalf], first: type[BootKernel | ResumeKernel]) -> None:
        self.halves = halves
        self.scope.fail = self._fail
        self.channel.entries = self.executions
        self.channel.requests = self.scope.requests
        self.channel.context_for = self.scope.context_for
        if self.parent is not None:
            self.channel.outer = self.parent.live.channel
            self.channel.begin_scope = OnBehalf(self.scope).begin
        if self.scope.execution_timeout_ms is not None:
            self.channel.on_sent = self.executions.touch
            if "serve" not in halves:  # a server may well be busy; its requests are watched
                self.sandbox.limit_busy(self.scope.execution_timeout_ms / 1000)
        if "serve" in halves:
            self.executions.serves()
        self.sandbox.exited.add_done_callback(self._process_gone)
        for half in halves.values():
            self.channel.handle(half.contract, half)
        grants = {name: half.grant() for name, half in halves.items()}
        self._booting = self.channel.start(self._boot_kernel(first(self.scope.cwd, grants)))

    async def _boot_kernel(self, message: BootKernel | ResumeKernel) -> None:
        try:
            async with asyncio.timeout(BOOT_TIMEOUT_MS / 1000):
                await self.channel.call(message)
        except RuntimeDisposedError:
            return  # whoever uses the runtime next is told how it ended
        except TimeoutError:
            self.end_now(SandboxCrashedError(f"the kernel did not boot within {BOOT_TIMEOUT_MS} ms"))
        except IsolateError as error:
            crash = SandboxCrashedError(f"the kernel did not boot: {error}")
            crash.__cause__ = error
            self.end_now(crash)

    async def park(self, reason: str | None = None) -> ParkedSandbox | None:
        """Put the session aside: its program keeps its state and stops running. None when it ended instead.

        What is open with this host (calls, streams, functions) fails in the program with an AbortError.
        """
        why = f": {reason}" if reason else ""
        if self.active_executions or self.ended:
            self.end_now(
                RuntimeDisposedError(
                    f"the runtime {self.runtime_id} was disposed while it was executing{why}"
                )
            )
        try:
            async with asyncio.timeout(PARK_TIMEOUT_MS / 1000):
                await self.channel.call(ParkKernel())
                connection, numbering = await self.channel.detach()
        except (IsolateError, TimeoutError) as error:
            self.end_now(
                RuntimeDisposedError(f"the session of {self.runtime_id} could not be put aside: {error}")
            )
            if self._closing is not None:
                await asyncio.shield(self._closing)
            return None
        self.executions.close()
        self.sandbox.pause()
        self.sandbox.channel_socket = connection
        self.sandbox.exited.remove_done_callback(self._process_gone)
        self.parked = True
        self._ended_by = RuntimeDisposedError(f"the session {self.scope.key!r} has been disposed{why}")
        self._controller.abort(self._ended_by)
        for callback in self._on_ended:
            callback(self._ended_by)
        self._on_ended.clear()
        self._on_death.clear()
        kept = {name: half.park() for name, half in self.halves.items() if hasattr(half, "park")}
        await self._close_halves(skip=kept)
        return ParkedSandbox(self.sandbox, (numbering.last_id, numbering.last_reference), kept)

    def stop(self) -> None:
        """The session whose program created this one is put aside: this one stops running too, and all below it."""
        self.executions.hold()
        self.sandbox.pause()
        for child in self.children:
            for live in child.lives():
                live.stop()

    def go_on(self) -> None:
        """That session goes on, perhaps by another live runtime."""
        if self.parent is not None:
            above = self.parent.live.channel
            self.channel.outer = above
            self.channel.host_time.parent, self.channel.host_time.root = above.host_time, above.host_time.root
        for child in self.children:
            for live in child.lives():
                live.go_on()
        self.sandbox.resume()
        self.executions.go_on()

    # --- work --------------------------------------------------------------------------------------
    @property
    def ended(self) -> bool:
        """Whether the runtime can no longer be used."""
        return self._ended_by is not None

    @property
    def ended_by(self) -> IsolateError | None:
        """How it ended, if it did."""
        return self._ended_by

    @property
    def runtime_id(self) -> str:
        return self.scope.runtime_id

    def check_usable(self) -> None:
        """Raise RuntimeDisposedError, saying how it ended, when the runtime is gone or another process's."""
        self._process.check(f"the runtime {self.runtime_id}")
        if self._ended_by is not None:
            message = str(self._ended_by)
            if not isinstance(self._ended_by, RuntimeDisposedError):
                message = f"the runtime {self.runtime_id} is gone: {message}"
            raise RuntimeDisposedError(message) from self._ended_by

    async def execute(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        *,
        timeout_ms: float | None,
        signal: AbortSignal | None,
        limit: str = "execution_timeout_ms",
    ) -> T:
        """Run a program's work under a wall-clock limit and a signal.

        Reaching the limit, an abort, or cancellation of this coroutine kills the sandbox: the only way to
        stop code that never yields. A signal that is already aborted starts nothing.
        """
        if signal is not None:
            check_signal(signal)
            signal.throw_if_aborted()
        self.check_usable()
        remove = None
        if signal is not None:
            loop = asyncio.get_running_loop()
            remove = signal.add_listener(
                lambda aborted: loop.call_soon_threadsafe(self.end_now, aborted.to_error())
            )
        self.active_executions += 1
        execution = None
        if timeout_ms is not None:
            execution = self.executions.begin_managed(timeout_ms, limit)
        else:
            self.executions.running += 1
            self.sandbox.wake_watchdog()
        try:
            return await work()
        except GuestError as error:
            # An ArrayBuffer beyond the memory limit is only a RangeError in JavaScript.
            refused = error.name == "RangeError" and re.search("alloc|grow", error.message) is not None
            if refused and await self.sandbox.check_memory():
                raise await self.wait_ended() from error
            raise
        except asyncio.CancelledError:
            self.end_now(AbortError("The operation was cancelled"))
            raise
        except RuntimeDisposedError as error:
            if not self.channel.closed:
                raise
            ended = await self.wait_ended()
            raise ended from (ended.__cause__ if error.__cause__ is ended else error.__cause__)
        finally:
            self.active_executions -= 1
            if execution is not None:
                execution.finish()
            else:
                self.executions.running -= 1
            if remove is not None:
                remove()

    # --- the end -----------------------------------------------------------------------------------
    def on_ended(self, callback: Callable[[IsolateError], None]) -> None:
        """Call back once when the runtime ends, with the reason."""
        if self._ended_by is not None:
            callback(self._ended_by)
        else:
            self._on_ended.append(callback)

    def on_death(self, callback: Callable[[], None]) -> None:
        """Call back once when the sandbox dies; not when its session is put aside."""
        self._on_death.append(callback)

    def end_now(self, error: IsolateError) -> None:
        """Kill the sandbox and everything that its program opened. The first reason is the one that counts."""
        if self._ended_by is not None:
            return
        self._ended_by = error
        self.sandbox.kill()
        self.executions.close()
        for child in list(self.children):
            ended = RuntimeDisposedError(f"its parent {self.runtime_id} ended: {error}")
            ended.__cause__ = error
            child.end_now(ended)
        self._controller.abort(error)
        self.channel.close(error)
        for callback in self._on_ended:
            callback(error)
        self._on_ended.clear()
        for on_death in self._on_death:
            on_death()
        self._on_death.clear()
        self._closing = asyncio.get_running_loop().create_task(
            self._release(), name=f"isolatejs-end-{self.runtime_id}"
        )

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, IsolateError):
            self.end_now(error)
        else:
            self.end_now(RuntimeDisposedError(f"the host failed: {type(error).__name__}"))

    async def _release(self) -> None:
        await self._close_halves()
        await self.sandbox.aclose()

    async def _close_halves(self, skip: Mapping[str, Any] = MappingProxyType({})) -> None:
        await self.channel.wait_closed(DISPOSE_GRACE_MS / 1000)
        for name, half in self.halves.items():
            if name in skip:
                continue
            try:
                await asyncio.wait_for(half.close(), getattr(half, "close_limit_ms", DISPOSE_GRACE_MS) / 1000)
            except TimeoutError:
                _logger.warning("%s of %s did not close in time", half.name, self.runtime_id)
            except Exception:
                _logger.exception("%s of %s did not close well", half.name, self.runtime_id)

    def _channel_closed(self, error: BaseException | None) -> None:
        if self._ended_by is None and isinstance(error, IsolateError):
            self.end_now(error)  # the guest lied

    def _process_gone(self, exited: asyncio.Future[ExitReport]) -> None:
        if self._ended_by is None and not exited.cancelled():
            self.end_now(self._death(exited.result()))

    def _death(self, report: ExitReport) -> IsolateError:
        """The error for a process that ended on its own."""
        if report.reason == "memory" and report.detail == "tree" and self.parent is not None:
            limit = self.parent.tree_memory_mb
            return MemoryLimitError(
                f"the runtime {self.parent.live.runtime_id} and all that its program created used more than "
                f"{limit} MB together: {self.runtime_id} was ended",
                limit="nested_host.max_total_memory_mb",
                value=limit,
                runtime_id=self.runtime_id,
            )
        if report.reason == "memory":
            limit = self.scope.memory_limit_mb
            return MemoryLimitError(
                f"the program used more than memory_limit_mb={limit} in runtime {self.runtime_id}",
                limit="memory_limit_mb",
                value=limit,
                runtime_id=self.runtime_id,
            )
        if report.reason == "deadline":
            return self.executions.error_of_the_launcher(busy=report.detail == "busy")
        if report.reason == "lost":
            return DaemonError(f"the daemon that owned runtime {self.runtime_id} went away")
        if report.reason == "disposed":
            return RuntimeDisposedError(
                f"the runtime {self.runtime_id} was ended through the daemon: {report.detail or 'disposed'}"
            )
        if report.signal is not None:
            how = f"was ended by signal {report.signal}"
        else:
            how = f"exited with status {report.exit_code}"
        last = report.stderr_tail.strip()
        return SandboxCrashedError(
            f"the engine of runtime {self.runtime_id} {how}" + (f"; its last lines:\n{last}" if last else ""),
            exit_code=report.exit_code,
            signal=report.signal,
            stderr_tail=report.stderr_tail,
        )

    async def wait_ended(self) -> IsolateError:
        """Wait until it is known how the runtime ended."""
        if self._ended_by is None:
            await asyncio.wait([self.sandbox.exited], timeout=DISPOSE_GRACE_MS / 1000)
            if self._ended_by is None:
                self.end_now(RuntimeDisposedError(f"the sandbox of {self.runtime_id} closed its channel"))
        assert self._ended_by is not None
        return self._ended_by

    async def aclose(self, error: IsolateError | None = None) -> None:
        """End the runtime and wait, within bounds, until nothing of it is left."""
        self.end_now(error or RuntimeDisposedError(f"the runtime {self.runtime_id} has been disposed"))
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def diagnostics(self) -> dict[str, Any]:
        """Counts and state, for the embedder."""
        counts = self.channel.statistics()
        tools = self.halves.get("tools")
        evaluation = self.halves.get("evaluation")
        browser: Any = self.halves.get("browser")
        return {
            "runtime_id": self.runtime_id,
            "resource_id": self.scope.resource_id,
            "active_requests": len(self.scope.requests),
            "active_executions": self.active_executions,
            "active_resources": len(self.children),
            "pending_tools": getattr(tools, "pending", 0),
            "pending_files": getattr(self.halves.get("files"), "pending", 0),
            "pending_calls": counts["incoming_calls"],
            "pending_fetches": self.channel.pending("fetch."),
            "pending_modules": self.channel.pending("modules."),
            "stream_count": counts["stream_count"],
            **({"browser": browser.diagnostics()} if browser is not None else {}),
            "last_error": getattr(evaluation, "last_error", None),
            "lifecycle_state": "disposing" if self.ended else "active" if self.active_executions else "idle",
        }
