"""Who may import whom. Layers are import-linter's (`.importlinter`); the finer rules stand here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "isolatejs"
CAPABILITIES = SOURCE / "capabilities"
IO_MODULES = {
    "asyncio",
    "socket",
    "os",
    "subprocess",
    "selectors",
    "select",
    "threading",
    "pathlib",
    "httpx",
    "io",
}

IO_EXCEPTIONS = {"os": "os.PathLike, a type"}
"""Modules of IO_MODULES that the wire layer may name, with the reason."""


def _imports(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, whether at the top or within functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = ["isolatejs", *path.relative_to(SOURCE).parts[: -node.level]]
    return ".".join([*package, node.module] if node.module else package)


def _python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_layers_hold() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--cache-dir", ".cache/import_linter"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", _python_files(SOURCE / "wire"), ids=_name)
def test_wire_does_no_io(path: Path) -> None:
    used = {name.partition(".")[0] for name in _imports(path)} & IO_MODULES - IO_EXCEPTIONS.keys()
    assert not used, f"wire/ is a protocol without I/O: move what needs {used} to channel/"


@pytest.mark.parametrize("path", _python_files(SOURCE / "sandbox" / "launcher"), ids=_name)
def test_launcher_imports_the_standard_library_only(path: Path) -> None:
    """It is forked often and runs before the wall stands: nothing in it may be large or foreign."""
    allowed = sys.stdlib_module_names
    foreign = {
        name
        for name in _imports(path)
        if name.partition(".")[0] not in allowed and not name.startswith("isolatejs.sandbox.launcher")
    }
    assert not foreign, f"the launcher imports the standard library and itself, not {sorted(foreign)}"


@pytest.mark.parametrize("path", _python_files(CAPABILITIES), ids=_name)
def test_capabilities_do_not_know_each_other(path: Path) -> None:
    own = path.relative_to(CAPABILITIES).parts[0]
    if own in ("registry.py", "__init__.py"):
        return
    folders = {folder.parent.name for folder in CAPABILITIES.glob("*/contract.py")} - {own}
    others = {
        parts[2]
        for name in _imports(path)
        if (parts := name.split("."))[:2] == ["isolatejs", "capabilities"]
        and len(parts) > 2
        and parts[2] in folders
    }
    assert not others, (
        f"{_name(path)} imports the capability {sorted(others)}: move what both need below capabilities/, "
        "or let the host layer join them"
    )


GUEST_FILES = sorted(path for path in SOURCE.rglob("*.js") if "vendor" not in path.parts)
_JS_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']""", re.M
)


@pytest.mark.parametrize("path", GUEST_FILES, ids=_name)
def test_guest_files_import_only_the_kernel_and_themselves(path: Path) -> None:
    allowed = [SOURCE / "guest", SOURCE / "wire", SOURCE / "channel"]
    if path.is_relative_to(CAPABILITIES) and path.parent != CAPABILITIES:
        allowed.append(CAPABILITIES / path.relative_to(CAPABILITIES).parts[0])
    elif not path.is_relative_to(CAPABILITIES):
        # What every runtime has is no choice of the registry.
        allowed += [CAPABILITIES / part for part in ("registry.js", "evaluation", "fetch/absent.js")]
    for match in _JS_IMPORT.finditer(path.read_text()):
        specifier = match[1] or match[2]
        assert specifier.startswith("."), (
            f"{_name(path)} imports {specifier}: node: modules are loaded on use (process.getBuiltinModule)"
        )
        target = (path.parent / specifier).resolve()
        assert target.is_file(), f"{_name(path)} imports {specifier}, which is not there"
        assert any(target.is_relative_to(folder) for folder in allowed), (
            f"{_name(path)} must not import {specifier}"
        )


def test_guest_files_have_no_import_cycle() -> None:
    graph = {
        path: {
            (path.parent / specifier).resolve()
            for match in _JS_IMPORT.finditer(path.read_text())
            if (specifier := match[1] or match[2]).startswith(".")
        }
        for path in GUEST_FILES
    }
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, "import cycle: " + " > ".join(_name(step) for step in (*above, path))
        if path not in done:
            for target in graph.get(path, ()):
                visit(target, (*above, path))
            done.add(path)

    for path in GUEST_FILES:
        visit(path, ())


FOREIGN = [
    "httpx",
    "msgspec.json",
    "rich.console",
    "typer",
    "difflib",
    "inspect",
    "json",
    "logging",
    "pytest",
]
"""Imported once and not again in each fork: they are not what is tested."""


def test_import_cycles_of_python_are_typing_only() -> None:
    """`import isolatejs.<anything>` works first, in a fresh process, for every module."""
    modules = sorted(
        "isolatejs." + _name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in _python_files(SOURCE)
        if path.name != "__main__.py" and path != SOURCE / "__init__.py"
    )
    program = (
        "import asyncio, importlib, os, sys\n"
        f"for name in {FOREIGN!r}:\n"
        "    importlib.import_module(name)\n"
        "for name in sys.argv[1:]:\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except ModuleNotFoundError as error:\n"
        "            os._exit(0 if (error.name or '').partition('.')[0] != 'isolatejs' else 1)\n"
        "        except BaseException as error:\n"
        "            sys.stderr.write(f'{name}: {error!r}\\n')\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    if os.waitpid(pid, 0)[1]:\n"
        "        sys.exit(name)\n"
    )
    checked = subprocess.run([sys.executable, "-c", program, *modules], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
