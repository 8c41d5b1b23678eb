"""Packages that nobody here wrote, as npm and pnpm lay them out, in the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import Request, Response, create_module_resolver

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROGRAMS: dict[str, tuple[str, Any]] = {
    "zod": (
        """import { z } from "zod";
        const user = z.object({ mail: z.email(), age: z.number().int() });
        const wrong = user.safeParse({ mail: "a", age: 4.5 });
        [user.safeParse({ mail: "a@b.cc", age: 4 }).success, wrong.error.issues.length]""",
        [True, 2],
    ),
    "lodash": (
        'import _, { chunk } from "lodash"; import fp from "lodash/fp";'
        'import camel from "lodash/camelCase.js";'
        "[_.sum([1, 2]), chunk([1, 2, 3], 2), fp.map(x => x * 2)([1]), camel('foo bar')]",
        [3, [[1, 2], [3]], [2], "fooBar"],
    ),
    "hono": (
        """import { Hono } from "hono"; import { cors } from "hono/cors";
        const app = new Hono().use(cors()).get("/x/:id", (c) => c.json({ id: c.req.param("id") }));
        const response = await app.request("/x/7");
        [await response.json(), response.headers.get("access-control-allow-origin")]""",
        [{"id": "7"}, "*"],
    ),
    "react": (
        """import { createElement as h, useState } from "react";
        import { renderToString } from "react-dom/server";
        function Counter({ start }) { const [n] = useState(start); return h("b", { className: "n" }, n); }
        renderToString(h(Counter, { start: 4 }))""",
        '<b class="n">4</b>',
    ),
    "date-fns": (
        'import { addDays, format } from "date-fns"; import { de } from "date-fns/locale";'
        'format(addDays(new Date(2024, 1, 28), 1), "d. MMMM yyyy", { locale: de })',
        "29. Februar 2024",
    ),
    "ajv": (
        """import Ajv from "ajv";
        const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
        const check = new Ajv().compile(schema);
        [check({ a: 1 }), check({ a: "x" })]""",
        [True, False],
    ),
    "yaml": (
        'import { parse, stringify } from "yaml"; [parse("a: [1, 2]\\nb: {c: d}"), stringify({ x: [true] })]',
        [{"a": [1, 2], "b": {"c": "d"}}, "x:\n  - true\n"],
    ),
    "marked": (
        'import { marked } from "marked"; marked.parse("# hi\\n*x*")',
        "<h1>hi</h1>\n<p><em>x</em></p>\n",
    ),
    "uuid": ('import { v4, v7, validate, version } from "uuid"; [validate(v4()), version(v7())]', [True, 7]),
    "mathjs": (
        'import { evaluate } from "mathjs"; [evaluate("sqrt(3^2 + 4^2)"), evaluate("det([1, 2; 3, 4])")]',
        [5, -2],
    ),
    "typescript": (
        'import ts from "typescript"; ts.transpileModule("const x: number = 1", {}).outputText',
        "var x = 1;\n",
    ),
    "@babel/core": (
        'import { transformSync } from "@babel/core";'
        'transformSync("const f = (a) => a ?? 1", { configFile: false, babelrc: false, compact: true }).code',
        "const f=a=>a??1;",
    ),
    "cheerio": (
        """import * as cheerio from "cheerio";
        const $ = cheerio.load("<ul><li>a</li><li class=x>b</li></ul>");
        [$("li").map((_, e) => $(e).text()).get(), $(".x").text()]""",
        [["a", "b"], "b"],
    ),
}


@pytest.mark.parametrize("package", PROGRAMS)
@pytest.mark.parametrize("layout", ["hoisted", "isolated"])
async def test_package_works(
    package: str, layout: str, evaluate: Evaluate, request: pytest.FixtureRequest
) -> None:
    modules = create_module_resolver().mount_node_modules("/node_modules", request.getfixturevalue(layout))
    program, expected = PROGRAMS[package]
    assert await evaluate(program, modules) == expected


async def test_all_of_them_in_one_runtime_through_require(evaluate: Evaluate, hoisted: Path) -> None:
    modules = create_module_resolver().mount_node_modules("/node_modules", hoisted)
    program = """
        import { createRequire } from "node:module";
        const require = createRequire(import.meta.url);
        ["lodash", "zod", "react", "react-dom/server", "ajv", "yaml", "marked", "mathjs", "cheerio", "hono"]
          .map((name) => typeof require(name))"""
    kinds = await evaluate(program, modules, memory_limit_mb=512)
    assert set(kinds) <= {"object", "function"}


async def test_openai_client_speaks_through_fetch(evaluate: Evaluate, hoisted: Path) -> None:
    seen: list[Request] = []

    async def fetch(request: Request) -> Response:
        seen.append(request)
        asked = await request.json()
        message = {"role": "assistant", "content": f"you said {asked['messages'][0]['content']}"}
        body = {"id": "1", "object": "chat.completion", "choices": [{"index": 0, "message": message}]}
        return Response(json.dumps(body), headers={"content-type": "application/json"})

    modules = create_module_resolver().mount_node_modules("/node_modules", hoisted)
    program = """
        import OpenAI from "openai";
        const client = new OpenAI({ apiKey: "key", baseURL: "http://models.test/v1" });
        const answer = await client.chat.completions.create({
          model: "m", messages: [{ role: "user", content: "hello" }],
        });
        answer.choices[0].message.content"""
    assert await evaluate(program, modules, fetch=fetch) == "you said hello"
    assert seen[0].url == "http://models.test/v1/chat/completions"
    assert seen[0].headers.get("authorization") == "Bearer key"


async def test_tsx_with_react(evaluate: Evaluate, hoisted: Path) -> None:
    modules = (
        create_module_resolver()
        .mount_node_modules("/node_modules", hoisted)
        .virtual(
            "/app/view.tsx",
            """import { renderToStaticMarkup } from "react-dom/server";
        enum Level { Low = 1, High }
        const View = ({ level }: { level: Level }) => <p className="v">{Level[level]} <b>{level}</b></p>;
        export const html: string = renderToStaticMarkup(<View level={Level.High} />);""",
        )
    )
    assert (
        await evaluate('import { html } from "/app/view.tsx"; html', modules)
        == '<p class="v">High <b>2</b></p>'
    )
