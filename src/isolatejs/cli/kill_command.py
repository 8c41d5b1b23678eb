"""`isolatejs kill`: ends a sandbox or a session of a daemon."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from isolatejs.daemon.operator import operate
from isolatejs.errors import IsolateError

EXIT_FAILED = 1
EXIT_USAGE = 2


def kill(
    sandboxes: Annotated[
        list[str] | None, typer.Argument(help="Sandboxes, as `isolatejs ps` names them.")
    ] = None,
    namespace: Annotated[
        list[str] | None, typer.Option("--namespace", "-n", help="A session to end, held or parked.")
    ] = None,
    socket: Annotated[str | None, typer.Option(help="Where the daemon listens.")] = None,
) -> None:
    """End sandboxes or sessions at once. Exit status 1 when one of them does not exist."""
    if not sandboxes and not namespace:
        typer.echo("isolatejs kill: name a sandbox, or a session with --namespace", err=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        missing = asyncio.run(_end(sandboxes or [], namespace or [], socket))
    except IsolateError as error:
        typer.echo(f"isolatejs kill: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    for name in missing:
        typer.echo(f"isolatejs kill: there is no {name}", err=True)
    if missing:
        raise typer.Exit(EXIT_FAILED)


async def _end(sandboxes: list[str], namespaces: list[str], socket: str | None) -> list[str]:
    async with operate(socket) as operator:
        missing = [f"sandbox {one}" for one in sandboxes if not await operator.kill_sandbox(one)]
        return missing + [
            f"namespace {key!r}" for key in namespaces if not await operator.dispose_namespace(key)
        ]
