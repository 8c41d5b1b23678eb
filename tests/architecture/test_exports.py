"""The public names, and what importing them costs."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys

import pytest

import isolatejs

# fmt: off
PUBLIC = [
    "create_isolate_host", "IsolateHost", "Bindings", "ConsoleBindings", "BrowserBindings", "DaemonOptions",
    "NestedHostPolicy",
    "create_file_bindings", "create_fetch_binding", "create_module_resolver",
    "Request", "Response", "Headers", "AbortController", "AbortSignal", "HostCallContext",
    "typecheck", "get_type_profile", "format_typecheck_errors", "tool_types", "run",
    "IsolateError", "GuestError", "AbortError", "ExecutionTimeoutError", "MemoryLimitError",
    "RuntimeDisposedError",
    "SandboxCrashedError", "GuestProtocolError", "ConfigurationError", "DaemonError", "NamespaceBusyError",
    "TypecheckError",
]
# fmt: on

HEAVY = ["httpx", "typer", "rich", "uvloop", "playwright", "starlette", "pydantic", "numpy"]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there(name: str) -> None:
    assert name in isolatejs.__all__, f"{name} is missing from isolatejs.__all__"
    assert getattr(isolatejs, name) is not None


@pytest.mark.parametrize("name", sorted(isolatejs.__all__))
def test_exported_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(isolatejs, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value), f"isolatejs.{name} has no docstring"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        isolatejs.no_such_name  # noqa: B018


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    errors = importlib.import_module("isolatejs.errors")
    for name, value in vars(errors).items():
        if inspect.isclass(value) and issubclass(value, errors.IsolateError):
            assert name in (errors.__doc__ or ""), f"draw {name} in the tree on top of errors.py"


def test_import_starts_nothing_and_costs_little() -> None:
    program = (
        "import json, sys, threading\n"
        "import isolatejs\n"
        "print(json.dumps({'modules': sorted(sys.modules), 'threads': threading.active_count()}))\n"
    )
    seen = json.loads(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout)
    assert seen["threads"] == 1
    loaded = [name for name in HEAVY if name in seen["modules"]]
    assert not loaded, f"importing isolatejs loads {loaded}: export lazily"
