"""A capability is one folder with all its parts, registered on both sides, tested and documented."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from isolatejs.wire.message import Call, Note, method_name, wire_name

ROOT = Path(__file__).parents[2]
CAPABILITIES = ROOT / "src" / "isolatejs" / "capabilities"
KERNEL_CONTRACTS = {"boot": "the kernel answers it itself: guest/main.js and host/live_runtime.py"}
"""Folders with messages that are no capability, each with its reason."""

TYPES_ONLY = {"timers": "the engine's own; the folder holds their types"}
"""Folders that only declare what the engine brings, each with its reason."""

DOCS_PAGES = {
    "evaluation": "runtimes",
    "host_events": "runtimes",
    "nested_host": "nested_hosts",
    "serve": "app_servers",
}
"""Pages that are not called after the folder: they are about what the embedder holds."""

FOLDERS = sorted(
    path.parent for path in CAPABILITIES.glob("*/contract.py") if path.parent.name not in KERNEL_CONTRACTS
)
NAMES = [folder.name for folder in FOLDERS]

WITHOUT_BINDINGS = {
    "async_context": "part of every runtime, nothing to pass",
    "evaluation": "part of every runtime, nothing to pass",
    "host_events": "part of every runtime, nothing to pass",
    "serve": "asked for by create_app_server",
    "tools": "a plain dict of callables",
    "testing": "asked for by create_test_runtime",
}
"""Capabilities for which an embedder passes nothing, each with its reason."""


def _guest_source(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*.js") if "vendor" not in path.parts)


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_folder_has_all_parts(folder: Path) -> None:
    parts = ["__init__.py", "contract.py", "host.py", "guest.js", "types.d.ts"]
    if folder.name not in WITHOUT_BINDINGS:
        parts.append("bindings.py")
    missing = [part for part in parts if not (folder / part).exists()]
    assert not missing, f"capabilities/{folder.name} lacks {', '.join(missing)}"


@pytest.mark.parametrize("name", NAMES)
def test_capability_is_in_both_registries(name: str) -> None:
    for registry in ("registry.py", "registry.js"):
        text = (CAPABILITIES / registry).read_text()
        assert re.search(rf"\b{name}\b", text), f"add {name} to capabilities/{registry}"


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_both_halves_have_each_message(folder: Path) -> None:
    contract = importlib.import_module(f"isolatejs.capabilities.{folder.name}.contract")
    host_methods = {
        node.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    guest = _guest_source(folder)
    host = "\n".join(path.read_text() for path in folder.glob("*.py"))
    for message in contract.TO_HOST:
        assert method_name(message) in host_methods, (
            f"the host half of {folder.name} has no method {method_name(message)} for {message.__name__}"
        )
        function = wire_name(message).partition(".")[2]
        assert re.search(rf"\b{function}\b", guest), f"no guest file of {folder.name} sends {function}"
    for message in contract.TO_GUEST:
        function = wire_name(message).partition(".")[2]
        assert re.search(rf"\b{function}\b", guest), (
            f"the guest half of {folder.name} has no function {function}"
        )
        assert message.__name__ in host or message.__name__ in _host_layer(), (
            f"nothing on the host sends {wire_name(message)}"
        )


def _host_layer() -> str:
    """Messages of capabilities that the host's handles send themselves."""
    return "\n".join(path.read_text() for path in (ROOT / "src" / "isolatejs" / "host").rglob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_named_by_the_rule(name: str) -> None:
    """Requests are verb and noun, notes are past tense; the tag begins with the folder."""
    contract = importlib.import_module(f"isolatejs.capabilities.{name}.contract")
    for message in (*contract.TO_HOST, *contract.TO_GUEST):
        assert issubclass(message, Call | Note)
        assert wire_name(message).startswith(f"{name}."), (
            f"{message.__name__} belongs into {name}/contract.py"
        )
        assert message.__doc__, f"say in a docstring what {message.__name__} means"
        if issubclass(message, Note):
            assert re.search(r"(ed|nt|un|ost|own|en)$", message.__name__), (
                f"{message.__name__} is a note: name it in the past tense"
            )


@pytest.mark.parametrize("name", NAMES)
def test_docs_page_exists(name: str) -> None:
    page = DOCS_PAGES.get(name, name)
    assert (ROOT / "docs" / f"{page}.md").is_file(), f"write docs/{page}.md"


@pytest.mark.parametrize("name", NAMES)
def test_security_test_exists(name: str) -> None:
    security = ROOT / "tests" / "security"
    found = [*security.glob(f"{name}/test_*.py"), *security.glob(f"test_{name}*.py")]
    assert found, f"attack {name} through the real sandbox: tests/security/{name}/test_<attack>.py"


def test_every_folder_is_a_capability() -> None:
    folders = {path.name for path in CAPABILITIES.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - KERNEL_CONTRACTS.keys() - TYPES_ONLY.keys() == set(NAMES), "a folder without contract.py"
