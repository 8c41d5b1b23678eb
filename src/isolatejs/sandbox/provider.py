"""What stands above the sandbox layer sees of it: something that leases sandboxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .confinement import ConfinementReport
    from .sandbox import Sandbox


@dataclass(frozen=True)
class CompletedEngineRun:
    """A one-shot run of the engine behind the wall. `exit_code` is negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr: str


class SandboxProvider(Protocol):
    """Leases sandboxes. Nobody above assumes that their processes are local children."""

    @property
    def confinement(self) -> ConfinementReport:
        """Which layers of the wall hold."""
        ...

    async def lease(self, *, memory_limit_bytes: int | None) -> Sandbox:
        """A sandbox that nobody used before; the caller owns it."""
        ...

    async def run_engine(
        self,
        argv: list[str],
        files: dict[str, bytes],
        timeout_s: float,
        memory_limit_bytes: int | None,
    ) -> CompletedEngineRun:
        """Run the engine once with `argv` (without its name) and `files` in /work, which is its directory."""
        ...

    async def lease_engine(self, argv: list[str], *, memory_limit_bytes: int | None) -> Sandbox:
        """Start the engine with `argv` (without its name), its stdin and stdout on the sandbox's channel.

        It reads a directory that the caller writes: `receive_workspace` takes it from the channel. The caller
        owns the sandbox.
        """
        ...

    def statistics(self) -> dict[str, int]:
        """Counts: alive, warm, leased, created."""
        ...

    async def close(self) -> None:
        """Kill every sandbox and wait until they are gone."""
        ...
