"""No value of a program becomes text on the host without a bound, and no program fills the embedder's log.

`str()` or `repr()` of a decoded value may be a gigabyte long: `web/preview.py` writes what there is room for. Lines that
a program can cause go through `web/program_log.py`, which counts them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "isolatejs"
ON_THE_HOST = [
    path
    for folder in ("asgi", "capabilities", "channel", "host", "web", "wire")
    for path in sorted((SOURCE / folder).rglob("*.py"))
]
DECODES = {"decode", "decode_value", "decode_arguments", "arguments"}
"""Calls that give a value of the guest."""
NOT_OF_A_GUEST = {
    "data",
    "content",
    "body",
    "source",
    "text",
    "raw",
    "head",
    "line",
    "name",
    "header",
    "chunk",
    "label",
}
"""What has a method `decode` of its own: bytes, mostly."""
WRITES = {"str", "repr", "format", "ascii", "print"}
LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def _decoded_names(function: ast.AST) -> set[str]:
    """Names that a function gives to decoded values."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and _decodes(node.value):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _decodes(node: ast.AST) -> bool:
    """Whether an expression is, or chooses, a decoded value."""
    if isinstance(node, ast.IfExp):
        return _decodes(node.body) or _decodes(node.orelse)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in DECODES
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in DECODES:
        return False
    owner = node.func.value
    own = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return bool(node.args) and own not in NOT_OF_A_GUEST and not isinstance(node.args[0], ast.Constant)


def written_out(tree: ast.AST) -> list[int]:
    """Lines where a decoded value is written out as text without a bound."""
    found: list[int] = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = _decoded_names(function)

        def is_value(node: ast.AST, names: set[str] = names) -> bool:
            return _decodes(node) or (isinstance(node, ast.Name) and node.id in names)

        for node in ast.walk(function):
            if isinstance(node, ast.FormattedValue) and is_value(node.value):
                found.append(node.lineno)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and is_value(node.right):
                found.append(node.lineno)
            if isinstance(node, ast.Call):
                called = node.func
                name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
                writes = name in WRITES if isinstance(called, ast.Name) else name in LOGS
                if writes and any(map(is_value, node.args)):
                    found.append(node.lineno)
    return sorted(set(found))


@pytest.mark.parametrize("path", ON_THE_HOST, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_values_of_a_program_are_not_written_out(path: Path) -> None:
    lines = written_out(ast.parse(path.read_text()))
    assert not lines, f"{path}:{lines}: use preview() of isolatejs.web.preview for a value of a program"


@pytest.mark.parametrize(
    "code",
    [
        "def f(note): last = str(note.decode(message.error))",
        "def f(note):\n value = note.decode(message.error)\n log.warning('left: %s', value)",
        "def f(call):\n value = None if x is None else call.decode(x)\n return f'got {value!r}'",
        "def f(reply):\n value = reply.decode(x)\n return 'got %s' % value",
    ],
)
def test_the_rule_finds_them(code: str) -> None:
    assert written_out(ast.parse(code))


def test_lines_that_a_program_can_cause_are_counted() -> None:
    """A logger of the host side is made by `program_logger`."""
    own = SOURCE / "web" / "program_log.py"
    plain = [
        path.relative_to(SOURCE).as_posix()
        for path in ON_THE_HOST
        if path != own and "asgi" not in path.parts and "logging.getLogger(" in path.read_text()
    ]
    assert not plain, f"use program_logger of isolatejs.web.program_log in {plain}"
