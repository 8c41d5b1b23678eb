"""`isolatejs types`: the declarations that programs see, for an editor or for reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isolatejs.capabilities.tools.declarations import tool_types
from isolatejs.cli.check_command import EXIT_USAGE, CapabilityOption, ProfileName, ProfileOption
from isolatejs.cli.grants import load_tools
from isolatejs.errors import ConfigurationError
from isolatejs.typechecking.profiles import get_type_profile

_HEADER = """\
// Types of isolatejs programs with the {profile} profile ({capabilities}).
// Written by `isolatejs types`. In an editor use it with "lib": ["esnext"] and no "dom".
/// <reference no-default-lib="true" />
/// <reference lib="esnext" />
"""


def types(
    profile: ProfileOption = ProfileName.backend,
    capability: CapabilityOption = None,
    tools: Annotated[
        str | None,
        typer.Option("--tools", metavar="MODULE:NAME", help="Declare these Python functions as well."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to standard output.")
    ] = None,
) -> None:
    """Print or write the type declarations that programs see."""
    try:
        found = get_type_profile(profile.value, capability or ())
        text = _HEADER.format(profile=found.profile, capabilities=", ".join(found.capabilities)) + found.text
        if tools:
            text += "\n// --- tools\n" + tool_types(load_tools(tools))
    except ConfigurationError as error:
        typer.echo(f"isolatejs types: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
    if out is None:
        typer.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"isolatejs types: {out}: {error.strerror}", err=True)
        raise typer.Exit(EXIT_USAGE) from None
