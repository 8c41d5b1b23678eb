"""How files look: size, names, first lines. CONTRIBUTING.md gives the reasons."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "isolatejs"
LINES_LIMIT = 600

LONG_FILES: dict[str, str] = {}
"""Files that may be longer, each with its reason."""

NAMES_WITHOUT_MEANING = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "shared", "index"}


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if "vendor" not in Path(name).parts and (ROOT / name).is_file()]


SOURCES = _tracked("src/*.py", "src/*.js", "src/*.ts")
TESTS = _tracked("tests/*.py", "benchmarks/*.py", "examples/*.py")


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=_relative)
def test_file_is_short_enough(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES_LIMIT or _relative(path) in LONG_FILES, (
        f"{_relative(path)} has {lines} lines: split it by noun, or list it in LONG_FILES with the reason"
    )


def test_listed_long_files_are_long() -> None:
    """An exception that is no longer needed goes."""
    for name in LONG_FILES:
        assert len((ROOT / name).read_text().splitlines()) > LINES_LIMIT, f"{name} needs no exception"


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_file_is_named_after_what_it_holds(path: Path) -> None:
    assert path.name.partition(".")[0] not in NAMES_WITHOUT_MEANING, (
        f"{_relative(path)}: name the file after the one idea it holds"
    )


@pytest.mark.parametrize("path", [path for path in SOURCES if path.stat().st_size > 0], ids=_relative)
def test_file_begins_with_what_it_is_for(path: Path) -> None:
    lines = path.read_text().splitlines()
    if path.suffix == ".py":
        assert lines[0].startswith(('"""', 'r"""')), f"{_relative(path)}: begin with a docstring"
        return
    if path.suffix == ".js":
        assert "// @ts-check" in lines[:8], f"{_relative(path)}: put // @ts-check on top"
        lines = [line for line in lines if line != "// @ts-check"]
    assert lines[0].startswith(("//", "/*")), f"{_relative(path)}: say at the top what the file is for"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".py"], ids=_relative)
def test_library_logs_and_never_prints(path: Path) -> None:
    if any(path.is_relative_to(SOURCE / part) for part in PRINTING):
        return
    printing = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("print", "sys.stdout.write", "sys.stderr.write")
    ]
    assert not printing, f"{_relative(path)}:{printing}: use logging.getLogger(__name__)"


PRINTING = ("cli", "sandbox/launcher", "daemon/__main__.py", "daemon/main.py")
"""Commands and processes of their own, which have nobody else to tell."""


@pytest.mark.parametrize("path", TESTS, ids=_relative)
def test_tests_do_not_sleep_blindly(path: Path) -> None:
    """A fixed sleep is slow and still fails on a busy machine: wait for a condition, with a deadline."""
    if not path.is_relative_to(ROOT / "tests"):
        return
    source = path.read_text()
    tree = ast.parse(source)
    polling = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.While | ast.For | ast.AsyncFor)
        for child in ast.walk(node)
        if isinstance(child, ast.Call)
    }
    blind = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node not in polling
        and ast.unparse(node.func) in ("time.sleep", "asyncio.sleep", "anyio.sleep")
        and isinstance(node.args[0], ast.Constant)
        and 0 < node.args[0].value < LONG_SLEEP_S
        and "#" not in source.splitlines()[node.lineno - 1]
    ]
    assert not blind, (
        f"{_relative(path)}:{blind}: wait for a condition in a loop, or say on the line what is waited for"
    )


LONG_SLEEP_S = 10
"""A sleep that long is meant to be cut short by what is tested."""
