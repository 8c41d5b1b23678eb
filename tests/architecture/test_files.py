"""How files look: size, names, first lines. CONTRIBUTING.md gives the reasons.

Each rule is one test, which names every file that breaks it.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "isolatejs"
LINES_LIMIT = 600
LONG_SLEEP_S = 10
"""A sleep that long is meant to be cut short by what is tested."""

LONG_FILES: dict[str, str] = {}
"""Files that may be longer, each with its reason."""

NAMES_WITHOUT_MEANING = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "shared", "index"}

PRINTING = ("cli", "sandbox/launcher", "sandbox/browser/launcher", "daemon/__main__.py", "daemon/main.py")
"""Commands and processes of their own, which have nobody else to tell."""


def _files(folder: str, *suffixes: str) -> list[Path]:
    return sorted(
        path
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and not {"vendor", "node_modules", "__pycache__"} & set(path.parts)
    )


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


SOURCES = _files("src", ".py", ".js", ".ts")
PYTHON = [path for path in SOURCES if path.suffix == ".py"]
TESTS = _files("tests", ".py")
OTHERS = [*_files("benchmarks", ".py"), *_files("examples", ".py")]


def test_files_are_short() -> None:
    """A file is one noun. One that is long is split, or listed in LONG_FILES with the reason."""
    lengths = {_relative(path): len(path.read_text().splitlines()) for path in SOURCES + TESTS + OTHERS}
    long = {name: lines for name, lines in lengths.items() if lines > LINES_LIMIT}
    assert long.keys() == LONG_FILES.keys(), long


def test_files_are_named_after_what_they_hold() -> None:
    assert [_relative(path) for path in SOURCES if path.name.partition(".")[0] in NAMES_WITHOUT_MEANING] == []


def test_files_begin_with_what_they_are_for() -> None:
    """With a docstring or a comment; guest files with `// @ts-check` beside it."""
    silent = []
    for path in SOURCES:
        lines = path.read_text().splitlines()
        opening = [line for line in lines[:8] if line != "// @ts-check"]
        if path.suffix == ".py":
            speaks = not lines or opening[0].startswith(('"""', 'r"""'))
        else:
            speaks = opening[0].startswith(("//", "/*"))
        if not speaks or (path.suffix == ".js" and "// @ts-check" not in lines[:8]):
            silent.append(_relative(path))
    assert silent == []


def test_the_library_logs_and_never_prints() -> None:
    """`logging.getLogger(__name__)` in the library; only PRINTING has a terminal."""
    printing = [
        f"{_relative(path)}:{call.lineno}"
        for path in PYTHON
        if not any(path.is_relative_to(SOURCE / part) for part in PRINTING)
        for call in _calls(ast.parse(path.read_text()))
        if ast.unparse(call.func) in ("print", "sys.stdout.write", "sys.stderr.write")
    ]
    assert printing == []


def test_tests_do_not_sleep_blindly() -> None:
    """A fixed sleep is slow and still fails on a busy machine.

    A test waits for a condition in a loop, or says on the line what the sleep is for.
    """
    assert [f"{_relative(path)}:{line}" for path in TESTS for line in _blind_sleeps(path)] == []


def _blind_sleeps(path: Path) -> list[int]:
    source = path.read_text()
    lines = source.splitlines()
    tree = ast.parse(source)
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While | ast.For | ast.AsyncFor)]
    polling = {call for loop in loops for call in _calls(loop)}
    return [
        call.lineno
        for call in _calls(tree)
        if call not in polling
        and ast.unparse(call.func) in ("time.sleep", "asyncio.sleep", "anyio.sleep")
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, int | float)
        and 0 < call.args[0].value < LONG_SLEEP_S
        and "#" not in lines[call.lineno - 1]
    ]


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
