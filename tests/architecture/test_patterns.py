r"""Regular expressions take linear time: every pattern of the project is attacked.

A pattern that fails here takes minutes for a text that a stranger makes up. Make its repeats possessive (`*+`) or
their classes disjoint, bound them (`{1,200}`), anchor it (`\A`), or scan with `str.find` and `str.partition`.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

import isolatejs
from fakes.pattern_attacks import attacks, slow_attack

SOURCE: Final = Path(isolatejs.__file__).parent
USES: Final = {
    "match": "match",
    "fullmatch": "fullmatch",
    "search": "search",
    "sub": "finditer",
    "subn": "finditer",
    "split": "finditer",
    "findall": "finditer",
    "finditer": "finditer",
}
MADE_BY_FUNCTIONS: Final = {"isolatejs.typechecking.node_modules": "_node_import"}
"""Patterns that are put together from more than constants: the function that gives the finished one."""


@dataclass
class Found:
    """A pattern, where it stands, and how it is used."""

    pattern: re.Pattern[Any]
    places: list[str] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted(SOURCE.rglob("*.py"))
    return {
        ".".join(("isolatejs", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): (
            ast.parse(path.read_text(encoding="utf-8"))
        )
        for path in files
        if path.name != "__main__.py"
    }


@cache
def uses_of_names() -> dict[str, set[str]]:
    """Methods of patterns that are called on a name, anywhere in the project."""
    found: dict[str, set[str]] = defaultdict(set)
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in USES:
                owner = node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                found[name].add(USES[node.attr])
    return found


def names_of(tree: ast.Module) -> dict[int, str]:
    """The name that is bound to each call at the top of a module."""
    names = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[id(node.value)] = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names[id(node.value)] = node.target.id
    return names


@cache
def patterns() -> tuple[list[Found], list[str]]:
    """Every pattern, and the places where one could not be read."""
    found: dict[tuple[Any, int], Found] = {}
    unread = []
    for module, tree in trees().items():
        names = names_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "re":
                unread.append(
                    f"{module}:{node.lineno}: `import re` and `re.compile`, so that it is found here"
                )
            if not isinstance(node, ast.Call):
                continue
            kind = _kind(node)
            if kind is None:
                continue
            place = f"{module}:{node.lineno}"
            try:
                pattern = _compiled(module, node, kind)
            except NameError:
                if module in MADE_BY_FUNCTIONS:
                    pattern = getattr(importlib.import_module(module), MADE_BY_FUNCTIONS[module])()
                else:
                    unread.append(f"{place}: not made of constants; list the function that makes it")
                    continue
            if kind in USES:
                uses = {USES[kind]}
            elif kind == "Meta":
                uses = {"search"}
            else:
                uses = uses_of_names().get(names.get(id(node), ""), set()) or {"search", "finditer"}
            entry = found.setdefault((pattern.pattern, pattern.flags), Found(pattern))
            entry.places.append(place)
            entry.uses |= uses
    return list(found.values()), unread


def _kind(node: ast.Call) -> str | None:
    """`compile`, the function of `re` that is called, `Meta` for one of msgspec with a pattern; or None."""
    function = node.func
    if not isinstance(function, ast.Attribute):
        return None
    if isinstance(function.value, ast.Name) and function.value.id in ("re", "regex"):
        return function.attr if function.attr in USES or function.attr == "compile" else None
    if function.attr == "Meta" and any(keyword.arg == "pattern" for keyword in node.keywords):
        return "Meta"
    return None


def _compiled(module: str, node: ast.Call, kind: str) -> re.Pattern[Any]:
    names = vars(importlib.import_module(module))
    if kind == "Meta":
        (source,) = (keyword.value for keyword in node.keywords if keyword.arg == "pattern")
        return re.compile(_value(source, names))
    flags = [keyword.value for keyword in node.keywords if keyword.arg == "flags"]
    position = {"compile": 1, "match": 2, "search": 2, "fullmatch": 2, "findall": 2, "finditer": 2}.get(kind)
    if position is not None and len(node.args) > position:
        flags = [node.args[position]]
    return re.compile(_value(node.args[0], names), _value(flags[0], names) if flags else 0)


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "pattern", "eval"), {**names, "re": re})  # noqa: S307


def test_every_pattern_is_found() -> None:
    found, unread = patterns()
    assert unread == []
    assert len(found) > 80


def test_every_pattern_takes_linear_time() -> None:
    slow = {}
    for found in patterns()[0]:
        attack = slow_attack(found.pattern, found.uses)
        if attack is not None:
            slow[", ".join(found.places)] = f"{found.pattern.pattern!r}: {attack}"
    assert slow == {}, "\n".join(f"{place}: {why}" for place, why in slow.items())


@pytest.mark.parametrize(
    ("source", "use"),
    [
        (r"(a+)+b", "search"),
        (r"(a|a)*b", "match"),
        (r"(a|ab)(bc|c)*d(e+)+f", "search"),
        (r"(\w+\s?)*!", "match"),
        (r"\s*\s*x", "match"),
        (r"^\s*,?\s*\{?\s*x", "match"),
        (r".*=.*;.*", "search"),
        (r"=.*=.*=.*x", "match"),
        (r"\s+$", "search"),
        (r"\s+x", "finditer"),
        (r'"(?:[^"\\]|\\.|[a-z])*"', "match"),
        (r"(?:https?://)?[^\s]*-check-", "search"),
        (r"Property[^:]*?(?:missing|: (.+)$)", "search"),
        (r"(x+x+)+y", "fullmatch"),
        (r"<!--.*?-->", "finditer"),
        (r"([a-z]+\.)*[a-z]+$", "search"),
        (rb"(?:a+)+b", "search"),
        (r"(?:[a-z]|[0-9a-f]{2})*z!", "fullmatch"),
    ],
)
def test_patterns_that_are_known_to_be_bad_are_caught(source: Any, use: str) -> None:
    assert slow_attack(re.compile(source), {use}) is not None


@pytest.mark.parametrize(
    ("source", "use"),
    [
        (r"\s*+x", "match"),
        (r"[a-z]+", "finditer"),
        (r'"[^"]*"', "match"),
        (r"'([^']++)'", "finditer"),
        (r"\r\n|[\r\n]", "finditer"),
        (r"(?:[^\"\\]|\\.)*\"", "match"),
        (r"[\w.-]{1,40}@", "search"),
        (r"\A\s*x", "search"),
    ],
)
def test_patterns_that_are_linear_pass(source: str, use: str) -> None:
    assert slow_attack(re.compile(source), {use}) is None


def test_attacks_are_the_same_every_time() -> None:
    pattern = re.compile(r"(?:a|b+)*\s+(c.*)?$")
    assert attacks(pattern) == attacks(pattern)
    assert len(attacks(pattern)) > 100
