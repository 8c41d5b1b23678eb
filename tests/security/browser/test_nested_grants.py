"""Children of a runtime whose pages stand under a fetch policy, and its profiles: no generation gets around them."""

from __future__ import annotations

import pytest

import isolatejs
from fakes.chromium import Pages
from isolatejs.limits import BROWSER_CONTEXTS_LIMIT

IMPORT = 'import { createIsolateHost } from "isolatejs"; const nested = createIsolateHost();\n'

VISIT = """
const visit = async (url) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  try { await page.goto(url); return await page.title() } catch (error) { return "refused" }
  finally { await context.close() }
};
"""

KINDS = {
    "runtime": """
      const child = await nested.createRuntime({ bindings: { browser, ...MORE } });
      await child.eval(CODE)""",
    "session": """
      const child = await nested.getNamespacedRuntime("k", { bindings: { browser, ...MORE } });
      await child.eval("0");
      await child.dispose();
      const again = await nested.getNamespacedRuntime("k", { bindings: { browser, ...MORE } });
      await again.eval(CODE)""",
    "tests": """
      const child = await nested.createTestRuntime({ bindings: { browser, ...MORE } });
      let told;
      child.test.onEvent(() => {});
      const result = await child.run(`
        test("visits", async () => { const value = await (async () => { ${CODE_AS_FUNCTION} })(); throw new Error("told " + JSON.stringify(value)) });
      `, { timeoutMs: 30000 });
      JSON.parse(result.tests[0].error.message.slice(5))""",
    "server": """
      const server = await nested.createAppServer({ bindings: { browser, ...MORE }, code: `
        serve({ async fetch() { const value = await (async () => { ${CODE_AS_FUNCTION} })(); return Response.json(value) } })` });
      await server.reload();
      await (await server.handle(new Request("http://x/"))).response.json()""",
}
OWN_BINDINGS = {
    "nothing": "{}",
    "a fetch of its own": "{ fetch: () => new Response('mine') }",
    "files of its own": "{ files: { readFile: () => 'x', readdir: () => [], stat: () => ({ kind: 'file', size: 1 }) } }",
}


def child_code(kind: str, more: str, body: str) -> str:
    """Code that lets a child of this kind run `body` (a function's body) and gives what that returns."""
    text = KINDS[kind].replace("MORE", more)
    text = text.replace("${CODE_AS_FUNCTION}", body.replace("`", "\\`").replace("${", "\\${"))
    return IMPORT + text.replace("CODE", repr_js(f"await (async () => {{ {body} }})()"))


def repr_js(code: str) -> str:
    return "`" + code.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${") + "`"


@pytest.mark.parametrize("own", OWN_BINDINGS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_child_of_any_kind_visits_what_its_parents_pages_may(
    program: isolatejs.ScriptRuntime, allowed: Pages, internal: Pages, kind: str, own: str
) -> None:
    body = f"{VISIT} return [await visit('{internal.url('/')}'), await visit('{allowed.url('/')}')]"
    told = await program.eval(child_code(kind, OWN_BINDINGS[own], body))
    assert told == ["refused", "allowed"]
    assert internal.visits == []


@pytest.mark.parametrize("depth", [2, 3])
async def test_no_generation_visits_more(
    program: isolatejs.ScriptRuntime, allowed: Pages, internal: Pages, depth: int
) -> None:
    code = f"{VISIT} [await visit('{internal.url('/')}'), await visit('{allowed.url('/')}')]"
    for _ in range(depth):
        code = (
            IMPORT
            + "const child = await nested.createRuntime({ bindings: { browser }, nestedHost: { maxRuntimes: 9 } });\n"
            + f"await child.eval({repr_js(code)})"
        )
    assert await program.eval(code) == ["refused", "allowed"]
    assert internal.visits == []


@pytest.mark.parametrize("kind", ["runtime", "session", "server"])
@pytest.mark.parametrize("own", OWN_BINDINGS)
async def test_profiles_are_kept_in_the_parents_files(
    program: isolatejs.ScriptRuntime, allowed: Pages, kind: str, own: str
) -> None:
    body = f"""
      const context = await browser.newContext({{ profile: "auth/main" }});
      await context.addCookies([{{ name: "a", value: "kept", url: "{allowed.url("/")}" }}]);
      await context.storageState({{ path: "/snapshots/auth.json" }});
      await context.close();
      const again = await browser.newContext({{ profile: "auth/main" }});
      const cookies = await again.cookies();
      await again.close();
      return cookies.map((cookie) => cookie.value);
    """
    assert await program.eval(child_code(kind, OWN_BINDINGS[own], body)) == ["kept"]
    names = await program.eval('import fs from "node:fs"; fs.readdirSync("/snapshots")')
    assert names == ["auth.json"]
    mine = "(await (await browser.newContext({ profile: 'auth/main' })).cookies()).map((c) => c.value)"
    assert await program.eval(mine) == ["kept"]


async def test_a_profile_that_the_parent_has_open_is_not_opened_by_a_child(
    program: isolatejs.ScriptRuntime,
) -> None:
    await program.eval("globalThis.mine = await browser.newContext({ profile: 'auth/main' }); 0")
    body = """
      try { await browser.newContext({ profile: "auth/main" }); return "opened" } catch (error) { return "refused" }
    """
    assert await program.eval(child_code("runtime", "{}", body)) == "refused"


async def test_contexts_are_counted_over_all_generations(program: isolatejs.ScriptRuntime) -> None:
    code = """
      let opened = 0, name;
      try { for (;;) { await browser.newContext(); opened++ } } catch (error) { name = error.name }
      [opened, name]
    """
    inner = (
        IMPORT
        + "const child = await nested.createRuntime({ bindings: { browser } });"
        + f"[await child.eval({repr_js(code)}), (await browser.contexts()).length]"
    )
    (opened, name), mine = await program.eval(inner)
    assert opened + mine == BROWSER_CONTEXTS_LIMIT
    assert name == "QuotaExceededError"
