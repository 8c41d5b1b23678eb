"""`isolatejs doctor`: which layers of the wall hold on this machine, found by trying forbidden things."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from isolatejs.errors import IsolateError
from isolatejs.sandbox.diagnosis import diagnose

if TYPE_CHECKING:
    from isolatejs.sandbox.diagnosis import Diagnosis

EXIT_INCOMPLETE = 1
"""A layer is missing that `confinement="require"` does without."""
EXIT_INSUFFICIENT = 2
"""With `confinement="require"` no runtime would start."""

_STYLES = {"holds": "green", "missing": "yellow", "broken": "bold red"}


def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    engine: Annotated[str | None, typer.Option(help="Path of a Deno binary to use.")] = None,
) -> None:
    """Try forbidden things in throwaway sandboxes and say which layers of the wall hold.

    Exit status: 0 every layer holds, 1 a layer is missing that `require` does without, 2 `require` would
    refuse to start.
    """
    try:
        diagnosis = asyncio.run(diagnose(engine=engine))
    except IsolateError as error:
        typer.echo(f"isolatejs doctor: {error}", err=True)
        raise typer.Exit(EXIT_INSUFFICIENT) from None
    if json_output:
        checks = [asdict(check) for check in diagnosis.checks]
        report = {"complete": diagnosis.complete, "sufficient": diagnosis.sufficient, "checks": checks}
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(diagnosis)
    if not diagnosis.sufficient:
        raise typer.Exit(EXIT_INSUFFICIENT)
    if not diagnosis.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


def _print(diagnosis: Diagnosis) -> None:
    table = Table("layer", "verdict", "evidence", title="The wall on this machine", title_justify="left")
    for check in diagnosis.checks:
        standing = f"[{_STYLES[check.standing]}]{check.standing}[/]"
        table.add_row(
            check.name + ("" if check.required else " [dim](optional)[/]"), standing, check.evidence
        )
    console = Console()
    console.print(table)
    advice = dict.fromkeys(check.advice for check in diagnosis.checks if check.advice)
    for text in advice:
        names = ", ".join(check.name for check in diagnosis.checks if check.advice == text)
        console.print(f"\n[bold]{names}[/]\n  {text}", highlight=False)
    if diagnosis.complete:
        console.print("Every layer holds.")
    elif diagnosis.sufficient:
        console.print(
            '\nEnough for confinement="require", which names the missing layers in `host.confinement`.'
        )
    else:
        console.print('\nWith confinement="require" no runtime starts here.')
