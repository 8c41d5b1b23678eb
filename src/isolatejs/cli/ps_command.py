"""`isolatejs ps`: what a daemon holds."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from isolatejs.daemon.metrics import prometheus_text
from isolatejs.daemon.operator import operate
from isolatejs.errors import IsolateError
from isolatejs.limits import MIB
from isolatejs.terminal_text import one_line

EXIT_NO_DAEMON = 1


def ps(
    socket: Annotated[str | None, typer.Option(help="Where the daemon listens.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print metrics in Prometheus' text format.")
    ] = False,
) -> None:
    """List the sandboxes and sessions of a daemon. Exit status 1 when none listens."""
    try:
        statistics, listing = asyncio.run(_ask(socket))
    except IsolateError as error:
        typer.echo(f"isolatejs ps: {error}", err=True)
        raise typer.Exit(EXIT_NO_DAEMON) from None
    if prometheus:
        typer.echo(prometheus_text(statistics), nl=False)
    elif json_output:
        typer.echo(json.dumps({"statistics": statistics, **listing}, indent=2))
    else:
        _print(statistics, listing)


async def _ask(socket: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    async with operate(socket) as operator:
        return await operator.statistics(), await operator.list()


def _print(statistics: dict[str, Any], listing: dict[str, Any]) -> None:
    console = Console()
    state = "draining" if statistics["draining"] else "serving"
    console.print(
        f"daemon {statistics['pid']}, {state} for {statistics['uptime_s']:.0f} s: "
        f"{statistics['connections'] - 1} clients, {statistics['leases_held']} leased, "
        f"{statistics['namespaces_parked']} parked, {statistics['pool_warm']} warm, "
        f"{statistics['memory_bytes'] / MIB:.0f} MB",
        highlight=False,
    )
    if not listing["sandboxes"]:
        return
    table = Table("sandbox", "state", "process", "client", "memory", "age", "namespace", box=None)
    for row in listing["sandboxes"]:
        table.add_row(
            escape(one_line(row["sandbox"])),
            row["state"],
            str(row["pid"]),
            "" if row["client"] is None else str(row["client"]),
            f"{row['memory_bytes'] / MIB:.0f} MB",
            f"{row['seconds']:.0f} s",
            escape(one_line(row["namespace"] or "")),
        )
    console.print(table)
