"""`node:` modules and Node's globals: what is there, what is not, and that it says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from isolatejs import (
    UNDEFINED,
    GuestError,
    ModuleResolutionError,
    Request,
    Response,
    create_module_resolver,
)

if TYPE_CHECKING:
    from .conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[3]
TABLE = dict(
    re.findall(
        r'^  "?([\w/]+)"?: "(engine|kernel|granted|absent)",',
        (ROOT / "src/isolatejs/guest/linker/builtins.js").read_text(),
        re.MULTILINE,
    )
)


async def test_the_docs_show_the_same_table() -> None:
    rows = re.findall(r"^\| `([\w/]+)` \| (\w+) \|", (ROOT / "docs/modules.md").read_text(), re.MULTILINE)
    assert dict(rows) == TABLE
    assert len(TABLE) > 50


async def test_every_row_of_the_table_is_true(evaluate: Evaluate) -> None:
    program = f"""
        const found = {{}};
        for (const name of {list(TABLE)!r}) {{
          try {{
            const module = await import(`node:${{name}}`);
            found[name] = Object.keys(module).length > 0 && module.default !== undefined;
          }} catch (error) {{
            found[name] = error.code;
          }}
        }}
        found"""
    found = await evaluate(program)
    expected = {
        name: "ERR_UNKNOWN_BUILTIN_MODULE" if kind == "absent" else True for name, kind in TABLE.items()
    }
    assert found == expected


@pytest.mark.parametrize(
    "name", ["child_process", "node:net", "node:worker_threads", "inspector", "node:vm", "tls"]
)
async def test_absent_modules_say_so(name: str, evaluate: Evaluate) -> None:
    for program in (f"import x from '{name}'; x", f"(await import('{name}')).default"):
        with pytest.raises(ModuleResolutionError, match="not available in this sandbox"):
            await evaluate(program)
    with pytest.raises(GuestError, match="not available in this sandbox"):
        await evaluate(f"import m from 'module'; m.createRequire('/')('{name}')")


async def test_fs_without_files_loads_and_says_what_it_needs(evaluate: Evaluate) -> None:
    with pytest.raises(GuestError, match=r"readFileSync.*files capability.*not granted") as caught:
        await evaluate("import fs from 'fs'; fs.readFileSync('/etc/passwd')")
    assert caught.value.properties["code"] == "ERR_ACCESS_DENIED"
    program = "import { existsSync, promises, constants } from 'node:fs'; [existsSync('/'), constants.R_OK]"
    assert await evaluate(program) == [False, 4]


async def test_process_is_small_and_honest(evaluate: Evaluate) -> None:
    modules = create_module_resolver().environment({"TOKEN": "t", "N": "1"})
    program = """
        import named, { cwd, nextTick } from "node:process";
        const order = [];
        nextTick((x) => order.push(x), "tick");
        queueMicrotask(() => order.push("microtask"));
        await new Promise((r) => setTimeout(r, 1));
        process.env.ADDED = 5;
        [{ ...process.env }, cwd(), process.argv, process.pid, process.ppid, process.platform, order,
          named === process, process === globalThis.process, String(process), process.exitCode,
          process.hrtime().length, typeof process.hrtime.bigint(), process.memoryUsage().heapUsed > 0,
          /^v\\d+/.test(process.version), Object.keys(process.versions)]"""
    found = await evaluate(program, modules)
    environment = {"TOKEN": "t", "N": "1", "ADDED": "5"}
    assert found[:6] == [environment, "/", ["isolatejs", "/index.js"], 1, 0, "linux"]
    assert sorted(found[6]) == ["microtask", "tick"]
    assert found[7:11] == [True, True, "[object process]", UNDEFINED]
    assert found[11:] == [2, "bigint", True, True, ["node", "v8", "modules"]]


@pytest.mark.parametrize(
    "call", ["exit(0)", "kill(1, 9)", "abort()", "binding('fs')", "dlopen({}, 'x')", "chdir('/')"]
)
async def test_process_cannot_do_harm(call: str, evaluate: Evaluate) -> None:
    with pytest.raises(GuestError, match=r"process\.\w+\(.*in this sandbox"):
        await evaluate(f"import process from 'process'; process.{call}")


async def test_default_environment_is_production_and_nothing_else(evaluate: Evaluate) -> None:
    assert await evaluate("({ ...process.env })") == {"NODE_ENV": "production"}


async def test_globals_of_node(evaluate: Evaluate) -> None:
    program = """
        import { Buffer as named } from "node:buffer";
        [Buffer.from("é").toString("hex"), named === Buffer, global === globalThis, typeof setImmediate,
          Buffer.from([1, 2]) instanceof Uint8Array, Object.keys(globalThis).includes("process")]"""
    assert await evaluate(program) == ["c3a9", True, True, "function", True, False]


async def test_os_tells_nothing_of_the_machine(evaluate: Evaluate) -> None:
    program = """
        import os from "node:os";
        const { username } = os.userInfo();
        [os.hostname(), os.cpus().length, username, os.homedir(), os.networkInterfaces(), os.EOL]"""
    assert await evaluate(program) == ["localhost", 1, "user", "/", {}, "\n"]


async def test_process_streams_are_console_output(evaluate: Evaluate) -> None:
    seen: list[tuple[str, str]] = []
    program = "process.stdout.write('a'); process.stdout.write('b\\nc\\n'); process.stderr.write('e\\n'); 1"
    await evaluate(program, console=lambda entry: seen.append((entry.level, entry.stdout)))
    assert seen == [("log", "ab"), ("log", "c"), ("error", "e")]


async def test_engine_modules_work(evaluate: Evaluate) -> None:
    program = """
        import { EventEmitter, once } from "node:events";
        import { createHash } from "node:crypto";
        import { gzipSync, gunzipSync } from "node:zlib";
        import { Readable } from "node:stream";
        import { text } from "node:stream/consumers";
        import { inspect, promisify, types } from "node:util";
        import { fileURLToPath } from "node:url";
        import assert from "node:assert/strict";
        import { setTimeout as sleep } from "node:timers/promises";
        const emitter = new EventEmitter();
        setTimeout(() => emitter.emit("x", 1), 1);
        const [value] = await once(emitter, "x");
        let thrown; try { assert.equal(1, 2) } catch (e) { thrown = e.code }
        const digest = createHash("sha256").update("a").digest("hex").slice(0, 8);
        [value, digest, gunzipSync(gzipSync("zip")).toString(),
          await text(Readable.from(["a", "b"])), inspect({ a: [1] }), types.isDate(new Date()),
          fileURLToPath("file:///a%20b"), thrown, await sleep(1, "slept")]"""
    assert await evaluate(program) == [
        1, "ca978112", "zip", "ab", "{ a: [ 1 ] }", True, "/a b", "ERR_ASSERTION", "slept",
    ]  # fmt: skip


async def test_is_builtin_and_create_require(evaluate: Evaluate) -> None:
    program = """
        import { builtinModules, createRequire, isBuiltin } from "node:module";
        const require = createRequire(import.meta.url);
        const { getBuiltinModule } = process;
        [isBuiltin("fs"), isBuiltin("node:path"), isBuiltin("net"), builtinModules.includes("vm"),
          require("node:path").sep, getBuiltinModule("path").sep, getBuiltinModule("net") === undefined]"""
    assert await evaluate(program) == [True, True, False, False, "/", "/", True]


class Web:
    """A fetch binding that records what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    async def __call__(self, request: Request) -> Response:
        body = await request.bytes()
        self.seen.append((request.method, request.url, dict(request.headers.items()), body))
        headers = [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
        return Response(b"answer", status=201, headers=headers)


async def test_http_client_goes_through_fetch(evaluate: Evaluate) -> None:
    web = Web()
    program = """
        import http from "node:http";
        import https from "node:https";
        const send = (module, ...args) => new Promise((resolve, reject) => {
          const body = typeof args.at(-1) === "string" && args.length > 2 ? args.pop() : undefined;
          const request = module.request(...args, (response) => {
            const chunks = [];
            response.on("data", (chunk) => chunks.push(chunk));
            response.on("end", () => resolve([response.statusCode, response.headers["set-cookie"],
              Buffer.concat(chunks).toString(), response.complete]));
          });
          request.on("error", reject);
          request.end(body);
        });
        const place = { hostname: "y.test", port: 8443, path: "/p", method: "POST", headers: { "X-A": "1" } };
        [await send(http, "http://x.test/a?b=1", {}), await send(https, place, {}, "body")]"""
    answer: list[Any] = [201, ["a=1", "b=2"], "answer", True]
    assert await evaluate(program, fetch=web) == [answer, answer]
    first, second = web.seen
    assert first[:2] == ("GET", "http://x.test/a?b=1")
    assert second[:2] == ("POST", "https://y.test:8443/p")
    assert second[2]["x-a"] == "1"
    assert second[3] == b"body"


async def test_http_client_without_fetch_fails(evaluate: Evaluate) -> None:
    program = """
        import { get } from "node:http";
        await new Promise((done) => get("http://x.test/").on("error", (error) => done(error.message)))"""
    assert "fetch" in await evaluate(program)
    for name in ("createServer()", "Server()"):
        with pytest.raises(GuestError):
            await evaluate(f"import http from 'http'; new http.{name}")
