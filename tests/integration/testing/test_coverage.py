"""What a run with `coverage=True` counts: lines, functions and branches, in the lines that the user wrote."""

# ruff: noqa: ASYNC240  (programs in strings; small files)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import isolatejs

if TYPE_CHECKING:
    from isolatejs import IsolateHost


async def branches_of(host: IsolateHost, name: str, source: str, calls: str) -> list[Any]:
    """The branches of one module when a test makes these calls, by line."""
    modules = isolatejs.create_module_resolver().virtual(f"/src/{name}", source)
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            f"import * as m from './{name}'; test('t', async () => {{ {calls} }})",
            filename="/src/t.test.js",
            coverage=True,
        )
    assert result.success, result
    assert result.coverage is not None
    branches: list[Any] = result.coverage[f"/src/{name}"]["branches"]
    return sorted(branches, key=lambda branch: branch[0])


async def test_lines_and_functions(host: IsolateHost) -> None:
    source = (
        "export function f(x) {\n  if (x) {\n    return 1;\n  }\n  return 2;\n}\nexport const g = () => 3;\n"
    )
    modules = isolatejs.create_module_resolver().virtual("/src/f.js", source)
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            "import { f } from './f.js'; test('f', () => { expect(f(0)).toBe(2); expect(f(0)).toBe(2) })",
            filename="/src/f.test.js",
            coverage=True,
        )
    assert result.success
    assert result.coverage == {
        "/src/f.js": {
            "lines": [[2, 2], [3, 0], [5, 2], [7, 0]],
            "functions": [["f", 1, 2], ["g", 7, 0]],
            "branches": [[2, [0, 2]]],
        }
    }


async def test_every_kind_of_branch(host: IsolateHost) -> None:
    """As Istanbul defines them: `if`, `?:`, operands of `&&`, `||` and `??`, cases, defaults."""
    source = """export function grade(points, scale = 10) {
  if (points > scale) return "too many";
  else if (points < 0) { return "too few" }
  if (points === 7) ;
  const word = points > 5 ? "good" : "bad";
  const rare = points === 0 && (scale === 10 || scale === 20);
  switch (points) {
    case 0:
    case 1: return rare ?? word;
    case 2: break;
    default: scale++
  }
  for (const { n = 1 } of [{}, { n: 2 }]) scale += n
  return word
}
export const pick = ([first = () => "none", { x: [y = 3] = [] } = {}] = []) => first.name + y;
"""
    calls = """
      expect([m.grade(11), m.grade(0), m.grade(2, 20), m.grade(7), m.grade(4)])
        .toEqual(["too many", true, "bad", "good", "bad"]);
      expect([m.pick(), m.pick([Number, { x: [1] }])]).toEqual(["first3", "Number1"]);
    """
    assert await branches_of(host, "grade.js", source, calls) == [
        [1, [4]],  # scale = 10, for four of five calls
        [2, [1, 4]],
        [3, [0, 4]],
        [4, [1, 3]],
        [5, [1, 3]],
        [6, [4, 1, 0]],  # one branch with a way for each of its three operands
        [7, [1, 1, 1, 2]],  # case 0 falls through
        [9, [1, 0]],
        [13, [3]],
        [16, [1]],  # = []
        [16, [1]],  # first = ...
        [16, [1]],  # = {}
        [16, [1]],  # = [], of x
        [16, [1]],  # y = 3
    ]


async def test_branches_in_odd_places(host: IsolateHost) -> None:
    """What the counters are put into stays the program that it was."""
    source = """export class K {
  #v = 1
  static made = globalThis.nothing?.at || 'static'
  static { if (K.made) K.made += '!' }
  has(o) { return #v in o && true }
  get v() { return this.#v || 0 }
  then_(a) { if (a) return 1
    return 2 }
}
label: for (const c of 'ab') if (c === 'b') break label; else continue label
export const made = (function (f = function () {}) { return f.name })(), k = new K()
export default await null ?? 5
"""
    calls = """
      expect([m.K.made, m.made, m.default, m.k.v, m.k.has(m.k), m.k.has({}), m.k.then_(0), m.k.then_(1)])
        .toEqual(["static!", "f", 5, 1, true, false, 2, 1]);
    """
    assert await branches_of(host, "odd.js", source, calls) == [
        [3, [1, 1]],
        [4, [1, 0]],
        [5, [2, 1]],
        [6, [1, 0]],
        [7, [1, 1]],
        [10, [1, 1]],
        [11, [1]],
        [12, [1, 1]],
    ]


async def test_branches_of_typescript_in_lines_as_written(host: IsolateHost) -> None:
    """Also when the module has to be compiled; what the compiler adds is nobody's branch, line or function."""
    source = """export interface Options { deep?: boolean }
export enum Mode { Off, On = 4 }
export namespace Names {
  export const first = (mode: Mode) => mode === Mode.On ? "on" : "off";
}
class Counter {
  constructor(private step = 2, readonly limit?: number) {}
  next(n: number): number {
    return (n + this.step) as number || this.limit!;
  }
}
export function run(o: Options): number {
  if (o.deep satisfies boolean | undefined)
    return new Counter(3).next(1);
  return new Counter().next(-2) ?? 0;
}
"""
    modules = isolatejs.create_module_resolver().virtual("/src/modes.ts", source)
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            "import { Mode, Names, run } from './modes.ts';\n"
            "test('t', () => { expect(Names.first(Mode.On)).toBe('on'); expect(run({})).toBe(0) })",
            filename="/src/t.test.ts",
            coverage=True,
        )
    assert result.success, result
    assert result.coverage is not None
    counted = result.coverage["/src/modes.ts"]
    assert sorted(counted["branches"]) == [[4, [1, 0]], [7, [1]], [9, [1, 1]], [13, [0, 1]], [15, [1, 1]]]
    assert [name for name, _, _ in counted["functions"]] == ["first", "constructor", "next", "run"]
    assert max(line for line, _ in counted["lines"]) == 15
    assert [14, 0] in counted["lines"]


async def test_commonjs_and_typescript(host: IsolateHost) -> None:
    modules = (
        isolatejs.create_module_resolver()
        .virtual(
            "/src/old.cjs", "'use strict';\nmodule.exports.twice = function (x) {\n  return x * 2;\n};\n"
        )
        .virtual(
            "/src/color.ts",
            "export enum Color { Red }\nexport const name = (c: Color): string => {\n  return Color[c];\n};\n",
        )
    )
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            "import { twice } from './old.cjs'; import { name } from './color.ts';\n"
            "test('t', () => { expect(twice(2)).toBe(4); expect(name(0)).toBe('Red') })",
            filename="/src/t.test.ts",
            coverage=True,
        )
    assert result.success, result
    assert result.coverage is not None
    assert result.coverage["/src/old.cjs"]["lines"] == [[2, 1], [3, 1]]
    assert [2, 1] in result.coverage["/src/color.ts"]["lines"]
    assert [3, 1] in result.coverage["/src/color.ts"]["lines"]


async def test_positions_stay_right_under_coverage(host: IsolateHost) -> None:
    modules = isolatejs.create_module_resolver().virtual(
        "/src/bad.js", "export function bad() {\n  if (true) throw new Error('here');\n}\n"
    )
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            "import { bad } from './bad.js'; test('t', () => { bad() })",
            filename="/src/t.test.js",
            coverage=True,
        )
    error = result.tests[0].error
    assert error is not None
    assert (error.filename, error.line, error.column) == ("/src/bad.js", 2, 19)
