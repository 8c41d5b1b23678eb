"""`isolatejs doctor`: which layers of the wall hold on this machine, found by trying forbidden things."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from isolatejs.errors import IsolateError
from isolatejs.host.attacks.page_run import run_page_attacks
from isolatejs.host.attacks.run import run_attacks
from isolatejs.host.isolate_host import create_isolate_host
from isolatejs.sandbox.diagnosis import diagnose
from isolatejs.terminal_text import for_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from isolatejs.host.attacks.run import Outcome
    from isolatejs.host.isolate_host import IsolateHost
    from isolatejs.sandbox.diagnosis import Diagnosis

EXIT_INCOMPLETE = 1
"""A layer is missing that `confinement="require"` does without."""
EXIT_INSUFFICIENT = 2
"""With `confinement="require"` no runtime would start."""
EXIT_ESCAPED = 3
"""An attack got further than it should."""

_STYLES = {"holds": "green", "contained": "green", "missing": "yellow"}
_BAD = "bold red"


def doctor(
    bindings: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODULE:NAME]", help="With --attack: your bindings, or a function that makes them."
        ),
    ] = None,
    attack: Annotated[bool, typer.Option("--attack", help="Run the attack corpus as well.")] = False,
    browser: Annotated[
        bool,
        typer.Option("--browser", help="With --attack: pages that look for ways out of a managed browser."),
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    engine: Annotated[str | None, typer.Option(help="Path of a Deno binary to use.")] = None,
) -> None:
    """Try forbidden things in throwaway sandboxes and say which layers of the wall hold.

    Exit status: 0 every layer holds, 1 a layer is missing that `require` does without, 2 `require` would
    refuse to start, 3 an attack got further than it should.
    """
    if not attack and (bindings is not None or browser):
        raise typer.BadParameter("bindings and --browser are only used with --attack")
    given = None if bindings is None else _load(bindings)
    try:
        diagnosis = asyncio.run(diagnose(engine=engine))
        if not json_output:
            _print_diagnosis(diagnosis)
        outcomes = (
            asyncio.run(_attack(given, engine, browser=browser, show=not json_output)) if attack else []
        )
    except IsolateError as error:
        typer.echo(f"isolatejs doctor: {error}", err=True)
        raise typer.Exit(EXIT_INSUFFICIENT) from None
    if json_output:
        _print_json(diagnosis, outcomes)
    if any(outcome.verdict != "contained" for outcome in outcomes):
        raise typer.Exit(EXIT_ESCAPED)
    if not diagnosis.sufficient:
        raise typer.Exit(EXIT_INSUFFICIENT)
    if not diagnosis.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


async def _attack(given: Any, engine: str | None, *, browser: bool, show: bool) -> list[Outcome]:
    console = Console()
    outcomes = []
    async with create_isolate_host(engine=engine or "auto", confinement="best_effort") as host:
        async for outcome in _outcomes(host, given, browser=browser):
            outcomes.append(outcome)
            if show and outcome.verdict != "contained":
                attack = outcome.attack
                detail = escape(for_terminal(outcome.detail))
                console.print(
                    f"[{_BAD}]{outcome.verdict}[/] {attack.group}: {escape(attack.name)}\n  {detail}"
                )
    if show:
        console.print(_attack_table(outcomes))
    return outcomes


async def _outcomes(host: IsolateHost, given: Any, *, browser: bool) -> AsyncIterator[Outcome]:
    """The corpus; with `browser` that of pages, too, in the browser of the bindings or in a managed one."""
    async for outcome in run_attacks(host, given):
        yield outcome
    if browser:
        own = given.get("browser") if isinstance(given, dict) else getattr(given, "browser", None)
        async for outcome in run_page_attacks(host, own or {"launch": True}):
            yield outcome


def _attack_table(outcomes: list[Outcome]) -> Table:
    table = Table("attacks on", "tried", "contained", title="Attacks", title_justify="left")
    tried = Counter(outcome.attack.group for outcome in outcomes)
    contained = Counter(outcome.attack.group for outcome in outcomes if outcome.verdict == "contained")
    for group, count in tried.items():
        style = "green" if contained[group] == count else _BAD
        table.add_row(group, str(count), f"[{style}]{contained[group]}[/]")
    return table


def _print_diagnosis(diagnosis: Diagnosis) -> None:
    table = Table("layer", "verdict", "evidence", title="The wall on this machine", title_justify="left")
    for check in diagnosis.checks:
        standing = f"[{_STYLES.get(check.standing, _BAD)}]{check.standing}[/]"
        name = check.name + ("" if check.required else " [dim](optional)[/]")
        table.add_row(name, standing, escape(check.evidence))
    console = Console()
    console.print(table)
    advice = dict.fromkeys(check.advice for check in diagnosis.checks if check.advice)
    for text in advice:
        names = ", ".join(check.name for check in diagnosis.checks if check.advice == text)
        console.print(f"\n[bold]{names}[/]\n  {text}", highlight=False)
    costs = [check for check in diagnosis.checks if check.cost]
    if costs:
        console.print("\n[bold]What that costs[/]")
    for check in costs:
        console.print(f"  without {check.name}: {check.cost}", highlight=False)
    if diagnosis.complete:
        console.print("Every layer holds.")
    elif diagnosis.sufficient:
        console.print(
            '\nEnough for confinement="require", which names the missing layers in `host.confinement`.'
        )
    else:
        console.print('\nWith confinement="require" no runtime starts here.')


def _print_json(diagnosis: Diagnosis, outcomes: list[Outcome]) -> None:
    report = {
        "complete": diagnosis.complete,
        "sufficient": diagnosis.sufficient,
        "checks": [asdict(check) for check in diagnosis.checks],
        "attacks": [
            {
                "group": outcome.attack.group,
                "name": outcome.attack.name,
                "verdict": outcome.verdict,
                "detail": outcome.detail,
                "duration_ms": round(outcome.duration_ms, 1),
            }
            for outcome in outcomes
        ],
    }
    typer.echo(json.dumps(report, indent=2))


def _load(reference: str) -> Any:
    """What `module:name` names, called when it is a function. The current directory comes first."""
    module_name, _, attribute = reference.partition(":")
    if not module_name or not attribute:
        raise typer.BadParameter(f"expected module:name, not {reference!r}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        value: Any = importlib.import_module(module_name)
        for name in attribute.split("."):
            value = getattr(value, name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise typer.BadParameter(str(error)) from None
    return value() if callable(value) else value
