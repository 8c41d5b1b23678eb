"""Who may import whom. Layers are import-linter's (`.importlinter`); the finer rules stand here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

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

LAUNCHERS = ("sandbox/launcher", "sandbox/browser/launcher")
"""Processes of their own that start what is confined."""
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


def test_wire_does_no_io() -> None:
    """A protocol without I/O: what needs a socket or a loop stands in channel/."""
    doing = {
        _name(path): used
        for path in _python_files(SOURCE / "wire")
        if (used := _roots(path) & IO_MODULES - IO_EXCEPTIONS.keys())
    }
    assert doing == {}


def test_launcher_imports_the_standard_library_only() -> None:
    """It is forked often and runs before the wall stands: nothing in it may be large or foreign."""
    known_names = tuple("isolatejs." + folder.replace("/", ".") for folder in LAUNCHERS)
    foreign = {
        _name(path): names
        for folder in LAUNCHERS
        for path in _python_files(SOURCE / folder)
        if (
            names := {
                name
                for name in _imports(path)
                if name.partition(".")[0] not in sys.stdlib_module_names
                and not any(name.startswith(known) for known in known_names)
            }
        )
    }
    assert foreign == {}


def test_capabilities_do_not_know_each_other() -> None:
    """What two need is moved below capabilities/, or the host layer joins them."""
    folders = {folder.parent.name for folder in CAPABILITIES.glob("*/contract.py")}
    known = {
        _name(path): others
        for path in _python_files(CAPABILITIES)
        if (own := path.relative_to(CAPABILITIES).parts[0]) not in ("registry.py", "__init__.py")
        and (others := _capabilities_named_in(path) & folders - {own})
    }
    assert known == {}


def _roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in _imports(path)}


def _capabilities_named_in(path: Path) -> set[str]:
    named = (name.split(".") for name in _imports(path) if name.startswith("isolatejs.capabilities."))
    return {parts[2] for parts in named}


GUEST_FILES = sorted(path for path in SOURCE.rglob("*.js") if "vendor" not in path.parts)
_JS_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']""", re.M
)


def test_guest_files_import_only_the_kernel_and_themselves() -> None:
    """Relative files only: node: modules are loaded on use (`getBuiltin` of guest/engine.js)."""
    wrong = [
        f"{_name(path)}: {specifier}"
        for path in GUEST_FILES
        for specifier in _specifiers(path)
        if not _may_import(path, specifier)
    ]
    assert wrong == []


def _specifiers(path: Path) -> list[str]:
    return [match[1] or match[2] for match in _JS_IMPORT.finditer(path.read_text())]


def _may_import(path: Path, specifier: str) -> bool:
    allowed = [SOURCE / "guest", SOURCE / "wire", SOURCE / "channel"]
    if not path.is_relative_to(CAPABILITIES):
        # What every runtime has is no choice of the registry.
        allowed += [CAPABILITIES / part for part in ("registry.js", "evaluation", "fetch/absent.js")]
    elif path.parent != CAPABILITIES:
        allowed.append(CAPABILITIES / path.relative_to(CAPABILITIES).parts[0])
    target = (path.parent / specifier).resolve()
    return (
        specifier.startswith(".")
        and target.is_file()
        and any(target.is_relative_to(folder) for folder in allowed)
    )


def test_guest_files_have_no_import_cycle() -> None:
    graph = {
        path: {
            (path.parent / specifier).resolve()
            for specifier in _specifiers(path)
            if specifier.startswith(".")
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
