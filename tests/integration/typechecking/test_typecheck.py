"""Programs through the real checker."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.typechecks import typecheck, typecheck_async
from isolatejs.errors import ConfigurationError
from isolatejs.typechecking.check import TypecheckResult, check_request, errors_of, run_check
from isolatejs.typechecking.profiles import profile_of_grants

if TYPE_CHECKING:
    from isolatejs.typechecking.checker import Checker


def codes(result: TypecheckResult) -> list[int]:
    return [error.code for error in result.errors]


def test_error_carries_code_message_and_place() -> None:
    result = typecheck("const a = 1;\n  const b: number = 'x';\n", filename="/app/main.ts")
    assert not result.success
    (error,) = result.errors
    assert error.code == 2322
    assert error.message == "Type 'string' is not assignable to type 'number'."
    assert (error.filename, error.line, error.column, error.length) == ("/app/main.ts", 2, 9, 1)
    assert error.source_line == "  const b: number = 'x';"


def test_columns_count_utf16_units() -> None:
    (error,) = typecheck("const s = '😀'; const n: number = s;").errors
    assert error.column == 23
    assert error.source_line.startswith("const s = '😀'")


@pytest.mark.parametrize(
    "code",
    [
        "const r = await fetch('https://example.com'); console.log(r.status, await r.json());",
        "setTimeout(() => {}, 1); clearTimeout(setTimeout(() => {}));",
        "crypto.getRandomValues(new Uint8Array(4)); const id: string = crypto.randomUUID();",
        "new TextDecoder().decode(new TextEncoder().encode(atob(btoa('x'))));",
        "on('tick', (payload) => emit('tock', payload.n));",
        "const dir = await getDirectory('/'); for await (const [n, entry] of dir.entries()) n + entry.kind;",
        "serve({ fetch(request) { return Response.json({ path: new URL(request.url).pathname }); } });",
        "const v = new AsyncContext.Variable<number>(); v.run(1, () => v.get());",
        "import { AsyncLocalStorage as A } from 'node:async_hooks'; new A<1>().run(1, () => 2);",
        "import path from 'path'; path.join('a', 'b');",
        "enum E { A } namespace N { export const x = 1 } class K { constructor(public y = E.A) {} }",
        "function plain(a, b) { return a + b } plain(1, 2); let later; later = await 1; later.anything;",
        "try { throw 1 } catch (error) { error.name }",
        "import.meta.url; import.meta.main; export const x = 1;",
        "const name = 1; const status = 2; const page = 3;",
    ],
)
def test_programs_that_are_right(code: str) -> None:
    result = typecheck(code)
    assert result.errors == ()
    assert result.success


@pytest.mark.parametrize(
    "name",
    ["Deno", "window", "document", "localStorage", "alert", "Worker", "caches", "require",
     "location", "GPU", "OffscreenCanvas", "browser", "describe", "page"],
)  # fmt: skip
def test_names_that_no_backend_program_has(name: str) -> None:
    (error,) = typecheck(f"{name};").errors
    assert name in error.message
    assert "target library" not in error.message


async def test_fetch_is_there_only_when_granted(checker: Checker) -> None:
    async def names(granted: tuple[str, ...]) -> list[int]:
        request = check_request("fetch('x'); new Request('x');", profile_of_grants(granted))
        reports = await run_check(request, checker)
        return [error.code for report in reports for error in errors_of(report)]

    assert await names(("fetch",)) == []
    assert await names(()) == [2304]


def test_browser_test_profile() -> None:
    code = """
        let ctx; let page;
        beforeAll(async () => { ctx = await browser.newContext(); page = await ctx.newPage(); });
        test("loads", async () => {
          await page.goto("https://example.com", { waitUntil: "domcontentloaded" });
          expect((await browser.contexts()).length).toBe(1);
          await expect(page).toHaveTitle(/Example/);
        });
    """
    assert typecheck(code, profile="browser-test").errors == ()
    (error,) = typecheck("page.goto('/')", profile="browser-test").errors
    assert error.message == "Cannot find name 'page'."


def test_capabilities_extend_a_profile() -> None:
    assert codes(typecheck("describe('x', () => {})", profile="agent")) == [2593]
    assert typecheck("describe('x', () => {})", profile="agent", capabilities=["tests"]).success


def test_modules_of_test_runtimes() -> None:
    code = "import t from 'node:test'; import { expect } from 'vitest'; t('x', () => expect(1).toBe(1));"
    assert typecheck(code, profile="browser-test").success
    assert codes(typecheck(code)) == [2307, 2307]


def test_nested_host_module() -> None:
    code = """
        import { createIsolateHost } from "@ricsam/isolate";
        const host = createIsolateHost();
        const tools = { greet: async (name) => "hello " + name };
        const child = await host.createRuntime({ bindings: { tools } });
        await child.eval('1'); await child.dispose();
    """
    assert typecheck(code).success
    assert codes(typecheck(code + "child.nope();")) == [2339]


def test_several_files() -> None:
    files = {
        "/lib/numbers.ts": "export const one = 1;\nexport const wrong: string = 2;",
        "/lib/index.ts": "export * from './numbers';",
        "/data.json": '{"a": [1]}',
    }
    code = """
        import { one } from "./lib";
        import { one as again } from "/lib/numbers.ts";
        import data from "./data.json" with { type: "json" };
        const text: string = one; again; data.a[0].toFixed();
    """
    result = typecheck(code, files=files)
    assert [(error.filename, error.line, error.code) for error in result.errors] == [
        ("/index.ts", 5, 2322),
        ("/lib/numbers.ts", 2, 2322),
    ]


def test_a_file_of_an_earlier_check_is_gone_for_the_same_tenant() -> None:
    for _ in range(3):
        assert typecheck("import './other.ts'", files={"/other.ts": "export {}"}, tenant="one").success
        assert codes(typecheck("import './other.ts'", tenant="one")) == [2307]


def test_checks_leave_nothing_behind() -> None:
    assert typecheck("import './other.ts'", files={"/other.ts": "export {}"}).success
    assert codes(typecheck("import './other.ts'")) == [2307]
    assert typecheck("import { Buffer } from 'node:buffer'; let timer: NodeJS.Timeout;").success
    assert codes(typecheck("let timer: NodeJS.Timeout;")) == [2503]


def test_library_types() -> None:
    library = {
        "@acme/orders": "export interface Order { id: string } export function list(): Promise<Order[]>;",
        "parts": {"index.d.ts": "export * from './impl.d.ts'", "impl.d.ts": "export const part: number;"},
        "globals.d.ts": "declare const VERSION: string;",
    }
    code = """
        import { list } from "@acme/orders";
        import { part } from "parts"; import { part as p } from "parts/impl";
        const orders = await list(); const id: number = orders[0].id; part + p; VERSION.length;
    """
    assert codes(typecheck(code, library_types=library)) == [2322]


def test_packages_with_their_types(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "typed"
    package.mkdir(parents=True)
    manifest = '{"name": "typed", "version": "1.0.0", "types": "./t.d.ts", "main": "./i.js"}'
    (package / "package.json").write_text(manifest)
    (package / "t.d.ts").write_text("export declare function twice(n: number): number;")
    (package / "i.js").write_text("exports.twice = (n) => 2 * n;")
    code = "import { twice } from 'typed'; const t: string = twice(1);"
    assert codes(typecheck(code, node_modules=tmp_path / "node_modules")) == [2322]
    assert codes(typecheck(code)) == [2307]


def test_compiler_options() -> None:
    code = "function f(a) { return a } f(1);"
    assert typecheck(code).success
    assert codes(typecheck(code, compiler_options={"noImplicitAny": True})) == [7006]
    assert typecheck("let s: string = null; s;", compiler_options={"strict": False}).success


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"compiler_options": {"stirct": True}}, "did you mean 'strict'"),
        ({"compiler_options": {"lib": ["dom"]}}, "unknown option 'lib'"),
        ({"compiler_options": {"strict": 1.5}}, "expected a bool or str"),
        ({"profile": "backnd"}, "did you mean 'backend'"),
        ({"capabilities": ["fech"]}, "did you mean 'fetch'"),
        ({"filename": "/a\0.ts"}, "not a file name"),
        ({"files": {"/index.ts": ""}}, "given twice"),
        ({"library_types": {"x": {"../../a.d.ts": "", "index.d.ts": ""}}}, "not a relative"),
        ({"node_modules": "/does/not/exist"}, "not a folder"),
        ({"modules": object()}, "modules: "),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        typecheck("1", **arguments)


@pytest.mark.parametrize("filename", ["/a.js", "/a.mjs", "/a.cjs"])
def test_javascript_is_checked_by_its_comments(filename: str) -> None:
    assert codes(
        typecheck("/** @type {number} */ const x = 'a'; let untyped; untyped = 1;", filename=filename)
    ) == [2322]


def test_jsx_needs_its_factory() -> None:
    assert codes(typecheck("const x = <div id='a' />;", filename="/a.tsx")) == [2875]
    runtime = (
        "export namespace JSX { interface IntrinsicElements { div: { id?: string } } interface Element {} }"
    )
    react = {"react/jsx-runtime": runtime + " export function jsx(...args: any[]): JSX.Element;"}
    assert typecheck("const x = <div id='a' />;", filename="/a.tsx", library_types=react).success
    assert codes(typecheck("const x = <div id={1} />;", filename="/a.tsx", library_types=react)) == [2322]


@pytest.mark.parametrize(
    "filename", ["<eval>", "entry", "/weird name (1).ts", "file:///app/x.ts", "/ünï/ç.ts", "/deno.json"]
)
def test_any_file_name_will_do(filename: str) -> None:
    (error,) = typecheck("const a: number = 'x'", filename=filename).errors
    assert error.filename == filename


async def test_async_form_and_parallel_checks() -> None:
    results = await asyncio.gather(
        *(typecheck_async(f"const a{n}: {'string' if n % 2 else 'number'} = {n};") for n in range(8))
    )
    assert [result.success for result in results] == [n % 2 == 0 for n in range(8)]


async def test_a_killed_checker_is_started_again(checker: Checker) -> None:
    async def errors(code: str) -> list[int]:
        reports = await run_check(check_request(code, profile_of_grants(())), checker)
        return [error.code for report in reports for error in errors_of(report)]

    assert await errors("1;") == []
    before = checker.pid
    assert before is not None
    os.kill(before, 9)
    async with asyncio.timeout(20):
        while Path(f"/proc/{before}").exists():  # noqa: ASYNC240
            await asyncio.sleep(0.01)  # poll
    assert await errors("const a: string = 1;") == [2322]
    assert checker.pid not in (None, before)


PLAYWRIGHT = """
const context = await browser.newContext({ storageState: "/auth.json", viewport: null });
const page = await context.newPage();
await page.route("**/api", async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, json: { ...(await response.json()), name: "Loquat" } });
});
page.on("dialog", (dialog) => dialog.accept());
const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download").click()]);
await download.saveAs("/downloads/" + download.suggestedFilename());
const handle = await page.evaluateHandle(() => ({ a: 1 }));
const two: number = await page.evaluate(({ object, n }) => object.a + n, { object: handle, n: 1 });
await page.clock.setFixedTime(new Date("2024-02-02T10:00:00"));
await page.locator("#a").filter({ has: page.getByRole("button") }).contentFrame().getByText("x").click();
const request = await page.waitForRequest((request) => request.method() === "POST");
await context.newCDPSession(page);
test("matchers", async () => {
  await expect(page).toHaveURL(/x/);
  await expect(page.getByRole("listitem")).toHaveText(["a", /b/]);
  await expect(page.locator("body")).toMatchAriaSnapshot("- list");
  await expect(await page.request.get("/")).toBeOK();
});
export { request, two };
"""


def test_playwright_examples_typecheck() -> None:
    assert typecheck(PLAYWRIGHT, profile="browser-test").errors == ()
    (error,) = typecheck(
        "(await browser.newContext()).close(); browser.close()", profile="browser-test"
    ).errors
    assert (error.code, error.column) == (2722, 39)  # `close` may be undefined, and is
