"""What the REPL reads in a line."""

from __future__ import annotations

import pytest

from isolatejs.cli.declarations import declared_names, is_complete


@pytest.mark.parametrize(
    "source",
    [
        "1 + 1",
        "const a = 1;",
        "f(1)",
        "`a ${ {b: `}`}.b } c`",
        '"}"',
        "// {",
        "/* { */ 1",
        "/[{]/.test(x)",
        "a / b / c",
        "x = a / 2; y = (b) / 3",
        "i++",
        ")",
        "",
        "'it\\'s'",
    ],
)
def test_complete(source: str) -> None:
    assert is_complete(source)


@pytest.mark.parametrize(
    "source",
    [
        "{",
        "function f() {",
        "f(1,",
        "[1,",
        "`abc",
        "`a ${",
        "`a ${b} {",
        "/* open",
        "const a =",
        "x =>",
        "a +",
        "foo\n  .",
        "({a: [1, 2}",
    ],
)
def test_incomplete(source: str) -> None:
    assert not is_complete(source)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("1 + 1", []),
        ("const a = 1", ["a"]),
        ("let a = 1, b = f(2, 3), c", ["a", "b", "c"]),
        ("var {a, b: c, ...d} = x", ["a", "c", "d"]),
        ("const [a, , {b = 1, c: [e]}] = f({z: 1})", ["a", "b", "e"]),
        ("const {[key]: a} = x", ["a"]),
        ("const a: Map<string, number> = new Map(); let b = 2", ["a", "b"]),
        ("const a = 1\nconst b = 2", ["a", "b"]),
        ("function f() { const inner = 1 }", ["f"]),
        ("async function f() {} function* g() {}", ["f", "g"]),
        ("class A extends B { x = 1 }", ["A"]),
        ("enum Color { Red }", ["Color"]),
        ("const f = function named() {}", ["f"]),
        ("const f = (a, b) => { let c = 1 }", ["f"]),
        ("x = class Named {}", []),
        ("if (true) { let a = 1 }", []),
        ('import a, {b as c, d} from "x"; import * as e from "y"', ["a", "c", "d", "e"]),
        ('import "x"; const a = 1', ["a"]),
        ("import('x').then(m => m)", []),
        ("import.meta.url", []),
        ("const a = `${ (() => { const b = 1 })() }`", ["a"]),
        ("export const a = 1; export default function f() {}", ["a", "f"]),
        ("const a = 1, a2 = /[,;]const b/; let c", ["a", "a2", "c"]),
        ("a.const; b.let", []),
    ],
)
def test_declared_names(source: str, names: list[str]) -> None:
    assert declared_names(source) == names
