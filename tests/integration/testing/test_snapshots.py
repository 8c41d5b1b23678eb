"""Snapshots, through the files binding and nowhere else."""

# ruff: noqa: ASYNC240  (programs in strings; small files)

from __future__ import annotations

from typing import TYPE_CHECKING

import isolatejs
from isolatejs import IsolateHost, create_file_bindings

if TYPE_CHECKING:
    from pathlib import Path

    from isolatejs.capabilities.testing.results import TestRunResult

SUITE = """
test("value", () => { expect({ a: VALUE, when: new Date(0) }).toMatchSnapshot() });
test("thrown", () => { expect(() => { throw new Error("boom") }).toThrowErrorMatchingSnapshot() });
test("file", async () => { await expect("text\\n").toMatchFileSnapshot("./out/page.txt") });
"""


async def run(host: IsolateHost, root: Path, value: str, **options: object) -> TestRunResult:
    bindings = {"files": create_file_bindings(root, allow_write=True)}
    async with host.create_test_runtime(bindings=bindings) as runtime:
        return await runtime.run(SUITE.replace("VALUE", value), filename="/src/a.test.ts", **options)  # type: ignore[arg-type]


async def test_written_matched_refused_and_updated(host: IsolateHost, tmp_path: Path) -> None:
    first = await run(host, tmp_path, "1")
    assert first.success, first
    assert first.snapshots.added == 3
    file = tmp_path / "src" / "__snapshots__" / "a.test.ts.snap"
    assert file.read_text() == (
        "// Jest Snapshot v1, https://jestjs.io/docs/snapshot-testing\n\n"
        'exports[`thrown 1`] = `"boom"`;\n\n'
        'exports[`value 1`] = `\n{\n  "a": 1,\n  "when": 1970-01-01T00:00:00.000Z,\n}\n`;\n'
    )
    assert (tmp_path / "src" / "out" / "page.txt").read_text() == "text\n"

    again = await run(host, tmp_path, "1")
    assert again.success
    assert (again.snapshots.matched, again.snapshots.added) == (3, 0)

    changed = await run(host, tmp_path, "2")
    error = changed.tests[0].error
    assert error is not None
    assert "- Snapshot  - 1" in error.message
    assert '-   "a": 1,' in error.message
    assert '+   "a": 2,' in error.message

    updated = await run(host, tmp_path, "2", update_snapshots="all")
    assert updated.success
    assert updated.snapshots.updated == 1
    assert '"a": 2' in file.read_text()


async def test_none_writes_nothing(host: IsolateHost, tmp_path: Path) -> None:
    result = await run(host, tmp_path, "1", update_snapshots="none")
    assert result.failed == 3
    assert list(tmp_path.iterdir()) == []


async def test_without_files_the_matcher_says_what_is_missing(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run("test('a', () => { expect(1).toMatchSnapshot() })")
    error = result.tests[0].error
    assert error is not None
    assert "files binding" in error.message


async def test_inline_snapshots(host: IsolateHost) -> None:
    async with host.create_test_runtime() as runtime:
        result = await runtime.run(
            """test("inline", () => {
  expect({ a: [1] }).toMatchInlineSnapshot(`
    {
      "a": [
        1,
      ],
    }
  `);
  expect("new").toMatchInlineSnapshot();
  expect(() => expect(2).toMatchInlineSnapshot(`1`)).toThrow("Snapshot: 1\\nReceived: 2");
});""",
            filename="/i.test.js",
        )
    assert result.success, result.tests[0].errors
    (snapshot,) = result.inline_snapshots
    assert (snapshot.filename, snapshot.line, snapshot.snapshot) == ("/i.test.js", 9, '"new"')


async def test_property_matchers(host: IsolateHost, tmp_path: Path) -> None:
    async with host.create_test_runtime(
        bindings={"files": create_file_bindings(tmp_path, allow_write=True)}
    ) as runtime:
        result = await runtime.run(
            "test('p', () => { expect({ id: Math.random(), n: 1 }).toMatchSnapshot({ id: expect.any(Number) }) })",
            filename="/p.test.js",
        )
    assert result.success
    assert '"id": Any<Number>' in (tmp_path / "__snapshots__" / "p.test.js.snap").read_text()


async def test_snapshots_option_touches_only_snapshot_directories(host: IsolateHost, tmp_path: Path) -> None:
    files = create_file_bindings(tmp_path, allow_write=True)
    async with host.create_test_runtime(snapshots=files) as runtime:
        result = await runtime.run(
            """
            test("allowed", () => { expect(1).toMatchSnapshot() });
            test("refused", async () => { await expect("x").toMatchFileSnapshot("./package.json") });
            """,
            filename="/s.test.js",
        )
    assert [test.status for test in result.tests] == ["pass", "fail"]
    assert [path.name for path in tmp_path.iterdir()] == ["__snapshots__"]


async def test_module_mocks(host: IsolateHost) -> None:
    """`vi.mock` acts before the imports of the file, which stand above it."""
    modules = isolatejs.create_module_resolver().virtual(
        "/src/clock.js", "export const now = () => 'real'; export const other = 1;"
    )
    modules = modules.virtual(
        "/src/user.js", "import { now } from './clock.js'; export const ask = () => now();"
    )
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        result = await runtime.run(
            """
            import { ask } from "./user.js";
            import { vi } from "vitest";
            import { now } from "./clock.js";

            const { answer } = vi.hoisted(() => ({ answer: "mocked" }));
            vi.mock("./clock.js", async (importOriginal) => ({ ...(await importOriginal()), now: vi.fn(() => answer) }));

            test("direct", () => { expect(now()).toBe("mocked") });
            test("through another module", () => { expect(ask()).toBe("mocked"); expect(now).toHaveBeenCalledTimes(2) });
            test("actual", async () => { expect((await vi.importActual("./clock.js")).now()).toBe("real") });
            test("automatic", async () => {
              const auto = await vi.importMock("./user.js");
              expect(vi.isMockFunction(auto.ask)).toBe(true);
              expect(auto.ask()).toBeUndefined();
            });
            test("line numbers stay", () => { expect(() => { throw new Error("x") }).not.toThrow() });
            """,
            filename="/src/m.test.ts",
        )
    assert [test.status for test in result.tests] == ["pass", "pass", "pass", "pass", "fail"], result.tests
    assert result.tests[4].error is not None
    assert result.tests[4].error.line == 17


async def test_module_mocks_end_with_their_file(host: IsolateHost) -> None:
    modules = isolatejs.create_module_resolver().virtual("/m.js", "export const value = 'real';")
    async with host.create_test_runtime(bindings={"modules": modules}) as runtime:
        first = await runtime.run(
            "import { value } from './m.js'; vi.mock('./m.js', () => ({ value: 'mocked' }));"
            "test('a', () => { expect(value).toBe('mocked') })",
            filename="/a.test.js",
        )
        second = await runtime.run(
            "import { value } from './m.js'; test('b', () => { expect(value).toBe('real') })",
            filename="/b.test.js",
        )
    assert first.success, first.tests
    assert second.success, second.tests
