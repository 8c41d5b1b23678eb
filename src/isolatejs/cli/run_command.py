"""`isolatejs run`: one program, one sandbox, an honest exit status."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from isolatejs.cli.grants import Permissions, takes_permissions
from isolatejs.cli.loading_line import LoadingLine
from isolatejs.cli.output import Terminal, error_document
from isolatejs.cli.program_source import ProgramSource, create_resolver, load_program
from isolatejs.cli.signals import on_ending_signal
from isolatejs.errors import (
    ConfigurationError,
    ExecutionTimeoutError,
    GuestError,
    IsolateError,
    MemoryLimitError,
    ModuleResolutionError,
)

if TYPE_CHECKING:
    from isolatejs.capabilities.console.bindings import ConsoleEntry

EXIT_PROGRAM_ERROR: Final = 1
EXIT_USAGE: Final = 2
EXIT_TIMEOUT: Final = 124
"""As timeout(1)."""
EXIT_SANDBOX: Final = 125
"""The sandbox, not the program, failed: it crashed, broke another limit or could not be started."""
EXIT_MEMORY: Final = 137
"""As a process that was killed for its memory."""
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `run` was asked for."""

    program: ProgramSource
    permissions: Permissions
    bindings: dict[str, Any]
    timeout_ms: float | None
    as_json: bool
    shows_value: bool


@takes_permissions
def run(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE | -", help="Program file, or - for standard input.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("--eval", "-e", metavar="CODE", help="Run this code and show its value.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0.001, help="Wall-clock limit. None by default."),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one JSON object (value or error); console goes to standard error."
        ),
    ] = False,
    *,
    permissions: Permissions,
) -> None:
    """Run a program in a sandbox. Everything is denied by default.

    The program can import source files of its own directory and below, no hidden ones, and JSON in a project;
    --allow-import names more. Exit status: 0 done, 1 the program
    failed, 2 wrong usage, 124 time limit, 125 the sandbox failed, 130 interrupted, 137 memory limit.
    """
    program = load_program(file, code)
    options = RunOptions(
        program=program,
        permissions=permissions,
        bindings=permissions.bindings(),
        timeout_ms=None if timeout is None else timeout * 1000,
        as_json=json,
        shows_value=code is not None,
    )
    terminal = Terminal()
    # What the library warns of, this command shows as errors of the program.
    logging.getLogger("isolatejs").addHandler(logging.NullHandler())
    try:
        value = run_until_interrupted(_run(options, terminal))
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except IsolateError as error:
        if options.as_json:
            terminal.write_json({"error": error_document(error)})
        else:
            terminal.write_error(error)
        raise typer.Exit(exit_status(error)) from None
    if options.as_json:
        terminal.write_json({"value": value})
    elif options.shows_value and value is not None:
        terminal.write_value(value)


class UnhandledError(IsolateError):
    """An error that the program left unhandled after its module had run, from a timer say."""


async def _run(options: RunOptions, terminal: Terminal) -> Any:
    from isolatejs.capabilities.console.bindings import ConsoleBindings
    from isolatejs.host.isolate_host import create_isolate_host

    def write_entry(entry: ConsoleEntry) -> None:
        terminal.write_entry(entry, all_to_stderr=options.as_json)

    permissions = options.permissions
    loading = LoadingLine(terminal)
    bindings = options.bindings | {
        "console": ConsoleBindings(write_entry, values=False, colors=terminal.color),
        "modules": create_resolver(
            options.program, permissions, None if options.as_json else loading.progress
        ),
    }
    async with (
        loading,
        create_isolate_host(pool_size=0) as host,
        host.create_runtime(
            bindings=bindings,
            memory_limit_mb=permissions.memory,
            nested_host=permissions.nested_host,
        ) as runtime,
    ):
        started = time.monotonic()
        value = await runtime.eval(
            options.program.code, filename=options.program.filename, execution_timeout_ms=options.timeout_ms
        )
        left_ms = options.timeout_ms
        if left_ms is not None:
            left_ms = max(1.0, left_ms - (time.monotonic() - started) * 1000)
        await runtime.wait_idle(timeout_ms=left_ms)
        unhandled = (await runtime.diagnostics())["last_error"]
        if unhandled is not None:
            raise UnhandledError(unhandled)
        return value


def exit_status(error: IsolateError) -> int:
    """The exit status that tells why a run ended."""
    if isinstance(error, GuestError | ModuleResolutionError | UnhandledError):
        return EXIT_PROGRAM_ERROR
    if isinstance(error, ExecutionTimeoutError):
        return EXIT_TIMEOUT
    if isinstance(error, MemoryLimitError):
        return EXIT_MEMORY
    if isinstance(error, ConfigurationError):
        return EXIT_USAGE
    return EXIT_SANDBOX


def run_until_interrupted(work: Any) -> Any:
    """Run a coroutine; SIGINT, SIGTERM and SIGHUP cancel it, and its sandbox is gone before this returns."""

    async def supervise() -> Any:
        task = asyncio.ensure_future(work)
        received: list[signal.Signals] = []

        def stop(number: signal.Signals) -> None:
            received.append(number)
            task.cancel()

        on_ending_signal(stop)
        try:
            return await task
        except asyncio.CancelledError:
            if not received:
                raise
            if received[0] is signal.SIGINT:
                raise KeyboardInterrupt from None
            raise SystemExit(128 + received[0]) from None

    return asyncio.run(supervise())
