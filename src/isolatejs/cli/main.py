"""The `isolatejs` command and its list of subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class _Entry(NamedTuple):
    module: str
    help: str

    @property
    def exists(self) -> bool:
        return importlib.util.find_spec(self.module) is not None


_COMMANDS = {
    "run": _Entry(
        "isolatejs.cli.run_command", "Run a program in a sandbox. Everything is denied by default."
    ),
    "repl": _Entry("isolatejs.cli.repl_command", "Type JavaScript or TypeScript into a sandbox."),
    "serve": _Entry("isolatejs.cli.serve_command", "Serve HTTP with a program that calls serve()."),
    "test": _Entry("isolatejs.cli.test_command", "Run test files in sandboxes."),
    "check": _Entry("isolatejs.cli.check_command", "Check the types of a program."),
    "types": _Entry("isolatejs.cli.types_command", "Print or write the type declarations that programs see."),
    "doctor": _Entry("isolatejs.cli.doctor_command", "Try which layers of the wall hold on this machine."),
    "daemon": _Entry("isolatejs.cli.daemon_command", "Run the daemon that owns sandboxes for several hosts."),
    "ps": _Entry("isolatejs.cli.ps_command", "List the runtimes of a daemon."),
    "kill": _Entry("isolatejs.cli.kill_command", "End a runtime or namespace of a daemon."),
    "drain": _Entry("isolatejs.cli.drain_command", "Let a daemon finish its work and take no more."),
}
"""Subcommand to the module whose function of the same name is the command."""


class _LazyGroup(TyperGroup):
    """A command group that imports a subcommand when it is called, and not to print the list."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for name, entry in _COMMANDS.items() if entry.exists]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        entry = _COMMANDS.get(cmd_name)
        if entry is None or not entry.exists:
            return None
        return TyperCommand(cmd_name, help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else _load(name), rest


def _load(name: str) -> Any:
    function = getattr(importlib.import_module(_COMMANDS[name].module), name)
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command(name)(function)
    return typer.main.get_command(application)


app = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run JavaScript and TypeScript nobody has vetted, in isolated V8 sandboxes.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"isolatejs {version('isolatejs')} (engine: deno {version('deno')})")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False,
        "--version",
        "-V",
        help="Print the versions of isolatejs and its engine.",
        callback=_print_version,
        is_eager=True,
    ),
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="isolatejs")


if __name__ == "__main__":
    main()
