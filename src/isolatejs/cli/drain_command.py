"""`isolatejs drain`: lets a daemon finish its work and end."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from isolatejs.daemon.operator import operate
from isolatejs.errors import IsolateError
from isolatejs.limits import DAEMON_DRAIN_TIMEOUT_MS

EXIT_FAILED = 1


def drain(
    socket: Annotated[str | None, typer.Option(help="Where the daemon listens.")] = None,
    timeout_ms: Annotated[
        float, typer.Option(min=0, help="How long its clients may take.")
    ] = DAEMON_DRAIN_TIMEOUT_MS,
    wait: Annotated[bool, typer.Option(help="Return when the daemon has ended.")] = True,
) -> None:
    """Let a daemon take nothing new and end when nothing is leased any more. Parked sessions end with it."""
    try:
        asyncio.run(_drain(socket, timeout_ms, wait=wait))
    except IsolateError as error:
        typer.echo(f"isolatejs drain: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None


async def _drain(socket: str | None, timeout_ms: float, *, wait: bool) -> None:
    async with operate(socket) as operator:
        await operator.drain(timeout_ms)
        if wait:
            await operator.wait_ended()
