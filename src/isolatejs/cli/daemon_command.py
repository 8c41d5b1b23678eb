"""`isolatejs daemon` and `isolate-daemon`: runs the daemon that owns sandboxes for many hosts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from isolatejs.daemon.main import detach, serve_daemon
from isolatejs.daemon.packets import default_socket_path
from isolatejs.daemon.settings import DaemonSettings
from isolatejs.errors import IsolateError
from isolatejs.limits import (
    DAEMON_LEASES_LIMIT,
    MEMORY_LIMIT_MINIMUM_MB,
    MIB,
    NAMESPACE_IDLE_LIMIT_MS,
    NAMESPACES_LIMIT,
    NAMESPACES_MEMORY_LIMIT_MB,
    POOL_SIZE,
)
from isolatejs.sandbox.parked import ParkingLimits

EXIT_FAILED = 1


class ConfinementMode(StrEnum):
    """How strict the wall is."""

    REQUIRE = "require"
    BEST_EFFORT = "best_effort"
    OFF = "off"


def daemon(
    socket: Annotated[
        str | None, typer.Option(help="Where to listen. By default a private place of this user.")
    ] = None,
    pool_size: Annotated[int, typer.Option(min=0, help="Sandboxes that wait warm.")] = POOL_SIZE,
    max_leases: Annotated[
        int, typer.Option("--max-leases", "--max-isolates", min=1, help="Sandboxes leased at once.")
    ] = DAEMON_LEASES_LIMIT,
    memory_limit: Annotated[
        int | None,
        typer.Option(
            min=MEMORY_LIMIT_MINIMUM_MB,
            help="The most megabytes that a host may ask for one sandbox.",
            show_default="no bound",
        ),
    ] = None,
    max_sessions: Annotated[int, typer.Option(min=0, help="Sessions kept aside at once.")] = NAMESPACES_LIMIT,
    session_idle_ms: Annotated[
        float, typer.Option(min=0, help="How long a session is kept aside.")
    ] = NAMESPACE_IDLE_LIMIT_MS,
    session_memory: Annotated[
        int, typer.Option(min=0, help="Megabytes of all sessions that are kept aside.")
    ] = NAMESPACES_MEMORY_LIMIT_MB,
    idle_exit_ms: Annotated[
        float | None,
        typer.Option(min=0, help="End after so long without clients and sessions.", show_default="never"),
    ] = None,
    confinement: Annotated[
        ConfinementMode, typer.Option(help="How strict the wall is.")
    ] = ConfinementMode.REQUIRE,
    metrics: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Loopback port of Prometheus metrics; 0 takes a free one."),
    ] = None,
    detach_it: Annotated[
        bool, typer.Option("--detach", help="Return when it listens, and serve in the background.")
    ] = False,
) -> None:
    """Run the daemon until SIGTERM, which lets its clients finish (a second one does not), or Ctrl-C."""
    try:
        settings = DaemonSettings(
            socket_path=socket or default_socket_path(),
            pool_size=pool_size,
            confinement=confinement.value,
            leases=max_leases,
            memory_limit_mb=memory_limit,
            parking=ParkingLimits(max_sessions, session_idle_ms, session_memory * MIB),
            idle_exit_ms=idle_exit_ms,
            metrics_port=metrics,
        )
        if detach_it:
            raise typer.Exit(
                detach(lambda ready: serve_daemon(settings, lambda where: _detached(where, ready)))
            )
        serve_daemon(settings, _say)
    except IsolateError as error:
        typer.echo(f"isolate-daemon: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None


def _detached(where: str, ready: Callable[[str], None]) -> None:
    _say(where)
    ready(where)


def _say(where: str) -> None:
    """Tell a person; a service manager knows. A port that was chosen is told in any case."""
    if sys.stdout.isatty() or "metrics" in where:
        typer.echo(f"listening at {where}")


def main() -> None:
    """Entry point of the `isolate-daemon` script."""
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command()(daemon)
    application(prog_name="isolate-daemon")


if __name__ == "__main__":
    main()
