"""Argument parsing, without a sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from isolatejs import errors
from isolatejs.cli.grants import Permissions, load_tools
from isolatejs.cli.main import _load, app
from isolatejs.cli.program_source import load_program
from isolatejs.cli.run_command import exit_status, run_until_interrupted

if TYPE_CHECKING:
    from pathlib import Path

runner = CliRunner()
LISTED = typer.main.get_command(app).list_commands(None)  # type: ignore[attr-defined, arg-type]


def test_help_lists_the_commands() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert "run" in result.output
    assert "repl" in result.output


@pytest.mark.parametrize("command", LISTED)
def test_every_listed_command_describes_itself(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize("command", ["run", "repl", "serve", "test"])
def test_all_that_run_programs_take_the_same_flags(command: str) -> None:
    """Each flag is defined once, as a field of Permissions."""
    taken = {option for parameter in _load(command).params for option in parameter.opts}
    assert {f"--{field.name.replace('_', '-')}" for field in fields(Permissions)} <= taken


def test_listing_the_commands_imports_none_of_them() -> None:
    program = (
        "import sys\n"
        "from isolatejs.cli.main import app\n"
        "try:\n"
        "    app(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "sys.exit([name for name in sys.modules if name.endswith('_command') or name == 'httpx'] or 0)\n"
    )
    checked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_version_names_the_engine() -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert "deno 2." in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["run"],
        ["run", "a.ts", "-e", "1"],
        ["run", "-e", "1", "--timeout", "0"],
        ["run", "no/such/file.ts"],
        ["run", "-e", "1", "--allow-read", "no/such/directory"],
        ["run", "-e", "1", "--tools", "nonsense"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_file_below_the_current_directory_keeps_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("1")
    monkeypatch.chdir(tmp_path)
    program = load_program("src/main.ts", None)
    assert (program.filename, program.prefix, program.directory) == ("/src/main.ts", "/src", tmp_path / "src")


def test_file_elsewhere_tells_nothing_but_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "main.ts").write_text("1")
    monkeypatch.chdir(tmp_path / "here")
    assert load_program("../main.ts", None).filename == "/main.ts"
    assert load_program(str(tmp_path / "main.ts"), None).filename == "/main.ts"


def test_code_has_no_directory_to_import_from() -> None:
    assert load_program(None, "1 + 1").directory is None


def test_tools_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_cli_tools.py").write_text(
        "def greet(name: str) -> str:\n    return name\n"
        "class Kit:\n    def add(self, a: int) -> int:\n        return a\n    _hidden = add\n"
        "kit = Kit()\n"
        "tools = {'greet': greet}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    assert list(load_tools("my_cli_tools:tools")) == ["greet"]
    assert list(load_tools("my_cli_tools:greet")) == ["greet"]
    assert list(load_tools("my_cli_tools:kit")) == ["add"]
    for wrong in ("my_cli_tools", "my_cli_tools:absent", "no_such_module_here:x"):
        with pytest.raises(typer.BadParameter):
            load_tools(wrong)


def test_nothing_is_allowed_by_default() -> None:
    assert Permissions().bindings() == {}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.GuestError("x"), 1),
        (errors.ModuleResolutionError("x"), 1),
        (errors.ConfigurationError("x"), 2),
        (errors.ExecutionTimeoutError("x", limit="l", value=1), 124),
        (errors.OutputLimitError("x", limit="l", value=1), 125),
        (errors.SandboxCrashedError("x"), 125),
        (errors.MemoryLimitError("x", limit="l", value=1), 137),
    ],
)
def test_exit_status_tells_why(error: errors.IsolateError, status: int) -> None:
    assert exit_status(error) == status


@pytest.mark.parametrize(
    ("number", "outcome"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_signal_cancels_the_work_and_waits_for_its_end(
    number: signal.Signals, outcome: type[BaseException]
) -> None:
    ended = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(outcome):
        run_until_interrupted(work())
    assert ended == [True]
